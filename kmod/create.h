/* SPDX-License-Identifier: GPL-2.0-only */
/* create.h - tasks that begin, run for the first time, and end. */
#ifndef GVT_CREATE_H
#define GVT_CREATE_H

#include <linux/sched.h>

#include "cells.h"

enum gvt_kind gvt_create_kind(const struct task_struct *task, u64 clone_flags);
enum gvt_exit gvt_create_exit(const struct task_struct *task);
void gvt_create_first_run(struct gvt_cells __percpu *cells, const struct task_struct *next);

/*
 * A task that ran before has been switched away from before, and that has been
 * counted in it: so a first run needs no memory of our own. The idle tasks are
 * not created by anybody.
 */
static inline bool gvt_create_is_first_run(const struct task_struct *next)
{
	return !(next->nvcsw + next->nivcsw) && next->pid;
}

#endif /* GVT_CREATE_H */
