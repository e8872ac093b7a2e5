#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# report.sh - the pages of `gvt report`: whole, for themselves, of the right figures; and what
# is said of files that are no results.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

here=$(cd "$(dirname "$0")" && pwd)
look() { python3 -B "$here/report.py" "$@" 2>&1; }
# Where nothing is found that draws; gvt needs no other program.
bare=/nonexistent

# refused NAME PATTERN FILE...: status 1, one line that matches, no page
refused() {
	local name=$1 pattern=$2

	shift 2
	rm -rf "$work/none"
	gvt report -o "$work/none" "$@"
	matches "$name" "^1 gvt: $pattern\$" "$status $err"
	[[ ! -e $work/none ]] || echo "# a page was made all the same"
}

# broken NAME PATTERN TEXT: a file with that text is refused
broken() {
	printf '%s' "$3" >"$work/broken.json"
	refused "$1" "$work/broken.json: $2" "$work/broken.json"
}

# changed NAME PATTERN PYTHON: the result, here `d`, with its first experiment `e` and metric
# `m`, is refused after a statement
changed() {
	python3 -c "import json, sys
d = json.load(open(sys.argv[1]))
e = d['experiments'][0]
m = e['metrics'][0]
$3
json.dump(d, open(sys.argv[2], 'w'))" "$work/one.json" "$work/changed.json"
	refused "$1" "$work/changed.json: $2" "$work/changed.json"
}

# misused NAME PATTERN ARG...: status 2, one line that matches
misused() {
	local name=$1 pattern=$2

	shift 2
	gvt report "$@"
	matches "$name" "^2 gvt: $pattern\$" "$status $err"
}

plan 63

for kind in one before after hostile; do
	look make "$kind" >"$work/$kind.json"
done

# ------------------------------------------------------------------------ a page
if command -v gnuplot >/dev/null; then
	drawn() { "$@"; }
else
	drawn() {
		while [[ $1 != [a-z]* ]]; do shift; done
		skip "$2" "gnuplot is missing: Debian's gnuplot-nox"
	}
fi
gvt report -o "$work/page/deep" "$work/one.json"
is "says where the page is" "0 $work/page/deep/report.html" "$status $out"
page=$work/page/deep/report.html
is "one: each tag is closed, each id unique" "" "$(look wellformed "$page")"
is "one: needs nothing but itself" "" "$(look alone "$page")"
is "one: all claims, verdicts, reasons and labels" "" "$(look has "$page" "$work/one.json")"
matches "one: figures with their spread, and the ratio" \
	'^create and join, one at a time \| 32.0 us 30.0..39.0 \| 80.0 ns 72.0..110.0 \| 260 ns 250..300 \| 400x$' \
	"$(look row "$page" "us 30.0..39.0")"
is "one: a counter that nobody has is left out, one with a name is called so" \
	"time on a CPU | 12.0 ms | 1.00 ms" "$(look row "$page" "time on a CPU")"
is "one: no figure is a dash" "each of 100,000 alive at once | - | 1.10 us 1.00..1.50 | -" \
	"$(look row "$page" "each of 100,000 alive at once")"
drawn is "one: a picture for each family, unit and series" \
	"create-times gomaxprocs-speed-up gomaxprocs-time-1-ns overview parallel-4-goroutines-on-2-ps race-times scale-alive-10-ns server-latency-of-a-request server-times" \
	"$(cd "$work/page/deep" && find . -name '*.svg' | sed 's|^./||; s|.svg$||' | sort | paste -sd ' ')"
drawn is "one: each picture is in the page" 9 "$(grep -o '<svg ' "$page" | wc -l)"
drawn is "one: pictures are SVGs for themselves" "" "$(look svg "$work"/page/deep/*.svg)"
drawn matches "one: the limit's name is in the picture" 'limit: kernel.pid_max' \
	"$(<"$work/page/deep/scale-alive-10-ns.svg")"
drawn matches "one: tics of times and numbers" '>10 us<.*>1M<|>1M<.*>10 us<' \
	"$(tr -d '\n' <"$work/page/deep/scale-alive-10-ns.svg")"
