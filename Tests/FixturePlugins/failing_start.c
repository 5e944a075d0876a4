/* A plugin that does what its option "start" says when it is created: "hang" for ever, or "crash". Its commands "where", which
   asks for a worker process, and "here", which does not, print the number of their process. */
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

static void act(fastdaemon_bytes options, const char *way) {
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)options.count, options.data);
    if (!strstr(text, way)) return;
    while (strstr(way, "hang")) pause();
    abort();
}

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    (void)self, (void)host, (void)instance;
    *state = NULL;
    act(options, "\"start\":\"hang\"");
    act(options, "\"start\":\"crash\"");
    return 0;
}

static int32_t run_where(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    char line[32];
    snprintf(line, sizeof line, "%d\n", (int)getpid());
    fixture_print(host, call, line);
    return 0;
}

static const fastdaemon_command where = {
    .size = sizeof(fastdaemon_command), .name = "where", .execution = FASTDAEMON_PROCESS, .run = run_where};
static const fastdaemon_command here = {
    .size = sizeof(fastdaemon_command), .name = "here", .execution = FASTDAEMON_CONCURRENT, .run = run_where};

FIXTURE_COMMANDS(&where, &here)
FIXTURE_ENTRY("failing-start", )
