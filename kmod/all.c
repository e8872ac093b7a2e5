// SPDX-License-Identifier: GPL-2.0-only
/*
 * all.c - `watch_all`: every process is watched, those that there are and those to come.
 *
 * All or nothing: if those that there are don't fit under max_watch, none is. Those to
 * come are found by the fork probe; who finds no room then is counted as dropped.
 * Kernel threads are no processes here. A row that came in so goes when watch_all does,
 * unless somebody named its process meanwhile.
 */
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "stock.h"
#include "table.h"
#include "watch.h"

static bool watch_all;		/* gvt_watch_mutex; read in the fork probe */

bool gvt_watch_all(void)
{
	return READ_ONCE(watch_all);
}

static bool to_be_watched(const struct task_struct *task)
{
	return !(task->flags & PF_KTHREAD) && atomic_read(&task->signal->live) &&
	       !gvt_table_find(task->signal);
}

/* In RCU. */
static struct task_struct *find_unwatched(void)
{
	struct task_struct *task;

	for_each_process(task) {
		if (to_be_watched(task))
			return task;
	}
	return NULL;
}

/* With gvt_watch_mutex. 1: one more, 0: there was no other. */
static int add_one(void)
{
	struct gvt_row *row, *spare = gvt_row_alloc(GFP_KERNEL_ACCOUNT);
	struct task_struct *task;
	int ret = 0;

	if (!spare)
		return -ENOMEM;
	mutex_lock(&gvt_table_mutex);
	rcu_read_lock();
	task = find_unwatched();
	if (task) {
		row = gvt_watch_add(task, false, &spare);
		ret = PTR_ERR_OR_ZERO(row);
		if (!ret && !spare)
			row->all = true;
		/* It ended just now, so it isn't found again. */
		if (!ret || ret == -ESRCH)
			ret = 1;
	}
	rcu_read_unlock();
	mutex_unlock(&gvt_table_mutex);
	gvt_row_free(spare);
	return ret;
}

static bool came_by_all(const struct gvt_row *row, const void *unused)
{
	return row->all;
}

/* With gvt_watch_mutex. After the grace period no fork probe adds to them. */
static void stop(void)
{
	struct gvt_row *row;

	WRITE_ONCE(watch_all, false);
	synchronize_rcu();

	mutex_lock(&gvt_table_mutex);
	while ((row = gvt_table_pick(came_by_all, NULL)))
		gvt_watch_remove(row);
	mutex_unlock(&gvt_table_mutex);
}

int gvt_watch_all_start(void)
{
	int ret = 0;

	mutex_lock(&gvt_watch_mutex);
	if (watch_all)
		goto out;
	gvt_stock_fill();
	WRITE_ONCE(watch_all, true);
	gvt_watch_wake();
	/*
	 * A process is in the list of processes before its fork probe runs. So after
	 * this, who isn't in the list yet is seen by a probe that knows watch_all.
	 */
	synchronize_rcu();
	do {
		ret = add_one();
		cond_resched();
	} while (ret > 0);
	if (ret)
		stop();
out:
	mutex_unlock(&gvt_watch_mutex);
	return ret;
}

int gvt_watch_all_stop(void)
{
	mutex_lock(&gvt_watch_mutex);
	if (watch_all)
		stop();
	mutex_unlock(&gvt_watch_mutex);
	return 0;
}