drawn matches "one: a timeline has its tracks and tasks" '>P 0<.*>P 1<|>A<' \
	"$(tr -d '\n' <"$work/page/deep/parallel-4-goroutines-on-2-ps.svg")"
drawn is "one: a language has one colour, whoever else is there; who is none has another" \
	"$(look colours go "$work"/page/deep/{create,create}-times.svg) 4" \
	"$(look colours go "$work"/page/deep/{create,race}-times.svg) $(for who in go node other thread; do
		look colours "$who" "$work/page/deep/race-times.svg"
		echo
	done | sort -u | wc -l)"
drawn matches "one: a row says where, if that is in no row above it" '>not synchronised: each<' \
	"$(<"$work/page/deep/race-times.svg")"
drawn matches "one: steps are told apart by their dashes, too" \
	'stroke="#0072b2" stroke-dasharray=' \
	"$(<"$work/page/deep/server-latency-of-a-request.svg")"
is "nothing else is left in the folder" "" \
	"$(find "$work/page/deep" ! -name '*.svg' ! -name report.html -type f)"

# What a browser would run, and what gnuplot and the shell would, is text.
gvt report -o "$work/bad/dir" "$work/hostile.json"
is "hostile: status 0" 0 "$status"
page=$work/bad/dir/report.html
is "hostile: each tag is closed, each id unique" "" "$(look wellformed "$page")"
is "hostile: no script, nothing from elsewhere" "" \
	"$(look alone "$page" | grep -v 'src=x onerror')"
matches "hostile: shown as it is" '<td>&lt;script&gt;alert.1.&lt;/script&gt;&amp;&quot;&#39;' \
	"$(<"$page")"
is "hostile: no file outside of the folder, none that a command made" "dir" \
	"$(ls "$work/bad")$(find "$work" "$PWD" -maxdepth 2 -name 'pwned*' -o -maxdepth 2 -name 'outside*')"
drawn is "hostile: pictures are SVGs" "" "$(look svg "$work"/bad/dir/*.svg)"
matches "hostile: an experiment that is not known is told" \
	'no experiment `../../outside`; it is shown' "$err"

# --------------------------------------------------------------------- two results
gvt report -o "$work/two" "$work/before.json" "$work/after.json"
is "two: status 0" 0 "$status"
page=$work/two/report.html
is "two: each tag is closed, each id unique" "" "$(look wellformed "$page")"
is "two: needs nothing but itself" "" "$(look alone "$page")"
# 1100 (1000..1200) became 550 (500..600): -550, from 500 - 1200 to 600 - 1000.
is "two: a difference that is larger than the spread" \
	"create: clearly less | thread | 1.10 us 1.00..1.20 | 550 ns 500..600 | −50 % −64 % .. −36 % | ▼ larger than the spread" \
	"$(look row "$page" "create: clearly less")"
# 110 (100..120) became 99 (90..115)
is "two: a difference within the spread" \
	"goroutine | 110 ns 100..120 | 99.0 ns 90.0..115.0 | −10 % −27 % .. +14 % | within the spread" \
	"$(look row "$page" "−27 %")"
is "two: from 0" \
	"create: from nothing | thread | 0 0..0 | 4 4..4 | +4 +4 .. +4 | ▲ larger than the spread" \
	"$(look row "$page" "create: from nothing")"
matches "two: how many differ" '2 of 6 figures differ by more than their spread' "$(<"$page")"
gvt report -o "$work/two" "$work/after.json" "$work/after.json"
matches "two: the same one twice differs in nothing" \
	'0 0 of 6 figures differ by more than their spread' \
	"$status $(grep -o '[0-9]* of [0-9]* figures differ.*spread' "$page")"
gvt report -o "$work/two" "$work/before.json" "$work/one.json"
matches "two: a metric that only one of them has is not compared" \
	"0 create and join.* \| thread \| - \| 32.0 us 30.0..39.0 \| - \| can't be told" \
	"$status $(look row "$page" "30.0..39.0")"

