/*
 * fastdaemon_plugin.h - what a fastdaemon plugin and its host promise each other.
 *
 * A plugin is a shared library that exports one function, `fastdaemon_plugin_entry`. The host calls it once after
 * loading the library and reads the descriptor it returns; everything else is reached from there.
 *
 *     host                                     plugin
 *     ----                                     ------
 *     fastdaemon_plugin_entry(version)    ->   a static descriptor
 *     create(host, instance, options)     ->   the plugin's own state
 *     commands(state)                     ->   what it serves; may depend on the options
 *     run(host, call, context)            ->   an exit status, or FASTDAEMON_LATER        (many times, many threads)
 *     destroy(state)                           after the last call has ended
 *
 * How to read the comments. A function says which threads may call it:
 *
 *     [loading]      The host calls it from one thread, before any call runs or after the last one ended.
 *     [call]         Called with a `fastdaemon_call`: from the thread that runs the call, and from any other thread to
 *                    which the plugin gave the call, one at a time unless marked otherwise, until the call ended.
 *     [any-thread]   From any thread, at any time between `create` and the end of `destroy`.
 *
 * A call has ended when `run` returned anything but FASTDAEMON_LATER, or when `finish` was called. After that the
 * `fastdaemon_call` and everything reached through it are gone.
 *
 * Bytes are bytes: no function here requires or adds a terminating zero unless it says so. Text that people read
 * (names, summaries, log lines, error texts) is UTF-8.
 *
 * Growth. Every struct that crosses the border begins with its own size, and new members only ever come at the end:
 * whoever reads a struct checks `size` before it reads a member that version 1.0 did not have. A new minor version adds
 * members or flags; what needs more than that is a named extension first. A new major version is another promise, and
 * a host refuses a plugin of another major version.
 */
#ifndef FASTDAEMON_PLUGIN_H
#define FASTDAEMON_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header, and the same in one number: major in the upper 16 bits, minor in the lower. */
#define FASTDAEMON_ABI_MAJOR 1u
#define FASTDAEMON_ABI_MINOR 0u
#define FASTDAEMON_ABI_VERSION 0x00010000u

/* Marks the one function that a plugin exports, also where a library is compiled with hidden symbols. */
#if defined(__GNUC__)
#define FASTDAEMON_EXPORT __attribute__((visibility("default")))
#else
#define FASTDAEMON_EXPORT
#endif

typedef struct fastdaemon_host fastdaemon_host;           /* the host's services, below */
typedef struct fastdaemon_instance fastdaemon_instance;   /* the host's own record of one loaded plugin: opaque */
typedef struct fastdaemon_call fastdaemon_call;           /* the host's own record of one call: opaque */

/* A run of bytes that somebody else owns. `data` may be NULL where `count` is 0. The one struct that never grows. */
typedef struct fastdaemon_bytes {
    const char *data;
    size_t count;
} fastdaemon_bytes;

/* ------------------------------------------------------------------------------------------------ results ---- */

/*
 * What functions of the host answer: 0 or more for success, as each one says, or one of these.
 * A plugin treats a negative value that it does not know like FASTDAEMON_ERROR_CLOSED.
 */
enum {
    FASTDAEMON_ERROR_AGAIN = -1,     /* Nothing can be read, or taken, without waiting; see `notify`. */
    FASTDAEMON_ERROR_CANCELLED = -2, /* The call was cancelled while this waited, or before it would have had to. */
    FASTDAEMON_ERROR_CLOSED = -3,    /* The caller is gone or closed this stream; more writing is of no use. */
    FASTDAEMON_ERROR_LIMIT = -4,     /* The host's limit on output is reached; nothing of this was taken. */
    FASTDAEMON_ERROR_MISUSE = -5     /* The arguments are not of this function's form: a fault of the plugin. */
};

/*
 * What `run` returns instead of an exit status when the call goes on after it returned. The plugin then owes exactly
 * one `finish`, from any thread. Exit statuses are 0 to 255; any other value counts as 255 and is logged.
 */
#define FASTDAEMON_LATER INT32_MIN

/* ------------------------------------------------------------------------------------------------ commands --- */

