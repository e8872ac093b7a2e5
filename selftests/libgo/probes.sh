#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# probes.sh - the static probes of libgo: they are there, with their arguments, each is a nop,
# and a debugger that stops at them sees what happens. KTAP out.

set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
library=$GVT_O/libgvtgo.so
sample=$here/gdb_sample
# shellcheck source=scripts/ktap.sh
. "$GVT_TOP/scripts/ktap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# name and number of arguments
probes=(create:3 park:3 ready:2 steal:4 handoff:4 preempt:3)

if ! command -v readelf >/dev/null; then
	echo "KTAP version 1"
	echo "1..0 # SKIP readelf is not installed"
	exit 4
fi
readelf -nW "$library" >"$dir/notes" 2>"$dir/complaints"
if ! grep -q 'Provider: libgo$' "$dir/notes"; then
	echo "KTAP version 1"
	echo "1..0 # SKIP libgo was built where sys/sdt.h is not installed (systemtap-sdt-dev)"
	exit 4
fi

# NAME ADDRESS ARGUMENT..., one a line
awk '
	/Provider: / { provider = $NF }
	$1 == "Name:" { name = $2 }
	$1 == "Location:" { at = substr($2, 1, length($2) - 1) }
	$1 == "Arguments:" && provider == "libgo" { sub(/^ *Arguments: */, ""); print name, at, $0 }
' "$dir/notes" >"$dir/probes"

# all_of NAME:N: each place of that probe has N arguments, of a known size
all_of() {
	local name=${1%:*} n=${1#*:}

	awk -v name="$name" -v n="$n" '
		$1 == name {
			seen++
			line = $0
			# An argument may hold blanks: they are counted by their sizes.
			if (gsub(/ -?[1248](f)?@/, "", line) != n) { print "not " n " arguments:", $0; bad = 1 }
		}
		END { if (!seen) print "no probe", name; exit bad || !seen }
	' "$dir/probes"
}

only_these() {
	diff <(printf '%s\n' "${probes[@]%:*}" | sort) <(cut -d' ' -f1 "$dir/probes" | sort -u)
}

# What is not traced costs a nop.
all_nops() {
	local at objdump=objdump

	[[ $(readelf -h "$library") != *AArch64* ]] || objdump=aarch64-linux-gnu-objdump
	command -v "$objdump" >/dev/null || { echo "$objdump is not installed"; return 4; }
	[[ -s $dir/probes ]] || { echo "no probes"; return 1; }
	"$objdump" -d --no-show-raw-insn "$library" >"$dir/code" || return
	while read -r _ at _; do
		grep -qE "^ +$(sed 's/^0x0*//' <<<"$at"):[[:blank:]]+nop" "$dir/code" ||
			{ echo "no nop at $at"; return 1; }
	done <"$dir/probes"
}

# Arguments are what the documentation says: a goroutine's number, a P's, a reason.
in_gdb() {
	local said

	command -v gdb >/dev/null || { echo "gdb is not installed"; return 4; }
	[[ -z ${SAN:-} && $(head -c 4 "$sample" | od -An -c | tr -d ' ') == 177ELF ]] ||
		{ echo "a sanitizer or an emulator is between gdb and the program"; return 4; }
	said=$(cd "$dir" && LIBGO_DEBUG=preempt=0 GOMAXPROCS=1 timeout 300 gdb -nx -q -batch \
		-iex 'set debuginfod enabled off' -iex 'set auto-load no' \
		-ex 'set breakpoint pending on' -ex 'break sample_main' -ex run \
		-ex 'break -probe-stap libgo:create' -ex continue \
		-ex 'printf "create %d %d ", $_probe_arg0, $_probe_arg1' -ex 'info symbol $_probe_arg2' \
		-ex delete -ex 'break -probe-stap libgo:park' -ex continue \
		-ex 'printf "park %d %d %d\n", $_probe_arg0, $_probe_arg1, $_probe_arg2' \
		-ex kill "$sample" 2>&1 </dev/null)
	if ! grep -qE '^create [0-9]+ 0 sample_' <<<"$said" ||
	   ! grep -qE '^park [0-9]+ 0 [0-9]+$' <<<"$said"; then
		echo "$said"
		return 1
	fi
}

ktap_begin
for probe in "${probes[@]}"; do
	ktap_case "libgo:${probe%:*}" all_of "$probe"
done
ktap_case "no others" only_these
ktap_case "each is a nop" all_nops
ktap_case "gdb stops at them and sees their arguments" in_gdb
ktap_end