# ------------------------------------------------------------------------- files
"$GVT" report -o - - <"$work/one.json" >"$work/stdout.html" 2>"$work/err"
is "from standard input to standard output" "0 " "$? $(look wellformed "$work/stdout.html")"
status=0
"$GVT" report -o - "$work/one.json" >/dev/full 2>"$work/err" || status=$?
is "full disk" "1 gvt: standard output: No space left on device" "$status $(<"$work/err")"
mkdir "$work/mine"
echo "my page" >"$work/mine/report.html"
PATH=$bare gvt report -o "$work/mine" "$work/one.json"
matches "a file that gvt did not make stays" \
	"^1 .*mine/report.html: is there, and gvt did not make it; .*my page\$" \
	"$status ${err//$'\n'/ } $(<"$work/mine/report.html")"
: >"$work/file"
PATH=$bare gvt report -o "$work/file" "$work/one.json"
matches "a folder that is a file" "^1 gvt: $work/file: Not a directory; .*\$" "$status $err"
PATH=$bare gvt report -o "$work/drawn" "$work/one.json"
is "without gnuplot: status 0, and its package" \
	"0 gvt: pictures: gnuplot is missing: install Debian's gnuplot-nox; the page has no pictures, or not all" \
	"$status $err"
page=$work/drawn/report.html
is "without gnuplot: the page has the rest" "" \
	"$(look wellformed "$page")$(look has "$page" "$work/one.json")$(grep -o '<svg' "$page")"

# ------------------------------------------------------------------ no results
misused "no result: says what makes one" 'report: no result named; `gvt run all .*json .*'
misused "three results" 'report: give one result, or two to compare: .*' a b c
misused "standard input twice" 'report: give one result, or two to compare: .*' - -
misused "unknown option" '--bogus: no such option of report; see `gvt help report`' --bogus
misused "-o without a value" '-o: needs a value; see `gvt help report`' -o
refused "no such file" "$work/nothing.json: No such file or directory" "$work/nothing.json"
refused "a folder" "$work: Is a directory" "$work"
broken "empty" "is empty; .*" ""
broken "not JSON" "line 1: no JSON: .*" "hello"
broken "ends early" "line 2: the JSON ends before its end" $'{"version":\n1'
broken "something follows" "line 1: no JSON: .*" '{"version": 1} {'
broken "another document" "is no result of gvt: .*gvt run --json.*" '{"a": 1}'
broken "a list" "is no result of gvt: .*" '[]'
broken "another version" "has version 2 of a result, this gvt reads version 1" '{"version": 2}'
broken "of gvt bench" "is of .gvt bench.; .*" '{"version": 1, "host": {}, "workloads": []}'
changed "no experiments" "has no experiments: .*" "d['experiments'] = []"
changed "a figure that is text" \
	"experiments.0..metrics.0..thread: string, expected a number" "m['thread'] = 'fast'"
changed "a huge number" \
	"experiments.0..metrics.0..thread: 1e.300 is out of range, expected 0 to 1e.18" \
	"m['thread'] = 1e300"
changed "a negative number" "experiments.0..metrics.0..goroutine: -1 is out of range, .*" \
	"m['goroutine'] = -1"
changed "a median out of its spread" \
	"experiments.0..metrics.0..thread: the median is not between .*" "m['thread'] = 1"
changed "an unknown verdict" "experiments.0..verdict: .perhaps. is none of holds, fails, .*" \
	"e['verdict'] = 'perhaps'"
changed "metrics that are null" "experiments.0..metrics: missing or null, expected a list" \
	"e['metrics'] = None"

# Whatever is wrong in it, it is told, or shown: nobody dies of it.
mkdir "$work/mutants"
look mutants "$work/one.json" "$work/mutants"
died=""
for file in "$work"/mutants/*.json; do
	status=0
	PATH=$bare "$GVT" report -o - "$file" >/dev/null 2>"$work/err" || status=$?
	[[ $status -le 1 ]] || died+="$(basename "$file"): $status $(head -c 200 "$work/err") "
done
is "a value that is another one: told, or shown" "" "$died"

# --------------------------------------------------------------------- a real one
gvt run mainexit deadlock --quick --json --n 20
cp "$work/out" "$work/real.json"
gvt report -o "$work/real" "$work/real.json"
is "of gvt run: all of it is in the page" "0 " \
	"$status $(look wellformed "$work/real/report.html")$(look has "$work/real/report.html" "$work/real.json")"
finish
