// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * arena.c - address space for stacks, and the memory in it.
 *
 * A stack is a slot of 256 KiB of address space, of which the pages that were
 * touched are memory. Slots lie side by side in arenas, eight to a page of page
 * tables (a slot of 2 MiB would cost a page table page each, which no RSS shows).
 *
 * A slot is fresh (never used), or a stack, or cold: its memory was given back, and only
 * its arena knows of it. What a stack knows of itself lies in its own memory, so a byte
 * in the arena remembers the guard of a cold one. Cold slots are used before fresh ones:
 * they have their guard, and their page tables.
 *
 * Slots are made in batches, by calls that take many ranges at once where the kernel lets
 * a process advise itself so (Linux 6.15 on): guard and first page of a slot in 3.3 us
 * in place of 4.2, memory given back in 1.0 in place of 2.2.
 *
 * What changes an arena is called with stack_lock held, but for arena_cool(), which takes
 * it.
 */
#include "rt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arena.h"
#include "san.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif
#ifndef PIDFD_SELF
#define PIDFD_SELF		-10000	/* the process itself, without a descriptor */
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise	440
#endif

#define ARENA_MIN	(32UL << 20)
#define ARENA_MAX	(1UL << 30)
#define COLOURS		8

/* The byte of a slot: 0, or that of a cold one: COLD + its guard. */
#define COLD		1

struct arena {
	struct arena *next;
	char *lo;
	size_t nslots;
	size_t ncold, first_cold;	/* none is cold below the first */
	uint8_t slot[];
};

static struct arena *arenas;		/* the newest first */
static struct arena *carve_from;	/* the one that stacks are carved from */
static size_t carve_at;			/* its first fresh slot */
static struct arena *cold_in;		/* one that had cold slots the last time */
static size_t ncold;
static size_t slots, promised;		/* reserved; promised to descriptors */
static size_t arena_size;
static bool can_install, can_vector;
static uint64_t protect_max;		/* stacks that mprotect() may guard */
static uint64_t protected;

/* ---------------------------------------------------------------- the kernel */

/*
 * Gives @advice for @len bytes at each of @at. Returns for how many of them, from the
 * first on, it was taken.
 */
static size_t advise(char *const *at, size_t n, size_t len, int advice)
{
	struct iovec v[ARENA_BATCH];
	size_t done = 0;

	if (can_vector && n > 1) {
		ssize_t bytes;

		for (size_t i = 0; i < n; i++)
			v[i] = (struct iovec){ .iov_base = at[i], .iov_len = len };
		bytes = syscall(SYS_process_madvise, PIDFD_SELF, v, n, advice, 0);
		if (bytes > 0)
			done = (size_t)bytes / len;
	}
	while (done < n && !madvise(at[done], len, advice))
		done++;
	return done;
}

static void probe(void)
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	can_install = can_vector = false;
	if (p == MAP_FAILED)
		return;
	can_install = !madvise(p, PAGE, MADV_GUARD_INSTALL);
	if (can_install) {
		struct iovec v[] = { { p + PAGE, PAGE }, { p + 3 * PAGE, PAGE } };

		can_vector = syscall(SYS_process_madvise, PIDFD_SELF, v, 2, MADV_GUARD_INSTALL,
				     0) == 2 * PAGE;
	}
	munmap(p, 4 * PAGE);
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

void arena_init(void)
{
	const char *how = getenv("LIBGO_GUARD");

	arena_size = ARENA_MIN;
	probe();
	protect_max = max_map_count() * 45 / 100 / 2;
	/* For tests and for comparison: the other steps of the ladder. */
	if (how && !strcmp(how, "mprotect"))
		can_install = false;
	if (how && !strcmp(how, "canary")) {
		can_install = false;
		protect_max = 0;
	}
}

/* All address space goes, unless some thread was suspended on a stack for good: @keep. */
void arena_exit(bool keep)
{
	struct arena *a, *next;

	for (a = arenas; a; a = next) {
		next = a->next;
		if (!keep)
			munmap(a->lo, a->nslots * STACK_DEFAULT);
		free(a);
	}
	arenas = carve_from = cold_in = NULL;
	slots = promised = ncold = 0;
	protected = 0;
}

/* -------------------------------------------------------------- address space */

