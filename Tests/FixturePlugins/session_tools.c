/* Commands that sessions are tried with: what they read, write, and end with. Each says below what it does. A gate is a FIFO:
   who waits at it goes on when a test has opened it for writing, whether the call was cancelled meanwhile or not. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

static int64_t print(const fastdaemon_host *host, fastdaemon_call *call, uint32_t stream, const char *text) {
    return host->write(call, stream, text, strlen(text), FASTDAEMON_MAY_WAIT);
}

/* Says that it is there, and waits at the gate. No gate is open. */
static void wait_at_gate(const fastdaemon_host *host, fastdaemon_call *call, const char *gate) {
    if (!*gate) return;
    print(host, call, FASTDAEMON_STANDARD_OUTPUT, "at the gate\n");
    int descriptor = open(gate, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fixture_log(host, call, "there is no gate", 0);
    else close(descriptor);
}

/* exit NUMBER: ends with it. */
static int32_t run_exit(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    return (int32_t)atol(fixture_word(host, call, 1));
}

/* words: writes each of its words, and a zero byte after it. */
static int32_t run_words(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    size_t count;
    const fastdaemon_bytes *words = host->arguments(call, &count);
    for (size_t at = 0; at < count; at++) {
        host->write(call, FASTDAEMON_STANDARD_OUTPUT, words[at].data, words[at].count + 1, FASTDAEMON_MAY_WAIT);
    }
    return 0;
}

/* cat: copies its input, and logs why it stopped where that was not the end of input. */
static int32_t run_cat(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fastdaemon_bytes piece;
    int32_t answer;
    while ((answer = host->read(call, &piece, FASTDAEMON_MAY_WAIT)) > 0) {
        int64_t written = host->write(call, FASTDAEMON_STANDARD_OUTPUT, piece.data, piece.count, FASTDAEMON_MAY_WAIT);
        if (written < 0) {
            fixture_log(host, call, "cat stopped writing", written);
            return 2;
        }
    }
    if (answer == 0) return 0;
    fixture_log(host, call, "cat stopped reading", answer);
    return 1;
}

/* head1 [GATE]: reads once, after the gate is open, and writes what it read. */
static int32_t run_head1(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    wait_at_gate(host, call, fixture_word(host, call, 1));
    fastdaemon_bytes piece;
    if (host->read(call, &piece, FASTDAEMON_MAY_WAIT) <= 0) return 1;
    host->write(call, FASTDAEMON_STANDARD_OUTPUT, piece.data, piece.count, FASTDAEMON_MAY_WAIT);
    return 0;
}

/* sip GATE: reads half a mebibyte, waits at the gate, and reads the rest; prints how many bytes there were in all. */
static int32_t run_sip(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    fastdaemon_bytes piece;
    int32_t answer = 1;
    unsigned long long total = 0;
    while (total < 512 * 1024 && (answer = host->read(call, &piece, FASTDAEMON_MAY_WAIT)) > 0) total += piece.count;
    wait_at_gate(host, call, fixture_word(host, call, 1));
    while (answer > 0 && (answer = host->read(call, &piece, FASTDAEMON_MAY_WAIT)) > 0) total += piece.count;
    char line[32];
    snprintf(line, sizeof line, "%llu\n", total);
    print(host, call, FASTDAEMON_STANDARD_OUTPUT, line);
    return answer == 0 ? 0 : 1;
}

/* flood NUMBER: writes that many bytes, 64 KiB of 0 to 255 over and over, and logs how many were taken where it was stopped. */
static int32_t run_flood(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    char block[65536];
    for (size_t at = 0; at < sizeof block; at++) block[at] = (char)at;
    long long wanted = atoll(fixture_word(host, call, 1)), written = 0;
    while (written < wanted) {
        size_t count = wanted - written < (long long)sizeof block ? (size_t)(wanted - written) : sizeof block;
        if (host->write(call, FASTDAEMON_STANDARD_OUTPUT, block, count, FASTDAEMON_MAY_WAIT) < 0) {
            fixture_log(host, call, "flood stopped after", written);
            return 1;
        }
        written += (long long)count;
    }
    return 0;
}

/* weave NUMBER: writes so many lines, in turn to output and to error. */
static int32_t run_weave(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    long lines = atol(fixture_word(host, call, 1));
    for (long at = 0; at < lines; at++) {
        char line[32];
        snprintf(line, sizeof line, "%ld\n", at);
        print(host, call, at % 2 == 0 ? FASTDAEMON_STANDARD_OUTPUT : FASTDAEMON_STANDARD_ERROR, line);
    }
    return 0;
}

/* chorus NUMBER: two threads write that many bytes at once each, the one all "a", the other all "b". */
struct voice {
    const fastdaemon_host *host;
    fastdaemon_call *call;
    size_t count;
    char letter;
};

static void *sing(void *user) {
    struct voice *voice = user;
    char *bytes = malloc(voice->count);
    memset(bytes, voice->letter, voice->count);
    int64_t taken =
        voice->host->write(voice->call, FASTDAEMON_STANDARD_OUTPUT, bytes, voice->count, FASTDAEMON_MAY_WAIT);
    free(bytes);
    return taken == (int64_t)voice->count ? user : NULL;
}

static int32_t run_chorus(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    size_t count = (size_t)atol(fixture_word(host, call, 1));
    struct voice voices[] = {{host, call, count, 'a'}, {host, call, count, 'b'}};
    pthread_t other;
    void *result = NULL;
    if (pthread_create(&other, NULL, sing, &voices[1]) != 0) return 1;
    int is_whole = sing(&voices[0]) != NULL;
    pthread_join(other, &result);
    return is_whole && result ? 0 : 1;
}

/* deaf GATE: waits at the gate whatever it is told; logs and prints for which reason it was cancelled before. */
static int32_t run_deaf(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    wait_at_gate(host, call, fixture_word(host, call, 1));
    fixture_log(host, call, "deaf was cancelled for reason", host->cancelled(call));
    print(host, call, FASTDAEMON_STANDARD_OUTPUT, "deaf is done\n");
    return 0;
}

/* show PATH: writes the file at a path, which may be relative. */
static int32_t run_show(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    char block[4096];
    int descriptor = open(fixture_word(host, call, 1), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 1;
    ssize_t count;
    while ((count = read(descriptor, block, sizeof block)) > 0) {
        host->write(call, FASTDAEMON_STANDARD_OUTPUT, block, (size_t)count, FASTDAEMON_MAY_WAIT);
    }
    close(descriptor);
    return count < 0 ? 1 : 0;
}

/* touch PATH: makes an empty file at a path, which may be relative. */
static int32_t run_touch(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    int descriptor = open(fixture_word(host, call, 1), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return 1;
    close(descriptor);
    return 0;
}

/* env NAME: prints the value of a variable of the caller's. */
static int32_t run_env(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    const char *name = fixture_word(host, call, 1);
    size_t length = strlen(name), count;
    const fastdaemon_bytes *strings = host->environment(call, &count);
    for (size_t at = 0; at < count; at++) {
        if (strings[at].count <= length || strings[at].data[length] != '=') continue;
        if (memcmp(strings[at].data, name, length) != 0) continue;
        print(host, call, FASTDAEMON_STANDARD_OUTPUT, strings[at].data + length + 1);
        print(host, call, FASTDAEMON_STANDARD_OUTPUT, "\n");
        return 0;
    }
    return 1;
}

static const fastdaemon_command exit_command = FIXTURE_COMMAND("exit", run_exit);
static const fastdaemon_command words_command = FIXTURE_COMMAND("words", run_words);
static const fastdaemon_command cat_command = FIXTURE_COMMAND("cat", run_cat);
static const fastdaemon_command head1_command = FIXTURE_COMMAND("head1", run_head1);
static const fastdaemon_command sip_command = FIXTURE_COMMAND("sip", run_sip);
static const fastdaemon_command flood_command = FIXTURE_COMMAND("flood", run_flood);
static const fastdaemon_command weave_command = FIXTURE_COMMAND("weave", run_weave);
static const fastdaemon_command chorus_command = FIXTURE_COMMAND("chorus", run_chorus);
static const fastdaemon_command deaf_command = FIXTURE_COMMAND("deaf", run_deaf);
static const fastdaemon_command show_command = FIXTURE_COMMAND("show", run_show);
static const fastdaemon_command touch_command = FIXTURE_COMMAND("touch", run_touch);
static const fastdaemon_command env_command = FIXTURE_COMMAND("env", run_env);

FIXTURE_CREATE
FIXTURE_COMMANDS(
    &exit_command, &words_command, &cat_command, &head1_command, &sip_command, &flood_command, &weave_command,
    &chorus_command, &deaf_command, &show_command, &touch_command, &env_command
)
FIXTURE_ENTRY("session-tools", )
