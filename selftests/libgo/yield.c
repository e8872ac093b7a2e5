// SPDX-License-Identifier: GPL-2.0-only
/*
 * yield.c - go_yield(): everybody gets a turn, and the kernel has no part in it.
 */
#include "test.h"

static struct go_waitgroup wg;
static unsigned long turns;
static int last[64];

static void take_turns(void *arg)
{
	int me = (intptr_t)arg, i;

	for (i = 0; i < 1000; i++) {
		inc(last[me]);
		go_yield();
	}
	go_wg_done(&wg);
}

static bool too_far_apart;

static void watch_turns(void *arg)
{
	int n = (intptr_t)arg, i, min, max;

	too_far_apart = false;
	memset(last, 0, sizeof(last));
	go_wg_add(&wg, n);
	start_n(n, take_turns);
	do {
		min = 1000;
		max = 0;
		for (i = 0; i < n; i++) {
			min = last[i] < min ? last[i] : min;
			max = last[i] > max ? last[i] : max;
		}
		/* The queue is a queue: nobody is a turn ahead of the next but one. */
		if (max - min > 2)
			too_far_apart = true;
		go_yield();
	} while (max < 1000);
	go_wg_wait(&wg);
}

static void yields(void *arg)
{
	size_t i, n = (uintptr_t)arg;

	for (i = 0; i < n; i++)
		go_yield();
	go_wg_done(&wg);
}

static long voluntary_switches(void)
{
	struct rusage ru;

	CHECK_EQ(0, getrusage(RUSAGE_SELF, &ru));
	return ru.ru_nvcsw;
}

static unsigned long seen_switches;

static void million(void *arg)
{
	int i, n = (intptr_t)arg;
	size_t each = scaled(1000000) / n;
	struct go_stats a, b;
	long before = voluntary_switches();

	go_stats(&a);
	go_wg_add(&wg, n);
	for (i = 0; i < n; i++)
		start(yields, (void *)each);
	go_wg_wait(&wg);
	go_stats(&b);
	turns = each * n;
	seen_switches = b.switches - a.switches;
	/* Not one kernel switch for a hundred yields, in all threads together. */
	CHECK(voluntary_switches() - before < (long)turns / 100);
}

static void run_alone(void *arg)
{
	go_wg_add(&wg, 1);
	yields((void *)scaled(100000));
	go_wg_wait(&wg);
}

static pid_t where[2];
static int began;
static bool apart;

static void on_which(void *arg)
{
	int me = (intptr_t)arg;
	unsigned int i;

	/* Together, and fast, before there is another P. */
	inc(began);
	until(rd(began) == 2);
	for (i = 0; i < 5000; i++)
		go_yield();
	go_maxprocs(2);
	while (!rd(apart)) {
		wr(where[me], syscall(SYS_gettid));
		if (rd(where[!me]) && rd(where[0]) != rd(where[1]))
			wr(apart, true);
		for (i = 0; i < 1000; i++)
			go_yield();
	}
	go_wg_done(&wg);
}

static void two(void *arg)
{
	go_wg_add(&wg, 2);
	start_n(2, on_which);
	go_wg_wait(&wg);
}

static bool woke;

static void sleeps(void *arg)
{
	go_sleep(1 * MS);
	wr(woke, true);
}

/* A loop of yields leaves room for timers too. */
static void until_woken(void *arg)
{
	wr(woke, false);
	start(sleeps, NULL);
	until(rd(woke));
}

TEST(in_turn)
{
	UNDISTURBED(watch_turns, (void *)10);
	ASSERT_FALSE(too_far_apart);
	UNDISTURBED(watch_turns, (void *)50);
	ASSERT_FALSE(too_far_apart);
}

TEST(without_the_kernel_one_p)
{
	run_on(1, million, (void *)2);
	ASSERT_LE(turns, seen_switches);
}

TEST(without_the_kernel_four_ps)
{
	run_on(4, million, (void *)8);
}

/* Each has more to do, and there are two Ps: no thief has to come by in the right moment. */
TEST(spread_over_two_ps)
{
	run_on(1, two, NULL);
	ASSERT_TRUE(apart);
}

TEST(alone)
{
	run_on(1, run_alone, NULL);
	run_on(4, run_alone, NULL);
}

TEST(timers_go_on)
{
	run_on(1, until_woken, NULL);
	run_on(4, until_woken, NULL);
}

TEST(on_a_thread)
{
	go_yield();
}

TEST_HARNESS_MAIN
