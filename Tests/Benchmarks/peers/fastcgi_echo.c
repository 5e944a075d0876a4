/*
 * The FastCGI peer of `make bench-peers`: answers what it gets on standard input. A connection that stays open keeps a thread
 * of libfcgi's busy, as it keeps a process busy behind a web server, so there is one for each connection of the rows.
 *
 *     cc -O2 -o fastcgi_echo fastcgi_echo.c -lfcgi -lpthread
 *     ./fastcgi_echo PATH|:PORT
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 64, BACKLOG = 511, MAXIMUM = 1 << 20 };

static int listener;

static void *serve(void *unused) {
    FCGX_Request request;
    char *input = malloc(MAXIMUM);
    (void)unused;
    FCGX_InitRequest(&request, listener, 0);
    while (FCGX_Accept_r(&request) >= 0) {
        int count = FCGX_GetStr(input, MAXIMUM, request.in);
        FCGX_PutS("Content-Type: application/octet-stream\r\n\r\n", request.out);
        FCGX_PutStr(input, count, request.out);
        FCGX_Finish_r(&request);
    }
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: fastcgi_echo PATH|:PORT\n");
        return 64;
    }
    FCGX_Init();
    listener = FCGX_OpenSocket(arguments[1], BACKLOG);
    if (listener < 0) return 69;
    for (int index = 1; index < THREADS; index++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, NULL) != 0) return 71;
    }
    serve(NULL);
    return 0;
}
