// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - what `gvt bench` found, for people and for programs.
 *
 * For people two tables for each number of Ps: all figures with their spread, then libgo
 * beside Go and its target.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "host.h"
#include "interrupt.h"
#include "output.h"

static const char *const reached_text[] = { "no", "yes", "-" };
static const char *const reached_colour[] = { "red", "green", NULL };

/* A cell of each line, from left to right. */
static int add_cell(struct libscols_line *line, int *column, const char *text)
{
	return scols_line_set_data(line, (*column)++, text);
}

static int add_reached(struct libscols_line *line, int *column, enum reached reached)
{
	int err = add_cell(line, column, reached_text[reached]);

	if (!err && reached_colour[reached])
		err = scols_cell_set_color(scols_line_get_cell(line, *column - 1),
					   reached_colour[reached]);
	return err;
}

/* A table with a column of names on the left, and then @names, right-aligned. */
static struct libscols_table *table_with(const char *const *names)
{
	struct libscols_table *t = table_new(stdout);

	for (int i = 0; t && names[i]; i++) {
		if (!scols_table_new_column(t, names[i], 0, i ? SCOLS_FL_RIGHT : 0)) {
			scols_unref_table(t);
			return NULL;
		}
	}
	return t;
}

/* ----------------------------------------------------------------- figures */

static int figure_line(struct libscols_table *t, const struct bench_row *row, size_t i)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	int column = 0, err;
	char text[TEXT_SIZE];

	if (!line)
		return -ENOMEM;
	err = add_cell(line, &column, row->w->label);
	for (int s = 0; s < BENCH_SIDES && !err; s++) {
		const struct figure *f = &row->at[i].side[s];

		err = add_cell(line, &column, !f->measured ? "-" :
			       text_value(text, row->w->unit, f->median));
		if (!err)
			err = add_cell(line, &column, !f->measured ? "" :
				       text_spread(text, row->w->unit, f));
	}
	return err;
}

static int figure_table(const struct bench *b, size_t i)
{
	static const char *const names[] = { "MEDIAN, EACH", "LIBGO", "min..max", "PTHREAD",
					     "min..max", "GO", "min..max", NULL };
	struct libscols_table *t = table_with(names);
	int err = t ? 0 : -ENOMEM;

	for (size_t k = 0; k < b->nr_done && !err; k++)
		err = figure_line(t, &b->rows[k], i);
	if (!err)
		err = scols_print_table(t);
	scols_unref_table(t);
	return err;
}

/* ----------------------------------------------------------------- targets */

static char *text_target(char text[TEXT_SIZE], const struct workload *w)
{
	char value[TEXT_SIZE];

	if (w->target.kind == TARGET_RATIO)
		snprintf(text, TEXT_SIZE, "%gx", w->target.value);
	else
		snprintf(text, TEXT_SIZE, "%.40s", text_value(value, w->unit, w->target.value));
	return text;
}

/*
 * With the digits that are shown, rounded to the side that does not make a target look
 * reached: down for what has to be at least something, else up.
 */
static char *text_strict(char text[TEXT_SIZE], double ratio, bool at_least)
{
	double step = ratio >= 100 ? 1 : ratio >= 10 ? 10 : 100, tiny = 1e-9;
	uint64_t steps = ratio * step + (at_least ? tiny : 1 - tiny);

	return text_ratio(text, steps / step);
}

static int target_line(struct libscols_table *t, const struct bench *b,
		       const struct bench_row *row, size_t i)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	const struct bench_point *p = &row->at[i];
	const struct figure *go = &p->side[BENCH_GO], *libgo = &p->side[BENCH_LIBGO];
	char text[TEXT_SIZE];
	int column = 0, err;
	double x;

	if (!line)
		return -ENOMEM;
	err = add_cell(line, &column, row->w->label);
	if (!err)
		err = add_cell(line, &column, !go->measured ? "-" :
			       text_value(text, row->w->unit, go->median));
	if (!err)
		err = add_cell(line, &column, !libgo->measured ? "-" :
			       text_value(text, row->w->unit, libgo->median));
	if (!err)
		err = add_cell(line, &column, bench_ratio(p, &x) ? text_strict(text, x, true) : "-");
	if (!err)
		err = add_cell(line, &column, bench_ratio_of_least(p, &x) ?
			       text_strict(text, x, true) : "-");
	if (!err)
		err = add_cell(line, &column, text_target(text, row->w));
	if (!err)
		err = add_reached(line, &column, bench_reached(&row->w->target, p));
	if (err || b->procs[i] != 2)
		return err;
	err = add_cell(line, &column, bench_growth(b, row, &x) ?
		       text_strict(text, x, false) : "-");
	return err ? err : add_reached(line, &column, bench_scales(b, row));
}

