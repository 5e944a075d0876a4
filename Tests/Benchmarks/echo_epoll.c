/*
 * The reference of the ratios: an echo of the daemon's records that does nothing but that. One thread, edge-triggered
 * epoll, one recv and one send a batch; no checks but of lengths, no limits, no log. A reply's first string is the
 * request's standard input, or the words behind `echo ` and a line feed where there are some; its second is empty: the
 * bytes that the daemon answers to `echo`.
 *
 *     echo_epoll PATH|PORT ...        Unix socket paths and TCP ports on the loopback address
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTENERS = 8, EVENTS = 256, BUFFER = 256 << 10, MAXIMUM = 1 << 20 };

/* What a connection has of a record that is not whole yet, and of replies that the socket did not take. */
struct connection {
    int descriptor;
    int is_listener;
    char *input;
    size_t input_count;
    char *output;
    size_t output_count;
};

static char input[BUFFER + 2 * MAXIMUM + 8];
static char output[sizeof input];

static void die(const char *doing, const char *what) {
    fprintf(stderr, "echo_epoll: cannot %s %s: %s\n", doing, what, strerror(errno));
    exit(69);
}

static void watch(int epoll, struct connection *connection, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->descriptor, &event) != 0)
        die("watch", "a descriptor");
}

static int listen_at(const char *name) {
    char *end;
    long port = strtol(name, &end, 10);
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in internet = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int is_port = *name != 0 && *end == 0;
    int descriptor = socket(is_port ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (is_port) {
        int on = 1;
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        internet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (bind(descriptor, (struct sockaddr *)&internet, sizeof internet) != 0)
            die("bind", name);
    } else {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", name);
        unlink(name);
        if (bind(descriptor, (struct sockaddr *)&local, sizeof local) != 0)
            die("bind", name);
    }
    if (listen(descriptor, 511) != 0)
        die("listen on", name);
    return descriptor;
}

static void take_connections(int epoll, struct connection *listener) {
    for (;;) {
        int descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0)
            return;
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* does nothing to a Unix socket */
        struct connection *connection = calloc(1, sizeof *connection);
        connection->descriptor = descriptor;
        watch(epoll, connection, EPOLLIN | EPOLLRDHUP | EPOLLET, EPOLL_CTL_ADD);
    }
}

static void hang_up(struct connection *connection) {
    close(connection->descriptor);
    free(connection->input);
    free(connection->output);
    free(connection);
}

static uint32_t count_at(const char *bytes) {
    uint32_t count;
    memcpy(&count, bytes, sizeof count);
    return ntohl(count);
}

/* Writes a reply of `count` bytes, and of a line feed where `ends_line` is 1. Returns its length. */
static size_t put_reply(char *to, const char *bytes, uint32_t count, uint32_t ends_line) {
    uint32_t header = htonl(count + ends_line), none = 0;
    memcpy(to, &header, 4);
    memcpy(to + 4, bytes, count);
    to[4 + count] = '\n';
    memcpy(to + 4 + count + ends_line, &none, 4);
    return 8 + count + ends_line;
}

/* Answers all whole records of `count` bytes. Stores how many bytes of replies that made; returns how many of the
   bytes were used up, or -1 where a length is too large. */
static ptrdiff_t answer(const char *bytes, size_t count, size_t *made) {
    size_t used = 0;
    *made = 0;
    while (count - used >= 4) {
        const char *line = bytes + used + 4;
        uint32_t line_count = count_at(bytes + used);
        if (line_count > MAXIMUM)
            return -1;
        if (count - used < 8 + (size_t)line_count)
            break;
        uint32_t payload_count = count_at(line + line_count);
        if (payload_count > MAXIMUM)
            return -1;
        if (count - used < 8 + (size_t)line_count + payload_count)
            break;
        if (line_count > 5)
            *made += put_reply(output + *made, line + 5, line_count - 5, 1);
        else
            *made += put_reply(output + *made, line + line_count + 4, payload_count, 0);
        used += 8 + (size_t)line_count + payload_count;
    }
    return (ptrdiff_t)used;
}

/* Keeps `count` bytes behind those that are kept already. */
static void keep(char **kept, size_t *kept_count, const char *bytes, size_t count) {
    if (count == 0)
        return;
    *kept = realloc(*kept, *kept_count + count);
    memcpy(*kept + *kept_count, bytes, count);
    *kept_count += count;
}

/* Sends the replies in `output`, or keeps what the socket does not take. Returns 0 where the peer is gone. */
static int send_replies(int epoll, struct connection *connection, size_t count) {
    if (connection->output_count > 0) {
        keep(&connection->output, &connection->output_count, output, count);
        return 1;
    }
    ptrdiff_t sent = send(connection->descriptor, output, count, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        return 0;
    sent = sent < 0 ? 0 : sent;
    if ((size_t)sent < count) {
        keep(&connection->output, &connection->output_count, output + sent, count - (size_t)sent);
        watch(epoll, connection, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, EPOLL_CTL_MOD);
    }
    return 1;
}

static int send_kept(int epoll, struct connection *connection) {
    ptrdiff_t sent = send(connection->descriptor, connection->output, connection->output_count, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN;
    connection->output_count -= (size_t)sent;
    memmove(connection->output, connection->output + sent, connection->output_count);
    if (connection->output_count == 0)
        watch(epoll, connection, EPOLLIN | EPOLLRDHUP | EPOLLET, EPOLL_CTL_MOD);
    return 1;
}

/* Returns 0 where the connection is over. */
static int serve(int epoll, struct connection *connection, uint32_t events) {
    if ((events & EPOLLOUT) && connection->output_count > 0 && !send_kept(epoll, connection))
        return 0;
    for (;;) {
        size_t before = connection->input_count;
        if (before > 0)
            memcpy(input, connection->input, before);
        ptrdiff_t received = recv(connection->descriptor, input + before, BUFFER, 0);
        if (received <= 0)
            return received < 0 && errno == EAGAIN;
        size_t made;
        ptrdiff_t used = answer(input, before + (size_t)received, &made);
        if (used < 0)
            return 0;
        connection->input_count = 0;
        keep(&connection->input, &connection->input_count, input + used, before + (size_t)received - (size_t)used);
        if (made > 0 && !send_replies(epoll, connection, made))
            return 0;
        if (received < BUFFER && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
            return 1; /* drained: what comes later is an edge of its own */
    }
}

int main(int count, char **arguments) {
    struct connection listeners[LISTENERS] = {{0}};
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (count < 2 || count - 1 > LISTENERS) {
        fprintf(stderr, "usage: echo_epoll PATH|PORT ...\n");
        return 64;
    }
    for (int index = 0; index < count - 1; index++) {
        listeners[index].is_listener = 1;
        listeners[index].descriptor = listen_at(arguments[index + 1]);
        watch(epoll, &listeners[index], EPOLLIN, EPOLL_CTL_ADD);
    }
    fprintf(stderr, "listening\n");
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int index = 0; index < ready; index++) {
            struct connection *connection = events[index].data.ptr;
            if (connection->is_listener)
                take_connections(epoll, connection);
            else if (!serve(epoll, connection, events[index].events))
                hang_up(connection);
        }
    }
}
