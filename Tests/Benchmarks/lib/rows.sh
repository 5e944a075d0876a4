# shellcheck shell=bash disable=SC2154 # The variables are bench.sh's.
# The rows, a function each. They measure into files of one figure a line, and hand those to `compare` or `limit`.

row_a() { cpu_row a "echo, Unix, 50 connections" 1.15 -c 50; }
row_b() { cpu_row b "echo, one request a connection" 1.1 -c 50 --reconnect; }
row_c() { cpu_row c "echo, pipelined by 16" 1.6 -c 50 -P 16; }

# cpu_row ROW TITLE GOAL OPTION ...: server CPU a request against the C echo's, which has one thread, as the daemon has one loop.
cpu_row() {
    local row=$1 title=$2 goal=$3 round loops=1
    shift 3
    start_daemon
    start_reference
    for ((round = 0; round < rounds; round++)); do
        measure "$row.daemon" daemon_cpu_per_request --duration "$seconds" "$@" "$work/daemon.sock"
        measure "$row.reference" daemon_cpu_per_request --duration "$seconds" "$@" "$work/reference.sock"
    done
    stop_servers
    compare "$row" "$title" "µs of CPU" "$work/$row.daemon" "$work/$row.reference" "$goal" "C epoll echo"
}

row_d() {
    local client=$build/fastdaemon_client goal=1.05 arguments ours musl
    musl=/usr/lib/$(uname -m)-linux-musl
    if ! [ -x "$client" ]; then
        skip d "whole process: client --record echo hi" "there is no $client"
        return
    fi
    start_daemon
    arguments=("$work/daemon.sock" echo hi)
    ours=("$client" --record "${arguments[@]}") # The reference speaks records, too.
    cc -O2 -static -s -o "$work/client_glibc" "$here/client_reference.c"
    set -- "$work/client_glibc" "${arguments[@]}" --- "${ours[@]}"
    if [ -f "$musl/libc.a" ]; then
        goal=0.6
        cc -O2 -static -s -nostdlib -nostdinc -isystem "$(cc -print-file-name=include)" \
            -isystem "/usr/include/${musl##*/}" -o "$work/client_musl" \
            "$musl/crt1.o" "$here/client_reference.c" "$musl/libc.a"
        set -- "$@" --- "$work/client_musl" "${arguments[@]}"
    fi
    "$work/spawn_timer" $((rounds * 200)) "$@" >"$work/d"
    stop_servers
    sed -n 1p "$work/d" >"$work/d.glibc"
    sed -n 2p "$work/d" >"$work/d.daemon"
    compare d "whole process: client --record echo hi" µs "$work/d.daemon" "$work/d.glibc" "$goal" "static C, glibc"
    if [ -f "$musl/libc.a" ]; then
        sed -n 3p "$work/d" >"$work/d.musl"
        compare d "the same" µs "$work/d.daemon" "$work/d.musl" 1.1 "static C, musl"
    fi
}

row_e() {
    local round waiting=$((${seconds%.*} + 3)) waiters
    start_daemon
    for ((round = 0; round < rounds; round++)); do
        measure e.without p99 --rate 5000 --duration "$seconds" "$work/daemon.sock"
        bench --json --quiet -c 64 -n 64 --warmup 0 --timeout 60 "$work/daemon.sock" wait "$waiting" \
            >"$work/waits.json" &
        waiters=$!
        sleep 0.5
        measure e.with p99 --rate 5000 --duration "$seconds" "$work/daemon.sock"
        wait "$waiters"
        # All of them ran side by side and for the whole time, or the row would say nothing.
        [ "$(field failed "$work/waits.json")" = 0 ] || fail "row e: a wait failed: $(cat "$work/waits.json")"
        awk -v took="$(field seconds "$work/waits.json")" -v asked="$waiting" 'BEGIN { exit !(took < asked + 2) }' ||
            fail "row e: the 64 waits of $waiting s did not run side by side"
    done
    stop_servers
    compare e "p99 of echo at 5,000/s, 64 waits under way" µs "$work/e.with" "$work/e.without" 1.2 "no waits"
}

row_f() {
    local count=10000 round
    if [ "$(ulimit -n)" -lt $((count + 100)) ]; then
        skip f "memory with 10,000 idle connections" "only $(ulimit -n) descriptors are allowed (ulimit -Hn)"
        return
    fi
    for ((round = 0; round < rounds; round++)); do
        start_daemon
        measure f.idle daemon_resident_kib -c 1 -n 1 "$work/daemon.sock"
        measure f.held daemon_resident_kib -c 1 -n 1 --idle $count "$work/daemon.sock"
        [ "$(field idle_closed "$work/last.json")" = 0 ] || fail "row f: the daemon closed idle connections"
        paste "$work/f.idle" "$work/f.held" | awk 'END { print ($2 - $1) / 1024 }' >>"$work/f.more"
        awk 'END { print $1 / 1024 }' "$work/f.idle" >>"$work/f.resident"
        stop_servers
    done
    limit f "resident memory, idle" MiB "$work/f.resident" 16
    limit f "more with 10,000 idle connections" MiB "$work/f.more" 20
}

# measure FILE KEY OPTION ...: adds one figure of one run to a file.
measure() {
    local file=$1 key=$2 figure
    shift 2
    bench --json --quiet "$@" >"$work/last.json" || fail "fastdaemon_bench $* failed: $(cat "$work/last.json")"
    [ "$(field failed "$work/last.json")" = 0 ] || fail "fastdaemon_bench $*: $(cat "$work/last.json")"
    figure=$(field "$key" "$work/last.json")
    [ "$figure" != null ] || fail "fastdaemon_bench $*: $key is not known"
    echo "$figure" >>"$work/$file"
    field requests_per_second "$work/last.json" >>"$work/$file.rate"
}
