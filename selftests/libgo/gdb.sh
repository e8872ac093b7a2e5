#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gdb.sh - goroutines in gdb, of a process and of a core file; and the unwind information of
# the switch, at each of its instructions. KTAP out.

set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
sample=$here/gdb_sample
script=$GVT_TOP/libgo/gdb/libgvtgo-gdb.py
# shellcheck source=scripts/ktap.sh
. "$GVT_TOP/scripts/ktap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# Where each goroutine is depends on nobody losing the P.
export LIBGO_DEBUG=preempt=0

# Why there is nothing to be seen here; status 1: there is.
reason() {
	command -v gdb >/dev/null || { echo "gdb is not installed; type: scripts/setup check"; return; }
	[[ -z ${SAN:-} ]] || { echo "gdb.sh asks nothing of SAN=$SAN: code of its own is between"; return; }
	[[ $(head -c 4 "$sample" | od -An -c | tr -d ' ') == 177ELF ]] ||
		{ echo "the program runs in an emulator, which gdb would see instead"; return; }
	gdb -nx -q -batch -ex 'python import gdb.unwinder' 2>&1 | grep -q . &&
		{ echo "this gdb has no Python"; return; }
	return 1
}

# in_gdb ARG... : gdb with nobody's settings; what it says is in $said
in_gdb() {
	said=$(cd "$dir" && timeout 300 gdb -nx -q -batch -iex 'set debuginfod enabled off' \
		-iex 'set auto-load no' "$@" 2>&1 </dev/null)
}

# has PATTERN...: each is found in a line of $said
has() {
	local pattern

	for pattern; do
		if ! grep -qE -e "$pattern" <<<"$said"; then
			printf 'not found: %s, in:\n%s\n' "$pattern" "$said"
			return 1
		fi
	done
}

# lacks PATTERN: it is in no line of $said
lacks() {
	if grep -E -e "$1" <<<"$said"; then
		printf 'it should not be in:\n%s\n' "$said"
		return 1
	fi
}

# Starting gdb is what takes time: so all that is asked of a process, and of a core file, is
# asked at once. Each answer begins with a line @NAME.
questions() {
	local state='info registers\nbt\nthread\nframe\n'

	cat <<-EOT
		source $script
		$1
		up
		$(printf 'echo @warm up\\n\n%b' "$state")
		$(printf 'echo @before\\n\n%b' "$state")
		echo @list\n
		info goroutines
		echo @chosen\n
		info goroutines alice
		echo @frames\n
		goroutine 2 bt
		echo @libc\n
		goroutine 4 bt
		echo @running\n
		goroutine 5 bt
		echo @variables\n
		goroutine 2 frame function recv_inner
		goroutine 2 print ch
		print \$goroutine(3)->name
		goroutine 3
		echo @all\n
		goroutine all bt
		goroutine 2 up
		goroutine 5 up
		echo @wrong\n
		python
		for command in ("goroutine 99 bt", "goroutine", "goroutine 2 nonsense"):
		  try:
		    gdb.execute(command)
		  except gdb.error as error:
		    print(error)
		end
		$(printf 'echo @after\\n\n%b' "$state")
		echo @more\n
		$2
	EOT
}

# answer TO NAME: the part of $dir/TO with that name, as $said
answer() {
	said=$(awk -v name="@$2" '/^@/ { on = $0 == name; next } on' "$dir/$1")
}

ask_process() {
	questions $'break sample_ready\nrun' \
		$'set $goroutine(2)->since = go_now() / 1000000000 - 150\nprint go_dump(1)\ncontinue' \
		>"$dir/ask"
	in_gdb -x "$dir/ask" "$sample"
	printf '%s\n' "$said" >"$dir/process"
	has '^@more$'
}

ask_core() {
	make_core || return
	questions "" "" >"$dir/ask"
	in_gdb -x "$dir/ask" "$sample" "$dir/core"
	printf '%s\n' "$said" >"$dir/core.said"
	has '^@more$'
}

# Of the kernel, since gdb's own gcore can't read across guards.
make_core() {
	local pattern file

	pattern=$(</proc/sys/kernel/core_pattern)
	if [[ $pattern == *[/\|]* ]]; then
		echo "core files don't stay here: /proc/sys/kernel/core_pattern is $pattern"
		return 4
	fi
	ulimit -S -c unlimited || { echo "there may be no core files here: ulimit -c"; return 4; }
	(cd "$dir" && "$sample" core)
	for file in "$dir"/core*; do
		[[ ! -s $file || $file == "$dir/core" ]] || mv "$file" "$dir/core"
	done
	[[ -s $dir/core ]] || { echo "the kernel wrote no core file"; return 1; }
}

# of FILE TEST: where the questions were asked
of() {
	[[ -s $dir/$1 ]] || { echo "there is no core file, see above"; return 4; }
	"$2" "$1"
}

lists() {
	answer "$1" list
	has '^\* +1  running +[0-9]+  sample_main main$' '^ +2  chan receive +-  sample_recv$' \
		'^ +3  sync.WaitGroup.Wait +-  sample_wait alice$' '^ +4  sleep +-  sample_sort$' \
		'^ +5  running +[0-9]+  sample_spin$' \
		'^ +[0-9]+  runnable, not started +-  sample_fresh$'
}

chosen() {
	answer "$1" chosen
	has '  sample_wait alice$' && lacks sample_recv
}

