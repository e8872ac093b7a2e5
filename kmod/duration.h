/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * duration.h - how long things take, from what the scheduler keeps in a task anyway.
 *
 * No storage and no probe of our own: a task carries when it was created, when it
 * last became runnable, when it last began to run. The kernel writes the last two
 * anew for a switch after the probe of that switch, so the probe still finds the
 * old ones.
 *
 * What costs a clock on each switch stands behind a static key (`hist on`); the
 * first run of a task is rare enough to be always measured.
 */
#ifndef GVT_DURATION_H
#define GVT_DURATION_H

#include <linux/jump_label.h>
#include <linux/sched.h>

#include "cells.h"

/* On: run-queue waits and slices are measured. */
DECLARE_STATIC_KEY_FALSE(gvt_duration_key);

extern const char *const gvt_duration_names[GVT_NR_DURATIONS];

/*
 * A task that ran before has been switched away from before, and that has been
 * counted in it: so a first run needs no memory of our own. The idle tasks are
 * not created by anybody.
 */
static inline bool gvt_duration_is_first_run(const struct task_struct *next)
{
	return !(next->nvcsw + next->nivcsw) && next->pid;
}

void gvt_duration_first_run(struct gvt_system __percpu *system, const struct task_struct *next);
void gvt_duration_switch(struct gvt_system __percpu *system, const struct task_struct *prev,
			 const struct task_struct *next);

#endif /* GVT_DURATION_H */
