// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - the experiments that there are, and what they share.
 */
#include <assert.h>
#include <string.h>

#include "experiment.h"
#include "measure.h"

/* In the order of `gvt list` and `gvt run all`. */
extern const struct experiment experiment_create, experiment_switch, experiment_memory,
	experiment_scale, experiment_stack, experiment_mn, experiment_steal, experiment_gomaxprocs,
	experiment_parallel, experiment_block, experiment_preempt, experiment_order,
	experiment_mainexit, experiment_leak, experiment_deadlock, experiment_race,
	experiment_channel, experiment_recover, experiment_cancel, experiment_server,
	experiment_pipeline, experiment_crawl, experiment_jobs, experiment_skynet, experiment_gil,
	experiment_eventloop;

const struct experiment *const experiments[] = {
	&experiment_create,
	&experiment_switch,
	&experiment_memory,
	&experiment_scale,
	&experiment_stack,
	&experiment_mn,
	&experiment_steal,
	&experiment_gomaxprocs,
	&experiment_parallel,
	&experiment_block,
	&experiment_preempt,
	&experiment_order,
	&experiment_mainexit,
	&experiment_leak,
	&experiment_deadlock,
	&experiment_race,
	&experiment_channel,
	&experiment_recover,
	&experiment_cancel,
	&experiment_server,
	&experiment_pipeline,
	&experiment_crawl,
	&experiment_jobs,
	&experiment_skynet,
	&experiment_gil,
	&experiment_eventloop,
	NULL,
};

const struct experiment *experiment_find(const char *name)
{
	for (int i = 0; experiments[i]; i++) {
		if (!strcmp(experiments[i]->name, name))
			return experiments[i];
	}
	return NULL;
}

void experiment_metrics(struct result *r, const struct metric_def *defs, size_t nr,
			const struct plan *p)
{
	assert(nr <= MAX_METRICS);
	for (size_t i = 0; i < nr; i++) {
		r->metrics[i].name = defs[i].name;
		r->metrics[i].label = defs[i].label;
		r->metrics[i].unit = defs[i].unit;
		r->metrics[i].n = p->n[i] ? p->n[i] : p->n[0];
	}
	r->nr_metrics = nr;
}

void experiment_judge(struct result *r, const struct expectation *e, size_t n)
{
	verdict_compute(r, e, n, !strcmp(counters_source(), "gvt"));
}

uint64_t experiment_n(const struct options *o, uint64_t full, uint64_t quick)
{
	return o->n ? o->n : o->quick ? quick : full;
}

int experiment_finish(struct result *r, struct plan *p, const struct metric_def *defs, size_t nr,
		      const struct expectation *e, size_t nr_e)
{
	int err;

	experiment_metrics(r, defs, nr, p);
	result_param(r, "n", p->asked ? p->asked : p->n[0]);
	plan_params(p, r);
	err = measure(p, r);
	if (!err)
		experiment_judge(r, e, nr_e);
	return err;
}
