// SPDX-License-Identifier: GPL-2.0-only
/*
 * thread.c - the file about the live threads of watched processes.
 *
 * Nothing is counted for it: it shows what the kernel keeps for each thread. The
 * numbers are copied first and printed then, for printing tens of thousands of
 * lines inside RCU would keep the CPU for long.
 */
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "proc.h"
#include "table.h"

/* Bytes that a line takes when its numbers are large. */
#define GVT_THREAD_TEXT	120

struct thread {
	char comm[TASK_COMM_LEN];
	pid_t pid;
	pid_t tid;
	unsigned int cpu;
	unsigned long voluntary;
	unsigned long nonvoluntary;
	unsigned long run_ns;
	unsigned long wait_ns;
};

struct threads {
	struct thread *list;
	size_t n;		/* that there are */
	size_t max;		/* that there is room for */
};

static void copy(struct thread *thread, struct task_struct *t, pid_t pid, pid_t tid)
{
	get_task_comm(thread->comm, t);
	thread->pid = pid;
	thread->tid = tid;
	thread->cpu = task_cpu(t);
	thread->voluntary = READ_ONCE(t->nvcsw);
	thread->nonvoluntary = READ_ONCE(t->nivcsw);
	thread->run_ns = READ_ONCE(t->se.sum_exec_runtime);
	thread->wait_ns = READ_ONCE(t->sched_info.run_delay);
}

/* A thread that ended but wasn't reaped, as a first one may be for long, runs no more. */
static void collect(struct seq_file *m, const struct gvt_row *row, struct threads *threads)
{
	struct pid_namespace *ns = proc_pid_ns(file_inode(m->file)->i_sb);
	pid_t pid = gvt_proc_pid(m, row), tid;
	struct task_struct *t;

	if (!pid || !gvt_row_live(row))
		return;
	rcu_read_lock();
	for_each_thread(row->task, t) {
		tid = task_pid_nr_ns(t, ns);
		if (!tid || READ_ONCE(t->exit_state))
			continue;
		if (threads->n < threads->max)
			copy(&threads->list[threads->n], t, pid, tid);
		threads->n++;
	}
	rcu_read_unlock();
}

static int by_number(const void *a, const void *b)
{
	const struct gvt_row *x = *(struct gvt_row **)a, *y = *(struct gvt_row **)b;

	return x->born < y->born ? -1 : 1;
}

/* threads->n tells how much it takes: more than threads->max: there was no room for all. */
static int collect_all(struct seq_file *m, struct threads *threads)
{
	struct gvt_row **rows;
	unsigned int i, n;

	rows = gvt_rows_get(&n, by_number);
	if (!rows)
		return -ENOMEM;
	threads->n = 0;
	for (i = 0; i < n; i++)
		collect(m, rows[i], threads);
	gvt_rows_put(rows);
	return 0;
}

static int read_threads(struct seq_file *m, struct threads *threads)
{
	int ret;

	do {
		kvfree(threads->list);
		threads->max = threads->n + threads->n / 8 + 16;
		threads->list = kvmalloc_array(threads->max, sizeof(*threads->list), GFP_KERNEL);
		if (!threads->list)
			return -ENOMEM;
		ret = collect_all(m, threads);
	} while (!ret && threads->n > threads->max);
	return ret;
}

static int thread_show(struct seq_file *m, void *v)
{
	struct threads threads = { 0 };
	struct thread *t;
	int ret;

	ret = read_threads(m, &threads);
	if (ret)
		goto out;
	seq_puts(m, GVT_PROC_VERSION);
	seq_puts(m, "pid tid comm cpu voluntary_ctxt_switches nonvoluntary_ctxt_switches run_ns runqueue_wait_ns\n");
	for (t = threads.list; t < threads.list + threads.n; t++) {
		seq_printf(m, "%d %d", t->pid, t->tid);
		gvt_proc_comm(m, t->comm);
		seq_printf(m, " %u %lu %lu %lu %lu\n", t->cpu, t->voluntary, t->nonvoluntary,
			   t->run_ns, t->wait_ns);
	}
out:
	kvfree(threads.list);
	return ret;
}

/* Live threads, roughly: room for the text at once, or seq_file shows all again. */
static size_t count_threads(void)
{
	struct gvt_row **rows;
	unsigned int i, n;
	size_t sum = 0;

	rows = gvt_rows_get(&n, NULL);
	if (!rows)
		return 0;
	for (i = 0; i < n; i++)
		sum += atomic_read(&rows[i]->task->signal->live);
	gvt_rows_put(rows);
	return sum;
}

int gvt_thread_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, thread_show, NULL, (count_threads() + 3) * GVT_THREAD_TEXT);
}
