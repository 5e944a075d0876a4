/* A plugin whose handlers leave processes behind, or go on for ever. */
#include <signal.h>
#include <unistd.h>

#include "fixture.h"

/* A call that goes on until the process ends. */
static volatile sig_atomic_t goes_on = 1;

/* fork: forks a child that goes on without exec, with all that it has inherited. */
static int32_t run_fork(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    pid_t child = fork();
    while (child == 0 && goes_on) pause();
    fixture_print(host, call, "forked\n");
    return child < 0;
}

/* linger: goes on whatever happens to its caller. */
static int32_t run_linger(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "lingering\n");
    while (goes_on) pause();
    return 0;
}

/* lives: says that it does. */
static int32_t run_lives(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fixture_print(host, call, "alive\n");
    return 0;
}

static const fastdaemon_command forks = FIXTURE_COMMAND("fork", run_fork);
static const fastdaemon_command linger = FIXTURE_COMMAND("linger", run_linger);
static const fastdaemon_command lives = FIXTURE_COMMAND("lives", run_lives);

FIXTURE_CREATE
FIXTURE_COMMANDS(&forks, &linger, &lives)
FIXTURE_ENTRY("forking", )
