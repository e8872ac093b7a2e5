#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# cli.sh - what the command says to wrong input, and to output that can't be written.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

plan 42

wrong "no command" 'command: none given; .*gvt help.*'
wrong "unknown command" 'frobnicate: no such command; .*gvt help.*' frobnicate
wrong "run without a name" 'run: no experiment named; .*gvt list.*' run
wrong "unknown experiment" \
	'foo: no such experiment; there are: create, switch, .*, and .all.' run foo
wrong "unknown experiment after a known one" 'foo: no such experiment; .*' run create foo
wrong "unknown option" '--bogus: no such option of run; .*gvt help run.*' run --bogus create
wrong "--procs 0" '--procs: 0 is out of range; give a number from 1 to 1024' \
	run create --procs 0
wrong "--procs -1" '--procs: .-1. is not a whole number; give one from 1 to 1024' \
	run create --procs -1
wrong "--procs x" '--procs: .x. is not a whole number; .*' run create --procs x
wrong "--procs empty" '--procs: .. is not a whole number; .*' run create --procs ''
wrong "--procs 1025" '--procs: 1025 is out of range; .*' run create --procs 1025
wrong "--procs huge" '--procs: 99999999999999999999999 is out of range; .*' \
	run create --procs 99999999999999999999999
wrong "--procs without a value" '--procs: needs a value; .*' run create --procs
wrong "--n 0" '--n: 0 is out of range; .*' run create --n 0
wrong "--n too much for one of two" '--n: 5000000 is too much for memory: at most 1000000' \
	run create memory --n 5000000
wrong "--json and --csv" 'run: --json, --csv and --openmetrics exclude each other: .*' run create --json --csv
wrong "stat without a command" 'stat: no command given, .*' stat
wrong "stat with an unknown option" '-x: no such option of stat; .*' stat -x true
wrong "list with an argument" 'create: list takes nothing but --json' list create
wrong "doctor with an argument" 'x: doctor takes nothing but --json' doctor x
wrong "help about what is not there" 'x: no such command or experiment; .*' help x
wrong "--version with an argument" 'x: --version takes no arguments' --version x

gvt --version
matches "--version" '^gvt [0-9]+\.[0-9]+\.[0-9]+$' "$out"
gvt list
is "list: status 0" 0 "$status"
matches "list names them" 'create.*switch.*memory.*scale.*skynet' "$out"
gvt help run
matches "help run explains its options" '--procs N.*--pin' "$out"

for command in list run stat top trace doctor bench report help; do
	gvt "$command" --help
	[[ $status -eq 0 && -n $out && $out == "$("$GVT" help "$command")" ]] || echo "$command: $status $err"
done >"$work/unexplained"
is "--help is the help of each command" "" "$(<"$work/unexplained")"

gvt doctor --json
is "doctor looks at what disturbs" "address_space clock governor huge_pages load nofile overcommit perf quota smt steal turbo" \
	"$(sed -n 's/^ *"name": *"\(.*\)",$/\1/p' <<<"$out" | sort |
		grep -xE 'address_space|clock|governor|huge_pages|load|nofile|overcommit|perf|quota|smt|steal|turbo' | xargs)"

# Each experiment explains itself.
while read -r name _; do
	[[ $name != EXPERIMENT ]] || continue
	gvt help "$name"
	[[ $status -eq 0 && $out == *"gvt run $name - "*Read:*Distorts:*--n:* ]] || echo "$name"
done < <("$GVT" list) >"$work/unexplained"
is "help explains every experiment" "" "$(<"$work/unexplained")"

# A full disk must not look like success.
for command in list "help" "--version" "doctor" "list --json"; do
	status=0
	# shellcheck disable=SC2086 # a command and its options
	"$GVT" $command >/dev/full 2>"$work/err" || status=$?
	is "full disk: $command" "1 gvt: standard output: No space left on device" \
		"$status $(<"$work/err")"
done

# Closed, a standard descriptor is no place for what is opened next.
status=0
"$GVT" stat -o "$work/stat" --csv true >&- 2>&- || status=$?
is "stdout and stderr closed: a file has what is meant for it" "0 name,unit,median" \
	"$status $(head -n 1 "$work/stat" | cut -d, -f1-3)"
status=0
"$GVT" list >&- 2>"$work/err" || status=$?
is "stdout closed: an error" "1 gvt: standard output: Bad file descriptor" "$status $(<"$work/err")"

# A closed pipe: killed by SIGPIPE as other programs, or, where that is ignored, an error.
mkfifo "$work/fifo"
exec 8<>"$work/fifo" 9>"$work/fifo" 8>&-
status=0
(
	trap '' PIPE
	exec "$GVT" list >&9 2>"$work/err"
) || status=$?
is "closed pipe, SIGPIPE ignored" "1 gvt: standard output: Broken pipe" "$status $(<"$work/err")"
status=0
(exec "$GVT" list >&9 2>"$work/err") || status=$?
is "closed pipe: killed by SIGPIPE" "141 " "$status $(<"$work/err")"
exec 9>&-

# Nobody reads on: gvt stops, and not with success.
"$GVT" run create switch --n 50 --csv 2>/dev/null | head -n 1 >"$work/out"
is "run into head: the first line arrives" experiment "$(cut -d, -f1 "$work/out")"

# A limit that ends it is named. The kernel doesn't hold root to this one.
name="a limit that is hit is named"
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if [[ $EUID -ne 0 ]] || ! "${as_nobody[@]}" test -x "$GVT" 2>/dev/null ||
	! "${as_nobody[@]}" "$GVT" --version >/dev/null 2>&1; then
	skip "$name" "needs root, and a gvt that others can execute"
else
	gvt_as_nobody=$("${as_nobody[@]}" prlimit --nproc=40 "$GVT" run mainexit --n 300 --quick 2>&1)
	matches "$name" 'threads: Resource temporarily unavailable .nearest limit: RLIMIT_NPROC = 40' \
		"${gvt_as_nobody//$'\n'/ }"
fi

# Killed, it takes what it measures with along.
setsid "$GVT" run scale --n 100000 >/dev/null 2>&1 &
pid=$!
disown
children() {
	pgrep -s "$pid" >/dev/null
}
for ((i = 0; i < 500; i++)); do
	[[ $(pgrep -c -s "$pid") -lt 2 ]] || break
	sleep 0.02
done
within "run measures in a child process" 2 "$(pgrep -c -s "$pid")" 10
kill -KILL "$pid"
for ((i = 0; i < 1500; i++)); do
	children || break
	sleep 0.02
done
is "killed: no measuring process is left" gone "$(children && echo left || echo gone)"

finish
