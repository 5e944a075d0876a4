/* A plugin that cannot start, and does not say why. */
#include "fixture.h"

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    (void)self, (void)host, (void)instance, (void)options, (void)state;
    return 7;
}

static int32_t list_commands(void *state, const fastdaemon_command *const **list, size_t *count) {
    (void)state, (void)list, (void)count;
    return 1;
}

FIXTURE_ENTRY("failing-silently", )