/* Where the host runs a command, unless its config says otherwise. */
enum {
    FASTDAEMON_CONCURRENT = 0, /* On a thread of the host's pool; may block. What most commands want. */
    FASTDAEMON_INLINE = 1,     /* On the host's I/O loop itself: the fastest, for handlers that never block or wait. */
    FASTDAEMON_PROCESS = 2     /* In a worker process that loads the same library; may block, and may crash. */
};

/* When the host calls an inline command; the other classes are called at once and pull their input. */
enum {
    FASTDAEMON_INPUT_WHOLE = 0,      /* Once all of its input is there (up to the host's limit on a record). All of it is
                                        taken from the caller, so a command that does not read wants the other. */
    FASTDAEMON_INPUT_AS_IT_COMES = 1 /* At once: `read` answers FASTDAEMON_ERROR_AGAIN where it would wait, and
                                        `notify` says when there is more. Only then is input asked of the caller. */
};

/*
 * One command. Owned by the plugin, and unchanged from `commands` until `destroy`.
 */
typedef struct fastdaemon_command {
    size_t size; /* sizeof(fastdaemon_command) */

    /* The word that calls it: 1 to 255 bytes of UTF-8 without spaces or control characters. Zero-terminated. */
    const char *name;

    /* One line for the list of commands. Zero-terminated, may be NULL. */
    const char *summary;

    /* What `help NAME` shows below the summary, as many lines as it needs. Zero-terminated, may be NULL. */
    const char *usage;

    uint32_t execution; /* FASTDAEMON_CONCURRENT, _INLINE or _PROCESS */
    uint32_t input;     /* FASTDAEMON_INPUT_WHOLE or _AS_IT_COMES */

    /*
     * Runs one call: returns its exit status, or FASTDAEMON_LATER. Many calls run at the same time, on many threads:
     * inline ones on every I/O loop, concurrent ones on the pool. Must not let a C++ exception out.
     */
    int32_t (*run)(const fastdaemon_host *host, fastdaemon_call *call, void *context);

    /* Handed to `run` as it stands here. The host never looks into it. */
    void *context;
} fastdaemon_command;

/* ------------------------------------------------------------------------------------------------ the plugin - */

/*
 * What a library hands out. Static: unchanged for the life of the process.
 */
typedef struct fastdaemon_plugin {
    uint32_t abi_version; /* FASTDAEMON_ABI_VERSION, as the plugin was compiled */
    uint32_t concurrency; /* The most concurrent calls that the plugin can bear at the same time; 1 for code that is
                             not made for threads, 0 for no bound of its own. The config can only lower it. Inline
                             commands are not counted: they run on every I/O loop at once. */
    size_t size;          /* sizeof(fastdaemon_plugin) */

    /* What the plugin is called where the config gives no name of its own. As a command's name. */
    const char *name;

    /* The plugin's own version, for people: any one line. Zero-terminated. */
    const char *version;

    /*
     * [loading] Makes one plugin out of the library; a library that is listed twice in the config is created twice,
     * each with options of its own. `self` is this descriptor. `instance` is the host's handle of the new plugin, valid
     * until `destroy` returned. `options` is the config's `options` value as JSON text, `{}` where there is none; it is
     * the host's, and valid until `create` returned. Returns 0 and stores the plugin's state (NULL is fine) in
     * `*state`; or returns anything else, after saying why with `set_error`, and is then never destroyed.
     */
    int32_t (*create)(const struct fastdaemon_plugin *self, const fastdaemon_host *host,
                      fastdaemon_instance *instance, fastdaemon_bytes options, void **state);

    /*
     * [loading] Lists the commands, after `create`. Returns 0 and stores an array of pointers and its count, the
     * plugin's and unchanged until `destroy`; or anything else, after `set_error`.
     */
    int32_t (*commands)(void *state, const fastdaemon_command *const **list, size_t *count);

    /*
     * [loading] Frees what `create` made. No call of this plugin runs or will run. May be NULL. The library stays
     * mapped: threads of its own must end here, or be harmless.
     */
    void (*destroy)(void *state);

    /*
     * [loading] Tells whether this plugin works: a host may ask before it lets it take over from an older version.
     * Returns 0, or anything else after `set_error`. May take up to 5 seconds. May be NULL.
     */
    int32_t (*self_test)(void *state);

    /*
     * [any-thread] Answers the address of a named extension that the plugin offers to its host, or NULL. What stands
     * there is said by whoever defines that name. Static. May be NULL.
     *
     * Rationale: names are strings such as "fastdaemon.completion/1", so that anybody can define one without asking; a
     * draft becomes stable by keeping its name, and one that has to change takes the next number.
     */
    const void *(*extension)(const struct fastdaemon_plugin *self, const char *name);
} fastdaemon_plugin;

