/* A plugin that does not want to work with this host. */
#include "fixture.h"

const fastdaemon_plugin *fastdaemon_plugin_entry(uint32_t host_abi_version) {
    (void)host_abi_version;
    return NULL;
}
