// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c - the four tracepoints that everything is counted from.
 *
 * The probe on sched_switch runs on every context switch of the machine, with
 * interrupts off and a run queue locked. So here nothing allocates, locks,
 * sleeps, prints or wakes; one increment per switch, and a clock only when a
 * task runs for the first time or somebody asked for times. The one on
 * sched_migrate_task runs with the task's own lock held. The other two run in
 * the context of the task that forks or exits.
 *
 * Up to Linux 6.19 every probe runs with preemption off, and that is also an RCU
 * read section. From 7.0 on it is a section of SRCU alone, and the two on fork
 * and exit can be preempted and go on elsewhere. Nothing here relies on more:
 *
 *   - every increment is one this_cpu operation: whole whatever happens between
 *     two of them, on whichever CPU it is. Which CPU is charged for a fork may
 *     then be the one that its creator was preempted to, no event is lost.
 *   - who follows an RCU pointer enters RCU himself (watch.c).
 *   - tracepoint_synchronize_unregister() waits for SRCU, and from 7.0 on not for
 *     RCU; what is freed by RCU is waited for by those who free it so (watch.c).
 *
 * These tracepoints aren't exported to modules by symbol. They are found by
 * name, and since that loses their type, the compiler checks each probe against
 * the kernel's prototype of its event: a kernel that changes one fails our
 * build, not somebody's machine.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

#include "compat.h"
#include "create.h"
#include "probe.h"
#include "switch.h"
#include "table.h"
#include "duration.h"
#include "watch.h"

static_assert(GVT_STATE_RUNNING == TASK_RUNNING);
static_assert(GVT_STATE_INTERRUPTIBLE == TASK_INTERRUPTIBLE);
static_assert(GVT_STATE_UNINTERRUPTIBLE == TASK_UNINTERRUPTIBLE);
static_assert(GVT_STATE_STOPPED == __TASK_STOPPED);
static_assert(GVT_STATE_TRACED == __TASK_TRACED);
static_assert(GVT_STATE_PARKED == TASK_PARKED);
static_assert(GVT_STATE_DEAD == TASK_DEAD);
static_assert(GVT_STATE_NOLOAD == TASK_NOLOAD);

/* One for each CPU. Not DEFINE_PER_CPU: modules share a small reserve for that. */
static struct gvt_system __percpu *system_cells;

/* What each possible CPU had counted at the last reset. With gvt_table_mutex. */
static struct gvt_system *base;

/* By way of a number: since Linux 6.15 the compiler knows the per-CPU address space, too. */
static void *to_data(struct gvt_system __percpu *cells)
{
	return (void *)(__force unsigned long)cells;
}

static __always_inline struct gvt_system __percpu *to_cells(void *data)
{
	return (struct gvt_system __percpu __force *)(unsigned long)data;
}

static __always_inline struct gvt_switch facts(bool preempt, const struct task_struct *prev,
					       const struct task_struct *next,
					       unsigned int prev_state)
{
	return (struct gvt_switch){
		.preempt	= preempt,
		.prev_state	= prev_state,
		.prev_tgid	= prev->tgid,
		.prev_mm	= prev->active_mm,
		.next_tgid	= next->tgid,
		.next_mm	= next->mm,
	};
}

/*
 * What is not for every switch, or was asked for. Out of line, called last and with the
 * probe's own parameters, so that the probe saves and moves no register for it.
 */
static noinline void switch_more(void *data, bool preempt, struct task_struct *prev,
				 struct task_struct *next, unsigned int prev_state)
{
	const struct gvt_switch s = facts(preempt, prev, next, prev_state);
	struct gvt_system __percpu *system = to_cells(data);

	if (gvt_duration_is_first_run(next))
		gvt_duration_first_run(system, next);
	if (static_branch_unlikely(&gvt_duration_key))
		gvt_duration_switch(system, prev, next);
	if (static_branch_unlikely(&gvt_watch_key))
		gvt_watch_switch(prev, gvt_switch_reason(&s), gvt_switch_space(&s));
}

/* @data: system_cells, in a register already. */
static void probe_switch(void *data, bool preempt, struct task_struct *prev,
			 struct task_struct *next, unsigned int prev_state)
{
	const struct gvt_switch s = facts(preempt, prev, next, prev_state);
	struct gvt_system __percpu *system = to_cells(data);

