// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * g.c - goroutine descriptors: a list of free ones per P, a depot for all, and slabs
 * that new ones are carved from (rcu.c). A descriptor is never given back while the
 * runtime runs, so that a dump may look at any of them.
 *
 * Address space for a stack is reserved along with each descriptor, though which
 * stack a goroutine gets is open until it runs: so a goroutine that could be made
 * can also be run.
 */
#include "rt.h"

#include "gslab.h"
#include "san.h"

#define CACHE_MAX	512	/* free descriptors that a P keeps */
#define BATCH		256	/* moved to and from the depot at a time */

static uint32_t depot_lock;
static struct g *depot;
static struct gslab *slab;	/* under depot_lock */

static struct g *next_free(const struct g *g)
{
	return (struct g *)g->link.next;
}

static void set_next(struct g *g, struct g *next)
{
	g->link.next = (struct cds_wfcq_node *)next;
}

/* Up to @n descriptors from the depot, else from a slab; *@err says why there is none. */
static struct g *take(uint32_t n, uint32_t *got, int *err)
{
	struct g *list = NULL, *g;

	*got = 0;
	spin_lock(&depot_lock);
	while (*got < n && (g = depot) != NULL) {
		depot = next_free(g);
		set_next(g, list);
		list = g;
		++*got;
	}
	while (*got < n) {
		g = slab ? rcu_carve(slab) : NULL;
		if (!g) {
			if (*got)
				break;
			*err = stack_reserve(GSLAB_GS);
			if (*err)
				break;
			slab = rcu_new_slab();
			if (!slab) {
				*err = -ENOMEM;
				break;
			}
			continue;
		}
		set_next(g, list);
		list = g;
		++*got;
	}
	spin_unlock(&depot_lock);
	return list;
}

static NOINLINE int refill(struct p *p)
{
	int err = 0;

	/* Few at a time: each one is touched here, and its memory may be fresh. */
	p->gfree = take(32, &p->ngfree, &err);
	return p->gfree ? 0 : err;
}

/* A descriptor; NULL: none could be had, *@err says why. */
struct g *g_get(struct p *p, int *err)
{
	struct g *g = p->gfree;

	if (unlikely(!g)) {
		*err = refill(p);
		if (*err)
			return NULL;
		g = p->gfree;
	}
	p->gfree = next_free(g);
	p->ngfree--;
	if (unlikely(p->id_next == p->id_end)) {
		p->id_end = __atomic_add_fetch(&sched.next_id, 16, __ATOMIC_RELAXED);
		p->id_next = p->id_end - 16;
	}
	g->id = p->id_next++;
	return g;
}

/* The same for a thread that has no P. */
struct g *g_get_foreign(int *err)
{
	uint32_t got;
	struct g *g = take(1, &got, err);

	if (g)
		g->id = __atomic_fetch_add(&sched.next_id, 1, __ATOMIC_RELAXED);
	return g;
}

static NOINLINE void give_back(struct p *p)
{
	struct g *first = p->gfree, *last = first;

	for (uint32_t i = 1; i < BATCH; i++)
		last = next_free(last);
	p->gfree = next_free(last);
	p->ngfree -= BATCH;
	spin_lock(&depot_lock);
	set_next(last, depot);
	depot = first;
	spin_unlock(&depot_lock);
}

void g_put(struct p *p, struct g *g)
{
	store_relaxed(&g->state, G_DEAD);
	set_next(g, p->gfree);
	p->gfree = g;
	if (unlikely(++p->ngfree > CACHE_MAX))
		give_back(p);
}

void g_put_foreign(struct g *g)
{
	store_relaxed(&g->state, G_DEAD);
	spin_lock(&depot_lock);
	set_next(g, depot);
	depot = g;
	spin_unlock(&depot_lock);
}

static void drop(struct g *g, void *arg)
{
	uint8_t state = load_relaxed(&g->state);

	(void)arg;
	if (state == G_WAITING && g->waiting)
		chan_drop_waiters(g->waiting);
	/* What libgo itself was to run, and did not begin, owns something. */
	if (state == G_RUNNABLE && !g->sp) {
		context_drop(g->fn, g->arg);
		group_drop(g->fn, g->arg);
	}
}

/* At the end: channels outlive the runtime, those who wait in them don't. */
void g_drop_waiters(void)
{
	rcu_each_g(drop, NULL);
}

void g_exit(void)
{
	depot = NULL;
	depot_lock = 0;
	slab = NULL;
	rcu_free_slabs();
}
