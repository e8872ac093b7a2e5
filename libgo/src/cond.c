// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cond.c - sync.Cond.
 *
 * Who waits is in the queue before it unlocks the mutex: so whoever changes the condition
 * under the mutex, and then signals, finds it. It parks only after that. Until it has parked
 * (waiter->parked, under the queue's lock) it must not be readied: a signal then only
 * takes it out of the queue, which it sees when it gets the lock to park.
 *
 * Tickets, in place of a clock, keep the order among goroutines and threads: a signal wakes
 * the one that waits longest, and nobody that came after it.
 *
 * Rejected: Go's list, which finds the waiter of a ticket by looking for it: tickets
 * of goroutines that went with their run would swallow signals.
 */
#include "rt.h"

_Static_assert(sizeof(struct syncq) == sizeof(struct go_cond) - offsetof(struct go_cond, _lock),
	       "a cond ends in a syncq");

static struct syncq *queue_of(struct go_cond *c)
{
	return (struct syncq *)&c->_lock;
}

void go_cond_wait(struct go_cond *c, struct go_mutex *mu)
{
	struct syncq *q = queue_of(c);
	struct waiter w = { .index = 0 };
	struct m *m = m_enter();

	/* Before it is queued: a panic takes the frame away. */
	if (!mutex_locked(mu))
		go_panic("sync: unlock of unlocked mutex");
	spin_lock(&q->lock);
	w.since = ++c->_tickets;
	syncq_add(m, q, &w);
	spin_unlock(&q->lock);
	go_mutex_unlock(mu);

	m = m_enter();
	spin_lock(&q->lock);
	if (w.queued) {
		w.parked = true;
		m = wait_one(m, &w, &q->lock, WAIT_COND);
	} else {
		spin_unlock(&q->lock);
	}
	if (m)
		m_leave(m);
	go_mutex_lock(mu);
}

static NOINLINE void wake(struct go_cond *c, bool all)
{
	struct m *m = m_enter();
	struct syncq *q = queue_of(c);
	struct waitq parked = { NULL, NULL };
	struct waiter *w;

	if (!m)
		foreign_enter();
	spin_lock(&q->lock);
	while ((w = syncq_take(q)) != NULL) {
		if (w->parked)
			waitq_add(&parked, w);
		if (!all)
			break;
	}
	spin_unlock(&q->lock);
	wait_wake_all(m, &parked);
	if (m)
		m_leave(m);
	else
		foreign_exit();
}

/* A look without the lock: who waits for what the caller changed is in the queue, see above. */
static bool waited_on(struct go_cond *c)
{
	struct syncq *q = queue_of(c);

	return load_relaxed(&q->goroutines.first) || load_relaxed(&q->threads.first);
}

void go_cond_signal(struct go_cond *c)
{
	if (waited_on(c))
		wake(c, false);
}

void go_cond_broadcast(struct go_cond *c)
{
	if (waited_on(c))
		wake(c, true);
}
