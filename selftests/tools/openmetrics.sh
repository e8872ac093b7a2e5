#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# openmetrics.sh - what --openmetrics prints is a document of that format, with the figures
# that are meant; and the parser that says so sees what is wrong.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

if ! command -v python3 >/dev/null; then
	plan 1
	skip "openmetrics" "python3 is missing"
	finish
	exit
fi

parser=$(dirname "$0")/openmetrics.py

parse() {
	python3 "$parser" <"$1" 2>&1
}

# refused NAME SED: the document is none after this change
refused() {
	sed "$2" "$work/doc" >"$work/changed"
	if cmp -s "$work/doc" "$work/changed"; then
		result "not ok" "$1 (nothing changed)"
	elif parse "$work/changed" >"$work/said"; then
		result "not ok" "$1"
	else
		result ok "$1"
	fi
}

# sample FAMILY LABEL...: its value, by labels in any order
sample() {
	local line=$1 label

	shift
	line=$(grep "^${line}[{ ]" "$work/doc")
	for label; do
		line=$(grep -F "$label" <<<"$line")
	done
	[[ -z $line ]] || echo "${line##* }"
}

plan 32

gvt run create mainexit --openmetrics --quick --n 20
cp "$work/out" "$work/doc"
is "run: status 0" 0 "$status"
is "nothing on stderr" "" "$err"
matches "it is a document of the format" '^[0-9]+ samples of [0-9]+ families$' "$(parse "$work/doc")"
is "each experiment has one verdict of three" "3 1" \
	"$(grep -c '^gvt_run_verdict{experiment="create"' "$work/doc") $(
		grep '^gvt_run_verdict{experiment="create"' "$work/doc" | grep -c ' 1$')"
is "not interrupted" 0 "$(sample gvt_run_interrupted)"
# One in ten first, then each, a hundred, each: 5 times.
is "what it made" $((5 * (3 + 20 + 100 + 20))) \
	"$(sample gvt_run_made 'experiment="create"' 'side="thread"')"
matches "times are in seconds" '^0?\.[0-9]+$|^[0-9.]+e-[0-9]+$' \
	"$(sample gvt_run_time_seconds 'metric="create_join_ns"' 'side="goroutine"' 'of="median"')"
is "what could not be measured has no sample" "" \
	"$(sample gvt_run_amount 'metric="nothing"')"
matches "the machine is told" 'kernel="[^"]+",.*counters="(gvt|procfs)"' \
	"$(grep '^gvt_run_cpus' "$work/doc")"

refused "the last line is missing" '$d'
refused "something after the last line" '$a\
gvt_more 1'
refused "an empty line" '3i\
'
refused "a family twice" '$i\
# TYPE gvt_run_cpus gauge'
refused "no type" '1d'
refused "another type" '1s/gauge/counter/'
refused "a family without help" '/^# HELP gvt_run_verdict/d'
refused "a unit that is not in the name" '1a\
# UNIT gvt_run_cpus bytes'
refused "not a number" '/^gvt_run_interrupted/s/0$/none/'
refused "a value that is missing" '/^gvt_run_interrupted/s/ 0$//'
refused "a sample twice" '/^gvt_run_interrupted/p'
refused "a quote that is open" '/^gvt_run_cpus/s/"}/}/'
refused "a label twice" '/^gvt_run_cpus/s/{/{kernel="x",/'
refused "a name with a dash" 's/gvt_run_cpus/gvt-run-cpus/'
refused "a bad escape" '/^gvt_run_cpus/s/kernel="/&\\q/'

gvt run mainexit mainexit --openmetrics --quick --n 5
cp "$work/out" "$work/doc"
matches "an experiment that is named twice has no sample twice" '^[0-9]+ samples of [0-9]+ families$' \
	"$(parse "$work/doc")"

# A command whose name has all that a label has to escape.
printf '#!/bin/sh\nexit 3\n' >"$work/"$'a "b" \\ c\nd'
chmod +x "$work/a"*
gvt stat -r 2 --openmetrics -- "$work/"$'a "b" \\ c\nd'
cp "$work/err" "$work/doc"
is "stat: the command's status" 3 "$status"
matches "stat: it is a document of the format" '^[0-9]+ samples of [0-9]+ families$' "$(parse "$work/doc")"
is "stat: how often, and what it said" "2 3" "$(sample gvt_stat_runs) $(sample gvt_stat_status)"
is "stat: median, least and most" 3 "$(grep -c '^gvt_stat_wall_seconds{' "$work/doc")"
gvt stat --openmetrics --csv -- true
is "stat: --openmetrics and --csv" "2 gvt: stat: --json, --csv and --openmetrics exclude each other: choose one" \
	"$status $err"

gvt run create --openmetrics --json
is "--openmetrics and --json" "2 gvt: run: --json, --csv and --openmetrics exclude each other: give one, once" \
	"$status $err"
if command -v promtool >/dev/null; then
	is "promtool finds no fault" "" "$(promtool check metrics <"$work/doc" 2>&1)"
else
	skip "promtool finds no fault" "promtool is missing: Debian's prometheus"
fi
finish
