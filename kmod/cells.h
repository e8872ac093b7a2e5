/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cells.h - what is counted, and what it is called.
 *
 * An event raises exactly one cell, on the CPU where it happened. Everything
 * that is shown is a sum of cells, so two ways of adding up the same events
 * (switches by reason, switches by what changed) always agree, however the
 * reader races with the events. struct gvt_cells counts the whole system (one
 * for each CPU) and one watched process (one for each CPU and process).
 *
 * Pure: compiles into the module and into the unit test on the host.
 */
#ifndef GVT_CELLS_H
#define GVT_CELLS_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>
#else
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#define READ_ONCE(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/* Why the task that ran stopped running. */
enum gvt_reason {
	GVT_FROM_IDLE,		/* it was the idle task */
	GVT_RUNNABLE,		/* it could go on: its time was up, or it yielded */
	GVT_PREEMPTED,		/* the same, inside the kernel */
	GVT_SLEEP,		/* it waits and a signal may wake it */
	GVT_DISK_SLEEP,		/* it waits and no signal wakes it */
	GVT_STOP,		/* a debugger, SIGSTOP or the kernel parked it */
	GVT_EXIT,		/* it ended */
	GVT_NR_REASONS
};

/* What the CPU had to change for the next one. */
enum gvt_space {
	GVT_SAME_PROCESS,	/* thread to thread of one process */
	GVT_SAME_MM,		/* another process or none before, same address space */
	GVT_OTHER_MM,		/* another address space */
	GVT_TO_KTHREAD,		/* a kernel thread: it borrows the address space */
	GVT_TO_IDLE,		/* nothing to run */
	GVT_NR_SPACES
};

/* What came into being. */
enum gvt_kind {
	GVT_THREAD,
	GVT_PROCESS,
	GVT_VFORK,
	GVT_KTHREAD,
	GVT_WORKER,		/* io_uring and the like: in the process, run by the kernel */
	GVT_NR_KINDS
};

/* Which task of its thread group ended. */
enum gvt_exit {
	GVT_THREAD_EXIT,
	GVT_PROCESS_EXIT,	/* the one that leads the group */
	GVT_NR_EXITS
};

/* What is counted of the system and of each watched process. */
struct gvt_cells {
	unsigned long switches[GVT_NR_REASONS][GVT_NR_SPACES];
	unsigned long creations[GVT_NR_KINDS];
	unsigned long exits[GVT_NR_EXITS];
};

/* What takes how long. */
enum gvt_duration {
	GVT_CREATION,		/* from being created to running first */
	GVT_RUNQUEUE,		/* from being runnable to running */
	GVT_SLICE,		/* from being switched to, to being switched from */
	GVT_NR_DURATIONS
};

/* Bucket 0 is for 0 ns, bucket i for 2^(i-1) and more, the last for 2^40 (18 minutes) and more. */
#define GVT_NR_BUCKETS	42

/* Each time is in one bucket, so its number is the sum of the buckets. */
struct gvt_hist {
	unsigned long ns;
	unsigned long bucket[GVT_NR_BUCKETS];
};

/* What is counted of the system alone, with the rest. */
struct gvt_system {
	struct gvt_cells cells;
	unsigned long migrations;
	unsigned long negative;		/* times less than nothing, by two clocks: taken as 0 */
	struct gvt_hist hist[GVT_NR_DURATIONS];
};

/* What is shown, new ones at the end; gvt_key_names has the names. */
enum gvt_key {
	GVT_KEY_THREAD_CREATIONS,
	GVT_KEY_PROCESS_CREATIONS,
	GVT_KEY_VFORK_CREATIONS,
	GVT_KEY_KTHREAD_CREATIONS,
	GVT_KEY_WORKER_CREATIONS,
	GVT_KEY_THREAD_EXITS,
	GVT_KEY_PROCESS_EXITS,
	GVT_KEY_SWITCHES,
	GVT_KEY_VOLUNTARY,
	GVT_KEY_NONVOLUNTARY,
	GVT_KEY_IDLE,
	GVT_KEY_SAME_PROCESS,
	GVT_KEY_SAME_MM,
	GVT_KEY_OTHER_MM,
	GVT_KEY_TO_KTHREAD,
	GVT_KEY_TO_IDLE,
	GVT_KEY_CREATION_NS,
	GVT_KEY_CREATION_COUNT,
	GVT_KEY_RUNNABLE,
	GVT_KEY_PREEMPTED,
	GVT_KEY_SLEEP,
	GVT_KEY_DISK_SLEEP,
	GVT_KEY_STOP,
	GVT_KEY_EXIT,
	GVT_KEY_MIGRATIONS,
	GVT_KEY_RUNQUEUE_NS,
	GVT_KEY_RUNQUEUE_COUNT,
	GVT_KEY_SLICE_NS,
	GVT_KEY_SLICE_COUNT,
	GVT_KEY_NEGATIVE,
	GVT_NR_KEYS
};

extern const char *const gvt_key_names[GVT_NR_KEYS];

static inline unsigned int gvt_hist_bucket(unsigned long ns)
{
	unsigned int bits = ns ? 8 * sizeof(ns) - __builtin_clzl(ns) : 0;

	return bits < GVT_NR_BUCKETS ? bits : GVT_NR_BUCKETS - 1;
}

static inline unsigned long gvt_hist_lower_bound(unsigned int bucket)
{
	return bucket ? 1ul << (bucket - 1) : 0;
}

unsigned long gvt_hist_count(const struct gvt_hist *hist);

void gvt_cells_add(struct gvt_cells *sum, const struct gvt_cells *cells);
void gvt_cells_keys(const struct gvt_cells *cells, unsigned long key[GVT_NR_KEYS]);

void gvt_system_add(struct gvt_system *sum, const struct gvt_system *system);
void gvt_system_subtract(struct gvt_system *sum, const struct gvt_system *base);
void gvt_system_keys(const struct gvt_system *system, unsigned long key[GVT_NR_KEYS]);

#endif /* GVT_CELLS_H */
