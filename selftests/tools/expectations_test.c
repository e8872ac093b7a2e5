// SPDX-License-Identifier: GPL-2.0-only
/*
 * expectations_test.c - what each experiment expects, fed with figures that nobody measured:
 * figures that meet all of it hold, each that misses one fails, and without a figure nothing
 * is claimed.
 *
 * The experiments are the command's own objects; measure(), measure_once(), calibrate(),
 * verdict_compute() and now_ns() are wrapped by the linker. An experiment is run twice: first to learn what it expects, then
 * with the figures for that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
/* The same of both: the harness has it first. */
#undef ARRAY_SIZE
#include "experiment.h"
#include "host.h"
#include "measure.h"
#include "parked.h"
#include "peer.h"

#define MOST	48
/* So many that a share of them is not 0. */
#define N	300

/* What the experiment that runs now expects. */
static struct expectation expects[MOST];
static size_t nr_expects;

/* What becomes of the figures that would meet it: the expectation that is missed, or ... */
enum spoil { NOTHING, MISSED, MISSING };
static enum spoil spoil;
static size_t which;

/* ... figures that somebody wrote down. */
static const struct {
	const char *experiment, *metric;
	double thread, goroutine;
	enum verdict verdict;
} written[] = {
	{ "create", "create_join_ns", 10000, 100, VERDICT_HOLDS },
	{ "create", "create_join_ns", 9900, 100, VERDICT_FAILS },
	{ "switch", "round_trip_ns", 5000, 500, VERDICT_HOLDS },
	{ "switch", "round_trip_ns", 4900, 500, VERDICT_FAILS },
	{ "switch", "round_trip_kernel_switches", 2, 0.001, VERDICT_HOLDS },
	{ "switch", "round_trip_kernel_switches", 2, 0.5, VERDICT_FAILS },
	{ "switch", "round_trip_kernel_switches", 0.5, 0.001, VERDICT_FAILS },
	{ "memory", "committed_bytes", 30000, 5000, VERDICT_HOLDS },
	{ "memory", "committed_bytes", 10000, 5000, VERDICT_FAILS },
	{ "scale", "max_alive", 30000, 1000000, VERDICT_HOLDS },
	{ "scale", "max_alive", 900000, 1000000, VERDICT_FAILS },
	/* Time has ended both. */
	{ "scale", "max_alive", 1200, 26000, VERDICT_HOLDS },
	{ "scale", "max_alive", 1200, 2300, VERDICT_FAILS },
	{ "deadlock", "ended", 0, 1, VERDICT_HOLDS },
	{ "deadlock", "ended", 1, 1, VERDICT_FAILS },
	{ "deadlock", "ended", 0, 0, VERDICT_FAILS },
};
static size_t by_hand;

static double *figure_of(struct result *r, const struct expectation *e)
{
	struct metric *m = result_metric(r, e->metric);
	bool peer = e->kind == EXPECT_PEER_MIN || e->kind == EXPECT_PEER_MAX;

	if (!m)
		return NULL;
	return peer ? &m->peer[e->side - SIDES].median : &m->side[e->side].median;
}

static bool is_min(enum expect kind)
{
	return kind == EXPECT_SIDE_MIN || kind == EXPECT_PEER_MIN || kind == EXPECT_GROUND_MIN;
}

static bool is_ratio(enum expect kind)
{
	return kind == EXPECT_RATIO_MIN || kind == EXPECT_RATIO_MAX;
}

static void all_measured(struct result *r, const struct plan *p)
{
	r->nr_peers = 0;
	for (size_t k = 0; k < p->nr_peers; k++)
		r->peers[r->nr_peers++] = p->peer[k].name;
	for (size_t i = 0; i < r->nr_metrics; i++) {
		struct metric *m = &r->metrics[i];

		for (int s = 0; s < SIDES; s++)
			m->side[s] = (struct figure){ true, -1, 0, 0 };
		for (size_t k = 0; k < r->nr_peers; k++)
			m->peer[k] = (struct figure){ true, -1, 0, 0 };
	}
	for (int s = 0; s < SIDES; s++) {
		struct counters *c = &r->counts[s].counters;

		r->counts[s].made = 5;
		counters_set(c, s == SIDE_GOROUTINE ? CTR_GOROUTINE_CREATIONS : CTR_THREAD_CREATIONS,
			     5);
	}
}

