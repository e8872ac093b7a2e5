// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * frames.c - the frames of a goroutine that is switched away, for go_dump().
 *
 * What compilers write into .eh_frame is a table for each function: for each pc, how the
 * caller's registers are found. Finding the function's entry is libgcc's business
 * (_Unwind_Find_FDE); here the table is read. It starts at gvtgo_switched with a saved
 * stack pointer, where the table of gvtgo_switch() tells everything else.
 *
 * The goroutine may go on at any time, and the memory read turn into that of other
 * frames, or be unmapped. So each word of the stack is got through u->read, which
 * checks; a wrong word can lead to a wrong name, never to a fault: code is looked
 * up, not read. Each frame has to lie above the one before, so there is an end.
 *
 * Rejected: _Unwind_Backtrace(), which only starts where it is called; walking rbp, since
 * frame pointers are not there by default; libunwind, which in its local mode reads the
 * stack directly, and whose library exports functions of libgcc's names, so that a C++
 * program that gets it by way of us may throw through another unwinder than the one it
 * was built for; libdw, which reads files and allocates, and brings four libraries.
 */
#include "frames.h"

/* Of libgcc; it has no header. */
struct dwarf_eh_bases {
	void *text, *data, *func;
};
const void *_Unwind_Find_FDE(void *pc, struct dwarf_eh_bases *bases);

/* Operations of call frame information; the first three have an operand in the low bits. */
enum {
	CFA_ADVANCE_LOC = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0,
	CFA_ADVANCE_LOC1 = 2,
	CFA_ADVANCE_LOC2,
	CFA_ADVANCE_LOC4,
	CFA_OFFSET_EXTENDED,
	CFA_RESTORE_EXTENDED,
	CFA_UNDEFINED,
	CFA_SAME_VALUE,
	CFA_REGISTER,
	CFA_REMEMBER_STATE,
	CFA_RESTORE_STATE,
	CFA_DEF_CFA,
	CFA_DEF_CFA_REGISTER,
	CFA_DEF_CFA_OFFSET,
	CFA_DEF_CFA_EXPRESSION,
	CFA_EXPRESSION,
	CFA_OFFSET_EXTENDED_SF,
	CFA_DEF_CFA_SF,
	CFA_DEF_CFA_OFFSET_SF,
	CFA_VAL_OFFSET,
	CFA_VAL_OFFSET_SF,
	CFA_VAL_EXPRESSION,
	CFA_NEGATE_RA_STATE = 0x2d,	/* aarch64: arch_strip_pc() */
	CFA_GNU_ARGS_SIZE = 0x2e,
};

/* Of its expressions, those that compilers use where a function realigns its stack. */
enum {
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_AND = 0x1a,
	OP_MINUS = 0x1c,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_BREG0 = 0x70,
};

struct reader {
	const uint8_t *at, *end;
	bool bad;			/* it went beyond the end, or met what it doesn't know */
};

/* What all functions of an object file's compilation have in common. */
struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_reg;
	uint8_t encoding;		/* of code addresses */
	bool has_z, signal;
	struct reader ops;
};

static uint64_t get(struct reader *r, size_t n)
{
	uint64_t v = 0;

	if ((size_t)(r->end - r->at) < n) {
		r->bad = true;
		r->at = r->end;
		return 0;
	}
	memcpy(&v, r->at, n);		/* little endian, as both machines are */
	r->at += n;
	return v;
}

static uint64_t leb(struct reader *r, bool is_signed)
{
	uint64_t v = 0, byte;
	unsigned int shift = 0;

	do {
		byte = get(r, 1);
		if (shift < 64)
			v |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && byte & 0x40 && shift < 64)
		v |= ~(uint64_t)0 << shift;
	return v;
}

static uint64_t uleb(struct reader *r)
{
	return leb(r, false);
}

static int64_t sleb(struct reader *r)
{
	return (int64_t)leb(r, true);
}

static void skip_encoded(struct reader *r, uint8_t encoding)
{
	static const uint8_t size[8] = { 8, 0, 2, 4, 8 };

	/* 1: as uleb; by bit 3, signed. The higher bits say relative to what. */
	if ((encoding & 7) == 1)
		uleb(r);
	else if (size[encoding & 7])
		get(r, size[encoding & 7]);
	else
		r->bad = true;
}

/* ------------------------------------------------------------ expressions */

