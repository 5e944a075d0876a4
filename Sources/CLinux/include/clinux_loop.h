/* Readiness, wake-ups, clocks and signals: what an event loop is made of. */
#ifndef CLINUX_LOOP_H
#define CLINUX_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* What epoll said of one descriptor: the token it was registered with, and EPOLL... flags. */
typedef struct clinux_event {
    uint64_t token;
    uint32_t flags;
} clinux_event;

extern const uint32_t clinux_readable;      /* EPOLLIN */
extern const uint32_t clinux_writable;      /* EPOLLOUT */
extern const uint32_t clinux_peer_finished; /* EPOLLRDHUP: the peer closed its sending half */
extern const uint32_t clinux_hang_up;       /* EPOLLHUP or EPOLLERR: nothing can be sent any more */

/* A new epoll instance, close-on-exec. */
int clinux_epoll_create(void);

/* Registers a descriptor, edge-triggered: readiness is told when it begins, once, and again when more comes. A connection
   is watched for what comes, and for hang-ups. */
int clinux_epoll_add_connection(int epoll, int descriptor, uint64_t token);

/* Has a connection that was registered watched for room to send, too. */
int clinux_epoll_watch_writing(int epoll, int descriptor, uint64_t token);

/* Likewise something that is only read. Of several loops that registered the same socket as `shared`, one is woken for an
   event, not all (EPOLLEXCLUSIVE). */
int clinux_epoll_add_source(int epoll, int descriptor, uint64_t token, bool shared);

int clinux_epoll_remove(int epoll, int descriptor);

/* Waits up to `nanoseconds` (negative: for ever) and stores up to `capacity` events, 256 at most. Returns how many. An
   interruption by a signal counts as no event. */
int clinux_epoll_wait(int epoll, clinux_event *events, int capacity, int64_t nanoseconds);

/* A descriptor that becomes readable, anew each time, at `clinux_wake`. Watched edge-triggered it need never be read. */
int clinux_wake_create(void);
void clinux_wake(int descriptor);

/* CLOCK_MONOTONIC, in nanoseconds. */
uint64_t clinux_now(void);

/* Has `number` write itself, as one byte, into `descriptor` (a non-blocking pipe) instead of ending the process. Handlers,
   unlike a blocked mask or an ignored signal, are not inherited by programs that a plugin starts. A signal that whoever
   started the process had it ignore stays ignored, as SIGINT is behind a shell's &; but not SIGHUP, which nohup(1) has ignored so
   that it ends nothing, and forwarded it ends nothing either. The third SIGTERM, SIGINT or SIGQUIT that is forwarded while nobody reads ends
   the process after all, with 128 + number for its status. */
int clinux_signal_forward(int number, int descriptor);

/* Reads a signal's number out of the pipe that they were forwarded to; 0 where there is none. */
int clinux_signal_read(int descriptor);

/* Has `number` do nothing, likewise without children inheriting it. */
int clinux_signal_swallow(int number);

#endif