/* Is it a bound of the same figure, from below, or from above? */
static bool bounds(const struct expectation *e, const struct expectation *of, bool min)
{
	return e->metric && !is_ratio(e->kind) && is_min(e->kind) == min && e->side == of->side &&
	       !strcmp(e->metric, of->metric);
}

/* Within what is expected of a figure: the middle of two bounds, else half or twice the one. */
static void meet_figures(struct result *r)
{
	for (size_t i = 0; i < nr_expects; i++) {
		const struct expectation *e = &expects[i];
		double *f = e->metric ? figure_of(r, e) : NULL, low = -1, high = -1;

		if (!f || is_ratio(e->kind))
			continue;
		for (size_t k = 0; k < nr_expects; k++) {
			if (bounds(&expects[k], e, true) && expects[k].bound > low)
				low = expects[k].bound;
			if (bounds(&expects[k], e, false) && (high < 0 || expects[k].bound < high))
				high = expects[k].bound;
		}
		*f = high < 0 ? low * 2 : low < 0 ? high / 2 : (low + high) / 2;
	}
}

static void meet_ratios(struct result *r)
{
	for (size_t i = 0; i < nr_expects; i++) {
		const struct expectation *e = &expects[i];
		struct metric *m = e->metric ? result_metric(r, e->metric) : NULL;
		double ratio = e->kind == EXPECT_RATIO_MIN ? e->bound * 2 : e->bound / 2;
		double *t, *g;

		if (!m || !is_ratio(e->kind))
			continue;
		t = &m->side[SIDE_THREAD].median;
		g = &m->side[SIDE_GOROUTINE].median;
		if (*t < 0 && *g < 0)
			*g = 1000;
		if (*t < 0)
			*t = ratio * *g;
		else if (*g < 0)
			*g = *t / ratio;
	}
}

/* One expectation less is met. */
static void miss(struct result *r, const struct expectation *e)
{
	double *f = e->metric ? figure_of(r, e) : NULL;
	struct metric *m = e->metric ? result_metric(r, e->metric) : NULL;

	if (e->kind == EXPECT_MADE)
		r->counts[e->side].counters.v[e->side == SIDE_GOROUTINE ? CTR_GOROUTINE_CREATIONS :
									  CTR_THREAD_CREATIONS] = 4;
	else if (is_ratio(e->kind))
		m->side[SIDE_THREAD].median = m->side[SIDE_GOROUTINE].median * e->bound *
					      (e->kind == EXPECT_RATIO_MIN ? 0.99 : 1.01);
	else
		*f = is_min(e->kind) ? e->bound * 0.99 : e->bound * 1.01 + 0.01;
}

static void take_away(struct result *r, const struct expectation *e)
{
	struct metric *m = e->metric ? result_metric(r, e->metric) : NULL;

	if (e->kind == EXPECT_MADE) {
		r->counts[e->side].counters.have = 0;
	} else if (e->kind == EXPECT_PEER_MIN || e->kind == EXPECT_PEER_MAX) {
		m->peer[e->side - SIDES].measured = false;
		strcpy(m->peer_missing[e->side - SIDES], "no luck");
	} else {
		m->side[e->side].measured = false;
		strcpy(m->missing[e->side], "no luck");
	}
}

int __wrap_measure(struct plan *p, struct result *r);
void __wrap_calibrate(struct plan *p, size_t nr, uint64_t probe, const uint64_t *max);
void __real_verdict_compute(struct result *r, const struct expectation *e, size_t n, bool exact);
void __wrap_verdict_compute(struct result *r, const struct expectation *e, size_t n, bool exact);

