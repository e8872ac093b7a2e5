// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline.c - stages linked by channels: each does one thing, and all of them work at
 * the same time.
 *
 * Numbers go through four stages. What comes out at the end is added up, so that a value
 * that was lost, or came twice, is seen.
 */
#include <errno.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"

#define CAPACITY	16

enum { MAKE, TRIPLE, INCREMENT, HALVE, STAGES };
enum { VALUE, KERNEL_SWITCHES, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[VALUE] = { "value_ns", "ns", "a value through four stages" },
	[KERNEL_SWITCHES] = { "value_kernel_switches", "switches",
			      "  kernel switches for each" },
};

/* out[i] is where stage i sends to, and the next one receives from. */
struct pipeline {
	struct link out[STAGES];
	uint64_t n;
};

static int64_t work(uint64_t stage, int64_t value)
{
	return stage == TRIPLE ? value * 3 : stage == INCREMENT ? value + 1 : value / 2;
}

static void stage(void *arg, uint64_t i)
{
	struct pipeline *p = arg;
	int64_t value;

	if (i == MAKE) {
		for (uint64_t k = 1; k <= p->n; k++)
			link_send(&p->out[MAKE], k);
	} else {
		while (link_recv(&p->out[i - 1], &value))
			link_send(&p->out[i], work(i, value));
	}
	link_close(&p->out[i]);
}

static int64_t expected_sum(uint64_t n)
{
	int64_t sum = 0;

	for (uint64_t k = 1; k <= n; k++) {
		int64_t value = k;

		for (uint64_t i = MAKE + 1; i < STAGES; i++)
			value = work(i, value);
		sum += value;
	}
	return sum;
}

static int flow(const struct plan *plan, struct rep *rep, uint64_t n)
{
	struct pipeline p = { .n = n };
	int64_t sum = 0, value;
	struct crew crew;
	int err = 0;

	for (int i = 0; i < STAGES && !err; i++)
		err = link_init(&p.out[i], plan->s, CAPACITY);
	if (!err)
		err = crew_start(&crew, rep, plan->s, STAGES, stage, &p);
	/* Stages that have no successor end with this process. */
	if (err)
		return err;
	while (link_recv(&p.out[STAGES - 1], &value))
		sum += value;
	crew_wait(&crew);
	for (int i = 0; i < STAGES; i++)
		link_exit(&p.out[i]);
	return sum == expected_sum(n) ? 0 : -EBADMSG;
}

static void side(const struct plan *p, struct rep *rep)
{
	uint64_t n = p->n[VALUE] * side_rounds(p);
	struct counters from;
	int64_t t0;
	int err = flow(p, rep, n / 10 + 1);

	counters_now(&from);
	t0 = now_ns();
	if (!err)
		err = flow(p, rep, n);
	if (err) {
		side_fail(p, rep, NR_METRICS, err);
		return;
	}
	rep_set(rep, VALUE, elapsed_ns(t0) / n);
	rep_switches(rep, KERNEL_SWITCHES, &from, n);
}

static int run(struct result *r, const struct options *o)
{
	static const struct expectation expected[] = {
		{ EXPECT_RATIO_MIN, "value_ns", SIDE_THREAD, 2 },
		{ EXPECT_RATIO_MIN, "value_kernel_switches", SIDE_THREAD, 5 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = experiment_n(o, 20000, 4000);
	p.rounds = o->n ? 1 : 10;
	result_param(r, "stages", STAGES);
	result_param(r, "capacity", CAPACITY);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"--n numbers go through four stages, each a worker of its own, linked by channels that\n"
	"hold 16; threads are linked by queues with a mutex and two condition variables. The sum\n"
	"of what comes out has to be right.\n"
	"\n"
	"Read: what it costs that a value passes four hands, beside work that is next to nothing;\n"
	"and how often the kernel had to switch for it.\n"
	"\n"
	"Distorts: as in `channel`, which stages run at the same time is up to the scheduler.\n";

const struct experiment experiment_pipeline = {
	.name = "pipeline",
	.claim = "Stages linked by channels are cheap enough to cut a program into",
	.about = about,
	.n_means = "values",
	.n_max = 100000000,
	.run = run,
};
