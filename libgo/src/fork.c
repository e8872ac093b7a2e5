// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fork.c - what becomes of the runtime in the child of a fork().
 *
 * Of all threads only the one that called fork() exists in the child. The goroutines
 * on the others are gone in the midst of what they did, with the locks that they held;
 * the queues still name them.
 *
 * So where goroutines ran, the child's runtime is frozen (RUN_FROZEN). The caller goes
 * on as a plain thread that is no goroutine any more, on the stack that it is on, until
 * it calls exec or _exit. Because it is no goroutine, every call that would need the
 * others comes by one of a few places (foreign_enter(), waiting as a thread, a spinlock
 * that is not free, the end of the goroutine's own function), and there the process
 * dies with a message: nothing on the paths of goroutines is asked for it.
 *
 * Where no goroutines ran, a child may call go_run(). What a thread that is gone may have
 * held then is procs_mutex, so fork() itself takes that one, and the count of threads
 * inside the runtime, which is reset.
 *
 * vfork() and posix_spawn() don't come here, and need not: their child shares the memory
 * of its parent, whose thread waits, and does nothing but exec. _Fork() and a clone()
 * of the program's own don't come here either: libgo can't tell that it happened.
 *
 * Rejected: starting the runtime anew in the child. What a goroutine that is gone was
 * doing stays half done, whatever the runtime does about its own state. Nor does Go have
 * a fork() without exec.
 */
#include "rt.h"

/* Its pthread_atfork() failed: go_run() doesn't start then. */
static int error;

static void in_child(void)
{
	page_in_child();
	trace_in_child();
	deadlock_in_child();
	run_in_child();
	netpoll_in_child();
	/* An M's thread that ends in the child is none any more. */
	if (arch_m()) {
		defer_in_child(arch_m());
		thread_leave();
		arch_set_m(NULL);
	}
}

/* Before any call of libgo's: go_maxprocs() has a lock before the first go_run(). */
static __attribute__((__constructor__)) void fork_prepare(void)
{
	error = -pthread_atfork(run_before_fork, run_after_fork, in_child);
}

int fork_init(void)
{
	return error;
}

void fork_refuse(void)
{
	fatal("the child of a fork() made while goroutines ran has none of them: it may only exec or _exit; call fork() before go_run(), or posix_spawn()");
}
