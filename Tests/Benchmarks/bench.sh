#!/bin/bash
# What `make bench` runs: the daemon and a reference alternately in several rounds, and what comes of it as ratios.
# Nothing is asserted; each row says its goal, what was measured, and whether that is met.
# shellcheck disable=SC2034 # The variables are used by what is read from lib.
. "$(dirname "$0")/lib/common.sh"
. "$here/lib/servers.sh"
. "$here/lib/rows.sh"
. "$here/lib/session_rows.sh"
. "$here/lib/scaling_rows.sh"
. "$here/lib/table.sh"

usage() {
    cat <<'END'
usage: bench.sh [--rounds N] [--seconds S] [--rows LETTERS] [--build FOLDER] [--json FILE] [--save FILE]

  --rounds N        how often each row is measured on either side (5)
  --seconds S       how long each measurement is (2)
  --rows LETTERS    which rows (abcdefghijklmnop):
                      a  echo, 50 connections           b  one request a connection
                      c  pipelined by 16                d  the whole client process
                      e  echo while 64 waits run        f  memory, idle and with 10,000 connections
                      g  a session against a record     h  bytes a second through a session
                      i  the first byte of output       j  1,000 commands
                      k  10,000 idle connections besides
                      l  after 10,000,000 requests      m  two loops on two cores
                      n  the start                      o  ten plugins, idle
                      p  concurrent echo, 50 connections
  --build FOLDER    where the built programs are; left out, they are built for release first
  --json FILE       also write the figures as JSON
  --save FILE       also put the table into FILE, before what it has from earlier runs (RESULTS.md)
END
}

rounds=5 seconds=2 rows=abcdefghijklmnop build='' json='' save=''
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage && exit 0 ;;
    --rounds | --seconds | --rows | --build | --json | --save)
        [ $# -ge 2 ] || fail "$1 takes a value, and none follows"
        [ "$1" != --rows ] || [[ $2 =~ ^[a-p]+$ ]] || fail "--rows takes letters from a to p, not '$2'"
        printf -v "${1#--}" %s "$2"
        shift 2
        ;;
    *) usage >&2 && exit 64 ;;
    esac
done

make_work_folder bench stop_servers
# Both sides of 10,000 connections need as many descriptors.
ulimit -n "$(ulimit -Hn)"

build_programs
# What else the machine does is in every figure, most of all in percentiles.
load=$(cut -d ' ' -f 1 /proc/loadavg)
for ((index = 0; index < ${#rows}; index++)); do
    row=${rows:index:1}
    echo "row $row ..." >&2
    "row_$row"
done

print_section >"$work/section"
cat "$work/section"
if [ -n "$json" ]; then
    print_json >"$json"
fi
if [ -n "$save" ]; then
    save_section "$work/section" "$save"
fi
