#define _GNU_SOURCE
#include "clinux_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

const int clinux_here = AT_FDCWD;

static void fill(clinux_status *status, const struct stat *found) {
    status->device = found->st_dev;
    status->inode = found->st_ino;
    status->size = (uint64_t)found->st_size;
    status->mode = found->st_mode;
    status->user = found->st_uid;
    status->group = found->st_gid;
}

int clinux_status_of(int descriptor, clinux_status *status) {
    struct stat found;
    if (fstat(descriptor, &found) < 0) return -errno;
    fill(status, &found);
    return 0;
}

int clinux_status_at(int folder, const char *path, int follow, clinux_status *status) {
    struct stat found;
    if (fstatat(folder, path, &found, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    fill(status, &found);
    return 0;
}

int clinux_open_at(int folder, const char *path, int flags, uint32_t mode) {
    int descriptor;
    do { descriptor = openat(folder, path, flags | O_CLOEXEC, mode); } while (descriptor < 0 && errno == EINTR);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_open_directory(int folder, const char *path) {
    return clinux_open_at(folder, path, O_PATH | O_DIRECTORY, 0);
}

int clinux_may_enter(int folder) {
    return faccessat(folder, ".", X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

ptrdiff_t clinux_read(int descriptor, void *buffer, size_t capacity) {
    ptrdiff_t count;
    do { count = read(descriptor, buffer, capacity); } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

ptrdiff_t clinux_read_at(int descriptor, void *buffer, size_t capacity, uint64_t offset) {
    ptrdiff_t count;
    do { count = pread(descriptor, buffer, capacity, (off_t)offset); } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

ptrdiff_t clinux_write(int descriptor, const void *data, size_t count) {
    ptrdiff_t written;
    do { written = write(descriptor, data, count); } while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : written;
}

static int copy_all(int from, int to) {
    off_t offset = 0;
    for (;;) {
        ssize_t count = sendfile(to, from, &offset, 1 << 30);
        if (count == 0) return 0;
        if (count < 0 && errno != EINTR) return -errno;
    }
}

int clinux_sealed_copy(int descriptor, const char *label) {
    int copy = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0) return -errno;
    int result = copy_all(descriptor, copy);
    if (result == 0 && fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        result = -errno;
    if (result < 0) {
        close(copy);
        return result;
    }
    return copy;
}

int clinux_change_mode(const char *path, uint32_t mode) { return chmod(path, (mode_t)mode) < 0 ? -errno : 0; }

int clinux_remove(const char *path) { return unlink(path) < 0 ? -errno : 0; }

int clinux_lock(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB) < 0 ? -errno : 0; }

int clinux_unlock(int descriptor) { return flock(descriptor, LOCK_UN) < 0 ? -errno : 0; }

int clinux_replace_content(int descriptor, const void *data, size_t count) {
    if (ftruncate(descriptor, 0) < 0) return -errno;
    ptrdiff_t written = pwrite(descriptor, data, count, 0);
    if (written < 0) return -errno;
    return (size_t)written == count ? 0 : -ENOSPC;
}

void clinux_raise_descriptor_limit(uint64_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0; }

void clinux_close(int descriptor) {
    /* Linux has closed the descriptor whatever close(2) says, EINTR included; a second try could close another's. */
    close(descriptor);
}

int clinux_let_go(int descriptor) {
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0) return -errno;
    int result = dup3(nothing, descriptor, O_CLOEXEC);
    close(nothing);
    return result < 0 ? -errno : 0;
}
