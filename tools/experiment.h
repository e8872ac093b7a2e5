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
 * @n_means: what --n sets, for the help
 * @n_max: the most that --n may be
 * @run: fill a result whose name and claim are set, verdict and all. Return: 0, or a
 *	negative errno where not even a result could be made.
 */
struct experiment {
	const char *name, *claim, *n_means;
	uint64_t n_max;
	int (*run)(struct result *r, const struct options *o);
};

extern const struct experiment experiment_create;
extern const struct experiment experiment_switch;
extern const struct experiment experiment_memory;
extern const struct experiment experiment_scale;

/* All of them, in the order of `gvt list` and `gvt run all`; ends with NULL. */
extern const struct experiment *const experiments[];

const struct experiment *experiment_find(const char *name);

/* What a metric is called before it is measured. */
struct metric_def {
	const char *name, *unit, *label;
};

/* Give a result its metrics, and to each the plan's n. */
struct plan;
void experiment_metrics(struct result *r, const struct metric_def *defs, size_t nr,
			const struct plan *p);

/* The verdict, with the present counter source's exactness. */
void experiment_judge(struct result *r, const struct expectation *e, size_t n);

#endif /* GVT_TOOLS_EXPERIMENT_H */
