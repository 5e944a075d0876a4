#define _GNU_SOURCE
#include "clinux_successor.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* This process's environment and `additions`, ended by NULL; what it points to is not copied. */
static char **environment_with(char *const additions[]) {
    size_t old = 0, new = 0;
    while (environ[old] != NULL) old++;
    while (additions[new] != NULL) new++;
    char **all = malloc((old + new + 1) * sizeof *all);
    if (all == NULL) return NULL;
    memcpy(all, environ, old * sizeof *all);
    memcpy(all + old, additions, (new + 1) * sizeof *all);
    return all;
}

int clinux_start_successor(
    const char *program, char *const arguments[], char *const additions[], const int *descriptors, int count) {
    char **environment = environment_with(additions);
    if (environment == NULL) return -ENOMEM;
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        /* A descriptor that is duplicated to its own number stays open in the child (POSIX.1-2024). */
        for (int i = 0; error == 0 && i < count; i++) {
            error = posix_spawn_file_actions_adddup2(&actions, descriptors[i], descriptors[i]);
        }
        pid_t process = 0;
        if (error == 0) error = posix_spawn(&process, program, &actions, NULL, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
        if (error == 0) error = -process;
    }
    free(environment);
    return -error;
}

int clinux_channel(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

int clinux_child_end(int process, int *status) {
    pid_t ended;
    do { ended = waitpid(process, status, WNOHANG); } while (ended < 0 && errno == EINTR);
    return ended < 0 ? -errno : ended > 0;
}
