#define _GNU_SOURCE
#include "CClient.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "streams.h"

_Static_assert(CCLIENT_ENOENT == ENOENT && CCLIENT_EBADF == EBADF && CCLIENT_EAGAIN == EAGAIN, "errno");
_Static_assert(CCLIENT_ENOMEM == ENOMEM && CCLIENT_EACCES == EACCES, "errno");
_Static_assert(CCLIENT_EPIPE == EPIPE && CCLIENT_EMSGSIZE == EMSGSIZE, "errno");
_Static_assert(CCLIENT_ENAMETOOLONG == ENAMETOOLONG && CCLIENT_EPROTOTYPE == EPROTOTYPE, "errno");
_Static_assert(CCLIENT_ECONNRESET == ECONNRESET && CCLIENT_ECONNREFUSED == ECONNREFUSED, "errno");
_Static_assert(EAGAIN == EWOULDBLOCK, "one number to compare with");

enum { MOST_PIECES = 4 };

int cclient_behind_streams(int opened) {
    if (opened < 0) {
        return -errno;
    }
    if (opened > STDERR_FILENO) {
        return opened;
    }
    // Not by `fcntl`: musl's knows of everything that this call can be asked for.
    long moved = syscall(SYS_fcntl, opened, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    close(opened);
    return moved < 0 ? -error : (int)moved;
}

long cclient_send(int socket, const cclient_piece *pieces, int count) {
    struct iovec vectors[MOST_PIECES];
    if (count < 0 || count > MOST_PIECES) {
        return -EINVAL;
    }
    for (int index = 0; index < count; index++) {
        vectors[index] = (struct iovec){.iov_base = (void *)pieces[index].base, .iov_len = pieces[index].count};
    }
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = count};
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

long cclient_receive(int socket, void *buffer, size_t count, bool wait) {
    ssize_t received;
    do {
        received = recv(socket, buffer, count, wait ? 0 : MSG_DONTWAIT);
    } while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}

long cclient_datagram_size(int socket) {
    char nothing;
    ssize_t size;
    do {
        size = recv(socket, &nothing, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    return size < 0 ? -errno : size;
}

long cclient_wait(int descriptor, int events, int milliseconds) {
    short asked = ((events & CCLIENT_READABLE) ? POLLIN : 0) | ((events & CCLIENT_WRITABLE) ? POLLOUT : 0);
    struct pollfd watched = {.fd = descriptor, .events = asked};
    int ready;
    do {
        ready = poll(&watched, 1, milliseconds);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) {
        return -errno;
    }
    if (watched.revents & (POLLERR | POLLHUP | POLLNVAL)) {
        return events;
    }
    return ((watched.revents & POLLIN) ? CCLIENT_READABLE : 0) | ((watched.revents & POLLOUT) ? CCLIENT_WRITABLE : 0);
}

long cclient_read(int descriptor, void *buffer, size_t count) {
    for (;;) {
        ssize_t got = read(descriptor, buffer, count);
        if (got >= 0) {
            return got;
        }
        if (errno == EAGAIN) {
            cclient_wait(descriptor, CCLIENT_READABLE, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
}

long cclient_write(int descriptor, const void *bytes, size_t count) {
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = write(descriptor, rest, count);
        if (written >= 0) {
            rest += written;
            count -= (size_t)written;
        } else if (errno == EAGAIN) {
            cclient_wait(descriptor, CCLIENT_WRITABLE, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

bool cclient_is_terminal(int descriptor) {
    struct termios settings;
    return tcgetattr(descriptor, &settings) == 0;
}

void cclient_close(int descriptor) {
    close(descriptor);
}

void *cclient_reallocate(void *block, size_t count) {
    return realloc(block, count);
}

void cclient_free(void *block) {
    free(block);
}

size_t cclient_length(const char *text) {
    return strlen(text);
}

const char *cclient_environment_value(const char *name) {
    return getenv(name);
}

const char *cclient_error_text(long number) {
    return strerror((int)number);
}
