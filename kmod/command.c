// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c - what is written to /proc/gvt/watch: PID, PID+, -PID, or `self` in
 * place of PID. One write is one command; it is understood as a whole or refused.
 */
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "watch.h"

struct command {
	bool stop;
	bool tree;
	int nr;
};

static int parse(char *text, struct command *cmd)
{
	size_t len;

	text = strim(text);
	cmd->stop = *text == '-';
	text += cmd->stop;

	len = strlen(text);
	cmd->tree = !cmd->stop && len && text[len - 1] == '+';
	if (cmd->tree)
		text[len - 1] = '\0';

	cmd->nr = task_tgid_vnr(current);
	if (!strcmp(text, "self"))
		return 0;
	/* kstrtoint() would take a sign of its own. */
	if (!isdigit(*text) || kstrtoint(text, 10, &cmd->nr) || !cmd->nr)
		return -EINVAL;
	return 0;
}

/* Counts whoever opened the file, not who was made to write to it. */
bool gvt_watch_may(const struct file *file, struct task_struct *task)
{
	const struct cred *cred = file->f_cred, *tcred;
	bool may;

	if (same_thread_group(current, task))
		return true;
	rcu_read_lock();
	tcred = __task_cred(task);
	may = (uid_eq(cred->euid, tcred->uid) && uid_eq(cred->euid, tcred->euid) &&
	       uid_eq(cred->euid, tcred->suid)) ||
	      file_ns_capable(file, tcred->user_ns, CAP_SYS_PTRACE);
	rcu_read_unlock();
	return may;
}

static int start(const struct file *file, const struct command *cmd)
{
	struct pid *pid = find_get_pid(cmd->nr);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_TGID);
	int ret = -EPERM;

	put_pid(pid);
	if (!task)
		return -ESRCH;
	if (gvt_watch_may(file, task))
		ret = gvt_watch_start(task, cmd->tree);
	put_task_struct(task);
	return ret;
}

int gvt_watch_command(const struct file *file, char *text)
{
	struct command cmd;
	int ret = parse(text, &cmd);

	if (ret)
		return ret;
	return cmd.stop ? gvt_watch_stop(file, cmd.nr) : start(file, &cmd);
}
