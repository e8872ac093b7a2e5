// SPDX-License-Identifier: GPL-2.0-only
/*
 * proc.c - the files of /proc/gvt: who may see and write what.
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

static struct proc_dir_entry *gvt_dir;

/*
 * What /proc itself asks where it is mounted with hidepid=: ptrace_may_access() with
 * PTRACE_MODE_READ_FSCREDS, but for what that isn't open to modules: security modules,
 * and processes that made themselves undumpable.
 */
static bool may_read(struct task_struct *task)
{
	const struct cred *cred = current_cred(), *tcred;
	bool may;

	if (same_thread_group(task, current))
		return true;
	rcu_read_lock();
	tcred = __task_cred(task);
	may = (uid_eq(cred->fsuid, tcred->uid) && uid_eq(cred->fsuid, tcred->euid) &&
	       uid_eq(cred->fsuid, tcred->suid) && gid_eq(cred->fsgid, tcred->gid) &&
	       gid_eq(cred->fsgid, tcred->egid) && gid_eq(cred->fsgid, tcred->sgid)) ||
	      ns_capable(tcred->user_ns, CAP_SYS_PTRACE);
	rcu_read_unlock();
	return may;
}

static bool may_see(struct super_block *sb, const struct gvt_row *row)
{
	struct proc_fs_info *fs = proc_sb_info(sb);
	struct task_struct *task;
	bool may;

	if (fs->hide_pid == HIDEPID_OFF)
		return true;
	if (fs->hide_pid != HIDEPID_NOT_PTRACEABLE && in_group_p(fs->pid_gid))
		return true;
	task = gvt_row_leader(row);
	/* Whose process it was in the end, nobody knows any more. */
	if (!task)
		return capable(CAP_SYS_PTRACE);
	may = may_read(task);
	put_task_struct(task);
	return may;
}

int gvt_proc_pid(struct seq_file *m, const struct gvt_row *row)
{
	struct super_block *sb = file_inode(m->file)->i_sb;

	return may_see(sb, row) ? pid_nr_ns(row->pid, proc_pid_ns(sb)) : 0;
}

/* One write is one command; it is understood as a whole or refused. */
static ssize_t write_command(struct file *file, const char __user *buf, size_t count,
			     int (*command)(const struct file *file, char *text))
{
	char text[GVT_MAX_COMMAND + 1];
	int ret;

	if (count > GVT_MAX_COMMAND)
		return -E2BIG;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	if (strlen(text) != count)
		return -EINVAL;
	ret = command(file, text);
	return ret ?: count;
}

static ssize_t watch_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	return write_command(file, buf, count, gvt_watch_command);
}

static ssize_t control_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	return write_command(file, buf, count, gvt_control_command);
}

static const struct proc_ops process_ops = {
	.proc_open	= gvt_process_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

static const struct proc_ops thread_ops = {
	.proc_open	= gvt_thread_open,
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

static const struct proc_ops control_ops = {
	.proc_open	= gvt_control_open,
	.proc_read	= seq_read,
	.proc_write	= control_write,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

static const struct {
	const char *name;
	umode_t mode;
	const struct proc_ops *ops;
} files[] = {
	{ "stat",	0444, &gvt_stat_ops },
	{ "cpu",	0444, &gvt_cpu_ops },
	{ "process",	0444, &process_ops },
	{ "thread",	0444, &thread_ops },
	{ "control",	0644, &control_ops },
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
		if (!proc_create(files[i].name, files[i].mode, gvt_dir, files[i].ops))
			goto err;
	}
	if (gvt_system_init(gvt_dir))
		goto err;
	return 0;

err:
	gvt_proc_exit();
	return -ENOMEM;
}

/* When this returns, no call into a file runs and every open one was released. */
void gvt_proc_exit(void)
{
	proc_remove(gvt_dir);
}
