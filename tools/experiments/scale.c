// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale.c - how many can be alive at once, and what one costs as the number grows.
 *
 * Steps of 10, 100, ... 1,000,000: make that many, all parked at once, let them go.
 * Then, for threads, as many as can be made: until a limit is hit, or one that other
 * programs live from too is near (see thread_limits.c), or the time for it is over.
 * Memory that is free is asked for first; neither side takes more than half of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libgo.h>

#include "experiment.h"
#include "host.h"
#include "thread_limits.h"
#include "measure.h"
#include "memuse.h"
#include "parked.h"

#define MAX_STEPS	9

/* Time for threads, in each repetition: for a step, and for the attempt to make many. */
#define THREADS_NS		(3 * NSEC_PER_SEC)
#define THREADS_QUICK_NS	(1 * NSEC_PER_SEC)

/* Time that a step of goroutines may take, judged by the one before it. */
#define GOROUTINES_NS		(60 * NSEC_PER_SEC)
#define GOROUTINES_QUICK_NS	(4 * NSEC_PER_SEC)

/* After the steps' own metrics come these. */
enum { MAX_ALIVE, BYTES_AT_MAX, RELEASE_AT_MAX, NR_LAST };

static const struct metric_def last[NR_LAST] = {
	[MAX_ALIVE] = { "max_alive", "count", "most that were alive at once" },
	[BYTES_AT_MAX] = { "bytes_at_max", "bytes", "  memory that each took then" },
	[RELEASE_AT_MAX] = { "release_at_max_ns", "ns", "  to wake and end each" },
};

