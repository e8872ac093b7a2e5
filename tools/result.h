/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * result.h - the one type that every number goes through. Experiments fill it;
 * tables, JSON and CSV are made from it alone.
 *
 * A side that could not be measured is marked so, with the reason, and never 0.
 */
#ifndef GVT_TOOLS_RESULT_H
#define GVT_TOOLS_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"

/* Processes are measured where it makes sense: result_has(). */
enum side { SIDE_THREAD, SIDE_GOROUTINE, SIDE_PROCESS, SIDES };

extern const char *const side_name[SIDES], *const side_plural[SIDES];

#define MAX_METRICS	24
#define MAX_PARAMS	10
#define MAX_PEERS	6
#define MIN_REPS	5
#define WHY_SIZE	200
#define PICTURE_SIZE	4096
#define VERSION_SIZE	40

/**
 * struct figure - one number of one side
 * @measured: false: there is none, the rest means nothing
 * @median: of all repetitions
 * @min: the least of them
 * @max: the largest
 */
struct figure {
	bool measured;
	double median, min, max;
};

/**
 * struct metric - what is compared
 * @name: in JSON and CSV
 * @label: in tables
 * @unit: "ns", "bytes", "count", "switches", "percent" or "factor"
 * @n: over how many operations, or of how many units
 * @side: the figures of each
 * @missing: why a side has none
 * @peer: figures of programs in other languages
 * @peer_missing: why one has none
 */
struct metric {
	const char *name, *label, *unit;
	uint64_t n;
	struct figure side[SIDES];
	char missing[SIDES][WHY_SIZE];
	struct figure peer[MAX_PEERS];
	char peer_missing[MAX_PEERS][WHY_SIZE];
};

struct param {
	const char *name;
	bool is_bool;
	int64_t value;
};

/**
 * struct side_counts - what was counted while a side was measured
 * @made: threads, goroutines, or processes, that the experiment says it made
 * @counters: what the counters say; of all repetitions in sum
 */
struct side_counts {
	uint64_t made;
	struct counters counters;
};

/* What a series is drawn as, and what its rows say. */
enum series_kind {
	SERIES_TIMELINE,	/* @of, a track, does @what from @x to @y */
	SERIES_LINE,		/* @of, a side or a peer, has @y at @x */
	SERIES_HISTOGRAM,	/* the same; @x is where a step begins */
};

extern const char *const series_kind_name[];

#define MAX_SERIES	8
#define SERIES_ROWS	16384
#define SERIES_TEXT	32

struct series_row {
	char of[SERIES_TEXT], what[SERIES_TEXT];
	double x, y;
};

/**
 * struct series - many figures that belong together: what pictures are drawn from
 * @name: in JSON
 * @title: in pictures
 * @unit_x: of x, as a metric's; a timeline's y has it too
 * @unit_y: of y; NULL for a timeline
 * @kind: what it is
 * @row: the figures
 * @nr: how many
 * @room: for how many there is room so far
 * @dropped: rows for which there was no room
 */
struct series {
	const char *name, *title, *unit_x, *unit_y;
	enum series_kind kind;
	struct series_row *row;
	size_t nr, room, dropped;
};

enum verdict { VERDICT_HOLDS, VERDICT_FAILS, VERDICT_NOT_MEASURED };

extern const char *const verdict_name[];

/**
 * struct result - what an experiment found
 * @name: of the experiment
 * @claim: what it tests
 * @params: what it was done with
 * @nr_params: how many
 * @metrics: what was compared
 * @nr_metrics: how many
 * @counts: what was counted for each side
 * @processes: there is a side of processes, too
 * @peers: names of the programs in other languages
 * @peer_version: what they say that they are run by
 * @peer_counts: what was counted for each, from its first instruction to its end
 * @nr_peers: how many
 * @series: what pictures are drawn from
 * @nr_series: how many
 * @verdict: does the claim hold?
 * @why: the reasons, separated by "; "
 * @picture: lines of text to look at, or ""
 */
struct result {
	const char *name, *claim;
	struct param params[MAX_PARAMS];
	size_t nr_params;
	struct metric metrics[MAX_METRICS];
	size_t nr_metrics;
	struct side_counts counts[SIDES];
	bool processes;
	const char *peers[MAX_PEERS];
	char peer_version[MAX_PEERS][VERSION_SIZE];
	struct side_counts peer_counts[MAX_PEERS];
	size_t nr_peers;
	struct series series[MAX_SERIES];
	size_t nr_series;
	enum verdict verdict;
	char why[2048];
	char picture[PICTURE_SIZE];
};

