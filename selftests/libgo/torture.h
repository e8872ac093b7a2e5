/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * torture.h - goroutines in tight loops of libc calls, while their threads lose their Ps
 * at any moment: in malloc, with a FILE locked, in the dynamic loader. All have to end,
 * with the right results.
 *
 * Nothing here calls libgo between two calls of libc's, so nothing but preemption lets the
 * others run; each loop is as long as many of its intervals.
 */
#ifndef LIBGO_TORTURE_H
#define LIBGO_TORTURE_H

#include "test.h"

#define TORTURERS	24

static struct go_waitgroup torture_wg;
static void (*torture_fn)(int me);

static void torture_one(void *arg)
{
	torture_fn((intptr_t)arg);
	go_wg_done(&torture_wg);
}

static void torture_all(void *arg)
{
	go_wg_add(&torture_wg, TORTURERS);
	start_n(TORTURERS, torture_one);
	go_wg_wait(&torture_wg);
}

/*
 * With a slice of 100 us; several times, until threads have lost their Ps so often, by
 * computing or by waiting for each other's locks. Return: how many times; 0: so often that
 * was not to be had.
 *
 * TSan doesn't interrupt a loop: there it is what blocks that loses its P, if anything does.
 */
static __maybe_unused int torture(int procs, void (*fn)(int me))
{
	uint64_t lost = 0;
	struct go_stats s;
	int runs;

	torture_fn = fn;
	setenv("LIBGO_DEBUG", "preempt=100", 1);
	for (runs = 1; runs <= 100; runs++) {
		run_on(procs, torture_all, NULL);
		go_stats(&s);
		lost += s.preemptions + s.handoffs;
		if (TEST_TSAN || lost >= 20)
			return runs;
	}
	return 0;
}

#define NOT_PREEMPTED "no thread loses its P here"

#define TORTURE_ON(name, procs, why_not, fn)				\
	TEST(name) {							\
		const char *why = why_not;				\
									\
		if (why)						\
			SKIP(return, "%s", why);			\
		if (!torture(procs, fn))				\
			SKIP(return, NOT_PREEMPTED);			\
	}

/* @why_not: NULL, or why this can't be done here. */
#define TORTURE(name, why_not, fn)					\
	TORTURE_ON(name##_on_1_p, 1, why_not, fn)			\
	TORTURE_ON(name##_on_2_ps, 2, why_not, fn)			\
	TORTURE_ON(name##_on_8_ps, 8, why_not, fn)

/* It then sees one thread free what another one allocated, under a lock that it doesn't see. */
#define UNSEEN_LOCKS (TEST_TSAN ? "TSan doesn't see the locks inside libc" : NULL)

#endif /* LIBGO_TORTURE_H */
