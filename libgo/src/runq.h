/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runq.h - the part of the run queue that runs at each switch. Its rules, and the memory
 * order of every access, are at the head of runq.c.
 */
#ifndef GVTGO_RUNQ_H
#define GVTGO_RUNQ_H

#include "rt.h"

bool runq_put_slow(struct p *p, struct g *g);

static inline bool runq_empty(const struct p *p)
{
	return load_acquire(&p->head) == load_acquire(&p->tail) && !load_seq(&p->runnext);
}

static inline uint32_t runq_ring_len(const struct p *p)
{
	return load_relaxed(&p->tail) - load_relaxed(&p->head);
}

static inline uint32_t runq_len(const struct p *p)
{
	return runq_ring_len(p) + !!load_relaxed(&p->runnext);
}

/* At the end, where there is room; false: there is none. */
static inline bool runq_try_put(struct p *p, struct g *g)
{
	uint32_t tail = p->tail;

	if (unlikely(tail - load_acquire(&p->head) >= RUNQ_SIZE))
		return false;
	store_relaxed(&p->runq[tail % RUNQ_SIZE], g);
	store_release(&p->tail, tail + 1);
	return true;
}

/* At the end. */
static inline void runq_put(struct p *p, struct g *g)
{
	while (unlikely(!runq_try_put(p, g)))
		if (runq_put_slow(p, g))
			return;
}

void runq_put_seen(struct p *p, struct g *g);

/* To run next; what was to run next goes to the end. */
static inline void runq_put_next(struct p *p, struct g *g)
{
	struct g *old = load_relaxed(&p->runnext);

	store_relaxed(&p->runnext, g);
	if (old)
		runq_put(p, old);
}

/* The first of the ring, where thieves may take it. */
static inline struct g *runq_get_shared(struct p *p)
{
	uint32_t head = load_acquire(&p->head);

	for (;;) {
		struct g *g;

		if (head == p->tail)
			return NULL;
		g = load_relaxed(&p->runq[head % RUNQ_SIZE]);
		if (__atomic_compare_exchange_n(&p->head, &head, head + 1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return g;
	}
}

/* The first of the ring. */
static inline struct g *runq_get_fifo(struct p *p)
{
	uint32_t head = load_relaxed(&p->head);

	if (!p->solo)
		return runq_get_shared(p);
	if (head == p->tail)
		return NULL;
	store_relaxed(&p->head, head + 1);
	return load_relaxed(&p->runq[head % RUNQ_SIZE]);
}

/*
 * On a P that is solo, and has nothing to run next: takes the first of the ring, if that has
 * run before, and puts @g at the end, which always fits.
 */
static inline struct g *runq_turn(struct p *p, struct g *g)
{
	uint32_t head = load_relaxed(&p->head), tail = p->tail;
	struct g *next;

	if (unlikely(head == tail))
		return NULL;
	next = load_relaxed(&p->runq[head % RUNQ_SIZE]);
	if (unlikely(!next->sp))
		return NULL;
	store_relaxed(&p->head, head + 1);
	store_relaxed(&p->runq[tail % RUNQ_SIZE], g);
	store_release(&p->tail, tail + 1);
	return next;
}

static inline struct g *runq_get(struct p *p)
{
	struct g *g = load_relaxed(&p->runnext);

	if (g) {
		store_relaxed(&p->runnext, NULL);
		return g;
	}
	return runq_get_fifo(p);
}

/* sched_ready() in line, of a goroutine that is plain, by a goroutine. */
static ALWAYS_INLINE inline void ready_plain(struct p *p, struct g *g)
{
	store_relaxed(&g->state, G_RUNNABLE);
	probe2(ready, g->id, p->id);
	runq_put_next(p, g);
	idle_wake_next(p);
}

/* wait_wake() with the common case in line: a goroutine by a goroutine, neither pinned. */
static ALWAYS_INLINE inline void wait_wake_here(struct m *m, struct waiter *w)
{
	struct g *g = w->g;

	if (likely(m && g && g_plain(g)))
		ready_plain(m->p, g);
	else
		wait_wake(m, w);
}

#endif /* GVTGO_RUNQ_H */
