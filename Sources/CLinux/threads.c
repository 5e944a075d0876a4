#define _GNU_SOURCE
#include "clinux_threads.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Thread_local void *thread_context;

void *clinux_thread_context(void) { return thread_context; }
void clinux_set_thread_context(void *context) { thread_context = context; }

int clinux_core_count(void) {
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) < 0 ? 1 : CPU_COUNT(&cores);
}

int clinux_thread_start(void *(*body)(void *), void *argument) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
    return -error;
}

void clinux_thread_set_name(const char *name) { pthread_setname_np(pthread_self(), name); }

int clinux_thread_own_directory(void) { return unshare(CLONE_FS) < 0 ? -errno : 0; }

int clinux_thread_enter_directory(int descriptor, uint32_t mask) {
    umask((mode_t)mask);
    return fchdir(descriptor) < 0 ? -errno : 0;
}

int clinux_thread_id(void) {
    static _Thread_local int id;
    if (id == 0) id = gettid();
    return id;
}

void clinux_yield(void) { sched_yield(); }

void clinux_sleep(int64_t nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    nanosleep(&time, NULL);
}

void clinux_wait_while(uint32_t *word, uint32_t expected) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void clinux_wake_all(uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

void clinux_wake_one(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }
