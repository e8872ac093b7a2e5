// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stack.c - goroutine stacks.
 *
 * A stack is a slot of 256 KiB of address space, of which the pages that were
 * touched are memory. Slots lie side by side in arenas, eight to a page of page
 * tables (a slot of 2 MiB would cost a page table page each, which no RSS shows).
 * A slot's first page is its guard:
 *
 *   MADV_GUARD_INSTALL (Linux 6.13 on): no mapping of its own, so any number;
 *   else mprotect(): two mappings each, so only up to 45 % of vm.max_map_count;
 *   else a canary: the lowest words of the slot must still be zero when a goroutine
 *   ends. That is late, and tells only of who wrote there.
 *
 * Free stacks are kept per P, last in first out, because the one used last is hot;
 * batches move to and from a depot. The tops are shifted against each other by some
 * cache lines: else all of them would fall into the same sets of the cache.
 *
 * A stack of another size than the default is a mapping of its own.
 */
#include "rt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "san.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#endif

#define CACHE_MAX	64	/* free stacks that a P keeps, beyond what it has just got */
#define BATCH		32	/* moved to the depot at a time */
#define CARVE		16	/* new ones made at a time */
#define ARENA_MIN	(32UL << 20)
#define ARENA_MAX	(1UL << 30)
#define COLOURS		8

_Static_assert(CACHE_MAX + CARVE <= STACK_CACHE && BATCH <= STACK_CACHE, "what a P keeps is promised");

struct arena {
	struct arena *next;
	char *lo;
	size_t size;
};

static uint32_t depot_lock;
static struct stack *depot;
static struct arena *arenas;		/* the newest first */
static struct arena *carve_from;	/* the one that stacks are carved from */
static char *carve_at;
static size_t slots, promised;		/* reserved; promised to descriptors */
static size_t arena_size;
static uint64_t carved[NR_GUARDS];	/* slots in use or free, by guard */
static uint64_t arena_bytes;		/* in carved slots */
static uint64_t own_bytes;		/* in mappings of their own */
static bool can_install;
static uint64_t protect_max;		/* stacks that mprotect() may guard */

static bool probe_guard_install(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool ok = p != MAP_FAILED && !madvise(p, PAGE, MADV_GUARD_INSTALL);

	if (p != MAP_FAILED)
		munmap(p, PAGE);
	return ok;
}

static uint64_t max_map_count(void)
{
	char buf[32] = "";
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 ? strtoull(buf, NULL, 10) : 65530;
}

int stack_init(void)
{
	const char *how = getenv("LIBGO_GUARD");

	arena_size = ARENA_MIN;
	can_install = probe_guard_install();
	protect_max = max_map_count() * 45 / 100 / 2;
	/* For tests and for comparison: the other steps of the ladder. */
	if (how && !strcmp(how, "mprotect"))
		can_install = false;
	if (how && !strcmp(how, "canary")) {
		can_install = false;
		protect_max = 0;
	}
	return 0;
}

/*
 * All stacks go, with the runtime's end. @keep: some thread was suspended on one for
 * good: then the address space stays, and only memory of the unused ones goes.
 */
void stack_exit(bool keep)
{
	struct arena *a, *next;

	for (struct stack *s = depot, *n; s; s = n) {
		n = s->next;
		san_stack_gone(s);
		if (keep)
			madvise(s->lo, (size_t)((char *)s + sizeof(*s) - s->lo), MADV_DONTNEED);
	}
	for (a = arenas; a; a = next) {
		next = a->next;
		if (!keep)
			munmap(a->lo, a->size);
		free(a);
	}
	depot = NULL;
	arenas = carve_from = NULL;
	slots = promised = 0;
	memset(carved, 0, sizeof(carved));
	arena_bytes = own_bytes = 0;
	depot_lock = 0;
}

static int new_arena(size_t need)
{
	struct arena *a = malloc(sizeof(*a));
	size_t size = arena_size;

	if (!a)
		return -ENOMEM;
	need *= STACK_DEFAULT;
	if (size < need)
		size = need;
	for (;;) {
		a->lo = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
		if (a->lo != MAP_FAILED)
			break;
		if (size == need) {
			free(a);
			return -EAGAIN;
		}
		size = need;
	}
	/* A huge page would make 2 MiB of memory of the first touch of one of eight stacks. */
	madvise(a->lo, size, MADV_NOHUGEPAGE);
	a->size = size;
	a->next = arenas;
	arenas = a;
	slots += size / STACK_DEFAULT;
	if (arena_size < ARENA_MAX)
		arena_size *= 2;
	return 0;
}

/* Address space for @n more stacks. */
int stack_reserve(size_t n)
{
	int err = 0;

	spin_lock(&depot_lock);
	if (promised + n > slots)
		err = new_arena(promised + n - slots);
	if (!err)
		promised += n;
	spin_unlock(&depot_lock);
	return err;
}

