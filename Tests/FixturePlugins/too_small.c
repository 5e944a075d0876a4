/* A descriptor that ends before the members that version 1.0 has. */
#include "fixture.h"

const fastdaemon_plugin *fastdaemon_plugin_entry(uint32_t host_abi_version) {
    static const fastdaemon_plugin plugin = {
        .abi_version = FASTDAEMON_ABI_VERSION, .size = 24, .name = "too-small", .version = "1.0"};
    (void)host_abi_version;
    return &plugin;
}
