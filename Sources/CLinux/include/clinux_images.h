/* Where plugins' code is, for threads of which nothing else is known: the plugins' own. */
#ifndef CLINUX_IMAGES_H
#define CLINUX_IMAGES_H

#include <stdint.h>

/* Notes that the code of the image that a symbol is in stands for `text`. Images are never unloaded. Returns whether there was room. */
int clinux_note_image(const void *symbol, uint32_t text);

/* The text of an image whose code the calling thread runs, or called what it runs: 0 where there is none. `context` is what a signal
   handler was given; NULL elsewhere. Safe in a signal handler. */
uint32_t clinux_running_image(const void *context);

#endif
