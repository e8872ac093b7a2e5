// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sem.c - a weighted semaphore, as golang.org/x/sync/semaphore.
 *
 * First come, first served, whatever it asks for: while somebody waits, nobody goes
 * ahead of it, also where there would be enough. So one that asks for much is not starved
 * by those that ask for little. Who releases takes from the count on behalf of
 * those that it wakes; a waiter that was woken has what it wanted.
 *
 * One that waits with a context stands in two queues: here, and among those who receive from
 * the context's channel, whose lock comes second. Who wakes it from there leaves it standing
 * here, until it comes itself; so it may have been the one that the others waited for,
 * and serves them when it leaves.
 *
 * Everything is under the lock, a few instructions. A count that is changed without it would
 * need a word for the waiters too, and saves nothing: one atomic exchange either way.
 */
#include "chan.h"

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

/* With the lock held: whom there is enough for is moved to @served, to be woken after unlocking. */
static void serve(struct go_sem *s, struct waitq *served)
{
	struct syncq *q = queue_of(s);
	struct waiter *w;

	while ((w = syncq_first(q)) != NULL && *(int64_t *)w->elem <= s->_count) {
		waitq_del(w->g ? &q->goroutines : &q->threads, w);
		if (w->any && !cas_seq(&w->any->fired, 0, 1))
			continue;
		if (w->any)
			w->any->woke = w->index;
		s->_count -= *(int64_t *)w->elem;
		waitq_add(served, w);
		w->queued = false;
	}
}

enum { BY_RELEASE, BY_CONTEXT };

/* With the lock held, which is released. Returns by whom it was woken. */
static int wait_with(struct m **m, struct go_sem *s, struct go_chan *done, int64_t n)
{
	struct syncq *q = queue_of(s);
	struct waitq served = { NULL, NULL };
	struct wait_any any = { .fired = 0 };
	struct waiter w[2] = { [BY_RELEASE] = { .any = &any, .elem = &n, .index = BY_RELEASE },
			       [BY_CONTEXT] = { .any = &any, .chan = done, .index = BY_CONTEXT } };
	uint64_t room[sizeof(struct unlocks) / 8 + 3];
	struct unlocks *u = (struct unlocks *)room;
	uint32_t woke;

	spin_lock(&done->lock);
	if (done->closed) {
		spin_unlock(&done->lock);
		spin_unlock(&q->lock);
		return BY_CONTEXT;
	}
	w[BY_RELEASE].since = ++s->_tickets;
	syncq_add(*m, q, &w[BY_RELEASE]);
	w[BY_CONTEXT].g = w[BY_RELEASE].g;
	chan_add_any(done, &w[BY_CONTEXT]);
	u->n = 2;
	u->lock[0] = &q->lock;
	u->lock[1] = &done->lock;
	*m = wait_any(*m, w, 2, u, 0, WAIT_SEM, &woke);

	if (woke == BY_RELEASE) {
		spin_lock(&done->lock);
		if (w[BY_CONTEXT].queued)
			waitq_del(&done->receivers, &w[BY_CONTEXT]);
		spin_unlock(&done->lock);
		return BY_RELEASE;
	}
	if (!*m)
		foreign_enter();
	spin_lock(&q->lock);
	if (w[BY_RELEASE].queued)
		waitq_del(w->g ? &q->goroutines : &q->threads, &w[BY_RELEASE]);
	serve(s, &served);
	spin_unlock(&q->lock);
	wait_wake_all(*m, &served);
	if (!*m)
		foreign_exit();
	return BY_CONTEXT;
}

int go_sem_acquire_ctx(struct go_sem *s, struct go_ctx *ctx, int64_t n)
{
	struct go_chan *done = go_ctx_done(ctx);
	int err = go_ctx_err(ctx), by = BY_RELEASE;
	struct m *m;

	check(n);
	if (err)
		return err;
	if (!done) {
		go_sem_acquire(s, n);
		return 0;
	}
	m = m_enter();
	spin_lock(&queue_of(s)->lock);
	if (take(s, n))
		spin_unlock(&queue_of(s)->lock);
	else
		by = wait_with(&m, s, done, n);
	if (m)
		m_leave(m);
	err = go_ctx_err(ctx);
	/* Both came true: what it got it gives back. */
	if (err && by == BY_RELEASE)
		go_sem_release(s, n);
	return err;
}

void go_sem_release(struct go_sem *s, int64_t n)
{
	struct syncq *q = queue_of(s);
	struct waitq served = { NULL, NULL };
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
	serve(s, &served);
	spin_unlock(&q->lock);
	wait_wake_all(m, &served);
	if (m)
		m_leave(m);
	else
		foreign_exit();
	if (unlikely(overflow))
		go_panic("semaphore: count overflows");
}
