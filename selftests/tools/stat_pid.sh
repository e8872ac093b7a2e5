#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stat_pid.sh - `gvt stat -p`: processes that run already, of which it is known what they do.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

known=$(cd "$(dirname "$0")" && pwd)/known_threads

# start NAME: a known_threads that reads commands from a pipe held open; its number in $program
start() {
	mkfifo "$work/$1.in"
	"$known" <"$work/$1.in" >"$work/$1.out" &
	program=$!
	disown
	started+=("$program")
	exec {holder}>"$work/$1.in"
	printf -v "pipe_$1" %s "$holder"
}

# tell NAME COMMAND N: and wait until it is done
tell() {
	local pipe=pipe_$1 before

	before=$(wc -l <"$work/$1.out")
	echo "$2 $3" >&"${!pipe}"
	wait_until more_lines "$work/$1.out" "$before"
}

more_lines() {
	(($(wc -l <"$1") > $2))
}

# attach ARGUMENT...: gvt stat in the background, until it counts; its number in $counting
attach() {
	local pid=$1

	shift
	set -m
	"$GVT" stat --json -o "$work/json" -p "$pid" "$@" >"$work/out" 2>"$work/err" &
	counting=$!
	set +m
	wait_until counts "$counting" "${pid##*,}"
}

# It holds a descriptor of the process that it counts. Where it has ended, so has the wait.
counts() {
	! kill -0 "$1" 2>/dev/null ||
		grep -qs "^Pid:	$2\$" "/proc/$1"/fdinfo/*
}

detach() {
	[[ ${1:-} == ended ]] || kill -"${1:-INT}" "$counting"
	status=0
	wait "$counting" || status=$?
}

# switches PID KIND: the sum over its threads
switches() {
	cat /proc/"$1"/task/*/status | awk -v key="$2_ctxt_switches:" '$1 == key { n += $2 } END { print n }'
}

# wrong NAME PATTERN ARG...: status 2, one line on stderr that matches
wrong() {
	local name=$1 pattern=$2

	shift 2
	gvt stat "$@"
	is "$name: status 2" 2 "$status"
	matches "$name: says why" "^gvt: $pattern\$" "$err"
}

plan 55

# -------------------------------------------------------------- what is wrong
wrong "-p without a value" '-p: needs a value; .*' -p
wrong "-p 0" '-p: 0 is out of range; .*' -p 0
wrong "-p x" '-p: .x. is not a whole number; .*' -p x
wrong "-p -5" '-p: .-5. is not a whole number; .*' -p -5
wrong "-p with nothing between commas" '-p: .. is not a whole number; .*' -p 1,,2
wrong "-p too large" '-p: 99999999999 is out of range; .*' -p 99999999999
wrong "-p with a command" 'true: with -p there is nothing but SECONDS, .*' -p 1 1 true
wrong "-p with words for SECONDS" 'SECONDS: .soon. is not a number of seconds; .*' -p 1 soon
wrong "-p for no time" 'SECONDS: 0 is out of range; .*' -p 1 0
wrong "-p for infinite time" 'SECONDS: .inf. is not a number of seconds; .*' -p 1 inf
wrong "-p and -r" 'stat: -p and -r exclude each other: .*' -r 2 -p 1
wrong "-r 0" '-r: 0 is out of range; .*' -r 0 true
wrong "-r x" '-r: .x. is not a whole number; .*' -r x true
wrong "--json and --csv" 'stat: --json, --csv and --openmetrics exclude each other: .*' --json --csv true

# A number that no process can have.
gvt stat -p 1999999999
is "no such process: status 1" 1 "$status"
matches "... says so" '^gvt: process 1999999999: no such process; ' "$err"

