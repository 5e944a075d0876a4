/* `crash WAY` ends its process: by segv, abort, trap, stack (a blown one), or exit with status 3. */
#include <stdlib.h>

#include "fixture.h"

static volatile int goes_on = 1;

static int blow(int depth) {
    volatile char here[4096];
    here[0] = (char)depth;
    return goes_on ? blow(depth + 1) + here[0] : 0;
}

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    size_t count;
    const fastdaemon_bytes *words = host->arguments(call, &count);
    const char *way = count > 1 ? words[1].data : "segv";
    if (strcmp(way, "segv") == 0) *(volatile int *)8 = 1;
    if (strcmp(way, "abort") == 0) abort();
    if (strcmp(way, "trap") == 0) __builtin_trap();
    if (strcmp(way, "stack") == 0) return blow(0);
    if (strcmp(way, "exit") == 0) exit(3);
    return 2;
}

static const fastdaemon_command command = FIXTURE_COMMAND("crash", run);

FIXTURE_CREATE
FIXTURE_COMMANDS(&command)
FIXTURE_ENTRY("crashing", )
