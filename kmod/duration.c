// SPDX-License-Identifier: GPL-2.0-only
/* duration.c - how long things take. In the switch probe, with interrupts off. */
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/ktime.h>

#include "duration.h"

DEFINE_STATIC_KEY_FALSE(gvt_duration_key);

const char *const gvt_duration_names[] = {
	[GVT_CREATION]	= "creation",
	[GVT_RUNQUEUE]	= "runqueue",
	[GVT_SLICE]	= "slice",
};

static_assert(ARRAY_SIZE(gvt_duration_names) == GVT_NR_DURATIONS);

/* Two CPUs' clocks, or two kinds of clock, may differ by a little: less than no time. */
static void took(struct gvt_system __percpu *system, enum gvt_duration what, s64 ns)
{
	if (unlikely(ns < 0)) {
		this_cpu_inc(system->negative);
		ns = 0;
	}
	this_cpu_add(system->hist[what].ns, ns);
	this_cpu_inc(system->hist[what].bucket[gvt_hist_bucket(ns)]);
}

/*
 * From copy_process(), near its end, to the first time on a CPU. By the clock that
 * takes no lock, and that may be a moment behind the one that start_time was read
 * from.
 */
void gvt_duration_first_run(struct gvt_system __percpu *system, const struct task_struct *next)
{
	took(system, GVT_CREATION, ktime_get_mono_fast_ns() - next->start_time);
}

/*
 * By the clock of the run queue, which sched_info was written by. The idle task is
 * neither queued nor does its time say anything.
 */
void gvt_duration_switch(struct gvt_system __percpu *system, const struct task_struct *prev,
			 const struct task_struct *next)
{
	u64 now = local_clock();

	if (next->pid && next->sched_info.last_queued)
		took(system, GVT_RUNQUEUE, now - next->sched_info.last_queued);
	if (prev->pid && prev->sched_info.last_arrival)
		took(system, GVT_SLICE, now - prev->sched_info.last_arrival);
}
