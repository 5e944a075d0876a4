// The yardstick for the forwarder's speed: what `fastdaemon_client SOCKET command ...` does, as plain C does it.
// It makes the same system calls for a short request; words that need quoting and long replies are left out.
//
//     cc -O2 -static -s -o client_reference_glibc client_reference.c
//
// and, where /usr/lib/$(uname -m)-linux-musl/libc.a exists (Debian's musl-dev),
//
//     musl=$(uname -m)-linux-musl
//     headers="-nostdinc -isystem $(cc -print-file-name=include) -isystem /usr/include/$musl"
//     cc -O2 -static -s $headers -nostdlib -o client_reference_musl client_reference.c /usr/lib/$musl/crt1.o /usr/lib/$musl/libc.a

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

enum { LONGEST_INPUT = 64 << 10, LONGEST_LINE = 4 << 10, LONGEST_REPLY = 64 << 10 };

static char input[LONGEST_INPUT];
static char line[LONGEST_LINE];
static unsigned char reply[LONGEST_REPLY];

static void fail(const char *what) {
    fprintf(stderr, "client_reference: %s: %s\n", what, errno == 0 ? "see its first lines" : strerror(errno));
    exit(69);
}

static size_t read_input(void) {
    struct termios settings;
    if (tcgetattr(STDIN_FILENO, &settings) == 0) {
        return 0;
    }
    size_t count = 0;
    ssize_t got;
    while (count < sizeof input && (got = read(STDIN_FILENO, input + count, sizeof input - count)) > 0) {
        count += (size_t)got;
    }
    return count;
}

static size_t join_words(char **words) {
    size_t count = 0;
    for (; *words != NULL; words++) {
        size_t length = strlen(*words);
        if (count + length + 1 > sizeof line) {
            fail("the words are too long");
        }
        if (count > 0) {
            line[count++] = ' ';
        }
        memcpy(line + count, *words, length);
        count += length;
    }
    return count;
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (opened < 0 || connect(opened, (struct sockaddr *)&address, sizeof address) < 0) {
        fail(path);
    }
    return opened;
}

static void send_record(int socket, size_t line_count, size_t input_count) {
    uint32_t counts[2] = {htonl((uint32_t)line_count), htonl((uint32_t)input_count)};
    struct iovec pieces[] = {{&counts[0], 4}, {line, line_count}, {&counts[1], 4}, {input, input_count}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 4};
    if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
        fail("send");
    }
}

static size_t string_at(size_t offset) {
    uint32_t count;
    memcpy(&count, reply + offset, sizeof count);
    return ntohl(count);
}

int main(int count, char **words) {
    if (count < 3) {
        fail("SOCKET command [argument ...] are missing");
    }
    size_t input_count = read_input();
    size_t line_count = join_words(words + 2);
    int socket = connect_to(words[1]);
    send_record(socket, line_count, input_count);

    size_t received = 0;
    while (received < 8 || received < 4 + string_at(0) + 4 + string_at(4 + string_at(0))) {
        ssize_t got = recv(socket, reply + received, sizeof reply - received, 0);
        if (got <= 0) {
            fail("the reply ended early");
        }
        received += (size_t)got;
    }
    size_t first = string_at(0);
    size_t second = string_at(4 + first);
    if (first > 0 && write(STDOUT_FILENO, reply + 4, first) < 0) {
        fail("standard output");
    }
    if (second > 0 && write(STDERR_FILENO, reply + 8 + first, second) < 0) {
        fail("standard error");
    }
    close(socket);
    return 0;
}
