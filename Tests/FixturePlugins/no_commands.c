/* A plugin that serves nothing. */
#include "fixture.h"

FIXTURE_CREATE

static int32_t list_commands(void *state, const fastdaemon_command *const **list, size_t *count) {
    (void)state;
    *list = NULL;
    *count = 0;
    return 0;
}

FIXTURE_ENTRY("no-commands", )
