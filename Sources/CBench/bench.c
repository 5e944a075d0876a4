#define _GNU_SOURCE
#include "CBench.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

static struct epoll_event interest(uint32_t index, int writable) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (writable ? EPOLLOUT : 0)};
    event.data.u32 = index;
    return event;
}

int cbench_epoll_add(int epoll, int descriptor, uint32_t index, int writable) {
    struct epoll_event event = interest(index, writable);
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int cbench_epoll_modify(int epoll, int descriptor, uint32_t index, int writable) {
    struct epoll_event event = interest(index, writable);
    return epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
}

int cbench_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = epoll_pwait2(epoll, events, capacity, &limit, NULL);
    return count < 0 && errno == EINTR ? 0 : count;
}

int cbench_exact_waits(void) {
    return prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

int cbench_interrupts(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
        return -1;
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int cbench_peer_process(int descriptor) {
    struct ucred credentials = {0};
    socklen_t length = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        return -1;
    return credentials.pid;
}