static bool apply(uint8_t op, uintptr_t *a, uintptr_t b)
{
	switch (op) {
	case OP_AND:
		*a &= b;
		return true;
	case OP_MINUS:
		*a -= b;
		return true;
	case OP_PLUS:
		*a += b;
		return true;
	case OP_SHL:
		*a = b < 64 ? *a << b : 0;
		return true;
	case OP_GE:
		*a = (intptr_t)*a >= (intptr_t)b;
		return true;
	}
	return false;
}

/* @expr with @first on its stack. False: it can't be had. */
static bool evaluate(const struct unwind *u, const uint8_t *expr, uintptr_t first, uintptr_t *v)
{
	struct reader r = { .at = expr, .end = expr + 10 };
	uintptr_t s[8] = { first };
	uint64_t len = uleb(&r);
	int n = 1;

	r.end = r.at + len;
	while (r.at < r.end && !r.bad) {
		uint8_t op = (uint8_t)get(&r, 1);

		if (n == ARRAY_SIZE(s))
			return false;
		if (op >= OP_LIT0 && op < OP_LIT0 + 32) {
			s[n++] = op - OP_LIT0;
		} else if (op >= OP_BREG0 && op < OP_BREG0 + 32) {
			unsigned int reg = op - OP_BREG0;

			if (reg >= ARCH_DWARF_REGS || !u->known[reg])
				return false;
			s[n++] = u->reg[reg] + (uintptr_t)sleb(&r);
		} else if (op == OP_CONST1U) {
			s[n++] = get(&r, 1);
		} else if (op == OP_CONST1S) {
			s[n++] = (uintptr_t)(int8_t)get(&r, 1);
		} else if (op == OP_PLUS_UCONST) {
			s[n - 1] += uleb(&r);
		} else if (op == OP_DEREF) {
			if (!u->read(u->arg, s[n - 1], &s[n - 1]))
				return false;
		} else {
			if (n < 2 || !apply(op, &s[n - 2], s[n - 1]))
				return false;
			n--;
		}
	}
	*v = s[n - 1];
	return !r.bad;
}

/* ------------------------------------------------------- a function's table */

/* The entry that @fde points back to. */
static bool read_cie(const uint8_t *cie, struct cie *c)
{
	struct reader r = { .at = cie, .end = cie + 4 };
	uint32_t len = (uint32_t)get(&r, 4);
	const char *aug;
	uint8_t version;

	if (len == UINT32_MAX)
		return false;
	r.end = r.at + len;
	memset(c, 0, sizeof(*c));
	get(&r, 4);
	version = (uint8_t)get(&r, 1);
	if (version != 1 && version != 3)
		return false;
	aug = (const char *)r.at;
	while (get(&r, 1))
		;
	c->code_align = uleb(&r);
	c->data_align = sleb(&r);
	c->ra_reg = version == 1 ? get(&r, 1) : uleb(&r);
	if (*aug == 'z') {
		c->has_z = true;
		uleb(&r);
		aug++;
	}
	for (; *aug; aug++) {
		if (*aug == 'R')
			c->encoding = (uint8_t)get(&r, 1);
		else if (*aug == 'P')
			skip_encoded(&r, (uint8_t)get(&r, 1));
		else if (*aug == 'L')
			get(&r, 1);
		else if (*aug == 'S')
			c->signal = true;
		else if (*aug != 'B')
			return false;
	}
	c->ops = r;
	return !r.bad && c->ra_reg < ARCH_DWARF_REGS;
}

/* What is in @fde for all of the function: *@ops is what is to be executed. */
static bool read_fde(const uint8_t *fde, struct cie *c, struct reader *ops)
{
	struct reader r = { .at = fde, .end = fde + 8 };
	uint32_t len = (uint32_t)get(&r, 4);
	const uint8_t *here = r.at;
	uint32_t back = (uint32_t)get(&r, 4);

	if (len == UINT32_MAX || !read_cie(here - back, c))
		return false;
	r.end = here + len;
	skip_encoded(&r, c->encoding);
	skip_encoded(&r, c->encoding & 0x0f);
	if (c->has_z) {
		uint64_t n = uleb(&r);

		if (n > (uint64_t)(r.end - r.at))
			return false;
		r.at += n;
	}
	*ops = r;
	return !r.bad;
}

static void set_rule(struct unwind *u, uint64_t reg, int how, int64_t n)
{
	/* Those of vectors and of flags are nobody's way to a frame. */
	if (reg < ARCH_DWARF_REGS)
		u->row.reg[reg] = (struct unwind_rule){ .how = how, .n = n };
}

