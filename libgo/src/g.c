// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * g.c - goroutine descriptors: free ones per P, a depot for all, and slabs that new ones
 * are carved from (rcu.c). A descriptor is never given back while the runtime runs, so
 * that a dump may look at any of them.
 *
 * A P has a batch in use and a spare one that is full, as with stacks (stack.c). Whole
 * batches move to and from the depot, which takes a lock but no walk: the descriptors of a
 * batch that comes from another P are in that one's cache, and to follow the list
 * through them would wait for each.
 *
 * Address space for a stack is reserved along with each descriptor, though which
 * stack a goroutine gets is open until it runs: so a goroutine that could be made
 * can also be run.
 */
#include "rt.h"

#include "gslab.h"
#include "san.h"

#define BATCH		256	/* free ones: a P keeps two of them at the most */
#define CARVE		32	/* new ones made at a time */

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

/* Batches: the first one of each has the next batch in @spare, their number in @stack_size. */
static void depot_put(struct g *batch, uint32_t n)
{
	batch->stack_size = n;
	spin_lock(&depot_lock);
	batch->spare = depot;
	depot = batch;
	spin_unlock(&depot_lock);
}

/* With depot_lock held: a batch, or NULL. */
static struct g *depot_get(uint32_t *n)
{
	struct g *batch = depot;

	if (batch) {
		depot = batch->spare;
		*n = (uint32_t)batch->stack_size;
	}
	return batch;
}

/* With depot_lock held: up to @n new ones; *@err says why there is none. */
static struct g *carve(uint32_t n, uint32_t *got, int *err)
{
	struct g *list = NULL, *g;

	*got = 0;
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
	return list;
}

static NOINLINE int refill(struct p *p)
{
	int err = 0;

	if (p->gspare) {
		p->gfree = p->gspare;
		p->gspare = NULL;
		p->ngfree = BATCH;
		return 0;
	}
	spin_lock(&depot_lock);
	p->gfree = depot_get(&p->ngfree);
	/* Few at a time: each one is touched here, and its memory may be fresh. */
	if (!p->gfree)
		p->gfree = carve(CARVE, &p->ngfree, &err);
	spin_unlock(&depot_lock);
	return p->gfree ? 0 : err;
}

/*
 * Where it ended on another P, it is still in that one's cache: on its way when it is needed.
 * NULL: nothing is fetched.
 */
static ALWAYS_INLINE inline void fetch(const struct g *g)
{
	__builtin_prefetch(g, 1);
	__builtin_prefetch((const void *)((uintptr_t)g + offsetof(struct g, fn)), 1);
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
	fetch(p->gfree);
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
	struct g *g, *rest;
	uint32_t n;

	spin_lock(&depot_lock);
	g = depot_get(&n);
	if (g && n > 1) {
		rest = next_free(g);
		rest->stack_size = n - 1;
		rest->spare = depot;
		depot = rest;
	} else if (!g) {
		g = carve(1, &n, err);
	}
	spin_unlock(&depot_lock);
	if (g)
		g->id = __atomic_fetch_add(&sched.next_id, 1, __ATOMIC_RELAXED);
	return g;
}

/* The batch in use is full: it is the spare one now, and the spare one goes to the depot. */
static NOINLINE void put_slow(struct p *p)
{
	if (p->gspare)
		depot_put(p->gspare, BATCH);
	p->gspare = p->gfree;
	p->gfree = NULL;
	p->ngfree = 0;
}

void g_put(struct p *p, struct g *g)
{
	store_relaxed(&g->state, G_DEAD);
	if (unlikely(p->ngfree >= BATCH))
		put_slow(p);
	set_next(g, p->gfree);
	p->gfree = g;
	p->ngfree++;
}

void g_put_foreign(struct g *g)
{
	store_relaxed(&g->state, G_DEAD);
	set_next(g, NULL);
	depot_put(g, 1);
}

static void drop(struct g *g, void *arg)
{
	uint8_t state = load_relaxed(&g->state);

	(void)arg;
	/* One that was woken from one of several sides still stands at the others. */
	if (g->waiting && (state == G_WAITING || (state == G_RUNNABLE && g->flags & G_ANY)))
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
