// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_time.c - the calls that never enter the kernel (vDSO), in which a thread can be
 * stopped between two reads of one clock; and those that libc converts times with.
 */
#include "torture.h"
#include <sys/time.h>

static int64_t ns(const struct timespec *t)
{
	return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

static void asks(int me)
{
	size_t i, n = scaled(4000);
	struct timespec t, last = { 0, 0 };
	struct timeval tv;
	time_t when = 86400 * (365 * 30 + me);
	struct tm tm;

	for (i = 0; i < n; i++) {
		CHECK_EQ(0, clock_gettime(CLOCK_MONOTONIC, &t));
		CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
		CHECK(ns(&t) >= ns(&last));
		last = t;
		CHECK_EQ(0, gettimeofday(&tv, NULL));
		CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000 && tv.tv_sec > 1000000000);
		CHECK(time(NULL) > 1000000000);
		CHECK(sched_getcpu() >= 0);
		CHECK_EQ(0, clock_getres(CLOCK_REALTIME, &t));
		if (i % 16)
			continue;
		/* These have a lock. */
		CHECK(localtime_r(&when, &tm));
		CHECK_EQ(when, mktime(&tm));
	}
}

TORTURE(clocks, UNSEEN_LOCKS, asks)

TEST_HARNESS_MAIN
