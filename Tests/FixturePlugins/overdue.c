/* Commands that take more time than they are given. A gate is a FIFO: who waits at it goes on when a test has opened it for
   writing, whatever it is told meanwhile. Each command says below what it does. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

struct lingering {
    const fastdaemon_host *host;
    fastdaemon_call *call;
};

/* Waits at the gate, and logs what is left of the call: the reason why it was cancelled, its words and its input, and what
   comes of writing. */
static void linger(const fastdaemon_host *host, fastdaemon_call *call) {
    fixture_print(host, call, "lingering\n");
    fixture_log(host, call, "linger begins", 0);
    int descriptor = open(fixture_word(host, call, 1), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fixture_log(host, call, "there is no gate", 0);
    else close(descriptor);
    fixture_log(host, call, "linger was cancelled for reason", host->cancelled(call));
    fastdaemon_bytes piece = {NULL, 0};
    if (host->read(call, &piece, FASTDAEMON_DO_NOT_WAIT) != 1) piece = (fastdaemon_bytes){"none", 4};
    char line[64];
    snprintf(line, sizeof line, "linger has the words %s and the input %.*s and writes",
             fixture_word(host, call, 2), (int)piece.count, piece.data);
    fixture_log(host, call, line, fixture_print(host, call, "too late\n"));
}

/* linger GATE WORD: on the pool. */
static int32_t run_linger(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    linger(host, call);
    return 0;
}

/* deaf GATE WORD: lingers in a process that does not end when it is told to. */
static int32_t run_deaf(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    signal(SIGTERM, SIG_IGN);
    linger(host, call);
    return 0;
}

/* process: the number of the process that it runs in. */
static int32_t run_process(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    char line[32];
    snprintf(line, sizeof line, "%ld\n", (long)getpid());
    fixture_print(host, call, line);
    return 0;
}

static void *linger_on_thread(void *user) {
    struct lingering lingering = *(struct lingering *)user;
    free(user);
    linger(lingering.host, lingering.call);
    lingering.host->finish(lingering.call, 0);
    return NULL;
}

/* linger-later GATE WORD: inline, on a thread of its own. */
static int32_t run_linger_later(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    struct lingering *lingering = malloc(sizeof *lingering);
    *lingering = (struct lingering){host, call};
    pthread_t thread;
    if (pthread_create(&thread, NULL, linger_on_thread, lingering) != 0) return 1;
    pthread_detach(thread);
    return FASTDAEMON_LATER;
}

/* heed: goes on until it is cancelled, and then stops at once. */
static int32_t run_heed(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    struct pollfd watched = {host->cancellation_descriptor(call), POLLIN, 0};
    while (poll(&watched, 1, -1) < 0) {}
    return 3;
}

/* left: how many milliseconds it has, or "for ever". */
static int32_t run_left(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    char line[32] = "for ever\n";
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long deadline = (long long)host->facts(call)->deadline;
    long long left = deadline - (now.tv_sec * 1000000000LL + now.tv_nsec);
    if (deadline > 0) snprintf(line, sizeof line, "%lld\n", left / 1000000);
    fixture_print(host, call, line);
    return 0;
}

static const fastdaemon_command linger_command = FIXTURE_COMMAND("linger", run_linger);
static const fastdaemon_command deaf_command = FIXTURE_COMMAND("deaf", run_deaf);
static const fastdaemon_command process_command = FIXTURE_COMMAND("process", run_process);
static const fastdaemon_command heed_command = FIXTURE_COMMAND("heed", run_heed);
static const fastdaemon_command left_command = FIXTURE_COMMAND("left", run_left);
static const fastdaemon_command linger_later_command = {.size = sizeof(fastdaemon_command),
                                                        .name = "linger-later",
                                                        .execution = FASTDAEMON_INLINE,
                                                        .run = run_linger_later};
static const fastdaemon_command left_inline_command = {
    .size = sizeof(fastdaemon_command), .name = "left-inline", .execution = FASTDAEMON_INLINE, .run = run_left};

FIXTURE_CREATE
FIXTURE_COMMANDS(
    &linger_command, &deaf_command, &process_command, &heed_command, &left_command, &linger_later_command,
    &left_inline_command
)
FIXTURE_ENTRY("overdue", )
