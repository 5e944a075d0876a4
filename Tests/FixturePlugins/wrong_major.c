/* A plugin for version 2 of the ABI, of which this host knows nothing. */
#include "fixture.h"

const fastdaemon_plugin *fastdaemon_plugin_entry(uint32_t host_abi_version) {
    static const fastdaemon_plugin plugin = {
        .abi_version = 2u << 16, .size = sizeof(fastdaemon_plugin), .name = "wrong-major", .version = "1.0"};
    (void)host_abi_version;
    return &plugin;
}
