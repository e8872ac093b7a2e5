// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale.c - how many can be alive at once, and what one costs as the number grows.
 *
 * Steps of 10, 100, ... 1,000,000: make that many, all parked at once, let them go.
 * Then as many as can be made within a time, the same for both sides: until it is over, or
 * all that were asked for are there, or a limit is hit; threads: or one that other programs
 * live from too is near (see thread_limits.c). So the two are comparable whatever ended them:
 * more time would have given no more to who is at a limit, and who is not had the same.
 * Memory that is free is asked for first; neither side takes more than half of it.
 *
 * Rejected: the largest step as the most that goroutines can be. It had a minute (4 s where
 * threads had 1), so that in an emulated machine, where time ended both, nothing could be told.
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

/* Time in each repetition for the attempt to make many, and for a step of threads. */
#define ATTEMPT_S		3
#define ATTEMPT_QUICK_S		1

/* Time that a step of goroutines may take, judged by the one before it. */
#define STEP_S			60
#define STEP_QUICK_S		4

/* After the steps' own metrics come these. */
enum { MAX_ALIVE, BYTES_AT_MAX, RELEASE_AT_MAX, NR_LAST };

static const struct metric_def last[NR_LAST] = {
	[MAX_ALIVE] = { "max_alive", "count", "most alive at once" },
	[BYTES_AT_MAX] = { "bytes_at_max", "bytes", "  memory that each took then" },
	[RELEASE_AT_MAX] = { "release_at_max_ns", "ns", "  to wake and end each" },
};

static const struct expectation expected[] = {
	{ EXPECT_RATIO_MAX, "max_alive", SIDE_THREAD, 0.5 },
	{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
	{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
};

/* The steps of this run; metric i < nr is step i. Seconds for the attempt, and for a step. */
struct steps {
	uint64_t n[MAX_STEPS];
	char name[MAX_STEPS][32], label[MAX_STEPS + 1][64];
	size_t nr;
	int attempt_s, step_s;
};

/* ------------------------------------------------------------------- threads */

/* Why no more threads: to be called while they are alive. */
static void thread_reason(char *why, uint64_t alive, int err, const struct thread_limit *before,
			  enum limit bound, int seconds)
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
			 "threads: %s alive after the %d s they were given (next limit: %s)", n,
			 seconds, limit);
	else if (err)
		snprintf(why, WHY_SIZE, "threads: %s alive, then %s (limit: %s)", n, strerror(err),
			 limit);
	else
		snprintf(why, WHY_SIZE, "threads: %s alive, no more because of %s%s", n, limit,
			 before[which].shared ? ", less a reserve for other programs" :
			 which == LIMIT_MEMORY ? ", half of what is available" : "");
}

static int thread_step(const struct steps *s, struct rep *rep, size_t i)
{
	struct parked_threads parked;
	int64_t t0 = now_ns();
	int err;

	err = parked_threads_make(&parked, s->n[i], t0 + s->attempt_s * NSEC_PER_SEC);
	if (!err)
		rep_set(rep, i, elapsed_ns(t0) / s->n[i]);
	rep->made += parked.nr;
	parked_threads_release(&parked);
	return err;
}

/* As many as can be; *why tells what ended it. */
static void thread_max(const struct steps *s, struct rep *rep, char *why)
{
	struct thread_limit limits[LIMIT_NR];
	struct parked_threads parked;
	struct memuse from, to;
	uint64_t safe, alive;
	enum limit bound;
	int64_t t0;
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
		err = parked_threads_make(&parked, safe, t0 + s->attempt_s * NSEC_PER_SEC);
	else
		memset(&parked, 0, sizeof(parked));
	alive = parked.nr;
	rep->made += alive;
	thread_reason(why, alive, err, limits, bound, s->attempt_s);
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
		if (thread_step(s, rep, i))
			break;
	}
	thread_max(s, rep, why);
	for (size_t i = 0; i < s->nr + NR_LAST; i++) {
		if (!rep->set[i])
			rep_missing(rep, i, "%s", why);
	}
}

/* ---------------------------------------------------------------- goroutines */

static int goroutine_step(const struct steps *s, struct rep *rep, size_t i)
{
	struct parked_goroutines parked;
	int64_t t0 = now_ns();
	int err;

	err = parked_goroutines_make(&parked, s->n[i]);
	rep->made += parked.nr;
	if (parked.gate)
		parked_goroutines_settle(&parked);
	if (!err)
		rep_set(rep, i, elapsed_ns(t0) / s->n[i]);
	parked_goroutines_release(&parked);
	return err;
}

/* May step @i be done? Else *why says why not. */
static bool goroutine_room(const struct plan *p, const struct rep *rep, size_t i,
			   uint64_t available, char *why)
{
	const struct steps *s = p->arg;
	char n[TEXT_SIZE], bytes[TEXT_SIZE];

	text_count(n, s->n[i]);
	if (s->n[i] > available / 2 / GOROUTINE_BYTES) {
		snprintf(why, WHY_SIZE, "goroutines: %s might take more than half of %s available",
			 n, text_value(bytes, "bytes", available));
		return false;
	}
	/* A step of fewer than 1,000 is too short to judge by. */
	if (!p->o->n && i && s->n[i - 1] >= 1000 &&
	    rep->value[i - 1] * s->n[i] > (double)s->step_s * NSEC_PER_SEC) {
		snprintf(why, WHY_SIZE, "goroutines: %s would take this machine more than %d s", n,
			 s->step_s);
		return false;
	}
	return true;
}

