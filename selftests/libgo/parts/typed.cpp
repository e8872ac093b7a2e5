// SPDX-License-Identifier: GPL-2.0-only
/* typed.cpp - channels with a type in C++, for typed.c. */
#include "typed.h"

#include <libgo.h>

namespace {

struct point {
	int x, y;
};

#define MUST(what)							\
	do {								\
		if (!(what))						\
			return __LINE__;				\
	} while (0)

int twice(GO_CHAN(int) c, int v)
{
	GO_CHAN_SEND(c, v);
	return 2 * GO_CHAN_RECV(c);
}

int values()
{
	GO_CHAN(int) ints = GO_CHAN_MAKE(int, 2);
	GO_CHAN(unsigned char) bytes = GO_CHAN_MAKE(unsigned char, 2);
	GO_CHAN(const char *) texts = GO_CHAN_MAKE(const char *, 1);
	GO_CHAN(point) points = GO_CHAN_MAKE(point, 2);
	const int three = 3;
	point p = { 1, 2 };
	int v = 0, n = 0;

	MUST(ints && bytes && texts && points);
	MUST(twice(ints, 21) == 42);
	GO_CHAN_SEND(ints, three);
	MUST(GO_CHAN_RECV_OK(ints, &v) && v == 3);
	GO_CHAN_SEND(bytes, 255);
	MUST(GO_CHAN_RECV(bytes) == 255);
	GO_CHAN_SEND(texts, "text");
	MUST(GO_CHAN_RECV(texts)[0] == 't');
	GO_CHAN_SEND(points, p);
	GO_CHAN_SEND(points, point{ 3, 4 });
	MUST(GO_CHAN_RECV(points).y == 2);
	MUST(GO_CHAN_TRY_RECV(points, &p) == 0 && p.x == 3);
	MUST(GO_CHAN_TRY_SEND(ints, 5) == 0 && GO_CHAN_LEN(ints) == 1);
	MUST(GO_CHAN_SEND_UNTIL(ints, 6, 0) == 0);
	MUST(GO_CHAN_RECV_UNTIL(ints, &v, 0) == 0 && v == 5);
	GO_CHAN_CLOSE(ints);
	GO_CHAN_RANGE(each, ints)
		n += each;
	MUST(n == 6);
	GO_CHAN_FREE(ints);
	GO_CHAN_FREE(bytes);
	GO_CHAN_FREE(texts);
	GO_CHAN_FREE(points);
	return 0;
}

int cases()
{
	GO_CHAN(int) ints = GO_CHAN_MAKE(int, 1);
	const int seven = 7;
	int v = 0;
	struct go_case send[] = { GO_CASE_SEND(ints, &seven), GO_CASE_DEFAULT };
	struct go_case receive[] = { GO_CASE_RECV(ints, &v) };

	MUST(go_select(send, 2) == 0);
	MUST(go_select(send, 2) == 1);
	MUST(go_select(receive, 1) == 0 && receive[0].ok && v == 7);
	GO_CHAN_FREE(ints);
	return 0;
}

}

int typed_in_cxx()
{
	int line = values();

	return line ? line : cases();
}
