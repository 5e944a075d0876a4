/* Opening what is below a folder, and nothing else. */
#define _GNU_SOURCE
#include "clinux_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* O_NONBLOCK: a FIFO of that name must not hold the daemon up before it is seen to be none of ours. */
enum { reading = O_RDONLY | O_CLOEXEC | O_NONBLOCK };

int clinux_open_beneath(int folder, const char *path) {
    struct open_how how = {.flags = reading, .resolve = RESOLVE_BENEATH};
    long descriptor;
    do { descriptor = syscall(SYS_openat2, folder, path, &how, sizeof how); } while (descriptor < 0 && errno == EINTR);
    if (descriptor >= 0) return (int)descriptor;
    /* A filter of system calls cannot look into `how`, so what may make no file that is set-user-ID may not call it at all:
       systemd's DynamicUser= and RestrictSUIDSGID= say that there is none, filters of containers that it is forbidden. */
    return errno == ENOSYS || errno == EPERM ? clinux_walk_beneath(folder, path) : -errno;
}

/* A way below a folder, as far as it was walked. */
struct walk {
    /* The first folder, which is the caller's, and each that was entered and not left since: `..` leads back to the one before. */
    int folders[32];
    int depth;
    int links;
    char rest[PATH_MAX];
};

/* Puts what a symbolic link says in the place of its name, before the rest with the slashes that it begins with. */
static int follow(struct walk *walk, const char *target, const char *rest) {
    char way[PATH_MAX];
    int length = snprintf(way, sizeof way, "%s%s", target, rest);
    if (++walk->links > 40) return -ELOOP;
    if (length >= (int)sizeof way) return -ENAMETOOLONG;
    memcpy(walk->rest, way, (size_t)length + 1);
    return walk->rest[0] == '/' ? -EXDEV : 0;
}

/* Goes into the folder `name`, or out of the last one. */
static int enter(struct walk *walk, const char *name) {
    if (strcmp(name, ".") == 0) return 0;
    if (walk->depth + 1 == sizeof walk->folders / sizeof walk->folders[0]) return -ELOOP;
    int folder = clinux_open_at(walk->folders[walk->depth], name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (folder >= 0) walk->folders[++walk->depth] = folder;
    return folder < 0 ? folder : 0;
}

/* Takes one step; 1 where it was the last, and `found` is what is there. */
static int take_step(struct walk *walk, int *found) {
    char name[NAME_MAX + 1], target[PATH_MAX];
    size_t length = strcspn(walk->rest, "/");
    if (length >= sizeof name) return -ENAMETOOLONG;
    snprintf(name, sizeof name, "%.*s", (int)length, walk->rest);
    const char *rest = walk->rest + length + strspn(walk->rest + length, "/");
    if (strcmp(name, "..") == 0) {
        if (walk->depth == 0) return -EXDEV;
        close(walk->folders[walk->depth--]);
        strcpy(name, ".");
    }
    ssize_t count = readlinkat(walk->folders[walk->depth], name, target, sizeof target - 1);
    if (count >= 0) {
        target[count] = '\0';
        return follow(walk, target, walk->rest + length);
    }
    if (errno != EINVAL) return -errno;
    if (*rest == '\0') {
        int kind = rest > walk->rest + length ? O_DIRECTORY : 0;
        *found = clinux_open_at(walk->folders[walk->depth], name, reading | O_NOFOLLOW | kind, 0);
        return *found < 0 ? *found : 1;
    }
    int status = enter(walk, name);
    memmove(walk->rest, rest, strlen(rest) + 1);
    return status;
}

int clinux_walk_beneath(int folder, const char *path) {
    /* The path itself is none. */
    struct walk walk = {.folders = {folder}, .links = -1};
    int found = -1;
    int status = follow(&walk, path, "");
    while (status == 0) status = take_step(&walk, &found);
    while (walk.depth > 0) close(walk.folders[walk.depth--]);
    return status < 0 ? status : found;
}