frames() {
	answer "$1" frames
	has '^#1 .* gvtgo_switch ' ' go_recv ' ' recv_inner \(depth=.*0\)' \
		' recv_inner \(depth=.*3\)' ' sample_recv ' ' gvtgo_main ' \
		'^#[0-9]+ .* gvtgo_entry ' && lacks '^#0 |Backtrace stopped|\?\?'
}

frames_of_libc() {
	answer "$1" libc
	has ' go_sleep ' ' compare ' 'qsort' ' sample_sort ' ' gvtgo_entry ' &&
		lacks 'Backtrace stopped'
}

frames_of_running() {
	answer "$1" running
	has '^#0 .*sample_spin ' ' gvtgo_entry ' && lacks 'Backtrace stopped'
}

variables() {
	answer "$1" variables
	has 'recv_inner \(depth=.*0\)' '^\$[0-9]+ = \(.*go_chan \*\) 0x' '^\$[0-9]+ = 0x.* "alice"' \
		'sync.WaitGroup.Wait +-  sample_wait alice$'
}

all() {
	answer "$1" all
	has ' sample_main ' ' sample_recv ' ' sample_wait ' ' sample_sort ' ' sample_spin ' \
		'it has not started'
}

# The commands, wrong ones too, leave the selected thread, frame and registers as they were.
nothing_changes() {
	answer "$1" before
	local before=$said

	answer "$1" after
	# A line of source that isn't there is told in one way first, in another one later.
	has ' sample_main ' '^rip|^pc' &&
		diff <(grep -vP '^\d+\t' <<<"$before") <(grep -vP '^\d+\t' <<<"$said")
}

nonsense() {
	answer "$1" wrong
	has 'there is no goroutine 99; type: info goroutines' 'usage: goroutine N' \
		'Undefined command: "nonsense"'
}

# go_dump() tells minutes from a stamp that the monitor sets; a test can't wait for them.
minutes() {
	answer "$1" more
	has '^goroutine 2 \[chan receive, 2 minutes\]: sample_recv$' \
		'^goroutine 3 \[sync.WaitGroup.Wait\]: alice: sample_wait$'
}

goes_on() {
	answer "$1" more
	has 'exited normally'
}

before_the_run() {
	in_gdb -ex "source $script" -ex 'info goroutines' "$sample"
	has 'gvtgo_debug is not known' || return
	in_gdb -ex "source $script" -ex 'break main' -ex run -ex 'info goroutines' "$sample"
	has 'no goroutines: go_run\(\) is not running'
}

without_symbols() {
	mkdir -p "$dir/stripped"
	strip -s -o "$dir/stripped/libgvtgo.so.0" "$GVT_O/libgvtgo.so.0" || return
	# The program's own path to it goes before LD_LIBRARY_PATH.
	in_gdb -ex "source $script" -ex "set environment LD_PRELOAD $dir/stripped/libgvtgo.so.0" \
		-ex 'break sample_ready' -ex run -ex 'info goroutines' "$sample"
	has 'libgvtgo has no debugging symbols here'
}

# As make install lays it: below a folder for such scripts, the library's path.
loads_itself() {
	local lib

	lib=$(readlink -f "$GVT_O/libgvtgo.so")
	mkdir -p "$dir/auto-load${lib%/*}"
	cp "$script" "$dir/auto-load$lib-gdb.py"
	said=$(cd "$dir" && timeout 300 gdb -nx -q -batch -iex 'set debuginfod enabled off' \
		-iex "set auto-load scripts-directory $dir/auto-load" \
		-iex "set auto-load safe-path $dir/auto-load" \
		-ex 'break sample_ready' -ex run -ex 'info goroutines' "$sample" 2>&1 </dev/null)
	has '  sample_wait alice$'
}

# To one that has run, with the same control words and with others, and to a new stack.
switch_steps() {
	in_gdb -x "$here/gdb_steps.py" "$sample"
	said=$(grep -E '^(BAD|STEPS|Traceback|[A-Za-z]*Error)' <<<"$said")
	has '^STEPS .* ORDER sample_main step_b sample_main step_b sample_main ' ' step_c$' &&
		lacks '^BAD'
}

if why=$(reason); then
	echo "KTAP version 1"
	echo "1..0 # SKIP $why"
	exit 4
fi
ktap_begin
ktap_case "a process is asked" ask_process
ktap_case "a core file is asked" ask_core
for file in process core.said; do
	name=${file%.said}
	ktap_case "$name: info goroutines" of $file lists
	ktap_case "$name: info goroutines REGEX" of $file chosen
	ktap_case "$name: frames of a parked one" of $file frames
	ktap_case "$name: frames, libc's between" of $file frames_of_libc
	ktap_case "$name: frames of one on another thread" of $file frames_of_running
	ktap_case "$name: variables" of $file variables
	ktap_case "$name: goroutine all bt" of $file all
	ktap_case "$name: nothing is changed" of $file nothing_changes
	ktap_case "$name: what is not there" of $file nonsense
done
ktap_case "go_dump, called by gdb: minutes" minutes process
ktap_case "the process goes on afterwards" goes_on process
ktap_case "before go_run" before_the_run
ktap_case "a library without symbols" without_symbols
ktap_case "the script is loaded with the library" loads_itself
ktap_case "unwinding at each instruction of a switch" switch_steps
ktap_end
