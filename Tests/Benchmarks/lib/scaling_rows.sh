# shellcheck shell=bash disable=SC2154,SC2034 # The variables are bench.sh's.
# The rows of what must not grow, and of the start. The daemon has a core of its own where there are two, and the generator the
# last one.

row_j() {
    local round
    start_scaled daemon 1000
    start_scaled reference 1
    for ((round = 0; round < rounds; round++)); do
        measure_apart j.many "$work/daemon.sock"
        measure_apart j.one "$work/reference.sock"
    done
    stop_servers
    compare j "echo, with 1,000 commands" "µs of CPU" "$work/j.many" "$work/j.one" 1.1 "with 1"
}

row_k() {
    local count=10000 round
    if [ "$(ulimit -n)" -lt $((count + 100)) ]; then
        skip k "echo, with 10,000 idle connections besides" "only $(ulimit -n) descriptors are allowed (ulimit -Hn)"
        return
    fi
    start_scaled daemon 1
    for ((round = 0; round < rounds; round++)); do
        measure_apart k.many --idle $count "$work/daemon.sock"
        measure_apart k.few --idle 50 "$work/daemon.sock"
    done
    stop_servers
    compare k "echo, with 10,000 idle connections besides" "µs of CPU" "$work/k.many" "$work/k.few" 1.1 "with 50"
}

row_l() {
    local count=10000000 round
    start_scaled daemon 1
    bench --quiet -P 16 -n $count "$work/daemon.sock" >"$work/aged"
    for ((round = 0; round < rounds; round++)); do
        start_scaled reference 1
        measure_apart l.fresh "$work/reference.sock"
        measure_apart l.aged "$work/daemon.sock"
        stop_server "$reference"
    done
    stop_servers
    compare l "echo, after 10,000,000 requests" "µs of CPU" "$work/l.aged" "$work/l.fresh" 1.1 "after the first"
}

# The generator takes a core from two loops on a machine of two, so what counts is how many requests a second of the busiest loop's
# CPU time serves, for each loop: it is the first that has none left.
row_m() {
    local round title="echo, two loops on two cores"
    if [ "$(nproc)" -lt 2 ]; then
        skip m "$title" "there is one core"
        return
    fi
    start_scaled daemon 1 "$server_core,$generator_core"
    start_scaled reference 1
    for ((round = 0; round < rounds; round++)); do
        measure_busiest m.two "$daemon" "$work/daemon.sock"
        measure_busiest m.one "$reference" "$work/reference.sock"
    done
    stop_servers
    compare m "$title" "requests/s" "$work/m.two" "$work/m.one" "least 1.7" "one loop"
}

row_n() {
    ten_plugins
    "$work/start_timer" $((rounds * 10)) "$work/daemon.sock" "$build/fastdaemond" --config "$work/daemon.json" \
        >"$work/n" 2>"$work/daemon.log" || fail "row n: $(cat "$work/daemon.log")"
    awk '{ print $1 / 1000 }' "$work/n" >"$work/n.start"
    limit n "exec to the first answer, ten plugins" ms "$work/n.start" 25
}

row_o() {
    local round
    ten_plugins
    for ((round = 0; round < rounds; round++)); do
        launch daemon "$server_core"
        measure o.idle daemon_resident_kib -c 1 -n 1 "$work/daemon.sock"
        tail -n 1 "$work/o.idle" | awk '{ print $1 / 1024 }' >>"$work/o.resident"
        sleep 1
        per_thread "$daemon" switches >"$work/before"
        sleep 5
        per_thread "$daemon" switches >"$work/after"
        # A thread that has ended was woken for that.
        awk 'NR == FNR { before[$1] = $2; next }
            { sum += $2 - before[$1]; delete before[$1] }
            END { for (thread in before) sum++; print sum / 5 }' "$work/before" "$work/after" >>"$work/o.wakes"
        stop_servers
    done
    limit o "resident memory, idle, ten plugins" MiB "$work/o.resident" 16
    limit o "times woken in an idle second" times "$work/o.wakes" 0
}

