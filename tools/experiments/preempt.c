// SPDX-License-Identifier: GPL-2.0-only
/*
 * preempt.c - does a loop that never calls the runtime starve the others?
 *
 * Loops compute for a while, two for each P (for threads: CPU). Beside them one wakes up
 * every millisecond, and notes how late. With preemption, and without: LIBGO_DEBUG=preempt=0.
 */
#include <string.h>

#include "crew.h"
#include "experiment.h"
#include "histogram.h"

#define TICK_NS		1000000LL
#define MAX_MS		2000

enum { TICKS, MEDIAN, WORST, TICKS_OFF, WORST_OFF, NR_METRICS };

/* Variants of the goroutine side. */
enum { ON, OFF };

static const struct metric_def metrics[NR_METRICS] = {
	[TICKS] = { "ticks", "count", "wake-ups of a 1 ms ticker" },
	[MEDIAN] = { "late_median_ns", "ns", "  how late, the median one" },
	[WORST] = { "late_max_ns", "ns", "  how late, the worst one" },
	[TICKS_OFF] = { "ticks_off", "count", "without preemption: wake-ups" },
	[WORST_OFF] = { "late_max_off_ns", "ns", "  how late, the worst one" },
};

/* @late: of each tick; the last one may come after the loops' end, and is the worst then */
struct ticker {
	int64_t begin, end;
	uint64_t ticks, nr;
	double late[MAX_MS + 2];
};

static void tick(void *arg, uint64_t i)
{
	struct ticker *t = arg;
	int64_t now = t->begin;

	(void)i;
	while (now < t->end && t->nr < ARRAY_SIZE(t->late)) {
		int64_t due = now + TICK_NS;

		/* On a thread this is clock_nanosleep(). */
		go_sleep(due - now_ns());
		now = now_ns();
		t->late[t->nr++] = now - due;
		t->ticks += now < t->end;
	}
}

static void loop(void *arg, uint64_t i)
{
	const struct ticker *t = arg;

	(void)i;
	while (now_ns() < t->end)
		burn(1000);
}

static int race(const struct plan *p, struct rep *rep, struct ticker *t, uint64_t ms)
{
	struct crew ticker, loops;
	int err;

	memset(t, 0, sizeof(*t));
	t->begin = now_ns();
	t->end = t->begin + ms * TICK_NS;
	err = crew_start(&ticker, rep, p->s, 1, tick, t);
	if (!err) {
		err = crew_start(&loops, rep, p->s, 2 * p->procs, loop, t);
		crew_wait(&loops);
	}
	crew_wait(&ticker);
	return err;
}

static void side(const struct plan *p, struct rep *rep)
{
	struct histogram *const *all = p->arg;
	bool on = p->variant == ON;
	struct figure late;
	struct ticker t;
	int err;

	if (p->s == SIDE_THREAD)
		cpus_use(p->procs);
	err = race(p, rep, &t, p->n[0] / 10 + 1);
	if (!err)
		err = race(p, rep, &t, p->n[0]);
	if (err) {
		side_fail(p, rep, NR_METRICS, err);
		return;
	}
	for (uint64_t i = 0; on && i < t.nr; i++)
		histogram_add(*all, p->s, t.late[i] > 0 ? t.late[i] : 0, 1);
	late = figure_from(t.late, t.nr);
	rep_set(rep, on ? TICKS : TICKS_OFF, t.ticks);
	rep_set(rep, on ? WORST : WORST_OFF, late.max);
	if (on)
		rep_set(rep, MEDIAN, late.median);
	if (p->s == SIDE_THREAD)
		rep_fail(rep, NR_METRICS,
			 "threads: the kernel always preempts them, no program can forbid it");
}

static int run(struct result *r, const struct options *o)
{
	uint64_t ms = experiment_n(o, 200, 100);
	const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "ticks", SIDE_GOROUTINE, ms / 100 > 1 ? ms / 100 : 1 },
		{ EXPECT_SIDE_MAX, "ticks_off", SIDE_GOROUTINE, 0 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct histogram *late = histogram_make();
	struct plan p;
	int err;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.arg = &late;
	if (!o->procs)
		p.procs = 1;
	p.n[0] = ms;
	p.variants[SIDE_GOROUTINE] = 2;
	p.debug[OFF] = "preempt=0";
	err = experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
	histogram_finish(late, r, "late", "How late a tick came, with preemption");
	return err;
}

static const char about[] =
	"Two loops for each P, which call nothing of libgo's, compute for --n milliseconds. Beside\n"
	"them one sleeps 1 ms again and again and notes how late it woke up. Once as always, once\n"
	"with LIBGO_DEBUG=preempt=0. One P unless --procs says otherwise; threads are bound to as\n"
	"many CPUs.\n"
	"\n"
	"Read: with preemption the ticker gets its turn, a time slice late (some milliseconds, as\n"
	"the loops take turns too). Without, it doesn't before the loops end: late by all of the\n"
	"time. The kernel lets a thread that slept go first, so threads are hardly late.\n"
	"\n"
	"Distorts: others who compute at the same time make both later.\n";

const struct experiment experiment_preempt = {
	.name = "preempt",
	.claim = "A tight loop does not starve the other goroutines",
	.about = about,
	.n_means = "milliseconds that the loops run",
	.n_max = MAX_MS,
	.run = run,
};
