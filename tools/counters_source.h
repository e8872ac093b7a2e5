/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counters_source.h - what a source of counters has to bring. Only counters.c, the two
 * sources, and sample_read.c for system_switches(), include this.
 */
#ifndef GVT_TOOLS_COUNTERS_SOURCE_H
#define GVT_TOOLS_COUNTERS_SOURCE_H

#include "counters.h"

/**
 * struct counter_source - one source
 * @name: for the output
 * @note: what it lacks
 * @present: can it be used here?
 * @begin: get ready to count the calling process
 * @read: the calling process's counts
 * @rows: all watched processes
 * @mark: what it knows of the whole system; @forks is there already
 * @watch_tree: count a process and all that it forks from now on
 * @unwatch: no longer
 * @tree: what it and its children did
 */
struct counter_source {
	const char *name, *note;
	bool (*present)(void);
	int (*begin)(void);
	int (*read)(struct counters *c);
	int (*rows)(struct counters_row **list, size_t *nr);
	int (*mark)(struct tree_mark *m);
	int (*watch_tree)(pid_t pid);
	int (*unwatch)(pid_t pid);
	int (*tree)(const struct tree_mark *m, pid_t pid, const struct rusage *ru,
		    struct counters *sum);
};

extern const struct counter_source source_module;
extern const struct counter_source source_procfs;

/* Clones since boot, of processes and threads, of the whole system. */
int system_forks(uint64_t *forks);

/* Switches since boot, of the whole system. */
int system_switches(uint64_t *switches);

#endif /* GVT_TOOLS_COUNTERS_SOURCE_H */
