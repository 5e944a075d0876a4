# shellcheck shell=bash disable=SC2154 # The variables are bench.sh's.
# Building, starting and stopping what is measured. All files stand in $work.

# A core for the server that is measured, and another for the generator where there is one, for rows that keep them apart.
cores=$(sed -n 's/^Cpus_allowed_list:\s*//p' /proc/self/status)
server_core=${cores%%[-,]*} generator_core=${cores##*[-,]}

# The words of $generator, if any, stand before the program.
bench() { ${generator:-} "$build/fastdaemon_bench" "$@"; }

# field KEY FILE: a key of the generator's JSON, which has each on a line of its own.
field() { sed -n "s/^ *\"$1\": \(.*[^,]\),*\$/\1/p" "$2"; }

# Builds for release what the options do not say where to find. The plugins get a folder of their own: what was built stays
# as it is.
build_daemon() {
    if [ -z "$build" ]; then
        swift build --package-path "$repository" -c release >&2
        build=$(swift build --package-path "$repository" -c release --show-bin-path)
    fi
    [ -x "$build/fastdaemond" ] || fail "there is no fastdaemond in $build"
    install -d -m 755 "$work/plugins"
    install -m 644 "$build/libEcho.so" "$build/libWait.so" "$work/plugins"
}

build_programs() {
    build_daemon
    local name headers=(-I "$repository/Sources/CFastDaemonPlugin/include" -I "$repository/Tests/FixturePlugins")
    for name in echo_epoll spawn_timer bulk_timer first_byte_timer start_timer; do
        cc -O2 -o "$work/$name" "$here/$name.c"
    done
    cc -O2 "${headers[@]}" -o "$work/first_byte" "$here/first_byte.c"
    cc -O2 -shared -fPIC "${headers[@]}" -o "$work/plugins/libFirstByte.so" "$here/first_byte.c"
}

write_config() {
    cat >"$work/fastdaemon.json" <<END
{
  "listen": [ { "unix": "$work/daemon.sock" } ],
  "loops": ${loops:-0},
  "pluginDirectory": "$work/plugins",
  "plugins": [
    { "library": "libEcho.so" },
    { "library": "libWait.so", "concurrency": 64 },
    { "library": "libFirstByte.so" }
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
    await_server "$daemon" "$work/daemon.log" "$work/daemon.sock"
}

start_reference() {
    "$work/echo_epoll" "$work/reference.sock" >"$work/reference.log" 2>&1 &
    reference=$!
    await_server "$reference" "$work/reference.log" "$work/reference.sock"
}

# start_socat ADDRESS: connects each client with an ADDRESS of socat's, such as EXEC:cat. Its blocks are as long as the frames
# of a session. It waits for the end of both directions, as the daemon does; its own patience is half a second.
socat_options=(-b 65536 -t 30)
start_socat() {
    local tries=0
    rm -f "$work/socat.sock"
    socat "${socat_options[@]}" "UNIX-LISTEN:$work/socat.sock,fork" "$1" >"$work/reference.log" 2>&1 &
    reference=$!
    until socat "${socat_options[@]}" /dev/null "UNIX-CONNECT:$work/socat.sock" >"$work/first" 2>&1; do
        tries=$((tries + 1))
        if ! kill -0 "$reference" 2>/dev/null || [ $tries -gt 200 ]; then
            cat "$work/reference.log" "$work/first" >&2
            fail "socat did not start; its output stands above"
        fi
        sleep 0.05
    done
}

# await_server PROCESS LOG [OPTION ...] ADDRESS [WORD ...]: waits until it answers the generator.
await_server() {
    local process=$1 log=$2 tries=0
    shift 2
    : >"$work/first"
    until bench --quiet -c 1 -n 1 --warmup 0 --timeout 2 "$@" >"$work/first" 2>&1; do
        tries=$((tries + 1))
        if ! kill -0 "$process" 2>/dev/null || [ $tries -gt 200 ]; then
            cat "$log" "$work/first" >&2
            fail "the server that 'fastdaemon_bench $*' asks did not start; its output stands above"
        fi
        sleep 0.05
    done
}

stop_servers() {
    stop_server "${daemon:-}"
    stop_server "${reference:-}"
    daemon='' reference=''
}

stop_server() {
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# per_thread PROCESS KIND: a line for each thread, with how often it went to sleep so far (switches), or its CPU time
# (nanoseconds).
per_thread() {
    local thread
    for thread in "/proc/$1/task/"*; do
        case $2 in
        switches) awk -v id="${thread##*/}" '/^voluntary_ctxt_switches/ { print id, $2 }' "$thread/status" ;;
        nanoseconds) echo "${thread##*/} $(cat "$thread/schedstat")" ;;
        esac
    done
}