static const uint8_t *block(struct reader *r)
{
	const uint8_t *at = r->at;
	uint64_t n = uleb(r);

	if (n > (uint64_t)(r->end - r->at))
		r->bad = true;
	else
		r->at += n;
	return at;
}

static void set_expr(struct unwind *u, struct reader *r, uint64_t reg, int how)
{
	const uint8_t *expr = block(r);

	if (reg < ARCH_DWARF_REGS)
		u->row.reg[reg] = (struct unwind_rule){ .how = how, .expr = expr };
}

static void restore(struct unwind *u, uint64_t reg)
{
	if (reg < ARCH_DWARF_REGS)
		u->row.reg[reg] = u->initial.reg[reg];
}

/* An operation that says where a register is. False: it is none of these. */
static bool do_register(struct unwind *u, const struct cie *c, struct reader *r, uint8_t op)
{
	uint64_t reg = uleb(r);

	switch (op) {
	case CFA_OFFSET_EXTENDED:
		set_rule(u, reg, RULE_AT_CFA, (int64_t)uleb(r) * c->data_align);
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set_rule(u, reg, RULE_AT_CFA, sleb(r) * c->data_align);
		break;
	case CFA_VAL_OFFSET:
		set_rule(u, reg, RULE_IS_CFA, (int64_t)uleb(r) * c->data_align);
		break;
	case CFA_VAL_OFFSET_SF:
		set_rule(u, reg, RULE_IS_CFA, sleb(r) * c->data_align);
		break;
	case CFA_RESTORE_EXTENDED:
		restore(u, reg);
		break;
	case CFA_UNDEFINED:
		set_rule(u, reg, RULE_UNDEFINED, 0);
		break;
	case CFA_SAME_VALUE:
		set_rule(u, reg, RULE_SAME, 0);
		break;
	case CFA_REGISTER:
		set_rule(u, reg, RULE_IN_REG, (int64_t)uleb(r));
		break;
	case CFA_EXPRESSION:
		set_expr(u, r, reg, RULE_AT_EXPR);
		break;
	case CFA_VAL_EXPRESSION:
		set_expr(u, r, reg, RULE_IS_EXPR);
		break;
	default:
		return false;
	}
	return true;
}

/* One that says where the frame is, or keeps the row. False: it is unknown. */
static bool do_frame(struct unwind *u, const struct cie *c, struct reader *r, uint8_t op)
{
	struct unwind_row *row = &u->row;

	switch (op) {
	case CFA_DEF_CFA:
	case CFA_DEF_CFA_SF:
		row->cfa = (struct unwind_rule){ .how = RULE_IN_REG, .n = (int64_t)uleb(r) };
		row->cfa_offset = op == CFA_DEF_CFA ? (int64_t)uleb(r) : sleb(r) * c->data_align;
		return true;
	case CFA_DEF_CFA_REGISTER:
		row->cfa = (struct unwind_rule){ .how = RULE_IN_REG, .n = (int64_t)uleb(r) };
		return true;
	case CFA_DEF_CFA_OFFSET:
		row->cfa_offset = (int64_t)uleb(r);
		return true;
	case CFA_DEF_CFA_OFFSET_SF:
		row->cfa_offset = sleb(r) * c->data_align;
		return true;
	case CFA_DEF_CFA_EXPRESSION:
		row->cfa = (struct unwind_rule){ .how = RULE_IS_EXPR, .expr = block(r) };
		return true;
	case CFA_REMEMBER_STATE:
		if (u->nremembered == UNWIND_REMEMBER)
			return false;
		u->remembered[u->nremembered++] = *row;
		return true;
	case CFA_RESTORE_STATE:
		if (!u->nremembered)
			return false;
		*row = u->remembered[--u->nremembered];
		return true;
	case CFA_GNU_ARGS_SIZE:
		uleb(r);
		return true;
	case CFA_NOP:
	case CFA_NEGATE_RA_STATE:
		return true;
	}
	return false;
}

