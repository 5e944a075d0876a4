/* A second plugin that wants to serve `echo`, besides `other-echo`. */
#include "fixture.h"

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "the other echo\n");
    return 0;
}

static const fastdaemon_command echo = FIXTURE_COMMAND("echo", run);
static const fastdaemon_command other = FIXTURE_COMMAND("other-echo", run);

FIXTURE_CREATE
FIXTURE_COMMANDS(&echo, &other)
FIXTURE_ENTRY("duplicate", )
