// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rcu.c - everything that rests on liburcu.
 *
 * The QSBR flavour: a worker is a reader all the time, and quiescent between two
 * goroutines (each FAIR_TICKS switches, which costs a load), offline while it
 * sleeps. What is read under RCU: the array of all Ps (by thieves, sysmon, dumps,
 * while go_maxprocs() replaces it by a longer one) and the list of slabs, which is
 * the list of all goroutines (by dumps, while workers add slabs). Slabs and arrays
 * are only freed when the runtime ends: a goroutine that computes for an hour holds
 * up a grace period for an hour, so nobody waits for one while it runs.
 *
 * The global queue is liburcu's wfcqueue: putting takes one exchange and never
 * waits, whoever does it; taking is under a lock. What overflows from a ring stands in it
 * as one: a struct batch, whose array says at once where all of them are. A chain would say it
 * of one when the one before has come from memory, and of many that wait none is in a cache.
 *
 * This file is built without TSan, which doesn't know liburcu's atomics (they are
 * inline assembly); the order that they make is told to it by san_release() and
 * san_acquire().
 */
#define _LGPL_SOURCE
#include <urcu/urcu-qsbr.h>
#include <urcu/rculist.h>

#include <stdlib.h>
#include <sys/mman.h>

#include "rt.h"

#include "gslab.h"
#include "runq.h"
#include "san.h"

struct gslab {
	struct cds_list_head list;
	uint32_t used;			/* carved so far; the others were never touched */
	char pad[sizeof(struct g) - sizeof(struct cds_list_head) - sizeof(uint32_t)];
	struct g g[GSLAB_GS];
};

#define HUGE_SIZE	(2UL << 20)

_Static_assert(sizeof(struct gslab) <= GSLAB_SIZE, "a slab is GSLAB_SIZE");

static CDS_LIST_HEAD(slabs);
static uint32_t slabs_lock;
static size_t nslabs;			/* these three with the depot's lock */
static char *huge_at, *huge_end;	/* what is left of the last huge page */
static struct p_array *ps;

/* struct batch - goroutines that stand in the global queue as one. */
struct batch {
	struct g head;			/* what is queued: @flags has G_BATCH */
	struct batch *next;		/* free */
	uint32_t at, n;			/* from which one on they are still there */
	struct g *g[GQ_BATCH];
};

/* Made at a time. Not by malloc(), whose lock a thread may have that waits for this P. */
#define BATCHES_SIZE	(64UL << 10)

struct batches {
	struct batches *older;
	struct batch b[];
};

static struct __attribute__((__aligned__(64))) {
	struct __cds_wfcq_head head;
	CACHE_ALIGNED struct cds_wfcq_tail tail;
	CACHE_ALIGNED uint32_t lock;
	uint32_t len;
	struct batch *open;		/* under @lock: the queue's first ones; NULL: none is begun */
	CACHE_ALIGNED uint32_t spare_lock;
	struct batch *spare;		/* under @spare_lock, as what follows */
	struct batches *all;		/* the first ones last */
	uint32_t nspare, nall;		/* struct batch */
} gq;

/*
 * For debuggers: where everything begins, and by its type also what it is
 * (../gdb/libgvtgo-gdb.py). Nothing else refers to it.
 */
extern const struct gvtgo_debug gvtgo_debug;
const struct gvtgo_debug {
	struct cds_list_head *slabs;
	struct gslab *slab;		/* the type of what is in that list */
	struct sched *sched;
	const char *const *wait_names;
	uint32_t nr_wait_names;
	enum g_state states;		/* the type of g->state */
	const char *switched;		/* the pc of a saved context */
	uint32_t attr;			/* G_ATTR */
} gvtgo_debug KEEP = {
	.slabs = &slabs,
	.sched = &sched,
	.wait_names = wait_names,
	.nr_wait_names = NR_WAIT_WHY,
	.switched = gvtgo_switched,
	.attr = G_ATTR,
};

/* The thread that calls go_run() may be a reader of its own already. */
static bool main_was_reader;

int rcu_init(void)
{
	main_was_reader = urcu_qsbr_read_ongoing();
	if (!main_was_reader)
		urcu_qsbr_register_thread();
	__cds_wfcq_init(&gq.head, &gq.tail);
	gq.len = 0;
	gq.lock = 0;
	gq.spare_lock = 0;
	return 0;
}

static void free_batches(void)
{
	struct batches *all = gq.all, *older;

	for (; all; all = older) {
		older = all->older;
		munmap(all, BATCHES_SIZE);
	}
	gq.all = NULL;
	gq.spare = gq.open = NULL;
	gq.nspare = gq.nall = 0;
}

/* All other Ms are gone or suspended. */
void rcu_exit(void)
{
	struct p_array *a = ps, *older;

	if (!main_was_reader)
		urcu_qsbr_unregister_thread();
	free_batches();
	ps = NULL;
	for (; a; a = older) {
		older = a->older;
		free(a);
	}
}

