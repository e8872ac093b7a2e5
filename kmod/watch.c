// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch.c - who is watched, since when, for how long.
 *
 * A row is live until its process has no running thread left; the exit probe
 * only marks it. The last max_ended ended rows stay readable, and stay in the
 * table, so that the last switches of their threads are counted too. Older ones
 * are pushed out; one that came in by inheritance (`PID+`) is then added to its
 * root, so that the sum over a command and its children misses nothing.
 *
 * The fork probe can't allocate. While a tree is watched, tend() keeps a stock
 * of spare rows for it to take, pushes out ended rows, and when nobody is left
 * turns the key off. Who finds no spare, or max_watch processes live, is not
 * watched, and that is counted.
 *
 * Two locks. watch_mutex is around commands and tend(): it alone covers removal
 * of rows and the static key, which may take cpu_hotplug_lock, under which the
 * kernel elsewhere takes mmap_lock. gvt_table_mutex inside it covers the rows,
 * and is what mmap of the runtime page takes, inside mmap_lock. Hence mmap never
 * touches the key: a runtime file that is open holds it on.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jump_label.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "table.h"
#include "watch.h"

#define GVT_SPARES		64
#define GVT_TEND_TREE_MS	10
#define GVT_TEND_MS		200

static unsigned int max_watch = 128;
module_param(max_watch, uint, 0444);
MODULE_PARM_DESC(max_watch, "processes watched at once (128)");

static unsigned int max_ended = 64;
module_param(max_ended, uint, 0444);
MODULE_PARM_DESC(max_ended, "ended processes that stay readable (64)");

DEFINE_STATIC_KEY_FALSE(gvt_watch_key);

static DEFINE_MUTEX(watch_mutex);
static unsigned int nr_trees;		/* watch_mutex */

static atomic_t nr_live;		/* at most max_watch */
static atomic_long_t nr_ends;
static atomic_long_t nr_dropped;

static struct gvt_row *spares[GVT_SPARES];	/* xchg, cmpxchg */
static LLIST_HEAD(returned);

static void tend(struct work_struct *work);
static DECLARE_DELAYED_WORK(tend_work, tend);

unsigned int gvt_watch_limit(void)
{
	return max_watch;
}

unsigned int gvt_watch_live(void)
{
	return atomic_read(&nr_live);
}

unsigned long gvt_watch_dropped(void)
{
	return atomic_long_read(&nr_dropped);
}

static void end_row(struct gvt_row *row)
{
	if (!atomic_long_cmpxchg(&row->ended, 0, atomic_long_inc_return(&nr_ends)))
		atomic_dec(&nr_live);
}

/* ---------------------------------------------------------------- the probes */

/* Charged to who leaves the CPU, as the kernel charges nvcsw and nivcsw. */
void gvt_watch_switch(const struct task_struct *prev, enum gvt_reason reason,
		      enum gvt_space space)
{
	struct gvt_row *row;

	rcu_read_lock();
	row = gvt_table_find(prev->signal);
	if (row)
		this_cpu_inc(row->cells->switches[reason][space]);
	rcu_read_unlock();
}

static struct gvt_row *take_spare(void)
{
	struct gvt_row *row;
	unsigned int i;

	for (i = 0; i < GVT_SPARES; i++) {
		if (!READ_ONCE(spares[i]))
			continue;
		row = xchg(&spares[i], NULL);
		if (row)
			return row;
	}
	return NULL;
}

/* In RCU. The child doesn't run before the fork probe returns. */
static bool inherit(struct gvt_row *root, struct task_struct *child)
{
	struct gvt_row *row;

	if (!atomic_add_unless(&nr_live, 1, max_watch))
		return false;
	row = take_spare();
	if (!row)
		goto err_spare;
	if (!refcount_inc_not_zero(&root->refs))
		goto err_root;
	gvt_row_bind(row, child, root);
	if (!gvt_table_push(row))
		goto err_push;
	return true;

err_push:	/* somebody found the child in /proc and named it meanwhile */
	gvt_row_unbind(row);
	refcount_dec(&root->refs);
err_root:
	llist_add(&row->returned, &returned);
err_spare:
	atomic_dec(&nr_live);
	return false;
}

