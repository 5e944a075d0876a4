/* Odd commands that a daemon has to live with; each says below what it does. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

/* The word at `index`, or "" where there is none. */
static const char *word(const fastdaemon_host *host, fastdaemon_call *call, size_t index) {
    size_t count;
    const fastdaemon_bytes *words = host->arguments(call, &count);
    return index < count ? words[index].data : "";
}

static void say(const fastdaemon_host *host, fastdaemon_call *call, const char *text) {
    host->log(host->instance(call), call, FASTDAEMON_LOG_NOTICE, text, strlen(text));
}

static void sleep_milliseconds(long count) {
    struct timespec time = {count / 1000, count % 1000 * 1000000};
    while (nanosleep(&time, &time) < 0) {}
}

/* big BYTES: writes that many, also where the host takes no more. */
static int32_t big(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    static char block[65536];
    memset(block, 'x', sizeof block);
    long rest = atol(word(host, call, 1));
    int32_t status = 0;
    while (rest > 0) {
        size_t count = rest < (long)sizeof block ? (size_t)rest : sizeof block;
        if (host->write(call, FASTDAEMON_STANDARD_OUTPUT, block, count, FASTDAEMON_MAY_WAIT) < 0) status = 1;
        rest -= (long)count;
    }
    return status;
}

/* latin: writes what is not UTF-8. */
static int32_t latin(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "caf\xe9\n");
    return 0;
}

/* hold: goes on until it is cancelled, and logs why it was. */
static int32_t hold(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    struct pollfd watched = {host->cancellation_descriptor(call), POLLIN, 0};
    say(host, call, "hold begins");
    while (poll(&watched, 1, -1) < 0) {}
    char line[64];
    snprintf(line, sizeof line, "hold cancelled for reason %d", host->cancelled(call));
    say(host, call, line);
    return 130;
}

/* stubborn: never ends, whatever it is told. */
static int32_t stubborn(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    say(host, call, "stubborn begins");
    while (host->cancelled(call) >= 0) pause();
    return 0;
}

/* peak MILLISECONDS: how many of its calls were running at once so far. */
static int32_t peak(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    static atomic_int running, most;
    (void)context;
    int now = atomic_fetch_add(&running, 1) + 1;
    for (int seen = atomic_load(&most); seen < now && !atomic_compare_exchange_weak(&most, &seen, now);) {}
    sleep_milliseconds(atol(word(host, call, 1)));
    char line[32];
    snprintf(line, sizeof line, "%d\n", atomic_load(&most));
    atomic_fetch_sub(&running, 1);
    fixture_print(host, call, line);
    return 0;
}

/* where [FOLDER]: goes there, and prints where it is and with which umask it makes files. */
static int32_t where(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    const char *folder = word(host, call, 1);
    if (*folder && (chdir(folder) < 0)) return 1;
    char here[4096];
    if (!getcwd(here, sizeof here)) return 1;
    mode_t mask = umask(*folder ? 0777 : 0);
    if (!*folder) umask(mask);
    char line[4200];
    snprintf(line, sizeof line, "%s %03o\n", here, mask);
    fixture_print(host, call, line);
    return 0;
}

/* status NUMBER: returns it. */
static int32_t status(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    return atoi(word(host, call, 1));
}

struct later {
    const fastdaemon_host *host;
    fastdaemon_call *call;
};

static void finish_later(void *user) {
    struct later later = *(struct later *)user;
    free(user);
    fixture_print(later.host, later.call, "later\n");
    later.host->finish(later.call, 0);
}

/* later: says "later" on the loop, and ends on the pool. */
static int32_t later(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    struct later *later = malloc(sizeof *later);
    *later = (struct later){host, call};
    fixture_print(host, call, "sooner, ");
    host->run_on_pool(call, finish_later, later);
    return FASTDAEMON_LATER;
}

/* caller: who calls. */
static int32_t caller(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    const fastdaemon_facts *facts = host->facts(call);
    char line[256];
    snprintf(line, sizeof line, "%u %u %.*s\n", facts->transport, facts->user, (int)facts->peer.count, facts->peer.data);
    fixture_print(host, call, line);
    return 0;
}

#define ODD_COMMAND(function, class)                                                                                  \
    static const fastdaemon_command function##_command = {                                                            \
        .size = sizeof(fastdaemon_command), .name = #function, .execution = class, .run = function}

ODD_COMMAND(big, FASTDAEMON_CONCURRENT);
ODD_COMMAND(latin, FASTDAEMON_CONCURRENT);
ODD_COMMAND(hold, FASTDAEMON_CONCURRENT);
ODD_COMMAND(stubborn, FASTDAEMON_CONCURRENT);
ODD_COMMAND(peak, FASTDAEMON_CONCURRENT);
ODD_COMMAND(where, FASTDAEMON_CONCURRENT);
ODD_COMMAND(status, FASTDAEMON_INLINE);
ODD_COMMAND(later, FASTDAEMON_INLINE);
ODD_COMMAND(caller, FASTDAEMON_INLINE);

FIXTURE_CREATE
FIXTURE_COMMANDS(
    &big_command, &latin_command, &hold_command, &stubborn_command, &peak_command, &where_command, &status_command,
    &later_command, &caller_command
)
FIXTURE_ENTRY("toolbox", )
