// Counts what a program allocates: loaded into it by LD_PRELOAD, it stands before the C library's own functions and adds up
// in the file that $ALLOCATION_COUNTS names, which others can map too. Each place that allocates while `traces` is not 0 is
// noted there as well, up to so many, to tell a person who looks for it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// glibc's functions by the names that nothing stands before.
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

struct counts {
    _Atomic int64_t allocations; // of any kind, also a realloc
    _Atomic int64_t bytes;       // in use now
    _Atomic int64_t traces;      // how many more to write to standard error
};

static struct counts *counts;
static __thread int is_inside;

static __attribute__((constructor)) void begin(void) {
    const char *path = getenv("ALLOCATION_COUNTS");
    int file = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file < 0 || ftruncate(file, sizeof *counts) < 0) {
        return;
    }
    is_inside = 1;
    void *places[1];
    backtrace(places, 1); // what it loads at its first call is loaded now
    is_inside = 0;
    void *memory = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    counts = memory != MAP_FAILED ? memory : NULL;
}

static void write_trace(size_t size) {
    void *places[24];
    char text[8192];
    int length = snprintf(text, sizeof text, "counter: %zu bytes", size);
    int count = backtrace(places, 24);
    for (int index = 3; index < count; index++) {
        // As addr2line(1) takes them.
        Dl_info info;
        if (dladdr(places[index], &info)) {
            const char *slash = strrchr(info.dli_fname, '/');
            length += snprintf(text + length, sizeof text - (size_t)length, " < %.100s+%#tx",
                               slash != NULL ? slash + 1 : info.dli_fname, (char *)places[index] - (char *)info.dli_fbase);
        }
    }
    text[length++] = '\n';
    ssize_t written = write(STDERR_FILENO, text, (size_t)length);
    (void)written;
}

static void *count_new(void *block, size_t size) {
    if (counts != NULL && block != NULL) {
        counts->allocations++;
        counts->bytes += (int64_t)malloc_usable_size(block);
        if (counts->traces > 0 && !is_inside && counts->traces-- > 0) {
            is_inside = 1;
            write_trace(size);
            is_inside = 0;
        }
    }
    return block;
}

static int64_t usable(void *block) {
    return block != NULL ? (int64_t)malloc_usable_size(block) : 0;
}

void *malloc(size_t size) {
    return count_new(__libc_malloc(size), size);
}

void *calloc(size_t count, size_t size) {
    return count_new(__libc_calloc(count, size), count * size);
}

void *realloc(void *block, size_t size) {
    int64_t before = usable(block);
    void *moved = count_new(__libc_realloc(block, size), size);
    if (counts != NULL && (moved != NULL || size == 0)) {
        counts->bytes -= before;
    }
    return moved;
}

void free(void *block) {
    if (counts != NULL) {
        counts->bytes -= usable(block);
    }
    int error = errno;
    __libc_free(block);
    errno = error;
}

void *memalign(size_t alignment, size_t size) {
    return count_new(__libc_memalign(alignment, size), size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *taken = memalign(alignment, size);
    if (taken == NULL) {
        return ENOMEM;
    }
    *block = taken;
    return 0;
}
