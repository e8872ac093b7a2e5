// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat_output.c - what `gvt stat` prints: a table, JSON, CSV. All of it from struct
 * stat_result, by one list of values: each with its median, its rate, and with -r its
 * least and most.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "output.h"
#include "stat.h"

/**
 * struct value - what isn't a counter
 * @name: in JSON and CSV
 * @label: in tables
 * @unit: as in struct metric
 * @rate: has a rate
 * @last: comes after the counters in a table
 */
struct value {
	const char *name, *label, *unit;
	bool rate, last;
};

/* In the order of the enumeration in stat.h. */
static const struct value values[] = {
	{ "wall_ns", "from start to end", "ns", false, true },
	{ "user_ns", "in user space", "ns", true, true },
	{ "system_ns", "in the kernel", "ns", true, true },
	{ "max_rss_bytes", "most resident memory of one process", "bytes", false, true },
	{ "cpu_migrations", "moves to another CPU", "count", true, false },
	{ "creation_to_run_ns", "from creation to running, the system's mean", "ns", false, false },
};
static_assert(ARRAY_SIZE(values) == STAT_NR - CTR_NR, "one for each value");

/* ---------------------------------------------------------------- arithmetic */

void stat_set_counters(struct stat_sample *s, const struct counters *c)
{
	for (int i = 0; i < CTR_NR; i++) {
		if (counters_have(c, i))
			stat_set(s, i, c->v[i]);
	}
}

void stat_set_creation(struct stat_sample *s, const struct tree_mark *before,
		       const struct tree_mark *after)
{
	uint64_t n = after->creation_count - before->creation_count;

	if (!before->have_creation || !after->have_creation || !n ||
	    before->generation != after->generation)
		return;
	stat_set_time(s, STAT_CREATION, (double)(after->creation_ns - before->creation_ns) / n);
}

const char *stat_name(int i)
{
	return i < CTR_NR ? counter_info[i].name : values[i - CTR_NR].name;
}

const char *stat_label(const struct stat_result *r, int i)
{
	if (i == CTR_THREAD_CREATIONS && r->request->argv && !r->module)
		return "creations in the whole system";
	return i < CTR_NR ? counter_info[i].label : values[i - CTR_NR].label;
}

const char *stat_unit(int i)
{
	if (i >= CTR_NR)
		return values[i - CTR_NR].unit;
	return counter_is(i, COUNTER_TIME) ? "ns" : "count";
}

static bool has_rate(int i)
{
	return i < CTR_NR ? !counter_is(i, COUNTER_PEAK) : values[i - CTR_NR].rate;
}

/* A run in which it could not be measured leaves no figure for all of them. */
static struct figure figure_of(const struct stat_result *r, int i, bool rate)
{
	double *v = malloc((r->nr + 1) * sizeof(*v));
	struct figure f = { .measured = false };
	size_t n;

	for (n = 0; v && n < r->nr; n++) {
		const struct stat_sample *s = &r->samples[n];

		if (!s->have[i] || (rate && !(s->v[STAT_WALL] > 0)))
			break;
		v[n] = rate ? s->v[i] / (s->v[STAT_WALL] / NSEC_PER_SEC) : s->v[i];
	}
	if (v && n == r->nr)
		f = figure_from(v, n);
	free(v);
	return f;
}

struct figure stat_figure(const struct stat_result *r, int i)
{
	return figure_of(r, i, false);
}

struct figure stat_rate(const struct stat_result *r, int i)
{
	return has_rate(i) ? figure_of(r, i, true) : (struct figure){ .measured = false };
}

/* --------------------------------------------------------------------- JSON */

static bool is_whole(double value)
{
	return value == (double)(int64_t)value;
}

/* Whole numbers in full. */
static struct json_object *json_value(bool have, double value)
{
	if (!have)
		return NULL;
	return is_whole(value) ? json_object_new_int64(value) : json_number(value);
}

static struct json_object *json_spread(const struct figure *f)
{
	struct json_object *o;

	if (!f->measured)
		return NULL;
	o = json_object_new_array();
	json_object_array_add(o, json_value(true, f->min));
	json_object_array_add(o, json_value(true, f->max));
	return o;
}

static struct json_object *json_command(const struct stat_request *q)
{
	struct json_object *o = json_object_new_array();

