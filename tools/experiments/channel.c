// SPDX-License-Identifier: GPL-2.0-only
/*
 * channel.c - unbuffered meets, buffered queues, select chooses.
 *
 * What a channel takes while nobody receives; what a value costs by capacity; what a
 * select costs that finds nothing; and how often it chooses the first of two that are
 * ready. Threads have a queue with a mutex and two condition variables in its place.
 */
#include <errno.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"

enum {
	TAKES_0,
	TAKES_2,
	TAKES_128,
	VALUE_0,
	VALUE_1,
	VALUE_2,
	VALUE_128,
	EMPTY,
	FAIR,
	NR_METRICS,
};

static const struct metric_def metrics[NR_METRICS] = {
	[TAKES_0] = { "takes_0", "count", "values taken while nobody receives: unbuffered" },
	[TAKES_2] = { "takes_2", "count", "  with a capacity of 2" },
	[TAKES_128] = { "takes_128", "count", "  of 128" },
	[VALUE_0] = { "value_0_ns", "ns", "from one to another: unbuffered" },
	[VALUE_1] = { "value_1_ns", "ns", "  with a capacity of 1" },
	[VALUE_2] = { "value_2_ns", "ns", "  of 2" },
	[VALUE_128] = { "value_128_ns", "ns", "  of 128" },
	[EMPTY] = { "empty_ns", "ns", "to look into an empty one (select, default)" },
	[FAIR] = { "first_share", "percent", "select, two ready: chose the first" },
};

/* A metric that is measured at a capacity. */
struct at_capacity {
	int metric, capacity;
};

/* The first one of each is not for threads. */
static const struct at_capacity takes[] = {
	{ TAKES_0, 0 },
	{ TAKES_2, 2 },
	{ TAKES_128, 128 },
};
static const struct at_capacity values[] = {
	{ VALUE_0, 0 },
	{ VALUE_1, 1 },
	{ VALUE_2, 2 },
	{ VALUE_128, 128 },
};

static int measure_takes(const struct plan *p, struct rep *rep, const struct at_capacity *at)
{
	struct link l;
	int err = link_init(&l, p->s, at->capacity);
	int n = 0;

	if (err)
		return err;
	while (!link_try_send(&l, n))
		n++;
	rep_set(rep, at->metric, n);
	link_exit(&l);
	return 0;
}

struct stream {
	struct link link;
	uint64_t n;
};

static void sender(void *arg, uint64_t i)
{
	struct stream *s = arg;

	(void)i;
	for (uint64_t k = 1; k <= s->n; k++)
		link_send(&s->link, k);
	link_close(&s->link);
}

/* @n values from a worker to the caller. */
static int stream(const struct plan *p, struct rep *rep, int capacity, uint64_t n)
{
	struct stream s = { .n = n };
	int err = link_init(&s.link, p->s, capacity);
	struct crew crew;
	uint64_t sum = 0;
	int64_t value;

	if (err)
		return err;
	err = crew_start(&crew, rep, p->s, 1, sender, &s);
	while (!err && link_recv(&s.link, &value))
		sum += value;
	crew_wait(&crew);
	link_exit(&s.link);
	/* Nothing was lost, nothing came twice. */
	if (!err && sum != n * (n + 1) / 2)
		err = -EBADMSG;
	return err;
}

static int measure_value(const struct plan *p, struct rep *rep, const struct at_capacity *at)
{
	uint64_t n = p->n[at->metric] * side_rounds(p);
	int err = stream(p, rep, at->capacity, n / 10 + 1);
	int64_t t0 = now_ns();

	if (!err)
		err = stream(p, rep, at->capacity, n);
	if (!err)
		rep_set(rep, at->metric, elapsed_ns(t0) / n);
	return err;
}

