// SPDX-License-Identifier: GPL-2.0-only
/*
 * result.c - the result type's arithmetic and the texts of its values. Pure: no
 * clock, no files.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"

const char *const side_name[SIDES] = { "thread", "goroutine", "process" };
const char *const side_plural[SIDES] = { "threads", "goroutines", "processes" };

static struct param *add_param(struct result *r, const char *name)
{
	struct param *p = &r->params[r->nr_params];

	assert(r->nr_params < MAX_PARAMS);
	r->nr_params++;
	p->name = name;
	return p;
}

void result_param(struct result *r, const char *name, int64_t value)
{
	add_param(r, name)->value = value;
}

void result_flag(struct result *r, const char *name, bool value)
{
	struct param *p = add_param(r, name);

	p->is_bool = true;
	p->value = value;
}

struct metric *result_metric(struct result *r, const char *name)
{
	for (size_t i = 0; i < r->nr_metrics; i++) {
		if (!strcmp(r->metrics[i].name, name))
			return &r->metrics[i];
	}
	return NULL;
}

const char *const series_kind_name[] = { "timeline", "line", "histogram" };

struct series *result_series(struct result *r, enum series_kind kind, const char *name,
			     const char *title, const char *unit_x, const char *unit_y)
{
	struct series *s = &r->series[r->nr_series];

	assert(r->nr_series < MAX_SERIES);
	r->nr_series++;
	*s = (struct series){
		.name = name, .title = title, .unit_x = unit_x, .unit_y = unit_y, .kind = kind
	};
	return s;
}

static bool series_grow(struct series *s)
{
	size_t room = s->room ? 2 * s->room : 64;
	struct series_row *row = room <= SERIES_ROWS ? reallocarray(s->row, room, sizeof(*row)) : NULL;

	if (!row)
		return false;
	s->row = row;
	s->room = room;
	return true;
}

void series_add(struct series *s, const char *of, double x, double y, const char *what)
{
	struct series_row *row;

	if (s->nr == s->room && !series_grow(s)) {
		s->dropped++;
		return;
	}
	row = &s->row[s->nr++];
	snprintf(row->of, sizeof(row->of), "%s", of);
	snprintf(row->what, sizeof(row->what), "%s", what);
	row->x = x;
	row->y = y;
}

void result_exit(struct result *r)
{
	for (size_t i = 0; i < r->nr_series; i++)
		free(r->series[i].row);
	r->nr_series = 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct figure figure_from(double *values, size_t n)
{
	struct figure f = { .measured = n > 0 };

	if (!n)
		return f;
	qsort(values, n, sizeof(*values), compare);
	f.min = values[0];
	f.max = values[n - 1];
	f.median = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
	return f;
}

bool metric_ratio(const struct metric *m, double *ratio)
{
	const struct figure *t = &m->side[SIDE_THREAD], *g = &m->side[SIDE_GOROUTINE];

	if (!t->measured || !g->measured || g->median == 0)
		return false;
	*ratio = t->median / g->median;
	return true;
}

bool figures_unsure(const struct figure *a, const struct figure *b)
{
	if (!a->measured || !b->measured || a->median == b->median)
		return false;
	return a->min <= b->max && b->min <= a->max;
}

bool metric_unsure(const struct metric *m)
{
	return figures_unsure(&m->side[SIDE_THREAD], &m->side[SIDE_GOROUTINE]);
}

/* How a unit is written: the largest step that leaves at least 1. */
struct step {
	const char *name;
	double size;
};

static struct step step_of(const char *unit, double value)
{
	static const struct step time[] = {
		{ "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 }
	};
	static const struct step bytes[] = {
		{ "GiB", 1u << 30 }, { "MiB", 1u << 20 }, { "KiB", 1u << 10 }, { "B", 1 }
	};
	const struct step *steps = !strcmp(unit, "ns") ? time : bytes;
	int i = 0;

	if (strcmp(unit, "ns") && strcmp(unit, "bytes"))
		return (struct step){ "", 1 };
	/* 999.6 ns are told as 1.00 us: as they are rounded, not as they are. */
	while (i < 3 && value < steps[i].size * 0.9995)
		i++;
	return steps[i];
}

/* Three significant digits, also where rounding makes them one more; whole ones in full. */
static int digits(double value)
{
	return value >= 99.95 || value == 0 ? 0 : value >= 9.995 ? 1 : 2;
}

/* Switches for one operation: next to none is still told from none. */
static int switch_digits(double value)
{
	return value && value < 0.1 ? 5 : 2;
}

char *text_count(char text[TEXT_SIZE], uint64_t value)
{
	char raw[24];
	int len = snprintf(raw, sizeof(raw), "%lu", value);
	char *to = text;

	for (int i = 0; i < len; i++) {
		if (i && !((len - i) % 3))
			*to++ = ',';
		*to++ = raw[i];
	}
	*to = '\0';
	return text;
}

char *text_value(char text[TEXT_SIZE], const char *unit, double value)
{
	struct step s = step_of(unit, value);

	if (!strcmp(unit, "count"))
		return text_count(text, value + 0.5);
	if (!strcmp(unit, "switches"))
		snprintf(text, TEXT_SIZE, "%.*f", switch_digits(value), value);
	else if (!strcmp(unit, "percent"))
		snprintf(text, TEXT_SIZE, "%.1f %%", value);
	else if (!strcmp(unit, "factor"))
		snprintf(text, TEXT_SIZE, "%.2fx", value);
	else
		snprintf(text, TEXT_SIZE, "%.*f %s", digits(value / s.size), value / s.size,
			 s.name);
	return text;
}

/* Least and most, in the median's step, so that the three can be compared by eye. */
char *text_spread(char text[TEXT_SIZE], const char *unit, const struct figure *f)
{
	struct step s = step_of(unit, f->median);
	int d = digits(f->median / s.size);
	char low[TEXT_SIZE], high[TEXT_SIZE];

	if (!strcmp(unit, "count")) {
		snprintf(text, TEXT_SIZE, "%.20s..%.20s", text_count(low, f->min + 0.5),
			 text_count(high, f->max + 0.5));
		return text;
	}
	if (!strcmp(unit, "switches"))
		d = switch_digits(f->median);
	if (!strcmp(unit, "percent"))
		d = 1;
	if (!strcmp(unit, "factor"))
		d = 2;
	snprintf(text, TEXT_SIZE, "%.*f..%.*f", d, f->min / s.size, d, f->max / s.size);
	return text;
}

char *text_ratio(char text[TEXT_SIZE], double ratio)
{
	char count[TEXT_SIZE];

	if (ratio >= 99.95)
		snprintf(text, TEXT_SIZE, "%.46sx", text_count(count, ratio + 0.5));
	else if (ratio >= 0.1)
		snprintf(text, TEXT_SIZE, "%.*fx", ratio >= 9.995 ? 1 : 2, ratio);
	else if (ratio >= 0.001 || ratio <= 0)
		snprintf(text, TEXT_SIZE, "%.4fx", ratio);
	else
		/* Next to nothing is still told from nothing. */
		snprintf(text, TEXT_SIZE, "%.2gx", ratio);
	return text;
}
