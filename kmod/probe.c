// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c - the three tracepoints that everything is counted from.
 *
 * The probe on sched_switch runs on every context switch of the machine, with
 * interrupts off and a run queue locked. So here nothing allocates, locks,
 * sleeps, prints or wakes; one increment per switch, and a clock only when a
 * task runs for the first time. The other two run in the context of the task
 * that forks or exits; up to Linux 6.19 with preemption off, from 7.0 on
 * preemptible: every increment is a this_cpu operation, and who follows an RCU
 * pointer says so himself.
 *
 * These tracepoints aren't exported to modules by symbol. They are found by
 * name, and since that loses their type, the compiler checks each probe against
 * the kernel's prototype of its event: a kernel that changes one fails our
 * build, not somebody's machine.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

#include "compat.h"
#include "create.h"
#include "probe.h"
#include "switch.h"
#include "watch.h"

static_assert(GVT_STATE_RUNNING == TASK_RUNNING);
static_assert(GVT_STATE_UNINTERRUPTIBLE == TASK_UNINTERRUPTIBLE);
static_assert(GVT_STATE_STOPPED == __TASK_STOPPED);
static_assert(GVT_STATE_TRACED == __TASK_TRACED);
static_assert(GVT_STATE_PARKED == TASK_PARKED);
static_assert(GVT_STATE_DEAD == TASK_DEAD);
static_assert(GVT_STATE_NOLOAD == TASK_NOLOAD);

/* One for each CPU. Not DEFINE_PER_CPU: modules share a small reserve for that. */
static struct gvt_cells __percpu *system_cells;

static void probe_switch(void *data, bool preempt, struct task_struct *prev,
			 struct task_struct *next, unsigned int prev_state)
{
	const struct gvt_switch s = {
		.preempt	= preempt,
		.prev_state	= prev_state,
		.prev_pid	= prev->pid,
		.prev_tgid	= prev->tgid,
		.prev_mm	= prev->active_mm,
		.next_pid	= next->pid,
		.next_tgid	= next->tgid,
		.next_mm	= next->mm,
	};
	enum gvt_reason reason = gvt_switch_reason(&s);
	enum gvt_space space = gvt_switch_space(&s);

	this_cpu_inc(system_cells->switches[reason][space]);
	if (unlikely(gvt_create_is_first_run(next)))
		gvt_create_first_run(system_cells, next);
	if (static_branch_unlikely(&gvt_watch_key))
		gvt_watch_switch(prev, reason, space);
}

static void probe_newtask(void *data, struct task_struct *task, GVT_CLONE_FLAGS clone_flags)
{
	enum gvt_kind kind = gvt_create_kind(task, clone_flags);

	this_cpu_inc(system_cells->creations[kind]);
	if (static_branch_unlikely(&gvt_watch_key))
		gvt_watch_newtask(task, kind, clone_flags & CLONE_THREAD);
}

static void on_exit(struct task_struct *task, bool group_dead)
{
	enum gvt_exit which = gvt_create_exit(task);

	this_cpu_inc(system_cells->exits[which]);
	if (static_branch_unlikely(&gvt_watch_key))
		gvt_watch_exit_task(task, which, group_dead);
}

GVT_DEFINE_EXIT_PROBE(probe_exit, on_exit)

static struct gvt_probe {
	const char *event;
	void *probe;
	struct tracepoint *tp;	/* found and attached */
} probes[] = {
	{ .event = "sched_switch",	 .probe = probe_switch },
	{ .event = "task_newtask",	 .probe = probe_newtask },
	{ .event = "sched_process_exit", .probe = probe_exit },
};

/* Never called: it is here to be compiled. */
static void __maybe_unused check_prototypes(void)
{
	check_trace_callback_type_sched_switch(probe_switch);
	check_trace_callback_type_task_newtask(probe_newtask);
	check_trace_callback_type_sched_process_exit(probe_exit);
}

struct tracepoint_search {
	const char *event;
	struct tracepoint *found;
};

static void compare_tracepoint(struct tracepoint *tp, void *priv)
{
	struct tracepoint_search *search = priv;

	if (!strcmp(tp->name, search->event))
		search->found = tp;
}

static int attach(struct gvt_probe *p)
{
	struct tracepoint_search search = { .event = p->event };
	int ret;

	for_each_kernel_tracepoint(compare_tracepoint, &search);
	if (!search.found) {
		pr_err("tracepoint %s: this kernel has none (CONFIG_TRACEPOINTS?)\n", p->event);
		return -ENOENT;
	}
	ret = tracepoint_probe_register(search.found, p->probe, NULL);
	if (ret) {
		pr_err("tracepoint %s: attaching failed: %d\n", p->event, ret);
		return ret;
	}
	p->tp = search.found;
	return 0;
}

int gvt_probe_attach(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		ret = attach(&probes[i]);
		if (ret) {
			gvt_probe_detach();
			return ret;
		}
	}
	return 0;
}

/* When this returns, no probe runs and none will. */
void gvt_probe_detach(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].tp)
			tracepoint_probe_unregister(probes[i].tp, probes[i].probe, NULL);
		probes[i].tp = NULL;
	}
	tracepoint_synchronize_unregister();
}

void gvt_probe_read_cpu(int cpu, struct gvt_cells *sum)
{
	memset(sum, 0, sizeof(*sum));
	gvt_cells_add(sum, per_cpu_ptr(system_cells, cpu));
}

/* All possible CPUs: one that went offline keeps what it counted. */
void gvt_probe_read(struct gvt_cells *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu)
		gvt_cells_add(sum, per_cpu_ptr(system_cells, cpu));
}

int gvt_probe_init(void)
{
	system_cells = alloc_percpu(struct gvt_cells);
	return system_cells ? 0 : -ENOMEM;
}

void gvt_probe_exit(void)
{
	free_percpu(system_cells);
}
