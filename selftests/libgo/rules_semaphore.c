// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_semaphore.c - what golang.org/x/sync/semaphore promises: a test for each sentence,
 * which stands above it.
 */
#include "test.h"

static struct go_sem sem;
static struct go_waitgroup wg;
static unsigned long stage, used;
static bool end;
static long plain;

static void settle(void)
{
	int i;

	for (i = 0; i < 20; i++)
		go_yield();
}

static void run_it(void *arg)
{
	run_on(1, arg, NULL);
}

/* Nothing can be taken while somebody waits, not even nothing. */
static void until_waited_for(void)
{
	while (go_sem_try_acquire(&sem, 0))
		go_yield();
}

/* Takes all that is left, one at a time. */
static int64_t drain(void)
{
	int64_t n = 0;

	while (go_sem_try_acquire(&sem, 1))
		n++;
	return n;
}

/* Zero-filled is a semaphore of 0. */
TEST(zero_value_has_nothing)
{
	struct go_sem s = { 0 };

	ASSERT_FALSE(go_sem_try_acquire(&s, 1));
	ASSERT_TRUE(go_sem_try_acquire(&s, 0));
	go_sem_release(&s, 2);
	ASSERT_FALSE(go_sem_try_acquire(&s, 3));
	ASSERT_TRUE(go_sem_try_acquire(&s, 2));
	ASSERT_FALSE(go_sem_try_acquire(&s, 1));
}

static void acquires(void *arg)
{
	go_sem_acquire(&sem, (intptr_t)arg);
	inc(stage);
	go_wg_done(&wg);
}

static void blocks(void *arg)
{
	wr(stage, 0);
	go_wg_add(&wg, 1);
	start(acquires, (void *)5);
	until_waited_for();
	go_sem_release(&sem, 4);
	settle();
	CHECK_EQ(0, rd(stage));
	go_sem_release(&sem, 3);
	go_wg_wait(&wg);
	CHECK_EQ(1, rd(stage));
	CHECK_EQ(2, drain());
}

/*
 * "Acquire acquires the semaphore with a weight of n, blocking until resources are available."
 * "Release releases the semaphore with a weight of n."
 */
TEST(acquire_blocks_until_available)
{
	run_on(1, blocks, NULL);
	run_on(4, blocks, NULL);
}

static void at_once(void *arg)
{
	go_sem_release(&sem, 10);
	go_sem_acquire(&sem, 3);
	go_sem_acquire(&sem, 7);
	CHECK(!go_sem_try_acquire(&sem, 1));
	go_sem_acquire(&sem, 0);
}

TEST(acquire_does_not_block_where_there_is_enough)
{
	at_once(NULL);
	run_on(1, at_once, NULL);
}

/*
 * "TryAcquire acquires the semaphore with a weight of n without blocking. On success, returns
 * true. On failure, returns false and leaves the semaphore unchanged."
 */
TEST(try_acquire_leaves_it_unchanged)
{
	memset(&sem, 0, sizeof(sem));
	go_sem_release(&sem, 5);
	ASSERT_FALSE(go_sem_try_acquire(&sem, 6));
	ASSERT_TRUE(go_sem_try_acquire(&sem, 3));
	ASSERT_FALSE(go_sem_try_acquire(&sem, 3));
	ASSERT_EQ(2, drain());
}

static void takes_small(void *arg)
{
	go_sem_acquire(&sem, 1);
	/* The big one came before, and has had it all. */
	CHECK(rd(stage) >= 1);
	go_sem_release(&sem, 1);
	go_wg_done(&wg);
}

static void takes_all(void *arg)
{
	go_sem_acquire(&sem, 10);
	inc(stage);
	go_sem_release(&sem, 10);
	go_wg_done(&wg);
}

static void big_before_small(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	wr(stage, 0);
	go_sem_release(&sem, 9);
	go_wg_add(&wg, 11);
	start(takes_all, NULL);
	until_waited_for();
	/* There would be enough for all of these, and for whoever tries. */
	start_n(10, takes_small);
	settle();
	CHECK_EQ(0, rd(stage));
	CHECK(!go_sem_try_acquire(&sem, 1));
	go_sem_release(&sem, 1);
	go_wg_wait(&wg);
	CHECK_EQ(10, drain());
}

/*
 * "Not enough tokens for the next waiter. We could keep going (to try to find a waiter with a
 * smaller request), but under load that could cause starvation for large requests; instead,
 * we leave all remaining waiters blocked."
 */
TEST(small_requests_do_not_pass_a_big_one)
{
	run_on(1, big_before_small, NULL);
	run_on(4, big_before_small, NULL);
}

static void always_small(void *arg)
{
	while (!rd(end)) {
		go_sem_acquire(&sem, 1);
		go_yield();
		go_sem_release(&sem, 1);
	}
	go_wg_done(&wg);
}

static void big_among_small(void *arg)
{
	int i;

	memset(&sem, 0, sizeof(sem));
	wr(end, false);
	go_sem_release(&sem, 4);
	go_wg_add(&wg, 6);
	start_n(6, always_small);
	for (i = 0; i < 50; i++) {
		go_sem_acquire(&sem, 4);
		CHECK(!go_sem_try_acquire(&sem, 1));
		go_sem_release(&sem, 4);
	}
	wr(end, true);
	go_wg_wait(&wg);
	CHECK_EQ(4, drain());
}

