// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * g.c - goroutine descriptors: free ones per P, a depot for all, and slabs that new ones
 * are carved from (rcu.c). A descriptor is never given back while the runtime runs, so
 * that a dump may look at any of them.
 *
 * Free ones stand in arrays, last in first out. A list through the descriptors themselves would
 * say where one is when the one before has come from memory; an array says it of all, and the
 * one that is wanted some calls later is fetched meanwhile. Half of what a P can hold goes to the
 * depot and comes from it at once. The depot has room for all that were carved, from then on: to
 * put one back never fails.
 *
 * Address space for a stack is reserved along with each descriptor, though which
 * stack a goroutine gets is open until it runs: so a goroutine that could be made
 * can also be run.
 */
#include "rt.h"

#include <sys/mman.h>

#include "gslab.h"
#include "san.h"

#define BATCH		(GFREE_MOST / 2)
#define CARVE		32	/* new ones made at a time */
#define DEPOT_FIRST	8192	/* pointers: a page each 512 that are used; later all at once */

static uint32_t depot_lock;
/* All below: under depot_lock. */
static struct {
	struct g **g;
	size_t n, cap;
	size_t touched;		/* so many have memory, or are touched as they are used */
} depot;
static size_t ncarved;
static struct gslab *slab;

/* A fault for each page costs several times as much. Where the kernel can't, it is that. */
static void depot_touch(void)
{
	madvise(depot.g + depot.touched, DEPOT_FIRST * sizeof(*depot.g), POPULATE_WRITE);
	depot.touched += DEPOT_FIRST;
}

static void depot_put(struct g *const *g, uint32_t n)
{
	spin_lock(&depot_lock);
	if (unlikely(depot.n + n > depot.touched))
		depot_touch();
	memcpy(depot.g + depot.n, g, n * sizeof(*g));
	depot.n += n;
	spin_unlock(&depot_lock);
}

/* The two below: with depot_lock held. Up to @n. Return: how many. */
static uint32_t depot_get(struct g **g, uint32_t n)
{
	if (!depot.n)
		return 0;
	if (n > depot.n)
		n = (uint32_t)depot.n;
	depot.n -= n;
	memcpy(g, depot.g + depot.n, n * sizeof(*g));
	return n;
}

/*
 * So that there is room for @n more. Not by realloc(): the thread that has malloc()'s lock may wait
 * for this P.
 */
static int depot_grow(uint32_t n)
{
	size_t cap = depot.cap ? 2 * depot.cap : DEPOT_FIRST;
	void *g;

	if (ncarved + n <= depot.cap)
		return 0;
	if (depot.cap)
		g = mremap(depot.g, depot.cap * sizeof(*depot.g), cap * sizeof(*depot.g),
			   MREMAP_MAYMOVE);
	else
		g = mmap(NULL, cap * sizeof(*depot.g), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (g == MAP_FAILED)
		return -ENOMEM;
	depot.g = g;
	depot.cap = cap;
	if (!depot.touched)
		depot.touched = DEPOT_FIRST;
	return 0;
}

/* With depot_lock held: a new one; NULL: *@err says why there is none. */
static struct g *carve_one(int *err)
{
	struct g *g = slab ? rcu_carve(slab) : NULL;

	if (g)
		return g;
	*err = stack_reserve(GSLAB_GS);
	if (*err)
		return NULL;
	slab = rcu_new_slab();
	if (!slab)
		*err = -ENOMEM;
	return slab ? rcu_carve(slab) : NULL;
}

/* With depot_lock held: up to @n new ones; of none *@err says why. Return: how many. */
static uint32_t carve(struct g **g, uint32_t n, int *err)
{
	uint32_t got = 0;

	*err = depot_grow(n);
	while (!*err && got < n) {
		g[got] = carve_one(err);
		got += !*err;
	}
	ncarved += got;
	if (got)
		*err = 0;
	return got;
}

/* @p has no free one. */
NOINLINE int g_refill(struct p *p)
{
	int err = 0;

	spin_lock(&depot_lock);
	p->ngfree = depot_get(p->gfree, BATCH);
	/* Few at a time: each one is touched here, and its memory may be fresh. */
	if (!p->ngfree)
		p->ngfree = carve(p->gfree, CARVE, &err);
	spin_unlock(&depot_lock);
	return err;
}

/* The same for a thread that has no P. */
struct g *g_get_foreign(int *err)
{
	struct g *g = NULL;

	spin_lock(&depot_lock);
	if (!depot_get(&g, 1))
		carve(&g, 1, err);
	spin_unlock(&depot_lock);
	if (g)
		g->id = __atomic_fetch_add(&sched.next_id, 1, __ATOMIC_RELAXED);
	return g;
}

/* @p holds as many free ones as it can: those that are in no cache any more go to the depot. */
NOINLINE void g_make_room(struct p *p)
{
	depot_put(p->gfree, BATCH);
	p->ngfree -= BATCH;
	memmove(p->gfree, p->gfree + BATCH, p->ngfree * sizeof(struct g *));
}

void g_put_foreign(struct g *g)
{
	store_relaxed(&g->state, G_DEAD);
	depot_put(&g, 1);
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
	if (depot.cap)
		munmap(depot.g, depot.cap * sizeof(*depot.g));
	memset(&depot, 0, sizeof(depot));
	ncarved = 0;
	depot_lock = 0;
	slab = NULL;
	rcu_free_slabs();
}
