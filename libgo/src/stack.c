// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stack.c - goroutine stacks: who has which, and when their memory goes back.
 *
 * A slot's first page is its guard (arena.c):
 *
 *   MADV_GUARD_INSTALL (Linux 6.13 on): no mapping of its own, so any number;
 *   else mprotect(): two mappings each, so only up to 45 % of vm.max_map_count;
 *   else a canary: the lowest words of the slot must still be zero when a goroutine
 *   ends. That is late, and tells only of who wrote there.
 *
 * Free stacks are kept per P, last in first out, because the one used last is hot: a
 * batch that is in use and a spare one that is full. Whole batches move to and from a
 * depot, which takes a lock but no walk. The tops are shifted against each other by some
 * cache lines: else all of them would fall into the same sets of the cache.
 *
 * Memory goes back by age, not by depth. What the depot did not have to hand out for the
 * whole of a second was not needed in it: sysmon gives that back, the oldest batches
 * first, all pages of each stack, also those that were touched deep down. What Ps keep
 * comes to the depot when it lies still: once in a second a P that had no use for its
 * spare batch puts all but the hottest few there, and sysmon takes all from one that did
 * nothing. What it needs after all it has back at once. So an idle process keeps none.
 *
 * Nothing of this is on the way of a goroutine that begins or ends. Rejected for that
 * reason: to look how deep a stack was used when it is put back (mincore() takes longer
 * than the goroutine did); to give pages back then (DONTNEED: 1 to 2 us, and as much
 * again for the next touch). Rejected because it breaks programs: a guard at some depth
 * as a mark, which a signal handler takes away; a system call that is handed memory
 * below it fails with EFAULT. Rejected because it sees too little: the stack pointer when
 * a goroutine parks; the depth between two parks is the one that counts.
 *
 * A stack of another size than the default is a mapping of its own, and goes at once.
 */
#include "rt.h"

#include <sys/mman.h>

#include "arena.h"
#include "san.h"

#define BATCH		32	/* of free stacks, at the most */
#define CARVE		16	/* new ones made at a time */
#define KEEP_HOT		4	/* with a P that works, even if it needed none for long */
#define WINDOW		1000	/* milliseconds */
#define COOL_BUSY	(NSEC_PER_MSEC / 2)	/* of sysmon's time at a look */
#define COOL_IDLE	(4 * NSEC_PER_MSEC)	/* while no goroutine runs */
#define COOL_PAUSE	(4 * NSEC_PER_MSEC)

_Static_assert(2 * BATCH <= STACK_CACHE && CARVE <= BATCH, "what a P keeps is promised");
_Static_assert(BATCH <= ARENA_BATCH, "what is cooled is promised");

uint32_t stack_lock;

/* Batches, the newest first; the first stack of each knows how many they are. */
static struct depot {
	struct stack *newest, *oldest;
	size_t n;		/* stacks */
	size_t least;		/* at any time since the window began */
} depot;

static struct cooling {
	int64_t window;		/* nanoseconds; 0: nothing is given back */
	int64_t window_ends;
	size_t todo;		/* stacks to give back, not needed in the last window */
	bool more;		/* free stacks are left that may not be needed either */
} cooling;

int stack_init(void)
{
	arena_init();
	cooling.window = debug_number("cool", WINDOW) * NSEC_PER_MSEC;
	/* Those that are being cooled are out of reach. */
	return stack_reserve(ARENA_BATCH);
}

/* Address space for @n more stacks. */
int stack_reserve(size_t n)
{
	int err;

	spin_lock(&stack_lock);
	err = arena_reserve(n);
	spin_unlock(&stack_lock);
	return err;
}

/* ------------------------------------------------------------------- the depot */

/* @batch holds @n stacks. */
static void depot_put(struct stack *batch, uint32_t n)
{
	batch->batch = (uint16_t)n;
	batch->newer = NULL;
	spin_lock(&stack_lock);
	batch->older = depot.newest;
	if (depot.newest)
		depot.newest->newer = batch;
	else
		depot.oldest = batch;
	depot.newest = batch;
	depot.n += n;
	spin_unlock(&stack_lock);
}

