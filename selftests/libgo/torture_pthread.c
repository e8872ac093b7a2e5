// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_pthread.c - pthread locks that are held while their owner's thread loses its P:
 * the others, who then wait for it as threads, must not keep it from getting one again.
 */
#include "torture.h"

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static volatile unsigned long sum[4];

/* Some time with the lock held, so that many are stopped there. */
static void add(volatile unsigned long *s)
{
	unsigned long old = *s;
	volatile int i;

	for (i = 0; i < 100; i++)
		;
	*s = old + 1;
}

static void locks(int me)
{
	size_t i, n = scaled(1000);

	for (i = 0; i < n; i++) {
		CHECK_EQ(0, pthread_mutex_lock(&plain));
		add(&sum[0]);
		CHECK_EQ(0, pthread_mutex_unlock(&plain));

		CHECK_EQ(0, pthread_mutex_lock(&recursive));
		CHECK_EQ(0, pthread_mutex_lock(&recursive));
		add(&sum[1]);
		CHECK_EQ(0, pthread_mutex_unlock(&recursive));
		CHECK_EQ(0, pthread_mutex_unlock(&recursive));

		/* Knows its owner's thread: it must be the same one in the end. */
		CHECK_EQ(0, pthread_mutex_lock(&checking));
		add(&sum[2]);
		CHECK_EQ(EDEADLK, pthread_mutex_lock(&checking));
		CHECK_EQ(0, pthread_mutex_unlock(&checking));
		/* For TSan this is a fault of the program's. */
		if (!TEST_TSAN)
			CHECK_EQ(EPERM, pthread_mutex_unlock(&checking));

		if (i % 4) {
			unsigned long s;

			CHECK_EQ(0, pthread_rwlock_rdlock(&rwlock));
			s = sum[3];
			add(&(volatile unsigned long){ 0 });
			CHECK_EQ(s, sum[3]);
		} else {
			CHECK_EQ(0, pthread_rwlock_wrlock(&rwlock));
			add(&sum[3]);
		}
		CHECK_EQ(0, pthread_rwlock_unlock(&rwlock));
	}
}

static bool check_sums(int procs)
{
	size_t n = scaled(1000), i;
	int runs;

	memset((void *)sum, 0, sizeof(sum));
	runs = torture(procs, locks);
	if (!runs)
		return false;
	for (i = 0; i < 3; i++)
		CHECK_EQ(runs * TORTURERS * n, sum[i]);
	CHECK_EQ(runs * TORTURERS * ((n + 3) / 4), sum[3]);
	return true;
}

#define LOCKS(procs) do {						\
	if (!check_sums(procs))						\
		SKIP(return, NOT_PREEMPTED);				\
} while (0)

TEST(locks_on_1_p)
{
	LOCKS(1);
}

TEST(locks_on_2_ps)
{
	LOCKS(2);
}

TEST(locks_on_8_ps)
{
	LOCKS(8);
}

TEST_HARNESS_MAIN
