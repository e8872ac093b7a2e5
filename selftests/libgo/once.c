// SPDX-License-Identifier: GPL-2.0-only
/* once.c - the function runs once; whoever calls returns when it has returned. */
#include "test.h"

static struct go_waitgroup wg;
static unsigned long runs, finished;
static int plain;

struct job {
	struct go_once once;
	int waits;
};

static void slow(void *arg)
{
	struct job *job = arg;
	int i;

	inc(runs);
	for (i = 0; i < job->waits; i++)
		go_yield();
	if (job->waits > 5)
		go_sleep(100000);
	plain++;
	inc(finished);
}

static void calls(void *arg)
{
	struct job *job = arg;
	unsigned long before;

	go_once_do(&job->once, slow, job);
	before = rd(finished);
	CHECK(before >= 1);
	/* Not atomic: its writer's work is over and seen. */
	CHECK(plain >= 1);
	go_once_do(&job->once, slow, job);
	go_wg_done(&wg);
}

static void many(void *arg)
{
	int round, i;

	for (round = 0; round < 200; round++) {
		struct job job = { .waits = round % 10 };

		wr(runs, 0);
		wr(finished, 0);
		plain = 0;
		go_wg_add(&wg, 30);
		for (i = 0; i < 30; i++)
			start(calls, &job);
		go_wg_wait(&wg);
		CHECK_EQ(1, rd(runs));
		CHECK_EQ(1, plain);
	}
}

static void ignores(void *arg)
{
	CHECK(!"the second function ran");
}

static void first(void *arg)
{
	++*(int *)arg;
}

static void other_function(void *arg)
{
	struct go_once once = { 0 };
	int n = 0;

	go_once_do(&once, first, &n);
	CHECK_EQ(1, n);
	go_once_do(&once, ignores, &n);
	CHECK_EQ(1, n);
}

static struct go_once inner;

static void nests(void *arg)
{
	go_once_do(&inner, first, arg);
	first(arg);
}

static void nested(void *arg)
{
	struct go_once outer = { 0 };
	int n = 0;

	memset(&inner, 0, sizeof(inner));
	go_once_do(&outer, nests, &n);
	CHECK_EQ(2, n);
	go_once_do(&inner, ignores, &n);
	CHECK_EQ(2, n);
}

TEST(once_and_before_all_return)
{
	run_on(1, many, NULL);
	run_on(8, many, NULL);
}

TEST(whatever_the_function)
{
	run_on(1, other_function, NULL);
}

TEST(one_in_another)
{
	run_on(1, nested, NULL);
}

TEST(before_any_run)
{
	other_function(NULL);
}

TEST_HARNESS_MAIN