NOINLINE void rcu_thread_init(void)
{
	urcu_qsbr_register_thread();
}

NOINLINE void rcu_thread_exit(void)
{
	urcu_qsbr_unregister_thread();
}

/*
 * Not inlined, nor the three below: the address of liburcu's thread-local state must
 * be computed anew in each call.
 */
NOINLINE void rcu_thread_quiescent(void)
{
	urcu_qsbr_quiescent_state();
}

NOINLINE void rcu_thread_sleep(void)
{
	urcu_qsbr_thread_offline();
}

NOINLINE void rcu_thread_wake(void)
{
	urcu_qsbr_thread_online();
}

struct p_array *rcu_ps(void)
{
	struct p_array *a = rcu_dereference(ps);

	san_acquire(a);
	return a;
}

void rcu_publish_ps(struct p_array *a)
{
	a->older = ps;
	san_release(a);
	rcu_assign_pointer(ps, a);
}

/* @flags: MAP_POPULATE or 0 */
static void *map(size_t size, int flags)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

/* A huge page's worth of address space, at such an address; NULL: none could be had. */
static char *map_huge(void)
{
	char *mem = map(2 * HUGE_SIZE, 0), *huge;

	if (!mem)
		return NULL;
	huge = (char *)(((uintptr_t)mem + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1));
	if (huge > mem)
		munmap(mem, huge - mem);
	munmap(huge + HUGE_SIZE, mem + HUGE_SIZE - huge);
	/* Where there are none, it stays what it is: ordinary pages. */
	madvise(huge, HUGE_SIZE, MADV_HUGEPAGE);
	return huge;
}

/*
 * What makes a goroutine cheap or not is the first touch of its descriptor's page: a
 * fault for each 32 of them. A program that has made many gets huge pages for the next
 * ones, one fault for 16,000; one that has not pays no 2 MiB for it.
 */
static void *slab_memory(void)
{
	char *mem;

	if (nslabs < HUGE_SIZE / GSLAB_SIZE)
		return map(GSLAB_SIZE, 0);
	if (huge_at == huge_end) {
		mem = map_huge();
		if (!mem)
			return NULL;
		huge_at = mem;
		huge_end = mem + HUGE_SIZE;
	}
	mem = huge_at;
	huge_at += GSLAB_SIZE;
	return mem;
}

/*
 * A new slab, all of its goroutines dead; NULL: no memory. One caller at a time (the
 * depot's lock).
 */
struct gslab *rcu_new_slab(void)
{
	struct gslab *s = slab_memory();

	if (!s)
		return NULL;
	nslabs++;
	spin_lock(&slabs_lock);
	cds_list_add_rcu(&s->list, &slabs);
	spin_unlock(&slabs_lock);
	return s;
}

/* The next goroutine of @s that was never used; NULL: none left. */
struct g *rcu_carve(struct gslab *s)
{
	uint32_t i = s->used;

	if (i == GSLAB_GS)
		return NULL;
	store_release(&s->used, i + 1);
	return &s->g[i];
}

void rcu_each_g(void (*fn)(struct g *g, void *arg), void *arg)
{
	struct gslab *s;

	urcu_qsbr_read_lock();
	cds_list_for_each_entry_rcu(s, &slabs, list) {
		uint32_t n = load_acquire(&s->used);

		for (uint32_t i = 0; i < n; i++)
			if (load_relaxed(&s->g[i].state) != G_DEAD)
				fn(&s->g[i], arg);
	}
	urcu_qsbr_read_unlock();
}

void rcu_free_slabs(void)
{
	struct gslab *s, *next;

	cds_list_for_each_entry_safe(s, next, &slabs, list)
		munmap(s, GSLAB_SIZE);
	CDS_INIT_LIST_HEAD(&slabs);
	if (huge_at != huge_end)
		munmap(huge_at, huge_end - huge_at);
	huge_at = huge_end = NULL;
	nslabs = 0;
}

/* ----------------------------------------------------------- the global queue */

uint32_t gq_len(void)
{
	return load_seq(&gq.len);
}

void gq_put(struct g *g)
{
	san_release(g);
	cds_wfcq_node_init(&g->link);
	/* Counted before it is there: who sees 0 has nothing to look for. */
	add_seq(&gq.len, 1);
	cds_wfcq_enqueue(&gq.head, &gq.tail, &g->link);
}

#define NR_BATCHES	((BATCHES_SIZE - sizeof(struct batches)) / sizeof(struct batch))

/* The two below: with gq.spare_lock held. */
static void spare_all(struct batches *a)
{
	/* The first one is taken first. */
	for (size_t i = NR_BATCHES; i-- > 0;) {
		a->b[i].next = gq.spare;
		gq.spare = &a->b[i];
	}
	gq.nspare += NR_BATCHES;
}

