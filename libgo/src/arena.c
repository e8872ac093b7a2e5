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
 * in the arena remembers the guard of a cold one. Where all the slots of a page of page
 * tables are cold, that page goes back as well, and the guards with it (a tenth of what
 * a parked goroutine takes): they are bare. Cold and bare slots are used before fresh
 * ones, those with the lowest addresses first, so that the others become bare.
 *
 * Slots are made in batches, by calls that take many ranges at once where the kernel lets
 * a process advise itself so (Linux 6.18 does): guard and first page of a slot in 3.3 us
 * in place of 4.2, memory given back in 1.0 in place of 2.2.
 *
 * What changes an arena is called with stack_lock held, but for arena_cool(), which takes
 * it. Nothing here allocates: the monitor waits for that lock, and must not wait for malloc()'s,
 * which a thread may have that only the monitor would let go on (preempt.c).
 */
#include "rt.h"

#include <fcntl.h>
#include <stdio.h>
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
#ifndef PIDFD_SELF
#define PIDFD_SELF		-10000	/* the process itself, without a descriptor */
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise	440
#endif

#define ARENA_MIN	(32UL << 20)
#define ARENA_MAX	(1UL << 30)
#define COLOURS		8

/* The byte of a slot: 0, or that of a cold one: COLD + its guard, or BARE. */
#define COLD		1
#define BARE		0xff

#define TABLE		(2UL << 20)		/* address space of a page of page tables */
#define GROUP		(TABLE / STACK_DEFAULT)
#define MAP_FLAGS	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK)

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
static uint64_t nstacks[NR_GUARDS];	/* used, or kept for use, by guard */
static uint64_t bytes;			/* their address space */

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
	/* An emulator may take advice and do nothing: a guard's address is none for a call. */
	can_install = !san_reads_for_calls() && !madvise(p, PAGE, MADV_GUARD_INSTALL) &&
		      access(p, F_OK) && errno == EFAULT;
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

/* One that there isn't is said, once in a process. */
static void check_guard(const char *how)
{
	static bool said;

	if (said || !how || !*how || !strcmp(how, "mprotect") || !strcmp(how, "canary"))
		return;
	dprintf(STDERR_FILENO,
		"gvt: LIBGO_GUARD: %s is not a setting; there are mprotect and canary\n", how);
	said = true;
}

