// SPDX-License-Identifier: GPL-2.0-only
/*
 * sleep.c - go_sleep() never ends early, sleepers wake in the order of their
 * deadlines, and sleeping takes no thread.
 */
#include "test.h"

static struct go_waitgroup wg;

static void never_early(void *arg)
{
	int64_t ns = (intptr_t)arg * 137000, begin = go_now();

	go_sleep(ns);
	CHECK(go_now() - begin >= ns);
	go_wg_done(&wg);
}

static void many_never_early(void *arg)
{
	int n = scaled(1000);

	go_wg_add(&wg, n);
	start_n(n, never_early);
	go_wg_wait(&wg);
}

/*
 * Deadlines are given as points in time, in a shuffled order; each sleeper waits
 * for its own on a channel that doesn't exist.
 */
#define SLEEPERS 200

static int64_t base;
static int order[SLEEPERS];
static unsigned int woken, came;
static bool late;

static void wake_in_order(void *arg)
{
	int k = ((intptr_t)arg * 77) % SLEEPERS;

	came++;
	CHECK_EQ(-ETIMEDOUT, go_recv_until(NULL, NULL, base + k * 50000));
	order[woken++] = k;
	go_wg_done(&wg);
}

static void ordered(void *arg)
{
	woken = came = 0;
	base = go_now() + (intptr_t)arg * MS;
	go_wg_add(&wg, SLEEPERS);
	start_n(SLEEPERS, wake_in_order);
	until(came == SLEEPERS);
	go_yield();
	late = go_now() >= base;
	go_wg_wait(&wg);
}

static bool in_order(void)
{
	int i;

	for (i = 1; i < SLEEPERS; i++)
		if (order[i] < order[i - 1])
			return false;
	return true;
}

static void at_once(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++) {
		go_sleep(0);
		go_sleep(-1);
		go_sleep(INT64_MIN);
	}
}

static void never(void *arg)
{
	go_sleep(INT64_MAX);
	CHECK(!"returned from an endless sleep");
}

static void endless(void *arg)
{
	start_n(10, never);
	go_sleep(2 * MS);
}

static void half_a_second(void *arg)
{
	go_sleep(500 * MS);
	go_wg_done(&wg);
}

/* As many threads as before would be needed if each took one. */
static void take_no_thread(void *arg)
{
	int n = scaled(1000), threads;

	go_wg_add(&wg, n);
	start_n(n, half_a_second);
	go_sleep(1 * MS);
	threads = count_entries("/proc/self/task");
	CHECK(threads < (intptr_t)arg + 16);
	go_wg_wait(&wg);
}

static void *on_thread(void *arg)
{
	int64_t begin = go_now();

	go_sleep(3 * MS);
	CHECK(go_now() - begin >= 3 * MS);
	return NULL;
}

TEST(sleep_is_never_early)
{
	run_on(1, many_never_early, NULL);
	run_on(4, many_never_early, NULL);
}

TEST(in_order_of_deadlines)
{
	intptr_t ms = 5;

	/* All have to wait already when the first one's time comes. */
	do {
		UNDISTURBED(ordered, (void *)ms);
		ms *= 2;
	} while (late);
	ASSERT_TRUE(in_order());
}

/* All are over when the first looks. */
TEST(in_order_when_late)
{
	UNDISTURBED(ordered, (void *)0);
	ASSERT_EQ(SLEEPERS, woken);
}

TEST(nothing_to_sleep)
{
	run_on(1, at_once, NULL);
}

TEST(for_ever)
{
	run_on(2, endless, NULL);
}

TEST(takes_no_thread)
{
	run_on(2, take_no_thread, (void *)2);
}

TEST(on_a_thread)
{
	on_thread(NULL);
	pthread_join(start_thread(on_thread, NULL), NULL);
}

TEST(now_is_clock_monotonic)
{
	struct timespec a, b;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &a);
	now = go_now();
	clock_gettime(CLOCK_MONOTONIC, &b);
	ASSERT_LE(a.tv_sec * 1000000000LL + a.tv_nsec, now);
	ASSERT_LE(now, b.tv_sec * 1000000000LL + b.tv_nsec);
}

TEST_HARNESS_MAIN
