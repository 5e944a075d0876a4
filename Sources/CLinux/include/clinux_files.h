/* Files and folders, by descriptor. */
#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#include <stddef.h>
#include <stdint.h>

/* What the checks of trust and of stale sockets need to know of a file. */
typedef struct clinux_status {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    uint32_t mode; /* type and permissions, as in st_mode */
    uint32_t user;
    uint32_t group;
} clinux_status;

int clinux_status_of(int descriptor, clinux_status *status);

/* Of a name, relative to a folder; a symbolic link is followed where `follow` is not 0. */
int clinux_status_at(int folder, const char *path, int follow, clinux_status *status);

/* openat(2), close-on-exec. AT_FDCWD is clinux_here. */
extern const int clinux_here;
int clinux_open_at(int folder, const char *path, int flags, uint32_t mode);

/* Opens a folder, relative to another, only to refer to it: no right to read it is needed (O_PATH). */
int clinux_open_directory(int folder, const char *path);

/* Whether this process may enter a folder that it has a descriptor of: 0, or why not. */
int clinux_may_enter(int folder);

/* Opens `path` for reading below `folder` and nowhere else: no `..`, absolute name or symbolic link leads out of it
   (openat2 with RESOLVE_BENEATH). Where a filter of system calls keeps openat2 from this process, it is walked. */
int clinux_open_beneath(int folder, const char *path);

/* Does so without openat2, a name and a link at a time. Of `path`, and of each link, at most PATH_MAX, and
   31 folders deep. */
int clinux_walk_beneath(int folder, const char *path);

ptrdiff_t clinux_read(int descriptor, void *buffer, size_t capacity);
/* pread(2) */
ptrdiff_t clinux_read_at(int descriptor, void *buffer, size_t capacity, uint64_t offset);

ptrdiff_t clinux_write(int descriptor, const void *data, size_t count);

/* Copies a whole file into memory that has a descriptor but no name, and seals it against any change (memfd_create,
   F_ADD_SEALS). Returns the new descriptor. */
int clinux_sealed_copy(int descriptor, const char *label);

/* chmod(2) */
int clinux_change_mode(const char *path, uint32_t mode);

/* unlink(2) */
int clinux_remove(const char *path);

/* Lets go of what a descriptor is of, and keeps its number, which is of nothing from now on. Returns 0 or the negated errno. */
int clinux_let_go(int descriptor);

/* Locks a file for this process alone, without waiting: -EWOULDBLOCK where another has it (flock(2)). The lock belongs to
   the open file, so a process that inherits the descriptor holds it, too. */
int clinux_lock(int descriptor);
int clinux_unlock(int descriptor);

/* Makes `data` the whole content of a file. */
int clinux_replace_content(int descriptor, const void *data, size_t count);

/* Raises the soft limit on descriptors to `wanted`, as far as the hard limit allows. */
void clinux_raise_descriptor_limit(uint64_t wanted);

/* A pipe, both ends non-blocking and close-on-exec: ends[0] is read from. */
int clinux_pipe(int ends[2]);

void clinux_close(int descriptor);

#endif
