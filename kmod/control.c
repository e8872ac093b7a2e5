// SPDX-License-Identifier: GPL-2.0-only
/*
 * control.c - the file by which root sets what is counted of the whole system.
 */
#include <linux/fs.h>
#include <linux/jump_label.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "probe.h"
#include "proc.h"
#include "duration.h"
#include "watch.h"

static int reset(void)
{
	gvt_system_reset();
	return 0;
}

/* A key that is just being turned on must not be turned off, and warns of it. */
static DEFINE_MUTEX(key_mutex);

static int hist_on(void)
{
	mutex_lock(&key_mutex);
	static_branch_enable(&gvt_duration_key);
	mutex_unlock(&key_mutex);
	return 0;
}

static int hist_off(void)
{
	mutex_lock(&key_mutex);
	static_branch_disable(&gvt_duration_key);
	mutex_unlock(&key_mutex);
	return 0;
}

static const struct {
	const char *text;
	int (*run)(void);
} commands[] = {
	{ "reset",		reset },
	{ "hist on",		hist_on },
	{ "hist off",		hist_off },
	{ "watch_all on",	gvt_watch_all_start },
	{ "watch_all off",	gvt_watch_all_stop },
};

int gvt_control_command(const struct file *file, char *text)
{
	unsigned int i;

	text = strim(text);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(text, commands[i].text))
			return commands[i].run();
	}
	return -EINVAL;
}

static const char *on_off(bool on)
{
	return on ? "on" : "off";
}

static int control_show(struct seq_file *m, void *v)
{
	unsigned int i;

	seq_puts(m, GVT_PROC_VERSION);
	seq_printf(m, "generation %lu\n", gvt_system_generation());
	seq_printf(m, "hist %s\n", on_off(static_key_enabled(&gvt_duration_key)));
	seq_printf(m, "watch_all %s\n", on_off(gvt_watch_all()));
	seq_puts(m, "probes");
	for (i = 0; gvt_probe_name(i); i++)
		seq_printf(m, " %s", gvt_probe_name(i));
	seq_printf(m, "\nmax_watch %u\n", gvt_watch_limit());
	seq_printf(m, "max_ended %u\n", gvt_watch_limit_ended());
	return 0;
}

int gvt_control_open(struct inode *inode, struct file *file)
{
	return single_open(file, control_show, NULL);
}
