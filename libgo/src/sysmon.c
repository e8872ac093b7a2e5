// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sysmon.c - the monitor: a thread without a P that looks every 1 to 5 ms.
 *
 * It wakes an idle P where another one has goroutines waiting and has not switched
 * since the last look, or where a timer is overdue because the M that should see it
 * is in a long computation. Where no P is idle, one whose M is stuck is taken from it:
 * preempt.c. A goroutine that others wait for keeps its P for SLICE at least, and for two
 * looks at most: 10 ms. While all Ps are idle there is nothing to see: after some looks it
 * sleeps until an M wakes up. It looks at the descriptors when nobody else does (netpoll.c). It
 * also has chores: dumps, the line of schedtrace, and the memory of
 * stacks that nobody needed for a while (stack.c), which goes back.
 */
#include "rt.h"

#include "runq.h"

#define LEAST		NSEC_PER_MSEC
#define MOST		(5 * NSEC_PER_MSEC)
#define SLICE		(4 * NSEC_PER_MSEC)
#define IDLE_LOOKS	5	/* before it sleeps: waking it costs a system call */

static pthread_t thread;
static uint32_t stopping;
static uint32_t kicked;		/* futex: look now */
static int64_t least, most, slice;

/* Whoever waits and need not is seen to, and who runs and should not. True: there was somebody. */
static bool look(int64_t now)
{
	struct p_array *a = rcu_ps();
	bool idle = load_seq(&sched.nidle);
	bool shared = gq_len() || load_relaxed(&sched.nwant_p) || timer_next_all() <= now;
	bool waits = shared, moves = false, going = false;

	preempt_hand_on();
	if (netpoll_on())
		netpoll_monitor(now);
	for (uint32_t i = 0; i < a->n; i++) {
		struct p *p = a->p[i];
		bool queued = runq_len(p), goes = slice && preempt_evict(p), wanted;

		if (queued && load_relaxed(&p->tick) == p->seen_tick && !sched.no_steal)
			waits = true;
		going |= goes;
		wanted = goes || ((!idle || !preempt_can_steal()) && (queued || shared));
		if (slice && preempt_look(p, now, slice, wanted))
			moves = true;
	}
	if (slice && !moves && !idle)
		preempt_unstick(1);
	if (slice)
		preempt_look_loose();
	if (waits && load_seq(&sched.nidle))
		idle_wake();
	return waits || going;
}

/* All Ps are idle. */
static bool all_idle(void)
{
	return load_seq(&sched.nidle) == load_relaxed(&sched.np);
}

/* What is done from time to time. Returns when the next of it is due. */
static int64_t chores(int64_t now)
{
	bool idle = all_idle();
	int64_t dump = dump_tick(now, idle), trace = schedtrace_tick(now);
	int64_t cool = stack_cool(now, idle);

	if (dump > trace)
		dump = trace;
	return dump < cool ? dump : cool;
}

/* False: it was woken by nobody, at @due: the Ps may be as idle as before. */
static bool sleep_until_busy(int64_t due)
{
	bool woken;

	store_seq(&sched.sysmon_asleep, 1);
	/* After that: whoever wakes up, and closes one of them, sees that it has to wake this thread. */
	netpoll_sweep(true);
	rcu_thread_sleep();
	if (all_idle() && !preempt_may_crowd() && !load_seq(&stopping) && !load_seq(&kicked) &&
	    !dump_wanted())
		futex_wait(&sched.sysmon_asleep, 1, due == NEVER ? 0 : due);
	rcu_thread_wake();
	woken = !load_seq(&sched.sysmon_asleep);
	store_seq(&sched.sysmon_asleep, 0);
	return woken;
}

static void *monitor(void *arg)
{
	int64_t delay = least;
	int idle_looks = 0;

	(void)arg;
	rcu_thread_init();
	while (!load_acquire(&stopping)) {
		int64_t now = go_now(), due, next;

		bool waits;

		store_seq(&kicked, 0);
		waits = look(now);
		if (waits)
			delay = least;
		due = chores(now);
		/* Idle Ps, and somebody waits: no thread could be had, or there is a P beyond them. */
		if (!all_idle() || waits || preempt_may_crowd()) {
			idle_looks = 0;
		} else if (++idle_looks > IDLE_LOOKS) {
			idle_looks = sleep_until_busy(due) ? 0 : IDLE_LOOKS;
			delay = least;
			continue;
		}
		/* What is due earlier, a timer too, is looked at when it is due. */
		now = go_now();
		next = timer_next_all();
		if (next > due)
			next = due;
		if (next > now + delay)
			next = now + delay;
		else if (next < now + least)
			next = now + least;
		rcu_thread_sleep();
		futex_wait(&kicked, 0, next);
		rcu_thread_wake();
		if (delay < most)
			delay *= 2;
		if (delay > most)
			delay = most;
	}
	rcu_thread_exit();
	return NULL;
}

int sysmon_start(void)
{
	int64_t us = debug_number("preempt", -1);

	least = LEAST;
	most = MOST;
	slice = SLICE;
	/* For tests: what can go wrong goes wrong sooner. 0: none is preempted. */
	if (us > 0)
		least = most = slice = us * NSEC_PER_USEC;
	else if (us == 0)
		slice = 0;
	stopping = kicked = 0;
	if (pthread_create(&thread, NULL, monitor, NULL))
		return -EAGAIN;
	__atomic_add_fetch(&sched.threads_started, 1, __ATOMIC_RELAXED);
	return 0;
}

void sysmon_wake(void)
{
	store_seq(&sched.sysmon_asleep, 0);
	futex_wake(&sched.sysmon_asleep, 1);
}

/* Also in a signal handler. */
void sysmon_kick(void)
{
	store_seq(&kicked, 1);
	futex_wake(&kicked, 1);
	if (load_seq(&sched.sysmon_asleep))
		sysmon_wake();
}

void sysmon_stop(void)
{
	store_seq(&stopping, 1);
	sysmon_kick();
	pthread_join(thread, NULL);
}