/* Executes @r from @loc on, as far as it holds for @pc. */
static bool execute(struct unwind *u, const struct cie *c, struct reader r, uintptr_t loc,
		    uintptr_t pc)
{
	while (r.at < r.end && loc <= pc && !r.bad) {
		uint8_t op = (uint8_t)get(&r, 1), low = op & 0x3f;

		switch (op & 0xc0) {
		case CFA_ADVANCE_LOC:
			loc += low * c->code_align;
			continue;
		case CFA_OFFSET:
			set_rule(u, low, RULE_AT_CFA, (int64_t)uleb(&r) * c->data_align);
			continue;
		case CFA_RESTORE:
			restore(u, low);
			continue;
		}
		if (op >= CFA_ADVANCE_LOC1 && op <= CFA_ADVANCE_LOC4) {
			loc += get(&r, 1u << (op - CFA_ADVANCE_LOC1)) * c->code_align;
			continue;
		}
		if (do_frame(u, c, &r, op))
			continue;
		if (!do_register(u, c, &r, op))
			return false;
	}
	return !r.bad;
}

/* Fills u->row in for u->pc. */
static bool find_row(struct unwind *u, struct cie *c)
{
	uintptr_t pc = u->pc - u->called;
	struct dwarf_eh_bases bases = { NULL, NULL, NULL };
	const uint8_t *fde = _Unwind_Find_FDE((void *)pc, &bases);
	struct reader ops;

	if (!fde || !read_fde(fde, c, &ops))
		return false;
	u->func = (uintptr_t)bases.func;
	memset(&u->row, 0, sizeof(u->row));
	u->nremembered = 0;
	if (!execute(u, c, c->ops, 0, 0))
		return false;
	u->initial = u->row;
	return execute(u, c, ops, u->func, pc);
}

/* ---------------------------------------------------------------- the frames */

static bool find_cfa(const struct unwind *u, uintptr_t *cfa)
{
	const struct unwind_row *row = &u->row;

	if (row->cfa.how == RULE_IS_EXPR)
		return evaluate(u, row->cfa.expr, 0, cfa);
	if (row->cfa.n < 0 || row->cfa.n >= ARCH_DWARF_REGS || !u->known[row->cfa.n])
		return false;
	*cfa = u->reg[row->cfa.n] + (uintptr_t)row->cfa_offset;
	return true;
}

/* Register @i of the calling frame; false: not known. */
static bool find_reg(const struct unwind *u, unsigned int i, uintptr_t cfa, uintptr_t *v)
{
	const struct unwind_rule *rule = &u->row.reg[i];

	switch (rule->how) {
	case RULE_SAME:
		*v = u->reg[i];
		return u->known[i];
	case RULE_UNDEFINED:
		return false;
	case RULE_AT_CFA:
		return u->read(u->arg, cfa + (uintptr_t)rule->n, v);
	case RULE_IS_CFA:
		*v = cfa + (uintptr_t)rule->n;
		return true;
	case RULE_IN_REG:
		if (rule->n < 0 || rule->n >= ARCH_DWARF_REGS || !u->known[rule->n])
			return false;
		*v = u->reg[rule->n];
		return true;
	case RULE_AT_EXPR:
		return evaluate(u, rule->expr, cfa, v) && u->read(u->arg, *v, v);
	case RULE_IS_EXPR:
		return evaluate(u, rule->expr, cfa, v);
	}
	return false;
}

/* From u->pc to its caller's. False: there is none, or it can't be found. */
bool unwind_step(struct unwind *u)
{
	uintptr_t cfa, reg[ARCH_DWARF_REGS] = { 0 };
	bool known[ARCH_DWARF_REGS];
	struct cie c;

	if (!find_row(u, &c) || !find_cfa(u, &cfa) || cfa <= u->reg[ARCH_DWARF_SP])
		return false;
	/* Unless it is said otherwise, the caller's stack pointer is the CFA. */
	if (u->row.reg[ARCH_DWARF_SP].how == RULE_SAME)
		u->row.reg[ARCH_DWARF_SP].how = RULE_IS_CFA;
	for (unsigned int i = 0; i < ARCH_DWARF_REGS; i++)
		known[i] = find_reg(u, i, cfa, &reg[i]);
	memcpy(u->reg, reg, sizeof(reg));
	memcpy(u->known, known, sizeof(known));
	if (!known[c.ra_reg] || !known[ARCH_DWARF_SP])
		return false;
	u->pc = arch_strip_pc(reg[c.ra_reg]);
	u->called = !c.signal;
	return u->pc != 0;
}

/* Starts with a frame that is at @pc, its stack pointer @sp. Set u->read and u->arg before. */
void unwind_begin(struct unwind *u, uintptr_t pc, uintptr_t sp)
{
	memset(u->known, 0, sizeof(u->known));
	u->pc = pc;
	u->called = false;
	u->reg[ARCH_DWARF_SP] = sp;
	u->known[ARCH_DWARF_SP] = true;
}