static int target_table(const struct bench *b, size_t i)
{
	static const char *const names[] = { "TARGET", "GO", "LIBGO", "RATIO", "OF LEAST",
					     "REACH", "REACHED", NULL };
	static const char *const names_2[] = { "TARGET", "GO", "LIBGO", "RATIO", "OF LEAST",
					       "REACH", "REACHED", "BY 1 P", "<= 1.1x", NULL };
	struct libscols_table *t = table_with(b->procs[i] == 2 ? names_2 : names);
	int err = t ? 0 : -ENOMEM;

	for (size_t k = 0; k < b->nr_done && !err; k++)
		err = target_line(t, b, &b->rows[k], i);
	if (!err)
		err = scols_print_table(t);
	scols_unref_table(t);
	return err;
}

static void print_sums(const struct bench *b, size_t i)
{
	int reached[3] = { 0 }, scales[3] = { 0 };

	for (size_t k = 0; k < b->nr_done; k++) {
		const struct bench_row *row = &b->rows[k];

		reached[bench_reached(&row->w->target, &row->at[i])]++;
		scales[bench_scales(b, row)]++;
	}
	printf("reached: %d of %d", reached[REACHED_YES],
	       reached[REACHED_YES] + reached[REACHED_NO]);
	if (b->procs[i] == 2 && scales[REACHED_YES] + scales[REACHED_NO])
		printf("; 2 Ps not slower than 1 by more than a tenth: %d of %d",
		       scales[REACHED_YES], scales[REACHED_YES] + scales[REACHED_NO]);
	putchar('\n');
}

/* Why a side has no figure, where that is not so on every machine. */
static void print_missing(const struct bench *b, size_t i)
{
	char first[WHY_SIZE];

	for (size_t k = 0; k < b->nr_done; k++) {
		const struct bench_row *row = &b->rows[k];

		for (int s = 0; s < BENCH_SIDES; s++) {
			if (!row->at[i].missing[s][0] || (s == BENCH_GO && !b->go_program[0]) ||
			    (s == BENCH_PTHREAD && !row->w->pthread))
				continue;
			snprintf(first, sizeof(first), "no figure of %s, %s: ", bench_side_name[s],
				 row->w->label);
			print_wrapped(stdout, first, "    ", row->at[i].missing[s]);
		}
	}
}

/* What others did to the figures, where they did. This run alone keeps one or two CPUs busy. */
static void print_load(const struct bench *b)
{
	printf("  load average %.1f before, %.1f after\n", b->load[0], b->load[1]);
	if (b->load[0] > host_cpus() / 2.0)
		print_wrapped(stdout, "  ", "  ", "Others use the CPUs: times are longer than they "
			      "need be, on all sides, and ratios are rough.");
}

int bench_tables(const struct bench *b)
{
	int err = 0;

	printf("gvt " GVT_VERSION "   Linux %s   CPUs: %d   virtual machine: %s   Go: %s\n",
	       host_kernel(), host_cpus(), host_virtual(), b->go_program[0] ? b->go_version : "-");
	printf("  repetitions %lu, libgo, threads and Go in turn%s\n", b->repetitions,
	       b->o.quick ? ", quick" : "");
	print_load(b);
	for (size_t i = 0; b->nr_done && i < b->nr_procs && !err; i++) {
		printf("\n%d P%s\n\n", b->procs[i], b->procs[i] == 1 ? "" : "s");
		err = figure_table(b, i);
		putchar('\n');
		print_missing(b, i);
		if (!err)
			err = target_table(b, i);
		if (!err)
			print_sums(b, i);
	}
	return err;
}

