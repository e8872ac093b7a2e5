#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# trace.sh - `gvt trace`: what it writes is a trace by strict rules, the kernel's part agrees
# with what the kernel counted, and nothing is left behind, however it ends.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

checker=$(cd "$(dirname "$0")" && pwd)/trace_check.py
python=$(python3 -c 'import sys; print(sys.executable)')
cd "$work" || exit 1
# What others trace at the same time is not ours.
export TMPDIR=$work

check() { python3 "$checker" check "$1" 2>&1; }
count() { python3 "$checker" count "$1" "$2" 2>&1; }
about() { python3 "$checker" about "$1" "$2" 2>&1; }

# What is there beside the files of this test's own.
left_behind() { find . -mindepth 1 ! -name out ! -name err ! -name '*.json' ! -name keep; }

# wrong NAME PATTERN ARG...: status 2, one line on stderr that matches, nothing on stdout
wrong() {
	local name=$1 pattern=$2

	shift 2
	gvt "$@"
	is "$name: status 2, nothing on stdout" "2 " "$status $out"
	matches "$name: says why" "^gvt: $pattern\$" "$err"
}

plan 84

# ------------------------------------------------------------------ wrong use
wrong "no command" 'trace: no command given, .*' trace -o x.json
wrong "nothing to make" 'trace: nothing to make: give -o FILE, or --text, or both' trace -- true
wrong "unknown option" '-x: no such option of trace; .*' trace -x
wrong "-o without a name" '-o: needs a value; .*' trace -o
wrong "a command and an input" 'trace: --input draws a trace that is there: .*' \
	trace --text -i x.json -- true
wrong "input and output" 'trace: --input only draws: .*' trace -i x.json -o y.json
wrong "text and trace to stdout" 'trace: --text and .-o -. both write .*' trace --text -o - true

# -------------------------------------------------------------- status and files
gvt trace -o a.json -- sh -c 'exit 42'
is "status 42 is passed on, and the file made" "42 ok" "$status $(check a.json)"
# shellcheck disable=SC2016 # for the inner shell
gvt trace -o a.json -- sh -c 'kill -KILL $$'
is "killed by signal 9: 137" "137 ok" "$status $(check a.json)"
echo old >keep
gvt trace -o keep -- /nonexistent/command
is "not found: 127, named" "127 gvt: /nonexistent/command: No such file or directory" \
	"$status $err"
is "... and the file is as it was" old "$(<keep)"
gvt trace -o keep -- /etc/passwd
is "not executable: 126, named" "126 gvt: /etc/passwd: Permission denied" "$status $err"
gvt trace -o nodir/x.json -- touch "$work/ran"
is "a file that can't be made: 1, named" "1 gvt: nodir/x.json: No such file or directory" \
	"$status $err"
is "... before the command runs" no "$([[ -e ran ]] && echo yes || echo no)"
gvt trace -o . -- true
is "a folder is no file" "1 gvt: .: Is a directory" "$status $err"
gvt trace -o /dev/full -- true
is "full disk: status 1" 1 "$status"
matches "... named" 'gvt: /dev/full: No space left on device' "$err"
gvt trace -o /dev/full -- sh -c 'exit 9'
is "full disk: the command's own failure is the status" 9 "$status"
is "cat reads our stdin" through "$(echo through | "$GVT" trace -o a.json -- cat 2>/dev/null)"
echo old >keep
gvt trace -o keep -- true
is "a file that was there is replaced" ok "$(check keep)"
ln -sf keep link.json
gvt trace -o link.json -- true
is "... through a link" "link.json ok" "$(find link.json -type l) $(check keep)"
rm -f keep link.json
is "nothing is left behind" "" "$(left_behind)"

# ------------------------------------------------------------------- goroutines
gvt trace -o g.json -- "$GVT" bench --one libgo oneway 500 2
is "a program of goroutines" "0 ok" "$status $(check g.json)"
within "... has their slices" 100 "$(count g.json goroutines)" 100000
within "... and who woke whom" 50 "$(count g.json arrows)" 100000
is "... of one process" '1 "CLOCK_MONOTONIC"' \
	"$(about g.json libgo_processes) $(about g.json clock)"
is "... and lost nothing" "0 0" "$(about g.json records_lost) $(about g.json lines_left_out)"
gvt trace -o m.json -- "$GVT" run order --quick --n 10
is "several processes of goroutines in one file" "0 ok" "$status $(check m.json)"
within "... each with its own" 5 "$(count m.json processes)" 100
gvt trace -o - -- sh -c "'$GVT' bench --one libgo yield 100 1; echo said"
printf '%s\n' "$out" >stdout.json
is "standard output is a trace alone" ok "$(check stdout.json)"
matches "... what the command says goes to standard error" $'(^|\n)said($|\n)' "$err"
gvt trace --no-kernel -o n.json -- "$GVT" bench --one libgo yield 100 1
is "--no-kernel: goroutines only" "0 ok 0 null" \
	"$status $(check n.json) $(count n.json kernel) $(about n.json kernel_switches)"
