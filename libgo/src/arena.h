/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arena.h - slots for stacks: arena.c, used by stack.c. */
#ifndef GVTGO_ARENA_H
#define GVTGO_ARENA_H

#include "rt.h"

struct arena;

/*
 * How many slots are made, and how many stacks cooled, at a time, at the most: those that
 * are on their way are out of others' reach, so address space is promised for them.
 */
#define ARENA_BATCH	32

/* A slot that was taken, to be made a stack. */
struct arena_slot {
	char *lo;
	struct arena *arena;
	enum stack_guard guard;		/* unless it is fresh */
	bool fresh;			/* never used: it has no guard yet */
};

extern uint32_t stack_lock;		/* of the arenas, and of the depot */

void arena_init(void);
void arena_exit(bool keep);
int arena_reserve(size_t n);
size_t arena_take(struct arena_slot *at, size_t max);
struct stack *arena_make(struct arena_slot *slot, size_t n);
void arena_cool(struct stack *list);
struct stack *arena_describe(char *lo, size_t size, enum stack_guard guard, struct arena *a);
void stack_unguarded(enum stack_guard guard);

#endif /* GVTGO_ARENA_H */
