/*
 * How long a daemon takes from before posix_spawn until it has answered its first request, in microseconds; see timer.h.
 *
 *     start_timer ROUNDS SOCKET COMMAND [ARGUMENT ...]
 *
 * The request is the record `echo hi`, asked for at SOCKET again and again until somebody listens there. The daemon is
 * then told to stop by SIGTERM, and must end with status 0.
 */
#include "timer.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};

/* Returns whether a record came back. */
static int ask(void) {
    static const char request[] = "\0\0\0\7echo hi\0\0\0\0", reply[] = "\0\0\0\3hi\n\0\0\0\0";
    char bytes[sizeof reply];
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int is_answered = connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0 &&
                      write(descriptor, request, sizeof request - 1) == sizeof request - 1 &&
                      recv(descriptor, bytes, sizeof reply - 1, MSG_WAITALL) == sizeof reply - 1;
    if (is_answered && memcmp(bytes, reply, sizeof reply - 1) != 0) give_up("echo hi", "the reply is another");
    close(descriptor);
    return is_answered;
}

static double run(char **command) {
    unlink(address.sun_path);
    double begin = microseconds();
    pid_t process = start(command, -1, -1);
    while (!ask()) {
        if (microseconds() - begin > 1e7) give_up(command[0], "nothing was answered within 10 s");
        usleep(100);
    }
    double end = microseconds();
    kill(process, SIGTERM);
    reap(process, command[0]);
    return end - begin;
}

int main(int count, char **arguments) {
    int rounds = count > 1 ? atoi(arguments[1]) : 0;
    if (rounds < 1 || count < 4 || strlen(arguments[2]) >= sizeof address.sun_path) {
        fprintf(stderr, "usage: start_timer ROUNDS SOCKET COMMAND [ARGUMENT ...]\n");
        return 64;
    }
    strcpy(address.sun_path, arguments[2]);
    measure_alternately(rounds, arguments + 3, run);
    return 0;
}
