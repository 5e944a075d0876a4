/*
 * How long the first output of a command is on its way, in microseconds; see timer.h. The command prints the nanoseconds of
 * CLOCK_MONOTONIC, as first_byte.c does; the time runs from there to the moment in which its first byte is read from a pipe.
 *
 *     first_byte_timer ROUNDS COMMAND [ARGUMENT ...] [--- COMMAND [ARGUMENT ...]] ...
 *
 * A command that fails, or prints something else, ends the measurement with status 1.
 */
#include "timer.h"

static double wait_for_output(char **command) {
    int output[2];
    char text[64];
    make_pipe(output);
    pid_t process = start(command, -1, output[1]);
    close(output[1]);

    ssize_t count = read(output[0], text, 1);
    double arrived = microseconds();
    size_t filled = 0;
    while (count > 0 && filled < sizeof text - 1) {
        filled += (size_t)count;
        count = read(output[0], text + filled, sizeof text - 1 - filled);
    }
    close(output[0]);
    reap(process, command[0]);

    char *end;
    text[filled] = 0;
    double printed = (double)strtoll(text, &end, 10) / 1e3;
    if (end == text || strcmp(end, "\n") != 0) give_up(command[0], "what it printed is no time");
    if (printed > arrived) give_up(command[0], "what it printed is a time that has not come");
    return arrived - printed;
}

int main(int count, char **arguments) {
    int rounds = count > 1 ? atoi(arguments[1]) : 0;
    if (rounds < 1 || count < 3) {
        fprintf(stderr, "usage: first_byte_timer ROUNDS COMMAND [ARGUMENT ...] [--- COMMAND [ARGUMENT ...]] ...\n");
        return 64;
    }
    measure_alternately(rounds, arguments + 2, wait_for_output);
    return 0;
}
