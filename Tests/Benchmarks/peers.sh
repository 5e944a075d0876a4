#!/bin/bash
# What `make bench-peers` runs: the daemon and what people use today for the same work, alternately in several rounds with the
# same load generator, and what comes of it as ratios to a bare epoll echo in C.
# shellcheck disable=SC2034,SC2154 # What is read from lib uses the variables, and has others.
. "$(dirname "$0")/lib/common.sh"
. "$here/lib/servers.sh"
. "$here/lib/table.sh"
. "$here/lib/peers.sh"
. "$here/lib/peer_rows.sh"
. "$here/lib/syscalls.sh"

usage() {
    cat <<'END'
usage: peers.sh [--rounds N] [--seconds S] [--rows LETTERS] [--peers NAMES] [--syscalls]
                [--build FOLDER] [--json FILE] [--svg FILE] [--save FILE] [--readme FILE] [--publish]

  --rounds N       how often each row is measured with each peer (5)
  --seconds S      how long each measurement is (1)
  --rows LETTERS   which rows (abcdefghijkl), on Unix sockets and over TCP:
                     a, g  1 connection             b, h  50 connections
                     c, i  pipelined by 16          d, j  one request a connection
                     e, k  1 KiB, 50 connections    f, l  64 KiB, 8 connections
  --peers NAMES    which peers, with commas between them: echo, which is always measured, fastdaemon, redis,
                   nginx, memcached, fastcgi, socat, python (all whose programs are there)
  --syscalls       also count the daemon's system calls a request, with strace
  --build FOLDER   where the built programs are; left out, they are built for release first
  --json FILE      where the figures are written as JSON (.build/peers.json)
  --svg FILE       where the CPU time a request is drawn (.build/peers.svg)
  --save FILE      also put the tables into FILE, before what it has from earlier runs (RESULTS.md)
  --readme FILE    also put the table of Unix sockets into FILE, between its marks <!-- peers --> and <!-- /peers -->
  --publish        all of this for this repository: --syscalls, and its RESULTS.md, README.md, peers.json and peers.svg
END
}

rounds=5 seconds=1 rows=abcdefghijkl build='' save='' readme='' chosen='' syscalls=''
json=$repository/.build/peers.json svg=$repository/.build/peers.svg
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage && exit 0 ;;
    --rounds | --seconds | --rows | --peers | --build | --json | --svg | --save | --readme)
        [ $# -ge 2 ] || fail "$1 takes a value, and none follows"
        [ "$1" != --rows ] || [[ $2 =~ ^[a-l]+$ ]] || fail "--rows takes letters from a to l, not '$2'"
        name=${1#--}
        printf -v "${name/peers/chosen}" %s "$2"
        shift 2
        ;;
    --syscalls) syscalls=yes && shift ;;
    --publish)
        syscalls=yes json=$here/peers.json svg=$here/peers.svg save=$here/RESULTS.md readme=$repository/README.md
        shift
        ;;
    *) usage >&2 && exit 64 ;;
    esac
done

make_work_folder peers stop_peers
# nginx and memcached may run as another user.
chmod 711 "$work"

# select_peers: those that were asked for and whose programs are there. The others are named.
select_peers() {
    local reason name
    peers=(echo)
    : >"$work/skipped"
    for peer in ${chosen//,/ }; do
        [[ " ${all_peers[*]} " == *" $peer "* ]] || fail "there is no peer '$peer', only ${all_peers[*]}"
    done
    for peer in "${all_peers[@]:1}"; do
        [[ -z $chosen || ,$chosen, == *,$peer,* ]] || continue
        reason=$(missing "$peer")
        if [ -n "$reason" ]; then
            echo "skipped: ${title[$peer]}: $reason" | tee -a "$work/skipped" >&2
        else
            peers+=("$peer")
        fi
    done
}

print_about() {
    today
    machine && echo
    versions && echo
    for peer in "${peers[@]}"; do peer_version "$peer"; done | paste -s -d , | sed 's/,/, /g'
    printf '%s\t%s\t%s\n' "$rounds" "$seconds" "$load"
}

command -v python3 >"$work/found" || fail "the tables are made by python3, which is not installed"
select_peers
build_daemon
load=$(cut -d ' ' -f 1 /proc/loadavg)
print_about >"$work/about"
for peer in "${peers[@]}"; do printf '%s\t%s\n' "$peer" "${title[$peer]}"; done >"$work/peers"
for ((index = 0; index < ${#row_titles[@]}; index++)); do
    printf '%s\t%s\t%s\n' "${unix_rows:index:1}" "${tcp_rows:index:1}" "${row_titles[index]}"
done >"$work/row_titles"
measure_transport unix
measure_transport tcp
if [ -n "$syscalls" ]; then count_syscalls; fi

# report FORM
report() { python3 -B "$here/lib/peers_report.py" "$work" "$1"; }

report section >"$work/section"
cat "$work/section"
mkdir -p "$(dirname "$json")" "$(dirname "$svg")"
report json >"$json"
python3 -B "$here/lib/peers_plot.py" "$work" >"$svg"
echo "The figures as JSON: $json. The plot: $svg" >&2
if [ -n "$save" ]; then save_section "$work/section" "$save"; fi
if [ -n "$readme" ]; then
    report readme >"$work/readme"
    save_between peers "$work/readme" "$readme"
fi
