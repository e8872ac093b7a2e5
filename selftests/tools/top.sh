#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# top.sh - `gvt top -b`: what it prints of programs of which it is known what they do.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

known=$(cd "$(dirname "$0")" && pwd)/known_threads

# wrong NAME PATTERN ARG...: status 2, one line on stderr that matches
wrong() {
	local name=$1 pattern=$2

	shift 2
	gvt top "$@"
	is "$name: status 2" 2 "$status"
	matches "$name: says why" "^gvt: $pattern\$" "$err"
}

# rows FILE: those of the last table in it; cells N: their Nth column
rows() {
	awk '/ gvt top |^gvt top / { n = 0 } $1 ~ /^[0-9]+$/ { row[n++] = $0 }
		END { for (i = 0; i < n; i++) print row[i] }' "$1"
}

# descending COLUMN: rows from the standard input that are larger than the one before
descending() {
	awk -v c="$1" '{ v = $c == "-" ? -1 : $c + 0 } NR > 1 && v > last { print } { last = v }'
}

# all_switches PID: of all its threads
all_switches() {
	cat /proc/"$1"/task/*/status | awk '/voluntary_ctxt_switches:/ { n += $2 } END { print n }'
}

has_threads() {
	[[ $(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l) -eq $2 ]]
}

plan 42

# -------------------------------------------------------------- what is wrong
wrong "unknown option" '-x: no such option of top; .*' -x
wrong "an argument" 'x: top takes no argument but options; .*' x
wrong "-d 0" '-d: 0 is out of range; .*' -d 0
wrong "-d x" '-d: .x. is not a number of seconds; .*' -d x
wrong "-n 0" '-n: 0 is out of range; .*' -n 0
wrong "-s with no such key" '-s: .size. is no key; there are: kernel, .*' -s size
wrong "-p x" '-p: .x. is not a whole number; .*' -p x
wrong "-n without a value" '-n: needs a value; .*' -n
gvt top -b -n 1 -d 0.1 -p 1999999999
is "no such process: status 1" 1 "$status"
matches "... says so" '^gvt: process 1999999999: no such process; ' "$err"

# -------------------------------------------------------------------- a table
"$known" tick 3 stay 2 wait 1000000000 &
ticking=$!
disown
started+=("$ticking")
wait_until has_threads "$ticking" 6
"$known" stay 3 wait 1000000000 &
other=$!
disown
started+=("$other")
wait_until has_threads "$other" 4

before=$(all_switches "$ticking")
gvt top -b -n 1 -d 0.4 -p "$ticking"
after=$(all_switches "$ticking")
is "status 0" 0 "$status"
read -r pid name threads kernel _ <<<"$(rows "$work/out")"
is "number, name and threads" "$ticking known_threads 6" "$pid $name $threads"
seconds=$(sed -n 's/^gvt top [0-9:]*: \([0-9.]*\) s, 1 process, 6 threads, .*/\1/p' <<<"$out")
matches "the head says for how long, and of how many" '^[0-9]+\.[0-9]{3}$' "$seconds"
# The rate is rounded to a tenth, or a whole one, the time to a millisecond.
count=$(awk -v r="$kernel" -v s="$seconds" 'BEGIN { printf "%d", (r - 0.5) * (s - 0.001) }')
within "no more switches than from before to after" 1 "$count" $((after - before))
is "waited and made to are all of them" "" "$(rows "$work/out" |
	awk '{ d = $4 - $9 - $10 } d < -2 || d > 2')"

gvt top -b -n 2 -d 0.1 -p "$ticking,$other"
is "two tables of two" "2 4" "$(grep -c '^gvt top ' "$work/out") $(grep -c known_threads "$work/out")"
source=$(sed -n 's/.*; counters: //p;' <<<"$out" | head -n 1)
if [[ $source == procfs ]]; then
	is "what is missing is said once" 1 "$(grep -c 'gvt.ko is not loaded' "$work/out")"
else
	is "what is missing is said once" 1 "$(grep -c 'goroutines are those of programs' "$work/out")"
fi

declare -A column=([kernel]=4 [goroutine]=5 [cpu]=7 [wait]=8 [threads]=3)
for key in kernel goroutine cpu wait threads; do
	"$GVT" top -b -n 1 -d 0.1 -s "$key" >"$work/out" 2>&1
	# A name may have blanks in it: they are counted from the end of its column.
	rows "$work/out" | cut -c1-8,24- | sed 's/^\( *[0-9]* \)/\1name /' >"$work/rows"
	is "sorted by $key" "" "$(descending "${column[$key]}" <"$work/rows")"
done
is "others' processes are there, too" "4" \
	"$(awk '{ print $1 }' "$work/rows" | grep -cxE "1|$$|$ticking|$other")"

gvt top -b -n 1 -d 0.1 -f KNOWN_thr -s threads
is "only those whose name has it" "$ticking $other" \
	"$(rows "$work/out" | awk -v a="$ticking" -v b="$other" '$1 == a || $1 == b { print $1 }' | xargs)"
is "... and none else" "" "$(rows "$work/out" | grep -v known_thr)"
gvt top -b -n 1 -d 0.1 -f "$other"
is "only the one of that number" "$other" "$(rows "$work/out" | awk '{ print $1 }')"

gvt top -b -n 1 -d 0.1 -t "$ticking" -s pid
is "the threads of one" "$(ls "/proc/$ticking/task" | sort -n | xargs)" \
	"$(rows "$work/out" | awk '{ print $1 }' | xargs)"
matches "they have a state" '  +[RSD]  ' "$(rows "$work/out" | head -n 1)"
within "those that stay do not switch" 2 "$(rows "$work/out" | awk '$4 == 0' | wc -l)" 6

# ---------------------------------------------------------------- a runtime
"$GVT" bench --one libgo yield 1000000000 1 >/dev/null 2>&1 &
libgo=$!
disown
started+=("$libgo")
# Its counters are there once its runtime has begun, which takes an emulated machine a while.
publishes() {
	awk -v pid="$libgo" '$1 == pid && $16 ~ /^[0-9]/ { found = 1 } END { exit !found }' /proc/gvt/process
}
[[ $source != gvt ]] || wait_until publishes
gvt top -b -n 1 -d 0.3 -p "$libgo"
is "a process that runs libgo is shown" "0 " "$status $err"
# shellcheck disable=SC2034 # the name is one of the columns
read -r pid name threads kernel goroutine goroutines _ <<<"$(rows "$work/out")"
if [[ $source == gvt ]]; then
	is "goroutine switches are more than the kernel's" more \
		"$(awk -v g="$goroutine" -v k="$kernel" 'BEGIN { print (g > k ? "more" : g " " k) }')"
else
	is "without gvt.ko goroutines are not known" "- -" "$goroutine $goroutines"
fi

# --------------------------------------------------------------------- its end
kill -KILL "$libgo"
"$GVT" top -b -d 0.1 -p "$other" >"$work/out" 2>&1 &
top=$!
wait_until grep -qs known_threads "$work/out"
kill -KILL "$other"
status=0
wait $top || status=$?
is "it ends when there is nothing left to show" 0 "$status"
status=0
"$GVT" top -b -n 1 -d 0.1 >/dev/full 2>"$work/err" || status=$?
is "full disk" "1 gvt: standard output: No space left on device" "$status $(<"$work/err")"
"$GVT" top -d 0.1 2>"$work/err" | head -n 1 >"$work/out"
matches "plain lines where there is no terminal" '^gvt top [0-9:]+: ' "$(<"$work/out")"

finish