/* The three below: with stack_lock held. */
static struct stack *depot_gave(struct stack *batch)
{
	depot.n -= batch->batch;
	if (depot.n < depot.least)
		depot.least = depot.n;
	return batch;
}

static struct stack *depot_get(void)
{
	struct stack *batch = depot.newest;

	if (!batch)
		return NULL;
	depot.newest = batch->older;
	if (depot.newest)
		depot.newest->newer = NULL;
	else
		depot.oldest = NULL;
	return depot_gave(batch);
}

static struct stack *depot_get_oldest(void)
{
	struct stack *batch = depot.oldest;

	if (!batch)
		return NULL;
	depot.oldest = batch->newer;
	if (depot.oldest)
		depot.oldest->older = NULL;
	else
		depot.newest = NULL;
	return depot_gave(batch);
}

/*
 * All stacks go, with the runtime's end. @keep: some thread was suspended on one for
 * good: then the address space stays, and only memory of the unused ones goes.
 */
void stack_exit(bool keep)
{
	struct stack *batch, *next;

	while ((batch = depot_get()) != NULL) {
		if (keep) {
			arena_cool(batch);
			continue;
		}
		for (struct stack *s = batch; s; s = next) {
			next = s->next;
			san_stack_gone(s);
		}
	}
	arena_exit(keep);
	depot = (struct depot){};
	cooling = (struct cooling){};
	stack_lock = 0;
}

/* ------------------------------------------------------------------------- a P */

static NOINLINE void refill(struct p *p)
{
	struct arena_slot slot[CARVE];
	size_t n = 0;

	if (p->spare) {
		p->stacks = p->spare;
		p->spare = NULL;
		p->spare_used = true;
		p->nstacks = p->stacks->batch;
		return;
	}
	spin_lock(&stack_lock);
	p->stacks = depot_get();
	if (!p->stacks)
		n = arena_take(slot, CARVE);
	spin_unlock(&stack_lock);
	if (p->stacks) {
		p->nstacks = p->stacks->batch;
		return;
	}
	if (!n)
		return;
	p->stacks = arena_make(slot, n);
	p->nstacks = (uint32_t)n;
}

/* A stack of @size bytes, a mapping of its own; NULL: no memory. */
struct stack *stack_new(size_t size)
{
	return arena_make_own(stack_slot_size(size));
}

/* Unmaps a stack that is a mapping of its own. */
void stack_free(struct stack *s)
{
	char *lo = s->guard == GUARD_CANARY ? s->lo : s->lo - PAGE;
	size_t size = (size_t)((char *)(s + 1) - lo);

	arena_forget(s->guard, size);
	san_stack_gone(s);
	munmap(lo, size);
}

/*
 * The one that is taken next is in no cache where there are many: what is used of it first is
 * fetched meanwhile, and of the one behind it what tells where that is.
 */
static ALWAYS_INLINE inline void fetch_next(const struct stack *s)
{
	const char *top;

	if (!s)
		return;
	top = s->top;
	for (int i = 1; i <= 5; i++)
		__builtin_prefetch(top - 64 * i, 1);
	__builtin_prefetch(s->next, 1);
}

/* A stack for @g, which starts now. There is always one: see stack_reserve(). */
struct stack *stack_get(struct p *p, struct g *g)
{
	struct stack *s = g->stack;

	if (unlikely(s))	/* made with it, being of another size */
		return s;
	if (unlikely(!p->stacks))
		refill(p);
	s = p->stacks;
	if (unlikely(!s))
		fatal("no stack for goroutine %llu, though one was reserved",
		      (unsigned long long)g->id);
	p->stacks = s->next;
	p->nstacks--;
	fetch_next(s->next);
	return s;
}

/* @g runs on @s from its top. */
void stack_attach(struct g *g, struct stack *s)
{
	san_stack_used(s);
	g->stack = s;
	g->sp = arch_frame(s->top, gvtgo_entry);
}

