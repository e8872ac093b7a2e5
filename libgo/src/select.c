// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * select.c - waiting for several channels at once; operations with a deadline.
 *
 * The cases are looked at without a lock, and of those that seem ready one, each as likely, is
 * tried under its channel's. That nothing is ready has to be true at one moment: so where that
 * was nothing, all channels are locked, in the order of their addresses, so that two selects
 * never wait for each other's locks, and the cases are looked at once more. If still none is
 * ready, a waiter is queued for each case, all are unlocked once the goroutine is out of its
 * stack, and whoever comes first wakes it (struct wait_any). Then the others are locked once
 * more, one by one, to take their waiters out. Not the one that woke it: the other side may
 * have freed that channel.
 */
#include "chan.h"
#include "runq.h"

#include <stdlib.h>

struct sel {
	struct go_case *cases;
	uint32_t n;			/* cases */
	struct waiter *waiters;		/* one for each case */
	struct wait_any any;
	struct unlocks *locks;		/* each channel's once, in order; room for a timer's */
};

static int by_address(const void *a, const void *b)
{
	const uintptr_t x = (uintptr_t) * (uint32_t *const *)a;
	const uintptr_t y = (uintptr_t) * (uint32_t *const *)b;

	return (x > y) - (x < y);
}

/* collect_locks() for two channels. */
static inline void collect_two(struct unlocks *u, uint32_t *a, uint32_t *b)
{
	u->lock[0] = a < b ? a : b;
	u->lock[1] = a < b ? b : a;
	u->n = a == b ? 1 : 2;
}

static inline bool has_chan(const struct go_case *c)
{
	return c->op != GO_DEFAULT && c->chan;
}

/* Collects the locks of all channels, each once, in order. */
static void collect_locks(struct sel *s)
{
	struct unlocks *u = s->locks;
	uint32_t n = 0;

	if (s->n == 2 && has_chan(&s->cases[0]) && has_chan(&s->cases[1])) {
		collect_two(u, &s->cases[0].chan->lock, &s->cases[1].chan->lock);
		return;
	}
	for (uint32_t i = 0; i < s->n; i++)
		if (has_chan(&s->cases[i]))
			u->lock[n++] = &s->cases[i].chan->lock;
	if (n <= SELECT_FEW) {
		for (uint32_t i = 1; i < n; i++)
			for (uint32_t k = i; k > 0 && u->lock[k - 1] > u->lock[k]; k--) {
				uint32_t *l = u->lock[k];

				u->lock[k] = u->lock[k - 1];
				u->lock[k - 1] = l;
			}
	} else {
		qsort(u->lock, n, sizeof(u->lock[0]), by_address);
	}
	u->n = 0;
	for (uint32_t i = 0; i < n; i++)
		if (!i || u->lock[i] != u->lock[u->n - 1])
			u->lock[u->n++] = u->lock[i];
}

static void lock_all(const struct unlocks *u)
{
	for (uint32_t i = 0; i < u->n; i++)
		chan_lock(container_of(u->lock[i], struct go_chan, lock));
}

static void unlock_all(const struct unlocks *u)
{
	for (uint32_t i = u->n; i-- > 0;)
		spin_unlock(u->lock[i]);
}

/*
 * Of @c, which seems ready and is locked: whether it is, but for what happens to its first waiter
 * elsewhere at this moment. Those that somebody else has woken are taken out: each of many
 * channels may have some, and to find that out by trying each would be to look at all again.
 */
static bool is_ready(const struct go_case *c)
{
	const bool send = c->op == GO_SEND;
	struct waitq *q = send ? &c->chan->receivers : &c->chan->senders;
	struct waiter *w;

	while ((w = q->first) != NULL && w->any && load_relaxed(&w->any->fired))
		waitq_del(q, w);
	return chan_seems_ready(c->chan, send);
}

/*
 * The case that is to happen, of those that seem ready, each of them as likely; -1: none. With
 * all @locked, what seems not to be ready is not.
 *
 * To begin at a random case and take the next one that is ready would prefer those behind a gap.
 * The nth that is found takes the place of the one before with a probability of 1/n.
 */
