/*
 * How many MiB a second a command copies from its standard input to its standard output, both of them pipes; see timer.h.
 *
 *     bulk_timer ROUNDS SECONDS COMMAND [ARGUMENT ...] [--- COMMAND [ARGUMENT ...]] ...
 *
 * It gets zeros for so many seconds, in writes of 64 KiB, and then the end of input. The time runs from before posix_spawn to
 * the end of its output. A command that fails, or that does not give back as many bytes as it got, ends the measurement with
 * status 1; so does one that does not end.
 */
#include "timer.h"

#include <pthread.h>
#include <signal.h>

enum { BLOCK = 64 << 10 };

static double seconds;
static int generator_end;
static size_t generated;

static void *generate(void *unused) {
    static const char zeros[BLOCK];
    sigset_t pipes;
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipes, NULL); /* Here alone: the commands would inherit it. */
    double end = microseconds() + seconds * 1e6;
    ssize_t count;
    generated = 0;
    do {
        count = write(generator_end, zeros, BLOCK);
        if (count > 0) generated += (size_t)count;
    } while (count > 0 && microseconds() < end);
    close(generator_end);
    return unused;
}

static size_t count_bytes(int descriptor) {
    static char block[BLOCK];
    size_t counted = 0;
    ssize_t count;
    while ((count = read(descriptor, block, BLOCK)) > 0) counted += (size_t)count;
    return counted;
}

static double copy(char **command) {
    int input[2], output[2];
    pthread_t generator;
    make_pipe(input);
    make_pipe(output);
    alarm((unsigned)seconds * 10 + 60); /* One that holds its input and its output would never end. */
    double begin = microseconds();
    pid_t process = start(command, input[0], output[1]);
    close(input[0]);
    close(output[1]);
    generator_end = input[1];
    if (pthread_create(&generator, NULL, generate, NULL) != 0) give_up(command[0], "no thread for its input");
    size_t counted = count_bytes(output[0]);
    double taken = microseconds() - begin;
    close(output[0]);
    pthread_join(generator, NULL);
    reap(process, command[0]);
    if (counted != generated) {
        char text[96];
        snprintf(text, sizeof text, "got %zu bytes and gave back %zu", generated, counted);
        give_up(command[0], text);
    }
    return (double)counted / (1 << 20) / (taken / 1e6);
}

int main(int count, char **arguments) {
    int rounds = count > 1 ? atoi(arguments[1]) : 0;
    seconds = count > 2 ? atof(arguments[2]) : 0;
    if (rounds < 1 || seconds <= 0 || count < 4) {
        fprintf(stderr, "usage: bulk_timer ROUNDS SECONDS COMMAND [ARGUMENT ...] [--- COMMAND [ARGUMENT ...]] ...\n");
        return 64;
    }
    measure_alternately(rounds, arguments + 3, copy);
    return 0;
}
