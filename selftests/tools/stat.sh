#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stat.sh - `gvt stat`: the command's status, signals and output pass through, and its
# counts agree with what the command, and the kernel, say about it.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

# A program of which it is known what the kernel has to do for it.
known=$(cd "$(dirname "$0")" && pwd)/known_threads

plan 56

# ----------------------------------------------------------- status and output
gvt stat true
is "status 0 is passed on" 0 "$status"
gvt stat -- sh -c 'exit 42'
is "status 42 is passed on" 42 "$status"
# shellcheck disable=SC2016 # for the inner shell
gvt stat -- sh -c 'kill -KILL $$'
is "killed by signal 9: 137" 137 "$status"
gvt stat -- /nonexistent/command
is "not found: 127, named" "127 gvt: /nonexistent/command: No such file or directory" \
	"$status $err"
gvt stat -- /etc/passwd
is "not executable: 126, named" "126 gvt: /etc/passwd: Permission denied" "$status $err"
gvt stat -- echo hello --json
is "the command's output and options are its own" "hello --json" "$out"
is "cat reads our stdin" "through" "$(echo through | "$GVT" stat -- cat 2>/dev/null)"
gvt stat -o "$work/json" --json -- true
is "--output leaves stderr empty" "" "$err"
is "json: status" 0 "$(number status)"
gvt stat -o "$work/json" --json -- true ä $'a\xffz' $'\xc0\xaf'
matches "json: what is no UTF-8 becomes U+FFFD" $'"ä",\n *"a\xef\xbf\xbdz",\n *"\xef\xbf\xbd\xef\xbf\xbd"\n' \
	"$(<"$work/json")"
gvt stat -o "$work/nodir/x" -- touch "$work/ran"
is "--output that can't be written: 1" 1 "$status"
matches "... named" "^gvt: $work/nodir/x: No such file or directory\$" "$err"
is "... before the command runs" no "$([[ -e $work/ran ]] && echo yes || echo no)"
gvt stat --json -o /dev/full -- true
is "full disk: 1, named" "1 gvt: /dev/full: No space left on device" "$status $err"
gvt stat --json -o /dev/full -- sh -c 'exit 9'
is "full disk: the command's own failure is the status" 9 "$status"
status=0
(
	trap '' CHLD
	exec "$GVT" stat -- sh -c 'exit 5' 2>/dev/null
) || status=$?
is "SIGCHLD ignored by who started us: status still passed on" 5 "$status"

# ------------------------------------------------------------------- signals
for signal in TERM INT HUP USR1 USR2; do
	rm -f "$work/out"
	# Job control: without it a shell has its children ignore SIGINT.
	set -m
	"$GVT" stat -- bash -c "trap 'echo got; exit 7' $signal; echo ready
		while :; do sleep 0.1; done" >"$work/out" 2>/dev/null &
	pid=$!
	set +m
	wait_until grep -qs ready "$work/out"
	kill -"$signal" $pid
	status=0
	wait $pid || status=$?
	is "SIG$signal is forwarded" "7 got" "$status $(tail -n 1 "$work/out")"
done

# A command that ignores a signal goes on, and gvt with it.
rm -f "$work/out"
set -m
# shellcheck disable=SC2016 # for the inner shell
"$GVT" stat -- bash -c 'trap "" TERM; echo ready; while [[ ! -e $1 ]]; do sleep 0.05; done; exit 3' \
	sh "$work/go_on" >"$work/out" 2>/dev/null &
pid=$!
set +m
wait_until grep -qs ready "$work/out"
kill -TERM $pid
touch "$work/go_on"
status=0
wait $pid || status=$?
is "a signal that the command ignores does not end gvt" 3 "$status"

# --------------------------------------------------------------- repetitions
gvt stat -r 3 --csv -o "$work/csv" -- sh -c 'echo run; (exit 0); exit 0'
is "-r 3 runs it three times" $'run\nrun\nrun' "$out"
is "csv: its columns" name,unit,median,per_second,min,max "$(head -n 1 "$work/csv")"
# Rows whose figure is not between the least and the most, or below 0; and how many have one.
is "csv: least <= median <= most, in each row" "" "$(awk -F, 'NR > 1 && $3 != "" &&
	!(0 <= $5 && $5 <= $3 && $3 <= $6)' "$work/csv")"