static void raise_peak(struct gvt_row *row)
{
	int alive = atomic_read(&row->task->signal->live);
	int peak = atomic_read(&row->threads_peak);

	while (alive > peak && !atomic_try_cmpxchg(&row->threads_peak, &peak, alive))
		;
}

/* Current forks @child. */
void gvt_watch_newtask(struct task_struct *child, enum gvt_kind kind, bool thread)
{
	struct gvt_row *row;

	rcu_read_lock();
	row = gvt_table_find(current->signal);
	if (row) {
		this_cpu_inc(row->cells->creations[kind]);
		if (thread) {
			raise_peak(row);
		} else if (READ_ONCE(row->root->tree) && !inherit(row->root, child)) {
			atomic_long_inc(&row->forks_dropped);
			atomic_long_inc(&nr_dropped);
		}
	}
	rcu_read_unlock();
}

void gvt_watch_exit_task(const struct task_struct *task, enum gvt_exit which, bool group_dead)
{
	struct gvt_row *row;

	rcu_read_lock();
	row = gvt_table_find(task->signal);
	if (row) {
		this_cpu_inc(row->cells->exits[which]);
		atomic_long_add(task->sched_info.run_delay, &row->exited_wait_ns);
		if (group_dead)
			end_row(row);
	}
	rcu_read_unlock();
}

/* ---------------------------------------------------- rows that come and go */

/*
 * With gvt_table_mutex. Takes *@spare if the process has no row yet. With @tree,
 * watch_mutex too.
 */
struct gvt_row *gvt_watch_add(struct task_struct *task, bool tree, struct gvt_row **spare)
{
	struct gvt_row *row;

	rcu_read_lock();
	row = gvt_table_find(task->signal);
	if (row) {
		if (!gvt_row_live(row))
			row = ERR_PTR(-ESRCH);
		goto out;
	}
	row = ERR_PTR(-ESRCH);
	if (!atomic_read(&task->signal->live))
		goto out;
	row = ERR_PTR(-ENOSPC);
	if (!atomic_add_unless(&nr_live, 1, max_watch))
		goto out;
	row = *spare;
	gvt_row_bind(row, task, NULL);
	gvt_row_start(row);
	if (!gvt_table_push(row)) {	/* its parent's tree was quicker */
		gvt_row_unbind(row);
		atomic_dec(&nr_live);
		row = gvt_table_find(task->signal);
		goto out;
	}
	*spare = NULL;
	/*
	 * The last thread counts itself out of signal->live and then looks for the
	 * row; we pushed the row and then look at signal->live. One of us sees it.
	 */
	smp_mb();
	if (!atomic_read(&task->signal->live))
		end_row(row);
out:
	if (tree && !IS_ERR(row) && row->root == row && !row->tree) {
		WRITE_ONCE(row->tree, true);
		nr_trees++;
	}
	rcu_read_unlock();
	return row;
}

static void free_row_rcu(struct rcu_head *rcu)
{
	gvt_row_free(container_of(rcu, struct gvt_row, rcu));
}

/* With both mutexes; a root only after the last of those that it brought in. */
static void remove_row(struct gvt_row *row)
{
	static struct gvt_row_sum sum;

	end_row(row);
	if (row->root != row) {
		gvt_row_read(row, &sum);
		gvt_row_sum_add(&row->root->folded, &sum);
		row->root->nr_folded++;
		refcount_dec(&row->root->refs);
	} else if (row->tree) {
		nr_trees--;
	}
	gvt_runtime_detach(&row->pages);
	gvt_table_remove(row);
	call_rcu(&row->rcu, free_row_rcu);
}

/* With both mutexes. */
static void remove_family(struct gvt_row *root, struct gvt_row **rows, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (rows[i]->root == root && rows[i] != root)
			remove_row(rows[i]);
	}
	remove_row(root);
}

