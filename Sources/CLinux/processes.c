#define _GNU_SOURCE
#include "clinux_processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_descriptors = 8, above_all = 16 };

/* What the child's descriptors are copied from stands above them, so that none of the copies overwrites another's source. */
static int add_descriptors(posix_spawn_file_actions_t *actions, const int *descriptors, int count, int *copies) {
    int error = 0;
    for (int i = 0; i < count && error == 0; i++) {
        if (descriptors[i] < 0) {
            error = posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
            continue;
        }
        copies[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, above_all);
        error = copies[i] < 0 ? errno : posix_spawn_file_actions_adddup2(actions, copies[i], i);
    }
    return error ? error : posix_spawn_file_actions_addclosefrom_np(actions, count);
}

static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int error = posix_spawnattr_setpgroup(attributes, 0);
    if (error == 0) error = posix_spawnattr_setsigdefault(attributes, &all);
    if (error == 0) error = posix_spawnattr_setsigmask(attributes, &none);
    if (error) return error;
    return posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

int clinux_spawn(const char *program, char *const arguments[], char *const environment[], const int *descriptors, int count) {
    int copies[most_descriptors] = {-1, -1, -1, -1, -1, -1, -1, -1};
    if (count > most_descriptors) return -EINVAL;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return -error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&actions);
        return -error;
    }
    pid_t process = 0;
    error = add_descriptors(&actions, descriptors, count, copies);
    if (error == 0) error = set_attributes(&attributes);
    if (error == 0) error = posix_spawn(&process, program, &actions, &attributes, arguments, environment);
    for (int i = 0; i < count; i++) {
        if (copies[i] >= 0) close(copies[i]);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error ? -error : process;
}

int clinux_process_descriptor(int process) {
    long descriptor = syscall(SYS_pidfd_open, process, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int clinux_process_end(int descriptor, int *signal, int *status) {
    siginfo_t info = {.si_pid = 0};
    int result;
    do { result = waitid(P_PIDFD, (id_t)descriptor, &info, WEXITED | WNOHANG); } while (result < 0 && errno == EINTR);
    if (result == 0 && info.si_pid == 0) return 0;
    bool exited = result == 0 && info.si_code == CLD_EXITED;
    *signal = result < 0 ? SIGKILL : exited ? 0 : info.si_status;
    *status = exited ? info.si_status : 0;
    return 1;
}

void clinux_forget_process(int process) {
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
}

int clinux_signal_group(int group, int number) { return kill(-group, number) < 0 ? -errno : 0; }

void clinux_keep_children(void) {
    struct sigaction action;
    if (sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_IGN) signal(SIGCHLD, SIG_DFL);
}

bool clinux_adopts_orphans(void) {
    int adopts = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &adopts, 0, 0, 0);
    return adopts || getpid() == 1;
}

/* Whether proc(5) says of a process that it has ended, and is a child of this one. */
static bool is_dead_child(int process) {
    char path[32], text[512], state = 0;
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return false;
    text[count] = 0;
    /* The name may have any character in it. */
    const char *rest = strrchr(text, ')');
    return rest && sscanf(rest, ") %c %d", &state, &parent) == 2 && state == 'Z' && parent == getpid();
}

int clinux_dead_children(int *numbers, int capacity) {
    DIR *processes = opendir("/proc");
    int count = 0;
    if (!processes) return 0;
    for (struct dirent *entry; count < capacity && (entry = readdir(processes));) {
        int process = atoi(entry->d_name);
        if (process > 0 && is_dead_child(process)) numbers[count++] = process;
    }
    closedir(processes);
    return count;
}

uint64_t clinux_resident_bytes(int process) {
    char path[32], text[64];
    snprintf(path, sizeof path, "/proc/%d/statm", process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return 0;
    text[count] = 0;
    unsigned long long pages = 0;
    return sscanf(text, "%*u %llu", &pages) == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
