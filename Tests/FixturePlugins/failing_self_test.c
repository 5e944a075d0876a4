/* A plugin that serves `sick`, and whose self-test says that it should not. */
#include "fixture.h"

struct state {
    const fastdaemon_host *host;
    fastdaemon_instance *instance;
};

static struct state only;

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "sick\n");
    return 0;
}

static const fastdaemon_command command = FIXTURE_COMMAND("sick", run);

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    (void)self, (void)options;
    only = (struct state){host, instance};
    *state = &only;
    return 0;
}

static int32_t self_test(void *state) {
    static const char text[] = "the model file is missing";
    const struct state *plugin = state;
    plugin->host->set_error(plugin->instance, text, strlen(text));
    return 1;
}

FIXTURE_COMMANDS(&command)
FIXTURE_ENTRY("failing-self-test", .self_test = self_test)