static const struct expectation expected[] = {
	{ EXPECT_RATIO_MAX, "max_alive", SIDE_THREAD, 0.5 },
	{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
	{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
};

/* The steps of this run; metric i < nr is step i. */
struct steps {
	uint64_t n[MAX_STEPS];
	char name[MAX_STEPS][32], label[MAX_STEPS][64];
	size_t nr;
};

/* ------------------------------------------------------------------- threads */

/* Why no more threads: to be called while they are alive. */
static void thread_reason(char *why, uint64_t alive, int err, const struct thread_limit *before,
			  enum limit bound, int64_t time)
{
	struct thread_limit now[LIMIT_NR];
	char n[TEXT_SIZE], limit[LIMIT_TEXT];
	enum limit which = bound;

	text_count(n, alive);
	if (err && err != ETIMEDOUT) {
		limits_read(now);
		which = limits_nearest(now);
	}
	if (which == LIMIT_NR) {
		snprintf(why, WHY_SIZE, "threads: %s alive, %s", n,
			 err ? strerror(err) : "as many as were asked for: no limit was met");
		return;
	}
	limit_text(limit, before, which);
	if (err == ETIMEDOUT)
		snprintf(why, WHY_SIZE,
			 "threads: %s alive after the %lld s they were given (next limit: %s)", n,
			 (long long)(time / NSEC_PER_SEC), limit);
	else if (err)
		snprintf(why, WHY_SIZE, "threads: %s alive, then %s (limit: %s)", n, strerror(err),
			 limit);
	else
		snprintf(why, WHY_SIZE, "threads: %s alive, no more because of %s%s", n, limit,
			 before[which].shared ? ", less a reserve for other programs" :
			 which == LIMIT_MEMORY ? ", half of what is available" : "");
}

static int thread_step(struct rep *rep, size_t metric, uint64_t n, int64_t time)
{
	struct parked_threads parked;
	int64_t t0 = now_ns();
	int err;

	err = parked_threads_make(&parked, n, t0 + time);
	if (!err)
		rep_set(rep, metric, elapsed_ns(t0) / n);
	rep->made += parked.nr;
	parked_threads_release(&parked);
	return err;
}

/* As many as can be; *why tells what ended it. */
static void thread_max(const struct plan *p, const struct steps *s, struct rep *rep, char *why)
{
	int64_t time = p->o->quick ? THREADS_QUICK_NS : THREADS_NS, t0;
	struct thread_limit limits[LIMIT_NR];
	struct parked_threads parked;
	struct memuse from, to;
	uint64_t safe, alive;
	enum limit bound;
	int err;

	limits_read(limits);
	safe = limits_safe(limits, &bound);
	if (safe > s->n[s->nr - 1]) {
		safe = s->n[s->nr - 1];
		bound = LIMIT_NR;
	}
	err = memuse_read(&from);
	t0 = now_ns();
	if (!err)
		err = parked_threads_make(&parked, safe, t0 + time);
	else
		memset(&parked, 0, sizeof(parked));
	alive = parked.nr;
	rep->made += alive;
	thread_reason(why, alive, err, limits, bound, time);
	/* Where none was stopped, the most that there can be is not known. */
	if (alive && (err || bound != LIMIT_NR))
		rep_set(rep, s->nr + MAX_ALIVE, alive);
	if (alive && !memuse_read(&to)) {
		struct memuse each = memuse_each(&from, &to, alive);

		rep_set(rep, s->nr + BYTES_AT_MAX, memuse_committed(&each));
	}
	t0 = now_ns();
	parked_threads_release(&parked);
	if (alive)
		rep_set(rep, s->nr + RELEASE_AT_MAX, elapsed_ns(t0) / alive);
}

static void thread_side(const struct plan *p, struct rep *rep)
{
	int64_t time = p->o->quick ? THREADS_QUICK_NS : THREADS_NS;
	const struct steps *s = p->arg;
	struct thread_limit limits[LIMIT_NR];
	struct parked_threads warm;
	char why[WHY_SIZE];
	enum limit bound;
	uint64_t safe;

	limits_read(limits);
	safe = limits_safe(limits, &bound);
	parked_threads_make(&warm, 10, 0);
	rep->made += warm.nr;
	parked_threads_release(&warm);
	for (size_t i = 0; i < s->nr && s->n[i] <= safe; i++) {
		if (thread_step(rep, i, s->n[i], time))
			break;
	}
	thread_max(p, s, rep, why);
	for (size_t i = 0; i < s->nr + NR_LAST; i++) {
		if (!rep->set[i])
			rep_missing(rep, i, "%s", why);
	}
}

/* ---------------------------------------------------------------- goroutines */

/*
 * One step; what is asked for at the largest one is measured at each. Memory is compared
 * with that before the first step: the runtime keeps stacks for the next step to use.
 */
static int goroutine_step(const struct steps *s, struct rep *rep, size_t i,
			  const struct memuse *from)
{
	struct parked_goroutines parked;
	struct memuse to, each;
	uint64_t n = s->n[i];
	int64_t t0 = now_ns();
	int err;

	err = parked_goroutines_make(&parked, n);
	rep->made += parked.nr;
	if (parked.gate)
		parked_goroutines_settle(&parked);
	if (!err)
		rep_set(rep, i, elapsed_ns(t0) / n);
	if (!err && !memuse_read(&to)) {
		each = memuse_each(from, &to, n);
		rep_set(rep, s->nr + MAX_ALIVE, n);
		rep_set(rep, s->nr + BYTES_AT_MAX, memuse_committed(&each));
	}
	t0 = now_ns();
	parked_goroutines_release(&parked);
	if (!err)
		rep_set(rep, s->nr + RELEASE_AT_MAX, elapsed_ns(t0) / n);
	return err;
}

/* May step @i be done? Else *why says why not. */
static bool goroutine_room(const struct plan *p, const struct rep *rep, size_t i,
			   uint64_t available, bool *slow, char *why)
{
	int64_t time = p->o->quick ? GOROUTINES_QUICK_NS : GOROUTINES_NS;
	const struct steps *s = p->arg;
	char n[TEXT_SIZE], bytes[TEXT_SIZE];

	text_count(n, s->n[i]);
	if (s->n[i] > available / 2 / GOROUTINE_BYTES) {
		snprintf(why, WHY_SIZE, "goroutines: %s might take more than half of %s available",
			 n, text_value(bytes, "bytes", available));
		return false;
	}
	/* A step of fewer than 1,000 is too short to judge by. */
	*slow = !p->o->n && i && s->n[i - 1] >= 1000 && rep->value[i - 1] * s->n[i] > time;
	if (*slow) {
		snprintf(why, WHY_SIZE, "goroutines: %s would take this machine more than %lld s", n,
			 (long long)(time / NSEC_PER_SEC));
		return false;
	}
	return true;
}

/*
 * Where time ended it, the most that there can be is not known; but that they are more than
 * the threads that the limits allow may be known all the same.
 */
static bool more_than_threads(uint64_t alive)
{
	struct thread_limit limits[LIMIT_NR];
	enum limit bound;

	limits_read(limits);
	return alive / 2 >= limits_safe(limits, &bound);
}

static void goroutine_side(const struct plan *p, struct rep *rep)
{
	const struct steps *s = p->arg;
	uint64_t available = host_memory_available();
	struct parked_goroutines warm;
	char text[TEXT_SIZE], why[WHY_SIZE] = "";
	struct memuse from;
	bool slow = false;
	size_t i;
	int err;

	parked_goroutines_make(&warm, 10);
	rep->made += warm.nr;
	if (warm.gate)
		parked_goroutines_settle(&warm);
	parked_goroutines_release(&warm);
	err = memuse_read(&from);
	for (i = 0; !err && i < s->nr; i++) {
		if (!goroutine_room(p, rep, i, available, &slow, why))
			break;
		err = goroutine_step(s, rep, i, &from);
		if (err)
			break;
	}
	if (i == s->nr)
		return;
	if (slow && !more_than_threads(s->n[i - 1]))
		rep->set[s->nr + MAX_ALIVE] = false;
	if (err)
		snprintf(why, WHY_SIZE, "goroutines: %s not reached: %s",
			 text_count(text, s->n[i]), strerror(-err));
	for (size_t k = 0; k < s->nr + NR_LAST; k++) {
		if (!rep->set[k])
			rep_missing(rep, k, "%s", why);
	}
}

/* 10, 100, ... and --n itself. */
static void choose_steps(struct steps *s, const struct options *o)
{
	uint64_t most = o->n ? o->n : o->quick ? 100000 : 1000000;
	char text[TEXT_SIZE];

	memset(s, 0, sizeof(*s));
	for (uint64_t n = 10; n < most; n *= 10)
		s->n[s->nr++] = n;
	s->n[s->nr++] = most;
	for (size_t i = 0; i < s->nr; i++) {
		snprintf(s->name[i], sizeof(s->name[i]), "alive_%lu_ns", s->n[i]);
		snprintf(s->label[i], sizeof(s->label[i]), "each of %.30s alive at once",
			 text_count(text, s->n[i]));
	}
}

static int run(struct result *r, const struct options *o)
{
	/* Metrics point to their names, so these live as long as the program. */
	static struct steps s;
	struct metric_def defs[MAX_STEPS + NR_LAST];
	struct plan p;

	choose_steps(&s, o);
	plan_init(&p, r->name, o);
	p.side[SIDE_THREAD] = thread_side;
	p.side[SIDE_GOROUTINE] = goroutine_side;
	p.arg = &s;
	for (size_t i = 0; i < s.nr; i++) {
		defs[i] = (struct metric_def){ s.name[i], "ns", s.label[i] };
		p.n[i] = s.n[i];
	}
	for (size_t i = 0; i < NR_LAST; i++) {
		defs[s.nr + i] = last[i];
		p.n[s.nr + i] = s.n[s.nr - 1];
	}
	p.asked = s.n[s.nr - 1];
	return experiment_finish(r, &p, defs, s.nr + NR_LAST, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"10, 100, 1,000, ... are made, all parked at once, and let go; the cost of each as their\n"
	"number grows. Then, for threads, as many as can be made: until a limit is hit, or one that\n"
	"other programs live from too is near, or the time for it is over; the verdict says which.\n"
	"\n"
	"Read: a million goroutines take memory, and nothing else; threads end at the first of the\n"
	"limits that `gvt doctor` lists.\n"
	"\n"
	"Distorts: memory: half of what is available is all that it takes, so a small machine has\n"
	"fewer. Limits are left as found, and a reserve of them to others.\n";

const struct experiment experiment_scale = {
	.name = "scale",
	.claim = "Many more goroutines than threads can be alive at once",
	.about = about,
	.n_means = "the most goroutines, and threads, to have alive at once",
	.n_max = 10000000,
	.run = run,
};
