// SPDX-License-Identifier: GPL-2.0-only
/*
 * create.c - tasks that begin and end.
 *
 * A creation is of one kind, an exit of one of two: exits of the task that
 * leads its thread group (its first thread) and exits of the others. When the
 * last thread of all ends isn't what is counted: until Linux 6.16 the exit
 * tracepoint can't tell that exactly once.
 */
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "compat.h"
#include "create.h"

enum gvt_kind gvt_create_kind(const struct task_struct *task, u64 clone_flags)
{
	if (task->flags & PF_KTHREAD)
		return GVT_KTHREAD;
	if (task->flags & (PF_IO_WORKER | PF_USER_WORKER))
		return GVT_WORKER;
	if (clone_flags & CLONE_THREAD)
		return GVT_THREAD;
	if (clone_flags & CLONE_VFORK)
		return GVT_VFORK;
	return GVT_PROCESS;
}

enum gvt_exit gvt_create_exit(const struct task_struct *task)
{
	return thread_group_leader((struct task_struct *)task) ? GVT_PROCESS_EXIT : GVT_THREAD_EXIT;
}
