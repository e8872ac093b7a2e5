// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * waitgroup.c - sync.WaitGroup.
 *
 * state: the counter in the upper half, in the lower whether anybody waits (WAITERS), and how
 * many Ps have passes (OPEN each). So one atomic instruction tells both whether that was the last
 * one, and whether anybody waits. A waiter says so and queues up under the lock, in one section;
 * so the one that makes the counter 0, taking the lock, finds all that have.
 *
 * Passes. Where goroutines of several Ps are done one after the other, each takes the counter's
 * cache line from the other P: two Ps were slower at it than one. So while there is much to be
 * done, a P takes PASSES off the counter at once, and go_wg_done() uses one of these up, in memory
 * that the P has for itself. What is left to be done is the counter and all passes together:
 *
 * - A P gets passes under the lock, and only where the counter stays far above 0.
 * - While any P has (or had) some, nobody takes the counter to 0. Who would, collects first: under
 *   the lock, all passes go back to the counter. They are taken by an exchange, used by a
 *   compare-and-swap: each is used once or comes back. Then the counter is what is left. So only
 *   at 0 it says 0, and who made it that has nobody to ask.
 * - Who gets passes or collects has not been counted off itself yet, so the waitgroup is there
 *   for as long as it holds the lock.
 * - A pass is used with release order, and collected with acquire; who goes on at 0 sees what was
 *   done before, since all that changes the counter is a read-modify-write.
 *
 * A P has passes of one waitgroup at a time, and doesn't give them back by itself: nobody
 * knows whether that one is still there. Where another one lies at its address, zero-filled,
 * the tags differ. Passes end with the run: a waitgroup whose goroutines a run's end has dropped
 * has to be zero-filled again.
 *
 * Model: ../models/waitgroup.pml.
 */
#include "rt.h"

_Static_assert(sizeof(struct syncq) ==
		       sizeof(struct go_waitgroup) - offsetof(struct go_waitgroup, _lock),
	       "a waitgroup ends in a syncq");

#define PASSES	32u
/* It has to be worth it, and nobody should have to collect while there is much left. */
#define MANY	(4 * PASSES)

#define WAITERS	((uint64_t)1)
#define OPEN	((uint64_t)2)
#define ONE	((uint64_t)1 << 32)

static int32_t counter(uint64_t state)
{
	return (int32_t)(state >> 32);
}

/* How many Ps have passes, times OPEN. */
static uint64_t open_ones(uint64_t state)
{
	return (uint32_t)state & ~WAITERS;
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
	/* The rest may be in use again already. */
	__atomic_and_fetch(&wg->_state, ~WAITERS, __ATOMIC_RELAXED);
	spin_unlock(&q->lock);
	/* wg may be gone as soon as the first one runs. */
	wait_wake_all(m, &all);
	if (!m)
		foreign_exit();
}

/* ------------------------------------------------------------------- passes */

static inline bool has_passes(const struct p *p, const struct go_waitgroup *wg, uint32_t tag)
{
	return load_relaxed(&p->wg) == wg && load_relaxed(&p->wg_tag) == tag;
}

/* What is left to be done of the waitgroup at @wg, of which the others were read. */
uint32_t wg_left(uint64_t state, const struct go_waitgroup *wg, uint32_t tag)
{
	const struct p_array *a = open_ones(state) ? rcu_ps() : NULL;
	uint32_t n = (uint32_t)counter(state);

	for (uint32_t i = 0; a && i < a->n; i++)
		if (has_passes(a->p[i], wg, tag))
			n += load_relaxed(&a->p[i]->wg_passes);
	return n;
}

/* Under the lock: all passes go back. */
static void collect_all(struct go_waitgroup *wg)
{
	const struct p_array *a = rcu_ps();
	uint64_t n = 0;

	for (uint32_t i = 0; a && i < a->n; i++) {
		struct p *p = a->p[i];

		if (!has_passes(p, wg, wg->_tag))
			continue;
		n += __atomic_exchange_n(&p->wg_passes, 0, __ATOMIC_ACQUIRE);
		store_release(&p->wg, NULL);
	}
	/* All that are open: what is of no P any more was of another run's. */
	n = n * ONE - open_ones(load_relaxed(&wg->_state));
	__atomic_add_fetch(&wg->_state, n, __ATOMIC_ACQ_REL);
}

