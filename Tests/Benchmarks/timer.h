/*
 * timer.h - what the timers have in common: several commands are measured alternately, so that what else the machine does
 * hits all of them alike, and each gets a line with its median, and that divided by the median of the first.
 */
#ifndef TIMER_H
#define TIMER_H

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

/* Of CLOCK_MONOTONIC, which all processes share. */
static inline double microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static inline void give_up(const char *command, const char *what) {
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, command, what);
    exit(1);
}

/* A pipe that no command inherits but as one of its standard streams. */
static inline void make_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) < 0) give_up("pipe", strerror(errno));
}

/* Starts a command. A descriptor of -1 is /dev/null. */
static inline pid_t start(char **command, int input, int output) {
    pid_t process;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (input < 0)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    else
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (output < 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    else
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    int code = posix_spawnp(&process, command[0], &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) give_up(command[0], strerror(code));
    return process;
}

/* Waits until a command has ended; one that failed ends the measurement. */
static inline void reap(pid_t process, const char *command) {
    int status;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
    if (status != 0) {
        char text[64];
        snprintf(text, sizeof text, "failed with wait status %d", status);
        give_up(command, text);
    }
}

static inline int by_value(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

/*
 * Measures each command in `words`, which "---" divides, `rounds` times with `measure`, and prints what came of it.
 * `words` ends with NULL, as those of `main` do.
 */
static inline void measure_alternately(int rounds, char **words, double (*measure)(char **command)) {
    char **commands[COMMANDS] = {words};
    int count = 1;
    for (char **word = words; *word != NULL; word++) {
        if (strcmp(*word, "---") != 0) continue;
        *word = NULL;
        if (count == COMMANDS) give_up(word[1], "too many commands");
        commands[count++] = word + 1;
    }
    double *values = calloc((size_t)rounds * COMMANDS, sizeof *values);
    for (int round = -1; round < rounds; round++) /* the first fills the caches and is not counted */
        for (int index = 0; index < count; index++) {
            double value = measure(commands[index]);
            if (round >= 0) values[index * rounds + round] = value;
        }
    double reference = 0;
    for (int index = 0; index < count; index++) {
        qsort(values + index * rounds, (size_t)rounds, sizeof *values, by_value);
        double median = values[index * rounds + rounds / 2];
        reference = index == 0 ? median : reference;
        printf("%.1f %.3f %s\n", median, median / reference, commands[index][0]);
    }
    free(values);
}

#endif
