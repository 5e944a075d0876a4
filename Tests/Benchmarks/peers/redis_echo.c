/*
 * The Redis peer of `make bench-peers`: a module whose command `bench.echo TEXT` answers its argument. What it uses of the
 * module API is declared here, so that no header of Redis is needed.
 *
 *     cc -O2 -shared -fPIC -o redis_echo.so redis_echo.c
 *     redis-server --loadmodule ./redis_echo.so
 */
typedef struct context context;
typedef struct string string;
typedef int command(context *, string **arguments, int count);

enum { GOOD, BAD, API_VERSION = 1 };

static int (*create_command)(context *, const char *name, command *, const char *flags, int first, int last, int step);
static void (*set_attributes)(context *, const char *name, int version, int api_version);
static int (*reply_with_string)(context *, string *);
static int (*reply_with_error)(context *, const char *);

static int echo(context *call, string **arguments, int count) {
    if (count != 2) return reply_with_error(call, "ERR bench.echo takes one argument");
    return reply_with_string(call, arguments[1]);
}

/* A context begins with the function that looks up all others. */
int RedisModule_OnLoad(context *module, string **arguments, int count) {
    int (*find)(const char *name, void *function) = *(int (**)(const char *, void *))module;
    (void)arguments, (void)count;
    if (find("RedisModule_CreateCommand", &create_command) != GOOD ||
        find("RedisModule_SetModuleAttribs", &set_attributes) != GOOD ||
        find("RedisModule_ReplyWithString", &reply_with_string) != GOOD ||
        find("RedisModule_ReplyWithError", &reply_with_error) != GOOD)
        return BAD;
    set_attributes(module, "bench", 1, API_VERSION);
    return create_command(module, "bench.echo", echo, "fast readonly", 0, 0, 0);
}
