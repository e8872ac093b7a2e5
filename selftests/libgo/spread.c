// SPDX-License-Identifier: GPL-2.0-only
/*
 * spread.c - with N Ps, N goroutines really run at once, on N threads, also when
 * all were made on one P: the others steal them.
 *
 * The goroutines meet in a barrier that blocks their threads, so that no run
 * can look spread by accident, nor fail to because one thread was too quick.
 */
#include "test.h"

#define PROCS 4

static struct go_waitgroup wg;
static pthread_barrier_t barrier;
static pid_t tid[PROCS];

static void meet(void *arg)
{
	pthread_barrier_wait(&barrier);
	tid[(intptr_t)arg] = syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	go_wg_done(&wg);
}

static void spread(void *arg)
{
	int i, j, round;

	for (round = 0; round < 20; round++) {
		pthread_barrier_init(&barrier, NULL, PROCS);
		go_wg_add(&wg, PROCS);
		start_n(PROCS, meet);
		go_wg_wait(&wg);
		for (i = 0; i < PROCS; i++)
			for (j = 0; j < i; j++)
				CHECK(tid[i] != tid[j]);
	}
}

/* Repeated until somebody stole: which P gets there first is the kernel's choice. */
static void steal(void *arg)
{
	struct go_stats s;

	do {
		pthread_barrier_init(&barrier, NULL, PROCS);
		go_wg_add(&wg, PROCS);
		start_n(PROCS, meet);
		go_wg_wait(&wg);
		go_stats(&s);
	} while (!s.steals);
	CHECK(s.threads >= PROCS);
}

static unsigned long sum;

static void add(void *arg)
{
	__atomic_add_fetch(&sum, (uintptr_t)arg, __ATOMIC_RELAXED);
	go_wg_done(&wg);
}

/* More than a run queue holds, from one P: none is lost on the way. */
static void overflow(void *arg)
{
	unsigned long i, n = scaled(20000);

	go_wg_add(&wg, n);
	for (i = 1; i <= n; i++)
		start(add, (void *)i);
	go_wg_wait(&wg);
	CHECK_EQ(n * (n + 1) / 2, rd(sum));
}

static void tree(void *arg)
{
	uintptr_t n = (uintptr_t)arg;

	if (n > 1) {
		start(tree, (void *)(n / 2));
		start(tree, (void *)(n - n / 2));
	} else {
		inc(sum);
		go_wg_done(&wg);
	}
}

static void skynet(void *arg)
{
	int n = scaled(20000);

	if (TEST_TSAN)
		n = 1000;
	go_wg_add(&wg, n);
	start(tree, (void *)(intptr_t)n);
	go_wg_wait(&wg);
	CHECK_EQ(n, rd(sum));
}

TEST(on_distinct_threads)
{
	run_on(PROCS, spread, NULL);
}

TEST(by_stealing)
{
	run_on(PROCS, steal, NULL);
}

TEST(none_lost)
{
	int procs;

	for (procs = 1; procs <= 8; procs *= 2) {
		sum = 0;
		run_on(procs, overflow, NULL);
		sum = 0;
		run_on(procs, skynet, NULL);
	}
}

static unsigned long others_ran;

static void runs_elsewhere(void *arg)
{
	inc(others_ran);
}

/* It doesn't switch while they wait, nor does the monitor help. */
static void make_beside_an_idle_p(void *arg)
{
	int i;

	for (i = 0; i < 4000; i++)
		go_yield();
	go_maxprocs(2);
	/* Not needed, but for a thread that looked for work to fall asleep. */
	usleep(20000);
	start_n(4, runs_elsewhere);
	while (!rd(others_ran))
		;
}

/* Switches are counted modulo 2^32, and compared: beyond the half of that, too, somebody is woken. */
TEST(after_very_many_switches)
{
	setenv("LIBGO_DEBUG", "preempt=0,tick=2147481600", 1);
	run_on(1, make_beside_an_idle_p, NULL);
}

TEST_HARNESS_MAIN
