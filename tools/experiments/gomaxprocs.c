// SPDX-License-Identifier: GPL-2.0-only
/*
 * gomaxprocs.c - what does GOMAXPROCS decide? The same computing, cut into tasks, on 1, 2,
 * 4, ... Ps; threads are bound to as many CPUs.
 */
#include <stdio.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"
#include "host.h"

#define MAX_STEPS	10
#define TASKS_EACH	4

/* Numbers of Ps; metric i < nr is step i, then comes the speed-up. */
struct steps {
	int procs[MAX_STEPS];
	char name[MAX_STEPS][32], label[MAX_STEPS][64];
	size_t nr;
};

static void task(void *arg, uint64_t i)
{
	const uint64_t *steps = arg;

	(void)i;
	burn(*steps);
}

static int compute(const struct plan *p, struct rep *rep, int procs, double *ns)
{
	const struct steps *s = p->arg;
	uint64_t tasks = TASKS_EACH * s->procs[s->nr - 1], each = p->n[0] / tasks + 1;
	int64_t t0;
	int err;

	if (p->s == SIDE_THREAD)
		cpus_use(procs);
	else
		go_maxprocs(procs);
	t0 = now_ns();
	err = crew_run(rep, p->s, tasks, task, &each);
	*ns = elapsed_ns(t0);
	return err;
}

static void side(const struct plan *p, struct rep *rep)
{
	const struct steps *s = p->arg;
	double ns;
	int err = compute(p, rep, p->procs, &ns);

	for (size_t i = 0; i < s->nr && !err; i++) {
		err = compute(p, rep, s->procs[i], &ns);
		if (!err)
			rep_set(rep, i, ns);
	}
	if (!err && s->nr > 1)
		rep_set(rep, s->nr, rep->value[0] / rep->value[s->nr - 1]);
	rep_fail(rep, s->nr + 1, "%s: %s", side_plural[p->s],
		 err ? strerror(-err) : "one CPU: there is nothing to compare with");
}

static void choose_steps(struct steps *s, int most)
{
	memset(s, 0, sizeof(*s));
	for (int n = 1; n < most && s->nr < MAX_STEPS - 1; n *= 2)
		s->procs[s->nr++] = n;
	s->procs[s->nr++] = most;
	for (size_t i = 0; i < s->nr; i++) {
		snprintf(s->name[i], sizeof(s->name[i]), "time_%d_ns", s->procs[i]);
		snprintf(s->label[i], sizeof(s->label[i]), "all of the work on %d %s", s->procs[i],
			 s->procs[i] == 1 ? "CPU / P" : "CPUs / Ps");
	}
}

static int run(struct result *r, const struct options *o)
{
	/* Metrics point to their names, so these live as long as the program. */
	static struct steps s;
	struct metric_def defs[MAX_STEPS + 1];
	struct plan p;
	int cpus;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	choose_steps(&s, p.procs);
	p.arg = &s;
	p.n[0] = experiment_n(o, 100000000, 20000000);
	for (size_t i = 0; i < s.nr; i++)
		defs[i] = (struct metric_def){ s.name[i], "ns", s.label[i] };
	defs[s.nr] = (struct metric_def){ "speedup", "factor", "speed-up from 1 to all" };
	cpus = host_cpus() < p.procs ? host_cpus() : p.procs;

	const struct expectation expected[] = {
		{ EXPECT_GROUND_MIN, "speedup", SIDE_THREAD, 0.7 * cpus },
		{ EXPECT_SIDE_MIN, "speedup", SIDE_GOROUTINE, 0.7 * cpus },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};

	return experiment_finish(r, &p, defs, s.nr + 1, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"The same computing, cut into four tasks for each P, is done on 1, 2, 4, ... Ps, up to\n"
	"--procs; for threads, the process is bound to as many CPUs.\n"
	"\n"
	"Read: n Ps take an n-th of the time, as far as there are CPUs; threads and goroutines\n"
	"gain alike, as computing needs no scheduler. The claim holds where the speed-up from 1\n"
	"to all is at least 0.7 for each CPU; where threads don't get that, others use the\n"
	"machine, and nothing can be told.\n"
	"\n"
	"Distorts: others who compute at the same time (see the load average), two CPUs that\n"
	"are one core's threads, a clock that sinks as more CPUs work.\n";

const struct experiment experiment_gomaxprocs = {
	.name = "gomaxprocs",
	.claim = "GOMAXPROCS decides how many CPUs goroutines use",
	.about = about,
	.n_means = "steps of computing, of about a nanosecond",
	.n_max = 100000000000,
	.run = run,
};