static int measure_empty(const struct plan *p, struct rep *rep)
{
	uint64_t n = p->n[EMPTY] * side_rounds(p), found = 0;
	struct link l;
	int err = link_init(&l, p->s, 1);
	int64_t value, t0 = now_ns();

	if (err)
		return err;
	for (uint64_t i = 0; i < n; i++) {
		struct go_case c[] = {
			{ .op = GO_RECV, .chan = l.chan, .elem = &value },
			{ .op = GO_DEFAULT },
		};

		if (p->s == SIDE_GOROUTINE)
			found += go_select(c, ARRAY_SIZE(c)) == 0;
		else
			found += !link_try_recv(&l, &value);
	}
	rep_set(rep, EMPTY, elapsed_ns(t0) / n);
	link_exit(&l);
	return found ? -EBADMSG : 0;
}

/* Both have a value each time. */
static int measure_fairness(const struct plan *p, struct rep *rep)
{
	uint64_t n = p->n[FAIR] * side_rounds(p), first = 0;
	struct link l[2];
	int64_t value;
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		err = link_init(&l[i], p->s, 1);
		if (!err)
			link_send(&l[i], i);
	}
	for (uint64_t i = 0; i < n && !err; i++) {
		struct go_case c[] = {
			{ .op = GO_RECV, .chan = l[0].chan, .elem = &value },
			{ .op = GO_RECV, .chan = l[1].chan, .elem = &value },
		};
		int which = go_select(c, 2);

		if (value != which)
			err = -EBADMSG;
		first += which == 0;
		link_send(&l[which], which);
	}
	if (err)
		return err;
	rep_set(rep, FAIR, 100. * first / n);
	link_exit(&l[0]);
	link_exit(&l[1]);
	return 0;
}

static void side(const struct plan *p, struct rep *rep)
{
	bool threads = p->s == SIDE_THREAD;
	int err = 0;

	if (threads) {
		rep_missing(rep, TAKES_0, "threads: they have nothing that hands a value over "
			    "without a buffer");
		memcpy(rep->why[VALUE_0], rep->why[TAKES_0], WHY_SIZE);
		rep_missing(rep, FAIR, "threads: they can't wait for one of two queues");
	}
	for (size_t i = threads; i < ARRAY_SIZE(takes) && !err; i++)
		err = measure_takes(p, rep, &takes[i]);
	for (size_t i = threads; i < ARRAY_SIZE(values) && !err; i++)
		err = measure_value(p, rep, &values[i]);
	if (!err)
		err = measure_empty(p, rep);
	if (!err && !threads)
		err = measure_fairness(p, rep);
	if (err)
		side_fail(p, rep, NR_METRICS, err);
}

static int run(struct result *r, const struct options *o)
{
	static const struct expectation expected[] = {
		{ EXPECT_SIDE_MAX, "takes_0", SIDE_GOROUTINE, 0 },
		{ EXPECT_SIDE_MIN, "takes_128", SIDE_GOROUTINE, 128 },
		{ EXPECT_SIDE_MAX, "takes_128", SIDE_GOROUTINE, 128 },
		{ EXPECT_SIDE_MIN, "first_share", SIDE_GOROUTINE, 40 },
		{ EXPECT_SIDE_MAX, "first_share", SIDE_GOROUTINE, 60 },
		{ EXPECT_RATIO_MIN, "value_1_ns", SIDE_THREAD, 2 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = experiment_n(o, 20000, 4000);
	for (int i = 0; i < NR_METRICS; i++)
		p.n[i] = p.n[0];
	p.rounds = o->n ? 1 : 10;
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"How many values a channel takes while nobody receives; what a value costs from one to\n"
	"another, by capacity; what it costs to look into an empty one (select with default); and\n"
	"how often select chooses the first of two that are always ready. In place of a channel\n"
	"threads have a queue with a mutex and two condition variables.\n"
	"\n"
	"Read: a channel takes as many as its capacity, an unbuffered one none: sender and\n"
	"receiver meet. The more it holds, the fewer switches for a value. Select has no\n"
	"favourite: 50 %.\n"
	"\n"
	"Distorts: with 2 CPUs, whether both ends run at the same time or take turns is up to the\n"
	"scheduler; the spread shows it.\n";

const struct experiment experiment_channel = {
	.name = "channel",
	.claim = "Unbuffered channels meet, buffered ones queue, select chooses",
	.about = about,
	.n_means = "values for each figure",
	.n_max = 10000000,
	.run = run,
};
