#define _GNU_SOURCE
#include "CClient.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert(CCLIENT_EPERM == EPERM && CCLIENT_ECHILD == ECHILD, "errno");

unsigned cclient_user(void) {
    return geteuid();
}

long cclient_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/// A descriptor that is none of the three standard streams, in the place of one that may be.
static int behind_streams(int opened) {
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

long cclient_make_private_folder(const char *path) {
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        return -errno;
    }
    struct stat status;
    if (lstat(path, &status) < 0) {
        return -errno;
    }
    bool isOurs = S_ISDIR(status.st_mode) && status.st_uid == geteuid() && (status.st_mode & 022) == 0;
    return isOurs ? 0 : -EPERM;
}

long cclient_lock(const char *path) {
    int lock = behind_streams(open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    while (lock >= 0 && flock(lock, LOCK_EX) < 0) {
        if (errno != EINTR) {
            int error = errno;
            close(lock);
            return -error;
        }
    }
    return lock;
}

long cclient_open_log(const char *path, long *size) {
    char folder[4096];
    size_t count = strlen(path);
    if (count >= sizeof folder) {
        return -ENAMETOOLONG;
    }
    memcpy(folder, path, count + 1);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0700);
        *slash = '/';
    }
    int log = behind_streams(open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    struct stat status;
    *size = log >= 0 && fstat(log, &status) == 0 ? status.st_size : 0;
    return log;
}

long cclient_read_end(int descriptor, void *buffer, size_t count, long offset, bool *isCut) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) {
        return -errno;
    }
    *isCut = status.st_size - offset > (long)count;
    ssize_t got = pread(descriptor, buffer, count, *isCut ? status.st_size - (long)count : offset);
    return got < 0 ? -errno : got;
}

long cclient_bind_notices(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t count = strlen(path);
    if (count > CCLIENT_LONGEST_UNIX_PATH) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, count + 1);
    unlink(path);
    int notices = behind_streams(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (notices >= 0 && bind(notices, (const struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(notices);
        return -error;
    }
    return notices;
}

void cclient_remove(const char *path) {
    unlink(path);
}

/// The exit status of a process that has ended, as a shell shows it.
static int exit_status(pid_t process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

long cclient_await_notice(int notices, long process, long milliseconds, void *buffer, size_t count, int *status) {
    int ending = (int)syscall(SYS_pidfd_open, (pid_t)process, 0);
    struct pollfd watched[] = {{.fd = notices, .events = POLLIN}, {.fd = ending, .events = POLLIN}};
    long deadline = cclient_milliseconds() + milliseconds;
    int ready;
    do {
        long rest = deadline - cclient_milliseconds();
        ready = poll(watched, 2, rest > 0 ? (int)rest : 0);
    } while (ready < 0 && errno == EINTR);
    int error = errno;
    if (ending >= 0) {
        close(ending);
    }
    if (ready <= 0) {
        return ready == 0 ? -EAGAIN : -error;
    }
    // What it said before its end comes first.
    if (watched[0].revents != 0) {
        return cclient_receive(notices, buffer, count, false);
    }
    *status = exit_status((pid_t)process);
    return -ECHILD;
}

void cclient_end(long process) {
    kill((pid_t)process, SIGTERM);
}
