/* The memory of this process. */
#ifndef CLINUX_MEMORY_H
#define CLINUX_MEMORY_H

/* Has the code of a library leave this process's memory, given its file name without a folder. Where it is run again, the kernel maps it
   again from the file's pages, which it has as long as there is memory for them. What is not loaded is passed over. */
void clinux_release_code(const char *library);

#endif