within "csv: rows with figures" 7 "$(awk -F, 'NR > 1 && $3 != ""' "$work/csv" | wc -l)" 30
gvt stat -r 3 --json -o "$work/json" -- sh -c 'echo run >>"$1"; [ "$(wc -l <"$1")" -ne 2 ]' sh \
	"$work/count"
is "-r: the status of the run that failed" "1 3 1" "$status $(number runs) $(number status)"
gvt stat -r 2 -- /nonexistent/command
is "-r: not found is said once" "127 gvt: /nonexistent/command: No such file or directory" \
	"$status $err"
gvt stat -r 2 -- true
matches "-r: the table has the median and the range" 'MEDIAN +min\.\.max +RATE' "$err"
gvt stat -- sh -c 'exit 0'
matches "a rate for each second" '[0-9.,]+ +[0-9.,]+/s  kernel switches: it waited' "$err"

# A signal ends the run under way, and there are no more.
rm -f "$work/out"
set -m
"$GVT" stat -r 5 --json -o "$work/json" -- bash -c 'echo ready; while :; do sleep 0.1; done' \
	>"$work/out" 2>/dev/null &
pid=$!
set +m
wait_until grep -qs ready "$work/out"
kill -TERM $pid
status=0
wait $pid || status=$?
is "-r: a signal ends the repetitions" "143 1 15 1" \
	"$status $(number runs) $(number signal) $(grep -c ready "$work/out")"

# nohup: whoever ignores it wants no end.
(
	trap '' HUP
	# shellcheck disable=SC2016 # for the inner shell
	exec "$GVT" stat -r 3 --json -o "$work/json" -- sh -c 'kill -HUP $PPID'
)
is "-r: an ignored signal doesn't end the repetitions" 3 "$(number runs)"

# -------------------------------------------------------------------- counts
gvt stat --json -o "$work/json" -- true
source=$(number counters)
matches "the source is named" '^(gvt|procfs)$' "$source"

# The command itself reads what the kernel says of it, at its beginning and at its end.
# shellcheck disable=SC2016 # for the inner shell
own_count='count() {
	while read -r key value; do
		[[ $key != "$1:" ]] || echo "$value"
	done </proc/$$/status
}
# Each reading ends by the time limit: a wait in the kernel, unless the time was over before
# the shell came to wait, as on a machine with much else to do.
wait_in_kernel() {
	local i
	for ((i = 0; i < 50; i++)); do read -r -t 0.01 <>"$fifo"; done
}'
mkfifo "$work/fifo"
# shellcheck disable=SC2016 # for the inner shell
gvt stat --json -o "$work/json" -- bash -c "$own_count"'
	fifo=$1
	count voluntary_ctxt_switches
	count nonvoluntary_ctxt_switches
	wait_in_kernel
	count voluntary_ctxt_switches
	count nonvoluntary_ctxt_switches' sh "$work/fifo"
is "the counting command ends well" 0 "$status"
mapfile -t own <<<"$out"
is "it said four numbers" 4 "${#own[@]}"
voluntary=$((own[2] - own[0]))
nonvoluntary=$((own[3] - own[1]))
within "it waited in the kernel" 1 "$voluntary" 1000000
# From gvt's side it is a longer interval: at least what it saw, and not much more.
within "voluntary switches agree with /proc/PID/status" "$voluntary" \
	"$(number voluntary_ctxt_switches)" $((own[2] + 200))
within "nonvoluntary switches are at least those of /proc/PID/status" "$nonvoluntary" \
	"$(number nonvoluntary_ctxt_switches)" 1000000000

# Twenty subshells: twenty processes, and the command itself.
gvt stat --json -o "$work/json" -- bash -c 'for i in {1..20}; do (exit 0); done'
if [[ $source == gvt ]]; then
	is "twenty subshells are twenty process creations" 20 "$(number process_creations)"
	is "a shell makes no threads" 0 "$(number thread_creations)"
	is "none of its children was left out" 0 "$(number forks_dropped)"
	# Many more children than there are rows: those that ended are still in the sum.
	gvt stat --json -o "$work/json" -- bash -c 'for i in {1..500}; do (exit 0); done'
	is "five hundred subshells one after the other" "500 0" \
		"$(number process_creations) $(number forks_dropped)"
