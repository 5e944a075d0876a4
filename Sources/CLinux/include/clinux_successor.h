/* Starting the program that is to take this one's place. */
#ifndef CLINUX_SUCCESSOR_H
#define CLINUX_SUCCESSOR_H

/* Starts `program` as a child of this process, in the same directory and on the same terminal, with this one's environment and
   `additions` to it ("NAME=value", ended by NULL). It inherits the standard streams and `descriptors`, under the same numbers.
   Returns the process, or why it could not be started. */
int clinux_start_successor(
    const char *program, char *const arguments[], char *const additions[], const int *descriptors, int count);

/* Two connected stream sockets, non-blocking and close-on-exec. */
int clinux_channel(int ends[2]);

/* Takes note of a child's end, without waiting. Returns 1 and stores its wait status, 0 where it has not ended, -ECHILD where
   there is no such child (any more). */
int clinux_child_end(int process, int *status);

#endif