/* "... could cause starvation for large requests": it doesn't. */
TEST(big_requests_are_not_starved)
{
	run_on(1, big_among_small, NULL);
	run_on(4, big_among_small, NULL);
}

static int served[8], nserved;

static void takes_turn(void *arg)
{
	intptr_t me = (intptr_t)arg;

	go_sem_acquire(&sem, me);
	served[nserved++] = me;
	go_wg_done(&wg);
}

static const int in_line[] = { 3, 1, 7, 2, 2, 5, 1, 4 };

static void in_order(void *arg)
{
	int i;

	memset(&sem, 0, sizeof(sem));
	nserved = 0;
	go_wg_add(&wg, 8);
	for (i = 0; i < 8; i++) {
		start(takes_turn, (void *)(intptr_t)in_line[i]);
		settle();
	}
	/* Each finds exactly what it needs when those before it are served. */
	for (i = 0; i < 25; i++) {
		go_sem_release(&sem, 1);
		settle();
	}
	go_wg_wait(&wg);
	CHECK_EQ(0, drain());
}

/* Waiters are served first come, first served. With one P they come in order. */
TEST(first_come_first_served)
{
	int i;

	UNDISTURBED(in_order, NULL);
	for (i = 0; i < 8; i++)
		ASSERT_EQ(in_line[i], served[i]);
}

static void one_release(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	wr(stage, 0);
	go_wg_add(&wg, 5);
	start_n(5, acquires);
	settle();
	/* 0 + 1 + 2 + 3 + 4 */
	go_sem_release(&sem, 10);
	go_wg_wait(&wg);
	CHECK_EQ(0, drain());
}

/* A release lets all in for whom there is enough then. */
TEST(one_release_wakes_many)
{
	run_on(1, one_release, NULL);
	run_on(4, one_release, NULL);
}

static void uses(void *arg)
{
	size_t i, n = scaled(2000);
	uint64_t rng = 1 + (intptr_t)arg;

	for (i = 0; i < n; i++) {
		int64_t k = random_next(&rng) % 5;

		if (i % 3)
			go_sem_acquire(&sem, k);
		else
			until(go_sem_try_acquire(&sem, k));
		CHECK(__atomic_add_fetch(&used, k, __ATOMIC_ACQ_REL) <= 10);
		if (i % 7 == 0)
			go_yield();
		__atomic_sub_fetch(&used, k, __ATOMIC_ACQ_REL);
		go_sem_release(&sem, k);
	}
	go_wg_done(&wg);
}

static void never_more(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	go_sem_release(&sem, 10);
	go_wg_add(&wg, 10);
	start_n(10, uses);
	go_wg_wait(&wg);
	CHECK_EQ(10, drain());
}

/* "Weighted provides a way to bound concurrent access to a resource." */
TEST(never_more_than_the_count)
{
	run_on(1, never_more, NULL);
	run_on(8, never_more, NULL);
}

static void counts(void *arg)
{
	size_t i, n = scaled(5000);

	for (i = 0; i < n; i++) {
		go_sem_acquire(&sem, 1);
		plain++;
		go_sem_release(&sem, 1);
	}
	go_wg_done(&wg);
}

static void as_a_mutex(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	plain = 0;
	go_sem_release(&sem, 1);
	go_wg_add(&wg, 4);
	start_n(4, counts);
	go_wg_wait(&wg);
	CHECK_EQ(4 * scaled(5000), plain);
}

/* What was done before a release is seen by who acquires what it gave. */
TEST(release_synchronizes_before_acquire)
{
	run_on(4, as_a_mutex, NULL);
}

static void negative_release(void *arg)
{
	go_sem_release(&sem, -1);
}

static void negative_acquire(void *arg)
{
	go_sem_acquire(&sem, -1);
}

static void negative_try(void *arg)
{
	go_sem_try_acquire(&sem, INT64_MIN);
}

static void too_much(void *arg)
{
	go_sem_release(&sem, INT64_MAX);
	go_sem_release(&sem, 1);
}

TEST(misuse_panics)
{
	ASSERT_TRUE(panics(run_it, negative_release, "semaphore: negative weight"));
	ASSERT_TRUE(panics(run_it, negative_acquire, "semaphore: negative weight"));
	ASSERT_TRUE(panics(run_it, negative_try, "semaphore: negative weight"));
	ASSERT_TRUE(panics(run_it, too_much, "semaphore: count overflows"));
}

static void waits_for_good(void *arg)
{
	go_sem_acquire(&sem, 1);
}

TEST(nobody_releases)
{
	static struct child c;

	NEEDS_DEADLOCKS();
	run_child(&c, run_it, waits_for_good);
	ASSERT_TRUE(exited_with(&c, 2) &&
		    find_whole_line(c.err, "fatal error: all goroutines are asleep - deadlock!") &&
		    strstr(c.err, "[semacquire]"))
		show_child(&c);
}

TEST_HARNESS_MAIN