/* What ended the attempt, where all were not reached, behind what ended the steps. */
static void goroutine_reason(char *why, uint64_t alive, int err, int seconds)
{
	size_t len = strlen(why);
	char n[TEXT_SIZE];

	if (!err)
		return;
	len += snprintf(why + len, WHY_SIZE - len, "%s%s alive", len ? ", " : "goroutines: ",
			text_count(n, alive));
	if (err == -ETIMEDOUT)
		snprintf(why + len, WHY_SIZE - len, " after the %d s they were given", seconds);
	else
		snprintf(why + len, WHY_SIZE - len, ", then %s", strerror(-err));
}

/*
 * As many as can be, and not more than @most. Memory is compared with that before the first
 * step: the runtime keeps stacks for the next one to use.
 */
static void goroutine_max(const struct steps *s, struct rep *rep, uint64_t most,
			  const struct memuse *from, char *why)
{
	struct parked_goroutines parked;
	struct memuse to, each;
	uint64_t alive;
	int64_t t0;
	int err;

	t0 = now_ns();
	err = parked_goroutines_until(&parked, most, t0 + s->attempt_s * NSEC_PER_SEC);
	alive = parked.nr;
	rep->made += alive;
	goroutine_reason(why, alive, err, s->attempt_s);
	if (alive && !memuse_read(&to)) {
		each = memuse_each(from, &to, alive);
		rep_set(rep, s->nr + BYTES_AT_MAX, memuse_committed(&each));
	}
	t0 = now_ns();
	parked_goroutines_release(&parked);
	if (alive) {
		rep_set(rep, s->nr + RELEASE_AT_MAX, elapsed_ns(t0) / alive);
		rep_set(rep, s->nr + MAX_ALIVE, alive);
	}
}

static void goroutine_side(const struct plan *p, struct rep *rep)
{
	const struct steps *s = p->arg;
	uint64_t available = host_memory_available(), most = available / 2 / GOROUTINE_BYTES;
	struct parked_goroutines warm;
	char text[TEXT_SIZE], why[WHY_SIZE] = "";
	struct memuse from;
	int err;

	parked_goroutines_make(&warm, 10);
	rep->made += warm.nr;
	if (warm.gate)
		parked_goroutines_settle(&warm);
	parked_goroutines_release(&warm);
	err = memuse_read(&from);
	if (err) {
		rep_fail(rep, s->nr + NR_LAST, "goroutines: %s", strerror(-err));
		return;
	}
	for (size_t i = 0; i < s->nr && goroutine_room(p, rep, i, available, why); i++) {
		err = goroutine_step(s, rep, i);
		if (err) {
			snprintf(why, sizeof(why), "goroutines: %s not reached: %s",
				 text_count(text, s->n[i]), strerror(-err));
			break;
		}
	}
	goroutine_max(s, rep, most < s->n[s->nr - 1] ? most : s->n[s->nr - 1], &from, why);
	rep_fail(rep, s->nr + NR_LAST, "%s", why);
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
	s->attempt_s = o->quick ? ATTEMPT_QUICK_S : ATTEMPT_S;
	s->step_s = o->quick ? STEP_QUICK_S : STEP_S;
	snprintf(s->label[s->nr], sizeof(s->label[0]), "most alive at once within %d s",
		 s->attempt_s);
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
	/* Within how long it says, too. */
	defs[s.nr + MAX_ALIVE].label = s.label[s.nr];
	result_param(r, "time_ms", s.attempt_s * 1000);
	p.asked = s.n[s.nr - 1];
	return experiment_finish(r, &p, defs, s.nr + NR_LAST, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"10, 100, 1,000, ... are made, all parked at once, and let go; the cost of each as their\n"
	"number grows. Then as many as can be made within 3 s (--quick: 1 s), the same time for\n"
	"both sides: until it is over, or all of --n are there, or a limit is hit, or one that other\n"
	"programs live from too is near; the verdict says which.\n"
	"\n"
	"Read: a million goroutines take memory, and nothing else; threads end at the first of the\n"
	"limits that `gvt doctor` lists.\n"
	"\n"
	"Distorts: memory: half of what is available is all that it takes, so a small machine has\n"
	"fewer. Limits are left as found, and a reserve of them to others. On a slow machine time\n"
	"ends both sides, and how many there are then is a matter of what each costs. Emulated\n"
	"(--where vm), a goroutine takes some 3 us where it gets a stack that was there, and more\n"
	"than 100 us where its stack is new, on one P too; several times that on a busy host.\n";

const struct experiment experiment_scale = {
	.name = "scale",
	.claim = "Many more goroutines than threads can be alive at once",
	.about = about,
	.n_means = "the most goroutines, and threads, to have alive at once",
	.n_max = 10000000,
	.run = run,
};
