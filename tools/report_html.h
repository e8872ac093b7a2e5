/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_html.h - the tables of the page: what report_html.c and report_tables.c share.
 */
#ifndef GVT_TOOLS_REPORT_HTML_H
#define GVT_TOOLS_REPORT_HTML_H

#include "report.h"

/* All metrics of an experiment, a column for each side and each other program. */
void html_metrics(FILE *to, const struct report_experiment *e);

/* The same, before and after. */
void html_compared_metrics(FILE *to, const struct report_experiment *before,
			   const struct report_experiment *e);

/* All counters of an experiment. @of_system: creations are those of the whole system. */
void html_counters(FILE *to, const struct report_experiment *e, const char *title, bool of_system);

/* What differs by more than its spread, in all experiments. */
void html_changes(FILE *to, const struct report_result *before, const struct report_result *r);

/* How to read a comparison. */
extern const char report_compared[];

#endif /* GVT_TOOLS_REPORT_HTML_H */
