// SPDX-License-Identifier: GPL-2.0-only
/*
 * coarse_clock.c - to be preloaded: the clock of a machine that has none finer than ticks. It
 * goes in steps of 20 ms.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS	20000000

int clock_gettime(clockid_t id, struct timespec *t)
{
	int err = syscall(SYS_clock_gettime, id, t);

	if (!err)
		t->tv_nsec -= t->tv_nsec % STEP_NS;
	return err;
}
