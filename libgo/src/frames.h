/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frames.h - the frames of a goroutine that is switched away: frames.c */
#ifndef GVTGO_FRAMES_H
#define GVTGO_FRAMES_H

#include "rt.h"

#define UNWIND_REMEMBER	4	/* states that may be remembered inside one another */

/* How a register of the calling frame is found. */
struct unwind_rule {
	enum {
		RULE_SAME,		/* as it is now */
		RULE_UNDEFINED,
		RULE_AT_CFA,		/* in memory, at the CFA + n */
		RULE_IS_CFA,		/* the CFA + n itself */
		RULE_IN_REG,		/* in register n */
		RULE_AT_EXPR,		/* in memory, where the expression says */
		RULE_IS_EXPR,		/* what the expression says */
	} how;
	int64_t n;
	const uint8_t *expr;		/* length first */
};

/* A row of the table that a function's unwind information amounts to. */
struct unwind_row {
	struct unwind_rule reg[ARCH_DWARF_REGS];
	struct unwind_rule cfa;		/* RULE_IN_REG + offset, or RULE_IS_EXPR */
	int64_t cfa_offset;
};

/*
 * struct unwind - where an unwinding is. @read gets a word of the stack; false: there is
 * none. No pointer that it isn't asked for is followed.
 */
struct unwind {
	bool (*read)(void *arg, uintptr_t at, uintptr_t *word);
	void *arg;
	uintptr_t pc;			/* of the frame that is looked at */
	bool called;			/* pc is behind a call */
	uintptr_t func;			/* where the function began that unwind_step() left */
	uintptr_t reg[ARCH_DWARF_REGS];
	bool known[ARCH_DWARF_REGS];

	/* The function's table: how it begins, the row for pc, and those remembered. */
	struct unwind_row initial, row, remembered[UNWIND_REMEMBER];
	int nremembered;
};

void unwind_begin(struct unwind *u, uintptr_t pc, uintptr_t sp);
bool unwind_step(struct unwind *u);

#endif /* GVTGO_FRAMES_H */
