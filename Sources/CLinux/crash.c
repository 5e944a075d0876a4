#define _GNU_SOURCE
#include "clinux_crash.h"

#include "clinux_images.h"
#include "clinux_loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { slot_count = 4096, text_capacity = 1 << 20, stack_size = 64 * 1024, magic = 0x66644352 };

/* A text is its length, then its bytes. */
typedef struct file {
    uint32_t magic;
    uint32_t crashed_text;
    uint32_t crashed_signal;
    uint32_t text_count;
    char unused[4080];
    clinux_crash_slot slots[slot_count];
    char texts[text_capacity];
} file;

static file *own;
static pthread_key_t thread_end;

/* Whether faults come to the handler below, which then needs a stack in each thread that runs a plugin's code. */
static int handles_faults;

/* The process whose crashes are noted. What a handler forks has a copy of all of this. */
static pid_t own_process;

/* How much was written by handlers that another thread is about to send. */
static int unsent;

_Thread_local clinux_crash_slot *clinux_own_crash_slot;

static _Thread_local int is_daemon_thread, is_loop_thread;

/* Where there is no file. */
static _Thread_local clinux_crash_slot nobodys;

static void release(void *stack) {
    clinux_crash_slot *slot = clinux_own_crash_slot;
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(stack, stack_size);
    slot->text = 0;
    slot->is_loop = 0;
    __atomic_store_n(&slot->owner, 0, __ATOMIC_RELEASE);
    clinux_own_crash_slot = NULL;
}

/* A blown stack has no room for a handler. */
static void give_stack(void) {
    stack_t current;
    if (sigaltstack(NULL, &current) < 0 || !(current.ss_flags & SS_DISABLE)) return;
    void *memory = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t stack = {.ss_sp = memory, .ss_size = stack_size};
    if (sigaltstack(&stack, NULL) == 0 && pthread_setspecific(thread_end, memory) == 0) return;
    munmap(memory, stack_size);
}

