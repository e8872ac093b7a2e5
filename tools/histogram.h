/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * histogram.h - how many times took how long, over all repetitions of both sides.
 *
 * Its memory is shared with the measuring processes, which add to it one after the other:
 * a plan has one side's repetition running at any time.
 */
#ifndef GVT_TOOLS_HISTOGRAM_H
#define GVT_TOOLS_HISTOGRAM_H

#include <stdint.h>

#include "result.h"

/* Steps of a histogram: four for each power of two, so within a fifth. */
#define HISTOGRAM_SUB_BITS 2
#define HISTOGRAM_PLACES (64 << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t place[SIDES][HISTOGRAM_PLACES];
};

/* All zero, before any process measures; NULL: there is no memory, and no histogram. */
struct histogram *histogram_make(void);

/* @n times more, @ns each. Without a histogram nothing. */
void histogram_add(struct histogram *h, enum side s, uint64_t ns, uint64_t n);

/* What it has becomes a series of the result; it is given back. */
void histogram_finish(struct histogram *h, struct result *r, const char *name, const char *title);

#endif /* GVT_TOOLS_HISTOGRAM_H */