void stack_check_canary(const struct g *g)
{
	const uint64_t *w = (const uint64_t *)g->stack->lo;

	for (int i = 0; i < 8; i++)
		if (w[i])
			overflow_report(g, NULL);
}

/* The batch in use is full: it is the spare one now, and the spare one goes to the depot. */
static NOINLINE void put_slow(struct p *p, struct stack *s)
{
	if (!s->in_arena) {
		stack_free(s);
		return;
	}
	if (p->spare)
		depot_put(p->spare, BATCH);
	p->stacks->batch = BATCH;
	p->spare = p->stacks;
	p->spare_used = true;
	s->next = NULL;
	p->stacks = s;
	p->nstacks = 1;
}

/* Nobody runs on @s any more. */
void stack_put(struct p *p, struct stack *s)
{
	if (unlikely(!s->in_arena || p->nstacks >= BATCH)) {
		put_slow(p, s);
		return;
	}
	s->next = p->stacks;
	p->stacks = s;
	p->nstacks++;
}

/* All free stacks of a P that nobody runs on. */
void stack_flush(struct p *p)
{
	if (p->spare)
		depot_put(p->spare, p->spare->batch);
	if (p->stacks)
		depot_put(p->stacks, p->nstacks);
	p->spare = p->stacks = NULL;
	p->nstacks = 0;
}

/* @p was asked for what it doesn't need; its owner calls this. */
void stack_trim(struct p *p)
{
	struct stack *last = p->stacks;
	bool spare_used = p->spare_used;

	store_relaxed(&p->trim, false);
	p->spare_used = false;
	if (spare_used)
		return;
	if (p->spare)
		depot_put(p->spare, p->spare->batch);
	p->spare = NULL;
	if (p->nstacks <= KEEP_HOT)
		return;
	for (int i = 1; i < KEEP_HOT; i++)
		last = last->next;
	depot_put(last->next, p->nstacks - KEEP_HOT);
	last->next = NULL;
	p->nstacks = KEEP_HOT;
}

/* ------------------------------------------------- giving memory back: sysmon's */

/* An idle P has what it hardly needs taken from it, a busy one is asked for it. */
static void collect(struct p *p)
{
	uint32_t tick = load_relaxed(&p->tick);
	bool idle;

	/* With the lock of the idle Ps nobody becomes its owner meanwhile. */
	spin_lock(&sched.lock);
	idle = !p->held;
	if (idle && tick == p->window_tick)
		stack_flush(p);
	else if (idle)
		stack_trim(p);
	if (!idle || p->stacks || p->spare)
		cooling.more = true;
	spin_unlock(&sched.lock);
	if (!idle)
		store_relaxed(&p->trim, true);
	p->window_tick = tick;
}

static void new_window(int64_t now)
{
	struct p_array *a = rcu_ps();

	cooling.window_ends = now + cooling.window;
	cooling.more = gq_trim();
	for (uint32_t i = 0; i < a->n; i++)
		collect(a->p[i]);
	spin_lock(&stack_lock);
	cooling.todo = depot.least;
	depot.least = depot.n;
	if (depot.n)
		cooling.more = true;
	spin_unlock(&stack_lock);
}

/* Gives back some of what was not needed for long. Returns when there may be more of it. */
int64_t stack_cool(int64_t now, bool idle)
{
	int64_t until = now + (idle ? COOL_IDLE : COOL_BUSY);
	struct stack *batch;

	if (!cooling.window)
		return NEVER;
	if (now >= cooling.window_ends)
		new_window(now);
	while (cooling.todo && go_now() < until) {
		spin_lock(&stack_lock);
		batch = depot_get_oldest();
		spin_unlock(&stack_lock);
		if (!batch)
			cooling.todo = 0;
		else
			cooling.todo -= cooling.todo < batch->batch ? cooling.todo : batch->batch;
		if (batch)
			arena_cool(batch);
	}
	if (cooling.todo)
		return until + COOL_PAUSE;
	return cooling.more ? cooling.window_ends : NEVER;
}
