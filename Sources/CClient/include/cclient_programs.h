#pragma once

// Running other programs: a local one instead of this (`--or-exec`), and a daemon beside it (`--start`). The rules of
// `CClient.h` hold: a function returns 0, a count or a descriptor, or the negated `errno`. Descriptors are
// close-on-exec.

#include <stdbool.h>
#include <stddef.h>

/// The program becomes another: `words` are `count` strings one after the other, each with the NUL that ends it. The
/// first is looked for on `$PATH`. Returns only where that fails, the negated `errno`.
long cclient_exec(const char *_Nonnull words, size_t count);

/// `_exit`.
_Noreturn void cclient_exit(int status);

/// The user that the program acts as (`geteuid`).
unsigned cclient_user(void);

/// Does nothing for so long.
void cclient_pause(int milliseconds);

// MARK: - Folders of the user's own

/// Opens the folder at the absolute `path`, for the functions below. It has to be the user's own, writable by nobody
/// else and no symbolic link, and the folders above it the user's or root's: `-CCLIENT_EPERM` otherwise. What is
/// missing of the path behind its first `existing` bytes is made, of mode 0700.
long cclient_open_folder(const char *_Nonnull path, size_t existing);

/// Takes the lock of those who start a daemon at `address`, a file of `folder` whose name is a short hash of the
/// address, and returns the descriptor that holds it until it is closed; `-CCLIENT_EAGAIN` where somebody else has it.
///
/// - Parameter isPath: `address` is the path of a socket, which may be relative.
long cclient_lock(int folder, const char *_Nonnull address, bool isPath);

/// Opens the log `fastdaemond.log` in `folder` to add to it. `*size` is its size so far.
long cclient_open_log(int folder, long *_Nonnull size);

/// Reads at most `count` bytes of the file from `offset` on, the last where there are more. `*isCut` says that there
/// are more.
long cclient_read_end(int descriptor, void *_Nonnull buffer, size_t count, long offset, bool *_Nonnull isCut);

// MARK: - A daemon

/// How many bytes the variable of `cclient_bind_notices` may have, with its NUL.
enum { CCLIENT_NOTICES_VARIABLE_BYTES = 32 };

/// A datagram socket, at an abstract address that the kernel picks, for what a daemon says of itself (sd_notify(3)).
/// `variable` is set to the `NAME=VALUE` that tells the daemon.
long cclient_bind_notices(char *_Nonnull variable);

/// Starts the program `name`, which stands beside this one or on `$PATH`, in a session of its own, apart from the
/// terminal: in the folder `/`, with no input, with `log` for its output and errors, without any other descriptor of
/// this process, with no signal blocked or ignored, and with `variable` (`NAME=VALUE`) added to the environment. A
/// relative `$FASTDAEMON_CONFIG` is made a whole path.
///
/// Returns its keeper, a child of this process, which the daemon is not. It ends with this process at the latest.
long cclient_start(const char *_Nonnull name, int log, const char *_Nonnull variable);

/// Waits until a daemon of this user says at `notices` that it is ready, or the daemon of `keeper` has ended, or
/// `milliseconds` have passed.
///
/// Returns how many bytes of what it says of itself stand in `buffer`; `-CCLIENT_EAGAIN` where the time is up;
/// `-CCLIENT_ECHILD` where the daemon has ended: `*status` is then its exit status, 128 and the number of the signal
/// that ended it. Any other error says why the daemon could not be run, or be waited for.
long cclient_await_readiness(
    int notices, long keeper, long milliseconds, void *_Nonnull buffer, size_t count, int *_Nonnull status);

/// Ends a keeper, and the daemon with it if `endsDaemon`; that is not waited for.
void cclient_release(long keeper, bool endsDaemon);
