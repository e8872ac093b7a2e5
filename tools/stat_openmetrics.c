// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat_openmetrics.c - what `gvt stat` measured, for a Prometheus textfile collector: a family
 * for each value.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "openmetrics.h"
#include "stat.h"

/* What was looked at, as a label: the command, or the processes. */
static void subject(const struct stat_request *q, char *text, size_t size)
{
	size_t len = 0;

	*text = '\0';
	for (char **a = q->argv; a && *a && len < size; a++)
		len += snprintf(text + len, size - len, "%s%s", len ? " " : "", *a);
	for (size_t i = 0; i < q->nr_pids && len < size; i++)
		len += snprintf(text + len, size - len, "%s%d", len ? "," : "", q->pids[i]);
}

static void value(const struct stat_result *r, int i, const char *label, const char *what, FILE *to)
{
	struct figure v = stat_figure(r, i);
	bool time = !strcmp(stat_unit(i), "ns");
	double factor = time ? 1e-9 : 1;
	const char *text = stat_label(r, i);
	char name[96], help[128];
	struct om_family f = { name, time ? "seconds" : "", help, false };

	if (!v.measured)
		return;
	if (!strcmp(stat_unit(i), "bytes"))
		f.unit = "bytes";
	om_name(name, sizeof(name), "gvt_stat_", stat_name(i));
	snprintf(help, sizeof(help), "Counted: %s.", text + strspn(text, " "));
	om_sample(to, &f, v.median * factor, label, what, "of", "median", NULL);
	if (r->nr < 2)
		return;
	om_sample(to, &f, v.min * factor, label, what, "of", "min", NULL);
	om_sample(to, &f, v.max * factor, label, what, "of", "max", NULL);
}

int stat_openmetrics(const struct stat_result *r, FILE *to)
{
	struct om_family runs = { "gvt_stat_runs", "", "How often it was measured.", false };
	struct om_family status = { "gvt_stat_status", "",
				    "Exit status of the command, as a shell says it.", false };
	const char *label = r->request->argv ? "command" : "pid";
	char what[1024];

	subject(r->request, what, sizeof(what));
	om_sample(to, &runs, r->nr, label, what, "counters", r->module ? "gvt" : "procfs", NULL);
	if (r->request->argv)
		om_sample(to, &status,
			  WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status) : WEXITSTATUS(r->status),
			  label, what, NULL);
	for (int i = 0; i < STAT_NR; i++)
		value(r, i, label, what, to);
	om_end(to);
	return 0;
}