/* The caller has something to take off still. @m NULL: a thread that is no goroutine. */
static NOINLINE void collect(struct m *m, struct go_waitgroup *wg)
{
	if (!m)
		foreign_enter();
	spin_lock(&queue_of(wg)->lock);
	if (open_ones(load_relaxed(&wg->_state)))
		collect_all(wg);
	spin_unlock(&queue_of(wg)->lock);
	if (!m)
		foreign_exit();
}

/* With @n < 0. Return: the state. */
static uint64_t take_off(struct m *m, struct go_waitgroup *wg, int64_t n)
{
	uint64_t state = load_relaxed(&wg->_state), next;

	for (;;) {
		if (unlikely(open_ones(state)) && counter(state) + n <= 0) {
			collect(m, wg);
			state = load_relaxed(&wg->_state);
			continue;
		}
		next = state + (uint64_t)n * ONE;
		if (__atomic_compare_exchange_n(&wg->_state, &state, next, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return next;
	}
}

/* @p takes passes, and uses one. False: it gets none. */
static bool get_passes(struct p *p, struct go_waitgroup *wg)
{
	static uint32_t tags;
	uint64_t state = load_relaxed(&wg->_state), next;
	int64_t few = (int64_t)MANY * load_relaxed(&sched.np);
	const struct go_waitgroup *now = load_acquire(&p->wg);
	bool got = false, has;

	if (counter(state) < few || (now && now != wg) || !spin_trylock(&queue_of(wg)->lock))
		return false;
	/* Else it is free, or was of one that lay here before. */
	has = wg->_tag && has_passes(p, wg, wg->_tag);
	while (!got && counter(state) >= few) {
		next = state - (PASSES + 1) * ONE + (has ? 0 : OPEN);
		got = __atomic_compare_exchange_n(&wg->_state, &state, next, false,
						  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
	if (got && !has) {
		while (!wg->_tag)
			store_relaxed(&wg->_tag, __atomic_add_fetch(&tags, 1, __ATOMIC_RELAXED));
		store_relaxed(&p->wg_tag, wg->_tag);
		store_relaxed(&p->wg, wg);
	}
	if (got)
		store_release(&p->wg_passes, PASSES);
	spin_unlock(&queue_of(wg)->lock);
	return got;
}

static inline bool use_pass(struct p *p, struct go_waitgroup *wg)
{
	uint32_t n = load_relaxed(&p->wg_passes);

	/* Only the collector changes it, to 0. */
	return n && has_passes(p, wg, load_relaxed(&wg->_tag)) &&
	       __atomic_compare_exchange_n(&p->wg_passes, &n, n - 1, false, __ATOMIC_RELEASE,
					   __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------- public */

static void changed(struct m *m, struct go_waitgroup *wg, uint64_t state, int64_t n)
{
	if (unlikely(counter(state) < 0 || n > INT32_MAX || n < INT32_MIN))
		go_panic("sync: negative WaitGroup counter");
	if (counter(state) == 0 && state & WAITERS)
		wake_all(m, wg);
	if (m)
		m_leave(m);
}

void go_wg_add(struct go_waitgroup *wg, int64_t n)
{
	struct m *m = m_enter();
	uint64_t state;

	if (n < 0)
		state = take_off(m, wg, n);
	else
		state = __atomic_add_fetch(&wg->_state, (uint64_t)n * ONE, __ATOMIC_ACQ_REL);
	changed(m, wg, state, n);
}

void go_wg_done(struct go_waitgroup *wg)
{
	struct m *m = m_enter();
	uint64_t state;

	if (m && unlikely(m->p->solo)) {
		/* No P has ever had passes. */
		state = __atomic_add_fetch(&wg->_state, -ONE, __ATOMIC_ACQ_REL);
	} else {
		if (m && (use_pass(m->p, wg) || get_passes(m->p, wg))) {
			m_leave(m);
			return;
		}
		state = take_off(m, wg, -1);
	}
	changed(m, wg, state, -1);
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
	} while (!__atomic_compare_exchange_n(&wg->_state, &state, state | WAITERS, true,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	m = syncq_wait(m, q, 0, WAIT_WAITGROUP);
out:
	if (m)
		m_leave(m);
}
