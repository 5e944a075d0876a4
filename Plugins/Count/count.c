/*
 * count - counts the lines, words and bytes of its input, as wc does: a handler in plain C.
 *
 * It runs on the pool ("concurrent"), where it may wait for its input.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fastdaemon_plugin.h"

struct counts {
    uint64_t lines, words, bytes;
    bool in_word;
};

/* What to print. */
struct choice {
    bool lines, words, bytes;
};

/* Whether a byte ends a word: the white space of the C locale, whatever locale the daemon runs in. */
static bool is_space(unsigned char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void count_piece(struct counts *counts, fastdaemon_bytes piece) {
    for (size_t at = 0; at < piece.count; at++) {
        unsigned char byte = (unsigned char)piece.data[at];
        bool space = is_space(byte);
        counts->lines += byte == '\n';
        counts->words += !space && !counts->in_word;
        counts->in_word = !space;
    }
    counts->bytes += piece.count;
}

/* Writes formatted text; the host's error, or 0 or more. */
static int64_t print(const fastdaemon_host *host, fastdaemon_call *call, uint32_t stream, const char *format, ...) {
    char text[512];
    va_list values;
    va_start(values, format);
    int count = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (count < 0) return FASTDAEMON_ERROR_MISUSE;
    size_t fits = (size_t)count < sizeof text ? (size_t)count : sizeof text - 1;
    return host->write(call, stream, text, fits, FASTDAEMON_MAY_WAIT);
}

/* Reads -l, -w and -c, alone or together; false, after saying so, where another word stands. */
static bool read_arguments(const fastdaemon_host *host, fastdaemon_call *call, struct choice *choice) {
    size_t count;
    const fastdaemon_bytes *words = host->arguments(call, &count);
    for (size_t at = 1; at < count; at++) {
        const char *word = words[at].data;
        if (word[0] != '-' || strspn(word + 1, "lwc") != words[at].count - 1 || words[at].count == 1) {
            print(host, call, FASTDAEMON_STANDARD_ERROR, "%.100s: \"%.200s\" is none of -l, -w and -c\n",
                  words[0].data, word);
            return false;
        }
        choice->lines |= strchr(word, 'l') != NULL;
        choice->words |= strchr(word, 'w') != NULL;
        choice->bytes |= strchr(word, 'c') != NULL;
    }
    if (!choice->lines && !choice->words && !choice->bytes) *choice = (struct choice){true, true, true};
    return true;
}

/* One number stands alone; several stand in columns of seven, as wc sets them for standard input. */
static int64_t print_counts(
    const fastdaemon_host *host, fastdaemon_call *call, struct choice choice, const struct counts *counts
) {
    const uint64_t numbers[] = {counts->lines, counts->words, counts->bytes};
    const bool chosen[] = {choice.lines, choice.words, choice.bytes};
    int width = choice.lines + choice.words + choice.bytes > 1 ? 7 : 1;
    char line[96];
    int end = 0;
    for (size_t at = 0; at < 3; at++) {
        if (!chosen[at]) continue;
        const char *space = end > 0 ? " " : "";
        unsigned long long number = numbers[at];
        end += snprintf(line + end, sizeof line - (size_t)end, "%s%*llu", space, width, number);
    }
    return print(host, call, FASTDAEMON_STANDARD_OUTPUT, "%s\n", line);
}

/* What a call ends with whose input or output was cut off: 130 as after Ctrl-C, 141 as after a closed pipe. */
static int32_t status_of(int64_t error) {
    return error == FASTDAEMON_ERROR_CANCELLED ? 130 : 141;
}

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    struct choice choice = {false, false, false};
    if (!read_arguments(host, call, &choice)) return 2;

    struct counts counts = {0, 0, 0, false};
    fastdaemon_bytes piece;
    int32_t answer;
    while ((answer = host->read(call, &piece, FASTDAEMON_MAY_WAIT)) > 0) count_piece(&counts, piece);
    if (answer < 0) return status_of(answer);

    int64_t written = print_counts(host, call, choice, &counts);
    return written < 0 ? status_of(written) : 0;
}

static const fastdaemon_command count = {
    .size = sizeof(fastdaemon_command),
    .name = "count",
    .summary = "counts the lines, words and bytes of its input",
    .usage = "count [-l] [-w] [-c]\n"
             "\n"
             "Counts standard input, and prints the numbers as wc(1) does: lines (-l),\n"
             "words (-w) and bytes (-c), in this order, or all three. A line is a line\n"
             "feed. A word is a run of bytes other than space, tab, line feed, vertical\n"
             "tab, form feed and carriage return, in every locale.",
    .execution = FASTDAEMON_CONCURRENT,
    .run = run,
};

static int32_t create(
    const fastdaemon_plugin *self, const fastdaemon_host *host, fastdaemon_instance *instance, fastdaemon_bytes options,
    void **state
) {
    (void)self, (void)host, (void)instance, (void)options;
    *state = NULL;
    return 0;
}

static int32_t list_commands(void *state, const fastdaemon_command *const **list, size_t *list_count) {
    static const fastdaemon_command *const all[] = {&count};
    (void)state;
    *list = all;
    *list_count = 1;
    return 0;
}

const fastdaemon_plugin *fastdaemon_plugin_entry(uint32_t host_abi_version) {
    static const fastdaemon_plugin plugin = {
        .abi_version = FASTDAEMON_ABI_VERSION,
        .size = sizeof(fastdaemon_plugin),
        .name = "count",
        .version = "1.0",
        .create = create,
        .commands = list_commands,
    };
    return host_abi_version >> 16 == FASTDAEMON_ABI_MAJOR ? &plugin : NULL;
}
