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

_Static_assert(sizeof(struct syncq) ==
		       sizeof(struct go_waitgroup) - offsetof(struct go_waitgroup, _lock),
	       "a waitgroup ends in a syncq");

static int32_t counter(uint64_t state)
{
	return (int32_t)(state >> 32);
}

static struct syncq *queue_of(struct go_waitgroup *wg)
{
	return (struct syncq *)&wg->_lock;
}

static NOINLINE void wake_all(struct m *m, struct go_waitgroup *wg)
{
	struct syncq *q = queue_of(wg);
	struct waitq all = { NULL, NULL };
	struct waiter *w;

	if (!m)
		foreign_enter();
	spin_lock(&q->lock);
	while ((w = syncq_take(q)) != NULL)
		waitq_add(&all, w);
	/* The waiters' half; the counter may be in use again already. */
	__atomic_and_fetch(&wg->_state, ~(uint64_t)UINT32_MAX, __ATOMIC_RELAXED);
	spin_unlock(&q->lock);
	/* wg may be gone as soon as the first one runs. */
	wait_wake_all(m, &all);
	if (!m)
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
	uint64_t state = load_acquire(&wg->_state);
	struct syncq *q = queue_of(wg);
	struct m *m;

	if (counter(state) == 0)
		return;
	m = m_enter();
	spin_lock(&q->lock);
	do {
		if (counter(state) == 0) {
			spin_unlock(&q->lock);
			goto out;
		}
	} while (!__atomic_compare_exchange_n(&wg->_state, &state, state + 1, true,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	m = syncq_wait(m, q, 0, WAIT_WAITGROUP);
out:
	if (m)
		m_leave(m);
}
