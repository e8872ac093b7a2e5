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
 * waits, whoever does it; taking is under a lock.
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

static struct __attribute__((__aligned__(64))) {
	struct __cds_wfcq_head head;
	CACHE_ALIGNED struct cds_wfcq_tail tail;
	CACHE_ALIGNED uint32_t lock;
	uint32_t len;
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
} gvtgo_debug KEEP = {
	.slabs = &slabs,
	.sched = &sched,
	.wait_names = wait_names,
	.nr_wait_names = NR_WAIT_WHY,
	.switched = gvtgo_switched,
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
	return 0;
}

/* All other Ms are gone or suspended. */
void rcu_exit(void)
{
	struct p_array *a = ps, *older;

	if (!main_was_reader)
		urcu_qsbr_unregister_thread();
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

static void *map(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

/* A huge page's worth of address space, at such an address; NULL: none could be had. */
static char *map_huge(void)
{
	char *mem = map(2 * HUGE_SIZE), *huge;

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
		return map(GSLAB_SIZE);
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

/* @n of them, in that order: two exchanges for all. */
void gq_put_all(struct g *const *g, uint32_t n)
{
	struct __cds_wfcq_head head;
	struct cds_wfcq_tail tail;

	head.node.next = &g[0]->link;
	tail.p = &g[n - 1]->link;
	for (uint32_t i = 0; i < n; i++) {
		san_release(g[i]);
		g[i]->link.next = i + 1 < n ? &g[i + 1]->link : NULL;
	}
	add_seq(&gq.len, n);
	__cds_wfcq_splice_nonblocking(&gq.head, &gq.tail, &head, &tail);
}

/*
 * @g, which has waited in a long queue, runs soon: what it touches first is fetched from memory
 * together with that of the others, and not for each when it runs. Its frames, and its end.
 */
static ALWAYS_INLINE inline void fetch_stack(const struct g *g)
{
	const char *sp = g->sp;

	if (!sp) {
		/* It is fresh: what it begins with. */
		__builtin_prefetch(&g->fn);
		return;
	}
	__builtin_prefetch(sp, 1);
	__builtin_prefetch(sp + 64, 1);
	__builtin_prefetch(sp + 128, 1);
	__builtin_prefetch(g->stack, 1);
}

/*
 * A fair share of the queue, at most @max: one is returned, the others go to @p's
 * own queue.
 */
struct g *gq_get(struct p *p, uint32_t max)
{
	struct g *first = NULL;
	uint32_t n = gq_len(), taken = 0;

	if (n == 0)
		return NULL;
	n = n / load_relaxed(&sched.np) + 1;
	if (n > max)
		n = max;
	spin_lock(&gq.lock);
	while (taken < n) {
		struct cds_wfcq_node *node =
			__cds_wfcq_dequeue_nonblocking(&gq.head, &gq.tail);
		struct g *g;

		if (node == CDS_WFCQ_WOULDBLOCK) {
			/* Somebody is between the two steps of putting. */
			if (taken)
				break;
			arch_pause();
			continue;
		}
		if (!node)
			break;
		taken++;
		g = container_of(node, struct g, link);
		san_acquire(g);
		fetch_stack(g);
		if (!first)
			first = g;
		else
			runq_put_seen(p, g);
	}
	add_seq(&gq.len, -taken);
	spin_unlock(&gq.lock);
	return first;
}
