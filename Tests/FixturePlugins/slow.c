/* `slow [SECONDS]` holds its thread, 5 seconds where none are given, and does not care whether it is cancelled. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "fixture.h"

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    size_t count;
    const fastdaemon_bytes *words = host->arguments(call, &count);
    double seconds = count > 1 ? atof(words[1].data) : 5;
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
    fixture_print(host, call, "slept\n");
    return 0;
}

static const fastdaemon_command command = FIXTURE_COMMAND("slow", run);

FIXTURE_CREATE
FIXTURE_COMMANDS(&command)
FIXTURE_ENTRY("slow", )
