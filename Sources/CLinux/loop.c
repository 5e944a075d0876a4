#define _GNU_SOURCE
#include "clinux_loop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

const uint32_t clinux_readable = EPOLLIN;
const uint32_t clinux_writable = EPOLLOUT;
const uint32_t clinux_peer_finished = EPOLLRDHUP;
const uint32_t clinux_hang_up = EPOLLHUP | EPOLLERR;

enum { event_capacity = 256 };

int clinux_epoll_create(void) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    return epoll < 0 ? -errno : epoll;
}

static int control(int epoll, int operation, int descriptor, uint32_t flags, uint64_t token) {
    struct epoll_event event = {.events = flags, .data.u64 = token};
    return epoll_ctl(epoll, operation, descriptor, &event) < 0 ? -errno : 0;
}

int clinux_epoll_add_connection(int epoll, int descriptor, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN | EPOLLRDHUP | EPOLLET, token);
}

int clinux_epoll_watch_writing(int epoll, int descriptor, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, token);
}

int clinux_epoll_add_source(int epoll, int descriptor, uint64_t token, bool shared) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN | EPOLLET | (shared ? EPOLLEXCLUSIVE : 0), token);
}

int clinux_epoll_remove(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL) < 0 ? -errno : 0;
}

int clinux_epoll_wait(int epoll, clinux_event *events, int capacity, int64_t nanoseconds) {
    struct epoll_event found[event_capacity];
    if (capacity > event_capacity) capacity = event_capacity;
    /* Rounded up to a whole millisecond: a loop that wakes just before a deadline would only wait once more. */
    int64_t milliseconds = nanoseconds < 0 ? -1 : nanoseconds / 1000000 + (nanoseconds % 1000000 != 0);
    if (milliseconds > INT32_MAX) milliseconds = INT32_MAX;
    int count = epoll_wait(epoll, found, capacity, (int)milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        events[i].token = found[i].data.u64;
        events[i].flags = found[i].events;
    }
    return count;
}

int clinux_wake_create(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

void clinux_wake(int descriptor) {
    uint64_t one = 1;
    /* Fails only where the counter is full, and then the descriptor is readable already. */
    while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR) {}
}

uint64_t clinux_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static volatile sig_atomic_t forward_to = -1;

/* How many signals to stop were forwarded since one was read. */
static atomic_int unread_stops;

static void forward(int number) {
    int saved = errno;
    if ((number == SIGTERM || number == SIGINT || number == SIGQUIT) && atomic_fetch_add(&unread_stops, 1) >= 2) _exit(128 + number);
    unsigned char byte = (unsigned char)number;
    /* A full pipe holds signals that nobody has read yet; one more would tell nothing new. */
    if (write(forward_to, &byte, 1) < 0) {}
    errno = saved;
}

int clinux_signal_read(int descriptor) {
    unsigned char byte;
    if (read(descriptor, &byte, 1) != 1) return 0;
    atomic_store(&unread_stops, 0);
    return byte;
}

static void swallow(int number) { (void)number; }

static int handle(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

int clinux_signal_forward(int number, int descriptor) {
    struct sigaction inherited;
    int is_ignored = sigaction(number, NULL, &inherited) == 0 && inherited.sa_handler == SIG_IGN;
    if (is_ignored && number != SIGHUP) return 0;
    forward_to = descriptor;
    return handle(number, forward);
}

int clinux_signal_swallow(int number) { return handle(number, swallow); }
