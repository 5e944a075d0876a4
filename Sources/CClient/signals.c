#define _GNU_SOURCE
#include "cclient_session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

// The numbers of the protocol are Linux's (SessionProtocol.md, "Signals").
_Static_assert(SIGHUP == 1 && SIGINT == 2 && SIGQUIT == 3 && SIGTERM == 15 && SIGWINCH == 28, "numbers of signals");

enum { FRAME_BYTES = 9 };

static const int cancelling[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { CANCELLING = sizeof cancelling / sizeof cancelling[0] };

// What the handler and the program share. The handler runs with all of these signals blocked, so it never meets itself.
static volatile sig_atomic_t connection;
static volatile sig_atomic_t terminal_descriptor;
static volatile sig_atomic_t is_installed;
static volatile sig_atomic_t came_too_early; // a bit each
static volatile sig_atomic_t may_send;
static volatile sig_atomic_t first_signal;
static volatile sig_atomic_t cancel_is_pending;
static volatile sig_atomic_t resize_is_pending;

/// What is left of a frame of which the socket took only the beginning.
static uint8_t rest[FRAME_BYTES];
static volatile sig_atomic_t rest_count;

static void encode(int number, uint8_t *frame) {
    struct winsize size = {0};
    if (number == SIGWINCH) {
        ioctl(terminal_descriptor, TIOCGWINSZ, &size);
    }
    const uint8_t bytes[FRAME_BYTES] = {
        0x08, 0, 0, 5, (uint8_t)number,
        (uint8_t)(size.ws_col >> 8), (uint8_t)size.ws_col, (uint8_t)(size.ws_row >> 8), (uint8_t)size.ws_row,
    };
    memcpy(frame, bytes, FRAME_BYTES);
}

/// Returns whether nothing of it is left to be sent by the program: also where nobody is there to receive it.
static bool send_from_handler(int number) {
    enum { PATIENCE_IN_MILLISECONDS = 100 };
    uint8_t frame[FRAME_BYTES];
    encode(number, frame);
    for (int attempt = 0; attempt < 2; attempt++) {
        ssize_t sent = send(connection, frame, FRAME_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0 && sent < FRAME_BYTES) {
            rest_count = FRAME_BYTES - (int)sent;
            memcpy(rest, frame + sent, (size_t)rest_count);
            may_send = 0;
        }
        if (sent > 0 || errno != EAGAIN) {
            return true;
        }
        // The program may be about to wait for something else, so its turn could be long in coming.
        struct pollfd watched = {.fd = connection, .events = POLLOUT};
        poll(&watched, 1, PATIENCE_IN_MILLISECONDS);
    }
    return false;
}

static void end_by(int number) {
    signal(number, SIG_DFL);
    raise(number);
}

static void handle(int number) {
    int error = errno;
    if (!is_installed) {
        came_too_early |= 1 << number;
    } else if (number == SIGWINCH || number == SIGCONT) {
        // A terminal that changed while this was stopped told only those in its foreground.
        resize_is_pending = !(may_send && send_from_handler(SIGWINCH));
    } else if (first_signal != 0) {
        // It is blocked until this returns.
        end_by(number);
    } else {
        first_signal = number;
        cancel_is_pending = !(may_send && send_from_handler(number));
    }
    errno = error;
}

/// Returns whether the signal was ignored, and so still is.
static bool install(int number, const struct sigaction *action) {
    struct sigaction former;
    sigaction(number, action, &former);
    if (former.sa_handler == SIG_IGN) {
        sigaction(number, &former, NULL);
        return true;
    }
    return false;
}

void cclient_signals_forward(int socket, int terminal, cclient_terminal_size size) {
    struct sigaction action = {.sa_handler = handle};
    sigaddset(&action.sa_mask, SIGWINCH);
    sigaddset(&action.sa_mask, SIGCONT);
    for (int index = 0; index < CANCELLING; index++) {
        sigaddset(&action.sa_mask, cancelling[index]);
    }
    connection = socket;
    terminal_descriptor = terminal;
    int ignored = 0;
    for (int index = 0; index < CANCELLING; index++) {
        if (install(cancelling[index], &action)) {
            ignored |= 1 << cancelling[index];
        }
    }
    if (terminal >= 0) {
        install(SIGWINCH, &action);
        install(SIGCONT, &action);
        cclient_terminal_size now = size;
        cclient_is_terminal_of_size(terminal, &now);
        if (now.columns != size.columns || now.rows != size.rows) {
            resize_is_pending = 1;
        }
    }
    is_installed = 1;
    for (int index = 0; index < CANCELLING; index++) {
        if (came_too_early & ~ignored & 1 << cancelling[index]) {
            raise(cancelling[index]);
        }
    }
}

bool cclient_signals_are_pending(void) {
    return cancel_is_pending || resize_is_pending || rest_count > 0;
}

bool cclient_signals_release(void) {
    may_send = 1;
    return cclient_signals_are_pending();
}

void cclient_signals_hold(void) {
    may_send = 0;
}

size_t cclient_signals_take(uint8_t *frames) {
    size_t count = (size_t)rest_count;
    memcpy(frames, rest, count);
    rest_count = 0;
    // Each note is taken away before the signal is looked at: one that comes in between is sent twice rather than lost.
    if (cancel_is_pending) {
        cancel_is_pending = 0;
        encode(first_signal, frames + count);
        count += FRAME_BYTES;
    }
    if (resize_is_pending) {
        resize_is_pending = 0;
        encode(SIGWINCH, frames + count);
        count += FRAME_BYTES;
    }
    return count;
}

int cclient_forwarded_signal(void) {
    return first_signal;
}

void cclient_end_by_signal(int number) {
    // musl's `setrlimit` brings along what tells all threads of it, and this program has one.
    const struct {
        uint64_t current, most;
    } none = {0, 0};
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, &none, NULL);
    end_by(number);
}

static char last_words[512];
static size_t last_words_count;
static int last_status;

static void set_alarm(uint64_t milliseconds) {
    struct itimerval timer = {
        .it_value = {.tv_sec = (time_t)(milliseconds / 1000), .tv_usec = (suseconds_t)(milliseconds % 1000 * 1000)}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/// Where nobody reads standard error, the status still says it: what takes no bytes now is not written to, and a
/// terminal that takes only some of them is left when the alarm comes once more.
static void end_for_time(int number) {
    enum { PATIENCE_IN_MILLISECONDS = 100 };
    static volatile sig_atomic_t has_spoken;
    (void)number;
    struct pollfd watched = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (!has_spoken && poll(&watched, 1, 0) > 0 && watched.revents == POLLOUT) {
        has_spoken = 1;
        set_alarm(PATIENCE_IN_MILLISECONDS);
        ssize_t written = write(STDERR_FILENO, last_words, last_words_count);
        (void)written;
    }
    _exit(last_status);
}

void cclient_limit_time(uint64_t milliseconds, const void *text, size_t count, int status) {
    last_words_count = count < sizeof last_words ? count : sizeof last_words;
    memcpy(last_words, text, last_words_count);
    last_status = status;
    struct sigaction action = {.sa_handler = end_for_time, .sa_flags = SA_NODEFER};
    sigaction(SIGALRM, &action, NULL);
    set_alarm(milliseconds);
}

void cclient_lift_time_limit(void) {
    set_alarm(0);
    signal(SIGALRM, SIG_DFL);
}
