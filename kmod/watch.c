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
 * The fork probe can't allocate. While anybody's children are watched, tend() keeps
 * a stock of spare rows for it to take, pushes out ended rows, and when nobody is left
 * turns the key off. Who finds no spare, or max_watch processes live, is not
 * watched, and that is counted.
 *
 * Two locks. gvt_watch_mutex is around commands and tend(): it alone covers removal
 * of rows and the static key, which may take cpu_hotplug_lock, under which the
 * kernel elsewhere takes mmap_lock. gvt_table_mutex inside it covers the rows,
 * and is what mmap of the runtime page takes, inside mmap_lock. Hence mmap never
 * touches the key: a runtime file that is open holds it on.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "stock.h"
#include "table.h"
#include "watch.h"

#define GVT_TEND_TREE_MS	10
#define GVT_TEND_MS		200

static unsigned int max_watch = 128;
module_param(max_watch, uint, 0444);
MODULE_PARM_DESC(max_watch, "processes watched at once (128)");

static unsigned int max_ended = 64;
module_param(max_ended, uint, 0444);
MODULE_PARM_DESC(max_ended, "ended processes that stay readable (64)");

DEFINE_STATIC_KEY_FALSE(gvt_watch_key);

DEFINE_MUTEX(gvt_watch_mutex);	/* watch.h tells */
static unsigned int nr_trees;		/* gvt_watch_mutex */

static atomic_t nr_live;		/* at most max_watch */
static atomic_long_t nr_ends;
static atomic_long_t nr_dropped;
static unsigned long reset_dropped;	/* at the last reset; gvt_table_mutex */

static void tend(struct work_struct *work);
static DECLARE_DELAYED_WORK(tend_work, tend);
static bool tend_soon;			/* it waits no longer than a tree can; gvt_watch_mutex */
static bool was_quiet;			/* when it last looked; gvt_watch_mutex */

unsigned int gvt_watch_limit(void)
{
	return max_watch;
}

unsigned int gvt_watch_limit_ended(void)
{
	return max_ended;
}

unsigned int gvt_watch_live(void)
{
	return atomic_read(&nr_live);
}

unsigned long gvt_watch_dropped(void)
{
	return atomic_long_read(&nr_dropped) - reset_dropped;
}

