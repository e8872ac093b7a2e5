// SPDX-License-Identifier: GPL-2.0-only
/*
 * cells.c - from cells to the numbers that are shown, and their names. Pure.
 */
#include "cells.h"
#include "switch.h"

const char *const gvt_key_names[] = {
	[GVT_KEY_THREAD_CREATIONS]	= "thread_creations",
	[GVT_KEY_PROCESS_CREATIONS]	= "process_creations",
	[GVT_KEY_VFORK_CREATIONS]	= "vfork_creations",
	[GVT_KEY_KTHREAD_CREATIONS]	= "kthread_creations",
	[GVT_KEY_WORKER_CREATIONS]	= "worker_creations",
	[GVT_KEY_THREAD_EXITS]		= "thread_exits",
	[GVT_KEY_PROCESS_EXITS]		= "process_exits",
	[GVT_KEY_SWITCHES]		= "ctxt_switches",
	[GVT_KEY_VOLUNTARY]		= "voluntary_ctxt_switches",
	[GVT_KEY_NONVOLUNTARY]		= "nonvoluntary_ctxt_switches",
	[GVT_KEY_IDLE]			= "idle_ctxt_switches",
	[GVT_KEY_SAME_PROCESS]		= "same_process_switches",
	[GVT_KEY_SAME_MM]		= "same_mm_switches",
	[GVT_KEY_OTHER_MM]		= "other_mm_switches",
	[GVT_KEY_TO_KTHREAD]		= "to_kthread_switches",
	[GVT_KEY_TO_IDLE]		= "to_idle_switches",
	[GVT_KEY_CREATION_NS]		= "creation_to_run_ns_total",
	[GVT_KEY_CREATION_COUNT]	= "creation_to_run_count",
	[GVT_KEY_RUNNABLE]		= "runnable_switches",
	[GVT_KEY_PREEMPTED]		= "preempted_switches",
	[GVT_KEY_SLEEP]			= "sleep_switches",
	[GVT_KEY_DISK_SLEEP]		= "disk_sleep_switches",
	[GVT_KEY_STOP]			= "stop_switches",
	[GVT_KEY_EXIT]			= "exit_switches",
	[GVT_KEY_MIGRATIONS]		= "migrations",
	[GVT_KEY_RUNQUEUE_NS]		= "runqueue_wait_ns_total",
	[GVT_KEY_RUNQUEUE_COUNT]	= "runqueue_wait_count",
	[GVT_KEY_SLICE_NS]		= "slice_ns_total",
	[GVT_KEY_SLICE_COUNT]		= "slice_count",
	[GVT_KEY_NEGATIVE]		= "negative_times",
};

static_assert(ARRAY_SIZE(gvt_key_names) == GVT_NR_KEYS, "a name for each key");

static const struct {
	enum gvt_key ns;
	enum gvt_key count;
} duration_keys[] = {
	[GVT_CREATION]	= { GVT_KEY_CREATION_NS,	GVT_KEY_CREATION_COUNT },
	[GVT_RUNQUEUE]	= { GVT_KEY_RUNQUEUE_NS,	GVT_KEY_RUNQUEUE_COUNT },
	[GVT_SLICE]	= { GVT_KEY_SLICE_NS,		GVT_KEY_SLICE_COUNT },
};

static_assert(ARRAY_SIZE(duration_keys) == GVT_NR_DURATIONS, "keys for each time");

/* Each word is read once: @from may be counting on another CPU meanwhile. */
static void add_words(void *to, const void *from, size_t size)
{
	const unsigned long *f = from;
	unsigned long *t = to;
	size_t i;

	for (i = 0; i < size / sizeof(*f); i++)
		t[i] += READ_ONCE(f[i]);
}

static_assert(sizeof(struct gvt_cells) % sizeof(long) == 0, "words only");
static_assert(sizeof(struct gvt_system) % sizeof(long) == 0, "words only");

void gvt_cells_add(struct gvt_cells *sum, const struct gvt_cells *cells)
{
	add_words(sum, cells, sizeof(*cells));
}

void gvt_system_add(struct gvt_system *sum, const struct gvt_system *system)
{
	add_words(sum, system, sizeof(*system));
}

/* @base is an earlier reading of the same cells, so nothing gets negative. */
void gvt_system_subtract(struct gvt_system *sum, const struct gvt_system *base)
{
	const unsigned long *from = (const unsigned long *)base;
	unsigned long *to = (unsigned long *)sum;
	size_t i;

	for (i = 0; i < sizeof(*base) / sizeof(*from); i++)
		to[i] -= from[i];
}

unsigned long gvt_hist_count(const struct gvt_hist *hist)
{
	unsigned long count = 0;
	unsigned int i;

	for (i = 0; i < GVT_NR_BUCKETS; i++)
		count += hist->bucket[i];
	return count;
}

/* @cells holds still: a sum made by gvt_cells_add(). Keys of the system alone stay. */
void gvt_cells_keys(const struct gvt_cells *cells, unsigned long key[GVT_NR_KEYS])
{
	unsigned int kind;

	for (kind = 0; kind < GVT_NR_KINDS; kind++)
		key[GVT_KEY_THREAD_CREATIONS + kind] = cells->creations[kind];

	key[GVT_KEY_THREAD_EXITS] = cells->exits[GVT_THREAD_EXIT];
	key[GVT_KEY_PROCESS_EXITS] = cells->exits[GVT_PROCESS_EXIT];
	gvt_switch_keys(cells, key);
}

/* @system holds still: a sum made by gvt_system_add(). */
void gvt_system_keys(const struct gvt_system *system, unsigned long key[GVT_NR_KEYS])
{
	unsigned int i;

	gvt_cells_keys(&system->cells, key);
	for (i = 0; i < GVT_NR_DURATIONS; i++) {
		key[duration_keys[i].ns] = system->hist[i].ns;
		key[duration_keys[i].count] = gvt_hist_count(&system->hist[i]);
	}
	key[GVT_KEY_MIGRATIONS] = system->migrations;
	key[GVT_KEY_NEGATIVE] = system->negative;
}
