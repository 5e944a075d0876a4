# shellcheck shell=bash disable=SC2154 # The variables are bench.sh's.
# Medians, and the rows in a table for people and as JSON. A row is a line of tab-separated values in $work/rows:
# row, figure, unit, daemon, reference, ratio, goal, met, what the reference is, requests a second of either side. What
# does not apply is "-".

# compare ROW FIGURE UNIT DAEMON-FILE REFERENCE-FILE GOAL REFERENCE: the ratio of two medians. GOAL is the most that it may
# be, "least N" the least, or "-".
compare() {
    local ours theirs
    ours=$(median "$4")
    theirs=$(median "$5")
    awk -v OFS='\t' -v row="$1" -v figure="$2" -v unit="$3" -v ours="$ours" -v theirs="$theirs" -v goal="$6" -v what="$7" \
        -v rate="$(rate "$4" "$3")" -v other="$(rate "$5" "$3")" '
        BEGIN {
            ratio = sprintf("%.3f", ours / theirs)
            bound = goal
            if (goal == "-")
                met = "-"
            else if (sub(/^least /, "", bound))
                met = ratio + 0 >= bound + 0 ? "yes" : sprintf("no, %.0f %% under", (1 - ratio / bound) * 100)
            else
                met = ratio + 0 <= bound + 0 ? "yes" : sprintf("no, %.0f %% over", (ratio / bound - 1) * 100)
            sub(/^least/, "at least", goal)
            print row, figure, unit, ours, theirs, ratio, goal == "-" ? goal : "ratio " goal, met, what, rate, other
        }' >>"$work/rows"
}

# limit ROW FIGURE UNIT FILE GOAL: a median against a fixed limit.
limit() {
    awk -v OFS='\t' -v row="$1" -v figure="$2" -v unit="$3" -v ours="$(median "$4")" -v goal="$5" '
        BEGIN {
            met = ours <= goal ? "yes" : goal == 0 ? "no" : sprintf("no, %.0f %% over", (ours / goal - 1) * 100)
            print row, figure, unit, ours, "-", "-", goal " " unit, met, "-", "-", "-"
        }' >>"$work/rows"
}

# skip ROW FIGURE REASON
skip() { printf '%s\t%s\t-\t-\t-\t-\t-\tskipped: %s\t-\t-\t-\n' "$1" "$2" "$3" >>"$work/rows"; }

# rate FILE UNIT: the median of the requests a second that go with a file, where it is of CPU time.
rate() { if [ "$2" = "µs of CPU" ]; then median "$1.rate"; else echo -; fi; }

# median FILE: of the first words of its lines.
median() {
    sort -g "$1" | awk '
        { values[NR] = $1 }
        END { print NR % 2 ? values[(NR + 1) / 2] : (values[NR / 2] + values[NR / 2 + 1]) / 2 }'
}

today() { date -u +%Y-%m-%d; }

machine() {
    printf '%s, %s cores, Linux %s' "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r | cut -d . -f 1,2)"
}

versions() {
    printf 'fastdaemon %s, %s, %s' "$(git -C "$repository" describe --always --dirty 2>/dev/null || echo '(no git)')" \
        "$(swift --version 2>/dev/null | sed -n 's/.*\(Swift version [0-9.]*\).*/\1/p' | head -n 1)" "$(cc --version | head -n 1)"
}

# A section of RESULTS.md.
print_section() {
    printf '## %s\n\n%s.\n%s.\n' "$(today)" "$(machine)" "$(versions)"
    printf 'Medians of %s rounds of %s s. Load average at the start: %s.\n\n' "$rounds" "$seconds" "$load"
    printf '| row | figure | daemon | reference | ratio | goal | met |\n|---|---|---|---|---|---|---|\n'
    awk -F '\t' '
        function shown(value) { return value == "-" ? value : sprintf(value < 1 ? "%.3f" : value < 100 ? "%.2f" : "%.0f", value) }
        function cell(value, rate) {
            if (value == "-") return value
            return shown(value) " " $3 (rate == "-" ? "" : sprintf(", %.0f k/s", rate / 1000))
        }
        {
            reference = cell($5, $11) ($5 == "-" ? "" : " (" $9 ")")
            printf "| %s | %s | %s | %s | %s | %s | %s |\n", $1, $2, cell($4, $10), reference, $6, $7, $8
        }' "$work/rows"
}

print_json() {
    printf '{\n  "date": "%s",\n  "machine": "%s",\n  "versions": "%s",\n' "$(today)" "$(machine)" "$(versions)"
    printf '  "rounds": %s,\n  "seconds": %s,\n  "rows": [\n' "$rounds" "$seconds"
    awk -F '\t' '
        BEGIN { split("row figure unit daemon reference ratio goal met against daemon_rate reference_rate", keys, " ") }
        function json(value) {
            if (value == "-") return "null"
            return value ~ /^[0-9.]+$/ ? value : "\"" value "\""
        }
        {
            printf "%s    {", (NR == 1 ? "" : ",\n")
            for (column = 1; column <= NF; column++)
                printf "%s\"%s\": %s", (column == 1 ? "" : ", "), keys[column], json($column)
            printf "}"
        }
        END { print "\n  ]\n}" }' "$work/rows"
}

# save_section SECTION FILE: puts it behind the marker that stands before the newest section.
save_section() {
    grep -q '^<!-- newest first -->$' "$2" || fail "$2 has no line '<!-- newest first -->' to put the table behind"
    awk -v section="$1" '
        { print }
        /^<!-- newest first -->$/ {
            print ""
            while ((getline line < section) > 0) print line
        }' "$2" >"$work/saved"
    cat "$work/saved" >"$2"
}

# save_between NAME TEXT FILE: puts a text in the place of what stands between the marks <!-- NAME --> and <!-- /NAME -->.
save_between() {
    if ! grep -q "^<!-- $1 -->\$" "$3" || ! grep -q "^<!-- /$1 -->\$" "$3"; then
        fail "$3 has no lines '<!-- $1 -->' and '<!-- /$1 -->' to put the table between"
    fi
    awk -v name="$1" -v text="$2" '
        $0 == "<!-- /" name " -->" { skipping = 0; print "" }
        !skipping { print }
        $0 == "<!-- " name " -->" {
            skipping = 1
            print ""
            while ((getline line < text) > 0) print line
        }' "$3" >"$work/saved"
    cat "$work/saved" >"$3"
}
