/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64: what differs between machines and isn't the switch itself.
 */
#ifndef GVTGO_ARCH_H
#define GVTGO_ARCH_H

#include <stdint.h>
#include <ucontext.h>

struct m;

/*
 * The thread's M, or NULL. The variable is defined in switch.S and only ever
 * read here, in one volatile instruction pair: a compiler that knew it as
 * _Thread_local would compute its address once and go on using it after the
 * goroutine has moved to another thread.
 */
static inline struct m *arch_m(void)
{
	struct m *m;

	__asm__ volatile("movq gvtgo_tls_m@gottpoff(%%rip), %0\n\t"
			 "movq %%fs:(%0), %0"
			 : "=r"(m)
			 :
			 : "memory");
	return m;
}

static inline void arch_set_m(struct m *m)
{
	uintptr_t off;

	__asm__ volatile("movq gvtgo_tls_m@gottpoff(%%rip), %0\n\t"
			 "movq %1, %%fs:(%0)"
			 : "=&r"(off)
			 : "r"(m)
			 : "memory");
}

static inline void arch_pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/*
 * One more of what only the caller writes and others read: no atomic read-modify-write, but
 * one instruction, where gcc makes three of a relaxed load and store.
 */
static inline void arch_count32(uint32_t *n)
{
	__asm__("addl $1, %0" : "+m"(*n) : : "cc");
}

static inline void arch_count64(uint64_t *n)
{
	__asm__("addq $1, %0" : "+m"(*n) : : "cc");
}

/*
 * A system call, as the kernel answers it: a negative errno, and the thread's errno is left
 * alone. For calls that may fail often, or after which the goroutine may be another thread.
 */
static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#ifdef __AVX512F__
#define ARCH_CLOBBERS_512							\
	, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22",	\
	"xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29",		\
	"xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define ARCH_CLOBBERS_512
#endif

/* What a switch hands to the context that it goes to: see arch_switch(). */
struct arch_arrival {
	struct m *m;		/* the thread's */
	uintptr_t after;	/* what the one that was left has left to be done: rt.h */
};

/*
 * Saves the context, its stack pointer to *@save, and goes on in the one whose stack pointer
 * is @to: there this returns what it is given here.
 *
 * It is gvtgo_switch() without a call instruction: it is told in rax where to come back to,
 * and pushes that itself. A call would leave an entry in the processor's stack of return
 * addresses, and since the switch itself doesn't end in ret, the next ret would be
 * predicted to go there, wrongly: 5 to 8 ns for each switch. So it is as if nothing had
 * been called, and the ret by which the other goroutine leaves the runtime meets the
 * entry that the call made by which this one entered it. Often that is the same place.
 *
 * It pushes, so nothing may lie below the stack pointer: -mno-red-zone (libgo.mk). With
 * -flto, clang forgets that where it inlines such a function into one of the program's,
 * which has a red zone; so whatever holds a switch is NOINLINE, or is inlined only into
 * what is (scripts/codecheck switches). The push is not here, because the compiler doesn't
 * see it: its own unwind information, which may count from rsp, holds at both
 * instructions so.
 */
static inline struct arch_arrival arch_switch(void **save, void *to, struct m *m, uintptr_t after)
{
	__asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
			 "jmp gvtgo_switch\n"
			 "1:"
			 : "+D"(m), "+S"(after), "+c"(save), "+d"(to)
			 :
			 : "rax", "r8", "r9", "r10", "r11", "cc", "memory", "st", "st(1)", "st(2)",
			   "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "xmm0", "xmm1", "xmm2",
			   "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
			   "xmm12", "xmm13", "xmm14", "xmm15" ARCH_CLOBBERS_512);
	return (struct arch_arrival){ m, after };
}

/* Words that gvtgo_switch() reads of a stack: one below what it pops, see switch.S. */
#define ARCH_FRAME_WORDS	8

/* DWARF's numbers: the sixteen registers, and 16 for the return address. */
#define ARCH_DWARF_REGS	17
#define ARCH_DWARF_SP	7

static inline uintptr_t arch_strip_pc(uintptr_t pc)
{
	return pc;
}

/* What a program starts with: rounding to nearest, no trap. */
#define ARCH_MXCSR	0x1f80u
#define ARCH_FCW	0x037fu

/* The control words. To read MXCSR takes some ns, during which other work goes on. */
struct arch_fpu {
	uint32_t mxcsr;
	uint16_t fcw;
};

static inline void arch_look_at_fpu(struct arch_fpu *f)
{
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(f->mxcsr), "=m"(f->fcw));
}

/* A goroutine starts with the default ones: @f is what whoever ran on this stack before left. */
static inline void arch_fresh_fpu(const struct arch_fpu *f)
{
	/* The low bits of MXCSR are flags: no control. */
	if (__builtin_expect((f->mxcsr & ~0x3fu) != ARCH_MXCSR || f->fcw != ARCH_FCW, 0)) {
		uint32_t mxcsr = ARCH_MXCSR;
		uint16_t fcw = ARCH_FCW;

		__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(fcw));
	}
}

/*
 * Lays a frame at @top (16-byte aligned) as if its owner had switched away within @entry,
 * after the nop with which that begins: see gvtgo_entry.
 */
static inline void *arch_frame(void *top, void (*entry)(void))
{
	uint64_t *sp = (uint64_t *)top - ARCH_FRAME_WORDS;

	sp[0] = ARCH_MXCSR | (uint64_t)ARCH_FCW << 32;
	for (int i = 1; i < ARCH_FRAME_WORDS - 1; i++)
		sp[i] = 0;
	sp[ARCH_FRAME_WORDS - 1] = (uint64_t)(uintptr_t)entry + 1;
	return sp + 1;
}

/* Of what a signal interrupted: the program counter, the stack pointer, a call's result. */
static inline uintptr_t arch_context_pc(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
}

static inline uintptr_t arch_context_sp(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];
}

static inline intptr_t arch_context_result(const ucontext_t *uc)
{
	return (intptr_t)uc->uc_mcontext.gregs[REG_RAX];
}

#endif /* GVTGO_ARCH_H */
