// SPDX-License-Identifier: GPL-2.0-only
/*
 * gvt.ko - counts what the kernel does for threads, beside what a user-space
 * runtime says it did for goroutines, and shows both under /proc/gvt.
 *
 *	cells.c, switch.c	what is counted; pure, tested on the host too
 *	create.c		tasks that begin and end
 *	duration.c		how long they wait and run
 *	probe.c			the four tracepoints
 *	table.c			rows of watched processes, found without a lock
 *	watch.c, stock.c	who is watched, since when, for how long
 *	all.c			everybody
 *	command.c, control.c	what is written to the files `watch` and `control`
 *	runtime.c		the page of a user-space runtime
 *	proc.c			the files; system.c, process.c, thread.c what is in them
 *
 * The probes come last and go first: what they use is there while they run.
 */
#include <linux/module.h>

#include "probe.h"
#include "proc.h"
#include "watch.h"

static int __init gvt_init(void)
{
	int ret;

	ret = gvt_probe_init();
	if (ret)
		return ret;
	ret = gvt_watch_init();
	if (ret)
		goto err_watch;
	ret = gvt_proc_init();
	if (ret)
		goto err_proc;
	ret = gvt_probe_attach();
	if (ret)
		goto err_attach;
	return 0;

err_attach:
	gvt_proc_exit();
err_proc:
	gvt_watch_exit();
err_watch:
	gvt_probe_exit();
	return ret;
}

static void __exit gvt_exit(void)
{
	gvt_probe_detach();
	gvt_proc_exit();
	gvt_watch_exit();
	gvt_probe_exit();
}

module_init(gvt_init);
module_exit(gvt_exit);

MODULE_DESCRIPTION("Kernel threads beside goroutines: counters in /proc/gvt");
MODULE_AUTHOR("The gvt authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