enum stack_guard stack_guard(char *lo)
{
	if (can_install) {
		if (!madvise(lo, PAGE, MADV_GUARD_INSTALL))
			return GUARD_INSTALLED;
	} else if (load_relaxed(&carved[GUARD_PROTECTED]) < protect_max) {
		if (!mprotect(lo, PAGE, PROT_NONE))
			return GUARD_PROTECTED;
	}
	return GUARD_CANARY;
}

/* Makes the slot at @lo a stack: the first touch of its top. */
static struct stack *make(char *lo, size_t size, bool in_arena)
{
	struct stack *s = (struct stack *)(lo + size) - 1;
	uintptr_t colour = in_arena ? (uintptr_t)lo / STACK_DEFAULT % COLOURS * 64 : 0;

	s->guard = stack_guard(lo);
	s->lo = s->guard == GUARD_CANARY ? lo : lo + PAGE;
	s->size = size;
	s->in_arena = in_arena;
	s->fiber = NULL;
	s->fake = NULL;
	s->left = 0;
	s->top = (char *)s - colour;
	__atomic_add_fetch(&carved[s->guard], 1, __ATOMIC_RELAXED);
	return s;
}

/* Where the next @n slots are; NULL: none left, which a promise excludes. */
static char *carve(size_t *n)
{
	char *at;

	if (!carve_from || carve_at == carve_from->lo + carve_from->size) {
		/* Arenas are carved in the order in which they were made: find the next. */
		struct arena *a = arenas;

		while (a && a->next != carve_from)
			a = a->next;
		if (!a)
			return NULL;
		carve_from = a;
		carve_at = a->lo;
	}
	if (*n > (size_t)(carve_from->lo + carve_from->size - carve_at) / STACK_DEFAULT)
		*n = (size_t)(carve_from->lo + carve_from->size - carve_at) / STACK_DEFAULT;
	at = carve_at;
	carve_at += *n * STACK_DEFAULT;
	return at;
}

static NOINLINE void refill(struct p *p)
{
	size_t n = CARVE;
	char *at = NULL;

	spin_lock(&depot_lock);
	while (depot && p->nstacks < BATCH) {
		struct stack *s = depot;

		depot = s->next;
		s->next = p->stacks;
		p->stacks = s;
		p->nstacks++;
	}
	if (!p->stacks)
		at = carve(&n);
	spin_unlock(&depot_lock);
	if (!at)
		return;
	/* The one with the lowest address is used first. */
	__atomic_add_fetch(&arena_bytes, n * STACK_DEFAULT, __ATOMIC_RELAXED);
	while (n--) {
		struct stack *s = make(at + n * STACK_DEFAULT, STACK_DEFAULT, true);

		s->next = p->stacks;
		p->stacks = s;
		p->nstacks++;
	}
}

/* A stack of @size bytes, a mapping of its own; NULL: no memory. */
struct stack *stack_new(size_t size)
{
	char *lo;

	size = (size + 2 * PAGE - 1) & ~(PAGE - 1);	/* and the guard */
	lo = mmap(NULL, size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (lo == MAP_FAILED)
		return NULL;
	madvise(lo, size, MADV_NOHUGEPAGE);
	__atomic_add_fetch(&own_bytes, size, __ATOMIC_RELAXED);
	return make(lo, size, false);
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

/* Unmaps a stack that is a mapping of its own. */
void stack_free(struct stack *s)
{
	size_t size = s->size;

	__atomic_sub_fetch(&own_bytes, size, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&carved[s->guard], 1, __ATOMIC_RELAXED);
	san_stack_gone(s);
	munmap((char *)(s + 1) - size, size);
}

static NOINLINE void put_slow(struct p *p, struct stack *s)
{
	if (!s->in_arena) {
		stack_free(s);
		return;
	}
	s->next = p->stacks;
	p->stacks = s;
	if (++p->nstacks > CACHE_MAX) {
		struct stack *first = p->stacks, *last = first;

		for (int i = 1; i < BATCH; i++)
			last = last->next;
		p->stacks = last->next;
		p->nstacks -= BATCH;
		spin_lock(&depot_lock);
		last->next = depot;
		depot = first;
		spin_unlock(&depot_lock);
	}
}

/* Nobody runs on @s any more. */
void stack_put(struct p *p, struct stack *s)
{
	if (unlikely(!s->in_arena || p->nstacks >= CACHE_MAX)) {
		put_slow(p, s);
		return;
	}
	s->next = p->stacks;
	p->stacks = s;
	p->nstacks++;
}

/* The P goes away for good. */
void stack_flush(struct p *p)
{
	struct stack *s;

	spin_lock(&depot_lock);
	while ((s = p->stacks) != NULL) {
		p->stacks = s->next;
		s->next = depot;
		depot = s;
	}
	p->nstacks = 0;
	spin_unlock(&depot_lock);
}

void stack_stats(uint64_t guards[NR_GUARDS], uint64_t *bytes)
{
	*bytes = load_relaxed(&own_bytes) + load_relaxed(&arena_bytes);
	for (int i = 0; i < NR_GUARDS; i++)
		guards[i] = load_relaxed(&carved[i]);
}
