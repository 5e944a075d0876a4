#!/bin/sh
# Fuzzes each part of FastDaemonProtocol for a while, with libFuzzer and the address sanitizer of the Swift toolchain.
#
#   Tests/Fuzz/run.sh [SECONDS [DIRECTORY]]
#
# SECONDS (30 where left out) are for each fuzzer. What it builds and finds goes to DIRECTORY (.build/fuzz); the corpus
# that is checked in is read and not written. An input that breaks something is left there as Record-crash-..., or with the
# name of another fuzzer before it; give it to the fuzzer of that name to see it again.
set -eu

seconds=${1:-30}
cd "$(dirname "$0")/../.."
out=${2:-.build/fuzz}
mkdir -p "$out"

compile() {
    swiftc -swift-version 6 -O -g -sanitize=fuzzer,address -parse-as-library "$@"
}

# The linker warns of every symbol that the address sanitizer has in assembly.
quietly() {
    "$@" 2>"$out/log" || { cat "$out/log" >&2; exit 1; }
}

quietly compile -static -emit-library -emit-module -module-name FastDaemonProtocol \
    -emit-module-path "$out/FastDaemonProtocol.swiftmodule" -o "$out/libFastDaemonProtocol.a" \
    Sources/FastDaemonProtocol/*.swift Sources/FastDaemonProtocol/*/*.swift

for name in Record CommandLine SessionClient SessionServer; do
    quietly compile -I "$out" -L "$out" -lFastDaemonProtocol -o "$out/$name" "Tests/Fuzz/${name}Fuzzer.swift" \
        Tests/FastDaemonProtocolTests/Invariants.swift Tests/FastDaemonProtocolTests/Support.swift \
        Tests/FastDaemonProtocolTests/SessionInvariants.swift Tests/FastDaemonProtocolTests/SessionLog.swift \
        Tests/FastDaemonProtocolTests/SessionReference.swift
    mkdir -p "$out/corpus/$name"
    echo "$name, $seconds seconds"
    "$out/$name" -max_total_time="$seconds" -max_len=400 -timeout=5 -print_final_stats=1 \
        -artifact_prefix="$out/$name-" "$out/corpus/$name" "Tests/Fuzz/Corpus/$name" 2>"$out/$name.log" ||
        { tail -n 30 "$out/$name.log" >&2; exit 1; }
    grep -E '^(Done|stat::(number_of_executed_units|new_units_added))' "$out/$name.log"
done