int __wrap_measure(struct plan *p, struct result *r)
{
	struct metric *m;

	all_measured(r, p);
	meet_figures(r);
	meet_ratios(r);
	if (by_hand < ARRAY_SIZE(written)) {
		m = result_metric(r, written[by_hand].metric);
		if (m) {
			m->side[SIDE_THREAD].median = written[by_hand].thread;
			m->side[SIDE_GOROUTINE].median = written[by_hand].goroutine;
		}
	}
	if (spoil == MISSED)
		miss(r, &expects[which]);
	if (spoil == MISSING)
		take_away(r, &expects[which]);
	/* What no expectation names. */
	for (size_t i = 0; i < r->nr_metrics; i++) {
		for (int s = 0; s < SIDES; s++) {
			struct figure *f = &r->metrics[i].side[s];

			f->median = f->median < 0 ? 1 : f->median;
			f->min = f->max = f->median;
		}
	}
	return 0;
}

void __wrap_calibrate(struct plan *p, size_t nr, uint64_t probe, const uint64_t *max)
{
	(void)probe;
	(void)max;
	for (size_t i = 0; i < nr; i++)
		p->n[i] = N;
}

void __wrap_verdict_compute(struct result *r, const struct expectation *e, size_t n, bool exact)
{
	static char names[MOST][64];

	nr_expects = n < MOST ? n : MOST;
	for (size_t i = 0; i < nr_expects; i++) {
		expects[i] = e[i];
		if (!e[i].metric)
			continue;
		snprintf(names[i], sizeof(names[i]), "%s", e[i].metric);
		expects[i].metric = names[i];
	}
	__real_verdict_compute(r, e, n, exact);
}

static enum verdict run(const struct experiment *e, struct result *r)
{
	const struct options o = { .quick = true, .procs = 2, .n = e->n_max < N ? e->n_max : N };

	memset(r, 0, sizeof(*r));
	r->name = e->name;
	if (e->run(r, &o))
		strcpy(r->why, "it could not be run");
	return r->verdict;
}

/* Run it as it is, so that what it expects is known. */
static void learn(const struct experiment *e, struct result *r)
{
	nr_expects = 0;
	spoil = NOTHING;
	by_hand = ARRAY_SIZE(written);
	run(e, r);
}

FIXTURE(expectations) {
	struct result *r;
};

FIXTURE_SETUP(expectations)
{
	self->r = malloc(sizeof(*self->r));
	ASSERT_NE(NULL, self->r);
	/* With one CPU some say that nothing can be told. */
	if (host_cpus() < 2)
		SKIP(return, "two CPUs are needed");
}

FIXTURE_TEARDOWN(expectations)
{
	free(self->r);
}

/* A name that is mistyped would be "not measured" for ever. */
TEST_F(expectations, are_of_metrics_that_are_there)
{
	for (int i = 0; experiments[i]; i++) {
		learn(experiments[i], self->r);
		EXPECT_LT(0u, nr_expects) {
			TH_LOG("%s expects nothing", experiments[i]->name);
		}
		EXPECT_GT((size_t)MOST, nr_expects);
		for (size_t k = 0; k < nr_expects; k++) {
			EXPECT_TRUE(!expects[k].metric ||
				    result_metric(self->r, expects[k].metric)) {
				TH_LOG("%s: %s", experiments[i]->name, expects[k].metric);
			}
		}
	}
}

TEST_F(expectations, all_met_holds)
{
	for (int i = 0; experiments[i]; i++) {
		learn(experiments[i], self->r);
		EXPECT_EQ(VERDICT_HOLDS, run(experiments[i], self->r)) {
			TH_LOG("%s: %s", experiments[i]->name, self->r->why);
		}
	}
}

