/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counters.h - one interface to what the kernel, and the runtime, counted for a
 * process. Two sources stand behind it: gvt.ko's /proc/gvt, and where that isn't
 * there, procfs, getrusage and libgo's own go_stats(). A reader never asks which:
 * it sees which counters it `have`s and prints what counters_source() and
 * counters_note() say.
 */
#ifndef GVT_TOOLS_COUNTERS_H
#define GVT_TOOLS_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* The names, in the order in which they are shown: struct counter_info[] in counters.c */
enum counter {
	CTR_THREAD_CREATIONS,
	CTR_THREADS_PEAK,
	CTR_PROCESS_CREATIONS,
	CTR_VFORK_CREATIONS,
	CTR_FORKS_DROPPED,
	CTR_VOLUNTARY,
	CTR_NONVOLUNTARY,
	CTR_SAME_PROCESS,
	CTR_SAME_MM,
	CTR_OTHER_MM,
	CTR_TO_KTHREAD,
	CTR_TO_IDLE,
	CTR_RUN_NS,
	CTR_WAIT_NS,
	CTR_GOROUTINE_CREATIONS,
	CTR_GOROUTINES_PEAK,
	CTR_GOROUTINE_SWITCHES,
	CTR_GOROUTINE_PARKS,
	CTR_GOROUTINE_STEALS,
	CTR_NR
};

/* struct counter_info.flags */
#define COUNTER_PEAK	(1u << 0)	/* a high-water mark: the larger of two, not their sum */
#define COUNTER_TIME	(1u << 1)	/* nanoseconds */
#define COUNTER_RUNTIME	(1u << 2)	/* counted by libgo, not by the kernel */
#define COUNTER_RARE	(1u << 3)	/* worth a line in a table only where it isn't 0 */

/**
 * struct counter_info - how a counter is called
 * @name: in /proc/gvt/process, in JSON and in CSV
 * @label: in tables
 * @flags: COUNTER_*
 */
struct counter_info {
	const char *name, *label;
	unsigned int flags;
};

extern const struct counter_info counter_info[CTR_NR];

static inline bool counter_is(enum counter i, unsigned int flag)
{
	return counter_info[i].flags & flag;
}

/**
 * struct counters - a set of counts
 * @have: bit CTR_x is set where v[CTR_x] was measured
 * @v: the counts; 0 where not measured
 */
struct counters {
	uint32_t have;
	uint64_t v[CTR_NR];
};

static inline bool counters_have(const struct counters *c, enum counter i)
{
	return c->have & (1u << i);
}

static inline void counters_set(struct counters *c, enum counter i, uint64_t value)
{
	c->have |= 1u << i;
	c->v[i] = value;
}

/* The time on a CPU in it. */
static inline uint64_t usage_ns(const struct rusage *ru)
{
	return (ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1000000000ull +
	       (ru->ru_utime.tv_usec + ru->ru_stime.tv_usec) * 1000ull;
}

/* "gvt" or "procfs" */
const char *counters_source(void);

/* A counter's label, which with some sources has to say more. */
const char *counters_label(enum counter i);

/* What is missing or different with this source, one sentence; "" for nothing. */
const char *counters_note(void);

/**
 * counters_begin() - get ready to count the calling process
 * @begin: its counts now
 *
 * Return: 0, or a negative errno where the module refused to watch it.
 */
int counters_begin(struct counters *begin);

/* The calling process's counts now, after counters_begin(). Return: 0, or a negative errno. */
int counters_now(struct counters *now);

/**
 * counters_end() - what the calling process did since counters_begin()
 * @begin: what that gave
 * @delta: where to put the difference
 *
 * Return: 0, or a negative errno.
 */
int counters_end(const struct counters *begin, struct counters *delta);

/* @sum += @c; of peaks the larger one. What neither has stays missing. */
void counters_add(struct counters *sum, const struct counters *c);

/**
 * counters_watch_tree() - have a process and all its future children counted
 * @pid: the process
 *
 * Return: 0; a negative errno where the module refused; -ENOSYS without it.
 */
int counters_watch_tree(pid_t pid);

/* No longer. The row goes, with those of all that it forked. */
int counters_unwatch(pid_t pid);

/**
 * enum row_state - what a row is of
 * @ROW_LIVE: a process that lives
 * @ROW_ENDED: one that has ended
 * @ROW_FOLDED: several that have ended, of one root
 */
enum row_state { ROW_LIVE, ROW_ENDED, ROW_FOLDED };

/**
 * struct counters_row - a watched process
 * @pid: its number
 * @root: the process that brought it in by counters_watch_tree(), or itself
 * @state: does it live?
 * @runtime: a runtime publishes, or has published, its counters
 * @goroutines_alive: now
 * @counters: since it is watched
 */
struct counters_row {
	pid_t pid, root;
	enum row_state state;
	bool runtime;
	uint64_t goroutines_alive;
	struct counters counters;
};

/**
 * counters_rows() - all watched processes, whoever had them watched
 * @rows: where to put them: to be freed; NULL where there are none
 * @nr: how many
 *
 * Return: 0; -ENOSYS without the module; another negative errno.
 */
int counters_rows(struct counters_row **rows, size_t *nr);

/**
 * struct tree_mark - the whole system at one moment
 * @forks: clones until then, which is all that procfs can be compared with
 * @have_creation: what follows is known
 * @creation_ns: the sum of all times from being created to running first
 * @creation_count: how many ran for the first time
 * @generation: a difference only means something within one
 */
struct tree_mark {
	uint64_t forks;
	bool have_creation;
	uint64_t creation_ns, creation_count, generation;
};

int counters_mark(struct tree_mark *m);

/**
 * counters_tree() - sum over a command and its children
 * @m: taken before the command began
 * @pid: the command
 * @watched: counters_watch_tree() said 0
 * @ru: getrusage(RUSAGE_CHILDREN) after the command was waited for
 * @sum: where to put it
 *
 * Return: 0, or a negative errno.
 */
int counters_tree(const struct tree_mark *m, pid_t pid, bool watched, const struct rusage *ru,
		  struct counters *sum);

#endif /* GVT_TOOLS_COUNTERS_H */
