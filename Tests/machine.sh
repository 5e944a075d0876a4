#!/bin/sh
# Boots a systemd that runs the units of an installation, and touches nothing of this machine: it has namespaces of its own, a
# control group below this process's, and a root in memory. All of that is gone when this script ends, with status 0.
#
#   machine.sh STAGE FOLDER   STAGE is what `make install DESTDIR=STAGE` made, FOLDER is there as /run/host. The first line that is
#                             printed is the process of systemd. It runs for as long as somebody holds the FIFO FOLDER/alive.
#   machine.sh --possible     tells by its status whether that can be had here.
set -eu
me=$0
namespaces='--cgroup --ipc --mount --net --pid --uts'

# The units that the installed ones, and every boot, ask for; others are not there.
system_units='sysinit.target basic.target sockets.target slices.target network.target multi-user.target shutdown.target
    umount.target systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket'
user_units='basic.target sockets.target default.target shutdown.target exit.target systemd-exit.service app.slice'

# With mounts of its own, which may change: /mnt is not that of the machine.
outside() {
    mount -t tmpfs -o mode=755 none /mnt
    mkdir /mnt/groups /mnt/root
    mount -t cgroup2 none /mnt/groups
    group=/mnt/groups$(sed -n 's/^0:://p' /proc/self/cgroup)/fastdaemon-machine-$$
    mkdir "$group"
    unshared=
    trap end EXIT
    trap 'exit 1' HUP INT TERM
    if [ "$1" = --possible ]; then
        # shellcheck disable=SC2086 # they are words
        (echo 0 >"$group/cgroup.procs" && exec unshare $namespaces --fork "$me" inside "$@")
        return
    fi
    exec 3<"$2/alive"
    # shellcheck disable=SC2086
    (echo 0 >"$group/cgroup.procs" && exec 3<&- && exec unshare $namespaces --fork --kill-child "$me" inside "$@") &
    unshared=$!
    cat <&3 >/dev/null
}

end() {
    if [ -n "$unshared" ]; then
        # Whoever waits for the first process of a namespace waits for all in it.
        children=/proc/$unshared/task/$unshared/children
        if [ -e "$children" ]; then xargs -r kill -KILL <"$children"; fi
        wait "$unshared" || true
    fi
    find "$group" -depth -type d -exec rmdir {} +
}

# In namespaces of its own, as the first process.
inside() {
    umask 022
    mount --make-rprivate /
    if [ "$1" = --possible ]; then
        # DynamicUser= takes users that a container of a user's own does not have.
        read -r _ _ users </proc/self/uid_map
        [ "$users" = 4294967295 ]
        mount -t cgroup2 none /mnt/root
        mount -t proc none /mnt/root
        return
    fi
    # Of the machine's processes still.
    read -r process _ </proc/self/stat
    make_root "$@"
    cd /mnt/root
    mkdir old
    pivot_root . old
    cd /
    umount -l /old
    rmdir /old
    echo "$process" >&2
    exec env -i container=other NOTIFY_SOCKET=/run/host/notify PATH=/usr/local/bin:/usr/bin:/usr/sbin \
        /usr/lib/systemd/systemd --system --unit=multi-user.target --show-status=no </dev/null
}

# STAGE FOLDER: what is to be / there.
make_root() {
    mount -t tmpfs -o mode=755 none /mnt/root
    cd /mnt/root
    mkdir -p usr etc/systemd/system etc/systemd/user proc sys dev run tmp var/tmp var/log root home/user
    chmod 1777 tmp var/tmp
    for name in bin sbin lib lib32 lib64; do
        if [ -L /$name ]; then ln -s usr/$name $name; fi
    done
    mount --bind /usr usr
    mount -o remount,bind,ro usr
    for unit in $system_units; do cp "usr/lib/systemd/system/$unit" etc/systemd/system; done
    for unit in $user_units; do cp "usr/lib/systemd/user/$unit" etc/systemd/user; done
    mkdir etc/systemd/system/sysinit.target.wants
    ln -s ../systemd-journald.service etc/systemd/system/sysinit.target.wants
    for name in system user; do
        for kind in "" -generators -environment-generators; do
            if [ -d "usr/lib/systemd/$name$kind" ]; then mount -t tmpfs -o mode=755 none "usr/lib/systemd/$name$kind"; fi
        done
    done
    mount --bind "$1/usr/local" usr/local
    cp -R "$1/etc/fastdaemon" /etc/ld.so.cache etc
    printf '%s\n' root:x:0:0::/root:/bin/sh user:x:1000:1000::/home/user:/bin/sh nobody:x:65534:65534::/:/bin/false >etc/passwd
    printf '%s\n' root:x:0: user:x:1000: nogroup:x:65534: >etc/group
    : >etc/machine-id
    chown 1000:1000 home/user
    mount -t proc none proc
    mount -t sysfs -o ro none sys
    mount -t cgroup2 none sys/fs/cgroup
    mount -t tmpfs -o mode=755 none dev
    for name in null zero full random urandom tty; do
        : >dev/$name
        mount --bind /dev/$name dev/$name
    done
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=666 none dev/pts
    ln -s pts/ptmx dev/ptmx
    mount -t tmpfs -o mode=1777 none dev/shm
    mount -t tmpfs -o mode=755 none run
    mkdir run/host
    mount --bind "$2" run/host
}

case $1 in
outside | inside)
    step=$1
    shift
    "$step" "$@"
    ;;
*) exec unshare --mount --propagation private "$me" outside "$@" ;;
esac
