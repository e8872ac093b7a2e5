// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * runq.c - a P's run queue: runnext, and a ring of RUNQ_SIZE.
 *
 * The owner puts at tail and takes at head; thieves take half from head. What
 * overflows goes to the global queue, half a ring at a time.
 *
 * Memory order: the owner's store-release of tail publishes the slots before it; a
 * thief's load-acquire of tail pairs with it. Whoever takes moves head by a
 * compare-and-swap with release order, after having read the slots; the owner's
 * load-acquire of head in runq_put() pairs with it, so that a slot is not written
 * again before it was read. head and tail only grow, modulo 2^32.
 *
 * runnext is the owner's alone: two atomic exchanges for each switch of a pair that takes
 * turns would make it half as fast again. A thief takes it only from an owner that computes
 * in user code, and keeps that one out of the runtime meanwhile: preempt_steal_next(). What
 * is in runnext is not published for a thief, then, when idle_wake_next() looks for idle Ps;
 * nothing is lost by that: the owner runs it next.
 *
 * While a P is solo (the only one that this run ever had) nobody steals from it and
 * the owner needs no atomic read-modify-write. It clears the flag itself, with a
 * release that pairs with the thief's acquire.
 */
#include "runq.h"

/* The ring is full: half of it, and @g, to the global queue. False: it no longer is full. */
NOINLINE bool runq_put_slow(struct p *p, struct g *g)
{
	uint32_t head = load_acquire(&p->head), n = (p->tail - head) / 2;
	struct g *batch[GQ_BATCH];

	if (n < RUNQ_SIZE / 2)
		return false;
	for (uint32_t i = 0; i < n; i++)
		batch[i] = load_relaxed(&p->runq[(head + i) % RUNQ_SIZE]);
	if (!cas_seq(&p->head, head, head + n))
		return false;
	batch[n] = g;
	gq_put_all(batch, n + 1);
	return true;
}

/* It was worth waking somebody for @victim: see idle.c. */
static void unhush(struct p *victim)
{
	if (load_relaxed(&victim->hush_len)) {
		store_relaxed(&victim->hush_len, 0);
		store_relaxed(&victim->hush, load_relaxed(&victim->tick));
	}
}

/* runq_put() by rcu.c, which is built without TSan: it has to see what a thief relies on. */
NOINLINE void runq_put_seen(struct p *p, struct g *g)
{
	runq_put(p, g);
}

/* @p took @n from @victim, and will run @g. */
static void stolen(const struct p *p, const struct p *victim, const struct g *g, uint32_t n)
{
	probe4(steal, g->id, p->id, victim->id, n);
	if (unlikely(trace_on))
		trace_steal(p, victim, n);
}

/* Half of @victim's ring, if it holds @least, into @p's, which is empty; returns one of them. */
struct g *runq_steal(struct p *p, struct p *victim, uint32_t least)
{
	uint32_t tail = p->tail;
	uint32_t n;

	if (load_acquire(&victim->solo))
		return NULL;
	for (;;) {
		uint32_t head = load_acquire(&victim->head);
		uint32_t end = load_acquire(&victim->tail);

		n = end - head;
		if (n < least)
			return NULL;
		n -= n / 2;
		if (n > RUNQ_SIZE / 2)	/* head and tail don't belong together */
			continue;
		for (uint32_t i = 0; i < n; i++) {
			struct g *g = load_relaxed(&victim->runq[(head + i) % RUNQ_SIZE]);

			store_relaxed(&p->runq[(tail + i) % RUNQ_SIZE], g);
		}
		if (cas_seq(&victim->head, head, head + n)) {
			struct g *g = load_relaxed(&p->runq[(tail + n - 1) % RUNQ_SIZE]);

			store_release(&p->tail, tail + n - 1);
			unhush(victim);
			count_n(p, goroutine_steals, n);
			stolen(p, victim, g, n);
			return g;
		}
	}
}

/* The one that @victim would run next. */
struct g *runq_steal_next(struct p *p, struct p *victim)
{
	struct g *g = preempt_steal_next(victim);

	if (g) {
		unhush(victim);
		count(p, goroutine_steals);
		stolen(p, victim, g, 1);
	}
	return g;
}

/* Everything to the global queue: the P goes away. */
void runq_drain(struct p *p)
{
	struct g *g;

	while ((g = runq_get(p)) != NULL)
		gq_put(g);
}
