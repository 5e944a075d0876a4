/* A plugin that takes its time, and logs it: `create` waits until somebody opens the FIFO at GATE, and `destroy` for a third of a
   second. In a worker process, where it is tried out, it does neither. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

#ifndef GATE
#define GATE "/dev/null"
#endif

struct state {
    const fastdaemon_host *host;
    fastdaemon_instance *instance;
};

static int is_worker(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); }

static void say(const struct state *plugin, const char *text) {
    plugin->host->log(plugin->instance, NULL, FASTDAEMON_LOG_NOTICE, text, strlen(text));
}

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "alive\n");
    return 0;
}

static int32_t create(const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance,
                      fastdaemon_bytes options, void **state) {
    (void)self, (void)options;
    struct state *plugin = malloc(sizeof *plugin);
    *plugin = (struct state){host, instance};
    *state = plugin;
    if (is_worker()) return 0;
    say(plugin, "being created");
    close(open(GATE, O_RDONLY));
    return 0;
}

static void destroy(void *state) {
    struct timespec time = {0, 333000000};
    if (!is_worker()) {
        say(state, "being destroyed");
        nanosleep(&time, NULL);
        say(state, "destroyed");
    }
    free(state);
}

static const fastdaemon_command command = FIXTURE_COMMAND("alive", run);
FIXTURE_COMMANDS(&command)
FIXTURE_ENTRY("slow-life", .destroy = destroy)
