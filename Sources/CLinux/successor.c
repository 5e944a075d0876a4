#define _GNU_SOURCE
#include "clinux_successor.h"

#include "sanitizers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
static int run(struct start *start, int is_sibling, int *watch) {
    enum { stack_size = 1 << 18 };
    sigset_t all;
    char *stack =
        mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -errno;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &start->mask);
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | (is_sibling ? CLONE_PARENT : 0);
    int process = clone(run_program, stack + stack_size, flags, start, watch);
    if (process < 0) process = -errno;
    pthread_sigmask(SIG_SETMASK, &start->mask, NULL);
    munmap(stack, stack_size);
    if (process > 0 && start->error != 0) {
        close(*watch);
        if (!is_sibling) waitpid(process, NULL, 0);
        return -start->error;
    }
    return process;
}

int clinux_start_successor(
    const char *program, char *const arguments[], char *const additions[], const int *descriptors, int count, int is_sibling,
    int *watch) {
    struct start start = {.program = program, .arguments = arguments, .descriptors = descriptors, .count = count};
    start.environment = environment_with(additions);
    if (start.environment == NULL) return -ENOMEM;
    int process = run(&start, is_sibling, watch);
    free(start.environment);
    return process;
}

int clinux_channel(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

/* What ioctl_pidfd(2) tells: the C library's headers may be older than the kernel, which has this from Linux 6.15 on. */
struct information {
    uint64_t mask, cgroup;
    uint32_t numbers[11];
    int32_t exit_code;
};
static const uint64_t with_exit_code = 1 << 3;
#define GET_INFORMATION _IOWR(0xFF, 11, struct information)

/* Of a process that its parent has collected. */
static bool collected_status(int watch, int *status) {
    struct information found = {.mask = with_exit_code};
    if (ioctl(watch, GET_INFORMATION, &found) < 0 || !(found.mask & with_exit_code)) return false;
    *status = found.exit_code;
    return true;
}

/* Of a process that its parent has not collected, as proc(5) has it. */
static bool corpse_status(int process, int watch, int *status) {
    enum { fields_after_state = 48 };
    char path[32], text[1024], state = 0;
    int used = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return false;
    text[count] = 0;
    /* The name may have any character in it. */
    const char *rest = strrchr(text, ')');
    if (rest == NULL || sscanf(rest, ") %c%n", &state, &used) != 1 || state != 'Z') return false;
    rest += used;
    for (int i = 0; i < fields_after_state; i++) {
        rest += strspn(rest, " ");
        rest += strcspn(rest, " ");
    }
    /* Who may not look into a process sees 0. */
    if (sscanf(rest, "%d", status) != 1 || *status == 0) return false;
    /* Where it is there still, the number is no other's by now. */
    return syscall(SYS_pidfd_send_signal, watch, 0, NULL, 0) == 0;
}

int clinux_successor_end(int process, int watch, int *status) {
    siginfo_t info = {.si_pid = 0};
    int result;
    do { result = waitid(P_PIDFD, (id_t)watch, &info, WEXITED | WNOHANG); } while (result < 0 && errno == EINTR);
    if (result == 0 && info.si_pid != 0) {
        *status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
        return 1;
    }
    if (result == 0) return 0;
    /* Another's child. */
    struct pollfd ended = {.fd = watch, .events = POLLIN};
    if (poll(&ended, 1, 0) <= 0) return 0;
    return corpse_status(process, watch, status) || collected_status(watch, status) ? 1 : -ECHILD;
}

void clinux_kill_successor(int watch) { syscall(SYS_pidfd_send_signal, watch, SIGKILL, NULL, 0); }
