// SPDX-License-Identifier: GPL-2.0-only
/*
 * gil.c - the same computing by one and cut among as many as there are CPUs: threads and
 * goroutines here, threads and processes in Python, whose interpreter lets one thread
 * compute at a time.
 */
#include <string.h>

#include "crew.h"
#include "experiment.h"
#include "host.h"
#include "peer.h"

enum { ONE, ALL, SPEEDUP, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[ONE] = { "one_ns", "ns", "the work by one" },
	[ALL] = { "all_ns", "ns", "  cut among as many as CPUs" },
	[SPEEDUP] = { "speedup", "factor", "  speed-up" },
};

struct work {
	uint64_t each;
};

static void worker(void *arg, uint64_t i)
{
	const struct work *w = arg;

	(void)i;
	burn(w->each);
}

static int compute(const struct plan *p, struct rep *rep, uint64_t workers, double *ns)
{
	struct work w = { .each = p->n[0] / workers };
	int64_t t0 = now_ns();
	int err = crew_run(rep, p->s, workers, worker, &w);

	*ns = elapsed_ns(t0);
	return err;
}

static void side(const struct plan *p, struct rep *rep)
{
	double ns[2];
	int err = compute(p, rep, p->procs, &ns[ONE]);

	for (int i = ONE; i <= ALL && !err; i++) {
		err = compute(p, rep, i == ONE ? 1 : p->procs, &ns[i]);
		if (!err)
			rep_set(rep, i, ns[i]);
	}
	if (!err)
		rep_set(rep, SPEEDUP, ns[ONE] / ns[ALL]);
	else
		side_fail(p, rep, NR_METRICS, err);
}

static int run(struct result *r, const struct options *o)
{
	static const struct peer peers[] = {
		{ "python", LANG_PYTHON, NULL },
		{ "python_processes", LANG_PYTHON, "processes=1" },
	};
	struct plan p;
	int cpus;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	plan_procs(&p, 2);
	p.n[0] = experiment_n(o, 200000000, 20000000);
	p.peer = peers;
	p.nr_peers = ARRAY_SIZE(peers);
	cpus = host_cpus() < p.procs ? host_cpus() : p.procs;

	const struct expectation expected[] = {
		{ EXPECT_GROUND_MIN, "speedup", SIDE_THREAD, 0.7 * cpus },
		{ EXPECT_PEER_MAX, "speedup", PEER(0), 1.2 },
		{ EXPECT_PEER_MIN, "speedup", PEER(1), 0.6 * cpus },
		{ EXPECT_SIDE_MIN, "speedup", SIDE_GOROUTINE, 0.7 * cpus },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};

	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"The same computing is done by one, and cut among as many as there are CPUs: kernel\n"
	"threads, goroutines, Python's threads, Python's processes (multiprocessing). Python does\n"
	"a fortieth of the steps, as each takes it so much longer; compared is the speed-up.\n"
	"\n"
	"Read: Python's interpreter has a lock that who computes must hold, so its threads take\n"
	"turns: the speed-up is 1 or less. Processes have an interpreter each, and cost their\n"
	"start. (A Python built without that lock shows another picture.)\n"
	"\n"
	"Distorts: others who compute at the same time; with one CPU nothing can be told.\n";

const struct experiment experiment_gil = {
	.name = "gil",
	.claim = "Python's threads share one core; its processes, threads in C and goroutines don't",
	.about = about,
	.n_means = "steps of computing, of about a nanosecond",
	.n_max = 100000000000,
	.run = run,
};
