// With glibc, whose heap cannot be left out: what fits into the arena is taken from there, and the heap follows where that
// is used up. The linker puts these functions before the C library's own (`--wrap`, ld(1)). With musl see heap.c.

#include <features.h>

#ifdef __GLIBC__

#include "arena.h"

#include <string.h>

void *__real_realloc(void *block, size_t count);
int __real_posix_memalign(void **block, size_t alignment, size_t count);
void __real_free(void *block);

static int is_from_arena(const void *block) {
    uintptr_t address = (uintptr_t)block;
    return address >= (uintptr_t)arena && address < (uintptr_t)arena + sizeof arena;
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t count) {
    *block = take_from_arena(alignment, count);
    return *block != NULL ? 0 : __real_posix_memalign(block, alignment, count);
}

void *__wrap_realloc(void *block, size_t count) {
    if (block == NULL) {
        void *taken = take_from_arena(_Alignof(max_align_t), count);
        return taken != NULL ? taken : __real_realloc(NULL, count);
    }
    if (!is_from_arena(block)) {
        return __real_realloc(block, count);
    }
    void *moved = __real_realloc(NULL, count);
    if (moved != NULL) {
        size_t rest = (size_t)(arena + sizeof arena - (unsigned char *)block);
        memcpy(moved, block, count < rest ? count : rest);
    }
    return moved;
}

/// What the arena gave is not given again, so it bounds what that costs.
void __wrap_free(void *block) {
    if (!is_from_arena(block)) {
        __real_free(block);
    }
}

#else
typedef int nothing_here;
#endif
