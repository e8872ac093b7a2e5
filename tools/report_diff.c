// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_diff.c - two results: which figures are the same ones, and how they differ. Pure.
 *
 * A difference is the medians', and its spread is from the least to the most that any two
 * repetitions, one of each result, differ by. It is larger than the spread where that range
 * is on one side of 0, that is where no repetition of one lies among those of the other:
 * five repetitions don't carry a test of significance, and this one is on the safe side (by
 * chance alone, two sets of five are apart in 1 of 126).
 */
#include <string.h>

#include "report.h"

struct report_diff report_diff(const struct figure *before, const struct figure *after)
{
	struct report_diff d = { .known = before->measured && after->measured };

	if (!d.known)
		return d;
	d.diff = after->median - before->median;
	d.low = after->min - before->max;
	d.high = after->max - before->min;
	d.larger = d.low > 0 || d.high < 0;
	return d;
}

const struct report_metric *report_same_metric(const struct report_experiment *other,
					       const struct report_metric *m)
{
	for (size_t i = 0; other && i < other->nr_metrics; i++) {
		const struct report_metric *o = &other->metric[i];

		if (!strcmp(o->name, m->name) && !strcmp(o->unit, m->unit))
			return o;
	}
	return NULL;
}

/* The second of a name is compared with the second one. */
const struct report_experiment *report_same_experiment(const struct report_result *other,
						       const struct report_result *r, size_t i)
{
	size_t before = 0;

	for (size_t k = 0; k < i; k++)
		before += !strcmp(r->experiment[k].name, r->experiment[i].name);
	for (size_t k = 0; other && k < other->nr; k++) {
		if (!strcmp(other->experiment[k].name, r->experiment[i].name) && !before--)
			return &other->experiment[k];
	}
	return NULL;
}
