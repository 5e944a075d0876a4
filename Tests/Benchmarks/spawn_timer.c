/*
 * How long a whole process takes, from before posix_spawn until it is reaped: of several commands, alternately, so that
 * what else the machine does hits all of them alike. Prints one line a command: its median in microseconds, and that
 * divided by the median of the first.
 *
 *     spawn_timer ROUNDS COMMAND [ARGUMENT ...] [--- COMMAND [ARGUMENT ...]] ...
 *
 * Standard output of the commands is thrown away. A command that fails ends the measurement with status 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { COMMANDS = 16 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double run(char **command, const posix_spawn_file_actions_t *actions) {
    pid_t process;
    int status;
    double start = now();
    int code = posix_spawn(&process, command[0], actions, NULL, command, environ);
    if (code != 0) {
        fprintf(stderr, "spawn_timer: cannot start %s: %s\n", command[0], strerror(code));
        exit(1);
    }
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        ;
    double taken = now() - start;
    if (status != 0) {
        fprintf(stderr, "spawn_timer: %s failed with wait status %d\n", command[0], status);
        exit(1);
    }
    return taken;
}

static int by_value(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
    char **commands[COMMANDS];
    int command_count = 0;
    int rounds = count > 1 ? atoi(arguments[1]) : 0;
    if (rounds < 1 || count < 3) {
        fprintf(stderr, "usage: spawn_timer ROUNDS COMMAND [ARGUMENT ...] [--- COMMAND [ARGUMENT ...]] ...\n");
        return 64;
    }
    commands[command_count++] = &arguments[2];
    for (int index = 2; index < count && command_count < COMMANDS; index++) {
        if (strcmp(arguments[index], "---") == 0) {
            arguments[index] = NULL;
            commands[command_count++] = &arguments[index + 1];
        }
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

    double *times = calloc((size_t)rounds * COMMANDS, sizeof *times);
    for (int round = -1; round < rounds; round++) /* the first fills the caches and is not counted */
        for (int index = 0; index < command_count; index++) {
            double taken = run(commands[index], &actions);
            if (round >= 0)
                times[index * rounds + round] = taken;
        }
    double reference = 0;
    for (int index = 0; index < command_count; index++) {
        qsort(times + index * rounds, (size_t)rounds, sizeof *times, by_value);
        double median = times[index * rounds + rounds / 2];
        reference = index == 0 ? median : reference;
        printf("%.1f %.3f %s\n", median, median / reference, commands[index][0]);
    }
    free(times);
    return 0;
}
