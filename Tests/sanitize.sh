#!/usr/bin/env bash
# Runs tests under the sanitizers: the thread sanitizer, and with --all the address sanitizer, with leaks. What they find ends the
# test that it was found in, and a daemon that leaks ends with another status than its test expects.
#
#   Tests/sanitize.sh [--all]
#
# --all runs all tests that make sense there, which takes most of an hour; without it, those of the rooms that share memory between
# threads, which takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

heading() { printf '\n== %s\n' "$*"; }

# Not under a sanitizer: what measures memory or time, what looks at the programs as they are shipped, and what builds others.
not_sanitized='BenchTests|ReadmeTests|PluginHeaderTests|TutorialTests|BinaryTests|FaultTests|LoadTests'
thread=(--filter '^FastDaemon(Protocol|Pipeline|IO|Host|Server)Tests\.')
if [[ ${1:-} == --all ]]; then thread=(); fi

# The forwarder is an ordinary program here, because the sanitizers' runtimes are.
export FASTDAEMON_PLAIN_CLIENT=1

if [[ ${1:-} == --all ]]; then
    heading 'Under the address sanitizer, with leaks'
    ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=0 \
    LSAN_OPTIONS=suppressions=$PWD/Tests/leaks.txt:print_suppressions=0 \
        swift test --sanitize=address --scratch-path .build/address-sanitizer --no-parallel --skip "$not_sanitized"
fi

heading 'Under the thread sanitizer'
FASTDAEMON_THREAD_SANITIZER=1 TSAN_OPTIONS=halt_on_error=1 \
    swift test --sanitize=thread --scratch-path .build/thread-sanitizer --no-parallel --skip "$not_sanitized" "${thread[@]}"