void arena_init(void)
{
	const char *how = secure_getenv("LIBGO_GUARD");

	check_guard(how);
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

/* What describes an arena of @n slots. */
static size_t arena_bytes(size_t n)
{
	return (sizeof(struct arena) + n + PAGE - 1) & ~(PAGE - 1);
}

/* All address space goes, unless some thread was suspended on a stack for good: @keep. */
void arena_exit(bool keep)
{
	struct arena *a, *next;

	for (a = arenas; a; a = next) {
		next = a->next;
		if (!keep)
			munmap(a->lo, a->nslots * STACK_DEFAULT);
		munmap(a, arena_bytes(a->nslots));
	}
	arenas = carve_from = cold_in = NULL;
	slots = promised = ncold = 0;
	protected = bytes = 0;
	memset(nstacks, 0, sizeof(nstacks));
}

/* -------------------------------------------------------------- address space */

/* @size bytes that begin with a page of page tables; NULL: not to be had. */
static char *map_aligned(size_t size)
{
	char *mem = mmap(NULL, size + TABLE, PROT_READ | PROT_WRITE, MAP_FLAGS, -1, 0);
	size_t before;

	if (mem == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)mem & (TABLE - 1);
	if (before)
		munmap(mem, before);
	munmap(mem + before + size, TABLE - before);
	return mem + before;
}

static int new_arena(size_t need)
{
	size_t n = arena_size / STACK_DEFAULT;
	struct arena *a;

	need = (need + GROUP - 1) & ~(GROUP - 1);
	if (n < need)
		n = need;
	for (;;) {
		a = mmap(NULL, arena_bytes(n), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
		if (a == MAP_FAILED)
			return -ENOMEM;
		a->lo = map_aligned(n * STACK_DEFAULT);
		if (a->lo)
			break;
		munmap(a, arena_bytes(n));
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
					       .fresh = a->slot[i] == BARE };
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

static void count_stack(enum stack_guard guard, size_t size)
{
	__atomic_add_fetch(&nstacks[guard], 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&bytes, size, __ATOMIC_RELAXED);
}

/* @size bytes with a guard were unmapped. */
void arena_forget(enum stack_guard guard, size_t size)
{
	if (guard == GUARD_PROTECTED)
		__atomic_sub_fetch(&protected, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&nstacks[guard], 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&bytes, size, __ATOMIC_RELAXED);
}

void stack_stats(uint64_t guards[NR_GUARDS], uint64_t *total)
{
	*total = load_relaxed(&bytes);
	for (int i = 0; i < NR_GUARDS; i++)
		guards[i] = load_relaxed(&nstacks[i]);
}

/* ------------------------------------------------------------------- memory */

/* What a stack says of itself, at the upper end of @size bytes at @lo: their first touch. */
static struct stack *describe(char *lo, size_t size, enum stack_guard guard, struct arena *a)
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
	s->unwinding = (struct unwinding){ NULL, NULL };
	s->top = (char *)s - colour;
	san_stack_made(s);
	return s;
}

/* One of @size bytes, a mapping of its own; NULL: no memory. */
struct stack *arena_make_own(size_t size)
{
	char *lo = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_FLAGS, -1, 0);
	enum stack_guard guard;

	if (lo == MAP_FAILED)
		return NULL;
	madvise(lo, size, MADV_NOHUGEPAGE);
	guard = stack_guard(lo);
	count_stack(guard, size);
	return describe(lo, size, guard, NULL);
}

/* Gives those of the slots that are fresh a guard. */
static void guard_fresh(struct arena_slot *slot, size_t n)
{
	char *at[ARENA_BATCH] = { NULL };
	size_t fresh = 0, guarded = 0;

	for (size_t i = 0; i < n; i++)
		if (slot[i].fresh)
			at[fresh++] = slot[i].lo;
	if (can_install)
		guarded = advise(at, fresh, PAGE, MADV_GUARD_INSTALL);
	fresh = 0;
	for (size_t i = 0; i < n; i++) {
		if (!slot[i].fresh)
			continue;
		slot[i].guard = fresh++ < guarded ? GUARD_INSTALLED : stack_guard(slot[i].lo);
		count_stack(slot[i].guard, STACK_DEFAULT);
	}
}

/* Makes stacks of @n slots: a list, the lowest address first. */
struct stack *arena_make(struct arena_slot *slot, size_t n)
{
	struct stack *list = NULL;
	char *at[ARENA_BATCH] = { NULL };

	guard_fresh(slot, n);
	for (size_t i = 0; i < n; i++)
		at[i] = slot[i].lo + STACK_DEFAULT - PAGE;
	/* What is not there afterwards is there when it is touched. */
	if (can_vector)
		advise(at, n, PAGE, POPULATE_WRITE);
	while (n--) {
		struct stack *s = describe(slot[n].lo, STACK_DEFAULT, slot[n].guard, slot[n].arena);

		s->next = list;
		list = s;
	}
	return list;
}

static size_t slot_number(const struct arena_slot *s)
{
	return (size_t)(s->lo - s->arena->lo) / STACK_DEFAULT;
}

/* With stack_lock held. */
static void set_cold(struct arena *a, size_t i, uint8_t how)
{
	a->slot[i] = how;
	if (!a->ncold++ || i < a->first_cold)
		a->first_cold = i;
	ncold++;
}

/* All slots of the group that begins with @i are cold, not all bare: they are ours. */
static bool claim(struct arena *a, size_t i, uint8_t was[GROUP])
{
	bool all = true, bare = true;

	spin_lock(&stack_lock);
	memcpy(was, &a->slot[i], GROUP);
	for (size_t k = 0; k < GROUP; k++) {
		all &= was[k] != 0;
		bare &= was[k] == BARE;
	}
	if (all && !bare) {
		memset(&a->slot[i], 0, GROUP);
		a->ncold -= GROUP;
		ncold -= GROUP;
	}
	spin_unlock(&stack_lock);
	return all && !bare;
}

/*
 * Gives the page tables of a group back, if it is all cold: by mapping it anew, which
 * works for any guard and in any kernel (MADV_DONTNEED leaves guards, and so tables, alone).
 * The new mapping becomes one with its neighbours again. Where it can't be had, the
 * address space is given up: nobody knows what is mapped there.
 */
static void strip(struct arena *a, size_t i)
{
	char *lo = a->lo + i * STACK_DEFAULT;
	uint8_t was[GROUP];
	bool ok;

	if (!claim(a, i, was))
		return;
	ok = mmap(lo, TABLE, PROT_READ | PROT_WRITE, MAP_FLAGS | MAP_FIXED, -1, 0) == lo;
	if (ok)
		madvise(lo, TABLE, MADV_NOHUGEPAGE);
	for (size_t k = 0; k < GROUP; k++)
		if (was[k] != BARE)
			arena_forget(was[k] - COLD, STACK_DEFAULT);
	spin_lock(&stack_lock);
	for (size_t k = 0; ok && k < GROUP; k++)
		set_cold(a, i + k, BARE);
	if (!ok)
		slots -= GROUP;
	spin_unlock(&stack_lock);
}

/* Not qsort(): that may call malloc(), for which the monitor must never wait. */
static void sort_by_address(struct arena_slot *slot, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct arena_slot s = slot[i];
		size_t k;

		for (k = i; k && slot[k - 1].lo > s.lo; k--)
			slot[k] = slot[k - 1];
		slot[k] = s;
	}
}

