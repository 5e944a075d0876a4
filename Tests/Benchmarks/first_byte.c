/*
 * What writes the time and then sleeps, so that it can be told how long its output was on its way: a plugin with a
 * command `first_byte`, and for the reference a program that does the same. One source for both:
 *
 *     cc -O2 -shared -fPIC -I Sources/CFastDaemonPlugin/include -I Tests/FixturePlugins -o libFirstByte.so first_byte.c
 *     cc -O2 -I Sources/CFastDaemonPlugin/include -I Tests/FixturePlugins -o first_byte first_byte.c
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

enum { SLEEP_MILLISECONDS = 20 };

/* Nanoseconds of CLOCK_MONOTONIC, and a line feed. */
static size_t print_time(char *text, size_t count) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (size_t)snprintf(text, count, "%lld\n", (long long)now.tv_sec * 1000000000 + now.tv_nsec);
}

static void sleep_a_while(void) {
    nanosleep(&(struct timespec){.tv_nsec = SLEEP_MILLISECONDS * 1000000}, NULL);
}

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    char text[32];
    (void)context;
    size_t count = print_time(text, sizeof text);
    if (host->write(call, FASTDAEMON_STANDARD_OUTPUT, text, count, FASTDAEMON_MAY_WAIT) < 0) return 1;
    sleep_a_while();
    return 0;
}

static const fastdaemon_command command = FIXTURE_COMMAND("first_byte", run);

FIXTURE_CREATE
FIXTURE_COMMANDS(&command)
FIXTURE_ENTRY("first_byte", )

int main(void) {
    char text[32];
    size_t count = print_time(text, sizeof text);
    if (write(STDOUT_FILENO, text, count) < 0) return 1;
    sleep_a_while();
    return 0;
}
