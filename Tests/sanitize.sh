#!/usr/bin/env bash
# Runs tests under the sanitizers: the protocol and the pipeline under the thread sanitizer, and with --all everything else under the
# address sanitizer, with leaks. What they find ends the test that it was found in, and a daemon that leaks ends with another status
# than its test expects.
#
#   Tests/sanitize.sh [--all]
#
# The thread sanitizer takes the lock of Synchronization for none; the pipeline has another in its place there, other rooms do not.
set -euo pipefail
cd "$(dirname "$0")/.."

heading() { printf '\n== %s\n' "$*"; }

# The forwarder is an ordinary program here, because the sanitizers' runtimes are.
export FASTDAEMON_PLAIN_CLIENT=1

if [[ ${1:-} == --all ]]; then
    heading 'Under the address sanitizer, with leaks'
    # All but what measures memory or time, looks at the programs as they are shipped, or builds others. Handlers that crash do so by
    # the signal that their callers are to be told, and not by the exit that the sanitizer would make of it; and Swift's backtraces
    # are off, because whoever makes them reads all of the stacks, which the sanitizer takes for a fault.
    ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=0:handle_segv=0:handle_sigbus=0 \
    LSAN_OPTIONS=suppressions=$PWD/Tests/leaks.txt:print_suppressions=0 \
    SWIFT_BACKTRACE=enable=no \
        swift test --sanitize=address --scratch-path .build/address-sanitizer --no-parallel --skip \
        'BenchTests|ReadmeTests|PluginHeaderTests|TutorialTests|BinaryTests|^FaultTests|PerformanceTests|SessionLoadTests|\.(Limit|Deadline|Flood)Tests'
fi

heading 'The protocol and the pipeline under the thread sanitizer'
FASTDAEMON_THREAD_SANITIZER=1 swift test --sanitize=thread --scratch-path .build/thread-sanitizer \
    --filter 'FastDaemonProtocolTests|FastDaemonPipelineTests'
