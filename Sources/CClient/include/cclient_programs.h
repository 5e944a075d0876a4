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

/// A clock that only goes forward, in milliseconds.
long cclient_milliseconds(void);

/// Makes the folder at `path`, of mode 0700, where it is not there; its parent has to be. A folder that is there must be
/// the user's own, writable by nobody else, and no symbolic link: `-CCLIENT_EPERM` otherwise.
long cclient_make_private_folder(const char *_Nonnull path);

/// Waits for the lock of the file at `path`, which is made, and returns the descriptor that holds it until it is closed.
long cclient_lock(const char *_Nonnull path);

/// Opens the log at `path` to add to it; folders that are not there are made. `*size` is its size so far.
long cclient_open_log(const char *_Nonnull path, long *_Nonnull size);

/// Reads at most `count` bytes of the file from `offset` on, the last where there are more. `*isCut` says that there
/// are more.
long cclient_read_end(int descriptor, void *_Nonnull buffer, size_t count, long offset, bool *_Nonnull isCut);

/// A datagram socket at `path`, whatever stood there before.
long cclient_bind_notices(const char *_Nonnull path);

/// Removes a file; that it is not there is no error.
void cclient_remove(const char *_Nonnull path);

/// Starts the program `name`, which stands beside this one or on `$PATH`, in a session of its own, apart from the
/// terminal: with no input, with `log` for its output and errors, without any other descriptor of this process, with
/// no signal blocked or ignored, and with `variable` (`NAME=VALUE`) added to the environment. Returns its process.
long cclient_start(const char *_Nonnull name, int log, const char *_Nonnull variable);

/// Waits until something comes to `notices`, or `process` has ended, or `milliseconds` have passed.
///
/// Returns how many bytes of a notice stand in `buffer`; `-CCLIENT_EAGAIN` where the time is up; `-CCLIENT_ECHILD`
/// where the process has ended: `*status` is then its exit status, 128 and the number of the signal that ended it.
long cclient_await_notice(
    int notices, long process, long milliseconds, void *_Nonnull buffer, size_t count, int *_Nonnull status);

/// Ends a process that was started and is not waited for any more.
void cclient_end(long process);