TEST_F(expectations, one_missed_fails)
{
	for (int i = 0; experiments[i]; i++) {
		learn(experiments[i], self->r);
		for (which = 0; which < nr_expects; which++) {
			enum verdict expected = expects[which].kind == EXPECT_GROUND_MIN ?
						VERDICT_NOT_MEASURED : VERDICT_FAILS;

			spoil = MISSED;
			EXPECT_EQ(expected, run(experiments[i], self->r)) {
				TH_LOG("%s, %s missed: %s", experiments[i]->name,
				       expects[which].metric ? expects[which].metric : "made",
				       self->r->why);
			}
			spoil = NOTHING;
		}
	}
}

TEST_F(expectations, one_missing_claims_nothing)
{
	for (int i = 0; experiments[i]; i++) {
		learn(experiments[i], self->r);
		for (which = 0; which < nr_expects; which++) {
			spoil = MISSING;
			EXPECT_EQ(VERDICT_NOT_MEASURED, run(experiments[i], self->r)) {
				TH_LOG("%s, %s taken away: %s", experiments[i]->name,
				       expects[which].metric ? expects[which].metric : "made",
				       self->r->why);
			}
			EXPECT_TRUE(expects[which].kind == EXPECT_MADE ||
				    strstr(self->r->why, "no luck"));
			spoil = NOTHING;
		}
	}
}

TEST_F(expectations, figures_by_hand)
{
	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		const struct experiment *e = experiment_find(written[i].experiment);

		ASSERT_NE(NULL, e);
		learn(e, self->r);
		ASSERT_NE(NULL, result_metric(self->r, written[i].metric));
		by_hand = i;
		EXPECT_EQ(written[i].verdict, run(e, self->r)) {
			TH_LOG("%s: %s", e->name, self->r->why);
		}
	}
}

int __wrap_measure_once(struct plan *p, enum side s, struct rep *rep, char *why);

/* Nothing is measured here, for pictures neither. */
int __wrap_measure_once(struct plan *p, enum side s, struct rep *rep, char *why)
{
	(void)p;
	(void)s;
	(void)rep;
	(void)why;
	return -ECANCELED;
}

/* How often the clock was read, and, if it is a false one, how much later it is each time. */
static unsigned int clock_reads;
static int64_t tick;

int64_t __real_now_ns(void);
int64_t __wrap_now_ns(void);

int64_t __wrap_now_ns(void)
{
	clock_reads++;
	return tick ? clock_reads * tick : __real_now_ns();
}

/* Side by side with what is timed, or in the midst of it: once for each interval, no more. */
TEST(what_the_clock_costs_is_found_out_once)
{
	clock_cost();
	clock_reads = 0;
	for (int i = 0; i < 10; i++)
		EXPECT_LT(0, elapsed_ns(0));
	EXPECT_EQ(10, clock_reads);
}

struct attempts {
	struct parked_goroutines some, all;
	int err_some, err_all;
};

static void attempt(void *arg)
{
	struct attempts *a = arg;

	clock_reads = 0;
	a->err_some = parked_goroutines_until(&a->some, 100000, 3);
	parked_goroutines_release(&a->some);
	a->err_all = parked_goroutines_until(&a->all, 300, 1000);
	parked_goroutines_release(&a->all);
}

/* Threads and goroutines are made until the same time, and then there are as many as there are. */
TEST(time_ends_the_making_of_both)
{
	static struct attempts a;
	struct parked_threads t;

	tick = 1;
	clock_reads = 0;
	EXPECT_EQ(ETIMEDOUT, parked_threads_make(&t, 100000, 3));
	EXPECT_EQ(3u * 16, t.nr);
	parked_threads_release(&t);
	ASSERT_EQ(0, go_run(attempt, &a));
	EXPECT_EQ(-ETIMEDOUT, a.err_some);
	EXPECT_EQ(3u * 64, a.some.nr);
	EXPECT_EQ(0, a.err_all);
	EXPECT_EQ(300u, a.all.nr);
}

TEST_HARNESS_MAIN
