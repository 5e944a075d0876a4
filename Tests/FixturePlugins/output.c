/* Handlers that write or end in some way: `fill MEBIBYTES` writes that much in lines of 64 bytes, and stops where the
   host says so, with status 9; `binary` writes all 256 bytes, which are no UTF-8; `status N` ends with N, of any size;
   `both` writes to both streams; `log WORD` logs its word. */
#include <stdlib.h>

#include "fixture.h"

static const char *word(const fastdaemon_host *host, fastdaemon_call *call, const char *otherwise) {
    size_t count;
    const fastdaemon_bytes *words = host->arguments(call, &count);
    return count > 1 ? words[1].data : otherwise;
}

static int32_t run_fill(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    char block[65536];
    memset(block, 'x', sizeof block);
    for (size_t at = 63; at < sizeof block; at += 64) block[at] = '\n';
    for (long left = atol(word(host, call, "1")) * 16; left > 0; left--) {
        if (host->write(call, FASTDAEMON_STANDARD_OUTPUT, block, sizeof block, FASTDAEMON_MAY_WAIT) < 0) return 9;
    }
    return 0;
}

static int32_t run_binary(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    unsigned char bytes[256];
    for (size_t at = 0; at < sizeof bytes; at++) bytes[at] = (unsigned char)at;
    host->write(call, FASTDAEMON_STANDARD_OUTPUT, bytes, sizeof bytes, FASTDAEMON_MAY_WAIT);
    return 0;
}

static int32_t run_status(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    return (int32_t)atol(word(host, call, "0"));
}

static int32_t run_both(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    host->write(call, FASTDAEMON_STANDARD_OUTPUT, "to output\n", 10, FASTDAEMON_MAY_WAIT);
    host->write(call, FASTDAEMON_STANDARD_ERROR, "to error\n", 9, FASTDAEMON_MAY_WAIT);
    return 0;
}

static int32_t run_log(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    const char *text = word(host, call, "nothing");
    host->log(host->instance(call), call, FASTDAEMON_LOG_NOTICE, text, strlen(text));
    return 0;
}

static const fastdaemon_command fill = FIXTURE_COMMAND("fill", run_fill);
static const fastdaemon_command binary = FIXTURE_COMMAND("binary", run_binary);
static const fastdaemon_command status = FIXTURE_COMMAND("status", run_status);
static const fastdaemon_command both = FIXTURE_COMMAND("both", run_both);
static const fastdaemon_command log_word = FIXTURE_COMMAND("log", run_log);

FIXTURE_CREATE
FIXTURE_COMMANDS(&fill, &binary, &status, &both, &log_word)
FIXTURE_ENTRY("output", )
