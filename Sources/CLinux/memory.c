#define _GNU_SOURCE
#include "clinux_memory.h"

#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

static int release(struct dl_phdr_info *image, size_t size, void *library) {
    (void)size;
    const char *slash = strrchr(image->dlpi_name, '/');
    if (strcmp(slash ? slash + 1 : image->dlpi_name, library) != 0) return 0;
    const uintptr_t page = (uintptr_t)getauxval(AT_PAGESZ);
    for (int i = 0; i < image->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &image->dlpi_phdr[i];
        /* What may be written to is other than the file. */
        if (segment->p_type != PT_LOAD || (segment->p_flags & (PF_X | PF_W)) != PF_X) continue;
        uintptr_t start = (image->dlpi_addr + segment->p_vaddr) & -page;
        uintptr_t end = image->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 1;
}

void clinux_release_code(const char *library) { dl_iterate_phdr(release, (void *)library); }
