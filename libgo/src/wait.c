// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * wait.c - waiting and waking, for everything that blocks.
 *
 * Who waits puts a struct waiter, on its own stack, into the queue of what it waits
 * for, under that object's lock, and parks; the lock is released when it is out of
 * its stack. Who wakes takes the waiter out under the same lock, leaves the result
 * in it, releases the lock, and readies it. That is all, for a channel, a mutex and a
 * waitgroup alike, for goroutines and for threads that are none.
 *
 * A select, or a wait with a deadline, can be woken from several sides. Then the
 * waiters share a struct wait_any: whoever sets its fired word wakes. The others may
 * still find the waiter in their queue; so it takes each lock once more, to get out of
 * the queues, before its frame goes.
 */
#include "rt.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* For some time. The holder may have been preempted: let it run. */
bool spin_some(uint32_t *l)
{
	for (unsigned int i = 0; i < 1000; i++) {
		uint32_t old = 0;

		if (!load_relaxed(l) &&
		    __atomic_compare_exchange_n(l, &old, 1, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
		if (i < 100)
			arch_pause();
		else
			sched_yield();
	}
	/* Whoever held it is not in this process: fork.c. */
	if (unlikely(fork_frozen()))
		fork_refuse();
	return false;
}

NOINLINE void spin_slow(uint32_t *l)
{
	while (!spin_some(l))
		;
}

/* Until *@w is no longer @val, @deadline (0: none), or a signal. */
void futex_wait(uint32_t *w, uint32_t val, int64_t deadline)
{
	struct timespec t = { deadline / NSEC_PER_SEC, deadline % NSEC_PER_SEC };

	syscall(SYS_futex, w, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, val, deadline ? &t : NULL,
		NULL, FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(uint32_t *w, int n)
{
	syscall(SYS_futex, w, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n, NULL, NULL, 0);
}

/* The word on which a thread waits that is no goroutine; 0: it may wake up by itself. */
enum { AWAKE = 1, ASLEEP };

/* -------------------------------------------------------------------- queues */

void waitq_add_front(struct waitq *q, struct waiter *w)
{
	w->prev = NULL;
	w->next = q->first;
	w->queued = true;
	if (q->first)
		q->first->prev = w;
	else
		q->last = w;
	store_relaxed(&q->first, w);
}

void waitq_del(struct waitq *q, struct waiter *w)
{
	if (w->prev)
		w->prev->next = w->next;
	else
		store_relaxed(&q->first, w->next);
	if (w->next)
		w->next->prev = w->prev;
	else
		q->last = w->prev;
	w->queued = false;
}

/* waitq_take() where the first one may have been woken from elsewhere. */
NOINLINE struct waiter *waitq_take_any(struct waitq *q)
{
	struct waiter *w;

	while ((w = q->first) != NULL) {
		waitq_del(q, w);
		if (waiter_claim(w))
			return w;
	}
	return NULL;
}

/*
 * With q->lock held: the goroutines' queue, without those of an earlier run. cond.c looks at
 * its first one without the lock.
 */
static struct waitq *syncq_goroutines(struct syncq *q)
{
	uint32_t gen = load_relaxed(&sched.gen);

	if (q->gen != gen) {
		q->gen = gen;
		q->goroutines.last = NULL;
		store_relaxed(&q->goroutines.first, NULL);
	}
	return &q->goroutines;
}

/* With q->lock held: the one that has waited longest; NULL: none. */
struct waiter *syncq_take(struct syncq *q)
{
	struct waitq *g = syncq_goroutines(q), *t = &q->threads;

	if (!t->first || (g->first && g->first->since <= t->first->since))
		return waitq_take(g);
	return waitq_take(t);
}

/* With q->lock held: whom syncq_take() would take. */
struct waiter *syncq_first(struct syncq *q)
{
	struct waitq *g = syncq_goroutines(q), *t = &q->threads;

	if (!t->first || (g->first && g->first->since <= t->first->since))
		return g->first;
	return t->first;
}

/*
 * With q->lock held: the caller is in the queue as @w, whose @since is set: when it began
 * to wait, in whatever unit. Where it has waited before, it goes ahead of those that came later.
 */
void syncq_add(struct m *m, struct syncq *q, struct waiter *w)
{
	struct waitq *own = m ? syncq_goroutines(q) : &q->threads;

	w->g = m ? m->cur : NULL;
	w->q = q;
	if (own->first && own->first->since > w->since)
		waitq_add_front(own, w);
	else
		waitq_add(own, w);
}

/* Wakes @w, which the caller took: after this it no longer exists. */
void wait_wake(struct m *m, struct waiter *w)
{
	uint32_t *f;

	if (likely(w->g != NULL)) {
		sched_ready(m, w->g);
		return;
	}
	f = w->any ? &w->any->futex : &w->futex;
	if (__atomic_exchange_n(f, AWAKE, __ATOMIC_ACQ_REL) == ASLEEP)
		deadlock_thread_woken();
	futex_wake(f, 1);
}

/* Wakes all of @q, the caller's own list. What they waited for may be gone with the first. */
void wait_wake_all(struct m *m, const struct waitq *q)
{
	struct waiter *w, *next;

	for (w = q->first; w; w = next) {
		next = w->next;
		wait_wake(m, w);
	}
}

/* ------------------------------------------------------------------- waiting */

/* Only others can wake it: deadlock.c counts such threads. */
static void thread_wait(uint32_t *f)
{
	if (fork_frozen())
		fork_refuse();
	if (cas_seq(f, 0, ASLEEP))
		deadlock_thread_sleeps();
	while (load_acquire(f) != AWAKE)
		futex_wait(f, ASLEEP, 0);
}

/* @w is queued under @lock, which is released. Returns the M on which the caller goes on. */
struct m *wait_one(struct m *m, struct waiter *w, uint32_t *lock, enum wait_why why)
{
	if (likely(m != NULL)) {
		w->siblings = 1;
		m->cur->waiting = w;
		return sched_park(m, (uintptr_t)lock | AFTER_UNLOCK, why);
	}
	spin_unlock(lock);
	thread_wait(&w->futex);
	return NULL;
}

/* Waits in @q, whose lock is held, and released. @since: as syncq_add(). */
struct m *syncq_wait(struct m *m, struct syncq *q, int64_t since, enum wait_why why)
{
	struct waiter w = { .since = since };

	syncq_add(m, q, &w);
	return wait_one(m, &w, &q->lock, why);
}

static void deadline_passed(struct m *m, struct timer *t)
{
	struct waiter *w = t->arg;

	if (!cas_seq(&w->any->fired, 0, 1))
		return;
	w->any->woke = WOKE_BY_TIMER;
	sched_ready_quiet(m, w->g);
}

static void thread_wait_any(struct wait_any *any, int64_t deadline)
{
	if (!deadline)
		thread_wait(&any->futex);
	while (!load_acquire(&any->futex)) {
		futex_wait(&any->futex, 0, deadline);
		if (go_now() >= deadline && cas_seq(&any->fired, 0, 1)) {
			any->woke = WOKE_BY_TIMER;
			return;
		}
	}
}

/* wait_any() of a goroutine, until @deadline. */
static NOINLINE struct m *wait_any_until(struct m *m, struct waiter *w, struct unlocks *u,
					 int64_t deadline, enum wait_why why)
{
	struct timer t = { .when = deadline, .fn = deadline_passed, .arg = w };
	struct p *p = m->p;

	spin_lock(&p->timers.lock);
	if (timer_add_locked(p, &t)) {
		spin_unlock(&p->timers.lock);
		fatal("no memory for a timer");
	}
	u->lock[u->n++] = &p->timers.lock;
	m = sched_park(m, (uintptr_t)u | AFTER_UNLOCKS, why);
	timer_del(&t);
	return m;
}

/*
 * The @n waiters from @w on are queued under the locks in @u, which has room for one
 * more lock; these are released. Sets *@woke to the index of the waiter that was
 * woken, or to WOKE_BY_TIMER. The caller gets the others out of their queues then.
 */
struct m *wait_any(struct m *m, struct waiter *w, uint32_t n, struct unlocks *u, int64_t deadline,
		   enum wait_why why, uint32_t *woke)
{
	if (unlikely(!m)) {
		for (uint32_t i = 0; i < u->n; i++)
			spin_unlock(u->lock[i]);
		thread_wait_any(w->any, deadline);
	} else {
		w->siblings = n;
		m->cur->waiting = w;
		m->cur->flags |= G_ANY;
		if (deadline)
			m = wait_any_until(m, w, u, deadline, why);
		else
			m = sched_park(m, u->n ? (uintptr_t)u | AFTER_UNLOCKS : 0, why);
		m->cur->flags &= (uint16_t)~G_ANY;
	}
	*woke = w->any->woke;
	return m;
}

/* Nothing will ever wake the caller. */
void wait_forever(struct m *m, enum wait_why why)
{
	uint32_t never = 0;

	if (!m && fork_frozen())
		fork_refuse();
	while (!m)
		thread_wait(&never);
	m->cur->waiting = NULL;
	sched_park(m, 0, why);
	fatal("a goroutine that waits for ever was woken");
}
