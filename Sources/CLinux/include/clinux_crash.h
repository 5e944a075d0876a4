/*
 * What a process leaves behind that a plugin's code ends: a file in shared memory which says what each thread was running, and what
 * the thread was running that crashed. The next start reads it.
 */
#ifndef CLINUX_CRASH_H
#define CLINUX_CRASH_H

#include <stddef.h>
#include <stdint.h>

/* What one thread runs: the place of a text in the file, or 0. In a cache line of its own. */
typedef struct clinux_crash_slot {
    volatile uint32_t text;
    uint32_t owner;
    /* Counts how often it began to run one: who sees the same number sees the same run. */
    volatile uint32_t entries;
    /* Whether the thread is an event loop, which is to come back from everything soon. */
    uint32_t is_loop;
    /* When an event loop last woke up, in nanoseconds of the monotonic clock. */
    volatile uint64_t round;
    char unused[40];
} clinux_crash_slot;

/* The calling thread's slot; NULL until it has one. */
extern _Thread_local clinux_crash_slot *clinux_own_crash_slot;

/* Gives the calling thread a slot, and a stack for its signal handlers. Where there is no file the slot is nobody's. */
clinux_crash_slot *clinux_claim_crash_slot(void);

/* Says that the calling thread is one of the daemon's, which runs nothing of a plugin's but between the two functions below. The
   first thread of a process is anyhow. */
void clinux_mark_daemon_thread(void);

/* Says that the calling thread is an event loop, before it runs any plugin's code: where the process is ended by a SIGABRT from
   outside, as a watchdog does, it may be to blame for what it did not come back from. */
void clinux_mark_loop_thread(void);

/* Notes that the calling event loop is awake, since `now`: of several that are stuck, the first is to blame. */
static inline void clinux_note_round(uint64_t now) {
    if (clinux_own_crash_slot) clinux_own_crash_slot->round = now;
}

/* Notes that the calling thread runs a plugin's code from now on. Returns what it ran before, which is to be handed back. */
static inline uint32_t clinux_enter_plugin(uint32_t text) {
    clinux_crash_slot *slot = clinux_own_crash_slot;
    if (!slot) slot = clinux_claim_crash_slot();
    uint32_t before = slot->text;
    slot->entries++;
    slot->text = text;
    return before;
}

/* Notes that it has come back. */
static inline void clinux_leave_plugin(uint32_t before) { clinux_own_crash_slot->text = before; }

/* Makes an opened, empty file the one of this process, for good, and has crashes noted in it: signals that a fault raises, and
   exit(3) in a plugin's code. What those did before they do after that. */
int clinux_crash_begin(int descriptor);

/* Has a process that keeps no such file hold back the same signals, and exit(3), until what is unsent was sent, for a tenth of a
   second at most: a worker, whose callers are to get what was written before a crash. Processes that handlers fork neither wait
   nor note anything. */
int clinux_crash_last_words(void);

/* There is so much more, or less, that was written and is about to be sent. From any thread. */
void clinux_add_unsent(int change);

/* Keeps a text in the file, once. Returns its place; 0 where there is no room, or no file. */
uint32_t clinux_crash_text(const void *bytes, size_t count);

/* Reads what a process left behind. Returns the length of the text that stands for what crashed, with its beginning in `text`, 0
   where nothing did; `*signal` is 0 for an exit, and negative where the process was ended by that signal because it hung there. */
int clinux_crash_read(int descriptor, int *signal, void *text, size_t capacity);

/* Takes the lock on a file without waiting, or fails with -EWOULDBLOCK where another process has it (flock(2)). */
int clinux_lock_file(int descriptor);

#endif
