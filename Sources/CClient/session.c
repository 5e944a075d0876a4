#define _GNU_SOURCE
#include "cclient_session.h"

#include "CClient.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Static_assert(CCLIENT_EINTR == EINTR, "errno");

extern char **environ;

static short poll_events(int events) {
    return (short)(((events & CCLIENT_READABLE) ? POLLIN : 0) | ((events & CCLIENT_WRITABLE) ? POLLOUT : 0));
}

long cclient_wait_for_either(int descriptor, int events, int other, int other_events) {
    struct pollfd watched[] = {
        {.fd = descriptor, .events = poll_events(events)},
        {.fd = other, .events = poll_events(other_events)},
    };
    if (poll(watched, 2, -1) < 0) {
        return -errno;
    }
    long found = 0;
    if (watched[0].revents & (POLLERR | POLLHUP | POLLNVAL)) {
        found |= events;
    }
    if (watched[0].revents & POLLIN) {
        found |= CCLIENT_READABLE;
    }
    if (watched[0].revents & POLLOUT) {
        found |= CCLIENT_WRITABLE;
    }
    if (watched[1].revents != 0) {
        found |= CCLIENT_OTHER_READY;
    }
    return found;
}

long cclient_receive_once(int socket, void *buffer, size_t count) {
    ssize_t received = recv(socket, buffer, count, 0);
    return received < 0 ? -errno : received;
}

long cclient_read_once(int descriptor, void *buffer, size_t count) {
    ssize_t got = read(descriptor, buffer, count);
    return got < 0 ? -errno : got;
}

long cclient_write_once(int descriptor, const void *bytes, size_t count) {
    ssize_t written = write(descriptor, bytes, count);
    return written < 0 ? -errno : written;
}

const char *const *cclient_environment(void) {
    return (const char *const *)environ;
}

long cclient_working_directory(char *buffer, size_t count) {
    if (getcwd(buffer, count) != NULL) {
        return (long)strlen(buffer);
    }
    int error = errno;
    static const char mark[] = " (deleted)";
    ssize_t length = error == ENOENT ? readlink("/proc/self/cwd", buffer, count) : -1;
    // Without the mark it is a path of another tree (a mount that was detached), where another folder may have that name.
    if (length < (ssize_t)sizeof mark || memcmp(buffer + length - (sizeof mark - 1), mark, sizeof mark - 1) != 0) {
        return -error;
    }
    return length;
}

bool cclient_is_terminal_of_size(int descriptor, cclient_terminal_size *size) {
    struct winsize window;
    if (ioctl(descriptor, TIOCGWINSZ, &window) < 0) {
        return false;
    }
    *size = (cclient_terminal_size){.columns = window.ws_col, .rows = window.ws_row};
    return true;
}

uint64_t cclient_milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}