static int by_end(const void *a, const void *b)
{
	long x = atomic_long_read(&(*(struct gvt_row **)a)->ended);
	long y = atomic_long_read(&(*(struct gvt_row **)b)->ended);

	return x < y ? -1 : x > y;
}

/* With both mutexes: the oldest ended ones, but for roots with a family. */
static void push_out(struct gvt_row **rows, unsigned int n)
{
	unsigned int i, live = 0, excess;

	sort(rows, n, sizeof(*rows), by_end, NULL);
	while (live < n && gvt_row_live(rows[live]))
		live++;
	excess = n - live > max_ended ? n - live - max_ended : 0;

	for (i = live; i < n && excess; i++) {
		if (rows[i]->root == rows[i] && !refcount_dec_if_one(&rows[i]->refs))
			continue;
		remove_row(rows[i]);
		excess--;
	}
}

static bool all_quiet(struct gvt_row **rows, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!gvt_row_quiet(rows[i]))
			return false;
	}
	return true;
}

/* With watch_mutex, and so that no row goes; room for those that come meanwhile. */
static struct gvt_row **alloc_list(unsigned int *max)
{
	*max = gvt_table_count() + GVT_SPARES;
	return kvmalloc_array(*max, sizeof(struct gvt_row *), GFP_KERNEL);
}

/* ------------------------------------------------------------------ the stock */

static void free_returned(void)
{
	struct gvt_row *row, *next;

	llist_for_each_entry_safe(row, next, llist_del_all(&returned), returned)
		gvt_row_free(row);
}

/* With watch_mutex. Short of memory, the stock stays short; tend() comes again. */
static void fill_stock(void)
{
	struct gvt_row *row;
	unsigned int i;

	for (i = 0; i < GVT_SPARES; i++) {
		if (READ_ONCE(spares[i]))
			continue;
		row = gvt_row_alloc(GFP_KERNEL_ACCOUNT);
		if (!row)
			return;
		/* Full before a fork probe can take it: xchg() there pairs. */
		smp_store_release(&spares[i], row);
	}
}

static void free_stock(void)
{
	unsigned int i;

	for (i = 0; i < GVT_SPARES; i++)
		gvt_row_free(xchg(&spares[i], NULL));
	free_returned();
}

/* ---------------------------------------------------------------- the tending */

/* With watch_mutex. True: nobody is watched, and no late switch is to be counted. */
static bool trim(void)
{
	unsigned int n, max;
	struct gvt_row **rows;
	bool quiet;

	if (atomic_read(&nr_live) && gvt_table_count() <= atomic_read(&nr_live) + max_ended)
		return false;
	rows = alloc_list(&max);
	if (!rows)
		return false;
	mutex_lock(&gvt_table_mutex);
	n = gvt_table_list(rows, max);
	quiet = all_quiet(rows, n);
	push_out(rows, n);
	mutex_unlock(&gvt_table_mutex);
	kvfree(rows);
	return quiet;
}

static unsigned long tend_delay(void)
{
	return msecs_to_jiffies(nr_trees ? GVT_TEND_TREE_MS : GVT_TEND_MS);
}

static void tend(struct work_struct *work)
{
	mutex_lock(&watch_mutex);
	free_returned();
	if (trim() && !gvt_runtime_files()) {
		static_branch_disable(&gvt_watch_key);
		free_stock();
	} else {
		if (nr_trees)
			fill_stock();
		schedule_delayed_work(&tend_work, tend_delay());
	}
	mutex_unlock(&watch_mutex);
}

static void wake(void)
{
	static_branch_enable(&gvt_watch_key);
	schedule_delayed_work(&tend_work, tend_delay());
}

/* A runtime file was opened: its process may be watched at any time. */
void gvt_watch_wake(void)
{
	mutex_lock(&watch_mutex);
	wake();
	mutex_unlock(&watch_mutex);
}

