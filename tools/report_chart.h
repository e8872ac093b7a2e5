/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_chart.h - what report_chart.c, report_family.c and report_pieces.c share.
 */
#ifndef GVT_TOOLS_REPORT_CHART_H
#define GVT_TOOLS_REPORT_CHART_H

#include "report.h"

/* From the least to the most figure: beyond, an axis is logarithmic. */
#define LOG_FROM 15

/**
 * struct source - an experiment in both results
 * @of: its index in the last one
 * @e: there
 * @before: in the first one, or NULL
 */
struct source {
	int of;
	const struct report_experiment *e, *before;
};

/* A picture more: @name and @s make its file's name. NULL: no memory, or too many. */
struct chart *chart_add(struct charts *c, const struct source *s, enum chart_kind kind,
			const char *name, const char *title);

/* NULL: no room for more. */
struct chart_series *chart_add_series(struct chart *c, int colour, bool dashed, const char *fmt,
				      ...) __attribute__((format(printf, 4, 5)));
void chart_add_point(struct charts *all, struct chart_series *s, struct chart_point p);
void chart_add_row(struct charts *all, struct chart *c, const char *text);

/* Who has which colour: sides and languages have theirs, in each picture. */
int chart_colour_of(const struct report_experiment *e, size_t who);

/* What the key says beside a name: which of two results it is of. */
const char *chart_of_which(const struct source *s, bool before);

struct chart_point chart_point_of(double x, const struct figure *f);

/* Do its figures stand on a logarithmic axis better? */
bool chart_wants_log(const struct chart *c);

/* The last picture goes again where it has fewer points than @least. */
void chart_drop_if_empty(struct charts *all, struct chart *c, size_t least);

/* -------------------------------------------------- metrics that differ in a number */

/* Is a metric one of those? */
bool metric_in_family(const struct report_experiment *e, size_t i);

/* Their pictures. */
void charts_of_families(struct charts *all, const struct source *s);

#endif /* GVT_TOOLS_REPORT_CHART_H */
