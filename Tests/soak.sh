#!/usr/bin/env bash
# The long form of the tests, for a night or a release: a soak, each fuzzer, more points of injection, and what `sanitize.sh --all`
# runs under the sanitizers.
#
#   Tests/soak.sh [SECONDS]
#
# SECONDS (600 where left out) are for the soak; each fuzzer has half of them.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600}

heading() { printf '\n== %s\n' "$*"; }

heading "A soak of $seconds seconds, and all faults"
export FASTDAEMON_STRICT=1
swift build --build-tests --explicit-target-dependency-import-check error
FASTDAEMON_SOAK_SECONDS=$seconds swift test --skip-build --no-parallel --filter '^FaultTests\.'

heading "Fuzzing, $((seconds / 2)) seconds each"
Tests/Fuzz/run.sh "$((seconds / 2))"

Tests/sanitize.sh --all
