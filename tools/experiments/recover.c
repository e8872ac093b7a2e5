// SPDX-License-Identifier: GPL-2.0-only
/*
 * recover.c - an error far down: can the caller take it and go on, and what does it cost?
 *
 * Some calls deep a panic is raised; a deferred call of the outermost frame takes it. The
 * thread side is what C has for it: setjmp() and longjmp(). Then nothing fails: that is
 * the price of being ready for it. And errors that are returned: a group of workers has
 * the first one of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"

#define DEPTH	10

/* Of the group, and the one that fails. */
#define MEMBERS	100
#define FAILS	37
#define GROUPS	20

enum { READY, TAKEN, COUNT, MEMBER, HEARD, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[READY] = { "call_ns", "ns", "a call that is ready for a failure; none happens" },
	[TAKEN] = { "recover_ns", "ns", "  it happens, 10 calls deep, and is taken" },
	[COUNT] = { "recovered", "count", "  as many were taken" },
	[MEMBER] = { "member_ns", "ns", "each of a group of 100, of which one fails" },
	[HEARD] = { "groups_failed", "count", "  groups whose error was heard of, of 20" },
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

/* ----------------------------------------------------------------------- groups */

/* What a goroutine of a group is told; threads have their number. */
struct member {
	uint64_t i;
};

/* Threads': the first error. */
struct outcome {
	int err;
};

static int work(uint64_t i)
{
	return i == FAILS ? -EIO : 0;
}

static int go_member(void *arg)
{
	const struct member *m = arg;

	return work(m->i);
}

static void thread_member(void *arg, uint64_t i)
{
	struct outcome *o = arg;
	int err = work(i), none = 0;

	if (err)
		__atomic_compare_exchange_n(&o->err, &none, err, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
}

/* Return: the group's error. */
static int group(const struct plan *p, struct rep *rep)
{
	struct member member[MEMBERS];
	struct outcome o = { .err = 0 };
	struct go_group g;
	int err;

	if (p->s == SIDE_THREAD) {
		err = crew_run(rep, p->s, MEMBERS, thread_member, &o);
		return err ? err : o.err;
	}
	memset(&g, 0, sizeof(g));
	for (uint64_t i = 0; i < MEMBERS; i++) {
		member[i].i = i;
		go_group_go(&g, go_member, &member[i]);
	}
	rep->made += MEMBERS;
	return go_group_wait(&g);
}

static void groups(const struct plan *p, struct rep *rep)
{
	uint64_t failed = 0;
	int64_t t0;

	for (int i = 0; i < GROUPS / 10 + 1; i++)
		group(p, rep);
	t0 = now_ns();
	for (int i = 0; i < GROUPS; i++)
		failed += group(p, rep) == -EIO;
	rep_set(rep, MEMBER, elapsed_ns(t0) / (GROUPS * MEMBERS));
	rep_set(rep, HEARD, failed);
}

/* --------------------------------------------------------------------- panics */

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

	if (!err)
		groups(p, rep);
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
		{ EXPECT_SIDE_MIN, "groups_failed", SIDE_GOROUTINE, GROUPS },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = p.n[TAKEN] = p.n[COUNT] = n;
	p.n[MEMBER] = GROUPS * MEMBERS;
	p.n[HEARD] = GROUPS;
	result_param(r, "depth", DEPTH);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"A function calls others, 10 deep; the innermost one panics. A deferred call of the\n"
	"outermost frame (go_call) takes the panic, and the caller goes on. Threads do what C has\n"
	"for it: setjmp() and longjmp(). And the same where nothing fails. Then 20 groups of 100\n"
	"workers, of which one returns an error: the group has to have it (go_group).\n"
	"\n"
	"Read: every panic was taken, and the goroutine lives on. longjmp() is cheaper: it runs\n"
	"nothing of what it jumps over, while deferred calls run on the way, and a text is made\n"
	"of the panic. An error that is expected is returned, in C as in Go.\n"
	"\n"
	"Distorts: nothing much: one worker, no kernel.\n";

const struct experiment experiment_recover = {
	.name = "recover",
	.claim = "Panics can be recovered, errors passed on: the caller hears of a failure and goes on",
	.about = about,
	.n_means = "calls, and failures",
	.n_max = 100000000,
	.run = run,
};