void gvt_watch_reset_dropped(void)
{
	reset_dropped = atomic_long_read(&nr_dropped);
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

/*
 * In RCU. The child doesn't run before the fork probe returns. @root: who brought
 * it in, NULL: watch_all.
 */
static bool inherit(struct gvt_row *root, struct task_struct *child)
{
	struct gvt_row *row;

	if (!atomic_add_unless(&nr_live, 1, max_watch))
		return false;
	row = gvt_stock_take();
	if (!row)
		goto err_spare;
	if (root && !refcount_inc_not_zero(&root->refs))
		goto err_root;
	gvt_row_bind(row, child, root);
	row->all = !root;
	if (!gvt_table_push(row))
		goto err_push;
	return true;

err_push:	/* somebody found the child in /proc and named it meanwhile */
	gvt_row_unbind(row);
	if (root)
		refcount_dec(&root->refs);
err_root:
	gvt_stock_return(row);
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

/* In RCU. @row: of the parent, or NULL. */
static void watch_child(struct gvt_row *row, struct task_struct *child)
{
	struct gvt_row *root = row && READ_ONCE(row->root->tree) ? row->root : NULL;

	if (!root && (!gvt_watch_all() || child->flags & PF_KTHREAD))
		return;
	if (inherit(root, child))
		return;
	/* Somebody who named it meanwhile has not let it drop. */
	if (gvt_table_find(child->signal))
		return;
	if (row)
		atomic_long_inc(&row->forks_dropped);
	atomic_long_inc(&nr_dropped);
}

/* Current forks @child. */
void gvt_watch_newtask(struct task_struct *child, enum gvt_kind kind, bool thread)
{
	struct gvt_row *row;

	rcu_read_lock();
	row = gvt_table_find(current->signal);
	if (row) {
		this_cpu_inc(row->cells->creations[kind]);
		if (thread)
			raise_peak(row);
	}
	if (!thread)
		watch_child(row, child);
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
 * gvt_watch_mutex too.
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
void gvt_watch_remove(struct gvt_row *row)
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

static bool brought_in_by(const struct gvt_row *row, const void *root)
{
	return row->root == root && row != root;
}

/* With both mutexes. Nobody joins any more: its tree is felled, or it never had one. */
static void remove_family(struct gvt_row *root)
{
	struct gvt_row *row;

	while ((row = gvt_table_pick(brought_in_by, root)))
		gvt_watch_remove(row);
	gvt_watch_remove(root);
}

static int by_end(const void *a, const void *b)
{
	long x = atomic_long_read(&(*(struct gvt_row **)a)->ended);
	long y = atomic_long_read(&(*(struct gvt_row **)b)->ended);

	return x < y ? -1 : x > y;
}

/*
 * With both mutexes: the oldest ended ones, but for roots with a family. Processes end
 * meanwhile: the order is only of those that had ended before it was made, and holds.
 */
static void push_out(struct gvt_row **rows, unsigned int n)
{
	unsigned int i, ended = 0, excess;

	for (i = 0; i < n; i++) {
		if (!gvt_row_live(rows[i]))
			rows[ended++] = rows[i];
	}
	sort(rows, ended, sizeof(*rows), by_end, NULL);
	excess = ended > max_ended ? ended - max_ended : 0;

	for (i = 0; i < ended && excess; i++) {
		if (rows[i]->root == rows[i] && !refcount_dec_if_one(&rows[i]->refs))
			continue;
		gvt_watch_remove(rows[i]);
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

/* ---------------------------------------------------------------- the tending */

/* With gvt_watch_mutex. True: nobody is watched, and no late switch is to be counted. */
static bool trim(void)
{
	struct gvt_row **rows;
	unsigned int n;
	bool quiet;

	if (atomic_read(&nr_live) && gvt_table_count() <= atomic_read(&nr_live) + max_ended)
		return false;
	rows = gvt_rows_get(&n, NULL);
	if (!rows)
		return false;
	quiet = all_quiet(rows, n);
	push_out(rows, n);
	gvt_rows_put(rows);
	return quiet;
}

/* With gvt_watch_mutex. */
static bool inheriting(void)
{
	return nr_trees || gvt_watch_all();
}

/*
 * With gvt_watch_mutex. Where it waits already, it goes on waiting as long as it was to.
 * A root that ended may still be there: its family forks no more.
 */
static void tend_later(void)
{
	unsigned int ms = GVT_TEND_MS;

	if (inheriting() && !was_quiet) {
		ms = GVT_TEND_TREE_MS;
		tend_soon = true;
	}
	schedule_delayed_work(&tend_work, msecs_to_jiffies(ms));
}

/*
 * The key goes off when all has been quiet for GVT_TEND_MS. A thread that has ended may be
 * preempted before its last switch, which is to be counted; and to turn the key interrupts
 * every CPU: who watches and stops in turns is not to do that to others all the time.
 */
static void tend(struct work_struct *work)
{
	bool files, quiet;

	mutex_lock(&gvt_watch_mutex);
	tend_soon = false;
	gvt_stock_free_returned();
	/* Before the rows are looked at: one that is open may bring in a row, then go. */
	files = gvt_runtime_files();
	quiet = trim() && !files && !gvt_watch_all();
	if (quiet && was_quiet) {
		static_branch_disable(&gvt_watch_key);
		gvt_stock_free();
	} else {
		was_quiet = quiet;
		if (inheriting())
			gvt_stock_fill();
		tend_later();
	}
	mutex_unlock(&gvt_watch_mutex);
}

/*
 * With gvt_watch_mutex. Tends sooner than it may have been to, where children are watched:
 * once, for who writes all the time would put it off for ever.
 */
void gvt_watch_wake(void)
{
	static_branch_enable(&gvt_watch_key);
	was_quiet = false;
	if (inheriting() && !tend_soon)
		cancel_delayed_work(&tend_work);
	tend_later();
}

/* Before a process may become watched without gvt_watch_mutex: room for it, and the key. */
void gvt_watch_expect(void)
{
	mutex_lock(&gvt_watch_mutex);
	trim();
	gvt_watch_wake();
	mutex_unlock(&gvt_watch_mutex);
}

/* ------------------------------------------------------------ start and stop */

int gvt_watch_start(struct task_struct *task, bool tree)
{
	struct gvt_row *row, *spare = gvt_row_alloc(GFP_KERNEL_ACCOUNT);
	int ret;

	if (!spare)
		return -ENOMEM;

	mutex_lock(&gvt_watch_mutex);
	/* Also here, not only in tend(): however fast rows come, they are bounded. */
	trim();
	if (tree)
		gvt_stock_fill();
	/* The key first: the row counts from the moment it is in the table. */
	gvt_watch_wake();
	mutex_lock(&gvt_table_mutex);
	row = gvt_watch_add(task, tree, &spare);
	ret = PTR_ERR_OR_ZERO(row);
	if (!ret)
		row->all = false;
	mutex_unlock(&gvt_table_mutex);
	gvt_watch_wake();
	mutex_unlock(&gvt_watch_mutex);

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

/*
 * No probe that saw the tree is still at work after this. With gvt_watch_mutex, so
 * that the key is not turned off before.
 */
static void fell_tree(struct gvt_row *root)
{
	WRITE_ONCE(root->tree, false);
	nr_trees--;
	synchronize_rcu();
}

static bool may_stop(const struct file *file, const struct gvt_row *row)
{
	struct task_struct *task = gvt_row_leader(row) ?: get_task_struct(row->task);
	bool may = gvt_watch_may(file, task);

	put_task_struct(task);
	return may;
}

/* By number, because an ended process has nothing else. */
int gvt_watch_stop(const struct file *file, int nr)
{
	struct gvt_row **rows, *row;
	bool inherited;
	unsigned int n;
	int ret = -ENOMEM;

	mutex_lock(&gvt_watch_mutex);
	rows = gvt_rows_get(&n, NULL);
	if (!rows)
		goto out;
	row = find_number(rows, n, nr);
	gvt_rows_put(rows);
	ret = -ESRCH;
	if (!row)
		goto out;
	ret = -EPERM;
	if (!may_stop(file, row))
		goto out;
	ret = 0;
	if (row->tree)
		fell_tree(row);

	mutex_lock(&gvt_table_mutex);
	inherited = row->root != row;
	if (inherited)
		gvt_watch_remove(row);
	else
		remove_family(row);
	mutex_unlock(&gvt_table_mutex);
	/*
	 * A fork of its may be in a probe that found it, and still bring in the child.
	 * tend() waits for the mutex, and sees that row before it turns the key off.
	 */
	if (inherited)
		synchronize_rcu();
out:
	mutex_unlock(&gvt_watch_mutex);
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
	struct gvt_row *row;

	cancel_delayed_work_sync(&tend_work);
	static_branch_disable(&gvt_watch_key);
	gvt_stock_free();

	mutex_lock(&gvt_watch_mutex);
	mutex_lock(&gvt_table_mutex);
	/* Roots are only freed when RCU says so, and RCU may say so any time. */
	rcu_read_lock();
	while ((row = gvt_table_pick(NULL, NULL)))
		gvt_watch_remove(row);
	rcu_read_unlock();
	mutex_unlock(&gvt_table_mutex);
	mutex_unlock(&gvt_watch_mutex);
	rcu_barrier();
}
