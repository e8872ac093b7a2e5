// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stop.c - at the end of a run: threads that don't come to a scheduling point.
 *
 * When main has returned, a goroutine may be computing, or sit in a blocking system
 * call, on another thread. It must never run user code again. Its thread is sent a
 * signal, whose handler never returns; the thread that called go_run() instead leaves
 * its goroutine from within the handler, and goes on with the end of go_run().
 *
 * Not at any moment: a thread inside the runtime may hold a channel's lock, and the
 * channel outlives the run; there the handler returns and the signal is sent again
 * (m->in_rt; the marks are plain stores of the same thread, ordered for its signal
 * handlers by signal fences). One inside libc may hold malloc's lock or a FILE's: it
 * is given some time to come out of it, but may be in a blocking call, so that is not
 * waited for without end. Locks of the user's own are the user's affair.
 *
 * SIGURG: ignored by default, and rarely used; its handler is preempt.c's.
 */
#include "rt.h"

#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "san.h"

#define POLITE		(2 * NSEC_PER_MSEC)	/* to come to a scheduling point */
#define LIBC_TRIES	50			/* 1 ms each, to come out of libc */
#define TRIES		1000

static struct text {
	uintptr_t lo, hi;
} libc_text;
static uint32_t tries;

/* The code of the object that holds @arg->lo, unless that is libgo's own (a static program). */
static int find_text(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct text *t = arg;
	uintptr_t own = (uintptr_t)&stop_others;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *ph = &info->dlpi_phdr[i];
		uintptr_t lo = info->dlpi_addr + ph->p_vaddr, hi = lo + ph->p_memsz;

		if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_X) || t->lo < lo || t->lo >= hi)
			continue;
		if (own >= lo && own < hi)
			return 0;
		store_relaxed(&libc_text.lo, lo);
		store_release(&libc_text.hi, hi);
		return 1;
	}
	return 0;
}

/* Was it in a system call that is not restarted, as poll(), and would now return EINTR? */
static bool interrupted_call(const void *ctx)
{
	return arch_context_result(ctx) == -EINTR;
}

/*
 * In the handler of SIGURG (preempt.c), the run being at its end, outside the runtime. Returns
 * where the thread is inside libc, which it should first come out of.
 */
void stop_on_signal(struct m *m, void *ctx)
{
	uintptr_t pc = arch_context_pc(ctx);
	sigset_t all;
	void *nowhere;

	/* The calls that would show the user an EINTR hold no lock of libc's. */
	if (pc < load_acquire(&libc_text.hi) && pc >= load_relaxed(&libc_text.lo) && !interrupted_call(ctx) &&
	    load_relaxed(&tries) < LIBC_TRIES)
		return;
	if (m->main) {
		/* Back to go_run(), for good. */
		store_relaxed(&m->in_rt, 1);
		store_relaxed(&m->cur->state, G_RUNNABLE);
		/* What it was last left with is of an earlier time. */
		m->cur->sp = NULL;
		m->cur = NULL;
		if (m->eh)
			eh_load(m, NULL);
		sigprocmask(SIG_SETMASK, &((ucontext_t *)ctx)->uc_sigmask, NULL);
		san_leave_for(NULL, m, NULL);
		arch_switch(&nowhere, m->g0_sp, m, 0);
		__builtin_unreachable();
	}
	/* A reader that never is quiescent again would block every grace period. */
	rcu_thread_sleep();
	store_release(&m->suspended, 1);
	sigfillset(&all);
	for (;;)
		sigsuspend(&all);
}

static bool at_rest(const struct m *m)
{
	return load_acquire(&m->stopped) || load_acquire(&m->suspended);
}

/*
 * How many of the others still run; @signal: each of them is sent one. *@unborn: some
 * thread has not begun yet; it will stop by itself, and has to be waited for.
 */
static uint32_t still_running(struct m *self, bool signal, bool *unborn)
{
	uint32_t n;

	spin_lock(&sched.lock);
	/* Those that are being started need not be in the list yet. */
	n = sched.nstarting;
	*unborn = n;
	for (struct m *m = sched.ms; m; m = m->next) {
		pid_t tid = load_relaxed(&m->tid);

		if (m == self || at_rest(m))
			continue;
		n++;
		if (!tid)
			*unborn = true;
		else if (signal)
			tgkill(getpid(), tid, SIGURG);
	}
	spin_unlock(&sched.lock);
	return n;
}

/*
 * Returns when no M but @self runs a goroutine any more: true where some thread was
 * suspended, so that its stack has to stay.
 */
bool stop_others(struct m *self)
{
	const struct timespec pause = { 0, NSEC_PER_MSEC / 10 };
	int64_t until = go_now() + POLITE;
	struct text t = { (uintptr_t)&malloc, 0 };
	uint32_t left;
	bool keep = false, unborn;

	while ((left = still_running(self, false, &unborn)) != 0 && go_now() < until) {
		sched_yield();
		nanosleep(&pause, NULL);
	}
	if (!left)
		return false;

	dl_iterate_phdr(find_text, &t);
	store_relaxed(&tries, 0);
	while (left && (load_relaxed(&tries) < TRIES || unborn)) {
		const struct timespec ms = { 0, NSEC_PER_MSEC };

		still_running(self, true, &unborn);
		nanosleep(&ms, NULL);
		store_relaxed(&tries, load_relaxed(&tries) + 1);
		left = still_running(self, false, &unborn);
	}
	/* One that blocks the signal, or is stuck in the kernel, gets it when it can. */
	sched.unstopped = left;
	spin_lock(&sched.lock);
	for (struct m *m = sched.ms; m; m = m->next)
		if (m != self && !load_acquire(&m->stopped))
			keep = true;
	spin_unlock(&sched.lock);
	return keep;
}