start a
a=$program
tell a stay 1
thread=$(printf '%s\n' /proc/"$a"/task/* | sed 's|.*/||' | grep -vx "$a")
gvt stat -p "$thread" 0.1
is "a thread is no process: status 1" 1 "$status"
matches "... says whose it is" "^gvt: process $thread: is a thread of process $a; give that\$" "$err"

# --------------------------------------------------------------------- counts
outer=$(switches "$a" voluntary)
attach "$a"
inner=$(switches "$a" voluntary)
tell a stay 5
tell a wait 100
inner=$(($(switches "$a" voluntary) - inner))
detach
outer=$(($(switches "$a" voluntary) - outer))
is "Ctrl-C ends it with status 0" 0 "$status"
source=$(number counters)
is "five threads are five creations" 5 "$(number thread_creations)"
is "with the two before they are seven" 7 "$(number threads_peak)"
within "the program waited" 100 "$inner" 1000000
within "not fewer switches than it made meanwhile" "$inner" "$(number voluntary_ctxt_switches)" \
	1000000
within "not more than from before to after" 0 "$(number voluntary_ctxt_switches)" "$outer"
is "its command is none, its number is told" "null $a" \
	"$(number command) $(tr -d ' \n' <"$work/json" | sed 's/.*"pids":\[\([0-9]*\)\].*/\1/')"
is "the program goes on" yes "$(kill -0 "$a" && echo yes)"

attach "$a"
tell a pass 50
detach TERM
is "SIGTERM ends it, and it still prints" "143 1" "$status $(number runs)"
if [[ $source == gvt ]]; then
	is "fifty threads that came and went" 50 "$(number thread_creations)"
	is "it is not watched any more" "" "$(awk -v pid="$a" '$1 == pid' /proc/gvt/watch)"
	echo "$a" >/proc/gvt/watch
	attach "$a"
	tell a stay 1
	detach
	is "counted from now on, also where it was watched before" 1 "$(number thread_creations)"
	is "... and it stays watched" "$a" "$(awk -v pid="$a" '$1 == pid { print $1 }' /proc/gvt/watch)"
	echo "-$a" >/proc/gvt/watch
else
	within "of fifty threads that came and went some may be missing" 0 \
		"$(number thread_creations)" 50
	matches "... and the note says so" 'came and went in between' "$(<"$work/json")"
	is "what is not counted is null" "null null" \
		"$(number process_creations) $(number goroutine_creations)"
	skip "a process that was watched before" "gvt.ko is not loaded"
fi

# -------------------------------------------------------------------- several
start b
b=$program
attach "$a,$b,$a"
tell a stay 2
tell b stay 3
detach
is "of two processes the sum" 5 "$(number thread_creations)"

# ------------------------------------------------------------------- its ends
attach "$b"
kill -KILL "$b"
detach ended
is "it ends when the process does" "0 1" "$status $(number runs)"
matches "... and has its figures" '^[0-9]+$' "$(number voluntary_ctxt_switches)"

# Its number is another one's before gvt looks again. In a namespace of numbers of its own, so
# that nobody else takes it.
cat >"$work/reuse" <<-'EOT'
	bash -c 'until read -ra s </proc/self/stat && ((s[13] + s[14] >= 5)); do :; done
		echo >"$1"; read -r _ <>"$2"' sh "$2/burnt" "$2/never" &
	first=$!
	until [[ -s $2/burnt ]]; do sleep 0.01; done
	"$1" stat --json -o "$2/json" -p "$first" &
	counting=$!
	until grep -qs "^Pid:	$first\$" /proc/"$counting"/fdinfo/*; do sleep 0.01; done
	kill -STOP "$counting"
	kill -KILL "$first"
	wait "$first"
	echo "$((first - 1))" >/proc/sys/kernel/ns_last_pid
	sleep 1000 &
	second=$!
	kill -CONT "$counting"
	wait "$counting"
	kill -KILL "$second"
	((first == second)) && echo reused
EOT
mkfifo "$work/never"
name="a number that is another process's is not read on"
if [[ $(unshare -p -f --kill-child --mount-proc bash "$work/reuse" "$GVT" "$work" 2>"$work/err") != reused ]]; then
	skip "$name" "needs root, and /proc/sys/kernel/ns_last_pid: $(head -n 1 "$work/err")"
else
	matches "$name" '^0 [0-9]+$' "$(number thread_creations) $(number user_ns)"
fi

attach "$a" 0.2
detach ended
is "it ends when the time is up" 0 "$status"
within "... not before" 200000000 "$(number wall_ns)" 1000000000000

gvt stat -p "$a" 0.1
matches "the table says of what it is" "gvt stat: process $a" "$err"
gvt stat -p "$a" --csv 0.1
matches "csv" '^name,unit,median,per_second,min,max' "$err"

# Children are counted with it, by gvt.ko.
mkfifo "$work/forks.in"
# shellcheck disable=SC2016 # for the inner shell
bash -c 'read -r _; for i in {1..10}; do (exit 0); done; echo done; read -r _' \
	<"$work/forks.in" >"$work/forks" 2>/dev/null &
forks=$!
disown
started+=("$forks")
exec {holder}>"$work/forks.in"
attach "$forks"
echo go >&"$holder"
wait_until grep -qs "done" "$work/forks"
detach
if [[ $source == gvt ]]; then
	is "ten subshells are ten process creations" 10 "$(number process_creations)"
else
	is "processes created are not known" null "$(number process_creations)"
fi

# ----------------------------------------------------------------- not our own
name="a process of another user"
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if [[ $EUID -ne 0 ]] || ! "${as_nobody[@]}" test -x "$GVT" 2>/dev/null ||
	! "${as_nobody[@]}" "$GVT" --version >/dev/null 2>&1; then
	skip "$name" "needs root, and a gvt that others can execute"
else
	others=$("${as_nobody[@]}" "$GVT" stat --json -p "$a" 0.1 2>&1 >/dev/null | tr -d '\n')
	if [[ $source == gvt ]]; then
		matches "$name" 'gvt.ko did not watch .Operation not permitted.*"threads_peak": [1-9]' \
			"$others"
	else
		matches "$name" '"threads_peak": [1-9]' "$others"
	fi
fi

finish
