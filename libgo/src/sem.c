// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sem.c - a weighted semaphore, as golang.org/x/sync/semaphore.
 *
 * First come, first served, whatever it asks for: while somebody waits, nobody goes
 * ahead of it, also where there would be enough. So one that asks for much is not starved
 * by those that ask for little. Who releases takes from the count on behalf of
 * those that it wakes; a waiter that was woken has what it wanted.
 *
 * Everything is under the lock, a few instructions. A count that is changed without it would
 * need a word for the waiters too, and saves nothing: one atomic exchange either way.
 */
#include "rt.h"

_Static_assert(sizeof(struct syncq) == sizeof(struct go_sem) - offsetof(struct go_sem, _lock),
	       "a semaphore ends in a syncq");

static struct syncq *queue_of(struct go_sem *s)
{
	return (struct syncq *)&s->_lock;
}

static void check(int64_t n)
{
	if (unlikely(n < 0))
		go_panic("semaphore: negative weight");
}

/* With the lock held. */
static bool take(struct go_sem *s, int64_t n)
{
	if (s->_count < n || syncq_first(queue_of(s)))
		return false;
	s->_count -= n;
	return true;
}

void go_sem_acquire(struct go_sem *s, int64_t n)
{
	struct syncq *q = queue_of(s);
	struct m *m;

	check(n);
	m = m_enter();
	spin_lock(&q->lock);
	if (take(s, n)) {
		spin_unlock(&q->lock);
	} else {
		struct waiter w = { .elem = &n, .since = ++s->_tickets };

		syncq_add(m, q, &w);
		m = wait_one(m, &w, &q->lock, WAIT_SEM);
	}
	if (m)
		m_leave(m);
}

bool go_sem_try_acquire(struct go_sem *s, int64_t n)
{
	struct syncq *q = queue_of(s);
	struct m *m;
	bool taken;

	check(n);
	m = m_enter();
	spin_lock(&q->lock);
	taken = take(s, n);
	spin_unlock(&q->lock);
	if (m)
		m_leave(m);
	return taken;
}

void go_sem_release(struct go_sem *s, int64_t n)
{
	struct syncq *q = queue_of(s);
	struct waitq served = { NULL, NULL };
	struct waiter *w;
	bool overflow;
	struct m *m;

	check(n);
	m = m_enter();
	if (!m)
		foreign_enter();
	spin_lock(&q->lock);
	overflow = n > INT64_MAX - s->_count;
	if (!overflow)
		s->_count += n;
	while ((w = syncq_first(q)) != NULL && *(int64_t *)w->elem <= s->_count) {
		s->_count -= *(int64_t *)w->elem;
		syncq_take(q);
		waitq_add(&served, w);
	}
	spin_unlock(&q->lock);
	wait_wake_all(m, &served);
	if (m)
		m_leave(m);
	else
		foreign_exit();
	if (unlikely(overflow))
		go_panic("semaphore: count overflows");
}
