/*
 * How long a whole process takes, from before posix_spawn until it is reaped, in microseconds; see timer.h.
 *
 *     spawn_timer ROUNDS COMMAND [ARGUMENT ...] [--- COMMAND [ARGUMENT ...]] ...
 *
 * Standard output of the commands is thrown away. A command that fails ends the measurement with status 1.
 */
#include "timer.h"

static double run(char **command) {
    double begin = microseconds();
    reap(start(command, -1, -1), command[0]);
    return microseconds() - begin;
}

int main(int count, char **arguments) {
    int rounds = count > 1 ? atoi(arguments[1]) : 0;
    if (rounds < 1 || count < 3) {
        fprintf(stderr, "usage: spawn_timer ROUNDS COMMAND [ARGUMENT ...] [--- COMMAND [ARGUMENT ...]] ...\n");
        return 64;
    }
    measure_alternately(rounds, arguments + 2, run);
    return 0;
}
