/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_axis.h - axes of pictures: from where to where, and what is written at them.
 */
#ifndef GVT_TOOLS_REPORT_AXIS_H
#define GVT_TOOLS_REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"

#define AXIS_MAX_TICS 16

/**
 * struct axis - one of a picture
 * @unit: of the figures, as in struct metric, or "ratio"
 * @log: logarithmic
 * @any: it has seen a figure
 * @least: the least figure that it shows; of a logarithmic one, above 0
 * @most: the largest
 * @from: where it begins
 * @to: where it ends
 * @tic: where it has tics
 * @nr: how many
 */
struct axis {
	const char *unit;
	bool log, any;
	double least, most, from, to;
	double tic[AXIS_MAX_TICS];
	size_t nr;
};

/* A figure that has to be seen. */
void axis_include(struct axis *a, double value);

/**
 * axis_finish() - choose its ends, and tics
 * @a: all figures included
 * @zero: begins at 0, where it isn't logarithmic
 * @tics: about so many
 */
void axis_finish(struct axis *a, bool zero, size_t tics);

/* What is written at a tic: as short as can be. */
char *axis_text(char text[TEXT_SIZE], const struct axis *a, double value);

#endif /* GVT_TOOLS_REPORT_AXIS_H */