	for (char **a = q->argv; *a; a++)
		json_object_array_add(o, json_text(*a));
	return o;
}

static struct json_object *json_pids(const struct stat_request *q)
{
	struct json_object *o = json_object_new_array();

	for (size_t i = 0; i < q->nr_pids; i++)
		json_object_array_add(o, json_object_new_int(q->pids[i]));
	return o;
}

static void json_about(const struct stat_result *r, struct json_object *o)
{
	const struct stat_request *q = r->request;
	struct json_object *host = json_host();

	json_object_object_add(o, "version", json_object_new_int(1));
	/* Where the module refused, the counters are procfs's after all. */
	json_object_object_add(host, "counters",
			       json_object_new_string(r->module ? "gvt" : "procfs"));
	json_object_object_add(host, "counters_note", json_object_new_string(r->note));
	json_object_object_add(o, "host", host);
	json_object_object_add(o, "command", q->argv ? json_command(q) : NULL);
	json_object_object_add(o, "pids", q->argv ? NULL : json_pids(q));
	json_object_object_add(o, "runs", json_object_new_int64(r->nr));
	json_object_object_add(o, "status", q->argv && WIFEXITED(r->status) ?
			       json_object_new_int(WEXITSTATUS(r->status)) : NULL);
	json_object_object_add(o, "signal", q->argv && WIFSIGNALED(r->status) ?
			       json_object_new_int(WTERMSIG(r->status)) : NULL);
}

static int print_json(const struct stat_result *r, FILE *to)
{
	struct json_object *o = json_object_new_object(), *rates = json_object_new_object();
	struct json_object *spread = json_object_new_object();
	struct json_object *counters = json_object_new_object();

	json_about(r, o);
	for (int i = 0; i < STAT_NR; i++) {
		struct figure f = stat_figure(r, i), rate = stat_rate(r, i);

		json_object_object_add(i < CTR_NR ? counters : o, stat_name(i),
				       json_value(f.measured, f.median));
		if (has_rate(i))
			json_object_object_add(rates, stat_name(i), rate.measured ?
					       json_number(rate.median) : NULL);
		json_object_object_add(spread, stat_name(i), json_spread(&f));
	}
	json_object_object_add(o, "counters", counters);
	json_object_object_add(o, "rates", rates);
	json_object_object_add(o, "spread", spread);
	return json_print(o, to);
}

/* ---------------------------------------------------------------------- CSV */

static void csv_value(FILE *to, bool have, double value)
{
	putc(',', to);
	if (have)
		fprintf(to, is_whole(value) ? "%.0f" : "%.9g", value);
}

static int print_csv(const struct stat_result *r, FILE *to)
{
	fputs("name,unit,median,per_second,min,max\n", to);
	for (int i = 0; i < STAT_NR; i++) {
		struct figure f = stat_figure(r, i), rate = stat_rate(r, i);

		fprintf(to, "%s,%s", stat_name(i), stat_unit(i));
		csv_value(to, f.measured, f.median);
		csv_value(to, rate.measured, rate.median);
		csv_value(to, f.measured, f.min);
		csv_value(to, f.measured, f.max);
		putc('\n', to);
	}
	return 0;
}

/* -------------------------------------------------------------------- table */

/* What nobody misses: rare things that didn't happen, a runtime that there isn't. */
static bool is_shown(const struct stat_result *r, int i)
{
	struct figure f = stat_figure(r, i), made = stat_figure(r, CTR_GOROUTINE_CREATIONS);
	struct figure switched = stat_figure(r, CTR_GOROUTINE_SWITCHES);

	if (!f.measured)
		return false;
	if (i < CTR_NR && counter_is(i, COUNTER_RUNTIME))
		return made.max > 0 || switched.max > 0;
	return i >= CTR_NR || !counter_is(i, COUNTER_RARE) || f.max > 0;
}

static void text_rate(char text[TEXT_SIZE], int i, const struct figure *f)
{
	if (!f->measured)
		text[0] = '\0';
	else if (!strcmp(stat_unit(i), "count") && f->median < 100)
		snprintf(text, TEXT_SIZE, "%.3g/s", f->median);
	else
		strcat(text_value(text, stat_unit(i), f->median), "/s");
}

enum { COL_VALUE, COL_SPREAD, COL_RATE, COL_WHAT };

