// SPDX-License-Identifier: GPL-2.0-only
/*
 * histogram.c - how many times took how long.
 *
 * Steps grow with what they hold, so that nanoseconds and seconds have room in one. A step
 * of its own for each number would be larger than the result.
 */
#include <stddef.h>
#include <sys/mman.h>

#include "histogram.h"

struct histogram *histogram_make(void)
{
	void *p = mmap(NULL, sizeof(struct histogram), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void histogram_add(struct histogram *h, enum side s, uint64_t ns, uint64_t n)
{
	if (h)
		h->place[s][histogram_place(ns, HISTOGRAM_SUB_BITS)] += n;
}

/* From the first step that has something to the one after the last, those between included. */
static void add_rows(const uint64_t *place, struct series *s, const char *side)
{
	int first = 0, last = HISTOGRAM_PLACES - 1;

	while (last >= 0 && !place[last])
		last--;
	while (first < last && !place[first])
		first++;
	for (int i = first; i <= last; i++)
		series_add(s, side, histogram_begin(i, HISTOGRAM_SUB_BITS), place[i], "");
}

void histogram_finish(struct histogram *h, struct result *r, const char *name, const char *title)
{
	struct series *s;

	if (!h)
		return;
	s = result_series(r, SERIES_HISTOGRAM, name, title, "ns", "count");
	for (int side = 0; side < SIDES; side++)
		add_rows(h->place[side], s, side_name[side]);
	/* Nobody came so far. */
	if (!s->nr)
		r->nr_series--;
	munmap(h, sizeof(*h));
}
