/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arena.h - slots for stacks: arena.c, used by stack.c. */
#ifndef GVTGO_ARENA_H
#define GVTGO_ARENA_H

#include "rt.h"

struct arena;

/*
 * How many slots are made, and how many stacks cooled, at a time, at the most. While
 * stacks are being cooled they are out of others' reach, so address space for that many
 * is promised to whom cools them. (A group that is stripped is smaller.)
 */
#define ARENA_BATCH	32

/* A slot that was taken, to be made a stack. */
struct arena_slot {
	char *lo;
	struct arena *arena;
	enum stack_guard guard;		/* unless it is fresh */
	bool fresh;			/* or bare: it has no guard yet */
};

extern uint32_t stack_lock;		/* of the arenas, and of the depot */

void arena_init(void);
void arena_exit(bool keep);
int arena_reserve(size_t n);
size_t arena_take(struct arena_slot *at, size_t max);
struct stack *arena_make(struct arena_slot *slot, size_t n);
void arena_cool(struct stack *list);
struct stack *arena_make_own(size_t size);
void arena_forget(enum stack_guard guard, size_t size);

#endif /* GVTGO_ARENA_H */
