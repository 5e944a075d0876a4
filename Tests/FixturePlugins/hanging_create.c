/* `create` does not return for an hour, and does not care who waits. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>

#include "fixture.h"

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "never served\n");
    return 0;
}

static const fastdaemon_command command = FIXTURE_COMMAND("hanging", run);

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    (void)self, (void)host, (void)instance, (void)options;
    struct timespec hour = {3600, 0};
    nanosleep(&hour, NULL);
    *state = NULL;
    return 0;
}

FIXTURE_COMMANDS(&command)
FIXTURE_ENTRY("hanging-create", )
