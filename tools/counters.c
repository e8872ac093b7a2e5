// SPDX-License-Identifier: GPL-2.0-only
/*
 * counters.c - the choice of a source, and what both sources share.
 *
 * The module knows everything, exactly, and for one process: it is taken where it
 * is there. The other source is what any kernel tells: getrusage for switches and
 * run time (exact, of one process), /proc/stat for creations (of the whole system:
 * the kernel keeps no count of a process's threads), go_stats() for goroutines.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <libgo.h>

#include "counters.h"
#include "counters_source.h"

const struct counter_info counter_info[CTR_NR] = {
	[CTR_THREAD_CREATIONS] = { "thread_creations", "thread creations", 0 },
	[CTR_THREADS_PEAK] = { "threads_peak", "threads alive at once", COUNTER_PEAK },
	[CTR_PROCESS_CREATIONS] = { "process_creations", "process creations", COUNTER_RARE },
	[CTR_VFORK_CREATIONS] = { "vfork_creations", "process creations by vfork", COUNTER_RARE },
	[CTR_FORKS_DROPPED] = { "forks_dropped", "children not counted: no room", COUNTER_RARE },
	[CTR_VOLUNTARY] = { "voluntary_ctxt_switches", "kernel switches: it waited", 0 },
	[CTR_NONVOLUNTARY] = { "nonvoluntary_ctxt_switches", "kernel switches: it was made to", 0 },
	[CTR_SAME_PROCESS] = { "same_process_switches", "  to a thread of the process", 0 },
	[CTR_SAME_MM] = { "same_mm_switches", "  to a process with its memory", COUNTER_RARE },
	[CTR_OTHER_MM] = { "other_mm_switches", "  to another process", 0 },
	[CTR_TO_KTHREAD] = { "to_kthread_switches", "  to a kernel thread", 0 },
	[CTR_TO_IDLE] = { "to_idle_switches", "  to nothing: CPU went idle", 0 },
	[CTR_RUN_NS] = { "run_ns", "time on a CPU", COUNTER_TIME },
	[CTR_WAIT_NS] = { "runqueue_wait_ns", "time runnable, waiting for a CPU", COUNTER_TIME },
	[CTR_GOROUTINE_CREATIONS] = { "goroutine_creations", "goroutine creations",
				      COUNTER_RUNTIME },
	[CTR_GOROUTINES_PEAK] = { "goroutines_peak", "goroutines alive at once",
				  COUNTER_RUNTIME | COUNTER_PEAK },
	[CTR_GOROUTINE_SWITCHES] = { "goroutine_switches", "goroutine switches", COUNTER_RUNTIME },
	[CTR_GOROUTINE_PARKS] = { "goroutine_parks", "goroutine parks", COUNTER_RUNTIME },
	[CTR_GOROUTINE_STEALS] = { "goroutine_steals", "goroutine steals", COUNTER_RUNTIME },
};
static_assert(CTR_NR <= 8 * sizeof(((struct counters *)0)->have), "one bit for each counter");

static const struct counter_source *source(void)
{
	static const struct counter_source *chosen;

	if (!chosen)
		chosen = source_module.present() ? &source_module : &source_procfs;
	return chosen;
}

const char *counters_source(void)
{
	return source()->name;
}

const char *counters_label(enum counter i)
{
	if (i == CTR_THREAD_CREATIONS && source() == &source_procfs)
		return "creations in the whole system";
	return counter_info[i].label;
}

const char *counters_note(void)
{
	return source()->note;
}

int counters_begin(struct counters *begin)
{
	int err = source()->begin();

	if (err)
		return err;
	return source()->read(begin);
}

int counters_now(struct counters *now)
{
	return source()->read(now);
}

/*
 * A counter that was not there at the beginning began at 0: a process has no
 * goroutine counters before its runtime starts.
 */
int counters_end(const struct counters *begin, struct counters *delta)
{
	struct counters end;
	int err = source()->read(&end);

	if (err)
		return err;
	memset(delta, 0, sizeof(*delta));
	for (int i = 0; i < CTR_NR; i++) {
		if (!counters_have(&end, i))
			continue;
		counters_set(delta, i,
			     counter_is(i, COUNTER_PEAK) ? end.v[i] : end.v[i] - begin->v[i]);
	}
	return 0;
}

void counters_add(struct counters *sum, const struct counters *c)
{
	sum->have |= c->have;
	for (int i = 0; i < CTR_NR; i++) {
		if (!counter_is(i, COUNTER_PEAK))
			sum->v[i] += c->v[i];
		else if (c->v[i] > sum->v[i])
			sum->v[i] = c->v[i];
	}
}

int counters_watch_tree(pid_t pid)
{
	return source()->watch_tree(pid);
}

int counters_unwatch(pid_t pid)
{
	return source()->unwatch(pid);
}

int counters_rows(struct counters_row **rows, size_t *nr)
{
	return source()->rows(rows, nr);
}

int counters_mark(struct tree_mark *m)
{
	int err = system_forks(&m->forks);

	return err ? err : source()->mark(m);
}

int counters_tree(const struct tree_mark *m, pid_t pid, bool watched, const struct rusage *ru,
		  struct counters *sum)
{
	const struct counter_source *s = watched ? source() : &source_procfs;

	return s->tree(m, pid, ru, sum);
}
