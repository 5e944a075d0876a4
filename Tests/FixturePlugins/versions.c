/* A plugin of which there are several versions: VERSION says which, FAULT what is wrong with it. It logs its life. */
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

#ifndef VERSION
#define VERSION "1"
#endif

/* What is wrong: its create or its self-test fails or hangs, or loading it ends the process. */
enum { NOTHING, CREATE_FAILS, CREATE_HANGS, TEST_FAILS, TEST_HANGS, LOADING_CRASHES };
#ifndef FAULT
#define FAULT NOTHING
#endif

struct state {
    const fastdaemon_host *host;
    fastdaemon_instance *instance;
};

static void say(const struct state *plugin, const char *text) {
    plugin->host->log(plugin->instance, NULL, FASTDAEMON_LOG_NOTICE, text, strlen(text));
}

static void hang(void) {
    for (;;) pause();
}

static int32_t version(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "version " VERSION "\n");
    return 0;
}

/* Says that it holds, reads to the end of input, and tells its version. */
static int32_t hold(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    fastdaemon_bytes piece;
    fixture_print(host, call, "holding\n");
    int32_t result;
    do { result = host->read(call, &piece, FASTDAEMON_MAY_WAIT); } while (result == 1);
    if (result < 0) fixture_log(host, call, "cancelled", host->cancelled(call));
    return version(host, call, context);
}

static const fastdaemon_command version_command = {.size = sizeof(fastdaemon_command),
                                                   .name = "version",
                                                   .execution = FASTDAEMON_INLINE,
                                                   .run = version};
static const fastdaemon_command hold_command = FIXTURE_COMMAND("hold", hold);

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    (void)self, (void)options;
    if (FAULT == LOADING_CRASHES) abort();
    if (FAULT == CREATE_FAILS) return 1;
    if (FAULT == CREATE_HANGS) hang();
    struct state *plugin = malloc(sizeof *plugin);
    *plugin = (struct state){host, instance};
    *state = plugin;
    say(plugin, "created " VERSION);
    return 0;
}

static void destroy(void *state) {
    say(state, "destroyed " VERSION);
    free(state);
}

static int32_t self_test(void *state) {
    say(state, "tested " VERSION);
    if (FAULT == TEST_HANGS) hang();
    return FAULT == TEST_FAILS;
}

FIXTURE_COMMANDS(&version_command, &hold_command)
FIXTURE_ENTRY("versions", .destroy = destroy, .self_test = self_test)
