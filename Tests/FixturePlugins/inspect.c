/* `inspect [WORD ...]` prints every fact that the host knows of the call, a line each. `getcwd` is the thread's working
   directory as the kernel knows it: on a thread of the pool it is the caller's. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

/* One line for many bytes: what is not printable ASCII as \\xNN. */
static void line(const fastdaemon_host *host, fastdaemon_call *call, const char *label, fastdaemon_bytes bytes) {
    char *text = malloc(strlen(label) + 3 + bytes.count * 4);
    char *end = text + sprintf(text, "%s=", label);
    for (size_t at = 0; at < bytes.count; at++) {
        unsigned char byte = (unsigned char)bytes.data[at];
        if (byte >= ' ' && byte < 127 && byte != '\\') *end++ = (char)byte;
        else end += sprintf(end, "\\x%02x", byte);
    }
    *end++ = '\n';
    host->write(call, FASTDAEMON_STANDARD_OUTPUT, text, (size_t)(end - text), FASTDAEMON_MAY_WAIT);
    free(text);
}

static void text_line(const fastdaemon_host *host, fastdaemon_call *call, const char *label, const char *text) {
    line(host, call, label, (fastdaemon_bytes){text, strlen(text)});
}

static void number_line(const fastdaemon_host *host, fastdaemon_call *call, const char *label, long long number) {
    char text[32];
    snprintf(text, sizeof text, "%lld", number);
    text_line(host, call, label, text);
}

static void print_facts(const fastdaemon_host *host, fastdaemon_call *call) {
    const fastdaemon_facts *facts = host->facts(call);
    number_line(host, call, "id", (long long)facts->id);
    number_line(host, call, "deadline", (long long)facts->deadline);
    number_line(host, call, "transport", facts->transport);
    number_line(host, call, "user", facts->user == FASTDAEMON_UNKNOWN ? -1 : (long long)facts->user);
    number_line(host, call, "group", facts->group == FASTDAEMON_UNKNOWN ? -1 : (long long)facts->group);
    number_line(host, call, "process", facts->process == FASTDAEMON_UNKNOWN ? -1 : (long long)facts->process);
    line(host, call, "peer", facts->peer);
}

static void print_terminals(const fastdaemon_host *host, fastdaemon_call *call) {
    static const char *const labels[] = {"terminal0", "terminal1", "terminal2"};
    for (uint32_t stream = 0; stream < 3; stream++) {
        fastdaemon_terminal terminal = {.size = sizeof terminal};
        char text[64];
        int32_t answer = host->terminal(call, stream, &terminal);
        snprintf(text, sizeof text, "%d %u %ux%u", answer, terminal.is_terminal, terminal.columns, terminal.rows);
        text_line(host, call, labels[stream], text);
    }
}

static void print_directory(const fastdaemon_host *host, fastdaemon_call *call) {
    char path[4096], name[64];
    line(host, call, "directory", host->working_directory(call));
    text_line(host, call, "getcwd", getcwd(path, sizeof path) ? path : "none");
    snprintf(name, sizeof name, "/proc/self/fd/%d", host->working_directory_descriptor(call));
    ssize_t count = readlink(name, path, sizeof path);
    line(host, call, "descriptor", (fastdaemon_bytes){path, count < 0 ? 0 : (size_t)count});
}

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    size_t count;
    const fastdaemon_bytes *strings = host->arguments(call, &count);
    for (size_t at = 0; at < count; at++) line(host, call, "argument", strings[at]);
    print_facts(host, call);
    print_directory(host, call);
    strings = host->environment(call, &count);
    for (size_t at = 0; at < count; at++) line(host, call, "environment", strings[at]);
    print_terminals(host, call);
    number_line(host, call, "cancelled", host->cancelled(call));
    number_line(host, call, "signal", host->last_signal(call));
    return 0;
}

static const fastdaemon_command command = FIXTURE_COMMAND("inspect", run);

FIXTURE_CREATE
FIXTURE_COMMANDS(&command)
FIXTURE_ENTRY("inspect", )
