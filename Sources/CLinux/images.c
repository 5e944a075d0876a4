#define _GNU_SOURCE
#include "clinux_images.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* The addresses of an image's code. An image may have several such ranges. */
typedef struct range {
    uintptr_t begin, end;
    uint32_t text;
} range;

enum { capacity = 4096, deepest = 64 * 1024, smallest_page = 4096 };

/* Written in its order, and never changed after that: the count says how much is there. */
static range ranges[capacity];
static size_t range_count;

typedef struct search {
    uintptr_t symbol;
    uint32_t text;
    size_t found;
    int is_full;
} search;

static int is_code(const ElfW(Phdr) *part) { return part->p_type == PT_LOAD && (part->p_flags & PF_X); }

static int look_into(struct dl_phdr_info *image, size_t size, void *user) {
    (void)size;
    search *search = user;
    int is_it = 0;
    for (int i = 0; i < image->dlpi_phnum; i++) {
        uintptr_t begin = image->dlpi_addr + image->dlpi_phdr[i].p_vaddr;
        is_it |= image->dlpi_phdr[i].p_type == PT_LOAD && search->symbol - begin < image->dlpi_phdr[i].p_memsz;
    }
    for (int i = 0; is_it && i < image->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &image->dlpi_phdr[i];
        if (!is_code(part)) continue;
        search->is_full = range_count + search->found == capacity;
        if (search->is_full) break;
        uintptr_t begin = image->dlpi_addr + part->p_vaddr;
        ranges[range_count + search->found++] = (range){begin, begin + part->p_memsz, search->text};
    }
    return is_it;
}

int clinux_note_image(const void *symbol, uint32_t text) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    search search = {.symbol = (uintptr_t)symbol, .text = text};
    pthread_mutex_lock(&lock);
    dl_iterate_phdr(look_into, &search);
    __atomic_store_n(&range_count, range_count + search.found, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
    return !search.is_full;
}

static uint32_t text_at(uintptr_t address) {
    size_t count = __atomic_load_n(&range_count, __ATOMIC_ACQUIRE);
    for (size_t i = 0; i < count; i++) {
        if (address - ranges[i].begin < ranges[i].end - ranges[i].begin) return ranges[i].text;
    }
    return 0;
}

/* Whether there is memory to read at an address: the kernel looks at the set of signals before it finds that there is no such way to
   change the mask. */
static int is_readable(uintptr_t address) {
    enum { no_way = -1, size_of_set = 8 };
    return syscall(SYS_rt_sigprocmask, no_way, address & -(uintptr_t)size_of_set, NULL, size_of_set) == 0 || errno != EFAULT;
}

/* What a thread returns to stands on its stack, above which may be nothing: a plugin's fiber has a page there that faults. A few words
   that are no addresses of code do no harm. */
__attribute__((no_sanitize("address"))) static uint32_t text_on_stack(uintptr_t stack) {
    stack &= ~(sizeof(uintptr_t) - 1);
    const uintptr_t end = stack + deepest;
    uint32_t text = 0;
    for (uintptr_t known = 0; text == 0 && stack < end; stack += sizeof(uintptr_t)) {
        if (stack >= known) {
            if (!is_readable(stack)) return 0;
            known = (stack | (smallest_page - 1)) + 1;
        }
        text = text_at(*(const uintptr_t *)stack);
    }
    return text;
}

uint32_t clinux_running_image(const void *context) {
    uintptr_t address = 0, stack = (uintptr_t)__builtin_frame_address(0);
    if (context) {
        const mcontext_t *registers = &((const ucontext_t *)context)->uc_mcontext;
#if defined(__x86_64__)
        address = (uintptr_t)registers->gregs[REG_RIP];
        stack = (uintptr_t)registers->gregs[REG_RSP];
#elif defined(__aarch64__)
        address = (uintptr_t)registers->pc;
        stack = (uintptr_t)registers->sp;
#endif
    }
    uint32_t text = text_at(address);
    return text ? text : text_on_stack(stack);
}