/* -------------------------------------------------------------------- JSON */

static struct json_object *json_reached(enum reached reached)
{
	return reached == REACHED_UNKNOWN ? NULL : json_object_new_boolean(reached == REACHED_YES);
}

static struct json_object *json_spread(const struct figure *f)
{
	struct json_object *o;

	if (!f->measured)
		return NULL;
	o = json_object_new_array();
	json_object_array_add(o, json_number(f->min));
	json_object_array_add(o, json_number(f->max));
	return o;
}

static struct json_object *json_point(const struct bench *b, const struct bench_row *row, size_t i)
{
	struct json_object *o = json_object_new_object(), *n = json_object_new_object();
	struct json_object *spreads = json_object_new_object(), *missing = json_object_new_object();
	const struct bench_point *p = &row->at[i];
	double ratio;

	json_object_object_add(o, "procs", json_object_new_int(b->procs[i]));
	for (int s = 0; s < BENCH_SIDES; s++) {
		const struct figure *f = &p->side[s];

		json_object_object_add(o, bench_side_name[s],
				       f->measured ? json_number(f->median) : NULL);
		json_object_object_add(spreads, bench_side_name[s], json_spread(f));
		json_object_object_add(n, bench_side_name[s],
				       f->measured ? json_object_new_uint64(p->n[s]) : NULL);
		if (p->missing[s][0])
			json_object_object_add(missing, bench_side_name[s],
					       json_object_new_string(p->missing[s]));
	}
	json_object_object_add(o, "spread", spreads);
	json_object_object_add(o, "n", n);
	json_object_object_add(o, "missing", missing);
	json_object_object_add(o, "ratio", bench_ratio(p, &ratio) ? json_number(ratio) : NULL);
	json_object_object_add(o, "ratio_of_least", bench_ratio_of_least(p, &ratio) ?
			       json_number(ratio) : NULL);
	json_object_object_add(o, "reached", json_reached(bench_reached(&row->w->target, p)));
	return o;
}

static struct json_object *json_row(const struct bench *b, const struct bench_row *row)
{
	struct json_object *o = json_object_new_object(), *target = json_object_new_object();
	struct json_object *points = json_object_new_array();
	const struct workload *w = row->w;
	double growth;

	json_object_object_add(o, "name", json_object_new_string(w->name));
	json_object_object_add(o, "does", json_object_new_string(w->does));
	json_object_object_add(o, "unit", json_object_new_string(w->unit));
	json_object_object_add(target, w->target.kind == TARGET_RATIO ? "ratio" : "most",
			       json_number(w->target.value));
	json_object_object_add(o, "target", target);
	for (size_t i = 0; i < b->nr_procs; i++)
		json_object_array_add(points, json_point(b, row, i));
	json_object_object_add(o, "at", points);
	json_object_object_add(o, "two_by_one", bench_growth(b, row, &growth) ?
			       json_number(growth) : NULL);
	json_object_object_add(o, "scales", json_reached(bench_scales(b, row)));
	return o;
}

int bench_json(const struct bench *b)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	struct json_object *load = json_object_new_array();

	json_object_object_add(o, "version", json_object_new_int(1));
	json_object_object_add(o, "host", json_host());
	json_object_object_add(o, "go_version", b->go_program[0] ?
			       json_object_new_string(b->go_version) : NULL);
	for (int i = 0; i < 2; i++)
		json_object_array_add(load, b->load[i] < 0 ? NULL : json_number(b->load[i]));
	json_object_object_add(o, "load", load);
	json_object_object_add(o, "repetitions", json_object_new_uint64(b->repetitions));
	json_object_object_add(o, "quick", json_object_new_boolean(b->o.quick));
	for (size_t k = 0; k < b->nr_done; k++)
		json_object_array_add(list, json_row(b, &b->rows[k]));
	json_object_object_add(o, "workloads", list);
	json_object_object_add(o, "interrupted",
			       json_object_new_boolean(b->nr_done < b->nr_rows && interrupted()));
	return json_print(o, stdout);
}
