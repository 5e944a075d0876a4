#define _GNU_SOURCE
#include "CClient.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "programs.h"
#include "streams.h"

_Static_assert(CCLIENT_EPERM == EPERM && CCLIENT_ECHILD == ECHILD, "errno");

unsigned cclient_user(void) {
    return geteuid();
}

static long milliseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cclient_pause(int milliseconds) {
    poll(NULL, 0, milliseconds);
}

long cclient_bind_notices(char *variable) {
    static const char name[] = "NOTIFY_SOCKET=@";
    int notices = cclient_behind_streams(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (notices < 0) {
        return notices;
    }
    // A bind to the bare family asks for a free abstract address (unix(7), "Autobind feature"): a zero byte and five
    // digits.
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof address.sun_family;
    int yes = 1;
    if (setsockopt(notices, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) < 0
        || bind(notices, (const struct sockaddr *)&address, size) < 0
        || (size = sizeof address, getsockname(notices, (struct sockaddr *)&address, &size) < 0)) {
        int error = errno;
        close(notices);
        return -error;
    }
    memcpy(variable, name, sizeof name);
    strncat(variable, address.sun_path + 1, CCLIENT_NOTICES_VARIABLE_BYTES - sizeof name);
    return notices;
}

/// An abstract address is open to every user: what another one says counts as nothing.
static long receive_notice(int notices, void *buffer, size_t count) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec piece = {.iov_base = buffer, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(notices, &message, MSG_DONTWAIT);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    struct ucred sender;
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) {
        return 0;
    }
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    return sender.uid == getuid() ? got : 0;
}

/// Puts the status that a notice has in its beginning, and returns its length; `-EAGAIN` where it does not say "ready".
static long find_status(char *notice, size_t count) {
    static const char ready[] = "READY=1", status[] = "STATUS=";
    enum { NAME_BYTES = sizeof status - 1 };
    bool isReady = false;
    const char *found = notice, *end = notice + count;
    size_t length = 0;
    for (const char *line = notice; line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        next = next != NULL ? next : end;
        size_t size = (size_t)(next - line);
        if (size == sizeof ready - 1 && memcmp(line, ready, size) == 0) {
            isReady = true;
        } else if (size >= NAME_BYTES && memcmp(line, status, NAME_BYTES) == 0) {
            found = line + NAME_BYTES;
            length = size - NAME_BYTES;
        }
        line = next + 1;
    }
    memmove(notice, found, length);
    return isReady ? (long)length : -EAGAIN;
}

/// Waits until one of the two is readable, or the time is up.
static int wait_until(long deadline, struct pollfd *watched) {
    long rest;
    while ((rest = deadline - milliseconds_now()) > 0) {
        int ready = poll(watched, 2, (int)rest);
        if (ready >= 0 || errno != EINTR) {
            return ready > 0 ? 0 : ready == 0 ? -EAGAIN : -errno;
        }
    }
    return -EAGAIN;
}

long cclient_await_readiness(int notices, long keeper, long milliseconds, void *buffer, size_t count, int *status) {
    int ending = (int)syscall(SYS_pidfd_open, (pid_t)keeper, 0);
    struct pollfd watched[] = {{.fd = notices, .events = POLLIN}, {.fd = ending, .events = POLLIN}};
    long deadline = milliseconds_now() + milliseconds;
    long result;
    while ((result = wait_until(deadline, watched)) == 0) {
        // What it said before its end comes first.
        if (watched[0].revents == 0) {
            result = cclient_keeper_ended(keeper, status);
            break;
        }
        result = receive_notice(notices, buffer, count);
        result = result < 0 ? result : find_status(buffer, (size_t)result);
        if (result != -EAGAIN) {
            break;
        }
    }
    if (ending >= 0) {
        close(ending);
    }
    return result;
}
