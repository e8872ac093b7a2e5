// SPDX-License-Identifier: GPL-2.0-only
/*
 * eventloop.c - one thread and an event loop, beside goroutines: many timers; a timer beside
 * one that computes; computing cut among two.
 */
#include <string.h>

#include "crew.h"
#include "experiment.h"
#include "parked.h"
#include "peer.h"

#define TIMER_NS	(10 * 1000000LL)
#define COMPUTE_MS	60
#define STEPS		20000000

enum { TIMERS, LATE, SPEEDUP, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[TIMERS] = { "timers_ns", "ns", "a timer of 10 ms, of many at once" },
	[LATE] = { "late_ns", "ns", "how late one is beside a task that computes" },
	[SPEEDUP] = { "speedup", "factor", "speed-up of computing that is cut in two" },
};

static void sleeper(void *arg, uint64_t i)
{
	(void)arg;
	(void)i;
	go_sleep(TIMER_NS);
}

static void computer(void *arg, uint64_t i)
{
	const int64_t *end = arg;

	(void)i;
	while (now_ns() < *end)
		burn(1000);
}

static void half(void *arg, uint64_t i)
{
	(void)i;
	burn(*(const uint64_t *)arg);
}

/* Those that compute are as many as Ps: none is left over. */
static int measure_late(const struct plan *p, struct rep *rep)
{
	int64_t due = now_ns() + TIMER_NS, end = now_ns() + COMPUTE_MS * 1000000LL;
	struct crew crew;
	int err = crew_start(&crew, rep, p->s, p->procs, computer, &end);

	go_sleep(due - now_ns());
	rep_set(rep, LATE, elapsed_ns(due));
	crew_wait(&crew);
	return err;
}

static int measure_speedup(const struct plan *p, struct rep *rep)
{
	uint64_t each = STEPS / 2;
	int64_t t0;
	double one;
	int err = crew_run(rep, p->s, 2, half, &each);

	each = STEPS;
	t0 = now_ns();
	if (!err)
		err = crew_run(rep, p->s, 1, half, &each);
	one = elapsed_ns(t0);
	each = STEPS / 2;
	t0 = now_ns();
	if (!err)
		err = crew_run(rep, p->s, 2, half, &each);
	if (!err)
		rep_set(rep, SPEEDUP, one / elapsed_ns(t0));
	return err;
}

static void side(const struct plan *p, struct rep *rep)
{
	double over;
	int64_t t0;
	int err = crew_run(rep, p->s, p->n[0], sleeper, NULL);

	t0 = now_ns();
	if (!err)
		err = crew_run(rep, p->s, p->n[0], sleeper, NULL);
	over = elapsed_ns(t0) - TIMER_NS;
	if (!err) {
		rep_set(rep, TIMERS, over > 0 ? over / p->n[0] : 0);
		err = measure_late(p, rep);
	}
	if (!err)
		err = measure_speedup(p, rep);
	if (err)
		side_fail(p, rep, NR_METRICS, err);
}

static int run(struct result *r, const struct options *o)
{
	static const struct peer peers[] = { { "node", LANG_NODE, NULL } };
	static const struct expectation expected[] = {
		/* It computes for 60 ms, and the timer is due after 10. */
		{ EXPECT_PEER_MIN, "late_ns", PEER(0), 30e6 },
		{ EXPECT_SIDE_MAX, "late_ns", SIDE_GOROUTINE, 30e6 },
		{ EXPECT_PEER_MAX, "speedup", PEER(0), 1.3 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	plan_procs(&p, 2);
	p.n[0] = parked_choose_n(o, 10000, 1000);
	p.peer = peers;
	p.nr_peers = ARRAY_SIZE(peers);
	result_param(r, "compute_ms", COMPUTE_MS);
	result_param(r, "steps", STEPS);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"--n timers of 10 ms at once, and what each costs beyond the 10 ms; how late a timer of 10 ms\n"
	"is beside computing of 60 ms (on every P, every CPU); and the speed-up of computing that\n"
	"is cut in two. Beside threads and goroutines, Node.js does the same.\n"
	"\n"
	"Read: timers are cheap in an event loop, as for goroutines; a thread for each is not.\n"
	"But a callback that computes lets nobody else run until it returns: the timer is late by\n"
	"the rest of the 60 ms, and two tasks take as long as one after the other. Goroutines\n"
	"lose their P after some milliseconds, and run on all CPUs.\n"
	"\n"
	"Distorts: others who compute at the same time; with one CPU nothing is sped up.\n";

const struct experiment experiment_eventloop = {
	.name = "eventloop",
	.claim = "An event loop has one thread: who computes in it keeps all others waiting",
	.about = about,
	.n_means = "timers at once",
	.n_max = 30000,
	.run = run,
};
