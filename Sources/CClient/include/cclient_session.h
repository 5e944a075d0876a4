#pragma once

// What a session needs beyond CClient.h: waiting for two descriptors at a time, the facts of the caller, and signals.
//
// The functions return as those of CClient.h do, but a signal is not waited out: it ends a call with `-CCLIENT_EINTR`,
// so that the caller looks for what the signal left to do.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The error number of a call that a signal ended.
enum { CCLIENT_EINTR = 4 };

/// What `cclient_wait_for_either` adds to the numbers of `cclient_wait`, which are of the first descriptor.
enum { CCLIENT_OTHER_READY = 4 };

/// Waits until `descriptor` is ready for one of `events`, or `other` (-1: none) for one of `other_events`. One
/// that is closed, or has hung up, counts as ready: the next call says what it is.
long cclient_wait_for_either(int descriptor, int events, int other, int other_events);

/// Waits for bytes and receives them, at most `count`; 0 is the end of the stream.
long cclient_receive_once(int socket, void *_Nonnull buffer, size_t count);

/// Reads once, at most `count` bytes; 0 is the end. `-CCLIENT_EAGAIN` where a descriptor that does not block has none.
long cclient_read_once(int descriptor, void *_Nonnull buffer, size_t count);

/// Writes once, and returns how many bytes that was. `-CCLIENT_EAGAIN` where a descriptor that does not block takes none.
long cclient_write_once(int descriptor, const void *_Nonnull bytes, size_t count);

// MARK: - The caller

/// The process's environment: `NAME=VALUE` strings, then `NULL`.
const char *_Nullable const *_Nullable cclient_environment(void);

/// Puts the path of the working directory into `buffer`, and returns its length. One that was removed has " (deleted)"
/// behind its path, as in proc(5): nobody can enter that.
long cclient_working_directory(char *_Nonnull buffer, size_t count);

typedef struct {
    uint16_t columns;
    uint16_t rows;
} cclient_terminal_size;

/// Whether `descriptor` is a terminal; `size` is then set to its size, 0 each where that is not known.
bool cclient_is_terminal_of_size(int descriptor, cclient_terminal_size *_Nonnull size);

// MARK: - Signals. They belong to the process: one session at a time, in a program of one thread.

/// From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and, where `terminal` is not -1, SIGWINCH go over `socket` as frames of a
/// session. One that was ignored stays ignored. The second of the first four ends the process. `size` is what the other
/// side knows of the terminal.
///
/// A frame must not stand inside another. So the signal's handler sends one itself only between `cclient_signals_release`
/// and `cclient_signals_hold`; at other times it leaves a note.
void cclient_signals_forward(int socket, int terminal, cclient_terminal_size size);

/// Says that what was to be sent is sent: the handler may send. Returns whether a signal had left a note before that; it is
/// to be taken then.
bool cclient_signals_release(void);

/// Says that something is about to be sent: the handler must not.
void cclient_signals_hold(void);

/// Whether a signal has left a note. It may also do so when the socket is full.
bool cclient_signals_are_pending(void);

/// Puts what the handler could not send into `frames` and returns how many bytes that is; they are to be sent before
/// anything else. Only between `cclient_signals_hold` and `cclient_signals_release`.
size_t cclient_signals_take(uint8_t *_Nonnull frames);

/// The most bytes that `cclient_signals_take` puts there.
enum { CCLIENT_MOST_SIGNAL_BYTES = 27 };

/// The first signal of those that cancel which came; 0 where none has.
int cclient_forwarded_signal(void);

/// Ends the process as `signal` would have, so that a shell sees that; it leaves no core file. Returns where the signal
/// is blocked.
void cclient_end_by_signal(int signal);

/// Where the process still runs after `milliseconds`, whatever it waits for, `count` bytes of `text` are written to
/// standard error and it exits with `status`. A text is cut off at 512 bytes.
void cclient_limit_time(uint64_t milliseconds, const void *_Nonnull text, size_t count, int status);

/// Lifts that limit.
void cclient_lift_time_limit(void);

/// The monotonic clock, in milliseconds.
uint64_t cclient_milliseconds(void);
