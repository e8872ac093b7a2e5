// SPDX-License-Identifier: GPL-2.0-only
/*
 * maxprocs.c - go_maxprocs(): its answers, its default, and changes while
 * goroutines run. The default is asked for in a fresh process, since it may be
 * decided when the library is loaded.
 */
#include "test.h"
#include <limits.h>

#define ASK "LIBGO_TEST_ASKS_FOR_PROCS"

/* In the process that ask() starts: before main. */
static void __attribute__((constructor)) answer(void)
{
	if (getenv(ASK))
		_exit(go_maxprocs(0));
}

static int ask(const char *env, int cpus)
{
	char self[PATH_MAX] = "";
	cpu_set_t set, one;
	int status, cpu;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		/* By its name: executed, the link would be what runs it here, such as Valgrind. */
		if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
			_exit(254);
		if (cpus == 1) {
			CHECK_EQ(0, sched_getaffinity(0, sizeof(set), &set));
			for (cpu = 0; !CPU_ISSET(cpu, &set); cpu++)
				;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			CHECK_EQ(0, sched_setaffinity(0, sizeof(one), &one));
		}
		setenv(ASK, "1", 1);
		if (env)
			setenv("GOMAXPROCS", env, 1);
		else
			unsetenv("GOMAXPROCS");
		execl(self, "maxprocs", NULL);
		_exit(255);
	}
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(answers)
{
	int first = go_maxprocs(0);

	ASSERT_LE(1, first);
	ASSERT_EQ(first, go_maxprocs(3));
	ASSERT_EQ(3, go_maxprocs(-5));
	ASSERT_EQ(3, go_maxprocs(0));
	ASSERT_EQ(3, go_maxprocs(GO_MAXPROCS_LIMIT + 7));
	ASSERT_EQ(GO_MAXPROCS_LIMIT, go_maxprocs(1));
	ASSERT_EQ(1, go_maxprocs(0));
}

TEST(defaults)
{
	int cpus;
	cpu_set_t set;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(set), &set));
	cpus = ask(NULL, 0);
	if (cpus == 255)
		SKIP(return, "this program cannot be executed directly here");
	/* Fewer than the CPUs where a cgroup's quota says so. */
	ASSERT_LE(1, cpus);
	ASSERT_LE(cpus, CPU_COUNT(&set));
	ASSERT_EQ(1, ask(NULL, 1));
	ASSERT_EQ(3, ask("3", 0));
	ASSERT_EQ(3, ask("3", 1));
	ASSERT_EQ(cpus, ask("0", 0));
	ASSERT_EQ(cpus, ask("-2", 0));
	ASSERT_EQ(cpus, ask("many", 0));
	ASSERT_EQ(cpus, ask("", 0));
}

static unsigned long work, workers_end;
static struct go_waitgroup wg;

/*
 * Relaxed: all others take a lock in TSan, which prefers writers, and twenty of them would
 * never let the one in who reads.
 */
static unsigned long work_done(void)
{
	return __atomic_load_n(&work, __ATOMIC_RELAXED);
}

static void worker(void *arg)
{
	while (!rd(workers_end)) {
		__atomic_add_fetch(&work, 1, __ATOMIC_RELAXED);
		go_yield();
	}
	go_wg_done(&wg);
}

static struct go_chan *there, *back;

static void echo(void *arg)
{
	uint64_t v;

	while (go_recv(there, &v)) {
		v++;
		go_send(back, &v);
	}
	go_wg_done(&wg);
}

static void change(void *arg)
{
	static const int procs[] = { 1, 4, 2, 8, 1, 3, 64, 2, 1, 16, 5 };
	uint64_t v, round;
	unsigned int i;
	int last = go_maxprocs(0);

	there = make_chan(sizeof(v), 0);
	back = make_chan(sizeof(v), 0);
	go_wg_add(&wg, 21);
	start_n(20, worker);
	start(echo, NULL);
	for (round = 0; round < 10; round++) {
		for (i = 0; i < ARRAY_SIZE(procs); i++) {
			unsigned long seen = work_done();

			CHECK_EQ(last, go_maxprocs(procs[i]));
			last = procs[i];
			CHECK_EQ(last, go_maxprocs(0));
			/* Everybody still gets on: the workers, and a wait. */
			until(work_done() > seen + 40);
			v = round * 100 + i;
			go_send(there, &v);
			CHECK(go_recv(back, &v));
			CHECK_EQ(round * 100 + i + 1, v);
			if (!(i % 4))
				go_sleep(10000);
		}
	}
	go_close(there);
	wr(workers_end, 1);
	go_wg_wait(&wg);
}

TEST(changes_while_running)
{
	run_on(1, change, NULL);
}

static pthread_barrier_t barrier;

/* A barrier that blocks threads: passed only by that many Ps at once. */
static void meet(void *arg)
{
	pthread_barrier_wait(&barrier);
	go_wg_done(&wg);
}

static void raise_procs(void *arg)
{
	int n;

	for (n = 2; n <= 6; n++) {
		go_maxprocs(n);
		pthread_barrier_init(&barrier, NULL, n);
		go_wg_add(&wg, n);
		start_n(n, meet);
		go_wg_wait(&wg);
	}
	go_maxprocs(1);
	go_maxprocs(6);
	pthread_barrier_init(&barrier, NULL, 6);
	go_wg_add(&wg, 6);
	start_n(6, meet);
	go_wg_wait(&wg);
}

TEST(raised_means_more_at_once)
{
	run_on(1, raise_procs, NULL);
}

static void nothing(void *arg)
{
	go_wg_done(&wg);
}

static int at_once;
static bool two_at_once;

static void alone(void *arg)
{
	if (inc(at_once) > 1)
		wr(two_at_once, true);
	for (volatile int i = 0; i < 20000; i++)
		;
	__atomic_sub_fetch(&at_once, 1, __ATOMIC_ACQ_REL);
	go_wg_done(&wg);
}

/* The one that lowers it may be on any P, and threads are looking for work on others. */
static void lower_procs(void *arg)
{
	for (int i = 0; i < (int)scaled(200) && !rd(two_at_once); i++) {
		go_maxprocs(2 + i % 4);
		go_wg_add(&wg, 8);
		start_n(8, nothing);
		go_wg_wait(&wg);
		go_maxprocs(1);
		go_wg_add(&wg, 8);
		start_n(8, alone);
		go_wg_wait(&wg);
	}
}

/* Without preemption: one that was preempted is between the two counts, too, but doesn't run. */
TEST(lowered_means_fewer_at_once)
{
	setenv("LIBGO_DEBUG", "preempt=0", 1);
	run_on(1, lower_procs, NULL);
	ASSERT_FALSE(two_at_once);
}

static void *change_from_thread(void *arg)
{
	int i;

	for (i = 0; i < 200; i++) {
		CHECK(go_maxprocs(i % 7 + 1) >= 1);
		usleep(100);
	}
	wr(workers_end, 1);
	return NULL;
}

static void changed_from_outside(void *arg)
{
	go_wg_add(&wg, 20);
	start_n(20, worker);
	go_wg_wait(&wg);
}

TEST(changed_by_a_foreign_thread)
{
	pthread_t t = start_thread(change_from_thread, NULL);

	run_on(2, changed_from_outside, NULL);
	pthread_join(t, NULL);
}

TEST_HARNESS_MAIN
