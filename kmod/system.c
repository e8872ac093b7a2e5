// SPDX-License-Identifier: GPL-2.0-only
/*
 * system.c - the files about the whole system: stat, cpu, hist/.
 *
 * A reading is made under gvt_table_mutex, so that a reset comes before or after
 * it as a whole.
 */
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "probe.h"
#include "proc.h"
#include "table.h"
#include "duration.h"
#include "watch.h"

/* Room for one number and the space after it. */
#define GVT_COLUMN	12

/* With gvt_table_mutex. */
static unsigned long generation;

/* Stat, cpu and hist begin anew; processes keep what they counted since they are watched. */
void gvt_system_reset(void)
{
	mutex_lock(&gvt_table_mutex);
	gvt_probe_reset();
	gvt_runtime_reset();
	gvt_watch_reset_dropped();
	WRITE_ONCE(generation, generation + 1);
	mutex_unlock(&gvt_table_mutex);
}

unsigned long gvt_system_generation(void)
{
	return READ_ONCE(generation);
}

static void show_keys(struct seq_file *m, const unsigned long *key, unsigned int from,
		      unsigned int to)
{
	for (; from < to; from++)
		seq_printf(m, "%s %lu\n", gvt_key_names[from], key[from]);
}

static int stat_show(struct seq_file *m, void *v)
{
	static struct gvt_system sum;	/* large; gvt_table_mutex */
	unsigned long key[GVT_NR_KEYS];
	struct gvt_goroutines go;

	mutex_lock(&gvt_table_mutex);
	gvt_probe_read(&sum);
	gvt_system_keys(&sum, key);
	gvt_runtime_total(&go);

	/* The order in which they came to be: a key once shown stays in its place. */
	seq_puts(m, GVT_PROC_VERSION);
	show_keys(m, key, 0, GVT_KEY_RUNNABLE);
	seq_printf(m, "processes_watched %u\n", gvt_watch_live());
	seq_printf(m, "goroutine_creations %lu\n", go.creations);
	seq_printf(m, "goroutine_exits %lu\n", go.exits);
	seq_printf(m, "goroutine_switches %lu\n", go.switches);
	seq_printf(m, "goroutine_parks %lu\n", go.parks);
	seq_printf(m, "goroutine_steals %lu\n", go.steals);
	seq_printf(m, "goroutine_handoffs %lu\n", go.handoffs);
	seq_printf(m, "goroutine_preemptions %lu\n", go.preemptions);
	show_keys(m, key, GVT_KEY_RUNNABLE, GVT_KEY_MIGRATIONS);
	seq_printf(m, "watch_forks_dropped %lu\n", gvt_watch_dropped());
	show_keys(m, key, GVT_KEY_MIGRATIONS, GVT_NR_KEYS);
	seq_printf(m, "generation %lu\n", generation);
	mutex_unlock(&gvt_table_mutex);
	return 0;
}

static int stat_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, stat_show, NULL, PAGE_SIZE);
}

static int cpu_show(struct seq_file *m, void *v)
{
	static struct gvt_system one;	/* large; gvt_table_mutex */
	unsigned long key[GVT_NR_KEYS];
	unsigned int i;
	int cpu;

	seq_puts(m, GVT_PROC_VERSION "cpu");
	for (i = 0; i < GVT_NR_KEYS; i++)
		seq_printf(m, " %s", gvt_key_names[i]);
	seq_putc(m, '\n');
	mutex_lock(&gvt_table_mutex);
	for_each_possible_cpu(cpu) {
		gvt_probe_read_cpu(cpu, &one);
		gvt_system_keys(&one, key);
		seq_printf(m, "%d", cpu);
		for (i = 0; i < GVT_NR_KEYS; i++)
			seq_printf(m, " %lu", key[i]);
		seq_putc(m, '\n');
	}
	mutex_unlock(&gvt_table_mutex);
	return 0;
}

static int cpu_open(struct inode *inode, struct file *file)
{
	size_t rows = num_possible_cpus() + 2;

	return single_open_size(file, cpu_show, NULL, rows * GVT_NR_KEYS * GVT_COLUMN);
}

/* All buckets, also those that are empty: always the same rows. */
static int hist_show(struct seq_file *m, void *v)
{
	static struct gvt_system sum;	/* large; gvt_table_mutex */
	const struct gvt_hist *hist = &sum.hist[(unsigned long)m->private];
	unsigned int i;

	mutex_lock(&gvt_table_mutex);
	gvt_probe_read(&sum);
	seq_puts(m, GVT_PROC_VERSION "lower_bound_ns count\n");
	for (i = 0; i < GVT_NR_BUCKETS; i++)
		seq_printf(m, "%lu %lu\n", gvt_hist_lower_bound(i), hist->bucket[i]);
	mutex_unlock(&gvt_table_mutex);
	return 0;
}

static int hist_open(struct inode *inode, struct file *file)
{
	return single_open(file, hist_show, pde_data(inode));
}

const struct proc_ops gvt_stat_ops = {
	.proc_open	= stat_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

const struct proc_ops gvt_cpu_ops = {
	.proc_open	= cpu_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

static const struct proc_ops hist_ops = {
	.proc_open	= hist_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

int gvt_system_init(struct proc_dir_entry *gvt_dir)
{
	struct proc_dir_entry *dir = proc_mkdir("hist", gvt_dir);
	unsigned long i;

	if (!dir)
		return -ENOMEM;
	for (i = 0; i < GVT_NR_DURATIONS; i++) {
		if (!proc_create_data(gvt_duration_names[i], 0444, dir, &hist_ops, (void *)i))
			return -ENOMEM;
	}
	return 0;
}
