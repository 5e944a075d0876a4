/* `stuck PATH`, inline although it blocks: waits until somebody opens the FIFO at PATH for writing, and its event loop with it.
   `variable NAME` prints what the daemon's environment has under that name. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_log(host, call, "stuck in process", getpid());
    int fifo = open(fixture_word(host, call, 1), O_RDONLY | O_CLOEXEC);
    if (fifo >= 0) close(fifo);
    fixture_print(host, call, "free\n");
    return 0;
}

static int32_t run_variable(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    const char *value = getenv(fixture_word(host, call, 1));
    fixture_print(host, call, value != NULL ? value : "not set");
    return 0;
}

static const fastdaemon_command variable = FIXTURE_COMMAND("variable", run_variable);
static const fastdaemon_command command = {
    .size = sizeof(fastdaemon_command), .name = "stuck", .execution = FASTDAEMON_INLINE, .run = run};

FIXTURE_CREATE
FIXTURE_COMMANDS(&command, &variable)
FIXTURE_ENTRY("stuck", )
