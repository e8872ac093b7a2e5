// SPDX-License-Identifier: GPL-2.0-only
/*
 * order.c - do those that are started one after the other run in that order, or in any?
 *
 * Some workers are started; each computes a little, then takes the next place. Which
 * orders come out over many rounds is counted, on one CPU (one P) and on all.
 */
#include <string.h>

#include "crew.h"
#include "experiment.h"

#define WORKERS		6
#define ORDERS		46656		/* WORKERS to the power of WORKERS */
#define STEPS		20000

enum { DISTINCT_1, COMMONEST_1, DISTINCT, COMMONEST, AS_MADE, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[DISTINCT_1] = { "orders_1", "count", "one CPU / P: different orders" },
	[COMMONEST_1] = { "commonest_1", "percent", "  rounds in the commonest one" },
	[DISTINCT] = { "orders", "count", "all CPUs / Ps: different orders" },
	[COMMONEST] = { "commonest", "percent", "  rounds in the commonest one" },
	[AS_MADE] = { "as_made", "percent", "  rounds in the order in which they were made" },
};

struct round {
	uint64_t place;
	uint32_t order[WORKERS];
};

static void worker(void *arg, uint64_t i)
{
	struct round *r = arg;

	burn(STEPS);
	r->order[__atomic_fetch_add(&r->place, 1, __ATOMIC_SEQ_CST)] = i;
}

/* An order as a number. */
static uint32_t number(const struct round *r)
{
	uint32_t n = 0;

	for (int i = 0; i < WORKERS; i++)
		n = n * WORKERS + r->order[i];
	return n;
}

static int rounds(const struct plan *p, struct rep *rep, uint64_t n, uint32_t *seen)
{
	int err = 0;

	memset(seen, 0, ORDERS * sizeof(*seen));
	for (uint64_t i = 0; i < n && !err; i++) {
		struct round r = { .place = 0 };

		err = crew_run(rep, p->s, WORKERS, worker, &r);
		if (!err)
			seen[number(&r)]++;
	}
	return err;
}

/* Metric @first: how many orders; the next one: the share of the commonest. */
static void set_orders(struct rep *rep, int first, const uint32_t *seen, uint64_t n)
{
	uint32_t distinct = 0, most = 0;

	for (int i = 0; i < ORDERS; i++) {
		distinct += seen[i] > 0;
		if (seen[i] > most)
			most = seen[i];
	}
	rep_set(rep, first, distinct);
	rep_set(rep, first + 1, 100. * most / n);
}

static void side(const struct plan *p, struct rep *rep)
{
	static uint32_t seen[ORDERS];
	struct round made = { .place = 0 };
	int err;

	for (int i = 0; i < WORKERS; i++)
		made.order[i] = i;
	if (p->s == SIDE_THREAD)
		cpus_use(1);
	else
		go_maxprocs(1);
	err = rounds(p, rep, p->n[0] / 10 + 1, seen);
	if (!err)
		err = rounds(p, rep, p->n[0], seen);
	if (!err)
		set_orders(rep, DISTINCT_1, seen, p->n[0]);
	if (p->s == SIDE_THREAD)
		cpus_use(0);
	else
		go_maxprocs(p->procs);
	if (!err)
		err = rounds(p, rep, p->n[0], seen);
	if (err) {
		side_fail(p, rep, NR_METRICS, err);
		return;
	}
	set_orders(rep, DISTINCT, seen, p->n[0]);
	rep_set(rep, AS_MADE, 100. * seen[number(&made)] / p->n[0]);
}

static int run(struct result *r, const struct options *o)
{
	static const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "orders", SIDE_GOROUTINE, 2 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	plan_procs(&p, 2);
	p.n[0] = experiment_n(o, 1000, 200);
	result_param(r, "workers", WORKERS);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"Six are made one after the other; each computes some 20 us, then notes its place. That is\n"
	"done --n times on one P (threads: one CPU), and --n times on all. 720 orders are possible.\n"
	"\n"
	"Read: more than one order came out, so no program may count on one. On one P libgo's\n"
	"order is nearly always the same (the last one made first, then the others as made, as in\n"
	"Go), which is how such programs get through their tests and fail elsewhere.\n"
	"\n"
	"Distorts: nothing; on a busy machine there are more orders.\n";

const struct experiment experiment_order = {
	.name = "order",
	.claim = "Goroutines run in no fixed order",
	.about = about,
	.n_means = "rounds",
	.n_max = 1000000,
	.run = run,
};
