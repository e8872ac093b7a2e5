// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - rows of watched processes, found from a probe without a lock.
 *
 * A hash of singly linked chains. Probes look rows up under RCU on every context
 * switch, and the fork probe pushes rows, and neither may take a lock:
 *
 *   - a row goes in at the head of its chain by one cmpxchg. It is full before
 *     (cmpxchg orders it); who fails looks through the chain again, so that a
 *     process never gets two rows.
 *   - a row is taken out by one remover at a time (gvt_table_mutex). At the head
 *     that is a cmpxchg too; behind the head only the remover changes links.
 *   - a row is freed a grace period later. That is also why the cmpxchg at the
 *     head can't take a new row for an old one: who compares is inside RCU.
 *
 * Not used, and why: rhashtable and hlist take a lock to insert; storage hung on
 * the task isn't open to modules; a preempt notifier only sees its own task.
 */
#include <linux/hash.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat.h"
#include "table.h"

#define GVT_TABLE_BITS	8

DEFINE_MUTEX(gvt_table_mutex);	/* table.h tells */

static struct gvt_row __rcu *buckets[1 << GVT_TABLE_BITS];
static atomic_t nr_rows;		/* in the table, or just about to be */
static atomic_long_t births;

static struct gvt_row __rcu **bucket_of(const struct signal_struct *group)
{
	return &buckets[hash_ptr(group, GVT_TABLE_BITS)];
}

/* cmpxchg() doesn't know __rcu; what it returns is only compared. */
static bool change_head(struct gvt_row __rcu **bucket, struct gvt_row *old, struct gvt_row *row)
{
	return cmpxchg((struct gvt_row __force **)bucket, old, row) == old;
}

/* In RCU. */
struct gvt_row *gvt_table_find(const struct signal_struct *group)
{
	struct gvt_row *row;

	for (row = rcu_dereference(*bucket_of(group)); row; row = rcu_dereference(row->next)) {
		if (row->group == group)
			return row;
	}
	return NULL;
}

/* In RCU, in any context but interrupts. False: its process has a row. */
bool gvt_table_push(struct gvt_row *row)
{
	struct gvt_row __rcu **bucket = bucket_of(row->group);
	struct gvt_row *head, *other;

	row->born = atomic_long_inc_return(&births);
	atomic_inc(&nr_rows);
	do {
		head = rcu_dereference(*bucket);
		for (other = head; other; other = rcu_dereference(other->next)) {
			if (other->group == row->group) {
				atomic_dec(&nr_rows);
				return false;
			}
		}
		RCU_INIT_POINTER(row->next, head);
	} while (!change_head(bucket, head, row));
	return true;
}

/* With gvt_table_mutex. The row goes on working for probes that have found it. */
void gvt_table_remove(struct gvt_row *row)
{
	struct gvt_row __rcu **bucket = bucket_of(row->group);
	struct gvt_row *next, *before;

	next = rcu_dereference_protected(row->next, lockdep_is_held(&gvt_table_mutex));
	if (!change_head(bucket, row, next)) {
		/* Not the head, or no longer; from here on its place stays. */
		rcu_read_lock();
		before = rcu_dereference(*bucket);
		while (rcu_access_pointer(before->next) != row)
			before = rcu_dereference(before->next);
		rcu_assign_pointer(before->next, next);
		rcu_read_unlock();
	}
	atomic_dec(&nr_rows);
}

unsigned int gvt_table_count(void)
{
	return atomic_read(&nr_rows);
}

/*
 * With gvt_table_mutex: the rows stay; more may come, and they may end: whether one has
 * is asked once, for its place and its state in one reading must not differ. In no order.
 * How many there are: more than @max: there was no room for all.
 */
static unsigned int list_rows(struct gvt_row **rows, unsigned int max)
{
	struct gvt_row *row;
	unsigned int i, n = 0;

	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(buckets); i++) {
		for (row = rcu_dereference(buckets[i]); row; row = rcu_dereference(row->next)) {
			row->ended_seen = atomic_long_read(&row->ended);
			if (n < max)
				rows[n] = row;
			n++;
		}
	}
	rcu_read_unlock();
	return n;
}

/*
 * With gvt_table_mutex: any row that @pick wants (NULL: any at all). A root may be
 * freed before those that name it: who removes what was picked stays in RCU for as
 * long as it goes on picking, or picks no root that is named.
 */
struct gvt_row *gvt_table_pick(bool (*pick)(const struct gvt_row *row, const void *arg),
			       const void *arg)
{
	struct gvt_row *row = NULL;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(buckets); i++) {
		for (row = rcu_dereference(buckets[i]); row; row = rcu_dereference(row->next)) {
			if (!pick || pick(row, arg))
				goto out;
		}
	}
out:
	rcu_read_unlock();
	return row;
}

/*
 * All that there are, sorted if wanted; processes may begin and end meanwhile, but no
 * row goes until gvt_rows_put(). NULL: no memory.
 */
struct gvt_row **gvt_rows_get(unsigned int *n, cmp_func_t compare)
{
	struct gvt_row **rows;
	unsigned int max;

	*n = gvt_table_count();
	for (;;) {
		max = *n + *n / 8 + 16;
		rows = kvmalloc_array(max, sizeof(*rows), GFP_KERNEL);
		if (!rows)
			return NULL;
		mutex_lock(&gvt_table_mutex);
		*n = list_rows(rows, max);
		if (*n <= max)
			break;
		/* Who forks needs no lock: too many came since they were counted. */
		gvt_rows_put(rows);
	}
	if (compare)
		sort(rows, *n, sizeof(*rows), compare, NULL);
	return rows;
}

