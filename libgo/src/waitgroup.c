// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * waitgroup.c - sync.WaitGroup.
 *
 * state: the counter in the upper half, the number of waiters in the lower. So one
 * atomic addition tells both whether that was the last one, and whether anybody waits.
 * A waiter counts itself and queues up under the lock, in one section; so the one that
 * makes the counter 0, taking the lock, finds all that were counted.
 */
#include "rt.h"

_Static_assert(sizeof(struct waitq) == sizeof(((struct go_waitgroup *)0)->_waiters),
	       "room for a waitq");

static int32_t counter(uint64_t state)
{
	return (int32_t)(state >> 32);
}

/* Waiters of a run that has ended are gone. */
static struct waitq *queue_of(struct go_waitgroup *wg)
{
	struct waitq *q = (struct waitq *)wg->_waiters;
	uint32_t gen = load_relaxed(&sched.gen);

	if (wg->_gen != gen) {
		wg->_gen = gen;
		q->first = q->last = NULL;
	}
	return q;
}

static NOINLINE void wake_all(struct m *m, struct go_waitgroup *wg)
{
	bool inside = !m && foreign_enter();
	struct waiter *w, *next;
	struct waitq *q;

	spin_lock(&wg->_lock);
	q = queue_of(wg);
	w = q->first;
	q->first = q->last = NULL;
	/* The waiters' half; the counter may be in use again already. */
	__atomic_and_fetch(&wg->_state, ~(uint64_t)UINT32_MAX, __ATOMIC_RELAXED);
	spin_unlock(&wg->_lock);
	/* wg may be gone as soon as the first one runs. */
	for (; w; w = next) {
		next = w->next;
		wait_wake(m, w);
	}
	if (inside)
		foreign_exit();
}

void go_wg_add(struct go_waitgroup *wg, int64_t n)
{
	struct m *m = m_enter();
	uint64_t state = __atomic_add_fetch(&wg->_state, (uint64_t)n << 32, __ATOMIC_ACQ_REL);

	if (unlikely(counter(state) < 0 || n > INT32_MAX || n < INT32_MIN))
		go_panic("sync: negative WaitGroup counter");
	if (counter(state) == 0 && (uint32_t)state)
		wake_all(m, wg);
	if (m)
		m_leave(m);
}

void go_wg_done(struct go_waitgroup *wg)
{
	go_wg_add(wg, -1);
}

void go_wg_wait(struct go_waitgroup *wg)
{
	struct m *m;
	struct waiter w;
	uint64_t state = load_acquire(&wg->_state);

	if (counter(state) == 0)
		return;
	m = m_enter();
	spin_lock(&wg->_lock);
	queue_of(wg);
	do {
		if (counter(state) == 0) {
			spin_unlock(&wg->_lock);
			goto out;
		}
	} while (!__atomic_compare_exchange_n(&wg->_state, &state, state + 1, true,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	w = (struct waiter){ .g = m ? m->cur : NULL };
	waitq_add(queue_of(wg), &w);
	m = wait_one(m, &w, &wg->_lock, WAIT_WAITGROUP);
out:
	if (m)
		m_leave(m);
}
