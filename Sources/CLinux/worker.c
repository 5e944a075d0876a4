#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clinux_processes.h"
#include "sanitizers.h"

/* Whatever the handlers started goes with it. */
static void end_group(int number) {
    (void)number;
    kill(0, SIGKILL);
}

/* Where the machine runs out of memory the kernel ends the largest process, and is to take this one for larger than the daemon that
   started it: by half of all memory (proc(5)). Raising that takes no privilege; where there is no proc, nothing is lost. */
static void be_ended_first(void) {
    enum { more = 500, most = 1000 };
    char text[16] = "";
    int file = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    if (pread(file, text, sizeof text - 1, 0) > 0) {
        int before = atoi(text);
        int count = snprintf(text, sizeof text, "%d", before > most - more ? most : before + more);
        if (pwrite(file, text, (size_t)count, 0) < 0) {}
    }
    close(file);
}

int clinux_worker_begin(int parent) {
    /* What it was handed is not for programs that its handlers start. */
    for (int handed = 3; handed <= 5; handed++) fcntl(handed, F_SETFD, FD_CLOEXEC);
    be_ended_first();
    struct rlimit none = {0, 0};
    struct sigaction action = {.sa_handler = end_group};
    sigemptyset(&action.sa_mask);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0) return -errno;
    /* SIGKILL itself would leave what the handlers started. */
    if (sigaction(SIGRTMIN, &action, NULL) < 0 || prctl(PR_SET_PDEATHSIG, SIGRTMIN) < 0) return -errno;
    return getppid() == parent ? 0 : -ESRCH;
}

/* Of a thread that is started without saying more. */
static uint64_t stack_size(void) {
    pthread_attr_t attributes;
    size_t size = 0;
    pthread_attr_init(&attributes);
    pthread_attr_getstacksize(&attributes, &size);
    pthread_attr_destroy(&attributes);
    return size;
}

int clinux_worker_limit(uint64_t data, uint64_t threads, uint64_t descriptors) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    if (limit.rlim_max > descriptors) limit.rlim_max = descriptors;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    /* The sanitizer's map of a process counts as its memory: 14 TiB, or 40. */
    data = RLIM_INFINITY;
#endif
    /* The kernel counts a stack from its start on, however little of it is used. */
    if (__builtin_add_overflow(data, threads * stack_size(), &data)) data = RLIM_INFINITY;
    if (getrlimit(RLIMIT_DATA, &limit) < 0) return -errno;
    if (limit.rlim_max > data) limit.rlim_max = data;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_DATA, &limit) < 0 ? -errno : 0;
}

int clinux_socket_pair(bool stream, int ends[2]) {
    int type = stream ? SOCK_STREAM | SOCK_NONBLOCK : SOCK_SEQPACKET;
    return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

ptrdiff_t clinux_send_message(int socket, const void *data, size_t count, int attached, bool wait) {
    struct iovec part = {.iov_base = (void *)data, .iov_len = count};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (attached >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &attached, sizeof attached);
    }
    ptrdiff_t sent;
    do { sent = sendmsg(socket, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT)); } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

ptrdiff_t clinux_receive_message(int socket, void *buffer, size_t capacity, int *attached) {
    struct iovec part = {.iov_base = buffer, .iov_len = capacity};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
    /* Not the space with its padding: that would let in a second descriptor, which nobody would close. */
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = CMSG_LEN(sizeof(int))};
    *attached = -1;
    ptrdiff_t count;
    do { count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC); } while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(attached, CMSG_DATA(header), sizeof *attached);
    return count;
}

int clinux_sealed_bytes(const void *data, size_t count, const char *label) {
    int copy = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0) return -errno;
    const char *rest = data;
    int result = 0;
    while (count > 0 && result == 0) {
        ssize_t written = write(copy, rest, count);
        if (written < 0 && errno != EINTR) result = -errno;
        if (written > 0) rest += written, count -= (size_t)written;
    }
    if (result == 0 && fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        result = -errno;
    if (result == 0) return copy;
    close(copy);
    return result;
}
