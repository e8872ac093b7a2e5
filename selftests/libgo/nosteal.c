// SPDX-License-Identifier: GPL-2.0-only
/*
 * nosteal.c - LIBGO_DEBUG=nosteal: what is queued on one P stays there, and all of it runs.
 */
#include "test.h"

#define PROCS	4
#define MANY	100	/* fewer than a queue holds: what is beyond goes to the global one */

static struct go_waitgroup wg;
static pid_t ran_on[MANY];
static int stop;

static void note(void *arg)
{
	go_yield();
	ran_on[(intptr_t)arg] = syscall(SYS_gettid);
	go_yield();
	go_wg_done(&wg);
}

static void many(void *arg)
{
	pid_t own = syscall(SYS_gettid);
	struct go_stats s;
	int i;

	go_wg_add(&wg, MANY);
	start_n(MANY, note);
	go_wg_wait(&wg);
	for (i = 0; i < MANY; i++)
		CHECK_EQ(own, ran_on[i]);
	go_stats(&s);
	CHECK_EQ(0, s.steals);
}

/* Without preemption a P stays with its thread, so that the thread tells the P. */
TEST(all_stay_on_their_p)
{
	setenv("LIBGO_DEBUG", "nosteal,preempt=0", 1);
	run_on(PROCS, many, NULL);
}

static void spin(void *arg)
{
	while (!rd(stop))
		;
	go_wg_done(&wg);
}

static void end_it(void *arg)
{
	wr(stop, 1);
	go_wg_done(&wg);
}

/* The one that ends it is behind it in the queue, while the other Ps have nothing to do. */
static void behind_a_loop(void *arg)
{
	struct go_stats s;

	wr(stop, 0);
	go_wg_add(&wg, 2);
	start(end_it, NULL);
	start(spin, NULL);
	go_wg_wait(&wg);
	go_stats(&s);
	CHECK_EQ(0, s.steals);
}

TEST(none_waits_for_ever)
{
	if (TEST_TSAN)
		SKIP(return, "TSan calls no signal handler in a loop");
	setenv("LIBGO_DEBUG", "nosteal", 1);
	run_on(PROCS, behind_a_loop, NULL);
}

/* From outside, by the global queue, each P still takes. */
static void *from_outside(void *arg)
{
	int i;

	for (i = 0; i < MANY; i++)
		CHECK_EQ(0, go(note, (void *)(intptr_t)i));
	return NULL;
}

static void global(void *arg)
{
	pthread_t t;

	go_wg_add(&wg, MANY);
	CHECK_EQ(0, pthread_create(&t, NULL, from_outside, NULL));
	go_wg_wait(&wg);
	CHECK_EQ(0, pthread_join(t, NULL));
}

TEST(the_global_queue_is_everybodys)
{
	setenv("LIBGO_DEBUG", "nosteal", 1);
	run_on(PROCS, global, NULL);
}

/* It is a setting of one run. */
static void stolen(void *arg)
{
	struct go_stats s;

	do {
		go_wg_add(&wg, MANY);
		start_n(MANY, note);
		go_wg_wait(&wg);
		go_stats(&s);
	} while (!s.steals);
}

TEST(the_next_run_steals_again)
{
	setenv("LIBGO_DEBUG", "nosteal,preempt=0", 1);
	run_on(PROCS, many, NULL);
	unsetenv("LIBGO_DEBUG");
	run_on(PROCS, stolen, NULL);
}

TEST_HARNESS_MAIN
