/* Two inline commands that tell how their input came: `whole` is called once it is all there, `pieces` at once. Each
   prints the pieces that it read as `[bytes]`, and `pieces` a `...` wherever it had to wait for more. */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

struct waiting {
    const fastdaemon_host *host;
    fastdaemon_call *call;
};

/* Prints what can be read now; the last answer of `read`. */
static int32_t print_pieces(const fastdaemon_host *host, fastdaemon_call *call) {
    fastdaemon_bytes piece;
    int32_t answer;
    while ((answer = host->read(call, &piece, FASTDAEMON_DO_NOT_WAIT)) > 0) {
        host->write(call, FASTDAEMON_STANDARD_OUTPUT, "[", 1, FASTDAEMON_DO_NOT_WAIT);
        host->write(call, FASTDAEMON_STANDARD_OUTPUT, piece.data, piece.count, FASTDAEMON_DO_NOT_WAIT);
        host->write(call, FASTDAEMON_STANDARD_OUTPUT, "]", 1, FASTDAEMON_DO_NOT_WAIT);
    }
    return answer;
}

static void proceed(void *user) {
    struct waiting *waiting = user;
    int32_t answer = print_pieces(waiting->host, waiting->call);
    if (answer == FASTDAEMON_ERROR_AGAIN) {
        fixture_print(waiting->host, waiting->call, "...");
        waiting->host->notify(waiting->call, FASTDAEMON_EVENT_READABLE, proceed, waiting);
        return;
    }
    waiting->host->finish(waiting->call, answer == 0 ? 0 : 130);
    free(waiting);
}

static int32_t run_whole(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    return print_pieces(host, call) == 0 ? 0 : 1;
}

static int32_t run_pieces(const fastdaemon_host *host, fastdaemon_call *call, void *context) {
    (void)context;
    struct waiting *waiting = malloc(sizeof *waiting);
    *waiting = (struct waiting){host, call};
    proceed(waiting);
    return FASTDAEMON_LATER;
}

static const fastdaemon_command whole = {
    .size = sizeof(fastdaemon_command), .name = "whole", .execution = FASTDAEMON_INLINE, .run = run_whole};
static const fastdaemon_command pieces = {.size = sizeof(fastdaemon_command),
                                          .name = "pieces",
                                          .execution = FASTDAEMON_INLINE,
                                          .input = FASTDAEMON_INPUT_AS_IT_COMES,
                                          .run = run_pieces};

FIXTURE_CREATE
FIXTURE_COMMANDS(&whole, &pieces)
FIXTURE_ENTRY("inline-input", )