# What a handler on a thread of the pool costs more than one on the loop. The goal was 6 µs of CPU where the C echo took 1.64; as times
# of that it travels.
row_p() {
    local round rate loops=1
    install -m 644 "$build/libEcho.so" "$work/plugins/libConcurrent.so"
    scaled_config daemon '{ "library": "libEcho.so" }, { "library": "libConcurrent.so", "name": "concurrent",
        "execution": "concurrent", "commands": { "concurrent": "echo" } }'
    launch daemon "$cores"
    start_reference
    for ((round = 0; round < rounds; round++)); do
        measure p.concurrent daemon_cpu_per_request --duration "$seconds" -d 16 "$work/daemon.sock" concurrent
        measure p.inline daemon_cpu_per_request --duration "$seconds" "$work/daemon.sock"
        measure p.reference daemon_cpu_per_request --duration "$seconds" "$work/reference.sock"
    done
    paste "$work/p.concurrent" "$work/p.inline" | awk '{ print $1 - $2 }' >"$work/p.hop"
    cp "$work/p.concurrent.rate" "$work/p.hop.rate"
    compare p "concurrent echo, less inline" "µs of CPU" "$work/p.hop" "$work/p.reference" 3.66 "C epoll echo"
    rate=$(median "$work/p.concurrent.rate")
    for ((round = 0; round < rounds; round++)); do
        measure p.p99 p99 --rate "$(awk -v rate="$rate" 'BEGIN { print int(rate / 2) }')" --duration "$seconds" -d 16 \
            "$work/daemon.sock" concurrent
    done
    stop_servers
    limit p "p99 of it at half of these requests a second" µs "$work/p.p99" 150
}

# start_scaled NAME COMMANDS [CORES]: a daemon with so many commands, all of them echo, as the process that $NAME holds.
start_scaled() {
    local number commands='"echo": "echo"'
    for ((number = 1; number < $2; number++)); do commands+=", \"echo$number\": \"echo\""; done
    scaled_config "$1" "{ \"library\": \"libEcho.so\", \"commands\": { $commands } }"
    launch "$1" "${3:-$server_core}"
}

# Ten libraries with a command each.
ten_plugins() {
    local number list=''
    for ((number = 0; number < 10; number++)); do
        install -m 644 "$build/libEcho.so" "$work/plugins/libEcho$number.so"
        list+="${list:+, }{ \"library\": \"libEcho$number.so\", \"name\": \"echo$number\""
        list+=", \"commands\": { \"echo${number/#0/}\": \"echo\" } }"
    done
    scaled_config daemon "$list"
}

# scaled_config NAME PLUGINS
scaled_config() {
    cat >"$work/$1.json" <<END
{
  "listen": [ { "unix": "$work/$1.sock" } ],
  "loops": ${loops:-0},
  "pluginDirectory": "$work/plugins",
  "plugins": [ $2 ],
  "limits": { "connections": 11000, "firstRecordSeconds": 3600, "idleSeconds": 3600 }
}
END
}

# launch NAME CORES: starts a daemon on $work/NAME.json, as the process that $NAME holds.
launch() {
    taskset -c "$2" "$build/fastdaemond" --config "$work/$1.json" >"$work/$1.log" 2>&1 &
    printf -v "$1" %s $!
    await_server "${!1}" "$work/$1.log" "$work/$1.sock"
}

# measure_apart FILE OPTION ...: the daemon's CPU time, with the generator on its own core.
measure_apart() {
    local file=$1 generator="taskset -c $generator_core"
    shift
    measure "$file" daemon_cpu_per_request --duration "$seconds" "$@"
}

# measure_busiest FILE PROCESS ADDRESS: how many requests a second of its busiest thread's CPU time serves.
measure_busiest() {
    per_thread "$2" nanoseconds >"$work/before"
    bench --json --quiet --warmup 0 --duration "$seconds" "$3" >"$work/last.json"
    per_thread "$2" nanoseconds >"$work/after"
    awk -v requests="$(field requests "$work/last.json")" '
        NR == FNR { before[$1] = $2; next }
        $2 - before[$1] > busiest { busiest = $2 - before[$1] }
        END { print requests / busiest * 1e9 }' "$work/before" "$work/after" >>"$work/$1"
}
