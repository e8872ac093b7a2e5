// SPDX-License-Identifier: GPL-2.0-only
/*
 * suggest.c - how far a name is from what was typed: letters to add, to leave out, to change,
 * and neighbours to swap, as people mistype. Pure.
 */
#include <string.h>

#include "suggest.h"

#define LONGEST	40

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Row by row over the matrix of all beginnings; the last three rows are kept. */
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), row[3][LONGEST + 1];

	for (size_t k = 0; k <= m; k++)
		row[0][k] = k;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = i;
		for (size_t k = 1; k <= m; k++) {
			now[k] = least(least(last[k], now[k - 1]) + 1,
				       last[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				now[k] = least(now[k], before[k - 2] + 1);
		}
	}
	return row[n % 3][m];
}

void suggestion_try(struct suggestion *s, const char *name)
{
	size_t far;

	if (strlen(s->typed) > LONGEST || strlen(name) > LONGEST)
		return;
	far = distance(s->typed, name);
	/* One letter of three may be wrong: more is another word. */
	if (far * 3 > strlen(s->typed) + 1 || (s->best && far >= s->distance))
		return;
	s->best = name;
	s->distance = far;
}
