#define _GNU_SOURCE
#include "clinux_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RETRY(call) \
    ptrdiff_t result; \
    do { result = (call); } while (result < 0 && errno == EINTR); \
    return result < 0 ? -errno : result

int clinux_socket(int family, bool datagram) {
    int descriptor = socket(family, (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_bind(int descriptor, const struct sockaddr *address, socklen_t length) {
    return bind(descriptor, address, length) < 0 ? -errno : 0;
}

int clinux_listen(int descriptor, int backlog) { return listen(descriptor, backlog) < 0 ? -errno : 0; }

int clinux_connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    return connect(descriptor, address, length) < 0 ? -errno : 0;
}

int clinux_accept(int descriptor, struct sockaddr *address, socklen_t *length) {
    int connection;
    socklen_t capacity = *length;
    do {
        *length = capacity;
        connection = accept4(descriptor, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (connection < 0 && errno == EINTR);
    return connection < 0 ? -errno : connection;
}

/* The system calls themselves: recv(3) and send(3) would have the thread cancellable meanwhile, which takes as long again outside of
   the kernel, and no thread is cancelled here. */
ptrdiff_t clinux_send(int descriptor, const void *data, size_t count) {
    RETRY(syscall(SYS_sendto, descriptor, data, count, MSG_NOSIGNAL, NULL, 0));
}

ptrdiff_t clinux_receive(int descriptor, void *buffer, size_t capacity) {
    RETRY(syscall(SYS_recvfrom, descriptor, buffer, capacity, 0, NULL, NULL));
}

ptrdiff_t clinux_send_to(int descriptor, const void *data, size_t count, const struct sockaddr *address, socklen_t length) {
    RETRY(sendto(descriptor, data, count, MSG_NOSIGNAL, address, length));
}

ptrdiff_t clinux_receive_from(int descriptor, void *buffer, size_t capacity, struct sockaddr *address, socklen_t *length) {
    RETRY(recvfrom(descriptor, buffer, capacity, MSG_TRUNC, address, length));
}

int clinux_duplicate(int descriptor) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

int clinux_set_mode(int descriptor, uint32_t mode) { return fchmod(descriptor, (mode_t)mode) < 0 ? -errno : 0; }

int clinux_shutdown(int descriptor) { return shutdown(descriptor, SHUT_RDWR) < 0 ? -errno : 0; }

int clinux_shutdown_sending(int descriptor) { return shutdown(descriptor, SHUT_WR) < 0 ? -errno : 0; }

int clinux_set_option(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

int clinux_peer_credentials(int descriptor, uint32_t *user, uint32_t *group, uint32_t *process) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return -errno;
    *user = credentials.uid;
    *group = credentials.gid;
    *process = (uint32_t)credentials.pid;
    return 0;
}

int clinux_adopt_socket(int descriptor, int *type, bool *is_listening) {
    socklen_t length = sizeof *type;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, type, &length) < 0) return -errno;
    int listening = 0;
    length = sizeof listening;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) < 0) return -errno;
    *is_listening = listening != 0;
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

int clinux_socket_name(int descriptor, struct sockaddr *address, socklen_t *length) {
    return getsockname(descriptor, address, length) < 0 ? -errno : 0;
}
