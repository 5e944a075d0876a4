/* Starting the program that is to take this one's place. */
#ifndef CLINUX_SUCCESSOR_H
#define CLINUX_SUCCESSOR_H

/* Starts `program` in the same directory and on the same terminal, with this one's environment and `additions` to it
   ("NAME=value", ended by NULL). It inherits the standard streams and `descriptors`, under the same numbers. It is a child of this
   process or, where `is_sibling`, of this one's parent (which the first process of a container has none of: -EINVAL).
   Returns the process and stores a descriptor of it in `*watch`, or returns why it could not be started. */
int clinux_start_successor(
    const char *program, char *const arguments[], char *const additions[], const int *descriptors, int count, int is_sibling,
    int *watch);

/* Two connected stream sockets, non-blocking and close-on-exec. */
int clinux_channel(int ends[2]);

/* Takes note of the end of a process that was started so, without waiting. Returns 1 and stores its wait status, 0 where it has not
   ended, -ECHILD where it has, but how is known to none but its parent. */
int clinux_successor_end(int process, int watch, int *status);

/* Kills it. */
void clinux_kill_successor(int watch);

#endif