static inline bool result_has(const struct result *r, enum side s)
{
	return s != SIDE_PROCESS || r->processes;
}

/* Not each metric of such a result is one of processes. */
static inline bool metric_has(const struct metric *m, enum side s)
{
	return s != SIDE_PROCESS || m->side[s].measured || m->missing[s][0];
}

void result_param(struct result *r, const char *name, int64_t value);
void result_flag(struct result *r, const char *name, bool value);
struct metric *result_metric(struct result *r, const char *name);

/**
 * result_series() - a new series
 * @r: the result
 * @kind: what it is
 * @name: in JSON
 * @title: in pictures
 * @unit_x: of its x
 * @unit_y: of its y; NULL for a timeline
 *
 * Return: it, empty.
 */
struct series *result_series(struct result *r, enum series_kind kind, const char *name,
			     const char *title, const char *unit_x, const char *unit_y);

/* A row more. Where there is no room for it, that is counted. */
void series_add(struct series *s, const char *of, double x, double y, const char *what);

/* Give back what a result has taken. */
void result_exit(struct result *r);

/* The figure of @n repetitions; sorts @values. */
struct figure figure_from(double *values, size_t n);

/**
 * metric_ratio() - thread / goroutine
 * @m: the metric
 * @ratio: where to put it
 *
 * Return: false where a side is missing or the goroutine's figure is 0.
 */
bool metric_ratio(const struct metric *m, double *ratio);

/**
 * metric_unsure() - do the repetitions of both sides overlap?
 * @m: the metric
 *
 * The ratio of the medians then means little: another five might turn it around.
 *
 * Return: true where both sides have figures that differ, and their ranges have a value
 *	in common.
 */
bool metric_unsure(const struct metric *m);

/* The same of any two figures. */
bool figures_unsure(const struct figure *a, const struct figure *b);

/* What an experiment expects, so that its verdict follows from figures alone. */
enum expect {
	EXPECT_RATIO_MIN,	/* thread / goroutine is at least @bound */
	EXPECT_RATIO_MAX,	/* it is at most @bound */
	EXPECT_SIDE_MIN,	/* the figure of @side is at least @bound */
	EXPECT_SIDE_MAX,	/* it is at most @bound */
	EXPECT_GROUND_MIN,	/* the figure of @side is less than @bound: nothing can be told */
	EXPECT_PEER_MIN,	/* the figure of a peer is at least @bound */
	EXPECT_PEER_MAX,	/* it is at most @bound */
	EXPECT_MADE,		/* the counter of creations says what the experiment says */
};

/**
 * struct expectation - one of an experiment's expectations
 * @kind: what is compared
 * @metric: its name; NULL for EXPECT_MADE
 * @side: for EXPECT_SIDE_* and EXPECT_MADE; PEER(i) for EXPECT_PEER_*
 * @bound: what with
 */
struct expectation {
	enum expect kind;
	const char *metric;
	enum side side;
	double bound;
};

#define PEER(i)		((enum side)(SIDES + (i)))

/**
 * verdict_compute() - set the verdict and its reason, from nothing but the figures
 * @r: all filled but verdict and why
 * @e: what is expected
 * @n: how many expectations
 * @exact: counters are those of the process alone; else creations are an upper bound
 *
 * No ground to compare on (EXPECT_GROUND_MIN): "not measured". Else one expectation that
 * fails: "fails". Else one that can't be compared: "not measured".
 * Reasons of missing sides are added to the verdict's.
 */
void verdict_compute(struct result *r, const struct expectation *e, size_t n, bool exact);

/* Texts of values, for tables and reasons. */
#define TEXT_SIZE	48
char *text_value(char text[TEXT_SIZE], const char *unit, double value);
char *text_spread(char text[TEXT_SIZE], const char *unit, const struct figure *f);
char *text_count(char text[TEXT_SIZE], uint64_t value);
char *text_ratio(char text[TEXT_SIZE], double ratio);

#endif /* GVT_TOOLS_RESULT_H */
