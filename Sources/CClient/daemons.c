#define _GNU_SOURCE
#include "CClient.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs.h"

// The daemon is the child of a keeper, and only the keeper is a child of this process: so the daemon's status is known
// until it is ready, and what this process may become after that (`--or-exec`) has no child that it knows nothing of.

extern char **environ;

/// Why the daemon could not be run, in memory that the keeper shares.
static volatile int *start_error;

/// The config that the environment names, which the daemon would look for in its own working directory: as `NAME=VALUE`
/// with the whole path. `NULL` where it is not set, or whole as it is.
static char *whole_config(void) {
    static const char name[] = "FASTDAEMON_CONFIG";
    const char *value = getenv(name);
    char here[4096];
    if (value == NULL || *value == '\0' || *value == '/' || getcwd(here, sizeof here) == NULL) {
        return NULL;
    }
    char *whole = malloc(sizeof name + strlen(here) + 1 + strlen(value) + 1);
    if (whole != NULL) {
        char *end = stpcpy(stpcpy(stpcpy(stpcpy(whole, name), "="), here), "/");
        strcpy(end, value);
    }
    return whole;
}

static bool is_set_by(char *const *variables, size_t count, const char *other) {
    for (size_t index = 0; index < count; index++) {
        if (strncmp(variables[index], other, (size_t)(strchr(variables[index], '=') - variables[index]) + 1) == 0) {
            return true;
        }
    }
    return false;
}

/// The environment with `variables` in the place of other values of them. `NULL` where memory is used up.
static char **environment_with(char *const *variables, size_t added) {
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    char **copy = malloc((count + added + 1) * sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    size_t kept = 0;
    for (size_t index = 0; index < count; index++) {
        if (!is_set_by(variables, added, environ[index])) {
            copy[kept++] = environ[index];
        }
    }
    memcpy(copy + kept, variables, added * sizeof *copy);
    copy[kept + added] = NULL;
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

/// Leaves all that is the client's: its terminal, its folder, which may hold a stranger's config, its descriptors and
/// its signals' handlers.
static void leave(int log) {
    setsid();
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) {
        sigaction(number, &action, NULL);
    }
    if (chdir("/") < 0) {
        *start_error = errno;
        _exit(127);
    }
    // The log is never one of the three: it was moved behind them.
    int nothing = open("/dev/null", O_RDONLY);
    if (dup2(nothing, STDIN_FILENO) < 0) {
        close(STDIN_FILENO);
    }
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    close_from(STDERR_FILENO + 1);
}

/// In the daemon to be, which shares the keeper's memory until the new program has begun (vfork(2)).
static _Noreturn void become(const char *name, const char *path, char **environment) {
    setsid();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (path != NULL) {
        execve(path, (char *[]){(char *)name, NULL}, environment);
    } else {
        execvpe(name, (char *[]){(char *)name, NULL}, environment);
    }
    *start_error = errno;
    _exit(127);
}

/// Ends with the status of the daemon, or after SIGTERM, which goes on to the daemon. All signals are blocked.
static _Noreturn void keep(pid_t daemon) {
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    int status = 0;
    while (waitpid(daemon, &status, WNOHANG) == 0) {
        if (sigwaitinfo(&watched, NULL) == SIGTERM) {
            kill(daemon, SIGTERM);
            _exit(0);
        }
    }
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static _Noreturn void run_keeper(pid_t client, const char *name, const char *path, int log, char **environment) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != client) {
        _exit(0);
    }
    leave(log);
    pid_t daemon = vfork();
    if (daemon == 0) {
        become(name, path, environment);
    }
    if (daemon < 0) {
        *start_error = errno;
        _exit(127);
    }
    keep(daemon);
}

long cclient_start(const char *name, int log, const char *variable) {
    char path[4096];
    bool isBeside = find_beside(name, path, sizeof path);
    char *config = whole_config();
    char **environment = environment_with((char *[]){(char *)variable, "PWD=/", config}, config == NULL ? 2 : 3);
    void *shared = mmap(NULL, sizeof *start_error, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (environment == NULL || shared == MAP_FAILED) {
        return -ENOMEM;
    }
    start_error = shared;
    // No handler of this process may run in the keeper.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t client = getpid();
    // A fork(2) that sends no SIGCHLD: one could stay for the program that this process becomes.
    long keeper = syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (keeper == 0) {
        run_keeper(client, name, isBeside ? path : NULL, log, environment);
    }
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(environment);
    free(config);
    return keeper < 0 ? -error : keeper;
}

static int await_keeper(long keeper) {
    int status = 0;
    while (waitpid((pid_t)keeper, &status, __WALL) < 0 && errno == EINTR) {
    }
    return status;
}

long cclient_keeper_ended(long keeper, int *status) {
    int ended = await_keeper(keeper);
    *status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
    return *start_error != 0 ? -*start_error : -ECHILD;
}

void cclient_release(long keeper, bool endsDaemon) {
    kill((pid_t)keeper, endsDaemon ? SIGTERM : SIGKILL);
    await_keeper(keeper);
}
