# shellcheck shell=bash disable=SC2154,SC2034 # The variables are peers.sh's.
# The rows of the comparison, and how they are measured: on Unix sockets a to f, on loopback TCP g to l.

row_titles=("1 connection" "50 connections" "pipelined by 16" "one request a connection" "1 KiB" "64 KiB, 8 connections")
row_options=("-c 1" "-c 50" "-c 50 -P 16" "-c 50 --reconnect" "-c 50 -d 1024" "-c 8 -d 65536")
unix_rows=abcdef tcp_rows=ghijkl

# Measures all rows of a transport: in each round every peer in turn, beginning with another one each time.
measure_transport() {
    local transport=$1 letters=${1}_rows peer round index position
    letters=${!letters}
    [[ $rows =~ [$letters] ]] || return 0
    for peer in "${peers[@]}"; do start_peer "$transport"; done
    for ((index = 0; index < ${#letters}; index++)); do
        [[ $rows == *"${letters:index:1}"* ]] || continue
        echo "$transport, ${row_titles[index]} ..." >&2
        for ((round = 0; round < rounds; round++)); do
            for ((position = 0; position < ${#peers[@]}; position++)); do
                peer=${peers[(round + position) % ${#peers[@]}]}
                [[ ${rows_of[$peer]} == *"${unix_rows:index:1}"* ]] || continue
                measure_peer "${letters:index:1}" "${row_options[index]}"
            done
        done
    done
    stop_peers
}

# measure_peer ROW OPTIONS: adds a line to $work/figures.
measure_peer() {
    local row=$1 key generator="taskset -c $generator_core" words=(--json --quiet --verify --duration "$seconds" --pid "${running[$peer]}")
    # shellcheck disable=SC2206,SC2207 # They are words.
    words+=(${spoken[$peer]:-} $(payload) $2 "${address[$peer]}" ${asked[$peer]:-})
    bench "${words[@]}" >"$work/last.json" ||
        fail "fastdaemon_bench ${words[*]} failed: $(cat "$work/last.json" "$work/$peer.log")"
    [ "$(field failed "$work/last.json")" = 0 ] || fail "fastdaemon_bench ${words[*]}: $(cat "$work/last.json")"
    {
        printf '%s\t%s' "$row" "$peer"
        for key in daemon_cpu_per_request requests_per_second p50 p99 p99.9 generator_cpu_per_request; do
            printf '\t%s' "$(field "$key" "$work/last.json")"
        done
        echo
    } >>"$work/figures"
}
