/* A plugin that takes its time, and logs it: `create` waits until somebody opens the FIFO at GATE, and `destroy` for a third of a
   second. In a worker process, where it is tried out, it does neither. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
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

/* By the words that it was started with: whatever else a worker has, whoever starts a daemon may give that, too. */
static int is_worker(void) {
    char words[64];
    int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t count = read(file, words, sizeof words);
    close(file);
    return count > 0 && memmem(words, (size_t)count, "\0--worker", sizeof "\0--worker") != NULL;
}

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
