#define _GNU_SOURCE
#include "CClient.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

long cclient_exec(const char *words, size_t count) {
    char **pointers = malloc((count + 1) * sizeof *pointers);
    if (pointers == NULL) {
        return -ENOMEM;
    }
    for (size_t index = 0; index < count; index++) {
        pointers[index] = (char *)words;
        words += strlen(words) + 1;
    }
    pointers[count] = NULL;
    execvp(pointers[0], pointers);
    int error = errno;
    free(pointers);
    return -error;
}

_Noreturn void cclient_exit(int status) {
    _exit(status);
}
