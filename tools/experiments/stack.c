// SPDX-License-Identifier: GPL-2.0-only
/*
 * stack.c - does a stack take memory as it is needed, and give it back?
 *
 * Some workers park, recurse deep, park there, return, park, and end. What they take is
 * read while all are parked at the same place. Resident memory, page tables and kernel
 * stacks in sum, as in memory.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "crew.h"
#include "experiment.h"
#include "memuse.h"

#define WORKERS		64
#define FRAME		1024

/* Where nobody needs a stack's memory for so long, libgo gives it back: else a second. */
#define COOL_MS		100
#define GIVE_BACK_NS	(10 * NSEC_PER_SEC)
#define LOOK_NS		(50 * 1000000LL)

enum { FRESH, DEEP, RETURNED, ENDED, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[FRESH] = { "fresh_bytes", "bytes", "taken by one that has just started" },
	[DEEP] = { "deep_bytes", "bytes", "  deep in a recursion" },
	[RETURNED] = { "returned_bytes", "bytes", "  back from it" },
	[ENDED] = { "ended_bytes", "bytes", "  after its end" },
};

struct stacks {
	size_t depth;
	struct gate fresh, deep, returned;
};

static __attribute__((noinline)) void recurse(struct stacks *s, size_t left)
{
	char frame[FRAME];

	memset(frame, left, sizeof(frame));
	__asm__ volatile("" : : "r"(frame) : "memory");
	if (left > FRAME)
		recurse(s, left - FRAME);
	else
		gate_pass(&s->deep);
	/* Used after the call, so this is a call. */
	__asm__ volatile("" : : "r"(frame) : "memory");
}

static void worker(void *arg, uint64_t i)
{
	struct stacks *s = arg;

	(void)i;
	gate_pass(&s->fresh);
	recurse(s, s->depth);
	gate_pass(&s->returned);
}

/* When all are at @g: what each takes; then let them go on. */
static int look(struct rep *rep, int metric, struct gate *g, const struct memuse *before)
{
	struct memuse now, each;
	int err;

	gate_gather(g);
	err = memuse_read(&now);
	if (!err) {
		each = memuse_each(before, &now, WORKERS);
		rep_set(rep, metric, memuse_committed(&each));
	}
	gate_open(g);
	return err;
}

/* What is left of them, as soon as most of it is gone, or after some time. */
static int look_after(struct rep *rep, const struct memuse *before)
{
	int64_t end = now_ns() + GIVE_BACK_NS;
	struct memuse now, each;
	int err;

	for (;;) {
		err = memuse_read(&now);
		if (err)
			return err;
		each = memuse_each(before, &now, WORKERS);
		if (memuse_committed(&each) < rep->value[DEEP] / 8 || now_ns() > end)
			break;
		go_sleep(LOOK_NS);
	}
	rep_set(rep, ENDED, memuse_committed(&each));
	return 0;
}

static int life(const struct plan *p, struct rep *rep, uint64_t workers, bool looked_at)
{
	struct stacks s = { .depth = p->n[0] * 1024 };
	struct gate *gate[] = { &s.fresh, &s.deep, &s.returned };
	struct memuse before;
	struct crew crew;
	int err = 0;

	/*
	 * What is touched is counted. Where the kernel gives huge pages to all (always in
	 * transparent_hugepage/enabled), one memory of 2 MiB that is touched once, as a new thread's
	 * stack, is as much as all 64 may have left in the end.
	 */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(gate); i++) {
		err = gate_init(gate[i], p->s, workers);
		if (err)
			return err;
	}
	err = memuse_read(&before);
	if (!err)
		err = crew_start(&crew, rep, p->s, workers, worker, &s);
	/* Those that wait for others who will never come end with this process. */
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(gate) && !err; i++) {
		if (looked_at) {
			err = look(rep, FRESH + i, gate[i], &before);
		} else {
			gate_gather(gate[i]);
			gate_open(gate[i]);
		}
	}
	if (err)
		return err;
	crew_wait(&crew);
	for (size_t i = 0; i < ARRAY_SIZE(gate); i++)
		gate_exit(gate[i]);
	return looked_at ? look_after(rep, &before) : 0;
}

static void side(const struct plan *p, struct rep *rep)
{
	/* Touches what the first ones of a process touch. */
	int err = life(p, rep, 2, false);

	if (!err)
		err = life(p, rep, WORKERS, true);
	if (err)
		side_fail(p, rep, NR_METRICS, err);
}

static int run(struct result *r, const struct options *o)
{
	uint64_t depth = experiment_n(o, 128, 128);
	const struct expectation expected[] = {
		{ EXPECT_SIDE_MAX, "fresh_bytes", SIDE_GOROUTINE, 16384 },
		{ EXPECT_SIDE_MIN, "deep_bytes", SIDE_GOROUTINE, depth * 1024. },
		{ EXPECT_SIDE_MAX, "ended_bytes", SIDE_GOROUTINE, depth * 256. },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = depth;
	p.debug[0] = "cool=100";
	result_param(r, "workers", WORKERS);
	result_param(r, "cool_ms", COOL_MS);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"64 of them park, recurse --n KiB deep, park there, return, park, and end. While all are\n"
	"at the same place, what the process takes more than before is read (resident memory,\n"
	"page tables, kernel stacks) and divided by 64.\n"
	"\n"
	"Read: both kinds of stack take memory as it is touched, page by page. Neither gives it\n"
	"back while its owner lives: Go's collector would shrink the stack that has returned,\n"
	"libgo gives back the memory of stacks whose goroutine has ended and that nobody needed\n"
	"since (here for 100 ms, LIBGO_DEBUG=cool=100; otherwise for a second). glibc keeps up to\n"
	"40 MiB of ended threads' stacks, and how much of them was touched.\n"
	"\n"
	"Distorts: kernel stacks can be read for the whole system only: threads that others make\n"
	"meanwhile are in the figures.\n";

const struct experiment experiment_stack = {
	.name = "stack",
	.claim = "A goroutine's stack starts small, grows as needed, and gives its memory back",
	.about = about,
	.n_means = "KiB that each recurses",
	.n_max = 200,
	.run = run,
};
