#!/usr/bin/env bash
# Runs the suite under the thread sanitizer, and with --all once more under the address sanitizer, with leaks. What they find ends
# the process that it was found in, and so the test; what a daemon found that nobody waited for any more is told at the end.
#
#   Tests/sanitize.sh [--all]
#
# Left out is what measures memory or time, looks at the programs as they are shipped, or builds others.
set -euo pipefail
cd "$(dirname "$0")/.."

heading() { printf '\n== %s\n' "$*"; }

# The forwarder is an ordinary program here, because the sanitizers' runtimes are.
export FASTDAEMON_PLAIN_CLIENT=1
# Swift's backtraces are off, because whoever makes them reads all of the stacks, which a sanitizer takes for a fault.
export SWIFT_BACKTRACE=enable=no
# Handlers that crash do so by the signal that their callers are to be told, and not by the exit that a sanitizer would make of it.
signals=handle_segv=0:handle_sigbus=0:handle_sigfpe=0
skipped='BenchTests|ReadmeTests|PluginHeaderTests|TutorialTests|BinaryTests|^FaultTests|PerformanceTests|SessionLoadTests|\.(Limit|Deadline|Flood)Tests'

if [[ ${1:-} == --all ]]; then
    heading 'Under the address sanitizer, with leaks'
    ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=0:$signals \
    LSAN_OPTIONS=suppressions=$PWD/Tests/leaks.txt:print_suppressions=0 \
        swift test --sanitize=address --scratch-path .build/address-sanitizer --no-parallel --skip "$skipped"
fi

heading 'Under the thread sanitizer'
races=$PWD/.build/thread-sanitizer/races
rm -rf "$races"
mkdir -p "$races"
# What the handlers' libraries need of its runtime besides what the linker lets programs export of itself.
exported=()
for function in external_write ignore_thread_begin ignore_thread_end; do
    exported+=(-Xlinker "--export-dynamic-symbol=__tsan_$function")
done
status=0
# The reports go to files, a process each: many a daemon is killed when its test has seen what it wanted. No process waits a second at
# its end for races that may come yet.
options=halt_on_error=1:atexit_sleep_ms=0:$signals:log_path=$races/process
TSAN_OPTIONS=$options:suppressions=$PWD/Tests/races.txt:print_suppressions=0 \
FASTDAEMON_THREAD_SANITIZER=1 \
    swift test --sanitize=thread --scratch-path .build/thread-sanitizer "${exported[@]}" --no-parallel --skip "$skipped" || status=$?
for report in "$races"/*; do
    [[ -e $report ]] || continue
    cat "$report"
    status=1
done
exit "$status"
