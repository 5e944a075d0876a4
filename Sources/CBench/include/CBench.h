/*
 * What the load generator needs of Linux and Swift's Glibc module does not show: epoll with the choice of direction,
 * waits exact to the microsecond, the terminal's interrupt as a descriptor, a peer's process.
 *
 * Functions return 0 or more for success and -1, with errno set, for failure.
 */
#ifndef CBENCH_H
#define CBENCH_H

#include <stdint.h>
#include <sys/epoll.h>

/* Edge-triggered reading, and writing too where `writable` is not 0. The generator asks for writability only while a
   send is held up: it would otherwise be woken each time the daemon reads a request. */
int cbench_epoll_add(int epoll, int descriptor, uint32_t index, int writable);
int cbench_epoll_modify(int epoll, int descriptor, uint32_t index, int writable);

/* Waits up to `nanoseconds` for up to `capacity` events. An interruption counts as no event. */
int cbench_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds);

/* Ends this thread's waits when they are due; Linux otherwise allows itself 50 microseconds more. */
int cbench_exact_waits(void);

/* A descriptor that is readable once SIGINT or SIGTERM came, which no longer end the process. */
int cbench_interrupts(void);

/* The process at the other end of a connected Unix stream socket; 0 where the kernel does not know. */
int cbench_peer_process(int descriptor);

#endif
