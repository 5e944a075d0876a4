# shellcheck shell=bash disable=SC2154 # The variables are bench.sh's.
# The rows of sessions. A timer measures all sides of a row alternately, and prints a line for each.

row_g() {
    local client=$build/fastdaemon_client title="whole process: session echo hi" round
    has_programs g "$title" "$client" || return 0
    start_daemon
    "$work/spawn_timer" $((rounds * 200)) "$client" --record "$work/daemon.sock" echo hi --- \
        "$client" "$work/daemon.sock" echo hi >"$work/g"
    for ((round = 0; round < rounds; round++)); do
        cost_of g.session.cpu "$client" "$work/daemon.sock" echo hi
        cost_of g.record.cpu "$client" --record "$work/daemon.sock" echo hi
    done
    stop_servers
    split_lines g record session
    compare g "$title" µs "$work/g.session" "$work/g.record" 1.1 "--record"
    compare g "the daemon's part of it, CPU" µs "$work/g.session.cpu" "$work/g.record.cpu" 1.3 "--record"
}

# cost_of FILE CLIENT ...: adds the microseconds of CPU time that the daemon takes for one of many clients.
cost_of() {
    local file=$1 count=200
    shift
    per_thread "$daemon" nanoseconds >"$work/before"
    "$work/spawn_timer" $count "$@" >"$work/last"
    per_thread "$daemon" nanoseconds >"$work/after"
    # The timer's first one is not counted there, but runs.
    awk -v count=$((count + 1)) '
        NR == FNR { before[$1] = $2; next }
        { sum += $2 - before[$1] }
        END { print sum / 1000 / count }' "$work/before" "$work/after" >>"$work/$file"
}

# The reference goes through a process behind the server, for lack of a server that only copies: with PIPE, which would be one,
# socat writes more to a pipe than that takes, and waits for itself. The second one goes one way, with no server in between.
row_h() {
    local client=$build/fastdaemon_client title="bulk: stdin to stdout through session echo"
    has_programs h "$title" "$client" socat || return 0
    start_daemon
    start_socat EXEC:cat
    "$work/bulk_timer" "$rounds" "$seconds" \
        socat "${socat_options[@]}" - "UNIX-CONNECT:$work/socat.sock" --- \
        "$client" "$work/daemon.sock" echo --- \
        "$here/socat_one_way.sh" "$work/one_way.sock" "${socat_options[@]}" >"$work/h"
    stop_servers
    split_lines h there_and_back session one_way
    compare h "$title" MiB/s "$work/h.session" "$work/h.there_and_back" "least 0.8" "socat, EXEC:cat"
    compare h "the same" MiB/s "$work/h.session" "$work/h.one_way" - "socat, one way"
}

row_i() {
    local client=$build/fastdaemon_client title="first byte: handler's write to client's stdout"
    has_programs i "$title" "$client" socat || return 0
    start_daemon
    start_socat "EXEC:$work/first_byte"
    "$work/first_byte_timer" $((rounds * 40)) \
        socat "${socat_options[@]}" - "UNIX-CONNECT:$work/socat.sock" --- \
        "$client" "$work/daemon.sock" first_byte >"$work/i"
    stop_servers
    split_lines i socat session
    # The handler sleeps 20 ms: what waits for it, or for a timer, does not arrive at once.
    limit i "$title" µs "$work/i.session" 50
    compare i "the same" µs "$work/i.session" "$work/i.socat" - "socat, EXEC"
}

# has_programs ROW FIGURE PROGRAM ...: whether all are there; a row without is skipped.
has_programs() {
    local row=$1 title=$2 program
    shift 2
    for program; do
        if ! command -v "$program" >"$work/found"; then
            skip "$row" "$title" "there is no $program"
            return 1
        fi
    done
}

# split_lines ROW NAME ...: puts each line that a timer printed into a file of its own.
split_lines() {
    local row=$1 line=0 name
    shift
    for name; do
        line=$((line + 1))
        sed -n "${line}p" "$work/$row" >"$work/$row.$name"
    done
}
