/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * switch.h - classify one context switch into one cell.
 *
 * The reason is the scheduler's own rule turned round: it counts a switch as
 * voluntary if and only if the task was not preempted inside the kernel and
 * had given itself a state other than running before it called the scheduler.
 * A tick that ends a time slice, sched_yield() and cond_resched() all leave the
 * state at running, so `preempt` alone tells nothing: where the kernel isn't
 * built or booted for full preemption it is hardly ever set.
 *
 * What changed mirrors the scheduler's table for the address space. Pointers
 * are compared here and never followed.
 *
 * Pure: compiles into the module and into the unit test on the host. Inline,
 * because the probe runs on every context switch of the machine; and for the same
 * reason what is frequent is asked first, and nothing that follows from it.
 */
#ifndef GVT_SWITCH_H
#define GVT_SWITCH_H

#include "cells.h"

/* The kernel's task states; probe.c asserts that they are. */
#define GVT_STATE_RUNNING		0x0000
#define GVT_STATE_INTERRUPTIBLE		0x0001
#define GVT_STATE_UNINTERRUPTIBLE	0x0002
#define GVT_STATE_STOPPED		0x0004
#define GVT_STATE_TRACED		0x0008
#define GVT_STATE_PARKED		0x0040
#define GVT_STATE_DEAD			0x0080
#define GVT_STATE_NOLOAD		0x0400

/**
 * struct gvt_switch - the facts about one switch from prev to next
 * @preempt: prev was preempted inside the kernel
 * @prev_state: the state that prev went to the scheduler with
 * @prev_tgid: the process of prev, 0: the idle task
 * @prev_mm: the address space in use while prev ran, its own or a borrowed one
 * @next_tgid: the process of next, 0: the idle task
 * @next_mm: the address space of next, NULL: a kernel thread
 */
struct gvt_switch {
	bool preempt;
	unsigned int prev_state;
	int prev_tgid;
	const void *prev_mm;
	int next_tgid;
	const void *next_mm;
};

static inline enum gvt_reason gvt_switch_reason(const struct gvt_switch *s)
{
	/* The idle task is always running: it needn't be excluded. */
	if (s->prev_state == GVT_STATE_INTERRUPTIBLE && !s->preempt)
		return GVT_SLEEP;
	if (!s->prev_tgid)
		return GVT_FROM_IDLE;
	if (s->preempt)
		return GVT_PREEMPTED;
	if (s->prev_state == GVT_STATE_RUNNING)
		return GVT_RUNNABLE;
	if (s->prev_state & GVT_STATE_DEAD)
		return GVT_EXIT;
	if (s->prev_state & (GVT_STATE_STOPPED | GVT_STATE_TRACED | GVT_STATE_PARKED))
		return GVT_STOP;
	/* An idle kernel thread is uninterruptible too, but waits for no disk. */
	if ((s->prev_state & (GVT_STATE_UNINTERRUPTIBLE | GVT_STATE_NOLOAD)) ==
	    GVT_STATE_UNINTERRUPTIBLE)
		return GVT_DISK_SLEEP;
	return GVT_SLEEP;
}

static inline enum gvt_space gvt_switch_space(const struct gvt_switch *s)
{
	if (!s->next_mm)
		return s->next_tgid ? GVT_TO_KTHREAD : GVT_TO_IDLE;
	if (s->prev_tgid == s->next_tgid)
		return GVT_SAME_PROCESS;
	if (s->prev_mm == s->next_mm)
		return GVT_SAME_MM;
	return GVT_OTHER_MM;
}

void gvt_switch_keys(const struct gvt_cells *cells, unsigned long key[GVT_NR_KEYS]);

#endif /* GVT_SWITCH_H */
