/* SPDX-License-Identifier: GPL-2.0-only */
/* table.h - rows of watched processes, found from a probe without a lock. */
#ifndef GVT_TABLE_H
#define GVT_TABLE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "cells.h"
#include "runtime.h"

/* All that is known of one process, or of several together. */
struct gvt_row_sum {
	struct gvt_cells cells;
	unsigned long threads_alive;
	unsigned long threads_peak;
	unsigned long run_ns;
	unsigned long wait_ns;
	unsigned long forks_dropped;
	struct gvt_goroutines go;
};

/**
 * struct gvt_row - one watched process
 * @next: chain of its bucket
 * @group: what identifies the process in a probe. Threads share it, exec keeps
 *	it, and it isn't reused before @task is put.
 * @cells: counted by the probes, charged to who leaves the CPU, forks, or exits
 * @task: pins @group; led it when the row was made, see gvt_row_leader()
 * @pid: of the thread group; names the process also after it ended
 * @root: the row whose `PID+` brought this one in; itself if it was named itself
 * @refs: of a root: 1 and one for each other row that it brought in
 * @tree: of a root: what its family forks is watched too
 * @all: nobody named it: it came in by `watch_all` and goes with it
 * @born: order in which rows came
 * @ended: 0, or the order in which the processes ended
 * @ended_seen: the same when rows were last listed: of one reading, for it stands still
 * @threads_peak: the most threads seen alive when one was created
 * @exited_wait_ns: run-queue wait of the threads that exited
 * @forks_dropped: processes that it forked and that found no room
 * @run_base: run time when watching began
 * @wait_base: the same for run-queue wait
 * @wait_seen: the highest wait shown: a thread just exiting is missing for a moment
 * @pages: the pages that the process has mapped
 * @nr_pages: how many those are
 * @gone: what its pages said that it no longer has
 * @folded: of a root: the sum over rows that were pushed out
 * @nr_folded: how many those are
 * @rcu: to free it by, once it is out of the table
 * @returned: in a list of those that never came into it
 *
 * From the probes: what is atomic or per CPU. The rest is set before the row is
 * pushed, or belongs to gvt_table_mutex.
 */
struct gvt_row {
	struct gvt_row __rcu *next;
	const struct signal_struct *group;
	struct gvt_cells __percpu *cells;
	struct task_struct *task;
	struct pid *pid;
	struct gvt_row *root;
	refcount_t refs;
	bool tree;
	bool all;
	unsigned long born;
	atomic_long_t ended;
	long ended_seen;
	atomic_t threads_peak;
	atomic_long_t exited_wait_ns;
	atomic_long_t forks_dropped;
	unsigned long run_base;
	unsigned long wait_base;
	unsigned long wait_seen;
	struct list_head pages;
	unsigned int nr_pages;
	struct gvt_goroutines gone;
	struct gvt_row_sum folded;
	unsigned long nr_folded;
	union {
		struct rcu_head rcu;
		struct llist_node returned;
	};
};

/*
 * Rows are looked at as a whole (read, pages attached, removed) under this.
 * Taken inside mmap_lock, so nothing under it may touch user memory.
 */
extern struct mutex gvt_table_mutex;

struct gvt_row *gvt_row_alloc(gfp_t gfp);
void gvt_row_free(struct gvt_row *row);
struct task_struct *gvt_row_leader(const struct gvt_row *row);
void gvt_row_bind(struct gvt_row *row, struct task_struct *task, struct gvt_row *root);
void gvt_row_unbind(struct gvt_row *row);

struct gvt_row *gvt_table_find(const struct signal_struct *group);
bool gvt_table_push(struct gvt_row *row);
void gvt_table_remove(struct gvt_row *row);
unsigned int gvt_table_count(void);
struct gvt_row *gvt_table_pick(bool (*pick)(const struct gvt_row *row, const void *arg),
			       const void *arg);
struct gvt_row **gvt_rows_get(unsigned int *n, cmp_func_t compare);
void gvt_rows_put(struct gvt_row **rows);

void gvt_row_start(struct gvt_row *row);
void gvt_row_read(struct gvt_row *row, struct gvt_row_sum *sum);
void gvt_row_sum_add(struct gvt_row_sum *sum, const struct gvt_row_sum *from);
bool gvt_row_quiet(const struct gvt_row *row);

static inline bool gvt_row_live(const struct gvt_row *row)
{
	return !atomic_long_read(&row->ended);
}

/* Between gvt_rows_get() and gvt_rows_put(): whether it was when they were listed. */
static inline bool gvt_row_seen_live(const struct gvt_row *row)
{
	return !row->ended_seen;
}

#endif /* GVT_TABLE_H */
