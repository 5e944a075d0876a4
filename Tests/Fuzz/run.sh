#!/bin/sh
# Fuzzes what reads bytes of others' making, for a while: records, sessions from both sides, command lines, and the config; with
# libFuzzer and the address sanitizer of the Swift toolchain.
#
#   Tests/Fuzz/run.sh [SECONDS [DIRECTORY]]
#
# SECONDS (30 where left out) are for each fuzzer; all run at once. What it builds and finds goes to DIRECTORY (.build/fuzz);
# the corpus that is checked in is read and not written. An input that breaks something is left there as Record-crash-..., or
# with the name of another fuzzer before it; give it to the fuzzer of that name to see it again.
set -eu

seconds=${1:-30}
cd "$(dirname "$0")/../.."
out=${2:-.build/fuzz}
mkdir -p "$out"

fuzzers='Record CommandLine SessionClient SessionServer Configuration'

compile() {
    swiftc -swift-version 6 -O -g -sanitize=fuzzer,address -parse-as-library -I "$out" -L "$out" "$@"
}

# The linker warns of every symbol that the address sanitizer has in assembly.
quietly() {
    "$@" 2>"$out/log" || { cat "$out/log" >&2; exit 1; }
}

# room NAME: compiles a room of the package into a module of its own.
room() {
    # shellcheck disable=SC2016 # for the shell of its own
    find "Sources/$1" -name '*.swift' -print0 | xargs -0 sh -c '
        out=$0 name=$1
        shift
        exec swiftc -swift-version 6 -O -g -sanitize=fuzzer,address -parse-as-library -I "$out" -static -emit-library \
            -emit-module -module-name "$name" -emit-module-path "$out/$name.swiftmodule" -o "$out/lib$name.a" "$@"
    ' "$out" "$1" 2>"$out/log" || { cat "$out/log" >&2; exit 1; }
}

# c_room NAME HEADER: compiles the C of a room, and has Swift find its header.
c_room() {
    # shellcheck disable=SC2016 # for the shell of its own
    mkdir -p "$out/$1"
    echo "module $1 { header \"$PWD/Sources/$1/include/$2\" link \"$1\" export * }" >"$out/$1/module.modulemap"
    for file in "Sources/$1"/*.c; do
        cc -O2 -g -fPIC -I "Sources/$1/include" -c "$file" -o "$out/$1/$(basename "$file" .c).o"
    done
    ar rcs "$out/lib$1.a" "$out/$1"/*.o
}

c_room CLinux CLinux.h
c_room CFastDaemonPlugin fastdaemon_plugin.h
for name in FastDaemonProtocol FastDaemonSystem FastDaemonIO FastDaemonHost; do room "$name"; done

for name in Record CommandLine SessionClient SessionServer; do
    quietly compile -lFastDaemonProtocol -o "$out/$name" "Tests/Fuzz/${name}Fuzzer.swift" \
        Tests/FastDaemonProtocolTests/Invariants.swift Tests/FastDaemonProtocolTests/Support.swift \
        Tests/FastDaemonProtocolTests/SessionInvariants.swift Tests/FastDaemonProtocolTests/SessionLog.swift \
        Tests/FastDaemonProtocolTests/SessionReference.swift
done
quietly compile -lFastDaemonHost -lFastDaemonIO -lFastDaemonSystem -lFastDaemonProtocol -lCLinux -lCFastDaemonPlugin -o "$out/Configuration" \
    Tests/Fuzz/ConfigurationFuzzer.swift Tests/Fuzz/ConfigurationInvariants.swift \
    Sources/FastDaemonServer/Configuration/*.swift

# fuzz DIRECTORY SECONDS NAME, in a shell of its own.
# shellcheck disable=SC2016
fuzz='
    out=$0 seconds=$1 name=$2
    mkdir -p "$out/corpus/$name"
    "$out/$name" -max_total_time="$seconds" -max_len=4000 -timeout=5 -print_final_stats=1 \
        -artifact_prefix="$out/$name-" "$out/corpus/$name" "Tests/Fuzz/Corpus/$name" 2>"$out/$name.log" ||
        { echo "$name:"; tail -n 30 "$out/$name.log"; exit 1; } >&2
    echo "$name, $seconds seconds: $(grep -E "^(Done|stat::new_units_added)" "$out/$name.log" | tr "\n" " ")"
'
# shellcheck disable=SC2086 # one word each
printf '%s\n' $fuzzers | xargs -P 5 -I '{}' sh -c "$fuzz" "$out" "$seconds" '{}'
