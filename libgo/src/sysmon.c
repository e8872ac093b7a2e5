// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sysmon.c - the monitor: a thread without a P that looks every 1 to 10 ms.
 *
 * It wakes an idle P where another one has goroutines waiting and has not switched
 * since the last look, or where a timer is overdue because the M that should see it
 * is in a long computation. While all Ps are idle there is nothing to see: after some
 * looks it sleeps until an M wakes up. It also gives back the memory of stacks that
 * nobody needed for a while (stack.c).
 */
#include "rt.h"

#include "runq.h"

#define LEAST		NSEC_PER_MSEC
#define MOST		(10 * NSEC_PER_MSEC)
#define IDLE_LOOKS	5	/* before it sleeps: waking it costs a system call */

static pthread_t thread;
static uint32_t stopping;	/* futex */

/* True: somebody waits who need not. */
static bool starving(void)
{
	struct p_array *a = rcu_ps();
	bool found = timer_next_all() <= go_now() || gq_len();

	for (uint32_t i = 0; i < a->n; i++) {
		struct p *p = a->p[i];
		uint32_t tick = load_relaxed(&p->tick);

		if (tick == p->seen_tick && runq_len(p))
			found = true;
		p->seen_tick = tick;
	}
	return found;
}

/* What is done from time to time. Returns when the next of it is due. */
static int64_t chores(bool idle)
{
	int64_t now = go_now(), dump = dump_tick(now, idle), trace = schedtrace_tick(now);
	int64_t cool = stack_cool(now, idle);

	if (dump > trace)
		dump = trace;
	return dump < cool ? dump : cool;
}

static void *monitor(void *arg)
{
	int64_t delay = LEAST;
	int idle_looks = 0;

	(void)arg;
	rcu_thread_init();
	while (!load_acquire(&stopping)) {
		bool idle = load_seq(&sched.nidle) == load_relaxed(&sched.np);
		int64_t due = chores(idle), next;

		if (idle) {
			if (++idle_looks > IDLE_LOOKS) {
				store_seq(&sched.sysmon_asleep, 1);
				rcu_thread_sleep();
				if (load_seq(&sched.nidle) == load_relaxed(&sched.np) &&
				    !load_seq(&stopping) && !dump_wanted())
					futex_wait(&sched.sysmon_asleep, 1, due == NEVER ? 0 : due);
				rcu_thread_wake();
				/* By itself, for a chore: the Ps may be as idle as before. */
				idle_looks = load_seq(&sched.sysmon_asleep) ? IDLE_LOOKS : 0;
				store_seq(&sched.sysmon_asleep, 0);
				delay = LEAST;
				continue;
			}
		} else {
			idle_looks = 0;
			if (load_relaxed(&sched.nidle) && starving()) {
				idle_wake();
				delay = LEAST;
			}
		}
		/* What is due earlier, a timer too, is looked at when it is due. */
		next = timer_next_all();
		if (next > due)
			next = due;
		if (next > go_now() + delay)
			next = go_now() + delay;
		else if (next < go_now() + LEAST)
			next = go_now() + LEAST;
		rcu_thread_sleep();
		futex_wait(&stopping, 0, next);
		rcu_thread_wake();
		if (delay < MOST)
			delay *= 2;
	}
	rcu_thread_exit();
	return NULL;
}

int sysmon_start(void)
{
	stopping = 0;
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

void sysmon_stop(void)
{
	store_seq(&stopping, 1);
	futex_wake(&stopping, 1);
	sysmon_wake();
	pthread_join(thread, NULL);
}