void gvt_rows_put(struct gvt_row **rows)
{
	mutex_unlock(&gvt_table_mutex);
	kvfree(rows);
}

/* ------------------------------------------------------------------- one row */

struct gvt_row *gvt_row_alloc(gfp_t gfp)
{
	struct gvt_row *row = kzalloc(sizeof(*row), gfp);

	if (!row)
		return NULL;
	row->cells = alloc_percpu_gfp(struct gvt_cells, gfp);
	if (!row->cells) {
		kfree(row);
		return NULL;
	}
	INIT_LIST_HEAD(&row->pages);
	return row;
}

void gvt_row_free(struct gvt_row *row)
{
	if (!row)
		return;
	if (row->task)
		gvt_row_unbind(row);
	free_percpu(row->cells);
	kfree(row);
}

/*
 * Who answers for the process's name and credentials, with a reference. exec by another
 * thread than the first puts that one in its place: then row->task says what was before.
 * NULL: so it was, and nobody is left.
 */
struct task_struct *gvt_row_leader(const struct gvt_row *row)
{
	struct task_struct *task = get_pid_task(row->pid, PIDTYPE_TGID);

	if (!task && thread_group_leader(row->task))
		task = get_task_struct(row->task);
	return task;
}

/* Also in the fork probe: takes references, nothing else. @root: NULL: itself. */
void gvt_row_bind(struct gvt_row *row, struct task_struct *task, struct gvt_row *root)
{
	row->task = get_task_struct(task);
	row->group = task->signal;
	row->pid = get_pid(task_tgid(task));
	row->root = root ?: row;
	refcount_set(&row->refs, 1);
	atomic_set(&row->threads_peak, atomic_read(&task->signal->live));
}

void gvt_row_unbind(struct gvt_row *row)
{
	put_pid(row->pid);
	put_task_struct(row->task);
	row->task = NULL;
}

static unsigned long add_run(const struct gvt_row *row)
{
	unsigned long ns = READ_ONCE(row->task->signal->sum_sched_runtime);
	struct task_struct *t;

	for_each_thread(row->task, t)
		ns += READ_ONCE(t->se.sum_exec_runtime);
	return ns;
}

/*
 * Run time: the scheduler keeps it for each thread, and folds it into the group
 * when a thread is gone. The group's seqlock makes that one step for us. The second
 * try takes it: a process whose threads end faster than they are looked through would
 * else keep a reader here, inside RCU, for as long as it likes.
 */
static unsigned long read_run(const struct gvt_row *row)
{
	struct signal_struct *sig = row->task->signal;
	unsigned long ns, flags;
	unsigned int seq;

	rcu_read_lock();
	seq = read_seqbegin(&sig->stats_lock);
	ns = add_run(row);
	if (read_seqretry(&sig->stats_lock, seq)) {
		read_seqlock_excl_irqsave(&sig->stats_lock, flags);
		ns = add_run(row);
		read_sequnlock_excl_irqrestore(&sig->stats_lock, flags);
	}
	rcu_read_unlock();
	return ns;
}

/*
 * Run-queue wait: the scheduler keeps it for each thread, and forgets it with
 * the thread; the exit probe saves it. Between the start of its exit and the
 * probe a thread is in neither sum: so never too much, and see wait_seen.
 */
static unsigned long read_wait(const struct gvt_row *row)
{
	unsigned long ns = atomic_long_read(&row->exited_wait_ns);
	struct task_struct *t;

	rcu_read_lock();
	for_each_thread(row->task, t) {
		if (!(READ_ONCE(t->flags) & PF_EXITING))
			ns += READ_ONCE(t->sched_info.run_delay);
	}
	rcu_read_unlock();
	return ns;
}

/* Watching begins with a process that has a past. Before the row is pushed. */
void gvt_row_start(struct gvt_row *row)
{
	row->run_base = read_run(row);
	row->wait_base = read_wait(row);
}

/* With gvt_table_mutex. */
void gvt_row_read(struct gvt_row *row, struct gvt_row_sum *sum)
{
	unsigned long wait;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu)
		gvt_cells_add(&sum->cells, per_cpu_ptr(row->cells, cpu));

	sum->threads_alive = atomic_read(&row->task->signal->live);
	sum->threads_peak = atomic_read(&row->threads_peak);
	sum->forks_dropped = atomic_long_read(&row->forks_dropped);
	sum->run_ns = read_run(row) - row->run_base;

	wait = read_wait(row);
	if (wait > row->wait_base)
		row->wait_seen = max(row->wait_seen, wait - row->wait_base);
	sum->wait_ns = row->wait_seen;

	sum->go = row->gone;
	gvt_runtime_read(&row->pages, &sum->go);
}

void gvt_row_sum_add(struct gvt_row_sum *sum, const struct gvt_row_sum *from)
{
	gvt_cells_add(&sum->cells, &from->cells);
	sum->threads_peak = max(sum->threads_peak, from->threads_peak);
	sum->run_ns += from->run_ns;
	sum->wait_ns += from->wait_ns;
	sum->forks_dropped += from->forks_dropped;
	gvt_goroutines_add(&sum->go, &from->go);
}

/* Ended, and none of its threads will be seen by a probe any more (but for a moment). */
bool gvt_row_quiet(const struct gvt_row *row)
{
	struct task_struct *t;
	bool quiet = !gvt_row_live(row);

	rcu_read_lock();
	for_each_thread(row->task, t)
		quiet &= !!READ_ONCE(t->exit_state);
	rcu_read_unlock();
	return quiet;
}