matches "... which is said" "^gvt: trace: the kernel's switches were not asked for" "$err"
matches "... there and in the file" "were not asked for.*every 50 ms" "$(about n.json notes)"
LIBGO_DEBUG=tracebuf=2 gvt trace -o l.json -- "$GVT" bench --one libgo yield 20000 2
is "what found no room leaves a trace all the same" ok "$(check l.json)"
is "... and is counted where it was said" "$(about l.json records_lost)" \
	"$(sed -n 's/^gvt: trace: \([0-9]*\) records of libgo found.*/\1/p' <<<"$err" | grep . ||
		echo 0)"

# --------------------------------------------------------------------- the kernel
if [[ $(about g.json kernel_switches) == '"perf_event_open"' ]]; then
	gvt trace -o k.json -- "$python" "$checker" work
	cp out told
	is "a program without goroutines: threads only" "0 ok 0" \
		"$status $(check k.json) $(count k.json goroutines)"
	matches "... which is said once" '^gvt: trace: no goroutines: [^'$'\n'']*$' "$err"
	is "... all five" 5 "$(count k.json threads)"
	is "its switches are those that the kernel counted" ok \
		"$(python3 "$checker" compare k.json told 2>&1)"
	is "... and none was lost" "0" "$(about k.json kernel_records_lost)"
	within "goroutines beside the kernel's tracks" 4 "$(count g.json kernel)" 1000000
	# Of a process that was made by another one.
	gvt trace -o c.json -- sh -c 'sleep 0.01; sleep 0.01; true'
	within "children are seen" 3 "$(count c.json threads)" 3
	rm -f told
else
	for name in "a program without goroutines: threads only" "... which is said once" \
		"... all five" "its switches are those that the kernel counted" \
		"... and none was lost" "goroutines beside the kernel's tracks" "children are seen"; do
		skip "$name" "$(about g.json notes)"
	done
fi

# ------------------------------------------------------------------- interrupted
# Ctrl-C goes to the whole group, as a terminal sends it.
set -m
"$GVT" trace -o i.json -- "$GVT" bench --one libgo tick-50 100000 1 >out 2>err &
pid=$!
set +m
running() { [[ -n $(find . -path './.gvt-trace.*/*' -size +4k) ]]; }
wait_until running
kill -INT -- -$pid
status=0
wait $pid || status=$?
is "Ctrl-C ends it with what was recorded" "130 ok" "$status $(check i.json)"
within "... of goroutines" 1 "$(count i.json goroutines)" 1000000000
rm -f ran
status=0
python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGINT)
os.execv(sys.argv[1], sys.argv[1:])' "$GVT" trace -o j.json -- touch "$work/ran" >out 2>err || status=$?
is "Ctrl-C before the command begins: it never does, and nothing is left" "130 " \
	"$status $(find . -name ran -o -name 'j.json*' -o -name '.gvt-trace*')"
gvt trace -o i.json -- timeout -s KILL 0.5 "$GVT" bench --one libgo tick-50 100000 1
is "a program that is killed leaves what it had written" "137 ok" "$status $(check i.json)"
status=0
(
	trap '' PIPE
	"$GVT" trace -o - -- "$GVT" bench --one libgo yield 30000 1 2>err | true
	exit "${PIPESTATUS[0]}"
) || status=$?
is "a reader that is gone, where that signal is ignored: 1" 1 "$status"
matches "... named" 'gvt: standard output: Broken pipe' "$(<err)"
"$GVT" trace -o - -- "$GVT" bench --one libgo yield 30000 1 2>err | true
is "a reader that is gone ends it as it ends others" 141 "${PIPESTATUS[0]}"
# Once there is something of the file, which takes a while; it may be done before, or have its name.
set -m
"$GVT" trace -o w.json -- "$GVT" bench --one pthread roundtrip 10000 1 >out 2>err &
pid=$!
set +m
writing() { [[ -n $(find . -name 'w.json.*' -size +0) || -e w.json ]]; }
wait_until writing
kill -TERM $pid 2>/dev/null
status=0
wait $pid || status=$?
matches "ended while it writes: no file, or all of it" '^(143 none|143 ok|0 ok)$' \
	"$status $([[ -e w.json ]] && check w.json || echo none)"
is "nothing is left behind by these" "" "$(left_behind)"

# ------------------------------------------------------------------------- text
gvt trace --text -i g.json
is "drawn from a file: status 0" 0 "$status"
matches "... rows of Ps" $'\nP 0 +[|][^|]*[0-9a-z][^|]*[|]' "$out"
matches "... rows of Ms" $'\nM 0 \\(go_run\\) +[|]' "$out"
matches "... a legend with the main goroutine" $'\n  1 main #1' "$out"
is "... without colours, 80 columns" "" "$(grep -n $'\033' <<<"$out"; grep '|' <<<"$out" |
	awk 'length > 80')"