static ALWAYS_INLINE inline int64_t pick(const struct sel *s, uint64_t *rng, bool locked)
{
	int64_t picked = -1;
	uint64_t found = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct go_case *c = &s->cases[i];

		if (!has_chan(c) || !chan_seems_ready(c->chan, c->op == GO_SEND))
			continue;
		if (locked && !is_ready(c))
			continue;
		if (++found == 1 || !((rng_next(rng) >> 32) * found >> 32))
			picked = i;
	}
	return picked;
}

/* One case, under its lock. -EAGAIN, or 0 where it happened. As of chan.h. */
static inline int try_case(struct go_case *c, struct waiter **w, bool *closed)
{
	int ret;

	if (c->op == GO_SEND) {
		ret = chan_send_locked(c->chan, c->elem, w);
		*closed = ret == -EPIPE;
	} else {
		ret = chan_recv_locked(c->chan, c->elem, w);
		if (ret != -EAGAIN)
			c->ok = !ret;
	}
	return ret == -EAGAIN ? ret : 0;
}

/*
 * With one lock: the case that happened, or -1. @w: who is to be woken; @closed: a send
 * failed.
 */
static inline int64_t try_one_case(struct sel *s, uint64_t *rng, struct waiter **w, bool *closed)
{
	int64_t i = pick(s, rng, false);
	struct go_chan *c;
	int ret;

	if (i < 0)
		return i;
	c = s->cases[i].chan;
	chan_lock(c);
	ret = try_case(&s->cases[i], w, closed);
	spin_unlock(&c->lock);
	return ret ? -1 : i;
}

/* With all locked: as try_one_case(). */
static inline int64_t try_cases(struct sel *s, uint64_t *rng, struct waiter **w, bool *closed)
{
	int64_t i = pick(s, rng, true);

	while (unlikely(i >= 0) && try_case(&s->cases[i], w, closed))
		i = pick(s, rng, true);
	return i;
}

static void enqueue(struct sel *s, struct g *g)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct go_case *c = &s->cases[i];
		struct waiter *w = &s->waiters[i];

		w->g = g;
		w->any = &s->any;
		w->elem = c->elem;
		w->chan = c->op == GO_DEFAULT ? NULL : c->chan;
		w->index = i;
		w->queued = false;
		w->ok = false;
		w->send = c->op == GO_SEND;
		if (w->chan)
			chan_add_any(w->chan, w);
	}
}

/*
 * Takes the waiters that did not happen out of their queues. Each lock by itself: nobody waits
 * for them any more, @any.fired being set. That of case @woke not: its value was received, so
 * its channel may be gone, unless another case is queued there, too.
 */
static void dequeue(struct sel *s, uint32_t woke)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct waiter *w = &s->waiters[i];
		struct go_chan *c = w->chan;

		if (i == woke || !c)
			continue;
		spin_lock(&c->lock);
		if (w->queued)
			waitq_del(w->send ? &c->senders : &c->receivers, w);
		spin_unlock(&c->lock);
	}
}

/*
 * -EAGAIN: none is ready and @block is false; -ETIMEDOUT; -EPIPE: it would send on a closed
 * channel; else the case that happened.
 */
static int64_t run_select(struct sel *s, bool block, int64_t deadline)
{
	static uint64_t foreign_rng = 0x2545f4914f6cdd1d;
	struct m *m = m_enter();
	uint64_t seed = m ? 0 : __atomic_add_fetch(&foreign_rng, 0x9e3779b97f4a7c15, __ATOMIC_RELAXED);
	uint64_t *rng = m ? &m->p->rng : &seed;
	struct waiter *w = NULL;
	bool closed = false;
	uint32_t woke;
	int64_t ret;

	if (!m)
		foreign_enter();
	else if (deadline)
		timer_catch_up(m);
	ret = try_one_case(s, rng, &w, &closed);
	if (ret < 0) {
		collect_locks(s);
		lock_all(s->locks);
		ret = try_cases(s, rng, &w, &closed);
		if (ret >= 0 || !block)
			unlock_all(s->locks);
	}
	if (ret >= 0 || !block) {
		if (w)
			wait_wake_here(m, w);
		if (ret < 0)
			ret = -EAGAIN;
		if (!m)
			foreign_exit();
		goto out;
	}

	s->any = (struct wait_any){ 0 };
	enqueue(s, m ? m->cur : NULL);
	if (!m)
		foreign_exit();
	m = wait_any(m, s->waiters, s->n, s->locks, deadline, WAIT_SELECT, &woke);
	dequeue(s, woke);
	if (woke == WOKE_BY_TIMER) {
		ret = -ETIMEDOUT;
		goto out;
	}
	ret = woke;
	if (s->cases[woke].op == GO_SEND)
		closed = !s->waiters[woke].ok;
	else
		s->cases[woke].ok = s->waiters[woke].ok;
out:
	if (m)
		m_leave(m);
	return closed ? -EPIPE : ret;
}

