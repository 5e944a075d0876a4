/* A plugin that starts, and then cannot say what it serves; its `destroy` is owed. */
#include "fixture.h"

struct state {
    const fastdaemon_host *host;
    fastdaemon_instance *instance;
};

static struct state only;

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    (void)self, (void)options;
    only = (struct state){host, instance};
    *state = &only;
    return 0;
}

static int32_t list_commands(void *state, const fastdaemon_command *const **list, size_t *count) {
    static const char text[] = "the options name no command";
    const struct state *plugin = state;
    (void)list, (void)count;
    plugin->host->set_error(plugin->instance, text, strlen(text));
    return 1;
}

static void destroy(void *state) {
    static const char text[] = "destroyed";
    const struct state *plugin = state;
    plugin->host->log(plugin->instance, NULL, FASTDAEMON_LOG_NOTICE, text, strlen(text));
}

FIXTURE_ENTRY("failing-commands", .destroy = destroy)