if [[ $(about g.json kernel_switches) == null ]]; then
	skip "... the kernel's switches are marked" "$(about g.json notes)"
else
	matches "... the kernel's switches are marked" $'\n  switches +[|][^|]*[wW]' "$out"
fi
gvt trace --text -- "$GVT" bench --one libgo yield 100 1
matches "drawn at once" $'\nP 0 ' "$out"
gvt trace --text -o t.json -- sh -c 'exit 3'
is "drawn, and written" "3 ok" "$status $(check t.json)"
matches "... no goroutines: said there" 'note: no goroutines' "$out"
"$GVT" trace --text -i - <g.json >out 2>&1
matches "drawn from standard input" $'\nP 0 ' "$(<out)"
sed 's/"goroutine":1,/"goroutine":-3,/; s/"ts":[0-9]*/"ts":99999999999999999999/' g.json >odd.json
gvt trace --text -i odd.json
is "odd numbers in a file do no harm" 0 "$status"
python3 -c 'print("{\"traceEvents\":[")
for i in range(1, 60001):
    print("{\"ph\":\"X\",\"cat\":\"goroutine\",\"name\":\"f #%d\",\"pid\":1,\"tid\":10000000,\"ts\":%d,"
        "\"dur\":1,\"args\":{\"goroutine\":%d,\"thread\":1}}," % (i, i, i))
print("]}")' >many.json
gvt trace --text -i many.json
matches "more goroutines than are told apart: no number that is none" 'and more than [0-9]+ more goroutines' "$out"
status=0
(
	trap '' XFSZ
	ulimit -f 8
	exec "$GVT" trace --text -i - <many.json >/dev/null 2>err
) || status=$?
is "a full disk where standard input is kept" "1 gvt: standard input: File too large" "$status $(<err)"
rm -f many.json
status=0
TMPDIR=$work/nowhere "$GVT" trace --text -i - <g.json >out 2>err || status=$?
is "standard input is kept in TMPDIR" \
	"1 gvt: $work/nowhere: no temporary file can be made there: No such file or directory" \
	"$status $(<err)"
status=0
TMPDIR=$work/nowhere "$GVT" trace --text -- true >out 2>err || status=$?
matches "and so is what is drawn" \
	"^1 gvt: $work/nowhere/gvt-trace\..{6}: No such file or directory\$" "$status $(<err)"
mkdir '100%pure'
gvt trace -o 100%pure/x.json -- touch "$work/ran"
matches "a folder that libgo would take for another" '^1 gvt: .*/100%pure/.*: a folder with %p .* no$' \
	"$status $err $([[ -e ran ]] && echo yes || echo no)"
rmdir '100%pure'
gvt trace --text -i "$checker"
is "what is no trace is not drawn" \
	"1 gvt: $checker: not a trace of \`gvt trace\` or LIBGO_TRACE" "$status $err"
gvt trace --text -i nowhere.json
is "nor what is not there" "1 gvt: nowhere.json: No such file or directory" "$status $err"
# On a terminal, and there without colours.
in_terminal() {
	python3 -c 'import os, pty, sys
pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 65536))' "$@"
}
TERM=xterm in_terminal "$GVT" trace --text -i g.json >out
matches "a terminal gets colours" $'\033\\[38;5;' "$(<out)"
NO_COLOR=1 TERM=xterm in_terminal "$GVT" trace --text -i g.json >out
is "... but not with NO_COLOR" "" "$(grep $'\033' out)"

# ------------------------------------------------------------------- timelines
gvt run parallel --quick --n 2 --svg s.svg
is "run --svg: status 0" 0 "$status"
matches "its timelines as SVG" '^[1-9][0-9]* boxes, [2-9] titles$' "$(python3 -c '
import sys, xml.etree.ElementTree as tree
svg = "{http://www.w3.org/2000/svg}"
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == svg + "svg"
boxes = [float(r.get("width")) for r in root.iter(svg + "rect")]
assert all(w > 0 for w in boxes)
titles = [t.text for t in root.iter(svg + "text") if " on 1 " in t.text]
print(len(boxes), "boxes,", len(titles), "titles")' s.svg 2>&1)"
gvt run mainexit --quick --svg none.svg
is "no timeline: 1, said" \
	"1 gvt: none.svg: not written: none of these drew a timeline; \`gvt run parallel\` does" \
	"$status $err"
gvt run parallel --svg nodir/s.svg
is "an SVG that can't be written is found at once" \
	"1 gvt: nodir/s.svg: No such file or directory " "$status $err $out"
rm -f s.svg
is "no SVG is left in parts" "" "$(find . -name '*.svg*')"

finish