static int64_t select_few(struct go_case *cases, uint32_t n, bool block, int64_t deadline)
{
	struct waiter waiters[SELECT_FEW];
	/* A struct unlocks with room for SELECT_FEW and a timer's. */
	uint64_t locks[sizeof(struct unlocks) / 8 + SELECT_FEW + 1];
	struct sel s = {
		.cases = cases,
		.n = n,
		.waiters = waiters,
		.locks = (struct unlocks *)locks,
	};

	return run_select(&s, block, deadline);
}

static int64_t select_many(struct go_case *cases, uint32_t n, bool block)
{
	struct sel s = { .cases = cases, .n = n };
	const size_t locks = sizeof(*s.locks) + ((size_t)n + 1) * sizeof(s.locks->lock[0]);
	int64_t ret;

	/* In one piece, which goes with the waiters, should the run end: chan_drop_waiters(). */
	s.waiters = malloc(n * sizeof(*s.waiters) + locks);
	if (!s.waiters)
		return -ENOMEM;
	s.locks = (struct unlocks *)(s.waiters + n);
	ret = run_select(&s, block, 0);
	free(s.waiters);
	return ret;
}

int go_select(struct go_case *cases, size_t n)
{
	int64_t ret;
	int def = -1;

	if (n > INT_MAX)
		go_panic("go_select: too many cases: %zu", n);
	for (size_t i = 0; i < n; i++) {
		cases[i].ok = false;
		if (cases[i].op == GO_DEFAULT) {
			if (def >= 0)
				go_panic("go_select: multiple defaults");
			def = (int)i;
		} else if (cases[i].op != GO_SEND && cases[i].op != GO_RECV) {
			go_panic("go_select: case %zu: unknown op %d", i, (int)cases[i].op);
		}
	}
	if (n == 0)
		wait_forever(m_enter(), WAIT_SELECT_NONE);
	if (n <= SELECT_FEW)
		ret = select_few(cases, (uint32_t)n, def < 0, 0);
	else
		ret = select_many(cases, (uint32_t)n, def < 0);
	if (ret == -EPIPE)
		go_panic(SEND_ON_CLOSED);
	if (ret == -ENOMEM)
		go_panic("go_select: no memory for %zu cases", n);
	return ret == -EAGAIN ? def : (int)ret;
}

/* A select of one case and a time. */
static int until(struct go_chan *c, void *elem, int64_t deadline, enum go_op op)
{
	struct go_case one = { .op = op, .chan = c, .elem = elem };
	int64_t ret;

	/* One that has passed tries once. */
	if (deadline && deadline <= go_now()) {
		ret = select_few(&one, 1, false, 0);
		if (ret == -EAGAIN)
			ret = -ETIMEDOUT;
	} else {
		ret = select_few(&one, 1, true, deadline);
	}
	if (ret == -EPIPE)
		go_panic(SEND_ON_CLOSED);
	if (ret < 0)
		return (int)ret;
	return op == GO_SEND || one.ok ? 0 : -EPIPE;
}

int go_send_until(struct go_chan *c, const void *elem, int64_t deadline)
{
	return until(c, (void *)elem, deadline, GO_SEND);
}

int go_recv_until(struct go_chan *c, void *elem, int64_t deadline)
{
	return until(c, elem, deadline, GO_RECV);
}