/*
 * Gives all pages of @n slots back. Each call that does interrupts every processor on
 * which this process runs, so they are few: all go in one where
 * the kernel takes several ranges, else neighbours do. A guard's page is no memory; a canary's has to be 0 again.
 */
static void release(struct arena_slot *slot, size_t n)
{
	char *at[ARENA_BATCH] = { NULL };

	if (can_vector && can_install) {
		for (size_t i = 0; i < n; i++) {
			at[i] = slot[i].lo + PAGE;
			if (slot[i].guard == GUARD_CANARY)
				madvise(slot[i].lo, PAGE, MADV_DONTNEED);
		}
		advise(at, n, STACK_DEFAULT - PAGE, MADV_DONTNEED);
		return;
	}
	sort_by_address(slot, n);
	for (size_t i = 0, end; i < n; i = end) {
		char *lo = slot[i].lo;

		for (end = i + 1; end < n && slot[end].lo == slot[end - 1].lo + STACK_DEFAULT;)
			end++;
		if (slot[i].guard != GUARD_CANARY)
			lo += PAGE;
		madvise(lo, (size_t)(slot[end - 1].lo + STACK_DEFAULT - lo), MADV_DONTNEED);
	}
}

/*
 * Gives the memory of the stacks in @list back, all of their pages. Nobody else knows of
 * them: see ARENA_BATCH.
 */
void arena_cool(struct stack *list)
{
	struct arena_slot slot[ARENA_BATCH];
	size_t n = 0;

	for (struct stack *s = list; s; s = s->next) {
		san_stack_gone(s);
		slot[n].lo = stack_slot(s, 0);
		slot[n].arena = s->arena;
		slot[n].guard = s->guard;
		n++;
	}
	release(slot, n);
	spin_lock(&stack_lock);
	for (size_t i = 0; i < n; i++)
		set_cold(slot[i].arena, slot_number(&slot[i]), COLD + slot[i].guard);
	spin_unlock(&stack_lock);
	for (size_t i = 0; i < n; i++)
		strip(slot[i].arena, slot_number(&slot[i]) & ~(GROUP - 1));
}
