#define _GNU_SOURCE
#include "CClient.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "streams.h"

_Static_assert(CCLIENT_LONGEST_UNIX_PATH == sizeof(((struct sockaddr_un *)0)->sun_path) - 1, "sun_path");

static int negated_errno_after_closing(int socket) {
    int error = errno;
    close(socket);
    return -error;
}

/// A socket that is none of the three standard streams, even where those are closed and their numbers free.
static int open_socket(int family, bool datagram) {
    return cclient_behind_streams(socket(family, (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
}

/// A signal ends the call but not the connecting, which `connect` then may not be asked for again (connect(2)).
static int finish_connecting(int socket) {
    struct pollfd watched = {.fd = socket, .events = POLLOUT};
    while (poll(&watched, 1, -1) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0) {
        return -1;
    }
    errno = error;
    return error == 0 ? 0 : -1;
}

static int connect_to(const struct sockaddr *address, socklen_t size, bool datagram) {
    int opened = open_socket(address->sa_family, datagram);
    if (opened < 0) {
        return opened;
    }
    if (datagram && address->sa_family == AF_UNIX) {
        // A bind to the bare family asks for a free abstract address (unix(7), "Autobind feature").
        sa_family_t family = AF_UNIX;
        if (bind(opened, (const struct sockaddr *)&family, sizeof family) < 0) {
            return negated_errno_after_closing(opened);
        }
    }
    if (connect(opened, address, size) < 0) {
        // A Unix socket that was interrupted while the backlog is full is not on its way: it is asked for again.
        while (errno == EINTR && address->sa_family == AF_UNIX) {
            if (connect(opened, address, size) == 0) {
                return opened;
            }
        }
        if (errno != EINTR || finish_connecting(opened) < 0) {
            return negated_errno_after_closing(opened);
        }
    }
    return opened;
}

long cclient_connect_unix(const char *path, bool datagram) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t count = strlen(path);
    if (count > CCLIENT_LONGEST_UNIX_PATH) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, count + 1);
    return connect_to((const struct sockaddr *)&address, sizeof address, datagram);
}

bool cclient_is_socket(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

static int connect_to_name(const char *host, uint16_t port, bool datagram, int *name_error) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = datagram ? SOCK_DGRAM : SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int code = getaddrinfo(host, NULL, &hints, &addresses);
    if (code != 0) {
        *name_error = code;
        return -ENOENT;
    }
    int result = -ENOENT;
    for (const struct addrinfo *each = addresses; each != NULL && result < 0; each = each->ai_next) {
        if (each->ai_family == AF_INET) {
            ((struct sockaddr_in *)each->ai_addr)->sin_port = htons(port);
        } else {
            ((struct sockaddr_in6 *)each->ai_addr)->sin6_port = htons(port);
        }
        result = connect_to(each->ai_addr, each->ai_addrlen, datagram);
    }
    freeaddrinfo(addresses);
    return result;
}

long cclient_connect_internet(const char *host, uint16_t port, bool datagram, int *name_error) {
    *name_error = 0;
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        return connect_to((const struct sockaddr *)&four, sizeof four, datagram);
    }
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
        return connect_to((const struct sockaddr *)&six, sizeof six, datagram);
    }
    return connect_to_name(host, port, datagram, name_error);
}

const char *cclient_name_error_text(int code) {
    return gai_strerror(code);
}
