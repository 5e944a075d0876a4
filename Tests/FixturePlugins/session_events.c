/* Commands that sessions are tried with: those that wait for something to happen to the call, and inline ones. Each says below
   what it does. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

/* 128 and the signal's number where a signal cancelled the call, else 100 and the reason. */
static int32_t status_of_end(const fastdaemon_host *host, fastdaemon_call *call) {
    int32_t reason = host->cancelled(call);
    return reason == FASTDAEMON_CANCELLED_BY_SIGNAL ? 128 + host->last_signal(call) : 100 + reason;
}

/* hold: says so, waits until it is cancelled, says goodbye and why. */
static int32_t run_hold(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    struct pollfd watched = {host->cancellation_descriptor(call), POLLIN, 0};
    fixture_print(host, call, "holding\n");
    while (poll(&watched, 1, -1) < 0) {}
    fixture_log(host, call, "hold ends for reason", host->cancelled(call));
    fixture_print(host, call, "goodbye\n");
    return status_of_end(host, call);
}

/* A call that goes on after `run` returned. */
struct lasting {
    const fastdaemon_host *host;
    fastdaemon_call *call;
    long long rest;
};

static struct lasting *lasting(const fastdaemon_host *host, fastdaemon_call *call) {
    struct lasting *lasting = malloc(sizeof *lasting);
    *lasting = (struct lasting){host, call, atoll(fixture_word(host, call, 1))};
    return lasting;
}

static void end(struct lasting *lasting, int32_t status) {
    struct lasting copy = *lasting;
    free(lasting);
    copy.host->finish(copy.call, status);
}

/* size: prints the size of the caller's terminal, and again with each signal that does not cancel; ends when it is cancelled. */
static void print_size(struct lasting *lasting) {
    fastdaemon_terminal terminal = {.size = sizeof terminal};
    char line[64];
    lasting->host->terminal(lasting->call, FASTDAEMON_STANDARD_OUTPUT, &terminal);
    snprintf(line, sizeof line, "%ux%u after signal %d\n", terminal.columns, terminal.rows,
             lasting->host->last_signal(lasting->call));
    fixture_print(lasting->host, lasting->call, line);
}

static void size_changed(void *user) {
    struct lasting *lasting = user;
    print_size(lasting);
    lasting->host->notify(lasting->call, FASTDAEMON_EVENT_SIGNAL, size_changed, lasting);
}

static void size_ends(void *user) {
    struct lasting *lasting = user;
    end(lasting, status_of_end(lasting->host, lasting->call));
}

static int32_t run_size(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    struct lasting *all = lasting(host, call);
    print_size(all);
    host->notify(call, FASTDAEMON_EVENT_SIGNAL, size_changed, all);
    host->notify(call, FASTDAEMON_EVENT_CANCELLED, size_ends, all);
    return FASTDAEMON_LATER;
}

/* inline-flood NUMBER: writes that many bytes without ever waiting, and logs what is left where it was stopped. */
static void flood(void *user) {
    static char block[65536];
    struct lasting *lasting = user;
    while (lasting->rest > 0) {
        size_t count = lasting->rest < (long long)sizeof block ? (size_t)lasting->rest : sizeof block;
        int64_t written =
            lasting->host->write(lasting->call, FASTDAEMON_STANDARD_OUTPUT, block, count, FASTDAEMON_DO_NOT_WAIT);
        if (written == FASTDAEMON_ERROR_AGAIN) {
            lasting->host->notify(lasting->call, FASTDAEMON_EVENT_WRITABLE, flood, lasting);
            return;
        }
        if (written < 0) {
            fixture_log(lasting->host, lasting->call, "inline-flood stopped with", lasting->rest);
            end(lasting, 1);
            return;
        }
        lasting->rest -= written;
    }
    end(lasting, 0);
}

static int32_t run_inline_flood(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    flood(lasting(host, call));
    return FASTDAEMON_LATER;
}

/* pool PATH: from inline goes to the pool, and there writes the file at a path, which may be relative. */
static void show_file(void *user) {
    struct lasting *lasting = user;
    char block[4096];
    int descriptor = open(fixture_word(lasting->host, lasting->call, 1), O_RDONLY | O_CLOEXEC);
    ssize_t count = descriptor < 0 ? -1 : read(descriptor, block, sizeof block);
    if (descriptor >= 0) close(descriptor);
    if (count > 0) {
        lasting->host->write(lasting->call, FASTDAEMON_STANDARD_OUTPUT, block, (size_t)count, FASTDAEMON_MAY_WAIT);
    }
    end(lasting, count < 0 ? 1 : 0);
}

static int32_t run_pool(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    return host->run_on_pool(call, show_file, lasting(host, call)) == 0 ? FASTDAEMON_LATER : 2;
}

/* openat PATH: writes the file at a path below the caller's directory, inline. */
static int32_t run_openat(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    char block[4096];
    int directory = host->working_directory_descriptor(call);
    int descriptor = openat(directory, fixture_word(host, call, 1), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 1;
    ssize_t count = read(descriptor, block, sizeof block);
    close(descriptor);
    host->write(call, FASTDAEMON_STANDARD_OUTPUT, block, count < 0 ? 0 : (size_t)count, FASTDAEMON_DO_NOT_WAIT);
    return 0;
}

/* exit-inline NUMBER: ends with it. */
static int32_t run_exit(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    return (int32_t)atol(fixture_word(host, call, 1));
}

#define INLINE_COMMAND(word, function)                                                                                \
    {.size = sizeof(fastdaemon_command),                                                                              \
     .name = word,                                                                                                    \
     .summary = "a fixture",                                                                                          \
     .execution = FASTDAEMON_INLINE,                                                                                  \
     .input = FASTDAEMON_INPUT_AS_IT_COMES,                                                                           \
     .run = function}

static const fastdaemon_command hold = FIXTURE_COMMAND("hold", run_hold);
static const fastdaemon_command size = FIXTURE_COMMAND("size", run_size);
static const fastdaemon_command inline_flood = INLINE_COMMAND("inline-flood", run_inline_flood);
static const fastdaemon_command pool = INLINE_COMMAND("pool", run_pool);
static const fastdaemon_command at = INLINE_COMMAND("openat", run_openat);
static const fastdaemon_command exit_inline = INLINE_COMMAND("exit-inline", run_exit);

FIXTURE_CREATE
FIXTURE_COMMANDS(&hold, &size, &inline_flood, &pool, &at, &exit_inline)
FIXTURE_ENTRY("session-events", )
