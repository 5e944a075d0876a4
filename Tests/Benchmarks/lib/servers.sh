# shellcheck shell=bash disable=SC2154 # The variables are bench.sh's.
# Building, starting and stopping what is measured. All files stand in $work.

bench() { "$build/fastdaemon_bench" "$@"; }

build_programs() {
    if [ -z "$build" ]; then
        swift build --package-path "$repository" -c release >&2
        build=$(swift build --package-path "$repository" -c release --show-bin-path)
    fi
    [ -x "$build/fastdaemond" ] || fail "there is no fastdaemond in $build"
    cc -O2 -o "$work/echo_epoll" "$here/echo_epoll.c"
    cc -O2 -o "$work/spawn_timer" "$here/spawn_timer.c"
}

write_config() {
    cat >"$work/fastdaemon.json" <<END
{
  "listen": [ { "unix": "$work/daemon.sock" } ],
  "pluginDirectory": "$build",
  "plugins": [
    { "library": "libEcho.so" },
    { "library": "libWait.so", "concurrency": 64 }
  ],
  "limits": {
    "connections": 11000,
    "commands": 128,
    "firstRecordSeconds": 3600,
    "idleSeconds": 3600
  }
}
END
}

start_daemon() {
    write_config
    "$build/fastdaemond" --config "$work/fastdaemon.json" 2>"$work/daemon.log" >&2 &
    daemon=$!
    await_socket "$work/daemon.sock" "$daemon" "$work/daemon.log"
}

start_reference() {
    "$work/echo_epoll" "$work/reference.sock" >"$work/reference.log" 2>&1 &
    reference=$!
    await_socket "$work/reference.sock" "$reference" "$work/reference.log"
}

# await_socket PATH PROCESS LOG
await_socket() {
    local tries=0
    : >"$work/first"
    until [ -S "$1" ] && bench -c 1 -n 1 "$1" >"$work/first" 2>&1; do
        tries=$((tries + 1))
        if ! kill -0 "$2" 2>/dev/null || [ $tries -gt 200 ]; then
            cat "$3" "$work/first" >&2
            fail "the server at $1 did not start; its output stands above"
        fi
        sleep 0.05
    done
}

stop_servers() {
    local process
    for process in ${daemon:-} ${reference:-}; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    daemon='' reference=''
}
