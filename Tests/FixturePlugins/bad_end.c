/* A plugin that does not end well. `end crash` and `end hang` say what `destroy` does, `end work` leaves a function on the pool that
   does not return; after `end well` it ends as it should. */
#define _POSIX_C_SOURCE 200809L
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "fixture.h"

static char way[16];

static void hang(void *begun) {
    if (begun) sem_post(begun);
    struct timespec hour = {3600, 0};
    nanosleep(&hour, NULL);
}

static int hang_on_pool(const fastdaemon_host *host, fastdaemon_call *call) {
    static sem_t begun;
    sem_init(&begun, 0, 0);
    return host->run_on_pool(call, hang, &begun) == 0 && sem_wait(&begun) == 0;
}

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    snprintf(way, sizeof way, "%s", fixture_word(host, call, 1));
    if (strcmp(way, "work") == 0 && !hang_on_pool(host, call)) return 1;
    fixture_print(host, call, "so be it\n");
    return 0;
}

static void destroy(void *state) {
    (void)state;
    if (strcmp(way, "crash") == 0) abort();
    if (strcmp(way, "hang") == 0) hang(NULL);
}

static const fastdaemon_command command = FIXTURE_COMMAND("end", run);

FIXTURE_CREATE
FIXTURE_COMMANDS(&command)
FIXTURE_ENTRY("bad-end", .destroy = destroy)
