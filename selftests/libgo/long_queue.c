// SPDX-License-Identifier: GPL-2.0-only
/*
 * long_queue.c - many more that are ready than a P's ring holds: what overflows stands in the
 * global queue in batches, of which who comes by takes a part, while others put single ones
 * behind them. Each has to run, once, and again as often as it is made ready; and one that ended
 * is made anew by whoever wants one.
 */
#include "test.h"

#define MANY	(TEST_TSAN || TEST_ASAN || TEST_VALGRIND ? 3000 : 30000)
#define ROUNDS	3
#define THREADS	2
#define FROM_EACH	(MANY / 20)

static uint32_t ran[30000], rounds, foreign;
static struct go_waitgroup wg;

static void yields(void *arg)
{
	inc(ran[(intptr_t)arg]);
	/* To the end of a ring that may be full. */
	for (int i = 0; i < 3; i++)
		go_yield();
	inc(ran[(intptr_t)arg]);
	go_wg_done(&wg);
}

static void from_thread(void *arg)
{
	inc(foreign);
	go_wg_done(&wg);
}

static void *makes(void *arg)
{
	for (int i = 0; i < FROM_EACH; i++) {
		CHECK_EQ(0, go(from_thread, NULL));
		/* Among the others. */
		if (i % 16 == 0)
			usleep(100);
	}
	return NULL;
}

static void all(void *arg)
{
	pthread_t t[THREADS];

	for (int round = 1; round <= ROUNDS; round++) {
		go_wg_add(&wg, MANY + THREADS * FROM_EACH);
		for (int i = 0; i < THREADS; i++)
			CHECK_EQ(0, pthread_create(&t[i], NULL, makes, NULL));
		for (intptr_t i = 0; i < MANY; i++)
			CHECK_EQ(0, go(yields, (void *)i));
		go_wg_wait(&wg);
		for (int i = 0; i < THREADS; i++)
			CHECK_EQ(0, pthread_join(t[i], NULL));
		for (int i = 0; i < MANY; i++)
			CHECK_EQ(2 * round, rd(ran[i]));
		CHECK_EQ(round * THREADS * FROM_EACH, rd(foreign));
	}
	until(go_num() == 1);
	inc(rounds);
}

TEST(one_p)
{
	run_on(1, all, NULL);
	EXPECT_EQ(1, rd(rounds));
}

TEST(two_ps)
{
	run_on(2, all, NULL);
	EXPECT_EQ(1, rd(rounds));
}

TEST(eight_ps)
{
	run_on(8, all, NULL);
	EXPECT_EQ(1, rd(rounds));
}

/* What they stood in goes with the run, and with what was left in it. */
static void leave_many(void *arg)
{
	go_wg_add(&wg, MANY);
	for (intptr_t i = 0; i < MANY; i++)
		CHECK_EQ(0, go(yields, (void *)i));
}

TEST(left_at_the_end)
{
	for (int i = 0; i < ROUNDS; i++) {
		run_on(i + 1, leave_many, NULL);
		memset(&wg, 0, sizeof(wg));
		memset(ran, 0, sizeof(ran));
	}
	run_on(2, all, NULL);
	EXPECT_EQ(1, rd(rounds));
}

/* Waiters that are all made ready at once: none of them is fresh. */
static struct go_chan *gate;
static uint32_t through;

static void waits(void *arg)
{
	go_wg_done(&wg);
	CHECK(!go_recv(gate, NULL));
	inc(through);
}

static void wake_all(void *arg)
{
	for (int round = 1; round <= ROUNDS; round++) {
		gate = make_chan(0, 0);
		go_wg_add(&wg, MANY);
		start_n(MANY, waits);
		go_wg_wait(&wg);
		go_close(gate);
		until(go_num() == 1);
		CHECK_EQ(round * MANY, rd(through));
		go_chan_free(gate);
	}
}

TEST(woken_at_once)
{
	run_on(2, wake_all, NULL);
	EXPECT_EQ(ROUNDS * MANY, rd(through));
}

TEST_HARNESS_MAIN
