# shellcheck shell=bash disable=SC2154,SC2034 # The variables are peers.sh's.
# The system calls of the daemon in each row, as strace(1) counts them while it serves a fixed number of requests.

counted_requests=20000

count_syscalls() {
    local peer=fastdaemon
    if ! command -v strace >"$work/found"; then
        echo "skipped: system calls: there is no strace" | tee -a "$work/skipped" >&2
        return
    fi
    echo "system calls ..." >&2
    count_rows unix "$unix_rows"
    count_rows tcp "$tcp_rows"
}

# count_rows TRANSPORT LETTERS
count_rows() {
    local index letters=$2
    [[ $rows == *["$letters"]* ]] || return 0
    start_peer "$1"
    for ((index = 0; index < ${#row_options[@]}; index++)); do
        [[ $rows == *"${letters:index:1}"* ]] || continue
        count_row "${letters:index:1}" "${row_options[index]}"
    done
    stop_peers
}

# count_row ROW OPTIONS: adds a line to $work/syscalls: the row, and calls a request of each kind.
count_row() {
    local counter words
    strace -f -c -o "$work/strace" -p "${running[$peer]}" 2>"$work/strace.log" &
    counter=$!
    until grep -q attached "$work/strace.log"; do
        kill -0 "$counter" 2>/dev/null || fail "strace does not attach: $(cat "$work/strace.log")"
        sleep 0.05
    done
    # shellcheck disable=SC2206,SC2207 # They are words.
    words=(--json --quiet --verify --warmup 0 -n $counted_requests $(payload) $2 "${address[$peer]}")
    bench "${words[@]}" >"$work/last.json" || fail "fastdaemon_bench ${words[*]} failed: $(cat "$work/last.json")"
    kill -INT "$counter"
    wait "$counter" || true
    awk -v OFS='\t' -v row="$1" -v requests=$counted_requests '
        $NF ~ /^(read|readv|recvfrom|recvmsg)$/ { kind["read"] += $4; next }
        $NF ~ /^(write|writev|sendto|sendmsg)$/ { kind["write"] += $4; next }
        $NF ~ /^(epoll_wait|epoll_pwait|epoll_pwait2)$/ { kind["wait"] += $4; next }
        $NF ~ /^(accept4|epoll_ctl|close)$/ { kind[$NF] += $4; next }
        $4 ~ /^[0-9]+$/ && $NF != "total" { kind["other"] += $4 }
        END {
            count = split("read write wait accept4 epoll_ctl close other", names, " ")
            line = row
            for (at = 1; at <= count; at++) {
                all += kind[names[at]]
                line = line OFS kind[names[at]] / requests
            }
            print line, all / requests
        }' "$work/strace" >>"$work/syscalls"
}
