#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# interrupt.sh - SIGINT, SIGTERM and SIGHUP end `gvt run` with what was finished, and leave
# nothing behind: no process, no file; the second one ends it at once.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

export TMPDIR=$work/tmp
mkdir "$TMPDIR"

# start ARG...: gvt in a session of its own, where SIGINT is as at a terminal; its pid in $pid
start() {
	setsid env --default-signal=INT,QUIT,HUP "$GVT" "$@" >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
}

alive() {
	# The status of one that has ended, and that nobody has asked for, is no process.
	ps -o stat= -s "$pid" | grep -vc '^Z'
}

# until COMMAND...: a limit only against hanging for good
until_true() {
	local i

	for ((i = 0; i < 3000; i++)); do
		"$@" && return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.01
	done
	return 1
}

# moments: when to send it
measuring() { [[ $(alive) -ge 2 ]]; }
many_threads() { [[ $(ps -o nlwp= -s "$pid" | sort -n | tail -n 1) -gt 200 ]]; }
python_runs() { ps -o args= -s "$pid" | grep -q 'gil\.py'; }
three_processes() { [[ $(alive) -ge 3 ]]; }
first_is_printed() { grep -qE '^(holds|fails|not measured)|,verdict,' "$work/out"; }

# ended: its status in $status, and what it left, which should be nothing, in $left
ended() {
	local i

	status=0
	wait "$pid" || status=$?
	for ((i = 0; i < 500; i++)); do
		[[ $(alive) -gt 0 ]] || break
		sleep 0.01
	done
	left="$(ps -o stat=,args= -s "$pid" | grep -v '^Z')$(find "$TMPDIR" -mindepth 1)$(find /dev/shm -name '*gvt*')"
	out=$(<"$work/out")
	err=$(<"$work/err")
}

# stopped NAME SIGNAL STATUS MOMENT EXPERIMENT...: JSON of what was finished
stopped() {
	local name=$1 signal=$2 expected=$3 moment=$4

	shift 4
	start run "$@" --json
	if ! until_true "$moment"; then
		result "not ok" "$name (never came to the moment)"
	else
		kill -s "$signal" "$pid"
		ended
		matches "$name: says so" "^$expected gvt: run: interrupted by SIG$signal in [a-z]+; [01] of [12] experiments were finished\$" \
			"$status $err"
	fi
	is "$name: leaves nothing" "" "$left"
	is "$name: what was finished is valid" "$(($# > 1 && $expected == 143 ? 1 : 0)) True" \
		"$(python3 -c 'import json, sys
d = json.load(sys.stdin)
print(len(d["experiments"]), d["interrupted"])' <<<"$out" 2>&1)"
}

plan 36

stopped "create, as it begins" INT 130 measuring create
stopped "scale, among its threads" INT 130 many_threads scale
stopped "server, with a client" HUP 129 three_processes server
stopped "gil, in Python" INT 130 python_runs gil --quick
stopped "deadlock" INT 130 measuring deadlock
stopped "the second of two" TERM 143 many_threads mainexit scale

# CSV and tables have what was finished, too.
start run mainexit scale --csv
until_true first_is_printed
kill -TERM "$pid"
ended
is "csv: the first one's verdict, and a row that says it" "143 1 scale interrupted SIGTERM" \
	"$status $(grep -c '^mainexit,verdict,' <<<"$out") $(tail -n 1 <<<"$out" | tr -s , ' ' | sed 's/ $//')"
is "csv: that row has as many fields as the first" "$(head -n 1 <<<"$out" | tr -dc , | wc -c)" \
	"$(tail -n 1 <<<"$out" | tr -dc , | wc -c)"

# To the whole group, as a terminal sends it: nobody but gvt says something.
start run gil --quick
until_true python_runs
kill -INT -- "-$pid"
ended
is "Ctrl-C: one line on stderr" "130 1" "$status $(wc -l <<<"$err")"
is "Ctrl-C: leaves nothing" "" "$left"
matches "a table says that it was interrupted" 'interrupted: SIGINT in gil; 0 of 1' "$out"

