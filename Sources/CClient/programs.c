#define _GNU_SOURCE
#include "CClient.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

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

/// The environment with `variable` in the place of another value of it. `NULL` where memory is used up.
static char **environment_with(const char *variable) {
    size_t name = (size_t)(strchr(variable, '=') - variable) + 1;
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    char **copy = malloc((count + 2) * sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    size_t kept = 0;
    for (size_t index = 0; index < count; index++) {
        if (strncmp(environ[index], variable, name) != 0) {
            copy[kept++] = environ[index];
        }
    }
    copy[kept++] = (char *)variable;
    copy[kept] = NULL;
    return copy;
}

/// `name` in the folder of this program, in `path`; false where that is not known or too long.
static bool find_beside(const char *name, char *path, size_t size) {
    ssize_t length = readlink("/proc/self/exe", path, size);
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    if (length <= 0 || (size_t)length + strlen(name) >= size) {
        return false;
    }
    strcpy(path + length, name);
    return access(path, X_OK) == 0;
}

static void close_from(int first) {
    if (syscall(SYS_close_range, first, ~0U, 0) < 0) {
        // A kernel before 5.9. Few processes have more.
        for (int each = first; each < 65536; each++) {
            close(each);
        }
    }
}

/// In the child, which shares its memory with the parent until the new program has begun (vfork(2)).
static void become(const char *name, const char *path, int log, char **environment) {
    setsid();
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) {
        sigaction(number, &action, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // The log is never one of the three: it was moved behind them.
    int nothing = open("/dev/null", O_RDONLY);
    if (dup2(nothing, STDIN_FILENO) < 0) {
        close(STDIN_FILENO);
    }
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    close_from(STDERR_FILENO + 1);
    char *words[] = {(char *)name, NULL};
    if (path != NULL) {
        execve(path, words, environment);
    } else {
        execvpe(name, words, environment);
    }
}

long cclient_start(const char *name, int log, const char *variable) {
    char path[4096];
    bool isBeside = find_beside(name, path, sizeof path);
    char **environment = environment_with(variable);
    if (environment == NULL) {
        return -ENOMEM;
    }
    // No handler of this process may run in the child.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    volatile int error = 0;
    pid_t process = vfork();
    if (process == 0) {
        become(name, isBeside ? path : NULL, log, environment);
        error = errno;
        _exit(127);
    }
    if (process < 0) {
        error = errno;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(environment);
    if (process > 0 && error != 0) {
        waitpid(process, NULL, 0);
    }
    return error != 0 ? -error : process;
}
