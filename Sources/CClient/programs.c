#define _GNU_SOURCE
#include "CClient.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// A link that has the name of a command may stand before the program of that name: that is no program of its own.
static bool is_this_program(const char *path) {
    struct stat one, other;
    return stat("/proc/self/exe", &one) == 0 && stat(path, &other) == 0 && one.st_dev == other.st_dev
        && one.st_ino == other.st_ino;
}

/// Returns the error number where it cannot be executed. `pointers` begins with a place for the shell's name.
static int try_to_execute(const char *path, char **pointers) {
    if (is_this_program(path)) {
        return ENOENT;
    }
    execv(path, pointers + 1);
    if (errno == ENOEXEC) {
        // A script without a first line that names its interpreter is the shell's (exec(3)).
        char *word = pointers[1];
        pointers[0] = "sh";
        pointers[1] = (char *)path;
        execv("/bin/sh", pointers);
        pointers[1] = word;
    }
    return errno;
}

/// Tries each folder of $PATH. What is there and may not be executed is remembered, and the next tried (exec(3)).
static int execute_on_path(char **pointers) {
    const char *folders = getenv("PATH");
    int error = ENOENT;
    for (const char *rest = folders != NULL ? folders : "/bin:/usr/bin"; *rest != 0;) {
        size_t length = strcspn(rest, ":");
        const char *slash = length > 0 ? "/" : "./";
        char path[4096];
        if (length + strlen(slash) + strlen(pointers[1]) < sizeof path) {
            memcpy(path, rest, length);
            strcpy(stpcpy(path + length, slash), pointers[1]);
            int result = try_to_execute(path, pointers);
            error = result == ENOENT || result == ENOTDIR ? error : result;
        }
        rest += length + (rest[length] == ':');
    }
    return error;
}

long cclient_exec(const char *words, size_t count) {
    char **pointers = malloc((count + 2) * sizeof *pointers);
    if (pointers == NULL) {
        return -ENOMEM;
    }
    for (size_t index = 1; index <= count; index++) {
        pointers[index] = (char *)words;
        words += strlen(words) + 1;
    }
    pointers[count + 1] = NULL;
    int error = strchr(pointers[1], '/') != NULL ? try_to_execute(pointers[1], pointers) : execute_on_path(pointers);
    free(pointers);
    return -error;
}

_Noreturn void cclient_exit(int status) {
    _exit(status);
}
