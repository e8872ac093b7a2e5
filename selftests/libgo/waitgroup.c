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

/* So many that Ps count for themselves, several thousand at a time. */
static int many_enough(void)
{
	size_t n = scaled(20000);

	return n < 2000 ? 2000 : (int)n;
}

static void counts_off(void *arg)
{
	if ((intptr_t)arg % 7 == 0)
		go_yield();
	inc(count);
	go_wg_done(&wg);
}

/* Whoever waited sees all of them, and may do with the waitgroup what it likes at once. */
static void many(void *arg)
{
	int round, n = many_enough();

	for (round = 1; round <= 10; round++) {
		wr(count, 0);
		go_wg_add(&wg, n);
		start_n(n, counts_off);
		go_wg_wait(&wg);
		CHECK_EQ(n, rd(count));
		memset(&wg, round % 2 ? 0 : -1, sizeof(wg));
		memset(&wg, 0, sizeof(wg));
	}
}

TEST(many_on_several_ps)
{
	run_on(2, many, NULL);
	run_on(8, many, NULL);
}

static void counts_in_parts(void *arg)
{
	intptr_t n = (intptr_t)arg;

	inc(count);
	/* Ps have counted some off for themselves: the rest has to be asked for. */
	go_wg_add(&wg, -n);
}

/* Some by one, some by many, and new ones while the last ones are counted off. */
static void mixed(void *arg)
{
	int n = many_enough(), round, i;

	for (round = 0; round < 10; round++) {
		wr(count, 0);
		go_wg_add(&wg, n);
		start_n(n / 2, counts_off);
		for (i = n / 2; i < n; i += 100)
			start(counts_in_parts, (void *)(intptr_t)(n - i < 100 ? n - i : 100));
		for (i = 0; i < n; i++) {
			go_wg_add(&wg, 1);
			start(counts_off, NULL);
			if (i % 64 == 0)
				go_yield();
		}
		go_wg_wait(&wg);
		CHECK_EQ(n / 2 + (n - n / 2 + 99) / 100 + n, rd(count));
	}
}

TEST(by_one_and_by_many)
{
	run_on(2, mixed, NULL);
	run_on(8, mixed, NULL);
}

static void *counts_off_in_a_thread(void *arg)
{
	int i, n = (int)(intptr_t)arg;

	for (i = 0; i < n; i++) {
		inc(count);
		go_wg_done(&wg);
	}
	return NULL;
}

static void with_threads(void *arg)
{
	pthread_t thread[2];
	int n = many_enough(), i;

	wr(count, 0);
	go_wg_add(&wg, 3 * n);
	for (i = 0; i < 2; i++)
		CHECK_EQ(0, pthread_create(&thread[i], NULL, counts_off_in_a_thread,
					   (void *)(intptr_t)n));
	start_n(n, counts_off);
	go_wg_wait(&wg);
	CHECK_EQ(3 * n, rd(count));
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

TEST(with_threads_that_are_no_goroutines)
{
	run_on(2, with_threads, NULL);
	run_on(8, with_threads, NULL);
}

/* One that is given up while Ps have counted some off for themselves is not touched again. */
static void given_up(void *arg)
{
	int n = many_enough();

	wr(count, 0);
	go_wg_add(&wg, 2 * n);
	start_n(n, counts_off);
	while (rd(count) < (unsigned long)n)
		go_yield();
	/* The last ones may not have come to go_wg_done() yet. */
	go_sleep(20 * MS);
	memset(&wg, 0, sizeof(wg));
	many(NULL);
}

TEST(given_up_and_zeroed)
{
	run_on(2, given_up, NULL);
	run_on(4, given_up, NULL);
}

static struct go_group group;

static int every_other_waits(void *arg)
{
	if ((intptr_t)arg % 2 == 0)
		until(rd(count));
	return 0;
}

static void takes(void *arg)
{
	CHECK(go_recover());
}

static void sets_limit(void *arg)
{
	go_defer(takes, NULL);
	go_group_limit(&group, 5);
}

static bool says_active(int n)
{
	struct go_panic said;
	char want[100];

	snprintf(want, sizeof(want),
		 "errgroup: modify limit while %d goroutines in the group are still active", n);
	CHECK_EQ(-ECANCELED, go_call(sets_limit, NULL, &said));
	return !strcmp(want, said.text);
}

/* What is left is all that are left, also while Ps count for themselves. */
static void left(void *arg)
{
	int n = 2 * many_enough(), i;

	wr(count, 0);
	memset(&group, 0, sizeof(group));
	for (i = 0; i < n; i++)
		go_group_go(&group, every_other_waits, (void *)(intptr_t)i);
	/* The last ones to end may not have been counted off yet. */
	until(says_active(n / 2));
	go_sleep(10 * MS);
	CHECK(says_active(n / 2));
	wr(count, 1);
	CHECK_EQ(0, go_group_wait(&group));
	go_group_limit(&group, 5);
}

TEST(what_is_left)
{
	run_on(2, left, NULL);
	run_on(8, left, NULL);
}

TEST_HARNESS_MAIN
