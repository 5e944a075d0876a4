// With musl: the C library's own functions (malloc(3)), for a program of one thread. musl's heap would be a tenth of the
// file. With glibc see arena.c.
//
// A block is given again to whoever asks for no more than it has, and never cut up or joined to another: the program asks for
// the same few sizes over and over, and what grows asks for twice as much each time.

#define _GNU_SOURCE
#include <features.h>

#ifndef __GLIBC__

#include "arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 16, LARGE = 128 << 10, CHUNK = 256 << 10, PAGE = 4096 };

/// What stands before a block.
typedef struct header {
    size_t count;
    struct header *next;
} header;

_Static_assert(sizeof(header) == ALIGNMENT, "a block behind a header is aligned");

static header *unused;

/// Large blocks are mapped each for itself, and given back to the kernel.
static int is_large(const header *block) {
    return block->count >= LARGE;
}

static header *map(size_t count) {
    if (count > PTRDIFF_MAX - PAGE) {
        errno = ENOMEM;
        return NULL;
    }
    size_t size = (count + sizeof(header) + PAGE - 1) & ~(size_t)(PAGE - 1);
    header *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        return NULL;
    }
    block->count = size - sizeof(header);
    return block;
}

static header *take_unused(size_t count) {
    for (header **link = &unused; *link != NULL; link = &(*link)->next) {
        header *block = *link;
        if (block->count >= count) {
            *link = block->next;
            return block;
        }
    }
    return NULL;
}

/// A new block from the arena, or where that is used up from a chunk that takes its place.
static header *cut(size_t count) {
    static char *rest, *end;
    header *block = take_from_arena(ALIGNMENT, sizeof(header) + count);
    if (block == NULL && (size_t)(end - rest) < sizeof(header) + count) {
        if (count >= CHUNK / 8) {
            return map(count);
        }
        rest = (char *)map(CHUNK - sizeof(header));
        if (rest == NULL) {
            end = NULL;
            return NULL;
        }
        end = rest + CHUNK;
    }
    if (block == NULL) {
        block = (header *)rest;
        rest += sizeof(header) + count;
    }
    block->count = count;
    return block;
}

void *malloc(size_t count) {
    header *block;
    if (count <= LARGE - ALIGNMENT) {
        count = (count + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
        block = take_unused(count);
        block = block != NULL ? block : cut(count);
    } else {
        block = map(count);
    }
    return block != NULL ? block + 1 : NULL;
}

void free(void *memory) {
    if (memory == NULL) {
        return;
    }
    header *block = (header *)memory - 1;
    if (is_large(block)) {
        munmap(block, block->count + sizeof(header));
    } else {
        block->next = unused;
        unused = block;
    }
}

void *calloc(size_t number, size_t size) {
    size_t count;
    if (__builtin_mul_overflow(number, size, &count)) {
        errno = ENOMEM;
        return NULL;
    }
    void *memory = malloc(count);
    return memory != NULL ? memset(memory, 0, count) : NULL;
}

/// The pages of a large block are moved, not copied.
void *realloc(void *memory, size_t count) {
    header *block = memory != NULL ? (header *)memory - 1 : NULL;
    if (block != NULL && count <= block->count) {
        return memory;
    }
    if (block != NULL && is_large(block) && count <= PTRDIFF_MAX - PAGE) {
        size_t size = (count + sizeof(header) + PAGE - 1) & ~(size_t)(PAGE - 1);
        block = mremap(block, block->count + sizeof(header), size, MREMAP_MAYMOVE);
        if (block == MAP_FAILED) {
            return NULL;
        }
        block->count = size - sizeof(header);
        return block + 1;
    }
    void *moved = malloc(count);
    if (moved != NULL && block != NULL) {
        memcpy(moved, memory, block->count);
        free(memory);
    }
    return moved;
}

/// Swift asks for no larger alignment than that of any block.
int posix_memalign(void **memory, size_t alignment, size_t count) {
    if (alignment > ALIGNMENT) {
        return EINVAL;
    }
    *memory = malloc(count);
    return *memory != NULL ? 0 : ENOMEM;
}

#else
typedef int nothing_here;
#endif
