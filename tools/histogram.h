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

/* The place of a time in a histogram with 2^@bits steps for each power of two. */
static inline unsigned int histogram_place(uint64_t ns, unsigned int bits)
{
	unsigned int top;

	if (ns < 1u << bits)
		return ns;
	top = 63 - __builtin_clzll(ns);
	return ((top - bits + 1) << bits) + (ns >> (top - bits)) - (1u << bits);
}

/* The least that falls into a place. */
static inline double histogram_begin(unsigned int place, unsigned int bits)
{
	unsigned int power = place >> bits, rest = place & ((1u << bits) - 1);

	if (!power)
		return rest;
	return (double)((1u << bits) + rest) * (1ull << (power - 1));
}

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
