// SPDX-License-Identifier: GPL-2.0-only
/*
 * judge.c - ratios and targets, from nothing but figures. Medians are compared as they are,
 * not as they are printed.
 */
#include <string.h>

#include "bench/bench.h"

/* How much slower than on 1 P a workload may be on 2. */
#define MAX_GROWTH	1.1

bool bench_ratio(const struct bench_point *p, double *ratio)
{
	const struct figure *go = &p->side[BENCH_GO], *libgo = &p->side[BENCH_LIBGO];

	if (!go->measured || !libgo->measured || libgo->median <= 0)
		return false;
	*ratio = go->median / libgo->median;
	return true;
}

bool bench_ratio_of_least(const struct bench_point *p, double *ratio)
{
	const struct figure *go = &p->side[BENCH_GO], *libgo = &p->side[BENCH_LIBGO];

	if (!go->measured || !libgo->measured || libgo->min <= 0)
		return false;
	*ratio = go->min / libgo->min;
	return true;
}

enum reached bench_reached(const struct target *t, const struct bench_point *p)
{
	const struct figure *libgo = &p->side[BENCH_LIBGO];
	double ratio;

	if (t->kind == TARGET_RATIO) {
		if (!bench_ratio(p, &ratio))
			return REACHED_UNKNOWN;
		return ratio >= t->value ? REACHED_YES : REACHED_NO;
	}
	if (!libgo->measured)
		return REACHED_UNKNOWN;
	return libgo->median <= t->value ? REACHED_YES : REACHED_NO;
}

bool bench_growth(const struct bench *b, const struct bench_row *row, double *growth)
{
	const struct figure *one = NULL, *two = NULL;

	if (strcmp(row->w->unit, "ns"))
		return false;
	for (size_t i = 0; i < b->nr_procs; i++) {
		if (b->procs[i] == 1)
			one = &row->at[i].side[BENCH_LIBGO];
		if (b->procs[i] == 2)
			two = &row->at[i].side[BENCH_LIBGO];
	}
	if (!one || !two || !one->measured || !two->measured || one->median <= 0)
		return false;
	*growth = two->median / one->median;
	return true;
}

enum reached bench_scales(const struct bench *b, const struct bench_row *row)
{
	double growth;

	if (!bench_growth(b, row, &growth))
		return REACHED_UNKNOWN;
	return growth <= MAX_GROWTH ? REACHED_YES : REACHED_NO;
}
