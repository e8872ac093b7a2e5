# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# tap.sh - KTAP from a shell script: `plan N` once, then N times `is`, `matches` or `skip`.

GVT=${GVT:-$(cd "$(dirname "$0")/../.." && pwd)/build/gvt}
work=$(mktemp -d)
# Programs that are to be ended with the script, and are not waited for: their numbers.
started=()
# A background job is a copy of this shell until it runs its command: the folder isn't its.
tap_exit() {
	[[ $BASHPID == "$$" ]] || return 0
	[[ ${#started[@]} -eq 0 ]] || kill -KILL "${started[@]}" 2>/dev/null
	rm -rf "$work"
}
trap tap_exit EXIT
number=0
failures=0

plan() {
	echo "KTAP version 1"
	echo "1..$1"
	planned=$1
}

result() {
	number=$((number + 1))
	[[ $1 == ok ]] || failures=$((failures + 1))
	echo "$1 $number $2"
}

# is NAME EXPECTED FOUND
is() {
	if [[ $2 == "$3" ]]; then
		result ok "$1"
	else
		printf '# expected: %s\n# found:    %s\n' "$2" "$3"
		result "not ok" "$1"
	fi
}

# matches NAME PATTERN FOUND: an extended regular expression
matches() {
	if [[ $3 =~ $2 ]]; then
		result ok "$1"
	else
		printf '# expected a match of: %s\n# found: %s\n' "$2" "${3//$'\n'/$'\n# '}"
		result "not ok" "$1"
	fi
}

# within NAME LOW FOUND HIGH: LOW <= FOUND <= HIGH
within() {
	if [[ $3 =~ ^[0-9]+$ ]] && (($2 <= $3 && $3 <= $4)); then
		result ok "$1"
	else
		printf '# expected from %s to %s\n# found: %s\n' "$2" "$4" "$3"
		result "not ok" "$1"
	fi
}

skip() {
	number=$((number + 1))
	echo "ok $number $1 # SKIP $2"
}

# gvt ARG...: its output in $out, its errors in $err, its exit status in $status
gvt() {
	status=0
	"$GVT" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	out=$(<"$work/out")
	err=$(<"$work/err")
}

# wrong NAME PATTERN ARG...: status 2, that one line on stderr, nothing on stdout
wrong() {
	local name=$1 pattern=$2

	shift 2
	gvt "$@"
	matches "$name" "^2  gvt: $pattern\$" "$status $out $err"
}

# number KEY: its first value in the JSON that `gvt stat -o $work/json` wrote ("null" too)
number() {
	sed -n "/^ *\"$1\": *\([^,{]*\),\{0,1\}\$/{s//\1/p;q}" "$work/json" | tr -d '"'
}

# wait_until COMMAND...: until it is true; a limit only against hanging for good
wait_until() {
	local i

	for ((i = 0; i < 3000; i++)); do
		"$@" && return 0
		sleep 0.02
	done
	return 1
}

# All cases ran, and none failed.
finish() {
	if [[ $number -ne $planned ]]; then
		echo "# $planned cases were planned, $number ran"
		exit 1
	fi
	[[ $failures -eq 0 ]]
}
