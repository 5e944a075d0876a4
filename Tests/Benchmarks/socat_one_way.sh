#!/bin/bash
# Copies standard input to standard output through a Unix socket between two socats.
#
#     socat_one_way.sh SOCKET [OPTION ...]
set -euo pipefail
socket=$1
shift
rm -f "$socket"
socat "$@" -u "UNIX-LISTEN:$socket" - &
socat "$@" -u - "UNIX-CONNECT:$socket,retry=500,interval=0.01"
wait $!