clinux_crash_slot *clinux_claim_crash_slot(void) {
    file *table = __atomic_load_n(&own, __ATOMIC_ACQUIRE);
    clinux_own_crash_slot = &nobodys;
    for (int i = 0; table && i < slot_count; i++) {
        uint32_t nobody = 0;
        if (!__atomic_compare_exchange_n(&table->slots[i].owner, &nobody, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) continue;
        clinux_own_crash_slot = &table->slots[i];
        clinux_own_crash_slot->is_loop = (uint32_t)is_loop_thread;
        clinux_own_crash_slot->round = clinux_now();
        break;
    }
    if (__atomic_load_n(&handles_faults, __ATOMIC_ACQUIRE)) give_stack();
    return clinux_own_crash_slot;
}

void clinux_mark_daemon_thread(void) { is_daemon_thread = 1; }

void clinux_mark_loop_thread(void) { is_loop_thread = 1; }

/* The first crash is the cause; others may follow from it. */
static void keep(uint32_t text, int number) {
    uint32_t nothing = 0;
    if (text == 0) return;
    if (__atomic_compare_exchange_n(&own->crashed_text, &nothing, text, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        own->crashed_signal = (uint32_t)number;
}

static void note(int number, const void *context) {
    if (!own || getpid() != own_process) return;
    clinux_crash_slot *slot = clinux_own_crash_slot;
    uint32_t text = slot ? slot->text : 0;
    /* A thread that a plugin made runs code of the plugin's own, also when it was called back before. */
    if (text == 0 && !is_daemon_thread && gettid() != own_process) text = clinux_running_image(context);
    keep(text, number);
}

/* Of the event loops that are still in what they ran when `entries` was taken, the one that did not come back for longest; NULL where
   there is none. */
static const clinux_crash_slot *stuck_loop(const uint32_t *entries) {
    const clinux_crash_slot *stuck = NULL;
    for (int i = 0; i < slot_count; i++) {
        const clinux_crash_slot *slot = &own->slots[i];
        /* One that this handler interrupts cannot go on. */
        if (!slot->is_loop || slot == clinux_own_crash_slot || !slot->text || slot->entries != entries[i]) continue;
        if (!stuck || slot->round < stuck->round) stuck = slot;
    }
    return stuck;
}

/* The process is ended from outside: notes what an event loop runs that does not come back from it. */
static void note_stuck_loop(int number) {
    enum { rounds = 20 };
    /* The thread's stack for signals may be small. Who sends the signal once more does not want to wait. */
    static uint32_t entries[slot_count];
    static int is_at_it;
    struct timespec pause = {0, 50000000};
    if (!own || getpid() != own_process || __atomic_exchange_n(&is_at_it, 1, __ATOMIC_RELAXED)) return;
    for (int i = 0; i < slot_count; i++) entries[i] = own->slots[i].entries;
    const clinux_crash_slot *stuck = stuck_loop(entries);
    for (int round = 0; stuck && round < rounds; round++) {
        nanosleep(&pause, NULL);
        stuck = stuck_loop(entries);
    }
    if (stuck) keep(stuck->text, -number);
}

void clinux_add_unsent(int change) { __atomic_add_fetch(&unsent, change, __ATOMIC_RELEASE); }

/* Lets what was written before reach its reader. The thread that sends it goes on meanwhile, unless it is what crashed, or waits for
   something that the crashed one holds. */
static void wait_until_sent(void) {
    if (getpid() != own_process) return;
    struct timespec pause = {0, 100000};
    for (int i = 0; i < 1000 && __atomic_load_n(&unsent, __ATOMIC_ACQUIRE) > 0; i++) nanosleep(&pause, NULL);
}

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
enum { fault_count = sizeof faults / sizeof faults[0] };
static struct sigaction earlier[fault_count];

static void fault(int number, siginfo_t *info, void *context) {
    int is_sent = info->si_code <= 0;
    wait_until_sent();
    if (is_sent && info->si_pid != getpid()) {
        /* What another process sends is nobody's fault here. It ends this one, as it would have without a handler: one that
           was there before may count on a fault that comes again. A watchdog has a reason, however. */
        if (number == SIGABRT) note_stuck_loop(number);
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    note(number, context);
    for (int i = 0; i < fault_count; i++) {
        if (faults[i] == number) sigaction(number, &earlier[i], NULL);
    }
    /* A fault comes again by itself, and then meets what was there before this handler. */
    if (is_sent) raise(number);
}

static void leaving(void) {
    wait_until_sent();
    note(0, NULL);
}

static int handle_faults(void) {
    int error = pthread_key_create(&thread_end, release);
    if (error) return -error;
    own_process = getpid();
    __atomic_store_n(&handles_faults, 1, __ATOMIC_RELEASE);
    struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    for (int i = 0; i < fault_count; i++) {
        if (sigaction(faults[i], &action, &earlier[i]) < 0) return -errno;
    }
    return atexit(leaving) == 0 ? 0 : -ENOMEM;
}

int clinux_crash_begin(int descriptor) {
    /* Where it had no room to grow into, a note of whose code runs would end the process (SIGBUS). */
    int error = posix_fallocate(descriptor, 0, sizeof(file));
    if (error) return -error;
    file *table = mmap(NULL, sizeof(file), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (table == MAP_FAILED) return -errno;
    table->magic = magic;
    /* Place 0 stands for nothing. */
    table->text_count = 4;
    __atomic_store_n(&own, table, __ATOMIC_RELEASE);
    return handle_faults();
}

int clinux_crash_last_words(void) { return handle_faults(); }

/* Where a text stands already, as after each reload; 0 where it does not. */
static uint32_t find_text(const void *bytes, uint32_t length) {
    uint32_t other;
    for (uint32_t place = 4; place < own->text_count; place += (uint32_t)sizeof other + other) {
        memcpy(&other, own->texts + place, sizeof other);
        if (other > text_capacity - place) break;
        if (other == length && memcmp(own->texts + place + sizeof other, bytes, length) == 0) return place;
    }
    return 0;
}

uint32_t clinux_crash_text(const void *bytes, size_t count) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    if (!own || count > text_capacity) return 0;
    uint32_t length = (uint32_t)count;
    pthread_mutex_lock(&lock);
    uint32_t place = find_text(bytes, length);
    if (place == 0 && own->text_count + sizeof length + length <= text_capacity) {
        place = own->text_count;
        memcpy(own->texts + place, &length, sizeof length);
        memcpy(own->texts + place + sizeof length, bytes, length);
        own->text_count += (uint32_t)sizeof length + length;
    }
    pthread_mutex_unlock(&lock);
    return place;
}

int clinux_crash_read(int descriptor, int *signal, void *text, size_t capacity) {
    struct stat found;
    if (fstat(descriptor, &found) < 0) return -errno;
    if ((size_t)found.st_size < sizeof(file)) return 0;
    const file *table = mmap(NULL, sizeof(file), PROT_READ, MAP_SHARED, descriptor, 0);
    if (table == MAP_FAILED) return -errno;
    uint32_t place = table->crashed_text, length = 0;
    if (table->magic == magic && place > 0 && place < text_capacity - sizeof length) {
        memcpy(&length, table->texts + place, sizeof length);
        size_t room = text_capacity - sizeof length - place;
        if (length > room) length = 0;
        memcpy(text, table->texts + place + sizeof length, length < capacity ? length : capacity);
        *signal = (int)table->crashed_signal;
    }
    munmap((void *)table, sizeof(file));
    return (int)length;
}

int clinux_lock_file(int descriptor) {
    return flock(descriptor, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}
