#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# peers.sh - `gvt run --peers`: what it makes of a program in another language that does what it
# should, or anything else. Node.js is a shell here: the programs that it runs are written below.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

plan 45

mkdir -p "$work"/{bin,none,peers/{python,node}}
# Nothing that is installed is found: what is here, and what a shell needs.
for tool in bash cat echo env kill setsid sleep yes; do
	ln -s "$(command -v "$tool")" "$work/bin/$tool"
done
# shellcheck disable=SC2016 # for the shell that Node.js is
printf '#!/bin/bash\nexec bash "$1"\n' >"$work/bin/node"
chmod +x "$work/bin/node"
export GVT_PEERS=$work/peers
path=$work/bin

# peer PROGRAM [ARG...]: run it once more, as Node.js, five times; its result in $out
peer() {
	printf 'read -r line\n%s\n' "$1" >"$work/peers/node/jobs.js"
	shift
	PATH=$path gvt run jobs --quick --n 8 --peers node --json "$@"
}

# all NAME: of the peer: its medians, in a line
all() {
	grep -o "\"$1\": *[^,}]*" <<<"$peers" | tr '\n' ' '
}

# the result's metrics.peers and why
peers_of() {
	peers=$(sed -n '/"peers"/,/}/p' <<<"$out")
	why=$(sed -n 's/.*"why": "\(.*\)",*$/\1/p' <<<"$out")
}

good='echo version 1.2.3
echo own_ns 10.5
echo pool_ns 20
echo results 16
echo failed - it has no errors'

# ------------------------------------------------------------------ as it should be
peer "echo \"\$line\" >'$work/told'; $good"
peers_of
is "a peer that does what it should" 0 "$status"
is "its figures are there, and null for one that it has a reason for" \
	'"node": 10.5 "node": 20 "node": 16 "node": null ' \
	"$(all node)"
matches "the reason is told" 'node: it has no errors' "$why"
matches "its version is told" '"peer_versions":\{ *"node":"1\.2\.3"' "$(tr -d '\n\t ' <<<"$out")"
matches "what was counted for it is there" '"node":\{"thread_creations":[0-9]' \
	"$(tr -d '\n\t ' <<<"$out")"
matches "it is told its experiment, limits, parameters and metrics" \
	'^jobs threads=[1-9][0-9]* memory=[1-9][0-9]* pool=8 n=8 .* procs=[1-9].* own_ns=8 pool_ns=8 ' \
	"$(<"$work/told")"
PATH=$path gvt run jobs --quick --n 8 --peers node
matches "the table has its column" 'IN OTHER LANGUAGES +GOROUTINE +node' "$out"
matches "... and its figures, - where there is none" 'failed +[0-9]+ +-' "$out"
matches "... and its version" 'node: 1\.2\.3' "$out"
PATH=$path gvt run jobs --quick --n 8 --peers node --csv
matches "CSV has rows of it" $'\njobs,peer,own_ns,ns,8,,,,,,,,,,,,node,10.5,10.5,10.5\n' "$out"
matches "... with the reason where there is no figure" \
	$'\njobs,peer,failed,count,8,,,,,,,,"node: it has no errors",,,,node,,,\n' "$out"
matches "... and of what was counted" \
	$'\njobs,peer_counter,thread_creations,count,,,,,,,,,,,,,node,[0-9]+,,\n' "$out"
peer 'printf "own_ns 7"'
peers_of
is "a line without an end, and metrics that it says nothing of" \
	'"node": 7 "node": null "node": null "node": null ' "$(all node)"
matches "... and why they are null" 'node: has no figure for pool_ns' "$why"

# ------------------------------------------------------------------------------ faults
# fault NAME PROGRAM REASON: no figure, the reason, and all else is there
fault() {
	peer "$2"
	peers_of
	is "$1" "0 $(printf '"node": null %.0s' {1..4})" "$status $(all node)"
	matches "$1: the reason" "$3" "$why"
}

fault "a crash" "$good; echo 'something broke' >&2; exit 3" \
	'node: ended with status 3: something broke'
fault "killed by a signal" "$good; kill -SEGV \$\$" 'node: killed by signal 11'
fault "rubbish" "$good; echo 'hello, world'" \
	'node: said .hello, world., which is none of its figures'
fault "a metric that nobody asked for" "$good; echo other_ns 1" 'node: said .other_ns 1.'
fault "a figure twice" "$good; echo own_ns 1" 'node: said .own_ns 1.'
fault "no number" "echo own_ns nan" 'node: said .own_ns nan.'
fault "less than nothing" "echo own_ns -1" 'node: said .own_ns -1.'
fault "what would write on a terminal" $'echo -e "own_ns \\033[31m"' 'node: said .own_ns \?\[31m.'
fault "nothing" "exit 0" 'node: said nothing'
fault "no end of lines" "yes 'version x'" 'node: said more than'
export GVT_PEER_SECONDS=1
fault "no end" "$good; sleep 1000" 'node: no end after 1 s'
fault "no end, and nothing to hear" "$good; exec >&- 2>&-; sleep 1000" 'node: no end after 1 s'
unset GVT_PEER_SECONDS

# -------------------------------------------------------------------- what is left behind
peer "$good
setsid sleep 1000 >/dev/null 2>&1 &
echo \$! >>'$work/left'"
left=0
while read -r pid; do
	# Another process may have the number by now.
	[[ $(cat "/proc/$pid/comm" 2>/dev/null) != sleep ]] || left=$((left + 1))
done <"$work/left"
is "whom it left behind has ended: five of them" "5 0" "$(wc -l <"$work/left") $left"

# ----------------------------------------------------------------------- missing, unknown
PATH=$work/none gvt run jobs --quick --n 8 --peers all --json
peers_of
is "without any language the rest runs" "0 4" "$status $(grep -c '"java": null' <<<"$peers")"
matches "each is named with its package" \
	'go is not installed here \(package golang-go\).*package python3.*nodejs.*default-jdk' "$why"
PATH=$work/none gvt run order --quick --n 5 --peers node --json
peers_of
matches "what makes no sense in a language is said" 'node: its queue of callbacks has one' \
	"$why"
gvt run jobs --peers go,perl
is "an unknown language" \
	"2 gvt: --peers: \`perl\` is no language here; give some of go,python,node,java, or all" \
	"$status $err"
gvt run jobs --peers ''
matches "no language at all" '^2 gvt: --peers: .. is no language' "$status $err"
gvt help order
matches "... in its help, too" 'not node: its queue of callbacks' "$out"
finish
