# shellcheck shell=bash disable=SC2034 # What is here is for the scripts that read this.
# What both benchmarks begin with: where they stand, how they fail, and a folder that is gone when they end.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# make_work_folder NAME STOP: makes $work, and has STOP called before it is removed.
make_work_folder() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/fastdaemon-$1.XXXXXX")
    # shellcheck disable=SC2064 # STOP is known now.
    trap "$2; rm -rf '$work'" EXIT
    trap 'exit 130' INT TERM
}
