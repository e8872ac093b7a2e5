#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# badinput.sh - each thing that can be wrong with a run, each with its message and status:
# names, numbers, options, and a machine that doesn't give what is asked for. What every
# command says to wrong options is in cli.sh.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

plan 42

wrong "nearest experiment: a letter missing" 'swich: no such experiment; did you mean .switch.\? .*' \
	run swich
wrong "nearest experiment: two swapped" 'craete: no such experiment; did you mean .create.\? .*' \
	run craete
wrong "nearest experiment: a letter too many" 'skynett: .* mean .skynet.\? .*' run skynett
wrong "no experiment is near" 'frob: no such experiment; there are: create, .*, and .all.' run frob
wrong "a name that is empty" ': no such experiment; there are: .*' run ""
wrong "a name with a slash" '../run: no such experiment; .*' run ../run
wrong "nearest command" 'stats: no such command; did you mean .stat.\? .*' stats
wrong "nearest option" '--qick: no such option of run; did you mean .--quick.\? .*' run --qick create
wrong "no option is near" '--frobnicate: no such option of run; see .gvt help run.' \
	run --frobnicate create
wrong "an option that is none" '-z: no such option of run; .*' run -z create
wrong "one of several in a word is none" '-z: no such option of run; .*' run -zq create
wrong "a value where none is taken" '--quick=1: --quick takes no value; .*' run --quick=1 create

for option in --procs --n; do
	for value in 1e6 1.5 0x10 " 5" "5 " +5 -5 five "" ٣; do
		gvt run create "$option" "$value"
		[[ $status == 2 && -z $out && $err == "gvt: $option: \`$value' is not a whole number; give one from 1 to"* ||
			$err == "gvt: $option: \`$value\` is not a whole number; give one from 1 to"* ]] ||
			echo "'$value': $status $err"
	done >"$work/taken"
	is "$option: what is no whole number" "" "$(<"$work/taken")"
	for value in 0 00 99999999999 18446744073709551616 340282366920938463463374607431768211456; do
		gvt run create "$option" "$value"
		[[ $status == 2 && -z $out && $err == "gvt: $option: $value is out of range; give a number from 1 to "* ]] ||
			echo "'$value': $status $err"
	done >"$work/taken"
	is "$option: what is out of range" "" "$(<"$work/taken")"
done
wrong "--n: more than an experiment can" '--n: 10001 is too much for server: at most 10000' \
	run server --n 10001
wrong "--n twice" '--n: given twice: give it once' run create --n 5 --n 6
wrong "--procs twice" '--procs: given twice: give it once' run create --procs 2 --procs 2
wrong "--where twice" '--where: given twice: give it once' run create --where here --where vm
wrong "--where nowhere" '--where: .mars. is no place to run; give .here. or .vm.' \
	run create --where mars
wrong "--where, empty" '--where: .. is no place to run; .*' run create --where ""
formats='run: --json, --csv and --openmetrics exclude each other: give one, once'
wrong "--json --csv" "$formats" run create --json --csv
wrong "--csv --openmetrics" "$formats" run create --csv --openmetrics
wrong "--json twice" "$formats" run create --json --json
gvt run create --quick --quick --quick --n 5 --json
is "a switch twice is one" "0 " "$status $err"
wrong "everything is looked at before anything runs" 'nowhere: no such experiment; .*' \
	run mainexit nowhere

# The lab machine: found, or said what to do. Copied, gvt is in no checkout.
mkdir "$work/bin"
cp "$GVT" "$work/bin/gvt"
status=0
err=$(env -u GVT_VM LD_LIBRARY_PATH="$(dirname "$GVT")" "$work/bin/gvt" run create --where vm 2>&1) ||
	status=$?
matches "--where vm: no lab machine" "^125 gvt: --where vm: no lab machine is beside .*, or let GVT_VM name its scripts/vm\$" \
	"$status $err"
