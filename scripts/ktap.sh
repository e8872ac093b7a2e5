# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# ktap.sh - write KTAP from a bash script that sources this.
#
# The plan comes last, so that a script which dies on its way has none, and
# scripts/ktap calls that a failure.

ktap_number=0
ktap_failed=0

ktap_begin() {
	echo "KTAP version 1"
}

# ktap_case NAME COMMAND...: one test. The command's status decides: 0 ok, 4 skipped, with its
# last line as the reason, else not ok, and what it wrote is shown.
ktap_case() {
	local name=$1 status=0 said

	shift
	said=$("$@" 2>&1 </dev/null) || status=$?
	ktap_number=$((ktap_number + 1))
	if [[ $status -ne 0 && $status -ne 4 ]]; then
		[[ -z $said ]] || printf '%s\n' "$said" | sed 's/^/# /'
		echo "not ok $ktap_number $name # status $status"
		ktap_failed=$((ktap_failed + 1))
	elif [[ $status -eq 4 ]]; then
		echo "ok $ktap_number $name # SKIP ${said##*$'\n'}"
	else
		echo "ok $ktap_number $name"
	fi
}

ktap_end() {
	echo "1..$ktap_number"
	[[ $ktap_failed -eq 0 ]]
}
