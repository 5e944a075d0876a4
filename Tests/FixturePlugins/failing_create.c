/* A plugin that cannot start, and says why. */
#include "fixture.h"

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    static const char text[] = "no database there";
    (void)self, (void)options, (void)state;
    host->set_error(instance, text, strlen(text));
    return 1;
}

static int32_t list_commands(void *state, const fastdaemon_command *const **list, size_t *count) {
    (void)state, (void)list, (void)count;
    return 1;
}

FIXTURE_ENTRY("failing-create", )