status=0
err=$(GVT_VM=/nowhere/vm "$GVT" run create --where vm 2>&1) || status=$?
is "--where vm: GVT_VM names nothing" \
	"125 gvt: GVT_VM: /nowhere/vm: No such file or directory; it names the scripts/vm of a checkout" \
	"$status $err"
# A script in its place is called with the same command, and its status is gvt's.
cat >"$work/vm" <<-'EOT'
	#!/bin/sh
	echo "$@"
	exit 7
EOT
chmod +x "$work/vm"
status=0
out=$(GVT_VM=$work/vm "$GVT" run create --where vm --quick 2>&1) || status=$?
matches "--where vm: the same command, and the machine's status" \
	'^7 -t [0-9]+ --pass-signals -- /.*/gvt run --where vm --quick create$' "$status $out"
# There, it runs; and the result says where.
out=$(GVT_VM=kvm "$GVT" run mainexit --where vm --quick --n 5 --json)
is "in the lab machine: says so" vm "$(sed -n 's/^ *"where": *"\(.*\)",$/\1/p' <<<"$out")"
out=$(env -u GVT_VM "$GVT" run mainexit --where here --quick --n 5 --json)
is "--where here: says so" here "$(sed -n 's/^ *"where": *"\(.*\)",$/\1/p' <<<"$out")"

# A disk that is full: whatever the format, and no success.
for format in --json --csv --openmetrics ""; do
	status=0
	# shellcheck disable=SC2086 # no word where there is none
	"$GVT" run mainexit --quick --n 5 $format >/dev/full 2>"$work/err" || status=$?
	is "full disk, ${format:-a table}" "1 gvt: standard output: No space left on device" \
		"$status $(<"$work/err")"
done

# A reader that has seen enough: as other programs, killed by SIGPIPE, and silent.
for format in --csv ""; do
	# shellcheck disable=SC2086 # no word where there is none
	"$GVT" run mainexit deadlock --quick --n 5 $format 2>"$work/err" | head -n 1 >/dev/null
	is "closed pipe, ${format:-a table}" "141 0 " "${PIPESTATUS[*]} $(<"$work/err")"
done

gvt trace -i "$work"
is "a folder that is no trace" "1  gvt: $work: Is a directory" "$status $out $err"

# Nothing that the kernel tells. Without it the loader can't tell where the program is.
# without_proc ARG...
without_proc() {
	# shellcheck disable=SC2016 # that shell's
	LD_LIBRARY_PATH=$(dirname "$GVT") unshare -m sh -c 'umount -l /proc && exec "$0" "$@"' \
		"$GVT" "$@" 2>&1
}
if [[ "$(without_proc --version)" != "$("$GVT" --version)" ]]; then
	skip "no /proc" "needs root, and a gvt that can begin without it: a sanitizer can't"
else
	status=0
	err=$(without_proc doctor) || status=$?
	is "no /proc" "1 gvt: /proc: is not mounted; what the kernel counts is read there: mount -t proc none /proc" \
		"$status $err"
fi

# No memory for all of it: the limit is named, nothing is claimed, and the other side is
# measured if it can be.
room=60000
if ! (ulimit -v "$room" && "$GVT" --version >/dev/null 2>&1); then
	skip "no memory: named" "gvt can't begin in $room KiB: a sanitizer has more address space"
	skip "no memory: nothing is claimed" "gvt can't begin in $room KiB: a sanitizer has more"
	finish
	exit
fi
status=0
err=$(
	ulimit -v "$room"
	"$GVT" run create --n 300 --quick --json 2>&1 >"$work/out"
) || status=$?
matches "no memory: named" 'threads: Resource temporarily unavailable .nearest limit: RLIMIT_AS = [0-9,]+' \
	"$(<"$work/out")"
is "no memory: nothing is claimed" '0 "not measured", ' \
	"$status $(sed -n 's/^ *"verdict": //p' "$work/out") $err"
finish
