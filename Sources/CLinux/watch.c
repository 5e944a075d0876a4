#define _GNU_SOURCE
#include "clinux_watch.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

int clinux_watch_create(void) {
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return watch < 0 ? -errno : watch;
}

int clinux_watch_folder(int watch, const char *path) {
    uint32_t events = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF
                      | IN_MOVE_SELF | IN_ONLYDIR;
    int number = inotify_add_watch(watch, path, events);
    return number < 0 ? -errno : number;
}

void clinux_watch_forget(int watch, int number) { inotify_rm_watch(watch, number); }

int clinux_watch_read(int watch, void (*found)(void *context, int number, const char *name), void *context) {
    _Alignas(struct inotify_event) char buffer[16384];
    ssize_t count;
    do { count = read(watch, buffer, sizeof buffer); } while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    for (char *place = buffer; place < buffer + count;) {
        struct inotify_event *event = (struct inotify_event *)place;
        place += sizeof *event + event->len;
        if (event->mask & IN_IGNORED) continue;
        /* A file that was just made is not written yet. */
        if (event->mask & IN_CREATE && !(event->mask & IN_ISDIR)) continue;
        if (event->mask & IN_Q_OVERFLOW) found(context, -1, "");
        else found(context, event->wd, event->len ? event->name : "");
    }
    return 0;
}
