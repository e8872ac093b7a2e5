#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench.sh - `gvt bench`: wrong input; Go's side missing, played by a script that answers what
# the case needs, and real; each workload on each side. Nothing here depends on how long
# anything takes.

set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=selftests/tools/tap.sh
. "$here/tap.sh"

# values KEY: of each line of the JSON in $out that has the key, in order
values() {
	sed -n "s/^ *\"$1\": *\([^,{]*\),\{0,1\}\$/\1/p" <<<"$out" | tr -d '"' | tr '\n' ' '
}

# go_answers COMMANDS: what plays Go's program does for a repetition; $1 is the workload,
# $2 the number, $3 the Ps
go_answers() {
	cat >"$work/bench-go" <<-EOT
		#!/bin/sh
		[ "\$1" != version ] || { echo go-played; exit; }
		echo "\$*" >>'$work/calls'
		$1
	EOT
	chmod +x "$work/bench-go"
	: >"$work/calls"
}

is_number='^[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?$'

mapfile -t names < <("$GVT" bench --list | awk '{ print $1 }')
plan $((50 + 3 * ${#names[@]}))

# ------------------------------------------------------------------ wrong input
wrong "unknown workload" 'foo: no such workload; there are: yield, .*, and .all.' bench yield foo
wrong "unknown option" '--bogus: no such option of bench; .*gvt help bench.*' bench --bogus
wrong "--procs 0" '--procs: 0 is out of range; give a number from 1 to 1024' bench --procs 0
wrong "--procs 1,x" '--procs: .x. is not a whole number; .*' bench --procs 1,x
wrong "--procs ends with a comma" '--procs: .. is not a whole number; .*' bench --procs 1,
wrong "--procs 1,1" '--procs: 1 is there twice; give each once' bench --procs 1,1
wrong "--procs of nine" '--procs: more than 8 numbers; give fewer' bench --procs 1,2,3,4,5,6,7,8,9
wrong "-r 4" '-r: 4 is out of range; give a number from 5 to 99' bench -r 4
wrong "-r 100" '-r: 100 is out of range; .*' bench -r 100
wrong "-r without a value" '-r: needs a value; .*' bench -r
wrong "--one without all it needs" '--one: wants SIDE WORKLOAD N PROCS; .*' bench --one libgo yield
wrong "--one of Go" 'go: no such side; there are: libgo, pthread' bench --one go yield 1000 1
wrong "--one of what is not there" 'foo: no such workload; .*' bench --one libgo foo 1000 1
wrong "--one with a wrong N" 'N: 5 is out of range; .*' bench --one libgo yield 5 1

# --------------------------------------------------------------------- no Go
GVT_PEERS=$work/nowhere
export GVT_PEERS
gvt bench --quick yield
is "no Go: status 0" 0 "$status"
matches "no Go: said, with its package" '^gvt: bench: no Go here, .*package golang-go' "$err"
is "no Go: said once" 1 "$(wc -l <<<"$err")"
matches "no Go: libgo and threads are measured" \
	'yield, 2 of them +[0-9.]+ [num]?s +[0-9.]+ +[0-9.]+ [num]?s +[0-9.]+ +- ' "$out"
matches "no Go: no target is judged" 'reached: 0 of 0' "$out"
gvt bench --quick --json yield
is "no Go: null in JSON" "null null " "$(values go_version)$(values go | cut -d' ' -f1) "
is "no Go: neither reached nor missed" "null null " "$(values reached)"
matches "no Go: 2 Ps beside 1 all the same" '^(true|false) $' "$(values scales)"

# --------------------------------------------------------------- Go, played
GVT_PEERS=$work
go_answers 'echo 1e9'
gvt bench --quick --json yield
is "slow Go: status 0" 0 "$status"
is "slow Go: its version" "go-played " "$(values go_version)"
is "slow Go: its figure on 1 P and on 2" "1e+09 1e+09" "$(values go | cut -d' ' -f1,4)"
is "slow Go: reached" "true true " "$(values reached)"
is "five repetitions, 1 P and 2 Ps in turn, the number of --quick" \
	"$(for _ in 1 2 3 4 5; do echo "yield 200000 1"; echo "yield 200000 2"; done)" \
	"$(<"$work/calls")"
go_answers 'echo 0.001'
gvt bench --quick --json -r 6 --procs 2 yield
is "fast Go: missed" "0 false " "$status $(values reached)"
is "-r 6, --procs 2" 6 "$(grep -cx 'yield 200000 2' "$work/calls")"
is "without 1 P nothing to compare 2 Ps with" "null null " "$(values two_by_one)$(values scales)"
go_answers "wc -l <'$work/calls'"
gvt bench --quick --json --procs 1 yield
is "the median of 1, 2, 3, 4, 5" 3 "$(values go | cut -d' ' -f1)"

# failing NAME PATTERN COMMANDS: a repetition of Go's that fails is named; the others go on
failing() {
	go_answers "$3"
	gvt bench --quick --json --procs 1 yield
	is "$1: status 1" 1 "$status"
	matches "$1: says why" "^gvt: yield: go, procs 1: $2\$" "$err"
}

failing "Go answers nonsense" 'its answer is not a figure: .fast.' 'echo fast'
failing "Go answers nothing" 'its answer is not a figure: ..' :
failing "Go answers nan" 'its answer is not a figure: .nan.' 'echo nan'
failing "Go fails" 'panic: no' 'echo panic: no; echo more; exit 2'
# shellcheck disable=SC2016 # for the inner shell
failing "Go is killed" 'killed by signal 9 .*' 'kill -KILL $$'
is "a side that failed is not tried again" 1 "$(wc -l <"$work/calls")"
matches "the other sides have figures" '^[0-9.e+]+ $' "$(values libgo | cut -d' ' -f1) "
go_answers 'exit 3'
gvt bench --quick --json --procs 1 yield
is "no room for it is no failure" "0 " "$status $err"
go_answers 'exit 4'
gvt bench --quick --json --procs 1 yield
is "what is always disturbed has no figure, and is no failure" "0 null null" \
	"$status $err$(values go | cut -d' ' -f1) $(values reached | cut -d' ' -f1)"
go_answers "[ \$(wc -l <'$work/calls') -gt 2 ] || exit 4; echo 7"
gvt bench --quick --json --procs 1 yield
is "what was disturbed is tried again" "0 7 7" \
	"$status $(values go | cut -d' ' -f1) $(wc -l <"$work/calls")"

# ------------------------------------------------------ each workload, each side
for name in "${names[@]}"; do
	gvt bench --one libgo "$name" 1000 2
	matches "libgo: $name" "$is_number" "$out$err"
	gvt bench --one pthread "$name" 100 2
	if [[ $status -eq 3 ]]; then
		matches "threads: $name can't be, with a reason" "^gvt: $name: pthread: ..." "$err"
	else
		matches "threads: $name" "$is_number" "$out$err"
	fi
	if [[ ! -x $here/bench-go ]]; then
		skip "Go: $name" "there is no Go here (package golang-go)"
		continue
	fi
	for ((i = 0; i < 100; i++)); do
		status=0
		out=$("$here/bench-go" "$name" 1000 2 2>&1) || status=$?
		# Something else came in between.
		[[ $status -eq 4 ]] || break
	done
	if [[ $out == *"had started already"* ]]; then
		skip "Go: $name" "this machine is too slow for Go to make them before they run"
		continue
	fi
	matches "Go: $name" "$is_number" "$out"
done

# ------------------------------------------------------------------ Go, real
if [[ -x $here/bench-go ]]; then
	GVT_PEERS=$here
	gvt bench --quick yield
	is "with Go: status 0, nothing to say" "0 " "$status $err"
	matches "with Go: its version" 'Go: (go|devel)' "$out"
	matches "with Go: both targets are judged" 'reached: [01] of 1.*reached: [01] of 1; 2 Ps' "$out"
else
	for name in "status" "version" "targets"; do
		skip "with Go: $name" "there is no Go here (package golang-go)"
	done
fi

# ----------------------------------------------- built only where there is a Go
mkdir "$work/bin"
for tool in make sh; do
	ln -s "$(command -v "$tool")" "$work/bin/$tool"
done
status=0
PATH=$work/bin make -C "$GVT_TOP" O="$work/o" peers >/dev/null 2>&1 || status=$?
is "no Go in PATH: make goes on without" "0 no" \
	"$status $([[ -e $work/o/peers/bench-go ]] && echo yes || echo no)"

finish