# Compilers have files of their own for a while.
names=("Ctrl-C while Go compiles" "... leaves nothing of the compiler's")
if command -v go >/dev/null; then
	export XDG_CACHE_HOME=$work/cache
	compiling() { [[ -n $(find "$TMPDIR" "$XDG_CACHE_HOME" -name 'go-build*' 2>/dev/null) ]]; }
	start run create --quick --n 5 --peers go
	until_true compiling
	kill -INT -- "-$pid"
	ended
	matches "${names[0]}" '^130 gvt: run: interrupted by SIGINT in create; ' "$status $err"
	is "${names[1]}" "" "$left$(find "$XDG_CACHE_HOME" -name 'go-build*' -o -name '*.tmp')"
	unset XDG_CACHE_HOME
else
	skip "${names[0]}" "go is missing: Debian's golang-go"
	skip "${names[1]}" "go is missing: Debian's golang-go"
fi

# bench: its first workload was finished, in the second one a repetition never ends.
mkdir "$work/peers"
cat >"$work/peers/bench-go" <<-EOT
	#!/bin/sh
	case \$1 in
	version) echo go-played ;;
	yield) echo 7 ;;
	*) : >'$work/second'; sleep 1000 ;;
	esac
EOT
chmod +x "$work/peers/bench-go"
export GVT_PEERS=$work/peers
second() { [[ -e $work/second ]]; }
# bench_stopped PID ARG...
bench_stopped() {
	local whom=$1

	shift
	rm -f "$work/second"
	start bench --quick --procs 1 "$@"
	until_true second
	kill -s INT -- "$whom$pid"
	ended
}
one_line='130 gvt: bench: interrupted by SIGINT in yield-100; [01] of [12] workloads were finished'
bench_stopped "" yield yield-100 --json
matches "bench: says so, once" "^$one_line\$" "$status $err"
is "bench: leaves nothing" "" "$left"
is "bench: what was finished is there" "yield 7 True" "$(python3 -c 'import json, sys
d = json.load(sys.stdin)
print(*[w["name"] for w in d["workloads"]], d["workloads"][0]["at"][0]["go"], d["interrupted"])' \
	<<<"$out" 2>&1)"
bench_stopped - yield-100
matches "bench: Ctrl-C before anything was finished" "^$one_line\$" "$status $err"
is "bench: ... leaves nothing" "" "$left"
bench_stopped - yield yield-100
matches "bench: Ctrl-C: a table" 'yield, 2 of them .*reached: .*interrupted: SIGINT in yield-100; 1 of 2' \
	"$out"
unset GVT_PEERS
is "bench: all of it is not interrupted" "False" "$("$GVT" bench --quick --procs 1 timer --json 2>/dev/null |
	python3 -c 'import json, sys; print(json.load(sys.stdin)["interrupted"])')"

# It waits for who reads; the second signal ends it all the same.
mkfifo "$work/fifo"
exec 8<>"$work/fifo"
dd if=/dev/zero of=/dev/fd/8 oflag=nonblock bs=4096 2>/dev/null
setsid env --default-signal=INT "$GVT" run scale --json >"$work/fifo" 2>"$work/err" </dev/null &
pid=$!
until_true many_threads
kill -INT "$pid"
# All that it measured in is gone: now it prints.
gone() { [[ $(alive) -eq 1 ]]; }
until_true gone
# One that comes at once is the same one: see interrupt.c.
sleep 0.3
kill -INT "$pid"
ended
is "the second one ends it at once" "130 " "$status $left"
exec 8>&-

# timeout(1) sends it to gvt, and then to its group: that is no second one.
start run scale --json
until_true measuring
kill -TERM "$pid" "-$pid"
ended
matches "twice at once, as by timeout: what was finished is there" \
	'^143 gvt: run: interrupted by SIGTERM.*"interrupted":true' "$status $err ${out//[ $'\n']/}"

# nohup: it goes on.
(
	trap '' HUP
	exec setsid "$GVT" run deadlock --n 5 --quick --json >"$work/out" 2>"$work/err"
) &
pid=$!
until_true measuring
kill -HUP "$pid"
ended
is "an ignored SIGHUP stays so" "0 " "$status $err"
is "... and all of it is there" False \
	"$(python3 -c 'import json, sys; print(json.load(sys.stdin)["interrupted"])' <<<"$out")"
finish
