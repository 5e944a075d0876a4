/* `stuck PATH`, inline although it blocks: waits until somebody opens the FIFO at PATH for writing, and its event loop with it. `jam PATH` likewise.
   `crowd COUNT PATH` has so many functions wait likewise, each on a thread of the pool.
   `variable NAME` prints what the daemon's environment has under that name. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

/* The context is what the log says first. */
static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    fixture_log(host, call, context, getpid());
    int fifo = open(fixture_word(host, call, 1), O_RDONLY | O_CLOEXEC);
    if (fifo >= 0) close(fifo);
    fixture_print(host, call, "free\n");
    return 0;
}

struct crowd {
    const fastdaemon_host *host;
    fastdaemon_call *call;
    atomic_int left;
};

static void wait_in_crowd(void *user) {
    struct crowd *crowd = user;
    int fifo = open(fixture_word(crowd->host, crowd->call, 2), O_RDONLY | O_CLOEXEC);
    if (fifo >= 0) close(fifo);
    if (atomic_fetch_sub(&crowd->left, 1) > 1) return;
    fixture_print(crowd->host, crowd->call, "free\n");
    crowd->host->finish(crowd->call, 0);
    free(crowd);
}

static int32_t run_crowd(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    int count = atoi(fixture_word(host, call, 1));
    struct crowd *crowd = malloc(sizeof *crowd);
    crowd->host = host;
    crowd->call = call;
    atomic_init(&crowd->left, count);
    for (int i = 0; i < count; i++) host->run_on_pool(call, wait_in_crowd, crowd);
    fixture_print(host, call, "crowded\n");
    return FASTDAEMON_LATER;
}

static int32_t run_variable(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    const char *value = getenv(fixture_word(host, call, 1));
    fixture_print(host, call, value != NULL ? value : "not set");
    return 0;
}

static const fastdaemon_command variable = FIXTURE_COMMAND("variable", run_variable);
static const fastdaemon_command crowd = FIXTURE_COMMAND("crowd", run_crowd);
static const fastdaemon_command command = {
    .size = sizeof(fastdaemon_command), .name = "stuck", .execution = FASTDAEMON_INLINE, .context = "stuck in process", .run = run};

static const fastdaemon_command jam = {
    .size = sizeof(fastdaemon_command), .name = "jam", .execution = FASTDAEMON_INLINE, .context = "jammed in process", .run = run};

FIXTURE_CREATE
FIXTURE_COMMANDS(&command, &jam, &crowd, &variable)
FIXTURE_ENTRY("stuck", )
