#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# peer_programs.sh - each program in another language, once: it is told a line, as by gvt, and
# says what has to be so however fast the machine is. Languages that aren't here are skipped.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

top=${GVT_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
peers=$top/tools/peers

# What each is asked for, N of each where nothing else is said, and what it has to say then, in all
# languages or in one.
declare -A n asked expected
experiment() {
	n[$1]=$2
	asked[$1]=$(awk -v n="$2" '{
		for (i = 1; i <= NF; i++)
			printf "%s%s ", $i, index($i, "=") ? "" : "=" n
	}' <<<"$3")
	expected[$1]=${4:-}
}
experiment create 200 "create_join_ns create_join_batch_ns create_call_ns"
experiment switch 200 "yield_ns round_trip_ns round_trip_kernel_switches"
experiment memory 100 "committed_bytes rss_bytes page_tables_bytes kernel_stack_bytes
	reserved_bytes not_started_bytes"
experiment scale 100 "alive_10_ns=10 alive_100_ns max_alive bytes_at_max release_at_max_ns" \
	"max_alive=100"
experiment gomaxprocs 400000 "time_1_ns time_2_ns speedup"
experiment parallel 30 "in_progress_1 cpus_used_1 in_progress cpus_used" "in_progress=4"
experiment block 3 "progress_sleep threads_sleep progress_call threads_call progress_read
	threads_read"
experiment preempt 20 "ticks late_median_ns late_max_ns ticks_off late_max_off_ns"
experiment order 20 "orders_1 commonest_1 orders commonest as_made"
experiment mainexit 20 "finished_waited finished_returned finished_later" \
	"finished_waited=20 node:finished_later=20 python:finished_later=0"
experiment leak 50 "alive_stopped alive_left left_bytes reported" \
	"alive_stopped=0 alive_left=50 reported=50"
experiment deadlock 3 "ended noticed_ns named" \
	"go:ended=1 go:named=4 python:ended=0 node:ended=1 node:named=0 java:ended=0"
experiment race 400 "lost_none=4000 none_ns=4000 lost_mutex mutex_ns lost_rwmutex rwmutex_ns
	lost_channel channel_ns lost_atomic atomic_ns" "lost_mutex=0 lost_channel=0
	go:lost_atomic=0 java:lost_atomic=0 go:lost_rwmutex=0 java:lost_rwmutex=0"
experiment channel 100 "takes_0 takes_2 takes_128 value_0_ns value_1_ns value_2_ns value_128_ns
	empty_ns first_share" "go:takes_0=0 java:takes_0=0 takes_2=2 takes_128=128"
experiment recover 50 "call_ns recover_ns recovered member_ns=2000 groups_failed=20" \
	"recovered=50 groups_failed=20"
experiment cancel 100 "stop_1_ns=1 stop_10_ns=10 stop_100_ns stopped=111" "stopped=111"
experiment pipeline 100 "value_ns value_kernel_switches"
experiment jobs 200 "own_ns pool_ns results failed" "results=400 failed=4"
experiment skynet 1000 "node_ns nodes node_small_ns=100" \
	"go:nodes=1111 python:nodes=1111 node:nodes=1111"
experiment gil 400000 "one_ns all_ns speedup"
experiment eventloop 20 "timers_ns late_ns speedup"
limits="threads=2000 memory=1000000000 repetitions=5 procs=2 quick=1 compute_ms=20 steps=400000"
limits+=" time_ms=60000"

# what_is_wrong ASKED EXPECTED LANGUAGE: with what was said, on standard input
what_is_wrong() {
	awk -v asked="$1" -v expected="$2" -v language="$3" '
		BEGIN {
			n = split(asked, word, " ")
			for (i = 1; i <= n; i++)
				metric[substr(word[i], 1, index(word[i], "=") - 1)] = 1
			n = split(expected, word, " ")
			for (i = 1; i <= n; i++) {
				if (split(word[i], part, ":") == 2) {
					if (part[1] != language)
						continue
					word[i] = part[2]
				}
				split(word[i], part, "=")
				want[part[1]] = part[2]
			}
		}
		$1 == "version" { next }
		!($1 in metric) { print "not asked for: " $0; next }
		seen[$1]++ { print "twice: " $0; next }
		$2 == "-" && NF > 2 { next }
		NF != 2 || $2 !~ /^[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$/ {
			print "no figure: " $0
			next
		}
		{ figures++ }
		$1 in want && want[$1] != $2 + 0 { print $0 ", but expected " want[$1] }
		END {
			if (!figures)
				print "no figure at all"
			for (name in want)
				if (!(name in seen))
					print name " is not there"
		}'
}

# run LANGUAGE EXPERIMENT: the program of it, told a line on standard input
run() {
	case $1 in
	go) timeout 60 "$work/go" ;;
	python) timeout 60 python3 -B "$peers/python/$2.py" ;;
	node) timeout 60 node "$peers/node/$2.js" ;;
	java)
		timeout 60 java -XX:-UsePerfData -XX:TieredStopAtLevel=1 -cp "$work/java" "${2^}"
		;;
	esac
}

