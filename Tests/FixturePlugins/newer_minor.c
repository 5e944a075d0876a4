/* A plugin for a later minor version, whose descriptor is longer than this host knows: it serves `newer`. */
#include "fixture.h"

static int32_t newer(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "newer\n");
    return 0;
}

static const fastdaemon_command command = FIXTURE_COMMAND("newer", newer);

FIXTURE_CREATE
FIXTURE_COMMANDS(&command)

const fastdaemon_plugin *fastdaemon_plugin_entry(uint32_t host_abi_version) {
    static const struct {
        fastdaemon_plugin known;
        void *unknown[4];
    } plugin = {.known = {.abi_version = (FASTDAEMON_ABI_MAJOR << 16) | 7u,
                          .size = sizeof plugin,
                          .name = "newer-minor",
                          .version = "1.7",
                          .create = create,
                          .commands = list_commands}};
    (void)host_abi_version;
    return &plugin.known;
}
