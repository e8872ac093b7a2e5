// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure.c - repetitions, threads and goroutines in turn (A B A B), so that a drift of the
 * machine meets both sides alike; what a repetition tells, and what becomes of it.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libgo.h>

#include "interrupt.h"
#include "measure.h"
#include "peer.h"
#include "thread_limits.h"

/* Time that a figure of one repetition may take. */
#define THREAD_NS		(150 * 1000000LL)
#define THREAD_QUICK_NS		(60 * 1000000LL)
#define GOROUTINE_NS		(50 * 1000000LL)
#define GOROUTINE_QUICK_NS	(20 * 1000000LL)
#define MAX_ROUNDS		100

/* Nobody is kept from the clock so long each time. */
#define CLOCK_TICK_NS		1000000

void rep_missing(struct rep *rep, size_t i, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rep->why[i], WHY_SIZE, fmt, ap);
	va_end(ap);
}

void rep_fail(struct rep *rep, size_t nr, const char *fmt, ...)
{
	char why[WHY_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < nr; i++) {
		if (!rep->set[i] && !rep->why[i][0])
			memcpy(rep->why[i], why, WHY_SIZE);
	}
}

void side_fail(const struct plan *p, struct rep *rep, size_t nr, int err)
{
	struct thread_limit limits[LIMIT_NR];
	char text[LIMIT_TEXT];

	if (p->s == SIDE_THREAD && err == -EAGAIN) {
		limits_read(limits);
		rep_fail(rep, nr, "threads: %s (nearest limit: %s)", strerror(-err),
			 limit_text(text, limits, limits_nearest(limits)));
	} else {
		rep_fail(rep, nr, "%s: %s", side_plural[p->s], strerror(-err));
	}
}

void rep_switches(struct rep *rep, size_t i, const struct counters *from, uint64_t n)
{
	struct counters to;
	double switches;

	if (counters_now(&to) || !counters_have(&to, CTR_VOLUNTARY) ||
	    !counters_have(&to, CTR_NONVOLUNTARY)) {
		rep_missing(rep, i, "kernel switches: the counters can't be read");
		return;
	}
	switches = to.v[CTR_VOLUNTARY] - from->v[CTR_VOLUNTARY] + to.v[CTR_NONVOLUNTARY] -
		   from->v[CTR_NONVOLUNTARY];
	rep_set(rep, i, switches / n);
}

/* The least of many: what disturbs makes it longer only. Found out once. */
int64_t clock_cost(void)
{
	static int64_t cost = -1;

	if (cost >= 0)
		return cost;
	for (int i = 0; i < 200; i++) {
		int64_t t0 = now_ns(), took = now_ns() - t0;

		if (cost < 0 || took < cost)
			cost = took;
	}
	return cost;
}

/*
 * The least of many that were seen, as for what reading costs: the first readings take long, most
 * of all where they are emulated. Of some, where one is so long that it is a step for certain.
 * One that stands still for all of them has no step here.
 */
int64_t clock_step(void)
{
	static int64_t step = -1;
	int64_t t0 = now_ns(), now;

	if (step >= 0)
		return step;
	step = 0;
	for (int reads = 0, seen = 0; reads < 10000000; reads++) {
		if (seen >= (step < CLOCK_TICK_NS ? 200 : 3))
			break;
		now = now_ns();
		if (now == t0)
			continue;
		step = seen++ && step < now - t0 ? step : now - t0;
		t0 = now;
	}
	return step;
}

double elapsed_ns(int64_t t0)
{
	/* Before anything else is done, what the clock costs not yet known among it. */
	int64_t now = now_ns(), took = now - t0 - clock_cost();

	return took > 0 ? took : 0;
}

void plan_init(struct plan *p, const char *name, const struct options *o)
{
	memset(p, 0, sizeof(*p));
	p->name = name;
	p->o = o;
	p->rounds = 1;
	p->procs = o->procs ? o->procs : o->pin ? 1 : go_maxprocs(0);
	for (int s = 0; s < SIDES; s++)
		p->variants[s] = 1;
	/* Once, before any process is made that would have to measure it again. */
	clock_cost();
}

void plan_both(struct plan *p, void (*side)(const struct plan *p, struct rep *rep))
{
	p->side[SIDE_THREAD] = side;
	p->side[SIDE_GOROUTINE] = side;
}

void plan_procs(struct plan *p, int n)
{
	if (!p->o->procs && p->procs < n)
		p->procs = n;
}

void plan_params(const struct plan *p, struct result *r)
{
	result_param(r, "repetitions", MIN_REPS);
	result_param(r, "procs", p->procs);
	if (p->rounds > 1)
		result_param(r, "goroutine_rounds", p->rounds);
	result_param(r, "clock_ns", clock_cost());
	if (clock_step() >= CLOCK_COARSE_NS)
		result_param(r, "clock_step_ns", clock_step());
	result_flag(r, "quick", p->o->quick);
	result_flag(r, "pinned", p->o->pin);
}

static void progress(const struct plan *p, const char *what, int i, int n)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (what)
		fprintf(stderr, "\r\033[K%s: %s %d of %d ...", p->name, what, i, n);
	else
		fprintf(stderr, "\r\033[K");
	fflush(stderr);
}

/* A number that reads well: two digits and zeroes. */
static uint64_t round_down(uint64_t n)
{
	for (uint64_t step = 10; step <= n / 10; step *= 10)
		n -= n % step;
	return n;
}

/* How many operations fit the time, at least the number that was tried. */
static uint64_t fitting(const struct plan *p, double cost, uint64_t probe, uint64_t max)
{
	double fits = (p->o->quick ? THREAD_QUICK_NS : THREAD_NS) / cost;

	return round_down(fits > max ? max : fits > probe ? fits : probe);
}

