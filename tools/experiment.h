/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * experiment.h - an experiment is one file in experiments/ with one struct experiment,
 * and a line in the table in experiments/table.c.
 */
#ifndef GVT_TOOLS_EXPERIMENT_H
#define GVT_TOOLS_EXPERIMENT_H

#include "gvt.h"
#include "result.h"

/**
 * struct experiment - a claim that can be measured
 * @name: what is typed after `gvt run`
 * @claim: what teaching material says, one line
 * @about: how it is measured, how to read it, what can distort it: for `gvt help NAME`
 * @n_means: what --n sets, for the help
 * @n_max: the most that --n may be
 * @run: fill a result whose name and claim are set, verdict and all. Return: 0, or a
 *	negative errno where not even a result could be made.
 */
struct experiment {
	const char *name, *claim, *about, *n_means;
	uint64_t n_max;
	int (*run)(struct result *r, const struct options *o);
};

/* All of them, in the order of `gvt list` and `gvt run all`; ends with NULL. */
extern const struct experiment *const experiments[];

const struct experiment *experiment_find(const char *name);

/* What a metric is called before it is measured. */
struct metric_def {
	const char *name, *unit, *label;
};

/* Give a result its metrics, and to each the plan's n; where that is 0, the first one's. */
struct plan;
void experiment_metrics(struct result *r, const struct metric_def *defs, size_t nr,
			const struct plan *p);

/* The verdict, with the present counter source's exactness. */
void experiment_judge(struct result *r, const struct expectation *e, size_t n);

/* --n, or a number of the experiment's own: for --quick, or not. */
uint64_t experiment_n(const struct options *o, uint64_t full, uint64_t quick);

/**
 * experiment_finish() - measure what was planned, and judge it
 * @r: its own params set
 * @p: the plan
 * @defs: the metrics
 * @nr: how many
 * @e: what is expected
 * @nr_e: how many
 *
 * Return: 0, or a negative errno.
 */
int experiment_finish(struct result *r, struct plan *p, const struct metric_def *defs, size_t nr,
		      const struct expectation *e, size_t nr_e);

#endif /* GVT_TOOLS_EXPERIMENT_H */
