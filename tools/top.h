/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top.h - `gvt top`: rates between two snapshots (top_table.c), shown as lines (top.c) or on
 * a screen (top_screen.c).
 */
#ifndef GVT_TOOLS_TOP_H
#define GVT_TOOLS_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sample.h"

/* By what the rows are sorted: top_sort_name[] in top_table.c */
enum top_sort {
	TOP_KERNEL,
	TOP_GOROUTINE,
	TOP_CPU,
	TOP_WAIT,
	TOP_THREADS,
	TOP_PID,
	TOP_SORTS
};

extern const char *const top_sort_name[TOP_SORTS];

/* Seconds between two snapshots. */
#define TOP_MIN_DELAY	0.1
#define TOP_MAX_DELAY	86400.0

#define TOP_FILTER	48
#define TOP_LINE	256

/**
 * struct top_view - what is shown, and how
 * @sort: by what; largest first, but numbers of processes
 * @filter: only names that contain this, in capitals or not, or the process of this number
 * @threads_of: the threads of this process; 0: processes
 */
struct top_view {
	enum top_sort sort;
	char filter[TOP_FILTER];
	pid_t threads_of;
};

/**
 * struct top_row - a process or a thread, over the time between two snapshots
 * @id: its number
 * @name: its name
 * @state: of a thread, as in /proc/PID/status
 * @threads: alive now
 * @times: @cpu and @wait are known
 * @runtime: @switches and @goroutines are known
 * @kernel: kernel switches per second, of which
 * @waited: when it waited
 * @made_to: when it could have gone on
 * @started: threads created per second
 * @switches: goroutine switches per second
 * @goroutines: alive now
 * @cpu: percent of the time of one CPU
 * @wait: runnable and waiting for a CPU: percent of the time, of all threads together
 */
struct top_row {
	pid_t id;
	char name[SAMPLE_NAME];
	char state;
	size_t threads;
	bool times, runtime;
	double kernel, waited, made_to, started, switches, cpu, wait;
	uint64_t goroutines;
};

/**
 * struct top_table - all of one moment
 * @rows: sorted, those that the filter lets through
 * @nr: how many
 * @seconds: between the two snapshots
 * @switches: kernel switches per second of the whole system
 * @processes: that were seen
 * @threads: of these
 * @found: the process of threads_of is there, or none was asked for
 */
struct top_table {
	struct top_row *rows;
	size_t nr;
	double seconds, switches;
	size_t processes, threads;
	bool found;
};

/**
 * struct top_request - what was asked for
 * @view: at the beginning
 * @pids: only these processes; NULL: all
 * @nr_pids: how many
 * @delay: seconds between two snapshots
 * @count: how many tables; 0: without end
 */
struct top_request {
	struct top_view view;
	pid_t *pids;
	size_t nr_pids;
	double delay;
	uint64_t count;
};

/* Return: 0, or -ENOMEM. */
int top_table_make(struct top_table *t, const struct snapshot *before, const struct snapshot *now,
		   const struct top_view *view);
void top_table_free(struct top_table *t);

/* One line each, without a newline: what it is about, the columns' names, a row. */
void top_text_head(char text[TOP_LINE], const struct top_table *t, const struct top_view *view);
void top_text_columns(char text[TOP_LINE], const struct top_view *view);
void top_text_row(char text[TOP_LINE], const struct top_row *row, const struct top_view *view);

/* What is missing, one sentence. */
const char *top_note(void);

/* Return: an exit status. */
int top_screen(const struct top_request *q);

#endif /* GVT_TOOLS_TOP_H */