/*
 * The one function that a plugin exports. [loading] `host_abi_version` is the host's FASTDAEMON_ABI_VERSION. Returns
 * the descriptor, or NULL where the plugin cannot work with such a host.
 *
 * Rationale: the host says its version first, so that one library can serve two major versions of this header.
 */
FASTDAEMON_EXPORT const fastdaemon_plugin *fastdaemon_plugin_entry(uint32_t host_abi_version);

/* The type of that function, for hosts and for tests. */
typedef const fastdaemon_plugin *(*fastdaemon_plugin_entry_function)(uint32_t host_abi_version);

#define FASTDAEMON_PLUGIN_ENTRY_NAME "fastdaemon_plugin_entry"

/* ------------------------------------------------------------------------------------------------ facts ------ */

/* How the caller came. */
enum {
    FASTDAEMON_TRANSPORT_UNIX = 1,          /* a Unix stream socket: `user`, `group` and `process` are known */
    FASTDAEMON_TRANSPORT_TCP = 2,           /* a TCP connection: `peer` is the address */
    FASTDAEMON_TRANSPORT_UNIX_DATAGRAM = 3, /* one datagram on a Unix socket */
    FASTDAEMON_TRANSPORT_UDP = 4            /* one UDP datagram */
};

/* What a call's `facts` says where something is not known. */
#define FASTDAEMON_UNKNOWN UINT32_MAX

/*
 * What the host knows of a call from its beginning, and what does not change while it runs.
 * The host's, and valid until the call ended.
 */
typedef struct fastdaemon_facts {
    size_t size;

    uint64_t id;        /* this call's number, as in the host's log; never used twice by one host */
    uint64_t deadline;  /* nanoseconds of CLOCK_MONOTONIC when the caller has its answer, ended or not; 0 for never */
    uint32_t transport; /* FASTDAEMON_TRANSPORT_... */
    uint32_t user;      /* the caller's user, as the kernel vouches for it, or FASTDAEMON_UNKNOWN */
    uint32_t group;     /* the caller's group, likewise */
    uint32_t process;   /* the caller's process, likewise; it may have ended since */

    /* The caller's address as people write it ("127.0.0.1:40312", "[::1]:40312", "uid 1000 pid 4242"). */
    fastdaemon_bytes peer;
} fastdaemon_facts;

/* One of the caller's three standard streams. */
enum {
    FASTDAEMON_STANDARD_INPUT = 0,
    FASTDAEMON_STANDARD_OUTPUT = 1,
    FASTDAEMON_STANDARD_ERROR = 2
};

/* What the caller's stream is. `columns` and `rows` are 0 where it is no terminal or the size is not known. */
typedef struct fastdaemon_terminal {
    size_t size; /* set by the plugin before it asks: sizeof(fastdaemon_terminal) */
    uint32_t is_terminal;
    uint32_t columns;
    uint32_t rows;
} fastdaemon_terminal;

/* Levels of the log, as the config names them. */
enum {
    FASTDAEMON_LOG_ERROR = 0,
    FASTDAEMON_LOG_WARNING = 1,
    FASTDAEMON_LOG_NOTICE = 2,
    FASTDAEMON_LOG_INFO = 3,
    FASTDAEMON_LOG_DEBUG = 4
};

