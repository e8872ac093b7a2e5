/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * aarch64: what differs between machines and isn't the switch itself.
 */
#ifndef GVTGO_ARCH_H
#define GVTGO_ARCH_H

#include <stdint.h>
#include <ucontext.h>

struct m;

/* The thread's M, or NULL: see the comment in ../x86_64/arch.h. */
static inline struct m *arch_m(void)
{
	struct m *m;
	uintptr_t tp;

	__asm__ volatile("mrs %1, tpidr_el0\n\t"
			 "adrp %0, :gottprel:gvtgo_tls_m\n\t"
			 "ldr %0, [%0, #:gottprel_lo12:gvtgo_tls_m]\n\t"
			 "ldr %0, [%1, %0]"
			 : "=&r"(m), "=&r"(tp)
			 :
			 : "memory");
	return m;
}

static inline void arch_set_m(struct m *m)
{
	uintptr_t off, tp;

	__asm__ volatile("mrs %1, tpidr_el0\n\t"
			 "adrp %0, :gottprel:gvtgo_tls_m\n\t"
			 "ldr %0, [%0, #:gottprel_lo12:gvtgo_tls_m]\n\t"
			 "str %2, [%1, %0]"
			 : "=&r"(off), "=&r"(tp)
			 : "r"(m)
			 : "memory");
}

static inline void arch_pause(void)
{
	__asm__ volatile("isb" ::: "memory");
}

/* One more of what only the caller writes and others read. */
static inline void arch_count32(uint32_t *n)
{
	__atomic_store_n(n, *n + 1, __ATOMIC_RELAXED);
}

static inline void arch_count64(uint64_t *n)
{
	__atomic_store_n(n, *n + 1, __ATOMIC_RELAXED);
}

/* See ../x86_64/arch.h. */
static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

/* See ../x86_64/arch.h, as for what follows. It is returned in x0 and x1. */
struct arch_arrival {
	struct m *m;
	uintptr_t after;
};

struct arch_arrival gvtgo_switch(struct m *m, uintptr_t after, void **save, void *to);

/* Here a call, until somebody has measured it on a real one. */
static inline struct arch_arrival arch_switch(void **save, void *to, struct m *m, uintptr_t after)
{
	return gvtgo_switch(m, after, save, to);
}

/* Words that gvtgo_switch() loads from a stack: see switch.S. */
#define ARCH_FRAME_WORDS	22

/* DWARF's numbers: x0 to x30, sp. */
#define ARCH_DWARF_REGS	32
#define ARCH_DWARF_SP	31

/* A return address without its signature (xpaclri; does nothing where there are none). */
static inline uintptr_t arch_strip_pc(uintptr_t pc)
{
	register uintptr_t lr __asm__("x30") = pc;

	__asm__("hint #7" : "+r"(lr));
	return lr;
}

/* The control word: see ../x86_64/arch.h. */
struct arch_fpu {
	uint64_t fpcr;
};

static inline void arch_look_at_fpu(struct arch_fpu *f)
{
	__asm__ volatile("mrs %0, fpcr" : "=r"(f->fpcr));
}

static inline void arch_fresh_fpu(const struct arch_fpu *f)
{
	if (__builtin_expect(f->fpcr != 0, 0))
		__asm__ volatile("msr fpcr, xzr");
}

/* Lays a frame at @top (16-byte aligned): see ../x86_64/arch.h. */
static inline void *arch_frame(void *top, void (*entry)(void))
{
	uint64_t *sp = (uint64_t *)top - ARCH_FRAME_WORDS;

	for (int i = 0; i < ARCH_FRAME_WORDS; i++)
		sp[i] = 0;
	sp[1] = (uint64_t)(uintptr_t)entry + 4;	/* x30; FPCR is 0 */
	return sp;
}

/* Of what a signal interrupted: the program counter, the stack pointer, a call's result. */
static inline uintptr_t arch_context_pc(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.pc;
}

static inline uintptr_t arch_context_sp(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.sp;
}

static inline intptr_t arch_context_result(const ucontext_t *uc)
{
	return (intptr_t)uc->uc_mcontext.regs[0];
}

#endif /* GVTGO_ARCH_H */
