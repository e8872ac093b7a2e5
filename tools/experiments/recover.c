// SPDX-License-Identifier: GPL-2.0-only
/*
 * recover.c - an error far down: can the caller take it and go on, and what does it cost?
 *
 * Some calls deep a panic is raised; a deferred call of the outermost frame takes it. The
 * thread side is what C has for it: setjmp() and longjmp(). Then nothing fails: that is
 * the price of being ready for it.
 */
#include <setjmp.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"

#define DEPTH	10

enum { READY, TAKEN, COUNT, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[READY] = { "call_ns", "ns", "a call that is ready for a failure; none happens" },
	[TAKEN] = { "recover_ns", "ns", "  it happens, 10 calls deep, and is taken" },
	[COUNT] = { "recovered", "count", "  as many were taken" },
};

struct attempt {
	bool fails;
	enum side s;
	jmp_buf out;
};

/* Something is done after the call, so that it is one. */
static __attribute__((noinline)) int descend(struct attempt *a, int depth)
{
	int deeper;

	if (depth) {
		deeper = descend(a, depth - 1);
		__asm__ volatile("" : "+r"(deeper));
		return deeper + 1;
	}
	if (!a->fails)
		return 0;
	if (a->s == SIDE_GOROUTINE)
		go_panic("it failed");
	longjmp(a->out, 1);
}

static void take(void *arg)
{
	(void)arg;
	go_recover();
}

static void go_attempt(void *arg)
{
	go_defer(take, NULL);
	descend(arg, DEPTH);
}

/* Return: it failed, and that was taken. */
static bool attempt(struct attempt *a)
{
	if (a->s == SIDE_GOROUTINE)
		return go_call(go_attempt, a, NULL) != 0;
	if (setjmp(a->out))
		return true;
	descend(a, DEPTH);
	return false;
}

static uint64_t attempts(struct attempt *a, uint64_t n)
{
	uint64_t taken = 0;

	for (uint64_t i = 0; i < n; i++)
		taken += attempt(a);
	return taken;
}

struct trial {
	const struct plan *p;
	struct rep *rep;
};

static void worker(void *arg, uint64_t i)
{
	const struct trial *t = arg;
	uint64_t n = t->p->n[0], taken = 0;
	struct attempt a = { .s = t->p->s };

	(void)i;
	for (int fails = 0; fails < 2; fails++) {
		int64_t t0;

		a.fails = fails;
		attempts(&a, n / 10);
		t0 = now_ns();
		taken = attempts(&a, n);
		rep_set(t->rep, fails ? TAKEN : READY, elapsed_ns(t0) / n);
	}
	rep_set(t->rep, COUNT, taken);
}

static void side(const struct plan *p, struct rep *rep)
{
	struct trial t = { p, rep };
	int err = crew_run(rep, p->s, 1, worker, &t);

	if (err)
		side_fail(p, rep, NR_METRICS, err);
}

static int run(struct result *r, const struct options *o)
{
	uint64_t n = experiment_n(o, 100000, 20000);
	const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "recovered", SIDE_GOROUTINE, n },
		/* Errors that are expected may be panics, if they cost no more than a thread. */
		{ EXPECT_SIDE_MAX, "recover_ns", SIDE_GOROUTINE, 10000 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = n;
	result_param(r, "depth", DEPTH);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"A function calls others, 10 deep; the innermost one panics. A deferred call of the\n"
	"outermost frame (go_call) takes the panic, and the caller goes on. Threads do what C has\n"
	"for it: setjmp() and longjmp(). And the same where nothing fails.\n"
	"\n"
	"Read: every panic was taken, and the goroutine lives on. longjmp() is cheaper: it runs\n"
	"nothing of what it jumps over, while deferred calls run on the way, and a text is made\n"
	"of the panic. An error that is expected is returned, in C as in Go.\n"
	"\n"
	"Distorts: nothing much: one worker, no kernel.\n";

const struct experiment experiment_recover = {
	.name = "recover",
	.claim = "Panics can be recovered: the caller takes the failure and goes on",
	.about = about,
	.n_means = "calls, and failures",
	.n_max = 100000000,
	.run = run,
};
