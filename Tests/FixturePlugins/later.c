/* `later [STATUS]` says "later", and finishes from a thread of its own; `later-at-once` has finished before it says so;
   `later-pool` finishes from a thread of the host's pool. */
#include <pthread.h>
#include <stdlib.h>

#include "fixture.h"

struct pending {
    const fastdaemon_host *host;
    fastdaemon_call *call;
    int32_t status;
};

static struct pending *pending(const fastdaemon_host *host, fastdaemon_call *call) {
    size_t count;
    const fastdaemon_bytes *words = host->arguments(call, &count);
    struct pending *pending = malloc(sizeof *pending);
    *pending = (struct pending){host, call, count > 1 ? atoi(words[1].data) : 0};
    return pending;
}

static void end(void *user) {
    struct pending pending = *(struct pending *)user;
    free(user);
    fixture_print(pending.host, pending.call, "later\n");
    pending.host->finish(pending.call, pending.status);
}

static void *end_on_thread(void *user) {
    end(user);
    return NULL;
}

static int32_t run_later(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_on_thread, pending(host, call)) != 0) return 1;
    pthread_detach(thread);
    return FASTDAEMON_LATER;
}

static int32_t run_at_once(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    end(pending(host, call));
    return FASTDAEMON_LATER;
}

static int32_t run_pool(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    host->run_on_pool(call, end, pending(host, call));
    return FASTDAEMON_LATER;
}

static const fastdaemon_command later = FIXTURE_COMMAND("later", run_later);
static const fastdaemon_command at_once = FIXTURE_COMMAND("later-at-once", run_at_once);
static const fastdaemon_command pool = {
    .size = sizeof(fastdaemon_command), .name = "later-pool", .execution = FASTDAEMON_INLINE, .run = run_pool};

FIXTURE_CREATE
FIXTURE_COMMANDS(&later, &at_once, &pool)
FIXTURE_ENTRY("later", )
