/* Commands that end their process, or do not. Each says below what it does. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "fixture.h"

static volatile int goes_on = 1;

static int blow(int depth) {
    volatile char here[4096];
    here[0] = (char)depth;
    return goes_on ? blow(depth + 1) + here[0] : 0;
}

/* Takes memory until there is none, and then gives up. */
static void eat_memory(void) {
    size_t size = 1 << 20;
    char *block;
    while ((block = malloc(size)) != NULL) memset(block, 1, size);
    abort();
}

/* Throws an exception as C++ does, which nobody catches. */
static void throw_exception(void) {
    void *library = dlopen("libstdc++.so.6", RTLD_NOW);
    void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(library, "__cxa_allocate_exception");
    void (*throw_it)(void *, void *, void (*)(void *)) =
        (void (*)(void *, void *, void (*)(void *)))dlsym(library, "__cxa_throw");
    int *exception = allocate(sizeof *exception);
    *exception = 1;
    throw_it(exception, dlsym(library, "_ZTIi"), NULL);
}

/* Aborts on a stack of its own, in which nothing is of this library, and above which is a page that faults. It is a part of the thread's
   stack, so that it is known to be below the end of that. */
static int abort_on_fiber(void) {
    enum { page = 65536, size = page };
    static ucontext_t fiber;
    char room[3 * page];
    char *stack = (char *)(((uintptr_t)room + page - 1) & -(uintptr_t)page);
    if (mprotect(stack + size, page, PROT_NONE) != 0 || getcontext(&fiber) != 0) return 2;
    fiber.uc_stack.ss_sp = stack;
    fiber.uc_stack.ss_size = size;
    makecontext(&fiber, abort, 0);
    return setcontext(&fiber);
}

static int end_by(const char *way) {
    if (*way == 0 || strcmp(way, "segv") == 0) *(volatile int *)8 = 1;
    if (strcmp(way, "abort") == 0) abort();
    if (strcmp(way, "trap") == 0) __builtin_trap();
    if (strcmp(way, "kill") == 0) raise(SIGKILL);
    if (strcmp(way, "stack") == 0) return blow(0);
    if (strcmp(way, "memory") == 0) eat_memory();
    if (strcmp(way, "throw") == 0) throw_exception();
    if (strcmp(way, "fiber") == 0) return abort_on_fiber();
    if (strcmp(way, "exit") == 0) exit(3);
    if (strcmp(way, "quit") == 0) _exit(4);
    return strcmp(way, "none") == 0 ? 0 : 2;
}

struct thread {
    const fastdaemon_host *host;
    fastdaemon_call *call;
    int was_called_back;
};

static void call_back(void *user) { ((struct thread *)user)->was_called_back = 1; }

static void *on_thread(void *user) {
    struct thread *own = user;
    int is_to_be = strcmp(fixture_word(own->host, own->call, 2), "later") == 0;
    if (is_to_be) own->host->notify(own->call, FASTDAEMON_EVENT_WRITABLE, call_back, own);
    if (own->was_called_back == is_to_be) end_by(fixture_word(own->host, own->call, 1));
    return NULL;
}

/* crash WAY [TEXT [COUNT]]: writes the text, as often, and ends its process, by segv, abort, trap, kill, stack (a blown one), memory
   (all it can get), throw (a C++ exception), fiber (an abort on a stack of its own), exit (with status 3) or quit (likewise, with status 4, at once); or does not,
   by none. */
static int32_t run_crash(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    const char *way = fixture_word(host, call, 1), *text = fixture_word(host, call, 2);
    long count = atol(fixture_word(host, call, 3));
    if (*text) do fixture_print(host, call, text); while (--count > 0);
    return end_by(way);
}

/* thread WAY [later]: does that on a thread that it makes itself, and waits for it; later: after it was called back there. */
static int32_t run_thread(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    pthread_t thread;
    struct thread own = {host, call, 0};
    if (pthread_create(&thread, NULL, on_thread, &own) != 0) return 1;
    return pthread_join(thread, NULL);
}

/* child WAY: does that in a process that it forks, and waits for it. */
static int32_t run_child(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    pid_t child = fork();
    if (child == 0) _exit(end_by(fixture_word(host, call, 1)));
    return waitpid(child, NULL, 0) == child ? 0 : 1;
}

static void print_process(const fastdaemon_host *host, fastdaemon_call *call, long process) {
    char line[32];
    snprintf(line, sizeof line, "%ld\n", process);
    fixture_print(host, call, line);
}

/* where: prints the number of its process. */
static int32_t run_where(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    print_process(host, call, getpid());
    return 0;
}

/* fine: says so. */
static int32_t run_fine(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "fine\n");
    return 0;
}

/* stay: prints the number of its process, ignores SIGTERM and that it is cancelled, and never returns. */
static int32_t run_stay(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    signal(SIGTERM, SIG_IGN);
    print_process(host, call, getpid());
    while (goes_on) pause();
    return 0;
}

/* parent: starts a process that sleeps for ten minutes, prints its number, and never returns. */
static int32_t run_parent(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    static char *const words[] = {"sleep", "600", NULL};
    char *const none[] = {NULL};
    (void)context;
    pid_t child;
    if (posix_spawn(&child, "/bin/sleep", NULL, NULL, words, none) != 0) return 1;
    print_process(host, call, child);
    while (goes_on) pause();
    return 0;
}

/* told PATH: starts a process that makes a file at the path when it is told to end, by SIGTERM; prints its number, and waits for
   it to end. */
static int32_t run_told(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    const char *path = fixture_word(host, call, 1);
    sigset_t terminate, before;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    /* What comes before the child waits for it is kept. */
    pthread_sigmask(SIG_BLOCK, &terminate, &before);
    pid_t child = fork();
    if (child == 0) {
        int number;
        _exit(sigwait(&terminate, &number) != 0 || open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (child < 0) return 1;
    print_process(host, call, child);
    return waitpid(child, NULL, 0) == child ? 0 : 1;
}

/* descriptors: prints how many it can open. */
static int32_t run_descriptors(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    static int opened[100000];
    int count = 0;
    while (count < 100000 && (opened[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) count++;
    for (int at = 0; at < count; at++) close(opened[at]);
    print_process(host, call, count);
    return 0;
}

/* hoard MEBIBYTES: keeps that much memory. */
static int32_t run_hoard(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    size_t size = (size_t)atol(fixture_word(host, call, 1)) << 20;
    static char *volatile kept;
    kept = malloc(size);
    if (!kept) return 1;
    memset(kept, 1, size);
    print_process(host, call, getpid());
    return 0;
}

static const fastdaemon_command crash = FIXTURE_COMMAND("crash", run_crash);
static const fastdaemon_command thread = FIXTURE_COMMAND("thread", run_thread);
static const fastdaemon_command child = FIXTURE_COMMAND("child", run_child);
static const fastdaemon_command where = FIXTURE_COMMAND("where", run_where);
static const fastdaemon_command fine = FIXTURE_COMMAND("fine", run_fine);
static const fastdaemon_command stay = FIXTURE_COMMAND("stay", run_stay);
static const fastdaemon_command parent = FIXTURE_COMMAND("parent", run_parent);
static const fastdaemon_command told = FIXTURE_COMMAND("told", run_told);
static const fastdaemon_command descriptors = FIXTURE_COMMAND("descriptors", run_descriptors);
static const fastdaemon_command hoard = FIXTURE_COMMAND("hoard", run_hoard);

FIXTURE_CREATE
FIXTURE_COMMANDS(&crash, &thread, &child, &where, &fine, &stay, &parent, &told, &descriptors, &hoard)
FIXTURE_ENTRY("crashing", )
