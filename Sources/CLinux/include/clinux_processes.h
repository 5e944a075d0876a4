/* Worker processes: starting one, watching over it, and what it does to itself; messages that carry descriptors. */
#ifndef CLINUX_PROCESSES_H
#define CLINUX_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts a program in a process group of its own, with every signal as it is by default and none blocked. Its descriptor i is
   `descriptors[i]`, or /dev/null where that is negative; it has no others. Returns the process, which is to be waited for by
   `clinux_process_end`. */
int clinux_spawn(const char *program, char *const arguments[], char *const environment[], const int *descriptors, int count);

/* A descriptor of a child that becomes readable when the child ends (pidfd_open(2)). */
int clinux_process_descriptor(int process);

/* Takes note of a child's end, by its descriptor. Returns 1 and stores either the signal or the status, the other being 0; 0
   where it has not ended. A child whose end somebody else took note of counts as killed. */
int clinux_process_end(int descriptor, int *signal, int *status);

/* Waits for the end of a process that was killed. */
void clinux_forget_process(int process);

/* Sends a signal to a process group. */
int clinux_signal_group(int group, int number);

/* Has the children of this process be waited for, whatever the process that started it had SIGCHLD do. */
void clinux_keep_children(void);

/* Whether processes whose parents have ended become children of this one: it is the first of a container. */
bool clinux_adopts_orphans(void);

/* Finds children that have ended and were not waited for. Returns how many there are in `numbers`. */
int clinux_dead_children(int *numbers, int capacity);

/* For a worker, before it loads anything: no new privileges, no core file, a larger share of blame than the daemon's where memory runs out, and
   an end to its whole process group when the thread that started it ends. -ESRCH where `parent` has ended already. */
int clinux_worker_begin(int parent);

/* The most bytes of data and the most descriptors that this process may have. The stacks of so many threads come on top. */
int clinux_worker_limit(uint64_t data, uint64_t threads, uint64_t descriptors);

/* Two connected Unix sockets, close-on-exec. A stream is non-blocking at both ends; messages are blocking. */
int clinux_socket_pair(bool stream, int ends[2]);

/* Sends one message, with a descriptor where `attached` is not negative. -EAGAIN where there is no room and `wait` is false. */
ptrdiff_t clinux_send_message(int socket, const void *data, size_t count, int attached, bool wait);

/* The next message, without waiting: its length, 0 at the end. `*attached` is the descriptor that came with it, or -1. */
ptrdiff_t clinux_receive_message(int socket, void *buffer, size_t capacity, int *attached);

/* Puts bytes into memory that has a descriptor but no name, sealed against any change. */
int clinux_sealed_bytes(const void *data, size_t count, const char *label);

/* How many bytes of memory a process has resident; 0 where that cannot be told. */
uint64_t clinux_resident_bytes(int process);

#endif
