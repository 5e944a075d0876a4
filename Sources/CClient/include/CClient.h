#pragma once

// Blocking sockets and streams in plain types, for FastDaemonClient and the forwarder.
//
// No type of a C library stands in this header, so that the same Swift code works over glibc and, in the statically
// linked forwarder, over musl: `CClientStatic` compiles this folder once more against the headers of the library that
// the forwarder is linked with.
//
// Unless said otherwise a function returns 0 or a count, or the negated `errno`; one that a signal interrupts is
// called again. None of them keeps a pointer that it was given, and none shares state with another thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cclient_programs.h"
#include "cclient_session.h"

/// The error numbers that a caller tells apart; `readiness.c` checks that they are the kernel's.
enum {
    CCLIENT_EPERM = 1,
    CCLIENT_ENOENT = 2,
    CCLIENT_EBADF = 9,
    CCLIENT_ECHILD = 10,
    CCLIENT_EAGAIN = 11,
    CCLIENT_ENOMEM = 12,
    CCLIENT_EACCES = 13,
    CCLIENT_EPIPE = 32,
    CCLIENT_ENAMETOOLONG = 36,
    CCLIENT_EMSGSIZE = 90,
    CCLIENT_EPROTOTYPE = 91,
    CCLIENT_ECONNRESET = 104,
    CCLIENT_ECONNREFUSED = 111,
};

/// The longest path of a Unix socket in bytes, without the NUL that ends it (`sun_path`, unix(7)).
enum { CCLIENT_LONGEST_UNIX_PATH = 107 };

/// What `cclient_wait` waits for, and says.
enum {
    CCLIENT_READABLE = 1,
    CCLIENT_WRITABLE = 2,
};

/// Bytes to send, anywhere in memory.
typedef struct {
    const void *_Nullable base;
    size_t count;
} cclient_piece;

/// Connects to the Unix socket at `path`. Returns a close-on-exec descriptor that is never 0, 1 or 2, so that a
/// caller whose standard streams are closed does not write its output into the connection.
///
/// A datagram socket is given an address of its own that the kernel picks, for the reply to come back to.
long cclient_connect_unix(const char *_Nonnull path, bool datagram);

/// Connects to `port` at `host`: an IPv4 or IPv6 address, or a name, whose addresses are then tried in turn. Returns
/// a descriptor as `cclient_connect_unix` does. Where the name has no address, `*name_error` is set to a code for
/// `cclient_name_error_text`; it is 0 otherwise.
long cclient_connect_internet(
    const char *_Nonnull host, uint16_t port, bool datagram, int *_Nonnull name_error);

/// Sends what the kernel takes at once of `count` pieces (at most 4) and returns how many bytes that was;
/// `-CCLIENT_EAGAIN` where it takes none now. A peer that hung up is `-CCLIENT_EPIPE`, never a signal.
long cclient_send(int socket, const cclient_piece *_Nonnull pieces, int count);

/// Receives what is there, at most `count` bytes; 0 is the end of a stream. Where nothing is there it waits, or
/// returns `-CCLIENT_EAGAIN` if `wait` is false.
long cclient_receive(int socket, void *_Nonnull buffer, size_t count, bool wait);

/// The size in bytes of the next datagram, which stays where it is; `-CCLIENT_EAGAIN` where there is none.
long cclient_datagram_size(int socket);

/// Waits up to `milliseconds` (-1: without a bound) until `descriptor` is ready for one of `events`, and returns those
/// that it is ready for, 0 after that time. An error or a hang-up counts as ready: the next call says what it is.
long cclient_wait(int descriptor, int events, int milliseconds);

/// Reads what is there, at most `count` bytes; 0 is the end. Waits, also where the descriptor does not block.
long cclient_read(int descriptor, void *_Nonnull buffer, size_t count);

/// Writes all of `count` bytes. Waits, also where the descriptor does not block.
long cclient_write(int descriptor, const void *_Nullable bytes, size_t count);

/// Whether a socket stands at `path`.
bool cclient_is_socket(const char *_Nonnull path);

/// Whether `descriptor` is a terminal.
bool cclient_is_terminal(int descriptor);

void cclient_close(int descriptor);

/// `realloc`, which moves the pages of a large block rather than their bytes. `NULL` where memory is used up: the old
/// block is then still there.
void *_Nullable cclient_reallocate(void *_Nullable block, size_t count);

/// `free`.
void cclient_free(void *_Nullable block);

/// `strlen`.
size_t cclient_length(const char *_Nonnull text);

/// The value of an environment variable (`getenv`), `NULL` where it is not set; lives as long as the process.
const char *_Nullable cclient_environment_value(const char *_Nonnull name);

/// What an error number means, in English; lives as long as the process.
const char *_Nonnull cclient_error_text(long number);

/// What a `name_error` of `cclient_connect_internet` means, in English; lives as long as the process.
const char *_Nonnull cclient_name_error_text(int code);