static void make_batches(void)
{
	/* The first ones are touched as they are used; where there are more there are many. */
	struct batches *more = map(BATCHES_SIZE, gq.nall ? MAP_POPULATE : 0);

	if (!more)
		return;
	more->older = gq.all;
	gq.all = more;
	gq.nall += NR_BATCHES;
	for (size_t i = 0; i < NR_BATCHES; i++)
		more->b[i].head.flags = G_BATCH;
	spare_all(more);
}

static struct batch *get_batch(void)
{
	struct batch *b;

	spin_lock(&gq.spare_lock);
	if (unlikely(!gq.spare))
		make_batches();
	b = gq.spare;
	if (b) {
		gq.spare = b->next;
		gq.nspare--;
	}
	spin_unlock(&gq.spare_lock);
	return b;
}

static void put_batch(struct batch *b)
{
	spin_lock(&gq.spare_lock);
	b->next = gq.spare;
	gq.spare = b;
	gq.nspare++;
	spin_unlock(&gq.spare_lock);
}

/*
 * sysmon's, once in a while: where none is in use, all but the first ones go back to the system.
 * True: some are in use, so there may be something to give back later.
 */
bool gq_trim(void)
{
	struct batches *all = NULL, *older;
	bool later;

	spin_lock(&gq.spare_lock);
	later = gq.nall > NR_BATCHES && gq.nspare < gq.nall;
	if (gq.nall > NR_BATCHES && !later) {
		for (all = gq.all; gq.all->older; gq.all = gq.all->older)
			;
		gq.spare = NULL;
		gq.nspare = 0;
		gq.nall = NR_BATCHES;
		spare_all(gq.all);
	}
	spin_unlock(&gq.spare_lock);
	/* The first ones come last, and stay. */
	for (; all && all->older; all = older) {
		older = all->older;
		munmap(all, BATCHES_SIZE);
	}
	return later;
}

/* @n of them, GQ_BATCH at most, in that order: one exchange for all. */
void gq_put_all(struct g *const *g, uint32_t n)
{
	struct batch *b = get_batch();

	if (unlikely(!b)) {
		for (uint32_t i = 0; i < n; i++)
			gq_put(g[i]);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		san_release(g[i]);
		b->g[i] = g[i];
	}
	b->at = 0;
	b->n = n;
	cds_wfcq_node_init(&b->head.link);
	add_seq(&gq.len, n);
	cds_wfcq_enqueue(&gq.head, &gq.tail, &b->head.link);
}

/* Up to @n of gq.open, to @g. Return: how many. */
static uint32_t take_of_batch(struct g **g, uint32_t n)
{
	struct batch *b = gq.open;

	if (n > b->n - b->at)
		n = b->n - b->at;
	/* Not by memcpy(), which TSan looks at, here too. */
	for (uint32_t i = 0; i < n; i++)
		g[i] = load_relaxed(&b->g[b->at + i]);
	b->at += n;
	if (b->at == b->n) {
		gq.open = NULL;
		put_batch(b);
	}
	return n;
}

/* The first ones, up to @n, to @g. Return: how many. */
static uint32_t take(struct g **g, uint32_t n)
{
	uint32_t taken = 0;

	spin_lock(&gq.lock);
	while (taken < n) {
		struct cds_wfcq_node *node;

		if (gq.open) {
			taken += take_of_batch(g + taken, n - taken);
			continue;
		}
		node = __cds_wfcq_dequeue_nonblocking(&gq.head, &gq.tail);
		if (node == CDS_WFCQ_WOULDBLOCK) {
			/* Somebody is between the two steps of putting. */
			if (taken)
				break;
			arch_pause();
			continue;
		}
		if (!node)
			break;
		g[taken] = container_of(node, struct g, link);
		if (g[taken]->flags & G_BATCH)
			gq.open = container_of(g[taken], struct batch, head);
		else
			taken++;
	}
	spin_unlock(&gq.lock);
	return taken;
}

#define FETCH_AHEAD	64

/*
 * A fair share of the queue, at most @max: one is returned, the others go to @p's
 * own queue. They run soon: their lines come from memory together, and nobody waits for the
 * lock meanwhile.
 */
struct g *gq_get(struct p *p, uint32_t max)
{
	uint32_t n = gq_len(), ahead;
	struct g *g[RUNQ_SIZE / 2];

	if (n == 0)
		return NULL;
	n = n / load_relaxed(&sched.np) + 1;
	if (n > max)
		n = max;
	n = take(g, n);
	ahead = n < FETCH_AHEAD ? n : FETCH_AHEAD;
	for (uint32_t i = 0; i < ahead; i++)
		__builtin_prefetch(g[i], 1);
	for (uint32_t i = 0; i < n; i++) {
		if (i + FETCH_AHEAD < n)
			__builtin_prefetch(g[i + FETCH_AHEAD], 1);
		san_acquire(g[i]);
		fetch_stack(g[i]);
		if (i)
			runq_put_seen(p, g[i]);
	}
	/* Last: until they are in @p's queue, who goes idle sees them here. */
	if (n)
		add_seq(&gq.len, -n);
	return n ? g[0] : NULL;
}
