// SPDX-License-Identifier: GPL-2.0-only
/*
 * idle.c - a process whose goroutines all wait costs nothing: its threads sleep,
 * they don't spin, and they don't wake up to look.
 *
 * Bounds that a busy machine can only make easier to keep: CPU time and wake-ups
 * used during a sleep.
 */
#include "test.h"

static struct go_waitgroup wg;
static pthread_barrier_t barrier;
static struct go_chan *gate;

static void meet(void *arg)
{
	pthread_barrier_wait(&barrier);
	go_wg_done(&wg);
	go_recv(gate, NULL);
}

static int64_t cpu_ns(const struct rusage *ru)
{
	return (ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1000 * MS +
	       (ru->ru_utime.tv_usec + ru->ru_stime.tv_usec) * 1000LL;
}

static void idle(void *arg)
{
	int procs = (intptr_t)arg;
	struct rusage a, b;
	int64_t begin;

	gate = make_chan(0, 0);
	pthread_barrier_init(&barrier, NULL, procs);
	go_wg_add(&wg, procs);
	start_n(procs, meet);
	go_wg_wait(&wg);
	/* All threads are there now; let them settle. */
	go_sleep(50 * MS);
	begin = go_now();
	CHECK_EQ(0, getrusage(RUSAGE_SELF, &a));
	go_sleep(300 * MS);
	CHECK_EQ(0, getrusage(RUSAGE_SELF, &b));
	/* One spinning thread alone would use all of it. */
	CHECK(cpu_ns(&b) - cpu_ns(&a) < (go_now() - begin) / 4);
	/* A monitor that looks every 10 ms makes 30; every 20 us, 15,000. */
	CHECK(b.ru_nvcsw - a.ru_nvcsw < 600);
	go_close(gate);
	until(go_num() == 1);
	go_chan_free(gate);
}

TEST(one_p)
{
	run_on(1, idle, (void *)1);
}

TEST(eight_ps)
{
	run_on(8, idle, (void *)8);
}

TEST_HARNESS_MAIN
