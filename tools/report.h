/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - what `gvt report` is made of: a result file as read, what differs between two of
 * them, the pictures, and the page.
 *
 * A result may come from another machine and another gvt, so it isn't forced into struct
 * result: whoever has figures in it has a column, whatever is not known is shown as it is.
 * Nothing in it is trusted: it is checked when it is read, escaped when it is written, and
 * goes to gnuplot as data only.
 */
#ifndef GVT_TOOLS_REPORT_H
#define GVT_TOOLS_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#include "result.h"

/* ------------------------------------------------------- a result, as it was read */

/* Columns of an experiment: sides, then programs in other languages. */
#define REPORT_MAX_WHO 12

/**
 * struct report_metric - what was compared
 * @name: in the file
 * @label: for people; where the file has none, the name
 * @unit: as in struct metric
 * @n: of how many; 0: unknown
 * @figure: of each column
 */
struct report_metric {
	const char *name, *label, *unit;
	uint64_t n;
	struct figure figure[REPORT_MAX_WHO];
};

/**
 * struct report_count - a counter
 * @name: in the file
 * @have: who was counted
 * @value: the counts
 */
struct report_count {
	const char *name;
	bool have[REPORT_MAX_WHO];
	uint64_t value[REPORT_MAX_WHO];
};

enum report_kind { REPORT_LINE, REPORT_HISTOGRAM, REPORT_TIMELINE };

/**
 * struct report_row - a row of a series
 * @of: timeline: its track; else the column that it belongs to
 * @what: timeline: what is done; else NULL
 * @x: timeline: from; else where
 * @y: timeline: until; else how much
 */
struct report_row {
	const char *of, *what;
	double x, y;
};

/**
 * struct report_series - more of an experiment than a figure can say
 * @title: for people
 * @kind: how it is to be drawn
 * @unit_x: of x
 * @unit_y: of y; NULL: as @unit_x
 * @row: them
 * @nr: how many
 */
struct report_series {
	const char *title, *unit_x, *unit_y;
	enum report_kind kind;
	struct report_row *row;
	size_t nr;
};

/**
 * struct report_experiment - what an experiment found
 * @name: of the experiment
 * @claim: what it tests
 * @why: the reasons for the verdict, separated by "; "
 * @picture: lines of text, or ""
 * @known: this gvt has an experiment of that name
 * @verdict: does the claim hold?
 * @params: {name: whole number or boolean}
 * @versions: {program: text}: what ran the programs in other languages; or NULL
 * @who: names of the columns
 * @nr_who: how many
 * @nr_sides: how many of them are sides: they come first
 * @thread: the column of the threads, or -1
 * @goroutine: the column of the goroutines, or -1
 * @metric: them
 * @nr_metrics: how many
 * @count: counters, in order; the first is what the experiment says it made
 * @nr_counts: how many
 * @series: them
 * @nr_series: how many
 */
struct report_experiment {
	const char *name, *claim, *why, *picture;
	bool known;
	enum verdict verdict;
	struct json_object *params, *versions;
	const char *who[REPORT_MAX_WHO];
	size_t nr_who, nr_sides;
	int thread, goroutine;
	struct report_metric *metric;
	size_t nr_metrics;
	struct report_count *count;
	size_t nr_counts;
	struct report_series *series;
	size_t nr_series;
};

/**
 * struct report_result - a result file
 * @file: its name
 * @root: all of it; what the other members point into
 * @host: {name: text or number}
 * @interrupted: it was ended before all was measured
 * @failed_in: the experiment in which an error ended it; "": none did
 * @failed_why: the error
 * @experiment: them
 * @nr: how many
 */
struct report_result {
	const char *file;
	struct json_object *root, *host;
	bool interrupted;
	const char *failed_in, *failed_why;
	struct report_experiment *experiment;
	size_t nr;
};

/**
 * report_read() - read a result and check all that is used of it
 * @r: where to put it
 * @file: its name; "-": standard input
 *
 * Return: true; false after a message that says what is wrong where.
 */
bool report_read(struct report_result *r, const char *file);
void report_free(struct report_result *r);

/* The column called @name, or -1. */
int report_who(const struct report_experiment *e, const char *name);

/* Is the label of a metric one that hangs on the one before? */
static inline bool report_is_sub(const struct report_metric *m)
{
	return m->label[0] == ' ';
}

/* --------------------------------------------------------------------- two results */

/**
 * struct report_diff - a figure, and the same figure of another result
 * @known: both were measured, in the same unit
 * @diff: after - before
 * @low: the least that it can be, of the repetitions of both
 * @high: the most
 * @larger: it is larger than the spread: no repetition of one lies among the other's
 */
struct report_diff {
	bool known, larger;
	double diff, low, high;
};

struct report_diff report_diff(const struct figure *before, const struct figure *after);

/* The metric, or experiment, of another result that is the same; NULL: there is none. */
const struct report_metric *report_same_metric(const struct report_experiment *other,
					       const struct report_metric *m);
const struct report_experiment *report_same_experiment(const struct report_result *other,
						       const struct report_result *r, size_t i);

/* ------------------------------------------------------------------------ pictures */