	this_cpu_inc(system->cells.switches[gvt_switch_reason(&s)][gvt_switch_space(&s)]);
	if (static_branch_unlikely(&gvt_duration_key) || static_branch_unlikely(&gvt_watch_key) ||
	    unlikely(gvt_duration_is_first_run(next)))
		switch_more(data, preempt, prev, next, prev_state);
}

static void probe_newtask(void *data, struct task_struct *task, GVT_CLONE_FLAGS clone_flags)
{
	enum gvt_kind kind = gvt_create_kind(task, clone_flags);

	this_cpu_inc(system_cells->cells.creations[kind]);
	if (static_branch_unlikely(&gvt_watch_key))
		gvt_watch_newtask(task, kind, clone_flags & CLONE_THREAD);
}

static void on_exit(struct task_struct *task, bool group_dead)
{
	enum gvt_exit which = gvt_create_exit(task);

	this_cpu_inc(system_cells->cells.exits[which]);
	if (static_branch_unlikely(&gvt_watch_key))
		gvt_watch_exit_task(task, which, group_dead);
}

GVT_DEFINE_EXIT_PROBE(probe_exit, on_exit)

static void probe_migrate(void *data, struct task_struct *task, int dest_cpu)
{
	this_cpu_inc(system_cells->migrations);
}

static struct gvt_probe {
	const char *event;
	void *probe;
	struct tracepoint *tp;	/* found and attached */
} probes[] = {
	{ .event = "sched_switch",	 .probe = probe_switch },
	{ .event = "task_newtask",	 .probe = probe_newtask },
	{ .event = "sched_process_exit", .probe = probe_exit },
	{ .event = "sched_migrate_task", .probe = probe_migrate },
};

/* Never called: it is here to be compiled. */
static void __maybe_unused check_prototypes(void)
{
	check_trace_callback_type_sched_switch(probe_switch);
	check_trace_callback_type_task_newtask(probe_newtask);
	check_trace_callback_type_sched_process_exit(probe_exit);
	check_trace_callback_type_sched_migrate_task(probe_migrate);
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
	ret = tracepoint_probe_register(search.found, p->probe, to_data(system_cells));
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
			tracepoint_probe_unregister(probes[i].tp, probes[i].probe,
						    to_data(system_cells));
		probes[i].tp = NULL;
	}
	tracepoint_synchronize_unregister();
}

const char *gvt_probe_name(unsigned int i)
{
	return i < ARRAY_SIZE(probes) ? probes[i].event : NULL;
}

/* With gvt_table_mutex: one reading, between two resets. */
void gvt_probe_read_cpu(int cpu, struct gvt_system *sum)
{
	lockdep_assert_held(&gvt_table_mutex);
	memset(sum, 0, sizeof(*sum));
	gvt_system_add(sum, per_cpu_ptr(system_cells, cpu));
	gvt_system_subtract(sum, &base[cpu]);
}

/* The same. All possible CPUs: one that went offline keeps what it counted. */
void gvt_probe_read(struct gvt_system *sum)
{
	int cpu;

	lockdep_assert_held(&gvt_table_mutex);
	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		gvt_system_add(sum, per_cpu_ptr(system_cells, cpu));
		gvt_system_subtract(sum, &base[cpu]);
	}
}

/* With gvt_table_mutex. Nothing is zeroed: the probes go on counting meanwhile. */
void gvt_probe_reset(void)
{
	int cpu;

	lockdep_assert_held(&gvt_table_mutex);
	for_each_possible_cpu(cpu) {
		memset(&base[cpu], 0, sizeof(base[cpu]));
		gvt_system_add(&base[cpu], per_cpu_ptr(system_cells, cpu));
	}
}

int gvt_probe_init(void)
{
	base = kvcalloc(nr_cpu_ids, sizeof(*base), GFP_KERNEL);
	if (!base)
		return -ENOMEM;
	system_cells = alloc_percpu(struct gvt_system);
	if (!system_cells) {
		kvfree(base);
		return -ENOMEM;
	}
	return 0;
}

void gvt_probe_exit(void)
{
	free_percpu(system_cells);
	kvfree(base);
}
