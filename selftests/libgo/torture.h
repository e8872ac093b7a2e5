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

#define TORTURERS	12

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

/* On 1, 2 and 8 Ps, each thread running for at most 100 us at a time. */
static __maybe_unused void torture(int procs, void (*fn)(int me))
{
	torture_fn = fn;
	setenv("LIBGO_DEBUG", "preempt=100", 1);
	run_on(procs, torture_all, NULL);
}

#define TORTURE_ON(name, procs, why_not, fn)				\
	TEST(name) {							\
		const char *why = why_not;				\
									\
		if (why)						\
			SKIP(return, "%s", why);			\
		torture(procs, fn);					\
	}

/* @why_not: NULL, or why this can't be done here. */
#define TORTURE(name, why_not, fn)					\
	TORTURE_ON(name##_on_1_p, 1, why_not, fn)			\
	TORTURE_ON(name##_on_2_ps, 2, why_not, fn)			\
	TORTURE_ON(name##_on_8_ps, 8, why_not, fn)

/* It then sees one thread free what another one allocated, under a lock that it doesn't see. */
#define UNSEEN_LOCKS (TEST_TSAN ? "TSan doesn't see the locks inside libc" : NULL)

#endif /* LIBGO_TORTURE_H */
