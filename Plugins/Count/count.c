/*
 * count - counts the lines, words and bytes of its input or of files, as wc does: a handler in plain C.
 *
 * It runs on the pool ("concurrent"), where it may wait for its input, and where a relative path means the caller's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fastdaemon_plugin.h"

struct counts {
    uint64_t lines, words, bytes;
    bool in_word;
};

/* What to print, and of what: the words from `first_file` on. */
struct choice {
    bool lines, words, bytes;
    size_t first_file;
};

/* Whether a byte ends a word: the white space of the C locale, whatever locale the daemon runs in. */
static bool is_space(unsigned char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void count_piece(struct counts *counts, const char *data, size_t count) {
    for (size_t at = 0; at < count; at++) {
        unsigned char byte = (unsigned char)data[at];
        bool space = is_space(byte);
        counts->lines += byte == '\n';
        counts->words += !space && !counts->in_word;
        counts->in_word = !space;
    }
    counts->bytes += count;
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

/* Reads -l, -w and -c, alone or together, up to the first other word; false, after saying so, where an option is none. */
static bool read_options(
    const fastdaemon_host *host, fastdaemon_call *call, const fastdaemon_bytes *words, size_t count, struct choice *choice
) {
    size_t at = 1;
    for (; at < count && words[at].count > 1 && words[at].data[0] == '-'; at++) {
        const char *word = words[at].data;
        if (strcmp(word, "--") == 0) {
            at++;
            break;
        }
        if (strspn(word + 1, "lwc") != words[at].count - 1) {
            print(host, call, FASTDAEMON_STANDARD_ERROR, "%.100s: \"%.200s\" is none of -l, -w and -c\n",
                  words[0].data, word);
            return false;
        }
        choice->lines |= strchr(word, 'l') != NULL;
        choice->words |= strchr(word, 'w') != NULL;
        choice->bytes |= strchr(word, 'c') != NULL;
    }
    if (!choice->lines && !choice->words && !choice->bytes) choice->lines = choice->words = choice->bytes = true;
    choice->first_file = at;
    return true;
}

/* One number stands alone; several stand in columns of seven, as wc sets them for standard input. */
static int64_t print_counts(
    const fastdaemon_host *host, fastdaemon_call *call, struct choice choice, const struct counts *counts, const char *name
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
    return print(host, call, FASTDAEMON_STANDARD_OUTPUT, "%s%s%.400s\n", line, name[0] ? " " : "", name);
}

/* What a call ends with whose input or output was cut off: 128 and the signal's number, 130 as after Ctrl-C where it was no
   signal, 141 as after a closed pipe. */
static int32_t status_of(const fastdaemon_host *host, fastdaemon_call *call, int64_t error) {
    if (error != FASTDAEMON_ERROR_CANCELLED) return 141;
    int32_t signal = host->last_signal(call);
    return signal > 0 ? 128 + signal : 130;
}

/* Counts standard input. Returns 0, or the host's error. */
static int32_t count_input(const fastdaemon_host *host, fastdaemon_call *call, struct counts *counts) {
    fastdaemon_bytes piece;
    int32_t answer;
    while ((answer = host->read(call, &piece, FASTDAEMON_MAY_WAIT)) > 0) count_piece(counts, piece.data, piece.count);
    return answer;
}

/* Counts a file, a relative path being the caller's. Returns 0, the host's error where the call was cancelled, or an errno. */
static int32_t count_file(
    const fastdaemon_host *host, fastdaemon_call *call, const char *path, struct counts *counts
) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0) return errno;
    char piece[65536];
    ssize_t got;
    while ((got = read(file, piece, sizeof piece)) != 0) {
        if (got < 0 && errno != EINTR) break;
        if (got > 0) count_piece(counts, piece, (size_t)got);
        if (host->cancelled(call)) {
            close(file);
            return FASTDAEMON_ERROR_CANCELLED;
        }
    }
    int32_t result = got < 0 ? errno : 0;
    close(file);
    return result;
}

/* Counts each file, and all of them together where there are several. A file that cannot be read is told of, and the next is
   counted. */
static int32_t count_files(
    const fastdaemon_host *host, fastdaemon_call *call, const fastdaemon_bytes *words, size_t count, struct choice choice
) {
    struct counts total = {0, 0, 0, false};
    int32_t status = 0;
    for (size_t at = choice.first_file; at < count; at++) {
        const char *path = words[at].data;
        struct counts counts = {0, 0, 0, false};
        int32_t result =
            strcmp(path, "-") == 0 ? count_input(host, call, &counts) : count_file(host, call, path, &counts);
        int64_t written;
        if (result < 0) return status_of(host, call, result);
        if (result > 0) {
            char reason[128];
            written = print(host, call, FASTDAEMON_STANDARD_ERROR, "%.100s: %.300s: %s\n", words[0].data, path,
                            strerror_r(result, reason, sizeof reason));
            status = 1;
        } else {
            written = print_counts(host, call, choice, &counts, path);
            total.lines += counts.lines;
            total.words += counts.words;
            total.bytes += counts.bytes;
        }
        if (written < 0) return status_of(host, call, written);
    }
    if (count - choice.first_file > 1) {
        int64_t written = print_counts(host, call, choice, &total, "total");
        if (written < 0) return status_of(host, call, written);
    }
    return status;
}

static int32_t run(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    size_t word_count;
    const fastdaemon_bytes *words = host->arguments(call, &word_count);
    struct choice choice = {false, false, false, 0};
    if (!read_options(host, call, words, word_count, &choice)) return 2;
    if (choice.first_file < word_count) return count_files(host, call, words, word_count, choice);

    struct counts counts = {0, 0, 0, false};
    int32_t answer = count_input(host, call, &counts);
    if (answer < 0) return status_of(host, call, answer);
    int64_t written = print_counts(host, call, choice, &counts, "");
    return written < 0 ? status_of(host, call, written) : 0;
}

static const fastdaemon_command count = {
    .size = sizeof(fastdaemon_command),
    .name = "count",
    .summary = "counts the lines, words and bytes of its input or of files",
    .usage = "count [-l] [-w] [-c] [FILE ...]\n"
             "\n"
             "Counts each FILE, or standard input where there is none and where it is -,\n"
             "and prints the numbers as wc(1) does: lines (-l), words (-w) and bytes (-c),\n"
             "in this order, or all three. A line is a line feed. A word is a run of bytes\n"
             "other than space, tab, line feed, vertical tab, form feed and carriage return,\n"
             "in every locale.",
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
