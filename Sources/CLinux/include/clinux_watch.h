/* Being told of changes in folders (inotify(7)). */
#ifndef CLINUX_WATCH_H
#define CLINUX_WATCH_H

#include <stddef.h>
#include <stdint.h>

/* A new inotify instance, non-blocking and close-on-exec. */
int clinux_watch_create(void);

/* Watches a folder for files in it that were written and closed, moved, removed or given other permissions. Returns the number of the watch; the
   same folder gives the same number again. */
int clinux_watch_folder(int watch, const char *path);

void clinux_watch_forget(int watch, int number);

/* Reads what is there, and calls `found` for each name that changed: with the number of the folder's watch, and "" where the
   folder itself went away, or with -1 where changes were lost. Returns 0, or -EAGAIN where there was nothing. */
int clinux_watch_read(int watch, void (*found)(void *context, int number, const char *name), void *context);

#endif
