#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# schema.sh - what `gvt run --json` and `gvt stat --json` print is as the installed schemas say;
# what isn't, is seen.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

schema=${GVT_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}/tools/schema/result.json

# valid FILE...: the first error of each on stdout, if it has one
valid() {
	python3 - "$schema" "$@" <<-'EOT'
	import json, sys
	import jsonschema

	schema, *documents = (json.load(open(name)) for name in sys.argv[1:])
	jsonschema.Draft7Validator.check_schema(schema)
	for document in documents:
	    for error in jsonschema.Draft7Validator(schema).iter_errors(document):
	        print("/".join(map(str, error.path)), error.message.splitlines()[0])
	        break
	EOT
}

# changed NAME PYTHON: the document, here `d`, after a statement; it must not be valid then
changed() {
	python3 -c "import json, sys
d = json.load(open(sys.argv[1]))
e = d.get('experiments', [d])[0]
$2
json.dump(d, open(sys.argv[2], 'w'))" "$work/result.json" "$work/changed.json"
	if [[ -n $(valid "$work/changed.json") ]]; then
		result ok "$1"
	else
		result "not ok" "$1"
	fi
}

names=("a result is as the schema says" "a side that is text is seen" "a missing side is seen"
	"an unknown verdict is seen" "fewer than five repetitions are seen"
	"an unknown unit is seen" "a missing counter source is seen"
	"a series is as the schema says" "a row that is no row is seen" "an unknown kind is seen"
	"stat: of commands, one that a signal ended, and processes"
	"stat: less than nothing is seen" "stat: a command and processes are seen"
	"a run whose first experiment failed is as the schema says" "a failure without a reason is seen")
plan ${#names[@]}

if ! python3 -c 'import jsonschema' 2>/dev/null; then
	for name in "${names[@]}"; do
		skip "$name" "python3 with jsonschema is missing: Debian's python3-jsonschema"
	done
	finish
	exit
fi
gvt run create deadlock mainexit --quick --json --n 20
cp "$work/out" "$work/result.json"
is "${names[0]}" "" "$(valid "$work/result.json" 2>&1)"
changed "${names[1]}" "e['metrics'][0]['thread'] = 'fast'"
changed "${names[2]}" "del e['metrics'][0]['goroutine']"
changed "${names[3]}" "e['verdict'] = 'perhaps'"
changed "${names[4]}" "e['params']['repetitions'] = 4"
changed "${names[5]}" "e['metrics'][0]['unit'] = 'parsec'"
changed "${names[6]}" "del d['host']['counters']"
python3 -c "import json, sys
d = json.load(open(sys.argv[1]))
d.update(experiments=[], failed={'experiment': 'create', 'why': 'Cannot allocate memory'})
json.dump(d, open(sys.argv[2], 'w'))" "$work/result.json" "$work/failed.json"
is "${names[13]}" "" "$(valid "$work/failed.json" 2>&1)"
changed "${names[14]}" "d['failed'] = {'experiment': 'create'}"
gvt run parallel --quick --json --n 2
cp "$work/out" "$work/result.json"
is "${names[7]}" "True" "$(valid "$work/result.json" 2>&1; python3 -c "import json, sys
print(bool(json.load(open(sys.argv[1]))['experiments'][0]['series'][0]['rows']))" "$work/result.json")"
changed "${names[8]}" "del e['series'][0]['rows'][0]['end']"
changed "${names[9]}" "e['series'][0]['kind'] = 'pie'"

schema=${schema%/*}/stat.json
gvt stat -r 2 --json -o "$work/result.json" -- sh -c 'exit 3'
# shellcheck disable=SC2016 # for the inner shell
gvt stat --json -o "$work/killed.json" -- sh -c 'kill -TERM $$'
gvt stat --json -o "$work/pids.json" -p $$ 0.1
is "${names[10]}" "" "$(valid "$work/"{result,killed,pids}.json 2>&1)"
changed "${names[11]}" "d['user_ns'] = -1"
changed "${names[12]}" "d['pids'] = [1]"
finish
