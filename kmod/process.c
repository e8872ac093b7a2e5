// SPDX-License-Identifier: GPL-2.0-only
/*
 * process.c - the files about watched processes: process and watch.
 *
 * Rows are collected and read under gvt_table_mutex in one go. The sum over the
 * rows of one root, with its `folded` row for those that were pushed out, is all
 * that the root and what it brought in did.
 */
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

#include "compat.h"
#include "proc.h"
#include "table.h"
#include "watch.h"

/* Bytes that a row takes when its numbers are large. */
#define GVT_ROW_TEXT	320

static const char *const process_columns[] = {
	"pid", "comm", "state", "threads_alive", "threads_peak", "thread_creations",
	"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches",
	"same_process_switches", "same_mm_switches", "other_mm_switches",
	"to_kthread_switches", "to_idle_switches", "run_ns", "runqueue_wait_ns",
	"goroutines_alive", "goroutines_peak", "goroutine_creations",
	"goroutine_switches", "goroutine_parks", "goroutine_steals",
	"goroutine_switches_per_kernel_switch",
	"process_creations", "vfork_creations", "forks_dropped", "root", "processes",
};

/* A name is one column, whatever its owner put into it. */
void gvt_proc_comm(struct seq_file *m, const char *comm)
{
	const char *p;

	seq_putc(m, ' ');
	if (!*comm)
		seq_putc(m, '-');
	for (p = comm; *p; p++) {
		if (*p > ' ' && *p < 0x7f && *p != '\\')
			seq_putc(m, *p);
		else
			seq_printf(m, "\\%03o", (unsigned char)*p);
	}
}

static void show_comm(struct seq_file *m, const struct gvt_row *row)
{
	char comm[TASK_COMM_LEN];
	struct task_struct *task = gvt_row_leader(row) ?: get_task_struct(row->task);

	get_task_comm(comm, task);
	put_task_struct(task);
	gvt_proc_comm(m, comm);
}

static void show_goroutines(struct seq_file *m, const struct gvt_goroutines *go,
			    unsigned long kernel_switches)
{
	if (!go->pages) {
		seq_puts(m, " - - - - - - -");
		return;
	}
	seq_printf(m, " %lu %lu %lu %lu %lu %lu", gvt_goroutines_alive(go), go->peak,
		   go->creations, go->switches, go->parks, go->steals);
	if (kernel_switches)
		seq_printf(m, " %lu.%02lu", go->switches / kernel_switches,
			   go->switches % kernel_switches * 100 / kernel_switches);
	else
		seq_puts(m, " -");
}

/* @processes: how many of them the row stands for. */
static void show_row(struct seq_file *m, const struct gvt_row *row, const char *state,
		     unsigned long processes, const struct gvt_row_sum *sum)
{
	unsigned long key[GVT_NR_KEYS];

	gvt_cells_keys(&sum->cells, key);
	seq_printf(m, "%d", gvt_proc_pid(m, row));
	show_comm(m, row);
	seq_printf(m, " %s %lu %lu %lu", state, sum->threads_alive, sum->threads_peak,
		   key[GVT_KEY_THREAD_CREATIONS]);
	seq_printf(m, " %lu %lu", key[GVT_KEY_VOLUNTARY], key[GVT_KEY_NONVOLUNTARY]);
	seq_printf(m, " %lu %lu %lu %lu %lu", key[GVT_KEY_SAME_PROCESS], key[GVT_KEY_SAME_MM],
		   key[GVT_KEY_OTHER_MM], key[GVT_KEY_TO_KTHREAD], key[GVT_KEY_TO_IDLE]);
	seq_printf(m, " %lu %lu", sum->run_ns, sum->wait_ns);
	show_goroutines(m, &sum->go, key[GVT_KEY_VOLUNTARY] + key[GVT_KEY_NONVOLUNTARY]);
	seq_printf(m, " %lu %lu %lu %d %lu\n", key[GVT_KEY_PROCESS_CREATIONS],
		   key[GVT_KEY_VFORK_CREATIONS], sum->forks_dropped,
		   gvt_proc_pid(m, row->root), processes);
}

/* Live ones first, as they came; then the ended, the last one first. */
static int by_place(const void *a, const void *b)
{
	const struct gvt_row *x = *(struct gvt_row **)a, *y = *(struct gvt_row **)b;

	if (gvt_row_seen_live(x) != gvt_row_seen_live(y))
		return gvt_row_seen_live(x) ? -1 : 1;
	if (!gvt_row_seen_live(x))
		return x->ended_seen > y->ended_seen ? -1 : 1;
	return x->born < y->born ? -1 : 1;
}

static int process_show(struct seq_file *m, void *v)
{
	static struct gvt_row_sum sum;	/* large; gvt_table_mutex */
	struct gvt_row **rows;
	unsigned int i, n;

	rows = gvt_rows_get(&n, by_place);
	if (!rows)
		return -ENOMEM;
	seq_puts(m, GVT_PROC_VERSION);
	for (i = 0; i < ARRAY_SIZE(process_columns); i++)
		seq_printf(m, "%s%s", i ? " " : "", process_columns[i]);
	seq_putc(m, '\n');
	for (i = 0; i < n; i++) {
		if (!gvt_proc_pid(m, rows[i]))
			continue;
		gvt_row_read(rows[i], &sum);
		show_row(m, rows[i], gvt_row_seen_live(rows[i]) ? "live" : "ended", 1, &sum);
	}
	for (i = 0; i < n; i++) {
		if (rows[i]->nr_folded && gvt_proc_pid(m, rows[i]))
			show_row(m, rows[i], "folded", rows[i]->nr_folded,
				 &rows[i]->folded);
	}
	gvt_rows_put(rows);
	return 0;
}

static int watch_show(struct seq_file *m, void *v)
{
	struct gvt_row **rows;
	unsigned int i, n;
	int pid;

	rows = gvt_rows_get(&n, by_place);
	if (!rows)
		return -ENOMEM;
	seq_puts(m, GVT_PROC_VERSION "pid forks root\n");
	for (i = 0; i < n; i++) {
		pid = gvt_proc_pid(m, rows[i]);
		if (pid && gvt_row_seen_live(rows[i]))
			seq_printf(m, "%d %d %d\n", pid, READ_ONCE(rows[i]->root->tree),
				   gvt_proc_pid(m, rows[i]->root));
	}
	gvt_rows_put(rows);
	return 0;
}

int gvt_process_open(struct inode *inode, struct file *file)
{
	size_t rows = gvt_table_count() + 3;

	return single_open_size(file, process_show, NULL, rows * GVT_ROW_TEXT);
}

int gvt_watch_open(struct inode *inode, struct file *file)
{
	return single_open(file, watch_show, NULL);
}
