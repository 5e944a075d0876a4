/*
 * plain.c - a plugin with one command, `plain`, which prints TEXT. Compiled with one of these, it is a faulty one:
 *
 *     NO_ENTRY      exports nothing                    WRONG_MAJOR   was built for version 2 of the ABI
 *     TOO_SMALL     its descriptor lacks members       REFUSES_HOST  hands out no descriptor
 *     START_FAILS   says why its start fails           SILENT        does not say why
 *     NO_COMMANDS   serves nothing                     BAD_NAME      serves a command with a space in its name
 */
#include <string.h>

#include "fastdaemon_plugin.h"

#ifndef TEXT
#define TEXT "plain"
#endif

#ifdef BAD_NAME
#define NAME "two words"
#else
#define NAME "plain"
#endif

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    host->write(call, FASTDAEMON_STANDARD_OUTPUT, TEXT "\n", strlen(TEXT "\n"), FASTDAEMON_MAY_WAIT);
    return 0;
}

static int32_t create(
    const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance, fastdaemon_bytes options,
    void **state
) {
    (void)self, (void)host, (void)instance, (void)options;
    *state = NULL;
#if defined(START_FAILS)
    host->set_error(instance, "the moon is full", strlen("the moon is full"));
    return 1;
#elif defined(SILENT)
    return 7;
#else
    return 0;
#endif
}

static int32_t commands(void *state, const fastdaemon_command *const **list, size_t *count) {
    static const fastdaemon_command plain = {.size = sizeof(fastdaemon_command), .name = NAME, .run = run};
    static const fastdaemon_command *const all[] = {&plain};
    (void)state;
    *list = all;
#ifdef NO_COMMANDS
    *count = 0;
#else
    *count = 1;
#endif
    return 0;
}

#ifdef WRONG_MAJOR
#define VERSION 0x00020000u
#else
#define VERSION FASTDAEMON_ABI_VERSION
#endif

#ifdef TOO_SMALL
#define SIZE 24
#else
#define SIZE sizeof(fastdaemon_plugin)
#endif

#ifdef REFUSES_HOST
#define ACCEPTS_HOST 0
#else
#define ACCEPTS_HOST 1
#endif

#ifdef NO_ENTRY
#define ENTRY nothing_to_see_here
#else
#define ENTRY fastdaemon_plugin_entry
#endif

const fastdaemon_plugin *ENTRY(uint32_t host_abi_version) {
    static const fastdaemon_plugin plugin = {
        .abi_version = VERSION, .size = SIZE, .name = "plain", .version = "1.0", .create = create, .commands = commands};
    (void)host_abi_version;
    return ACCEPTS_HOST ? &plugin : NULL;
}
