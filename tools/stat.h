/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stat.h - `gvt stat`: what was asked for, what was measured. A command is run once or
 * several times (stat_command.c), or processes that are there are looked at (stat_pid.c);
 * either fills struct stat_result, from which alone everything is printed (stat_output.c).
 */
#ifndef GVT_TOOLS_STAT_H
#define GVT_TOOLS_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "counters.h"
#include "gvt.h"
#include "result.h"

/* The values of one run: enum counter, and from CTR_NR on these. */
enum {
	STAT_WALL = CTR_NR,
	STAT_USER,
	STAT_SYSTEM,
	STAT_RSS,
	STAT_MIGRATIONS,
	STAT_CREATION,
	STAT_NR
};

/**
 * struct stat_request - what was asked for
 * @argv: the command; NULL: @pids
 * @runs: how often to run it
 * @pids: processes to look at, each once
 * @nr_pids: how many
 * @seconds: for how long; 0: until they end
 * @format: how to print
 * @path: write there; NULL: standard error
 */
struct stat_request {
	char **argv;
	size_t runs;
	pid_t *pids;
	size_t nr_pids;
	double seconds;
	enum format format;
	const char *path;
};

/**
 * struct stat_sample - one run
 * @have: was it measured?
 * @v: the values; whole numbers, but for STAT_CREATION
 */
struct stat_sample {
	bool have[STAT_NR];
	double v[STAT_NR];
};

#define STAT_NOTE	640

/**
 * struct stat_result - what was measured
 * @request: for what
 * @samples: one for each run
 * @nr: how many
 * @module: gvt.ko counted, not procfs
 * @note: what is missing, and why
 * @status: as waitpid tells, of the first run that failed, else 0
 * @exec_err: why the command could not be run; 0: it ran
 * @signal: what ended looking at processes; 0: they ended, or the time was up
 */
struct stat_result {
	const struct stat_request *request;
	struct stat_sample *samples;
	size_t nr;
	bool module;
	char note[STAT_NOTE];
	int status, exec_err, signal;
};

static inline void stat_set(struct stat_sample *s, int i, double value)
{
	s->have[i] = true;
	s->v[i] = value;
}

/* A time. 0: it is less than the clock can tell. */
static inline void stat_set_time(struct stat_sample *s, int i, double ns)
{
	if (ns > 0)
		stat_set(s, i, ns);
}

void stat_set_counters(struct stat_sample *s, const struct counters *c);

/* The mean time from being created to running first, of all that was between the two. */
void stat_set_creation(struct stat_sample *s, const struct tree_mark *before,
		       const struct tree_mark *after);

/* Both: an exit status after a message, or -1: there is something to print. */
int stat_command(struct stat_result *r);
int stat_pids(struct stat_result *r);

/* How a value is called: in JSON and CSV; in tables; its unit as in struct metric. */
const char *stat_name(int i);
const char *stat_label(const struct stat_result *r, int i);
const char *stat_unit(int i);

/* Median, least and most of all runs; of the value, and of the value by the run's seconds. */
struct figure stat_figure(const struct stat_result *r, int i);
struct figure stat_rate(const struct stat_result *r, int i);

/* Return: 0, or a negative errno. */
int stat_openmetrics(const struct stat_result *r, FILE *to);
int stat_print(const struct stat_result *r, FILE *to);

#endif /* GVT_TOOLS_STAT_H */
