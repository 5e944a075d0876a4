/*
 * Thin shims for the parts of Linux that Swift cannot see or cannot call: epoll, signal handlers, credentials, per-thread
 * working directories, thread-local pointers, worker processes.
 *
 * Every function that can fail returns 0 or more for success and the negated errno for failure, and retries EINTR where
 * the call has done nothing yet; so no caller reads errno, and none can forget it.
 */
#ifndef CLINUX_H
#define CLINUX_H

#include "clinux_digest.h"
#include "clinux_crash.h"
#include "clinux_files.h"
#include "clinux_images.h"
#include "clinux_loop.h"
#include "clinux_memory.h"
#include "clinux_processes.h"
#include "clinux_sockets.h"
#include "clinux_successor.h"
#include "clinux_threads.h"
#include "clinux_watch.h"

#endif