/* ------------------------------------------------------------ start and stop */

int gvt_watch_start(struct task_struct *task, bool tree)
{
	struct gvt_row *row, *spare = gvt_row_alloc(GFP_KERNEL_ACCOUNT);
	int ret;

	if (!spare)
		return -ENOMEM;

	mutex_lock(&watch_mutex);
	/* Also here, not only in tend(): however fast rows come, they are bounded. */
	trim();
	if (tree)
		fill_stock();
	/* The key first: the row counts from the moment it is in the table. */
	wake();
	mutex_lock(&gvt_table_mutex);
	row = gvt_watch_add(task, tree, &spare);
	ret = PTR_ERR_OR_ZERO(row);
	mutex_unlock(&gvt_table_mutex);
	if (tree) {
		/* Sooner than it may have been to come. */
		cancel_delayed_work(&tend_work);
		schedule_delayed_work(&tend_work, tend_delay());
	}
	mutex_unlock(&watch_mutex);

	gvt_row_free(spare);
	return ret;
}

/* The live one of that number, else the one that ended last. */
static struct gvt_row *find_number(struct gvt_row **rows, unsigned int n, int nr)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct gvt_row *best = NULL;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (pid_nr_ns(rows[i]->pid, ns) != nr)
			continue;
		if (gvt_row_live(rows[i]))
			return rows[i];
		if (!best || by_end(&best, &rows[i]) < 0)
			best = rows[i];
	}
	return best;
}

/* No probe that saw the tree is still at work after this. With watch_mutex. */
static void fell_tree(struct gvt_row *root)
{
	WRITE_ONCE(root->tree, false);
	nr_trees--;
	synchronize_rcu();
}

/* By number, because an ended process has nothing else. */
int gvt_watch_stop(const struct file *file, int nr)
{
	struct gvt_row **rows, *row;
	unsigned int n, max;
	int ret = 0;

	mutex_lock(&watch_mutex);
	rows = alloc_list(&max);
	if (!rows) {
		ret = -ENOMEM;
		goto out_watch;
	}
	mutex_lock(&gvt_table_mutex);
	n = gvt_table_list(rows, max);
	row = find_number(rows, n, nr);
	mutex_unlock(&gvt_table_mutex);
	if (!row) {
		ret = -ESRCH;
		goto out_rows;
	}
	if (!gvt_watch_may(file, row->task)) {
		ret = -EPERM;
		goto out_rows;
	}
	if (row->tree)
		fell_tree(row);

	mutex_lock(&gvt_table_mutex);
	if (row->root == row) {
		n = gvt_table_list(rows, max);
		remove_family(row, rows, n);
	} else {
		remove_row(row);
	}
	mutex_unlock(&gvt_table_mutex);
out_rows:
	kvfree(rows);
out_watch:
	mutex_unlock(&watch_mutex);
	return ret;
}

/* ------------------------------------------------------------- init and exit */

int gvt_watch_init(void)
{
	if (!max_watch || max_watch > 4096 || max_ended > 4096) {
		pr_err("max_watch must be 1 to 4096, max_ended at most 4096\n");
		return -EINVAL;
	}
	return 0;
}

/* The probes are detached, the files gone: nobody adds or finds a row now. */
void gvt_watch_exit(void)
{
	struct gvt_row *rows[16];
	unsigned int n, i;

	cancel_delayed_work_sync(&tend_work);
	static_branch_disable(&gvt_watch_key);
	free_stock();

	mutex_lock(&watch_mutex);
	mutex_lock(&gvt_table_mutex);
	/* Roots are only freed when RCU says so, and RCU may say so any time. */
	rcu_read_lock();
	while ((n = gvt_table_list(rows, ARRAY_SIZE(rows)))) {
		for (i = 0; i < n; i++)
			remove_row(rows[i]);
	}
	rcu_read_unlock();
	mutex_unlock(&gvt_table_mutex);
	mutex_unlock(&watch_mutex);
	rcu_barrier();
}
