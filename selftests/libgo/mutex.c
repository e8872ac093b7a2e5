// SPDX-License-Identifier: GPL-2.0-only
/* mutex.c - one at a time, nobody left out. */
#include "test.h"

static struct go_mutex mutex;
static struct go_waitgroup wg;
static unsigned long counter, inside, stage;
static bool end;

static void counts(void *arg)
{
	size_t i, n = scaled(100000);

	for (i = 0; i < n; i++) {
		go_mutex_lock(&mutex);
		counter++;
		go_mutex_unlock(&mutex);
	}
	go_wg_done(&wg);
}

static void exact(void *arg)
{
	counter = 0;
	go_wg_add(&wg, 8);
	start_n(8, counts);
	go_wg_wait(&wg);
	go_mutex_lock(&mutex);
	CHECK_EQ(8 * scaled(100000), counter);
	go_mutex_unlock(&mutex);
}

/* Held across waits of every kind. */
static void holds(void *arg)
{
	int i;

	for (i = 0; i < 100; i++) {
		if (i % 10 == 0)
			until(go_mutex_trylock(&mutex));
		else
			go_mutex_lock(&mutex);
		CHECK_EQ(1, inc(inside));
		CHECK(!go_mutex_trylock(&mutex));
		if (i % 20 == 7)
			go_sleep(10000);
		else
			go_yield();
		CHECK_EQ(1, rd(inside));
		__atomic_sub_fetch(&inside, 1, __ATOMIC_ACQ_REL);
		go_mutex_unlock(&mutex);
	}
	go_wg_done(&wg);
}

static void exclusive(void *arg)
{
	go_wg_add(&wg, 20);
	start_n(20, holds);
	go_wg_wait(&wg);
}

static void unlocks(void *arg)
{
	go_mutex_unlock(&mutex);
}

static void by_another(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++) {
		go_mutex_lock(&mutex);
		start(unlocks, NULL);
		go_mutex_lock(&mutex);
		CHECK(!go_mutex_trylock(&mutex));
		go_mutex_unlock(&mutex);
		CHECK(go_mutex_trylock(&mutex));
		go_mutex_unlock(&mutex);
	}
}

/*
 * Gives the lock back only to take it again at once, and lets others run only
 * while it holds it: without a handover the waiter finds it locked for ever.
 */
static void greedy(void *arg)
{
	while (!rd(end)) {
		go_mutex_lock(&mutex);
		go_yield();
		go_mutex_unlock(&mutex);
	}
	go_wg_done(&wg);
}

/* The same without a yield: needs a P of its own. */
static void greedy_loop(void *arg)
{
	while (!rd(end)) {
		go_mutex_lock(&mutex);
		go_mutex_unlock(&mutex);
	}
	go_wg_done(&wg);
}

static void waiter(void *arg)
{
	int i;

	for (i = 0; i < 20; i++) {
		go_mutex_lock(&mutex);
		inc(stage);
		go_mutex_unlock(&mutex);
	}
	if (rd(stage) >= 60)
		wr(end, true);
	go_wg_done(&wg);
}

static void not_starved(void *arg)
{
	wr(end, false);
	wr(stage, 0);
	go_wg_add(&wg, 4);
	start(arg ? greedy_loop : greedy, NULL);
	start_n(3, waiter);
	go_wg_wait(&wg);
	CHECK_EQ(60, rd(stage));
	CHECK(go_mutex_trylock(&mutex));
	go_mutex_unlock(&mutex);
}

TEST(counter_is_exact)
{
	run_on(1, exact, NULL);
	run_on(2, exact, NULL);
	run_on(8, exact, NULL);
}

TEST(held_by_one)
{
	run_on(1, exclusive, NULL);
	run_on(8, exclusive, NULL);
}

TEST(unlocked_by_another)
{
	run_on(1, by_another, NULL);
	run_on(4, by_another, NULL);
}

TEST(no_starvation_one_p)
{
	run_on(1, not_starved, NULL);
}

TEST(no_starvation_many_ps)
{
	run_on(4, not_starved, NULL);
	run_on(4, not_starved, (void *)1);
}

TEST_HARNESS_MAIN
