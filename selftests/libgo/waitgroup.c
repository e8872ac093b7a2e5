// SPDX-License-Identifier: GPL-2.0-only
/* waitgroup.c - waits for exactly as many as were added, any number of times. */
#include "test.h"

static struct go_waitgroup wg, waiting, woken;
static unsigned long count;
static long plain[64];

static void does(void *arg)
{
	int me = (intptr_t)arg;

	if (me % 3 == 0)
		go_yield();
	/* Not atomic: seen by who waited, or TSan complains. */
	plain[me]++;
	inc(count);
	go_wg_done(&wg);
}

static void reused(void *arg)
{
	int round, i, n = scaled(2000);

	memset(plain, 0, sizeof(plain));
	count = 0;
	for (round = 1; round <= n; round++) {
		go_wg_add(&wg, 64);
		start_n(64, does);
		go_wg_wait(&wg);
		CHECK_EQ(64 * round, rd(count));
		for (i = 0; i < 64; i++)
			CHECK_EQ(round, plain[i]);
	}
	/* Nothing to wait for. */
	go_wg_wait(&wg);
}

static void waits(void *arg)
{
	go_wg_done(&waiting);
	go_wg_wait(&wg);
	CHECK_EQ(1, rd(count));
	go_wg_done(&woken);
}

static void many_waiters(void *arg)
{
	int round, i;

	for (round = 0; round < 50; round++) {
		wr(count, 0);
		go_wg_add(&wg, 3);
		go_wg_add(&waiting, 100);
		go_wg_add(&woken, 100);
		start_n(100, waits);
		go_wg_wait(&waiting);
		for (i = 0; i < round % 5; i++)
			go_yield();
		go_wg_done(&wg);
		go_wg_add(&wg, -1);
		wr(count, 1);
		go_wg_done(&wg);
		go_wg_wait(&woken);
	}
}

static void adds_more(void *arg)
{
	intptr_t depth = (intptr_t)arg;

	if (depth) {
		go_wg_add(&wg, 2);
		start(adds_more, (void *)(depth - 1));
		start(adds_more, (void *)(depth - 1));
	}
	inc(count);
	go_wg_done(&wg);
}

/* Added to while waited for, by those that are waited for. */
static void grows(void *arg)
{
	int depth = TEST_TSAN ? 8 : 13;

	wr(count, 0);
	go_wg_add(&wg, 1);
	start(adds_more, (void *)(intptr_t)depth);
	go_wg_wait(&wg);
	CHECK_EQ((2 << depth) - 1, rd(count));
}

static void large(void *arg)
{
	go_wg_add(&wg, INT64_C(1) << 30);
	go_wg_add(&wg, 5);
	go_wg_add(&wg, -(INT64_C(1) << 30));
	go_wg_add(&wg, -5);
	go_wg_wait(&wg);
	go_wg_add(&wg, 0);
	go_wg_wait(&wg);
}

TEST(used_again_and_again)
{
	run_on(1, reused, NULL);
	run_on(4, reused, NULL);
}

TEST(all_waiters_wake)
{
	run_on(1, many_waiters, NULL);
	run_on(4, many_waiters, NULL);
}

TEST(grows_while_waited_for)
{
	run_on(1, grows, NULL);
	run_on(8, grows, NULL);
}

TEST(large_numbers)
{
	run_on(1, large, NULL);
}

TEST_HARNESS_MAIN
