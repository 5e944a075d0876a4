#!/usr/bin/env bash
# Runs tests under the sanitizers: the address sanitizer, with leaks, and the thread sanitizer. What they find ends the test that
# it was found in, and a daemon that leaks ends with another status than its test expects.
#
#   Tests/sanitize.sh [--all]
#
# --all runs all tests that make sense there; without it, a choice that takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

heading() { printf '\n== %s\n' "$*"; }

if [[ ${1:-} == --all ]]; then
    # All but what measures memory or time, looks at the programs as they are shipped, or builds others.
    address=(--skip 'BenchTests|ReadmeTests|PluginHeaderTests|TutorialTests|BinaryTests|FaultTests|LoadTests|LimitTests|DeadlineTests|FloodTests')
else
    address=(
        --filter '^FastDaemon(Protocol|IO|Host|Server|PluginKit|Client)Tests\.'
        --filter '^IntegrationTests\.(BuiltIn|Classic|Configuration|Goodbye|Log|Record|Session(Output|Input|End|Frame|Fault))Tests'
    )
fi

# The forwarder is an ordinary program here, because the sanitizers' runtimes are.
export FASTDAEMON_PLAIN_CLIENT=1

heading 'Under the address sanitizer, with leaks'
ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=0 \
LSAN_OPTIONS=suppressions=$PWD/Tests/leaks.txt:print_suppressions=0 \
    swift test --sanitize=address --scratch-path .build/address-sanitizer --no-parallel "${address[@]}"

heading 'The protocol and the pipeline under the thread sanitizer'
FASTDAEMON_THREAD_SANITIZER=1 swift test --sanitize=thread --scratch-path .build/thread-sanitizer \
    --filter 'FastDaemonProtocolTests|FastDaemonPipelineTests'
