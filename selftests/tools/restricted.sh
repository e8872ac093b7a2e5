#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# restricted.sh - where a machine keeps something from gvt: perf events, sysfs, the files of
# cgroups, a fine clock. What is not known is said to be so, and is never told as what is usual.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

no_perf=$(cd "$(dirname "$0")" && pwd)/no_perf.py

# found NAME...: state and text of these checks, from a JSON of `gvt doctor` on the standard
# input; what is none goes through
found() {
	awk -v names=" $* " '
		/^ *"(name|state|found)": / {
			key = $1
			sub(/^[^:]*: *"/, "")
			sub(/",?$/, "")
			if (key ~ /name/)
				name = $0
			else if (key ~ /state/)
				state = $0
			else if (index(names, " " name " "))
				print state ": " $0
			next
		}
		!/^ *["{}[\]]/'
}

# elsewhere SHELL ARG...: gvt doctor --json in mounts of its own, which that shell text makes
elsewhere() {
	local text=$1

	shift
	# shellcheck disable=SC2016 # that shell's
	unshare -m bash -c "set -e; $text"$'\n''exec "$0" doctor --json' "$GVT" "$@" 2>&1
}

plan 16

# ----------------------------------------------------------------- perf events
names=("doctor tries perf events" "stat says that moves are missing" "stat: they are null"
	"trace says that the kernel's switches are missing")
if ! command -v python3 >/dev/null || ! python3 "$no_perf" true; then
	for name in "${names[@]}"; do skip "$name" "python3, or filters of system calls, are missing"; done
elif [[ ! -e /proc/sys/kernel/perf_event_paranoid ]]; then
	for name in "${names[@]}"; do skip "$name" "this kernel has no perf events"; done
else
	matches "${names[0]}" '^note: ([0-2-].*perf_event_open: Operation not permitted|.*root alone)$' \
		"$(python3 "$no_perf" "$GVT" doctor --json | found perf)"
	python3 "$no_perf" "$GVT" stat --json -o "$work/json" -- true
	matches "${names[1]}" 'moves to another CPU are missing: perf_event_open: Operation not permitted' \
		"$(<"$work/json")"
	is "${names[2]}" null "$(number cpu_migrations)"
	python3 "$no_perf" "$GVT" trace -o "$work/trace" -- true 2>"$work/err"
	matches "${names[3]}" "kernel's switches are missing: perf_event_open: Operation not permitted" \
		"$(<"$work/err")"
fi

# ----------------------------------------------------------------------- clock
# Less than a step of it is no 0 that was measured.
clock=$(cd "$(dirname "$0")" && pwd)/coarse_clock.so
names=("a coarse clock: doctor names its step" "run: no figure, and why"
	"run: nothing is claimed, the step is there" "stat: no time, and no rate" "bench: no figure")
if ! LD_PRELOAD=$clock "$GVT" --version >/dev/null 2>&1; then
	for name in "${names[@]}"; do skip "$name" "a sanitizer wants to be loaded first"; done
else
	export LD_PRELOAD=$clock
	matches "${names[0]}" 'note: .*: it goes in steps of 20.0 ms: what takes less is not measured' \
		"$("$GVT" doctor --json | found clock)"
	"$GVT" run create --quick --n 1 --json >"$work/json"
	is "${names[1]}" "null it took less than the clock can tell, which goes in steps of 20.0 ms" \
		"$(number goroutine) $(grep -o 'it took less [^"]*' "$work/json")"
	is "${names[2]}" '"not measured" 20000000' \
		"$(sed -n 's/^ *"verdict": *\(.*\),$/\1/p' "$work/json") $(number clock_step_ns)"
	# It may have met a step.
	"$GVT" stat --json -o "$work/json" -- true
	matches "${names[3]}" '^null null$|^[1-9][0-9]* [0-9.]+$' \
		"$(number wall_ns) $(sed -n '/"rates"/,$s/^ *"voluntary_ctxt_switches": *\([^,]*\),*$/\1/p' "$work/json" | head -n 1)"
	gvt bench --one libgo yield 100 1
	matches "${names[4]}" '^3 gvt: yield: libgo: it took less than the clock can tell$|^0 [1-9]' \
		"$status $out$err"
	unset LD_PRELOAD
fi

# ---------------------------------------------------------------------- mounts
names=("no sysfs: what it would tell is not known" "no cgroups: what they limit is not known"
	"version 1: a quota" "version 1: of the group that it is in" "version 1: of one above it"
	"version 2: of the group that it is in" "version 2: no quota")
if [[ $(elsewhere 'mount -t tmpfs none /sys' | found kernel) != ok:* ]]; then
	for name in "${names[@]}"; do skip "$name" "mounts of its own need root"; done
	finish
	exit
fi
is "${names[0]}" "note: not known: /sys is not mounted" \
	"$(elsewhere 'mount -t tmpfs none /sys' | found governor turbo smt huge_pages | sort -u)"
is "${names[1]}" "note: not known: no cgroups are mounted at /sys/fs/cgroup" \
	"$(elsewhere 'mount -t tmpfs none /sys' | found quota pids_cgroup | sort -u)"

# quota LINE DIR... FILE=VALUE...: in groups that are made up, by that line of /proc/self/cgroup
quota() {
	local line=$1

	shift
	echo "$line" >"$work/cgroup"
	# shellcheck disable=SC2016 # that shell's
	elsewhere 'mount -t tmpfs none /sys
		mkdir -p /sys/fs/cgroup
		cd /sys/fs/cgroup
		for file in "${@:2}"; do
			mkdir -p "$(dirname "$file")"
			echo "${file#*=}" >"${file%%=*}"
		done
		mount --bind "$1" "/proc/$$/cgroup"' "$work/cgroup" "$@" | found quota
}
text="who has used them up stands still for a while"
is "${names[2]}" "note: 0.50 CPUs: $text" "$(quota 3:cpu,cpuacct:/ cpu/cpu.cfs_quota_us=50000 \
	cpu/cpu.cfs_period_us=100000)"
is "${names[3]}" "note: 1.50 CPUs: $text" "$(quota 3:cpu:/a/b cpu/cpu.cfs_quota_us=-1 \
	cpu/cpu.cfs_period_us=100000 cpu/a/b/cpu.cfs_quota_us=150000 cpu/a/b/cpu.cfs_period_us=100000)"
is "${names[4]}" "note: 0.25 CPUs: $text" "$(quota 3:cpu:/a/b cpu/a/cpu.cfs_quota_us=25000 \
	cpu/a/cpu.cfs_period_us=100000 cpu/a/b/cpu.cfs_quota_us=150000 \
	cpu/a/b/cpu.cfs_period_us=100000)"
is "${names[5]}" "note: 0.20 CPUs: $text" "$(quota 0::/system.slice/x.service \
	"system.slice/cpu.max=max 100000" "system.slice/x.service/cpu.max=20000 100000")"
is "${names[6]}" "ok: none" "$(quota 0::/ "cpu.max=max 100000")"

finish
