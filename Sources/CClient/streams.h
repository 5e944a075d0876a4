#pragma once

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/// A descriptor that is none of the three standard streams, in the place of one that may be because they are closed:
/// what is written to a stream must not go there. An `opened` below 0 is the negated `errno`.
static inline int cclient_behind_streams(int opened) {
    if (opened < 0) {
        return -errno;
    }
    if (opened > STDERR_FILENO) {
        return opened;
    }
    int moved = fcntl(opened, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    close(opened);
    return moved < 0 ? -error : moved;
}
