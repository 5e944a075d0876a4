/* As many inline commands as its options say, `{"commands": 10}`: c0, c1 and so on. Each prints its words. */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

struct state {
    fastdaemon_command *commands;
    const fastdaemon_command **list;
    size_t count;
    char names[][8];
};

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    size_t count;
    const fastdaemon_bytes *words = host->arguments(call, &count);
    for (size_t index = 1; index < count; index++) {
        host->write(call, FASTDAEMON_STANDARD_OUTPUT, words[index].data, words[index].count, FASTDAEMON_DO_NOT_WAIT);
    }
    return 0;
}

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    (void)self, (void)host, (void)instance;
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)options.count, options.data);
    const char *number = strchr(text, ':');
    size_t count = number != NULL ? strtoul(number + 1, NULL, 10) : 1;
    struct state *plugin = malloc(sizeof *plugin + count * sizeof plugin->names[0]);
    plugin->commands = calloc(count, sizeof *plugin->commands);
    plugin->list = calloc(count, sizeof *plugin->list);
    plugin->count = count;
    for (size_t index = 0; index < count; index++) {
        snprintf(plugin->names[index], sizeof plugin->names[0], "c%u", (unsigned)index % 1000000);
        plugin->commands[index] = (fastdaemon_command){.size = sizeof(fastdaemon_command),
                                                       .name = plugin->names[index],
                                                       .summary = "a fixture",
                                                       .execution = FASTDAEMON_INLINE,
                                                       .run = run};
        plugin->list[index] = &plugin->commands[index];
    }
    *state = plugin;
    return 0;
}

static int32_t list_commands(void *state, const fastdaemon_command *const **list, size_t *count) {
    const struct state *plugin = state;
    *list = plugin->list;
    *count = plugin->count;
    return 0;
}

static void destroy(void *state) {
    struct state *plugin = state;
    free(plugin->commands);
    free(plugin->list);
    free(plugin);
}

FIXTURE_ENTRY("many", .destroy = destroy)
