/* A plugin whose command has a name that nobody could call it by. */
#include "fixture.h"

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)host, (void)call, (void)context;
    return 0;
}

static const fastdaemon_command command = FIXTURE_COMMAND("two words", run);

FIXTURE_CREATE
FIXTURE_COMMANDS(&command)
FIXTURE_ENTRY("bad-name", )