else
	within "twenty subshells are at least 20 creations in the system" 20 \
		"$(number thread_creations)" 1000000000
	is "what is not counted is null" null "$(number process_creations)"
	matches "... and the note says so" 'whole system' "$(number counters_note; cat "$work/json")"
	skip "five hundred subshells one after the other" "gvt.ko is not loaded"
fi

# perf counts gvt, gvt counts perf, and that one counts the program: each sees at least what
# the inner one sees. perf does not see the last switch of what ends.
perf_counts() {
	perf stat -x, -o "$1" -e context-switches,cpu-migrations -- "${@:2}"
}
# With ":u" behind the name it may not look into the kernel, and has counted nothing.
perf_count() {
	sed -n "s/^\([0-9]*\),[^,]*,$2,.*/\1/p" "$1"
}
cpus=$(nproc)
names=("perf and gvt count the same command" "perf's inner switches are at least the program's"
	"gvt counts at least perf's inner switches" "perf's outer switches are at least gvt's"
	"gvt counts at least perf's inner migrations" "perf's outer migrations are at least gvt's"
	"the program's moves are migrations")
if ! command -v perf >/dev/null; then
	for name in "${names[@]}"; do skip "$name" "perf is missing: Debian's linux-perf"; done
elif ! perf_counts "$work/perf" true 2>"$work/err" ||
	[[ ! $(perf_count "$work/perf" cpu-migrations) =~ ^[0-9]+$ ]]; then
	for name in "${names[@]}"; do skip "$name" "perf can't count here: $(head -n 1 "$work/err")"; done
else
	status=0
	perf_counts "$work/outer" "$GVT" stat --json -o "$work/json" -- perf stat -x, -o "$work/inner" \
		-e context-switches,cpu-migrations -- "$known" wait 200 move 20 || status=$?
	is "${names[0]}" 0 "$status"
	inner=$(perf_count "$work/inner" context-switches)
	switches=$(($(number voluntary_ctxt_switches) + $(number nonvoluntary_ctxt_switches)))
	exits=1
	[[ $source != gvt ]] ||
		exits=$((1 + $(number process_creations) + $(number vfork_creations) +
			$(number thread_creations)))
	within "${names[1]}" 200 "$inner" 1000000000
	within "${names[2]}" "$inner" "$switches" 1000000000
	within "${names[3]}" $((switches - exits)) "$(perf_count "$work/outer" context-switches)" \
		1000000000
	inner=$(perf_count "$work/inner" cpu-migrations)
	within "${names[4]}" "$inner" "$(number cpu_migrations)" 1000000000
	within "${names[5]}" "$(number cpu_migrations)" \
		"$(perf_count "$work/outer" cpu-migrations)" 1000000000
	if ((cpus > 1)); then
		within "${names[6]}" 20 "$inner" 1000000000
	else
		skip "${names[6]}" "there is one CPU"
	fi
fi

# What it takes to make threads that end at once.
gvt stat --json -o "$work/json" -- "$known" pass 100
if [[ $source == gvt ]]; then
	is "a hundred threads are a hundred creations" "100 0" \
		"$(number thread_creations) $(number process_creations)"
	matches "how long a new thread waits is told" '^[0-9.]+$' "$(number creation_to_run_ns)"
else
	within "a hundred threads are at least 100 creations in the system" 100 \
		"$(number thread_creations)" 1000000000
	is "how long a new thread waits is not known" null "$(number creation_to_run_ns)"
fi
gvt stat -- "$known" pass 1
is "no line for goroutines where there are none" "" "$(grep goroutine <<<"${err%%gvt.ko is*}")"

# gvt runs gvt: what the outer one counts is what the inner one says that it made.
gvt stat --json -o "$work/json" -- "$GVT" run create --n 100 --csv
is "gvt stat -- gvt run create" 0 "$status"
made=$(sed -n 's/^create,made,made,count,,\([0-9]*\),\([0-9]*\),.*/\1 \2/p' <<<"$out")
read -r threads goroutines <<<"${made:-none none}"
matches "the inner one says what it made" '^[0-9]+ [0-9]+$' "$made"
within "at least the threads that it made were created" "$threads" "$(number thread_creations)" \
	1000000000
if [[ $source == gvt ]]; then
	is "exactly the goroutines that it made were created" "$goroutines" \
		"$(number goroutine_creations)"
else
	skip "exactly the goroutines that it made were created" "gvt.ko is not loaded"
fi

finish
