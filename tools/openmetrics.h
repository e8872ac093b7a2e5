/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * openmetrics.h - results for a Prometheus textfile collector, in the OpenMetrics text format.
 *
 * Each family is a gauge: what one run found, not what grows from run to run; and the older
 * text format, which the textfile collector of node_exporter reads, knows gauges as well. A
 * figure that is missing has no sample. Times are in seconds, shares and factors are ratios,
 * as that world expects.
 */
#ifndef GVT_TOOLS_OPENMETRICS_H
#define GVT_TOOLS_OPENMETRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "result.h"

/**
 * struct om_family - a family of samples; its head is written before its first sample
 * @name: ends in "_" and the unit, where there is one
 * @unit: "seconds", "bytes", "ratio", or ""
 * @help: what it is, one sentence
 * @begun: the head is written
 */
struct om_family {
	const char *name, *unit, *help;
	bool begun;
};

/**
 * om_sample() - write one sample
 * @to: the stream
 * @f: its family; all samples of a family come one after the other
 * @value: not written where it is no number
 *
 * Then names and values of labels, in turn, and NULL.
 */
void om_sample(FILE *to, struct om_family *f, double value, ...) __attribute__((sentinel));

/* Names, or values, of two labels; NULL ends them. */
struct om_labels {
	const char *text[2];
};

/**
 * om_counters() - a family for each counter that was measured
 * @to: the stream
 * @prefix: of the families' names
 * @counts: sets of counts
 * @values: for each set, those of its labels
 * @names: of these labels
 * @n: how many sets
 */
void om_counters(FILE *to, const char *prefix, const struct counters *const *counts,
		 const struct om_labels *values, const struct om_labels *names, size_t n);

/* The name of a family: "run_ns" is in seconds there, so it is PREFIXrun_seconds. */
void om_name(char *name, size_t size, const char *prefix, const char *of);

/* The document's last line. */
void om_end(FILE *to);

#endif /* GVT_TOOLS_OPENMETRICS_H */