/* Why a call was cancelled. A value that a plugin does not know is a reason like any other to stop. */
enum {
    FASTDAEMON_NOT_CANCELLED = 0,
    FASTDAEMON_CANCELLED_BY_HANGUP = 1,   /* the caller is gone: nobody will read what is written */
    FASTDAEMON_CANCELLED_BY_SIGNAL = 2,   /* the caller sent a signal, `last_signal` says which; it still listens */
    FASTDAEMON_CANCELLED_BY_TIME = 3,     /* the call ran past its time limit */
    FASTDAEMON_CANCELLED_BY_SHUTDOWN = 4, /* the host, or the process of the call, is going down and has waited long enough */
    FASTDAEMON_CANCELLED_BY_LIMIT = 5     /* the call wrote more than the host keeps for it */
};

/* What `notify` can tell of. */
enum {
    FASTDAEMON_EVENT_READABLE = 1,  /* `read` would not answer FASTDAEMON_ERROR_AGAIN */
    FASTDAEMON_EVENT_WRITABLE = 2,  /* `write` would not answer FASTDAEMON_ERROR_AGAIN */
    FASTDAEMON_EVENT_CANCELLED = 3, /* the call was cancelled; READABLE and WRITABLE have then come, too */
    FASTDAEMON_EVENT_SIGNAL = 4     /* the caller sent a signal that does not cancel (SIGWINCH: its terminal changed), also
                                       before `notify`; several that came since the last callback are told as one */
};

/* Flags of `read` and `write`. */
enum {
    FASTDAEMON_MAY_WAIT = 0,  /* Wait until it can be done. Inline commands never wait: for them it is as the next. */
    FASTDAEMON_DO_NOT_WAIT = 1 /* Answer FASTDAEMON_ERROR_AGAIN instead of waiting. */
};

/* ------------------------------------------------------------------------------------------------ the host --- */

/*
 * The host's services: one table for the life of the process. Every member of version 1.0 is there; for later ones,
 * check `size` first.
 */
struct fastdaemon_host {
    uint32_t abi_version; /* FASTDAEMON_ABI_VERSION, as the host was compiled */
    uint32_t reserved;
    size_t size;

    /*
     * [call, any number of threads at once] The arguments as the caller gave them. The first is the command's name as it
     * was called, which the config may have changed; there is always that one. Any byte but zero can stand in one, and
     * each is followed by a zero byte that its `count` leaves out, so that `data` is a C string. Stores how many there
     * are, and returns the array: the host's, valid until the call ended.
     */
    const fastdaemon_bytes *(*arguments)(fastdaemon_call *call, size_t *count);

    /* [call] What else is known of the call. Never NULL. */
    const fastdaemon_facts *(*facts)(fastdaemon_call *call);

    /*
     * [call] Hands out the next piece of standard input, without copying it. Returns 1 and a piece of at least one
     * byte; 0 at the end of input; or FASTDAEMON_ERROR_AGAIN, _CANCELLED or _CLOSED. A piece is the host's, and valid
     * until the next `read` of this call or the call's end; what an inline command reads in `run`, only until `run`
     * returns. No input is asked of the caller before the first `read`.
     */
    int32_t (*read)(fastdaemon_call *call, fastdaemon_bytes *piece, uint32_t flags);

    /*
     * [call; for a concurrent command any number of threads at once] Writes to the caller's standard output or error. The
     * bytes are copied before it returns, and reach the caller in the order of the writes. Returns how many bytes were
     * taken, which is all of them unless FASTDAEMON_DO_NOT_WAIT was given or the command is inline; or
     * FASTDAEMON_ERROR_AGAIN where none could be taken without waiting, FASTDAEMON_ERROR_CANCELLED, _CLOSED or _LIMIT. A
     * call that was cancelled by a signal, by time or by shutdown can still write, so that it can say goodbye; only
     * waiting ends.
     */
    int64_t (*write)(fastdaemon_call *call, uint32_t stream, const void *data, size_t count, uint32_t flags);

    /*
     * [any-thread] Ends a call whose `run` returned, or is about to return, FASTDAEMON_LATER. Exactly once.
     */
    void (*finish)(fastdaemon_call *call, int32_t status);

