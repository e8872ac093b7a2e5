// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * barrier.c - one thread makes a full barrier in all that run, so that they need none.
 *
 *	often				seldom
 *	store A				store B
 *	barrier_light()			barrier_heavy()
 *	load B				load A
 *
 * At least one of the two loads sees the other side's store. A light one is for the compiler
 * only; a heavy one is membarrier(2), which makes every thread of the process that runs pass a
 * full barrier before it returns; a thread that doesn't run has passed one when it was switched
 * away from. So a light one came either before that barrier, and its store is seen by the load
 * of A; or after it, and its load sees B.
 *
 * Where the kernel has no membarrier, or a filter forbids it, both sides have to be full: all
 * four accesses sequentially consistent, the store an exchange. barrier_light_ok tells who is
 * often there beforehand. TSan knows nothing of membarrier: there it is never set.
 *
 * A program may forbid system calls after it has started. barrier_heavy() finds that out, says so,
 * and light ones are not ok any more. Whoever had been told that they are may be about to make
 * one: its store is waited for (barrier_wait()) for as long as any may take to come out of a
 * processor, many times over. If it has not come by then, its thread was interrupted, which is
 * a barrier.
 */
#include "rt.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>

#include "san.h"

bool barrier_registered;	/* membarrier can be used */
bool barrier_light_ok;

/* False: this process must not, or the kernel can't. */
bool barrier_everywhere(void)
{
	return !arch_syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0);
}

/* False: none was made, nor will be any more. */
bool barrier_heavy(void)
{
	if (!load_relaxed(&barrier_registered))
		return false;
	if (likely(barrier_everywhere()))
		return true;
	store_seq(&barrier_light_ok, false);
	store_seq(&barrier_registered, false);
	return false;
}

void barrier_wait(void)
{
	const struct timespec ms = { .tv_nsec = NSEC_PER_MSEC };

	arch_syscall(SYS_nanosleep, (long)&ms, 0, 0, 0, 0, 0);
}

/* While there is one thread, as a rule: else the kernel waits for a grace period. */
static __attribute__((__constructor__)) void barrier_register(void)
{
	if (arch_syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0))
		return;
	store_seq(&barrier_registered, true);
#ifndef SAN_THREAD
	store_seq(&barrier_light_ok, true);
#endif
}