void calibrate(struct plan *p, size_t nr, uint64_t probe, const uint64_t *max)
{
	struct rep *rep = calloc(1, sizeof(*rep));
	double longest = 0, rounds;
	char why[WHY_SIZE];

	assert(nr <= MAX_METRICS);
	for (size_t i = 0; i < nr; i++)
		p->n[i] = p->o->n ? p->o->n : probe;
	if (!rep || p->o->n)
		goto out;
	progress(p, "trial", 1, 2);
	if (!measure_once(p, SIDE_THREAD, rep, why)) {
		for (size_t i = 0; i < nr; i++) {
			if (rep->set[i] && rep->value[i] > 0)
				p->n[i] = fitting(p, rep->value[i], probe, max[i]);
		}
	}
	progress(p, "trial", 2, 2);
	memset(rep, 0, sizeof(*rep));
	if (!measure_once(p, SIDE_GOROUTINE, rep, why)) {
		for (size_t i = 0; i < nr; i++) {
			if (rep->set[i] && rep->value[i] * p->n[i] > longest)
				longest = rep->value[i] * p->n[i];
		}
		rounds = (p->o->quick ? GOROUTINE_QUICK_NS : GOROUTINE_NS) / (longest + 1);
		p->rounds = round_down(rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds < 1 ? 1 : rounds);
	}
out:
	free(rep);
}

/* It began and ended within one step of the clock: no time, or one divided by none. */
static bool too_short(const struct metric *m, double value)
{
	return !isfinite(value) || (!strcmp(m->unit, "ns") && value <= 0);
}

static void say_too_short(char *missing)
{
	char step[TEXT_SIZE];

	snprintf(missing, WHY_SIZE, "it took less than the clock can tell, which goes in steps of %s",
		 text_value(step, "ns", clock_step()));
}

/* A figure of metric @i, where each repetition came to its end and has the value. */
static struct figure make_figure(const struct metric *m, size_t i, const struct rep *reps,
				 const char *why, char *missing)
{
	double values[MIN_REPS];
	int n = 0;

	for (int k = 0; k < MIN_REPS; k++) {
		bool set = reps[k].done && reps[k].set[i];

		if (set && !too_short(m, reps[k].value[i]))
			values[n++] = reps[k].value[i];
		else if (set && !missing[0])
			say_too_short(missing);
		else if (!missing[0])
			memcpy(missing, why[0] ? why : reps[k].why[i], WHY_SIZE);
	}
	if (n < MIN_REPS)
		n = 0;
	else
		missing[0] = '\0';
	return figure_from(values, n);
}

/* Who is in a result: the sides, then the peers. */
static void make_figures(struct result *r, size_t who, const struct rep *reps, const char *why)
{
	for (size_t i = 0; i < r->nr_metrics; i++) {
		struct metric *m = &r->metrics[i];

		if (who < SIDES)
			m->side[who] = make_figure(m, i, reps, why, m->missing[who]);
		else
			m->peer[who - SIDES] = make_figure(m, i, reps, why,
							   m->peer_missing[who - SIDES]);
	}
}

/* Counts only where each repetition was counted: a part of them would not add up. */
static void sum_counts(struct side_counts *c, const struct rep *reps)
{
	bool all = true;

	for (int k = 0; k < MIN_REPS; k++) {
		c->made += reps[k].made;
		all &= reps[k].done && !reps[k].uncounted;
		counters_add(&c->counters, &reps[k].counters);
	}
	if (!all)
		memset(&c->counters, 0, sizeof(c->counters));
}

int measure(struct plan *p, struct result *r)
{
	struct rep (*reps)[MIN_REPS] = calloc(SIDES + MAX_PEERS, sizeof(*reps));
	char why[SIDES + MAX_PEERS][WHY_SIZE] = { "" };
	struct peer peers[MAX_PEERS];

	if (!reps)
		return -ENOMEM;
	r->processes = p->side[SIDE_PROCESS];
	r->nr_peers = peers_choose(p, peers);
	for (size_t i = 0; i < r->nr_peers; i++)
		r->peers[i] = peers[i].name;
	for (int k = 0; k < MIN_REPS && !interrupted(); k++) {
		progress(p, "repetition", k + 1, MIN_REPS);
		for (int s = 0; s < SIDES; s++) {
			/* A side that crashed or hung once is not tried again. */
			if (why[s][0] || !p->side[s])
				continue;
			measure_once(p, s, &reps[s][k], why[s]);
		}
		for (size_t i = 0; i < r->nr_peers; i++) {
			struct rep *rep = &reps[SIDES + i][k];

			if (why[SIDES + i][0])
				continue;
			peer_once(p, r, &peers[i], rep);
			memcpy(why[SIDES + i], rep->error, WHY_SIZE);
			if (rep->done)
				memcpy(r->peer_version[i], rep->picture, VERSION_SIZE);
		}
	}
	progress(p, NULL, 0, 0);
	for (int s = 0; s < SIDES; s++) {
		if (!p->side[s])
			continue;
		make_figures(r, s, reps[s], why[s]);
		sum_counts(&r->counts[s], reps[s]);
		strncat(r->picture, reps[s][MIN_REPS - 1].picture,
			sizeof(r->picture) - 1 - strlen(r->picture));
	}
	for (size_t i = 0; i < r->nr_peers; i++) {
		make_figures(r, SIDES + i, reps[SIDES + i], why[SIDES + i]);
		sum_counts(&r->peer_counts[i], reps[SIDES + i]);
	}
	free(reps);
	return interrupted() ? -EINTR : 0;
}
