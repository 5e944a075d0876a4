/*
 * fixture.h - what the fixtures have in common: a plugin whose `create` does nothing and whose commands are a list.
 * Each fixture is one C file that is compiled alone, so everything here is static.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "fastdaemon_plugin.h"

/* A concurrent command. */
#define FIXTURE_COMMAND(word, function)                                                                               \
    {.size = sizeof(fastdaemon_command), .name = word, .summary = "a fixture", .run = function}

/* Defines `commands` as the list of the given command variables' addresses. */
#define FIXTURE_COMMANDS(...)                                                                                         \
    static int32_t list_commands(void *state, const fastdaemon_command *const **list, size_t *count) {                \
        static const fastdaemon_command *const all[] = {__VA_ARGS__};                                                 \
        (void)state;                                                                                                  \
        *list = all;                                                                                                  \
        *count = sizeof all / sizeof all[0];                                                                          \
        return 0;                                                                                                     \
    }

/* Defines a `create` that has no state. */
#define FIXTURE_CREATE                                                                                                \
    static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,  \
                          fastdaemon_bytes options, void **state) {                                                   \
        (void)self, (void)host, (void)instance, (void)options;                                                        \
        *state = NULL;                                                                                                \
        return 0;                                                                                                     \
    }

/* Defines the entry, with the descriptor's members that are given besides the usual ones. */
#define FIXTURE_ENTRY(plugin_name, ...)                                                                               \
    const fastdaemon_plugin *fastdaemon_plugin_entry(uint32_t host_abi_version) {                                     \
        static const fastdaemon_plugin plugin = {.abi_version = FASTDAEMON_ABI_VERSION,                               \
                                                 .size = sizeof(fastdaemon_plugin),                                   \
                                                 .name = plugin_name,                                                 \
                                                 .version = "1.0",                                                    \
                                                 .create = create,                                                    \
                                                 .commands = list_commands,                                           \
                                                 __VA_ARGS__};                                                        \
        (void)host_abi_version;                                                                                       \
        return &plugin;                                                                                               \
    }

static inline int64_t fixture_print(const fastdaemon_host *host, fastdaemon_call *call, const char *text) {
    return host->write(call, FASTDAEMON_STANDARD_OUTPUT, text, strlen(text), FASTDAEMON_MAY_WAIT);
}

/* The word at `index`, or "" where there is none. */
static inline const char *fixture_word(const fastdaemon_host *host, fastdaemon_call *call, size_t index) {
    size_t count;
    const fastdaemon_bytes *words = host->arguments(call, &count);
    return index < count ? words[index].data : "";
}

/* Logs what happened and a number. */
static inline void fixture_log(const fastdaemon_host *host, fastdaemon_call *call, const char *text, long long number) {
    char line[128];
    int count = snprintf(line, sizeof line, "%s %lld", text, number);
    host->log(host->instance(call), call, FASTDAEMON_LOG_NOTICE, line, (size_t)count);
}

#endif