    /* [call, any number of threads at once] FASTDAEMON_NOT_CANCELLED, or why the call was cancelled. Costs no more
     * than reading a variable. */
    int32_t (*cancelled)(fastdaemon_call *call);

    /*
     * [call] A descriptor that poll(2) finds readable from the moment the call is cancelled, for handlers that wait on
     * descriptors. The host's: never read, write or close it. Valid until the call ended. Negative where the process
     * has no descriptor left.
     */
    int32_t (*cancellation_descriptor)(fastdaemon_call *call);

    /*
     * [call] Has `callback(user)` called once, when the event has come; at once, before `notify` returns, where it is
     * there already, or when the callback has returned from which `notify` is called. One callback an event: a later one takes the place of an earlier, and a NULL callback takes
     * it back. The callback is called from a thread of the host's, for inline commands from the call's own loop; it
     * must not wait. It may use the call, and may `finish` it. None is called after the call ended; `finish` waits
     * for one that runs on another thread. Returns 0 or FASTDAEMON_ERROR_MISUSE.
     */
    int32_t (*notify)(fastdaemon_call *call, uint32_t event, void (*callback)(void *user), void *user);

    /* [call] The number of the last signal that the caller sent, 0 where there was none. */
    int32_t (*last_signal)(fastdaemon_call *call);

    /* [call] What the caller's `stream` is; as of now, so ask again after SIGWINCH. Fills the first `size` bytes of
     * `*terminal`. Returns 0 or FASTDAEMON_ERROR_MISUSE. */
    int32_t (*terminal)(fastdaemon_call *call, uint32_t stream, fastdaemon_terminal *terminal);

    /*
     * [call] The caller's environment, `NAME=VALUE` each, each followed by a zero byte that `count` leaves out. Never
     * the process's own. Stores the count, and returns the array: the host's, valid until the call ended. Empty where
     * the protocol carries none.
     */
    const fastdaemon_bytes *(*environment)(fastdaemon_call *call, size_t *count);

    /*
     * [call] The caller's working directory, as a path followed by a zero byte that `count` leaves out. Empty where the
     * protocol carries none. Concurrent and process commands need it only to print it: their thread's own working
     * directory is already the caller's, so a relative path just works.
     */
    fastdaemon_bytes (*working_directory)(fastdaemon_call *call);

    /*
     * [call] A descriptor of that directory, for openat(2) and the like, also from other threads. The host's: never
     * close it. Valid until the call ended. Without one from the caller, it is the directory in which the host was
     * started. Negative where it could not be opened.
     */
    int32_t (*working_directory_descriptor)(fastdaemon_call *call);

    /*
     * [call, any number of threads at once, callbacks too] Runs `work(user)` once on a thread of the host's pool, in the
     * call's working directory: for calls that returned FASTDAEMON_LATER, and for inline ones that find out that they have
     * to block. The call must not end before `work` has begun. Returns 0, FASTDAEMON_ERROR_CLOSED where that directory
     * cannot be entered, or FASTDAEMON_ERROR_MISUSE; unless 0, `work` is not run.
     */
    int32_t (*run_on_pool)(fastdaemon_call *call, void (*work)(void *user), void *user);

    /* [call] The plugin's instance that this call is for. */
    fastdaemon_instance *(*instance)(fastdaemon_call *call);

    /*
     * [any-thread] Writes one line to the host's log, under the plugin's name, and with the call's number where `call`
     * is not NULL. The text is copied; line breaks and control characters in it are escaped.
     */
    void (*log)(fastdaemon_instance *instance, fastdaemon_call *call, uint32_t level, const char *text, size_t count);

    /* [any-thread] 1 where a line of that level would be written, 0 where not: ask before building a costly one. */
    int32_t (*logs)(fastdaemon_instance *instance, uint32_t level);

    /* [loading] Says why `create`, `commands` or `self_test` failed. The text is copied; the last one counts. */
    void (*set_error)(fastdaemon_instance *instance, const char *text, size_t count);

    /* [any-thread] The address of a named extension that the host offers, or NULL. Static. */
    const void *(*extension)(const fastdaemon_host *host, const char *name);
};

#ifdef __cplusplus
}
#endif

#endif
