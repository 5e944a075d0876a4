/* Sockets. Addresses are `struct sockaddr` bytes of any family. */
#ifndef CLINUX_SOCKETS_H
#define CLINUX_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* A non-blocking, close-on-exec socket of an AF_... family; a stream, or datagrams. */
int clinux_socket(int family, bool datagram);

int clinux_bind(int descriptor, const struct sockaddr *address, socklen_t length);
int clinux_listen(int descriptor, int backlog);
int clinux_connect(int descriptor, const struct sockaddr *address, socklen_t length);

/* The next connection of a listening socket: non-blocking and close-on-exec. `*length` is the room in `address`, and
   then what was stored. */
int clinux_accept(int descriptor, struct sockaddr *address, socklen_t *length);

/* Never raises SIGPIPE: a peer that is gone is -EPIPE. */
ptrdiff_t clinux_send(int descriptor, const void *data, size_t count);
ptrdiff_t clinux_receive(int descriptor, void *buffer, size_t capacity);

ptrdiff_t clinux_send_to(int descriptor, const void *data, size_t count, const struct sockaddr *address, socklen_t length);

/* One datagram and its sender. Returns the datagram's whole length, which is over `capacity` where it was cut. */
ptrdiff_t clinux_receive_from(int descriptor, void *buffer, size_t capacity, struct sockaddr *address, socklen_t *length);

/* A second descriptor of the same socket, close-on-exec. */
int clinux_duplicate(int descriptor);

/* Sets the permissions that bind(2) will give the file of a Unix socket, less what the umask takes away; before it, so that
   there is no moment in which they are wider. */
int clinux_set_mode(int descriptor, uint32_t mode);

/* Ends a socket both ways, however many descriptors it has: the peer reads the end after what was sent, and connecting to one
   that listens is refused from now on. */
int clinux_shutdown(int descriptor);

/* Closes the sending half, so that the peer reads the end after what was sent. */
int clinux_shutdown_sending(int descriptor);

int clinux_set_option(int descriptor, int level, int option, int value);

/* The peer of a Unix stream socket, as the kernel recorded it at connect(2). */
int clinux_peer_credentials(int descriptor, uint32_t *user, uint32_t *group, uint32_t *process);

/* Makes a socket that another process opened this one's own: non-blocking and close-on-exec. Stores its SOCK_... type, and
   whether it listens. -ENOTSOCK where it is none. */
int clinux_adopt_socket(int descriptor, int *type, bool *is_listening);

int clinux_socket_name(int descriptor, struct sockaddr *address, socklen_t *length);

#endif
