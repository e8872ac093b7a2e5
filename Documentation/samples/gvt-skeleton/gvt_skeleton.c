// SPDX-License-Identifier: GPL-2.0-only
/* gvt_skeleton.c - counts context switches in /proc/gvt_skeleton. To be grown: README.rst. */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>

static DEFINE_PER_CPU(unsigned long, switches);
static struct tracepoint *switch_tp;
static struct proc_dir_entry *file;

/* Interrupts are off and a run queue is locked: nothing here may lock, sleep or print. */
static void probe_switch(void *data, bool preempt, struct task_struct *prev,
			 struct task_struct *next, unsigned int prev_state)
{
	this_cpu_inc(switches);
}

static int show(struct seq_file *m, void *v)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(switches, cpu));
	seq_printf(m, "ctxt_switches %lu\n", sum);
	return 0;
}

static void compare(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "sched_switch"))
		switch_tp = tp;
}

static int __init skeleton_init(void)
{
	int ret;

	for_each_kernel_tracepoint(compare, NULL);
	if (!switch_tp)
		return -ENOENT;
	file = proc_create_single(KBUILD_MODNAME, 0444, NULL, show);
	if (!file)
		return -ENOMEM;
	check_trace_callback_type_sched_switch(probe_switch);
	ret = tracepoint_probe_register(switch_tp, probe_switch, NULL);
	if (ret)
		proc_remove(file);
	return ret;
}

static void __exit skeleton_exit(void)
{
	tracepoint_probe_unregister(switch_tp, probe_switch, NULL);
	tracepoint_synchronize_unregister();
	proc_remove(file);
}

module_init(skeleton_init);
module_exit(skeleton_exit);

MODULE_DESCRIPTION("The smallest gvt");
MODULE_LICENSE("GPL");
