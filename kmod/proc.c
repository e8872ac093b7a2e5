// SPDX-License-Identifier: GPL-2.0-only
/*
 * proc.c - the files of /proc/gvt, and those of the whole system: stat and cpu.
 *
 * A file is rendered as a whole when it is first read after being opened, so one
 * open is one snapshot however small the reads are. seq_file may call show twice
 * (when its buffer was too small), so show changes nothing.
 *
 * /proc holds no reference to the module: rmmod waits for calls under way, closes
 * what is open, and later reads of such files fail. So does ours.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "probe.h"
#include "proc.h"
#include "table.h"
#include "watch.h"

/* Room for one number and the space after it. */
#define GVT_COLUMN	12

static struct proc_dir_entry *gvt_dir;

/* As /proc itself does with hidepid=: what ps doesn't show, we don't either. */
static bool may_see(struct super_block *sb, const struct gvt_row *row)
{
	struct proc_fs_info *fs = proc_sb_info(sb);
	const struct cred *tcred;
	bool may;

	if (fs->hide_pid == HIDEPID_OFF)
		return true;
	if (fs->hide_pid != HIDEPID_NOT_PTRACEABLE && in_group_p(fs->pid_gid))
		return true;
	rcu_read_lock();
	tcred = __task_cred(row->task);
	may = (uid_eq(current_euid(), tcred->uid) && uid_eq(current_euid(), tcred->euid)) ||
	      ns_capable(tcred->user_ns, CAP_SYS_PTRACE);
	rcu_read_unlock();
	return may;
}

int gvt_proc_pid(struct seq_file *m, const struct gvt_row *row)
{
	struct super_block *sb = file_inode(m->file)->i_sb;

	return may_see(sb, row) ? pid_nr_ns(row->pid, proc_pid_ns(sb)) : 0;
}

static int stat_show(struct seq_file *m, void *v)
{
	unsigned long key[GVT_NR_KEYS];
	struct gvt_goroutines go;
	struct gvt_cells sum;
	unsigned int i;

	gvt_probe_read(&sum);
	gvt_cells_keys(&sum, key);
	mutex_lock(&gvt_table_mutex);
	gvt_runtime_total(&go);
	mutex_unlock(&gvt_table_mutex);

	seq_puts(m, GVT_PROC_VERSION);
	for (i = 0; i <= GVT_KEY_FIRST_RUNS; i++)
		seq_printf(m, "%s %lu\n", gvt_key_names[i], key[i]);
	seq_printf(m, "processes_watched %u\n", gvt_watch_live());
	seq_printf(m, "goroutine_creations %lu\n", go.creations);
	seq_printf(m, "goroutine_exits %lu\n", go.exits);
	seq_printf(m, "goroutine_switches %lu\n", go.switches);
	seq_printf(m, "goroutine_parks %lu\n", go.parks);
	seq_printf(m, "goroutine_steals %lu\n", go.steals);
	seq_printf(m, "goroutine_handoffs %lu\n", go.handoffs);
	seq_printf(m, "goroutine_preemptions %lu\n", go.preemptions);
	for (; i < GVT_NR_KEYS; i++)
		seq_printf(m, "%s %lu\n", gvt_key_names[i], key[i]);
	seq_printf(m, "watch_forks_dropped %lu\n", gvt_watch_dropped());
	return 0;
}

static int stat_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, stat_show, NULL, PAGE_SIZE);
}

static int cpu_show(struct seq_file *m, void *v)
{
	unsigned long key[GVT_NR_KEYS];
	struct gvt_cells cells;
	unsigned int i;
	int cpu;

	seq_puts(m, GVT_PROC_VERSION "cpu");
	for (i = 0; i < GVT_NR_KEYS; i++)
		seq_printf(m, " %s", gvt_key_names[i]);
	seq_putc(m, '\n');
	for_each_possible_cpu(cpu) {
		gvt_probe_read_cpu(cpu, &cells);
		gvt_cells_keys(&cells, key);
		seq_printf(m, "%d", cpu);
		for (i = 0; i < GVT_NR_KEYS; i++)
			seq_printf(m, " %lu", key[i]);
		seq_putc(m, '\n');
	}
	return 0;
}

static int cpu_open(struct inode *inode, struct file *file)
{
	size_t rows = num_possible_cpus() + 2;

	return single_open_size(file, cpu_show, NULL, rows * GVT_NR_KEYS * GVT_COLUMN);
}

/* One write is one command; it is understood as a whole or refused. */
static ssize_t watch_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char text[GVT_WATCH_MAX_TEXT + 1];
	int ret;

	if (count > GVT_WATCH_MAX_TEXT)
		return -E2BIG;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	if (strlen(text) != count)
		return -EINVAL;
	ret = gvt_watch_command(file, text);
	return ret ?: count;
}

static const struct proc_ops stat_ops = {
	.proc_open	= stat_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

static const struct proc_ops cpu_ops = {
	.proc_open	= cpu_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

static const struct proc_ops process_ops = {
	.proc_open	= gvt_process_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

static const struct proc_ops watch_ops = {
	.proc_open	= gvt_watch_open,
	.proc_read	= seq_read,
	.proc_write	= watch_write,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

static const struct {
	const char *name;
	umode_t mode;
	const struct proc_ops *ops;
} files[] = {
	{ "stat",	0444, &stat_ops },
	{ "cpu",	0444, &cpu_ops },
	{ "process",	0444, &process_ops },
	{ "watch",	0666, &watch_ops },	/* who may do what: watch.c */
	{ "runtime",	0666, &gvt_runtime_ops },
};

int gvt_proc_init(void)
{
	unsigned int i;

	gvt_dir = proc_mkdir("gvt", NULL);
	if (!gvt_dir)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		if (!proc_create(files[i].name, files[i].mode, gvt_dir, files[i].ops)) {
			gvt_proc_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

/* When this returns, no call into a file runs and every open one was released. */
void gvt_proc_exit(void)
{
	proc_remove(gvt_dir);
}
