/* Threads: a pointer of their own, a working directory of their own. */
#ifndef CLINUX_THREADS_H
#define CLINUX_THREADS_H

#include <stdbool.h>
#include <stdint.h>

/* One pointer of the calling thread, NULL at first: which event loop or pool worker it is. */
void *clinux_thread_context(void);
void clinux_set_thread_context(void *context);

/* How many cores this process may run on. */
int clinux_core_count(void);

/* Starts a detached thread. */
int clinux_thread_start(void *(*body)(void *), void *argument);

/* Names the calling thread, for `ps` and debuggers: 15 bytes at most. */
void clinux_thread_set_name(const char *name);

/* Gives the calling thread a working directory and a umask of its own (unshare(CLONE_FS); needs no privilege). */
int clinux_thread_own_directory(void);
int clinux_thread_enter_directory(int descriptor, uint32_t umask);

/* The calling thread's number in the kernel; never 0. */
int clinux_thread_id(void);

void clinux_yield(void);

/* Suspends the calling thread, not the loop's: for the few threads that have nothing else to do. */
void clinux_sleep(int64_t nanoseconds);

/* Sleeps while `*word` is `expected` (futex). Wake-ups without a cause happen; the caller looks again. */
void clinux_wait_while(uint32_t *word, uint32_t expected);
void clinux_wake_one(uint32_t *word);
void clinux_wake_all(uint32_t *word);

static inline uint32_t clinux_load_acquire(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void clinux_add_release(uint32_t *word, uint32_t count) { __atomic_fetch_add(word, count, __ATOMIC_RELEASE); }
static inline void clinux_store_release(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

#endif
