#define _GNU_SOURCE
#include "clinux_successor.h"

#include "sanitizers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_feature(thread_sanitizer)
/* The thread sanitizer takes clone for fork, though it shares its state with the new process, and that one's signal handlers for this
   one's. It does not know the C library's other names for them. */
int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...);
int __sigaction(int number, const struct sigaction *action, struct sigaction *old);
#define clone __clone
#define sigaction(...) __sigaction(__VA_ARGS__)
#endif

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

/* What a process runs that has this one's memory until then. */
struct start {
    const char *program;
    char *const *arguments;
    char **environment;
    const int *descriptors;
    int count;
    sigset_t mask;
    int error;
};

/* In the new process; what it calls may be called by a signal handler, because other threads may hold any lock. It ends by system calls
   themselves: a sanitizer would take them for the end of this process. */
__attribute__((no_sanitize("thread"))) static int run_program(void *argument) {
    struct start *start = argument;
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    /* A handler of the daemon's would run in the daemon's memory. */
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN) sigaction(number, &usual, NULL);
    }
    for (int i = 0; i < start->count; i++) fcntl(start->descriptors[i], F_SETFD, 0);
    sigprocmask(SIG_SETMASK, &start->mask, NULL);
    syscall(SYS_execve, start->program, start->arguments, start->environment);
    start->error = errno;
    return (int)syscall(SYS_exit_group, 127);
}

/* Returns the process, or why not. posix_spawn(3) has no word for whose child it is to be. */
static int run(struct start *start, int is_sibling) {
    enum { stack_size = 1 << 18 };
    sigset_t all;
    char *stack =
        mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -errno;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &start->mask);
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD | (is_sibling ? CLONE_PARENT : 0);
    int process = clone(run_program, stack + stack_size, flags, start);
    if (process < 0) process = -errno;
    pthread_sigmask(SIG_SETMASK, &start->mask, NULL);
    munmap(stack, stack_size);
    if (process > 0 && start->error != 0) {
        if (!is_sibling) waitpid(process, NULL, 0);
        return -start->error;
    }
    return process;
}

int clinux_start_successor(
    const char *program, char *const arguments[], char *const additions[], const int *descriptors, int count, int is_sibling) {
    struct start start = {.program = program, .arguments = arguments, .descriptors = descriptors, .count = count};
    start.environment = environment_with(additions);
    if (start.environment == NULL) return -ENOMEM;
    int process = run(&start, is_sibling);
    free(start.environment);
    return process;
}

int clinux_channel(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

int clinux_child_end(int process, int *status) {
    pid_t ended;
    do { ended = waitpid(process, status, WNOHANG); } while (ended < 0 && errno == EINTR);
    /* How a sibling ended is its parent's to know. */
    if (ended < 0 && errno == ECHILD && kill(process, 0) == 0) return 0;
    return ended < 0 ? -ECHILD : ended > 0;
}