static int add_row(struct libscols_table *t, const struct stat_result *r, int i)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	struct figure f = stat_figure(r, i), rate = stat_rate(r, i);
	char value[TEXT_SIZE], spread[TEXT_SIZE] = "", second[TEXT_SIZE];

	text_value(value, stat_unit(i), f.median);
	if (r->nr > 1)
		text_spread(spread, stat_unit(i), &f);
	text_rate(second, i, &rate);
	if (!line || scols_line_set_data(line, COL_VALUE, value) ||
	    scols_line_set_data(line, COL_SPREAD, spread) ||
	    scols_line_set_data(line, COL_RATE, second) ||
	    scols_line_set_data(line, COL_WHAT, stat_label(r, i)))
		return -ENOMEM;
	return 0;
}

static int add_rows(struct libscols_table *t, const struct stat_result *r, bool last)
{
	int err = 0;

	for (int i = 0; i < STAT_NR && !err; i++) {
		if ((i >= CTR_NR && values[i - CTR_NR].last) == last && is_shown(r, i))
			err = add_row(t, r, i);
	}
	return err;
}

static void print_head(const struct stat_result *r, FILE *to)
{
	const struct stat_request *q = r->request;

	fputs("\ngvt stat:", to);
	for (char **a = q->argv; a && *a; a++)
		fprintf(to, " %s", *a);
	if (q->nr_pids)
		fputs(q->nr_pids > 1 ? " processes" : " process", to);
	for (size_t i = 0; i < q->nr_pids; i++)
		fprintf(to, "%s %d", i ? "," : "", q->pids[i]);
	fprintf(to, "\ncounters of %s: %s",
		q->argv ? "the command and its children" :
		r->module ? "what it does, and what it forks" : "what it does",
		r->module ? "gvt" : "procfs");
	if (r->nr > 1)
		fprintf(to, "; median of %zu runs", r->nr);
	if (q->argv && r->nr < q->runs)
		fprintf(to, "; stopped before run %zu of %zu", r->nr + 1, q->runs);
	fputs("\n\n", to);
}

/* What a figure that is 0, or isn't there, is for want of a finer clock. */
static void print_clock_notes(const struct stat_result *r, FILE *to)
{
	struct figure wall = stat_figure(r, STAT_WALL), user = stat_figure(r, STAT_USER);
	struct figure system = stat_figure(r, STAT_SYSTEM);
	char tick[TEXT_SIZE], note[200];
	struct timespec t;

	if (!wall.measured)
		print_wrapped(to, "  ", "  ", "It took less than the clock can tell: from start to end, "
			      "and all rates, are missing");
	if (!user.measured || !system.measured || !user.median == !system.median ||
	    clock_getres(CLOCK_MONOTONIC_COARSE, &t))
		return;
	snprintf(note, sizeof(note), "user space and kernel are told apart at ticks of %s, as a rule: 0 ns is "
		 "less than that",
		 text_value(tick, "ns", t.tv_sec * NSEC_PER_SEC + t.tv_nsec));
	print_wrapped(to, "  ", "  ", note);
}

static int print_table(const struct stat_result *r, FILE *to)
{
	struct libscols_table *t = table_new(to);
	int err = -ENOMEM;

	if (!t)
		return err;
	if (!scols_table_new_column(t, r->nr > 1 ? "MEDIAN" : "COUNT", 12, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(t, "min..max", 0,
				    SCOLS_FL_RIGHT | (r->nr > 1 ? 0 : SCOLS_FL_HIDDEN)) ||
	    !scols_table_new_column(t, "RATE", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(t, "OF", 0, 0))
		goto out;
	if (add_rows(t, r, false) || add_rows(t, r, true))
		goto out;
	print_head(r, to);
	err = scols_print_table(t);
	putc('\n', to);
	if (r->note[0])
		print_wrapped(to, "  ", "  ", r->note);
	print_clock_notes(r, to);
out:
	scols_unref_table(t);
	return err;
}

int stat_print(const struct stat_result *r, FILE *to)
{
	switch (r->request->format) {
	case FORMAT_JSON:
		return print_json(r, to);
	case FORMAT_CSV:
		return print_csv(r, to);
	case FORMAT_OPENMETRICS:
		return stat_openmetrics(r, to);
	default:
		return print_table(r, to);
	}
}
