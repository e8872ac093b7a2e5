// SPDX-License-Identifier: GPL-2.0-only
/*
 * output_openmetrics.c - the results of a run, for a Prometheus textfile collector.
 *
 * A family for each unit, not for each metric of each experiment: which one it is, is a label,
 * so that one rule or one panel works for all of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "host.h"
#include "openmetrics.h"
#include "output.h"

/* How a unit of ours is called there, and what it is multiplied with. */
static const struct {
	const char *unit, *name, *theirs;
	double factor;
} units[] = {
	{ "ns", "gvt_run_time_seconds", "seconds", 1e-9 },
	{ "bytes", "gvt_run_memory_bytes", "bytes", 1 },
	{ "count", "gvt_run_amount", "", 1 },
	{ "switches", "gvt_run_kernel_switches", "", 1 },
	{ "percent", "gvt_run_share_ratio", "ratio", 0.01 },
	{ "factor", "gvt_run_factor_ratio", "ratio", 1 },
};

static void figure(struct om_family *f, const struct result *r, const struct metric *m,
		   const char *who, const struct figure *v, double factor)
{
	const double value[] = { v->median, v->min, v->max };
	static const char *const name[] = { "median", "min", "max" };

	for (size_t i = 0; v->measured && i < ARRAY_SIZE(value); i++)
		om_sample(stdout, f, value[i] * factor, "experiment", r->name, "metric", m->name,
			  "side", who, "of", name[i], NULL);
}

static void figures_of(size_t unit, const struct result *results, size_t n)
{
	struct om_family f = { units[unit].name, units[unit].theirs,
			       "What experiments measured in this unit.", false };
	double factor = units[unit].factor;

	for (size_t i = 0; i < n; i++) {
		const struct result *r = &results[i];

		for (size_t k = 0; k < r->nr_metrics; k++) {
			const struct metric *m = &r->metrics[k];

			if (strcmp(m->unit, units[unit].unit))
				continue;
			for (int s = 0; s < SIDES; s++)
				figure(&f, r, m, side_name[s], &m->side[s], factor);
			for (size_t p = 0; p < r->nr_peers; p++)
				figure(&f, r, m, r->peers[p], &m->peer[p], factor);
		}
	}
}

static void ratios(const struct result *results, size_t n)
{
	struct om_family ratio = { "gvt_run_thread_by_goroutine_ratio", "ratio",
				   "The threads' figure by the goroutines'.", false };
	struct om_family unsure = { "gvt_run_unsure", "",
				    "1: repetitions of both sides overlap, the ratio means little.",
				    false };
	double value;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < results[i].nr_metrics; k++) {
			const struct metric *m = &results[i].metrics[k];

			if (metric_ratio(m, &value))
				om_sample(stdout, &ratio, value, "experiment", results[i].name,
					  "metric", m->name, NULL);
		}
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < results[i].nr_metrics; k++) {
			const struct metric *m = &results[i].metrics[k];

			if (metric_ratio(m, &value))
				om_sample(stdout, &unsure, metric_unsure(m), "experiment",
					  results[i].name, "metric", m->name, NULL);
		}
	}
}

/* One of the three is 1, so that each can be alerted on. */
static void verdicts(const struct result *results, size_t n)
{
	struct om_family f = { "gvt_run_verdict", "", "1: this is the verdict on the claim.",
			       false };

	for (size_t i = 0; i < n; i++) {
		for (int v = VERDICT_HOLDS; v <= VERDICT_NOT_MEASURED; v++)
			om_sample(stdout, &f, results[i].verdict == (enum verdict)v, "experiment",
				  results[i].name, "verdict", verdict_name[v], NULL);
	}
}

static int counts(const struct result *results, size_t n)
{
	static const struct om_labels names = { { "experiment", "side" } };
	struct om_family made = { "gvt_run_made", "",
				  "Threads, goroutines or processes that the experiment made.",
				  false };
	const struct counters **c = calloc(n * SIDES, sizeof(*c));
	struct om_labels *labels = calloc(n * SIDES, sizeof(*labels));
	size_t have = 0;
	int err = c && labels ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++) {
		for (int s = 0; s < SIDES; s++) {
			if (!result_has(&results[i], s))
				continue;
			c[have] = &results[i].counts[s].counters;
			labels[have++] = (struct om_labels){ { results[i].name, side_name[s] } };
			om_sample(stdout, &made, results[i].counts[s].made, "experiment",
				  results[i].name, "side", side_name[s], NULL);
		}
	}
	if (!err)
		om_counters(stdout, "gvt_run_", c, labels, &names, have);
	free(labels);
	free(c);
	return err;
}

int openmetrics_results(const struct result *results, size_t n, const struct run_stop *stop)
{
	struct om_family host = { "gvt_run_cpus", "",
				  "CPUs of the machine; the labels say what machine it is.",
				  false };
	struct om_family ended = { "gvt_run_interrupted", "",
				   "1: a signal ended the run before its last experiment.", false };
	struct om_family failed = { "gvt_run_failed", "",
				    "1: an error ended the run before its last experiment.", false };
	int err;

	om_sample(stdout, &host, host_cpus(), "version", GVT_VERSION, "kernel", host_kernel(),
		  "virtual", host_virtual(), "counters", counters_source(), NULL);
	om_sample(stdout, &ended, stop->signal != NULL, NULL);
	om_sample(stdout, &failed, stop->why != NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		figures_of(i, results, n);
	ratios(results, n);
	verdicts(results, n);
	err = counts(results, n);
	om_end(stdout);
	return err;
}
