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
	[GVT_KEY_FIRST_RUN_NS]		= "creation_to_run_ns_total",
	[GVT_KEY_FIRST_RUNS]		= "creation_to_run_count",
	[GVT_KEY_RUNNABLE]		= "runnable_switches",
	[GVT_KEY_PREEMPTED]		= "preempted_switches",
	[GVT_KEY_SLEEP]			= "sleep_switches",
	[GVT_KEY_DISK_SLEEP]		= "disk_sleep_switches",
	[GVT_KEY_STOP]			= "stop_switches",
	[GVT_KEY_EXIT]			= "exit_switches",
};

static_assert(ARRAY_SIZE(gvt_key_names) == GVT_NR_KEYS, "a name for each key");

/* Each word is read once: @cells may be counting on another CPU meanwhile. */
void gvt_cells_add(struct gvt_cells *sum, const struct gvt_cells *cells)
{
	const unsigned long *from = (const unsigned long *)cells;
	unsigned long *to = (unsigned long *)sum;
	size_t i;

	static_assert(sizeof(*cells) % sizeof(*from) == 0, "words only");

	for (i = 0; i < sizeof(*cells) / sizeof(*from); i++)
		to[i] += READ_ONCE(from[i]);
}

/* @cells holds still: a sum made by gvt_cells_add(). */
void gvt_cells_keys(const struct gvt_cells *cells, unsigned long key[GVT_NR_KEYS])
{
	unsigned int kind;

	for (kind = 0; kind < GVT_NR_KINDS; kind++)
		key[GVT_KEY_THREAD_CREATIONS + kind] = cells->creations[kind];

	key[GVT_KEY_THREAD_EXITS] = cells->exits[GVT_THREAD_EXIT];
	key[GVT_KEY_PROCESS_EXITS] = cells->exits[GVT_PROCESS_EXIT];
	key[GVT_KEY_FIRST_RUN_NS] = cells->first_run_ns;
	key[GVT_KEY_FIRST_RUNS] = cells->first_runs;
	gvt_switch_keys(cells, key);
}