static int new_arena(size_t need)
{
	size_t n = arena_size / STACK_DEFAULT;
	struct arena *a;

	if (n < need)
		n = need;
	for (;;) {
		a = calloc(1, sizeof(*a) + n);
		if (!a)
			return -ENOMEM;
		a->lo = mmap(NULL, n * STACK_DEFAULT, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
		if (a->lo != MAP_FAILED)
			break;
		free(a);
		if (n == need)
			return -EAGAIN;
		n = need;
	}
	/* A huge page would make 2 MiB of memory of the first touch of one of eight stacks. */
	madvise(a->lo, n * STACK_DEFAULT, MADV_NOHUGEPAGE);
	a->nslots = n;
	a->next = arenas;
	arenas = a;
	slots += n;
	if (arena_size < ARENA_MAX)
		arena_size *= 2;
	return 0;
}

int arena_reserve(size_t n)
{
	int err = 0;

	if (promised + n > slots)
		err = new_arena(promised + n - slots);
	if (!err)
		promised += n;
	return err;
}

static size_t take_cold(struct arena_slot *at, size_t max)
{
	struct arena *a = cold_in;
	size_t n = 0;

	if (!ncold)
		return 0;
	for (a = a && a->ncold ? a : arenas; !a->ncold;)
		a = a->next;
	cold_in = a;
	for (size_t i = a->first_cold; n < max && a->ncold; i++) {
		a->first_cold = i + 1;
		if (!a->slot[i])
			continue;
		at[n++] = (struct arena_slot){ .lo = a->lo + i * STACK_DEFAULT,
					       .arena = a,
					       .guard = a->slot[i] - COLD,
					       .fresh = false };
		a->slot[i] = 0;
		a->ncold--;
		ncold--;
	}
	return n;
}

static size_t take_fresh(struct arena_slot *at, size_t max)
{
	size_t n;

	if (!carve_from || carve_at == carve_from->nslots) {
		/* Arenas are carved in the order in which they were made: find the next. */
		struct arena *a = arenas;

		while (a && a->next != carve_from)
			a = a->next;
		if (!a)
			return 0;
		carve_from = a;
		carve_at = 0;
	}
	for (n = 0; n < max && carve_at < carve_from->nslots; n++)
		at[n] = (struct arena_slot){ .lo = carve_from->lo + carve_at++ * STACK_DEFAULT,
					     .arena = carve_from,
					     .fresh = true };
	return n;
}

/* Up to @max slots; 0: there is none, which a promise excludes. */
size_t arena_take(struct arena_slot *at, size_t max)
{
	size_t n = take_cold(at, max);

	return n ? n : take_fresh(at, max);
}

/* --------------------------------------------------------------------- guards */

/* Guards the page at @lo, by the first step of the ladder that is to be had. */
enum stack_guard stack_guard(char *lo)
{
	if (can_install) {
		if (!madvise(lo, PAGE, MADV_GUARD_INSTALL))
			return GUARD_INSTALLED;
	} else if (load_relaxed(&protected) < protect_max) {
		if (!mprotect(lo, PAGE, PROT_NONE)) {
			__atomic_add_fetch(&protected, 1, __ATOMIC_RELAXED);
			return GUARD_PROTECTED;
		}
	}
	return GUARD_CANARY;
}

/* A page that was guarded by mprotect() was unmapped. */
void stack_unguarded(enum stack_guard guard)
{
	if (guard == GUARD_PROTECTED)
		__atomic_sub_fetch(&protected, 1, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------- memory */

/* What a stack says of itself, at the upper end of @size bytes at @lo: their first touch. */
struct stack *arena_describe(char *lo, size_t size, enum stack_guard guard, struct arena *a)
{
	struct stack *s = (struct stack *)(lo + size) - 1;
	uintptr_t colour = a ? (uintptr_t)lo / STACK_DEFAULT % COLOURS * 64 : 0;

	s->lo = guard == GUARD_CANARY ? lo : lo + PAGE;
	s->arena = a;
	s->in_arena = a != NULL;
	s->guard = guard;
	s->fiber = NULL;
	s->fake = NULL;
	s->left = 0;
	s->top = (char *)s - colour;
	return s;
}

/* Makes stacks of @n slots: a list, the lowest address first. */
struct stack *arena_make(struct arena_slot *slot, size_t n)
{
	struct stack *list = NULL;
	char *at[ARENA_BATCH] = { NULL };
	size_t guarded = 0;

	for (size_t i = 0; i < n; i++)
		at[i] = slot[i].lo;
	if (slot[0].fresh && can_install)
		guarded = advise(at, n, PAGE, MADV_GUARD_INSTALL);
	for (size_t i = 0; i < n; i++)
		at[i] = slot[i].lo + STACK_DEFAULT - PAGE;
	/* What is not there afterwards is there when it is touched. */
	if (can_vector)
		advise(at, n, PAGE, MADV_POPULATE_WRITE);
	while (n--) {
		enum stack_guard guard = slot[n].guard;
		struct stack *s;

		if (slot[n].fresh)
			guard = n < guarded ? GUARD_INSTALLED : stack_guard(slot[n].lo);
		s = arena_describe(slot[n].lo, STACK_DEFAULT, guard, slot[n].arena);
		s->next = list;
		list = s;
	}
	return list;
}

/*
 * Gives the memory of the stacks in @list back, all of their pages. Nobody else knows of
 * them: see ARENA_BATCH.
 */
void arena_cool(struct stack *list)
{
	struct arena_slot slot[ARENA_BATCH];
	char *at[ARENA_BATCH] = { NULL };
	size_t n = 0;

	for (struct stack *s = list; s; s = s->next) {
		san_stack_gone(s);
		slot[n].lo = stack_slot(s, 0);
		slot[n].arena = s->arena;
		slot[n].guard = s->guard;
		at[n] = slot[n].lo + PAGE;
		n++;
	}
	/* A canary's page has to be 0 again too; a guard's is no memory. */
	for (size_t i = 0; i < n; i++)
		if (slot[i].guard == GUARD_CANARY)
			madvise(slot[i].lo, PAGE, MADV_DONTNEED);
	advise(at, n, STACK_DEFAULT - PAGE, MADV_DONTNEED);
	spin_lock(&stack_lock);
	for (size_t i = 0; i < n; i++) {
		struct arena *a = slot[i].arena;
		size_t k = (size_t)(slot[i].lo - a->lo) / STACK_DEFAULT;

		a->slot[k] = COLD + slot[i].guard;
		if (!a->ncold++ || k < a->first_cold)
			a->first_cold = k;
		ncold++;
	}
	spin_unlock(&stack_lock);
}
