/*
 * plugin_call - what one call of an inline handler costs in the plugin: the kit and the handler, without a daemon.
 *
 *     cc -O2 -I Sources/CFastDaemonPlugin/include -o plugin_call Tests/Benchmarks/plugin_call.c
 *     ./plugin_call .build/release/libEcho.so echo hello world
 *
 * Loads the library, and calls the command that the first word names, again and again, by a table of functions that do
 * next to nothing. Prints the nanoseconds of a call, as the least of several rounds, how many bytes it wrote, and how
 * often memory was asked for.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fastdaemon_plugin.h"

enum { ROUNDS = 10, CALLS = 1000000 };

/* Stands before the C library's own, for the plugin as well. */
extern void *__libc_malloc(size_t count);
static size_t allocations;

void *malloc(size_t count) {
    allocations++;
    return __libc_malloc(count);
}

static fastdaemon_bytes words[16];
static size_t word_count;
static size_t written;
static char output[65536];

static const fastdaemon_bytes *arguments(fastdaemon_call *call, size_t *count) {
    (void)call;
    *count = word_count;
    return words;
}

static int32_t read_nothing(fastdaemon_call *call, fastdaemon_bytes *piece, uint32_t flags) {
    (void)call, (void)piece, (void)flags;
    return 0;
}

static int64_t write_bytes(fastdaemon_call *call, uint32_t stream, const void *data, size_t count, uint32_t flags) {
    (void)call, (void)stream, (void)flags;
    memcpy(output, data, count < sizeof output ? count : sizeof output);
    written += count;
    return (int64_t)count;
}

static void set_error(fastdaemon_instance *instance, const char *text, size_t count) {
    (void)instance;
    fprintf(stderr, "plugin_call: the plugin says: %.*s\n", (int)count, text);
}

static const fastdaemon_host host = {
    .abi_version = FASTDAEMON_ABI_VERSION,
    .size = sizeof(fastdaemon_host),
    .arguments = arguments,
    .read = read_nothing,
    .write = write_bytes,
    .set_error = set_error,
};

static const fastdaemon_command *load(const char *path, const char *name) {
    void *image = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!image) {
        fprintf(stderr, "plugin_call: %s\n", dlerror());
        return NULL;
    }
    fastdaemon_plugin_entry_function entry;
    *(void **)&entry = dlsym(image, FASTDAEMON_PLUGIN_ENTRY_NAME);
    const fastdaemon_plugin *plugin = entry ? entry(FASTDAEMON_ABI_VERSION) : NULL;
    void *state = NULL;
    const fastdaemon_bytes options = {"{}", 2};
    const fastdaemon_command *const *list;
    size_t count;
    fastdaemon_instance *instance = (fastdaemon_instance *)&host; /* The plugin hands it back, and nobody reads it. */
    if (!plugin || plugin->create(plugin, &host, instance, options, &state) != 0 ||
        plugin->commands(state, &list, &count) != 0) {
        fprintf(stderr, "plugin_call: %s is no plugin, or does not start\n", path);
        return NULL;
    }
    for (size_t at = 0; at < count; at++) {
        if (strcmp(list[at]->name, name) == 0) return list[at];
    }
    fprintf(stderr, "plugin_call: %s has no command %s\n", path, name);
    return NULL;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 18) {
        fprintf(stderr, "usage: plugin_call LIBRARY COMMAND [WORD ...]\n");
        return 64;
    }
    for (int at = 2; at < argc; at++) words[word_count++] = (fastdaemon_bytes){argv[at], strlen(argv[at])};
    const fastdaemon_command *command = load(argv[1], argv[2]);
    if (!command) return 1;

    double least = 1e9;
    allocations = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        for (int call = 0; call < CALLS; call++) {
            if (command->run(&host, (fastdaemon_call *)&host, command->context) != 0) return 1;
        }
        double took = (seconds() - start) / CALLS;
        if (took < least) least = took;
    }
    size_t during = allocations;
    printf("%.1f ns a call, %zu bytes written by each, %.3f allocations by each\n", least * 1e9,
           written / ROUNDS / CALLS, (double)during / ROUNDS / CALLS);
    return 0;
}
