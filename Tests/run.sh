#!/usr/bin/env bash
# The test command: everything that can be wrong, each part under a heading of its own. It stops at the first that is.
set -euo pipefail
cd "$(dirname "$0")/.."

heading() { printf '\n== %s\n' "$*"; }

heading 'The suite: warnings are errors, and a room imports only what it lists'
export FASTDAEMON_STRICT=1
swift build --build-tests --explicit-target-dependency-import-check error
report=$(mktemp)
trap 'rm -f "$report"' EXIT
swift test --skip-build --no-parallel 2>&1 | tee "$report" || {
    # A thousand lines after the one that matters, it is hard to find.
    heading 'What failed'
    grep --after-context=2 --extended-regexp '✘|error:|[Ff]atal error' "$report" || tail -n 50 "$report"
    exit 1
}

heading 'Fuzzing what reads bytes of others'
Tests/Fuzz/run.sh 30