enum chart_kind { CHART_LINE, CHART_DOTS, CHART_HISTOGRAM, CHART_TIMELINE };

/* Text in a picture is cut to this. */
#define CHART_TEXT 64

/**
 * struct chart_point - a figure in a picture
 * @x: LINE, HISTOGRAM: where; DOTS: its row; TIMELINE: its track
 * @y: LINE, DOTS: the figure; HISTOGRAM: the share that begins at @x
 * @low: the least of the repetitions; TIMELINE: from
 * @high: the most; TIMELINE: until
 */
struct chart_point {
	double x, y, low, high;
};

/**
 * struct chart_series - what has one colour in a picture
 * @name: for the key; "": not in it
 * @colour: index into chart_colour[]
 * @dashed: of the first of two results, or no measurement
 * @point: in the order in which they are drawn
 * @nr: how many
 */
struct chart_series {
	char name[CHART_TEXT];
	int colour;
	bool dashed;
	struct chart_point *point;
	size_t nr;
};

/* A line across the picture at @x, and what stands at its upper end. */
struct chart_mark {
	double x;
	char text[CHART_TEXT];
};

#define CHART_MAX_MARKS 4
#define CHART_MAX_SERIES 24

/**
 * struct chart - a picture
 * @slug: its file, without .svg: letters, digits and "-" only
 * @title: for people
 * @of: index of its experiment in the last result; -1: of the page
 * @x_label: what x is
 * @y_label: what y is
 * @x_unit: of x, as in struct metric
 * @y_unit: of y
 * @x_log: a logarithmic axis
 * @y_log: the same
 * @series: what is drawn
 * @nr_series: how many
 * @row: DOTS and TIMELINE: texts of the rows, from above; LINE: where there are any, texts
 *	of x = 0, 1, ...
 * @nr_rows: how many
 * @mark: lines with a text
 * @nr_marks: how many
 * @svg: when it has been drawn: what is inside <svg>
 * @width: of the drawing
 * @height: of it
 */
struct chart {
	char slug[CHART_TEXT + 8], title[2 * CHART_TEXT];
	int of;
	enum chart_kind kind;
	const char *x_label, *y_label, *x_unit, *y_unit;
	bool x_log, y_log;
	struct chart_series series[CHART_MAX_SERIES];
	size_t nr_series;
	char (*row)[CHART_TEXT];
	size_t nr_rows;
	struct chart_mark mark[CHART_MAX_MARKS];
	size_t nr_marks;
	char *svg;
	unsigned int width, height;
};

/* In the order of enum chart_colours; chart_dark[] on a dark ground. */
enum chart_colours {
	COLOUR_THREAD,
	COLOUR_GOROUTINE,
	COLOUR_PROCESS,
	COLOUR_PEER,	/* and three more: one for each language */
	COLOUR_INK = COLOUR_PEER + 4,
	COLOUR_GRID,
	COLOUR_NR
};

extern const char *const chart_colour[COLOUR_NR], *const chart_dark[COLOUR_NR];

/**
 * struct charts - all pictures of a page
 * @chart: them
 * @nr: how many
 * @incomplete: there was no memory for all
 */
struct charts {
	struct chart *chart;
	size_t nr;
	bool incomplete;
};

/**
 * charts_make() - find what can be drawn
 * @c: where to put it
 * @before: the first of two results, or NULL
 * @r: the result
 *
 * Return: 0, or a negative errno.
 */
int charts_make(struct charts *c, const struct report_result *before,
		const struct report_result *r);
void charts_free(struct charts *c);

/**
 * charts_draw() - let gnuplot draw
 * @c: the pictures; their svg is set, or is NULL where that failed
 * @why: what kept it from drawing, with the remedy; WHY_SIZE bytes
 *
 * Return: 0; -ENOENT where gnuplot isn't installed; another negative errno.
 */
int charts_draw(struct charts *c, char *why);

/**
 * svg_from_gnuplot() - what gnuplot wrote, made fit for a page
 * @c: the picture; its svg, width and height are set
 * @text: what gnuplot wrote; its colours become those of chart_colour[]
 *
 * Return: false where there is no memory, or no SVG.
 */
bool svg_from_gnuplot(struct chart *c, const char *text);

/* A picture, in a page, or @alone in a file. */
void svg_put(FILE *to, const struct chart *c, bool alone);

/* ------------------------------------------------------------------------ the page */

/* Text in HTML and SVG: what means something there is escaped, controls are replaced. */
void html_text(FILE *to, const char *text);

/**
 * html_page() - all of it
 * @to: where to write
 * @before: the first of two results, or NULL
 * @r: the result
 * @c: the pictures
 * @note: why there are no pictures, or ""
 */
void html_page(FILE *to, const struct report_result *before, const struct report_result *r,
	       const struct charts *c, const char *note);

/* The texts of html_page() that are the same on each page. */
extern const char report_css[], report_method[];

/* Rules for dark grounds, for pictures, in the page and in files of their own. */
void svg_dark_rules(FILE *to);

/* The first line of a file that gvt made, so that it knows what it may replace. */
#define REPORT_MARK "<!-- made by gvt report -->"

#endif /* GVT_TOOLS_REPORT_H */
