// SPDX-License-Identifier: GPL-2.0-only
/*
 * counters_procfs.c - what any kernel tells without gvt.ko.
 *
 * getrusage sums over a process's threads, dead ones too, which /proc/PID/status
 * does not: switches and run time are exact. `processes` in /proc/stat counts each
 * clone of any program, so it is an upper bound for the threads of one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libgo.h>

#include "counters_source.h"
#include "gvt.h"

/* @key: with the newline before it, and the blank after it. */
static int system_count(const char *key, uint64_t *value)
{
	char *text = read_file("/proc/stat"), *line;
	int err = -EINVAL;

	if (!text)
		return -errno;
	line = strstr(text, key);
	if (line) {
		*value = strtoull(line + strlen(key), NULL, 10);
		err = 0;
	}
	free(text);
	return err;
}

int system_forks(uint64_t *forks)
{
	return system_count("\nprocesses ", forks);
}

int system_switches(uint64_t *switches)
{
	return system_count("\nctxt ", switches);
}

static void set_usage(struct counters *c, const struct rusage *ru)
{
	counters_set(c, CTR_VOLUNTARY, ru->ru_nvcsw);
	counters_set(c, CTR_NONVOLUNTARY, ru->ru_nivcsw);
	counters_set(c, CTR_RUN_NS, usage_ns(ru));
}

static bool procfs_present(void)
{
	return true;
}

static int procfs_begin(void)
{
	return 0;
}

static int procfs_read(struct counters *c)
{
	struct go_stats gs;
	struct rusage ru;
	uint64_t forks;
	int err;

	memset(c, 0, sizeof(*c));
	err = system_forks(&forks);
	if (err)
		return err;
	counters_set(c, CTR_THREAD_CREATIONS, forks);
	if (getrusage(RUSAGE_SELF, &ru))
		return -errno;
	set_usage(c, &ru);

	/* Zeroes where no runtime has run, as on the thread side. */
	memset(&gs, 0, sizeof(gs));
	go_stats(&gs);
	counters_set(c, CTR_GOROUTINE_CREATIONS, gs.created);
	counters_set(c, CTR_GOROUTINES_PEAK, gs.peak);
	counters_set(c, CTR_GOROUTINE_SWITCHES, gs.switches);
	counters_set(c, CTR_GOROUTINE_PARKS, gs.parks);
	counters_set(c, CTR_GOROUTINE_STEALS, gs.steals);
	return 0;
}

/* Nobody is watched, so there are no rows. */
static int procfs_rows(struct counters_row **list, size_t *nr)
{
	*list = NULL;
	*nr = 0;
	return -ENOSYS;
}

static int procfs_mark(struct tree_mark *m)
{
	m->have_creation = false;
	return 0;
}

static int procfs_watch_tree(pid_t pid)
{
	(void)pid;
	return -ENOSYS;
}

/* Goroutines of another process can't be seen from outside without the module. */
static int procfs_tree(const struct tree_mark *m, pid_t pid, const struct rusage *ru,
		       struct counters *sum)
{
	uint64_t forks;
	int err;

	(void)pid;
	memset(sum, 0, sizeof(*sum));
	err = system_forks(&forks);
	if (err)
		return err;
	counters_set(sum, CTR_THREAD_CREATIONS, forks - m->forks);
	set_usage(sum, ru);
	return 0;
}

const struct counter_source source_procfs = {
	.name = "procfs",
	.note = "gvt.ko is not loaded: creations are those of the whole system, threads and "
		"processes (/proc/stat); what was switched to, and the wait for a CPU, are missing",
	.present = procfs_present,
	.begin = procfs_begin,
	.read = procfs_read,
	.rows = procfs_rows,
	.mark = procfs_mark,
	.watch_tree = procfs_watch_tree,
	.unwatch = procfs_watch_tree,
	.tree = procfs_tree,
};
