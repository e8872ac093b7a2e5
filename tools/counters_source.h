/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counters_source.h - what a source of counters has to bring. Only counters.c and
 * the two sources include this.
 */
#ifndef GVT_TOOLS_COUNTERS_SOURCE_H
#define GVT_TOOLS_COUNTERS_SOURCE_H

#include <stdlib.h>

#include "counters.h"

/**
 * struct counter_source - one source
 * @name: for the output
 * @note: what it lacks
 * @present: can it be used here?
 * @begin: get ready to count the calling process
 * @read: the calling process's counts
 * @watch_tree: count a process and all that it forks from now on
 * @tree: what it and its children did
 */
struct counter_source {
	const char *name, *note;
	bool (*present)(void);
	int (*begin)(void);
	int (*read)(struct counters *c);
	int (*watch_tree)(pid_t pid);
	int (*tree)(const struct tree_mark *m, pid_t pid, const struct rusage *ru,
		    struct counters *sum);
};

extern const struct counter_source source_module;
extern const struct counter_source source_procfs;

/**
 * read_file() - a whole file of /proc in one open, which is one snapshot
 * @path: the file
 *
 * Return: its text, to be freed; NULL with errno set.
 */
char *read_file(const char *path);

/* Clones since boot, of processes and threads, of the whole system. */
int system_forks(uint64_t *forks);

#endif /* GVT_TOOLS_COUNTERS_SOURCE_H */
