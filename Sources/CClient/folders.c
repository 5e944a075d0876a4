#define _GNU_SOURCE
#include "CClient.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "streams.h"

enum { LONGEST_PATH = 4096, FOLDER = O_PATH | O_DIRECTORY | O_CLOEXEC };

/// Opens `name` in `folder`. Root and the user are trusted with what their folders hold, links included; where others
/// may write too, a link may be theirs and is not followed.
static int enter(int folder, const char *name, bool isMade, bool isLast) {
    struct stat status;
    if (fstat(folder, &status) < 0) {
        return -errno;
    }
    if (status.st_uid != 0 && status.st_uid != geteuid()) {
        return -EPERM;
    }
    if (isMade && mkdirat(folder, name, 0700) < 0 && errno != EEXIST) {
        return -errno;
    }
    bool isFollowed = !isLast && (status.st_mode & 022) == 0;
    int next = openat(folder, name, isFollowed ? FOLDER : FOLDER | O_NOFOLLOW);
    return next >= 0 ? next : errno == ENOTDIR ? -EPERM : -errno;
}

/// `folder`, where it is the user's own and nobody else can write there; it is closed otherwise.
static int check_private(int folder) {
    struct stat status;
    if (fstat(folder, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 022) == 0) {
        return folder;
    }
    close(folder);
    return -EPERM;
}

long cclient_open_folder(const char *path, size_t existing) {
    char names[LONGEST_PATH];
    size_t count = strlen(path);
    if (count >= sizeof names) {
        return -ENAMETOOLONG;
    }
    memcpy(names, path, count + 1);
    int folder = open("/", FOLDER);
    if (folder < 0) {
        return -errno;
    }
    char *name = names + 1;
    while (folder >= 0 && name != NULL) {
        char *end = strchr(name, '/');
        if (end != NULL) {
            *end = '\0';
        }
        if (*name != '\0') {
            int next = enter(folder, name, (size_t)(name - names) > existing, end == NULL);
            close(folder);
            folder = next;
        }
        name = end == NULL ? NULL : end + 1;
    }
    if (folder >= 0) {
        folder = check_private(folder);
    }
    return folder < 0 ? folder : cclient_behind_streams(folder);
}

/// FNV-1a.
static uint32_t hash(uint32_t start, const char *text) {
    for (; *text != '\0'; text++) {
        start = (start ^ (unsigned char)*text) * 0x01000193;
    }
    return start;
}

long cclient_lock(int folder, const char *address, bool isPath) {
    static const char digits[] = "0123456789abcdef";
    char name[] = "start-00000000.lock";
    uint32_t number = 0x811c9dc5;
    char here[LONGEST_PATH];
    if (isPath && address[0] != '/' && getcwd(here, sizeof here) != NULL) {
        number = hash(hash(number, here), "/");
    }
    number = hash(number, address);
    for (char *digit = name + 6; digit < name + 14; digit++, number >>= 4) {
        *digit = digits[number & 15];
    }
    int lock = cclient_behind_streams(openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0) {
        int error = errno;
        close(lock);
        return -error;
    }
    return lock;
}

long cclient_open_log(int folder, long *size) {
    int flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    int log = cclient_behind_streams(openat(folder, "fastdaemond.log", flags, 0600));
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
