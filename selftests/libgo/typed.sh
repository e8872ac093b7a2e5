#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# typed.sh - what compilers have to refuse of channels with a type: one by one, beside
# what is right and differs in what counts, so that nothing is refused for another
# reason. KTAP out.

set -uo pipefail

# shellcheck source=scripts/ktap.sh
. "$GVT_TOP/scripts/ktap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

head='
#include <libgo.h>
struct point { int x, y; };
struct pixel { int x, y; };
void f(GO_CHAN(int) ints, GO_CHAN(long) longs, GO_CHAN(unsigned char) bytes,
       GO_CHAN(double) reals, GO_CHAN(struct point) points, GO_CHAN(int *) pointers,
       struct go_chan *plain, int i, long l, double d, int *p, long *lp, double *dp,
       struct point *pp, struct pixel *px);
void g(GO_CHAN(int) ints);
void f(GO_CHAN(int) ints, GO_CHAN(long) longs, GO_CHAN(unsigned char) bytes,
       GO_CHAN(double) reals, GO_CHAN(struct point) points, GO_CHAN(int *) pointers,
       struct go_chan *plain, int i, long l, double d, int *p, long *lp, double *dp,
       struct point *pp, struct pixel *px)
{
	(void)ints, (void)longs, (void)bytes, (void)reals, (void)points, (void)pointers;
	(void)plain, (void)i, (void)l, (void)d, (void)p, (void)lp, (void)dp, (void)pp, (void)px;
'

# What is right; what is wrong; and, where C++ differs, "c" (only C refuses it).
pairs=(
	"GO_CHAN_SEND(ints, i)|GO_CHAN_SEND(ints, d)"
	"GO_CHAN_SEND(ints, i)|GO_CHAN_SEND(ints, l)"
	"GO_CHAN_SEND(longs, l)|GO_CHAN_SEND(longs, i)|c"
	"GO_CHAN_SEND(ints, 1)|GO_CHAN_SEND(ints, 1.5)"
	"GO_CHAN_SEND(bytes, 255)|GO_CHAN_SEND(bytes, 256)"
	"GO_CHAN_SEND(bytes, 0)|GO_CHAN_SEND(bytes, -1)"
	"GO_CHAN_SEND(ints, i)|GO_CHAN_SEND(ints, p)"
	"GO_CHAN_SEND(pointers, p)|GO_CHAN_SEND(pointers, lp)"
	"GO_CHAN_SEND(pointers, p)|GO_CHAN_SEND(pointers, i)"
	"GO_CHAN_SEND(points, *pp)|GO_CHAN_SEND(points, *px)"
	"GO_CHAN_SEND(points, *pp)|GO_CHAN_SEND(points, i)"
	"GO_CHAN_SEND(ints, i)|GO_CHAN_SEND(plain, i)"
	"GO_CHAN_TRY_SEND(ints, i)|GO_CHAN_TRY_SEND(ints, d)"
	"GO_CHAN_SEND_UNTIL(ints, i, 1)|GO_CHAN_SEND_UNTIL(ints, d, 1)"
	"GO_CHAN_RECV_OK(ints, p)|GO_CHAN_RECV_OK(ints, lp)"
	"GO_CHAN_RECV_OK(reals, dp)|GO_CHAN_RECV_OK(reals, p)"
	"GO_CHAN_RECV_OK(points, pp)|GO_CHAN_RECV_OK(points, px)"
	"GO_CHAN_RECV_OK(ints, p)|GO_CHAN_RECV_OK(plain, p)"
	"GO_CHAN_TRY_RECV(ints, p)|GO_CHAN_TRY_RECV(ints, lp)"
	"GO_CHAN_RECV_UNTIL(ints, p, 1)|GO_CHAN_RECV_UNTIL(ints, lp, 1)"
	"*pp = GO_CHAN_RECV(points)|*px = GO_CHAN_RECV(points)"
	"struct go_case c = GO_CASE_SEND(ints, p); (void)c|struct go_case c = GO_CASE_SEND(ints, lp); (void)c"
	"struct go_case c = GO_CASE_RECV(ints, p); (void)c|struct go_case c = GO_CASE_RECV(ints, dp); (void)c"
	"GO_CHAN(int) a = ints; (void)a|GO_CHAN(long) a = ints; (void)a"
	"GO_CHAN(int) a = GO_CHAN_MAKE(int, 1); (void)a|GO_CHAN(int) a = GO_CHAN_MAKE(long, 1); (void)a"
	"GO_CHAN_FREE(ints)|GO_CHAN_FREE(plain)"
	"go_close(plain)|go_close(ints)"
	"g(ints)|g(longs)"
	"g(ints)|g(plain)"
)

# compiles COMPILER LANGUAGE STANDARD STATEMENT...
compiles() {
	local compiler=$1 language=$2 standard=$3

	shift 3
	{
		printf '%s' "$head"
		printf '\t{ %s; }\n' "$@"
		echo "}"
	} >"$dir/t"
	"$compiler" -x "$language" "-std=$standard" -Wall -Wextra -Werror -Wpedantic \
		-fsyntax-only -I "$GVT_TOP/libgo/include" "$dir/t" 2>"$dir/said"
}

# types COMPILER LANGUAGE STANDARD
types() {
	local pair right wrong only bad=0
	local -a rights=()

	if ! command -v "$1" >/dev/null; then
		echo "$1 is not installed; type: scripts/setup check"
		return 4
	fi
	if [[ -n ${SAN:-} ]]; then
		echo "SAN=$SAN changes nothing for a compiler's checks"
		return 4
	fi
	for pair in "${pairs[@]}"; do
		IFS='|' read -r right wrong only <<<"$pair"
		rights+=("$right")
		[[ $2 == c || $only != c ]] || continue
		if compiles "$1" "$2" "$3" "$wrong"; then
			echo "taken, though it is wrong: $wrong"
			bad=1
		fi
	done
	if ! compiles "$1" "$2" "$3" "${rights[@]}"; then
		echo "refused, though it is right:"
		cat "$dir/said"
		bad=1
	fi
	return $bad
}

# header LANGUAGE COMPILER STANDARD...: libgo.h alone, where more is warned of; older languages too.
header() {
	local language=$1 compiler=$2 standard bad=0

	command -v "$compiler" >/dev/null || { echo "$compiler is not installed"; return 4; }
	shift 2
	echo '#include <libgo.h>' >"$dir/t"
	for standard in "$@"; do
		"$compiler" -x "$language" "-std=$standard" -Wall -Wextra -Werror -Wshadow -Wundef \
			-fsyntax-only -I "$GVT_TOP/libgo/include" "$dir/t" || bad=1
	done
	return $bad
}

ktap_begin
ktap_case "types in C, gcc" types gcc c gnu11
ktap_case "types in C, clang" types clang c gnu11
ktap_case "types in C++, g++" types g++ c++ gnu++14
ktap_case "types in C++, clang++" types clang++ c++ gnu++14
ktap_case "libgo.h in C" header c gcc c99 gnu11 c2x
ktap_case "libgo.h in C++" header c++ g++ c++98 c++11 c++20
ktap_case "libgo.h in C, clang" header c clang c99 gnu11 c2x
ktap_case "libgo.h in C++, clang" header c++ clang++ c++98 c++11 c++20
ktap_end