program() {
	case $1 in
	go) echo "$peers/go/$2.go" ;;
	python) echo "$peers/python/$2.py" ;;
	node) echo "$peers/node/$2.js" ;;
	java) echo "$peers/java/${2^}.java" ;;
	esac
}

# prepare LANGUAGE: compile what has to be; what is missing for that is in $lacks
prepare() {
	lacks=""
	case $1 in
	go)
		command -v go >/dev/null || { lacks="Go (golang-go)"; return; }
		env GOENV=off GOFLAGS= GOWORK=off GO111MODULE=off GOTOOLCHAIN=local GOPROXY=off \
			CGO_ENABLED=0 GOCACHE="${GVT_CACHE:-$top/build/cache}/go/build" \
			go build -o "$work/go" "$peers"/go/*.go
		;;
	python) python3 -c 'import asyncio, sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null ||
		lacks="Python 3.8 (python3)" ;;
	node) command -v node >/dev/null || lacks="Node.js (nodejs)" ;;
	java)
		command -v javac >/dev/null || { lacks="a JDK (default-jdk-headless)"; return; }
		javac -Xlint:all -Werror -d "$work/java" "$peers"/java/*.java
		;;
	esac
}

cases=()
mapfile -t experiments < <(printf '%s\n' "${!n[@]}" | sort)
for language in go python node java; do
	for name in "${experiments[@]}"; do
		[[ ! -f $(program $language "$name") ]] || cases+=("$language $name")
	done
done
plan $((${#cases[@]} + 6))

declare -A lacking
for language in go python node java; do
	prepare $language >"$work/said" 2>&1
	prepare_status=$?
	lacking[$language]=$lacks
	if [[ -n $lacks ]]; then
		skip "$language: its programs compile" "$lacks is not installed"
	else
		is "$language: its programs compile" "0 " "$prepare_status $(<"$work/said")"
	fi
done

# run_all LANGUAGE: what each program says, what it complains of, and its status, in files
run_all() {
	local case language name

	for case in "${cases[@]}"; do
		read -r language name <<<"$case"
		[[ $language == "$1" && -z ${lacking[$1]} ]] || continue
		echo "$name n=${n[$name]} $limits ${asked[$name]}" |
			run "$language" "$name" >"$work/$1.$name" 2>"$work/$1.$name.err"
		echo $? >"$work/$1.$name.status"
	done
}

for language in go python node java; do
	run_all $language &
done
wait
for case in "${cases[@]}"; do
	read -r language name <<<"$case"
	if [[ -n ${lacking[$language]} ]]; then
		skip "$language: $name" "${lacking[$language]} is not installed"
		continue
	fi
	file=$work/$language.$name
	wrong=$(what_is_wrong "${asked[$name]}" "${expected[$name]}" "$language" <"$file")
	is "$language: $name" "status 0" "status $(<"$file.status")$wrong$(<"$file.err")"
done

# What they are asked for here is what gvt asks for: each stands as a name in the experiment; a
# number in it may be one that is put there, and the names of race's are made of two parts.
unknown=""
for name in "${experiments[@]}"; do
	for metric in ${asked[$name]}; do
		metric=${metric%=*}
		made=$(sed -E 's/[0-9]+/%l?[ud]/' <<<"$metric") part=${metric#lost_}
		grep -qE "\"($metric|$made|${part%_ns})\"" "$top/tools/experiments/$name.c" ||
			unknown+=" $name:$metric"
	done
done
is "gvt asks for what they are asked for here" "" "$unknown"

# All but the server, which gvt has to talk with, and what the programs share.
untold=""
for file in "$peers"/{go,python,node,java}/*.*; do
	name=${file##*/} name=${name%.*} name=${name,}
	[[ -n ${n[$name]:-} || $name =~ ^(main|peer|server)$ ]] || untold+=" $file"
done
is "no program was left out" "" "$untold"
finish
