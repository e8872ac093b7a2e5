/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64: what differs between machines and isn't the switch itself.
 */
#ifndef GVTGO_ARCH_H
#define GVTGO_ARCH_H

#include <stdint.h>

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

/* Words that gvtgo_switch() pops from a stack before it jumps: see switch.S. */
#define ARCH_FRAME_WORDS	8

/* Lays a frame at @top (16-byte aligned) as if its owner had switched away just before @entry. */
static inline void *arch_frame(void *top, void (*entry)(void))
{
	uint64_t *sp = (uint64_t *)top - ARCH_FRAME_WORDS;
	uint32_t mxcsr;
	uint16_t fcw;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fcw));
	sp[0] = mxcsr | (uint64_t)fcw << 32;
	for (int i = 1; i < ARCH_FRAME_WORDS - 1; i++)
		sp[i] = 0;
	sp[ARCH_FRAME_WORDS - 1] = (uint64_t)(uintptr_t)entry;
	return sp;
}

#endif /* GVTGO_ARCH_H */
