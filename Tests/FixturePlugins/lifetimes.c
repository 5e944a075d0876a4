/* A plugin that logs its own life: `created` with its options, `destroyed`. `alive` prints the options. */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

struct state {
    const fastdaemon_host *host;
    fastdaemon_instance *instance;
    fastdaemon_command command;
    const fastdaemon_command *list[1];
    char options[1024];
};

static void log_text(const struct state *plugin, const char *text) {
    plugin->host->log(plugin->instance, NULL, FASTDAEMON_LOG_NOTICE, text, strlen(text));
}

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    const struct state *plugin = context;
    fixture_print(host, call, plugin->options);
    return host->instance(call) == plugin->instance ? 0 : 1;
}

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    (void)self;
    struct state *plugin = malloc(sizeof *plugin);
    plugin->host = host;
    plugin->instance = instance;
    plugin->command = (fastdaemon_command)FIXTURE_COMMAND("alive", run);
    plugin->command.context = plugin;
    plugin->list[0] = &plugin->command;
    snprintf(plugin->options, sizeof plugin->options, "%.*s\n", (int)options.count, options.data);
    log_text(plugin, "created");
    *state = plugin;
    return 0;
}

static int32_t list_commands(void *state, const fastdaemon_command *const **list, size_t *count) {
    const struct state *plugin = state;
    *list = plugin->list;
    *count = 1;
    return 0;
}

static void destroy(void *state) {
    log_text(state, "destroyed");
    free(state);
}

FIXTURE_ENTRY("lifetimes", .destroy = destroy)
