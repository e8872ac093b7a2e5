// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_axis.c - axes of pictures. Pure.
 *
 * Not left to gnuplot: it would write 10^6 ns where people read 1 ms, and knows of no bytes
 * in powers of two.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report_axis.h"

static const double steps_of_ten[] = { 1, 2, 5, 10 };
static const double steps_of_log[] = { 1, 3 };
static const double steps_of_two[] = { 1, 2, 4, 8, 16 };

void axis_include(struct axis *a, double value)
{
	if (!isfinite(value) || (a->log && value <= 0))
		return;
	if (!a->any || value < a->least)
		a->least = value;
	if (!a->any || value > a->most)
		a->most = value;
	a->any = true;
}

static void add_tic(struct axis *a, double value)
{
	double slack = 1e-9 * (a->to - a->from);

	if (a->nr < AXIS_MAX_TICS && value >= a->from - slack && value <= a->to + slack)
		a->tic[a->nr++] = value;
}

static bool is_bytes(const struct axis *a)
{
	return !strcmp(a->unit, "bytes");
}

/* Powers of ten, of bytes of 16 or 4; where these are too few, steps between them. */
static void log_tics(struct axis *a, size_t tics)
{
	double base = is_bytes(a) ? 4 : 10, decades = log(a->to / a->from) / log(base);
	double skip = ceil(decades / tics);
	const double *steps = steps_of_two;
	size_t nr_steps = decades >= 2.5 ? 1 : 2;
	double first = floor(log(a->from) / log(base) + 1e-9);

	if (!is_bytes(a)) {
		steps = decades >= 1.2 ? steps_of_log : steps_of_ten;
		nr_steps += decades < 1.2;
	}
	/* Times and counts read well at every third power. */
	if (skip == 2 && !is_bytes(a) && decades > 2 * tics)
		skip = 3;
	for (double k = first; k <= first + decades + 1; k++) {
		if (fmod(fabs(k), skip) != 0)
			continue;
		for (size_t i = 0; i < nr_steps; i++)
			add_tic(a, pow(base, k) * steps[i]);
	}
}

static void linear_tics(struct axis *a, size_t tics)
{
	double range = a->to - a->from, size = 1, step;
	const double *steps = is_bytes(a) ? steps_of_two : steps_of_ten;
	double base = is_bytes(a) ? 16 : 10;

	step = range / tics;
	while (size > step)
		size /= base;
	while (size * base <= step)
		size *= base;
	while (size * *steps < step)
		steps++;
	size *= *steps;
	for (double at = ceil(a->from / size - 1e-9) * size; at <= a->to * (1 + 1e-9); at += size)
		add_tic(a, fabs(at) < size / 1e6 ? 0 : at);
}

void axis_finish(struct axis *a, bool zero, size_t tics)
{
	if (!a->any) {
		a->least = 1;
		a->most = 1;
	}
	a->nr = 0;
	if (a->log) {
		a->from = a->least / 1.4;
		a->to = a->most * 1.4;
		/* Less than a decade says little, and has no room for tics. */
		if (a->to < 8 * a->from) {
			a->from /= 2;
			a->to *= 2;
		}
		log_tics(a, tics);
		return;
	}
	a->from = zero ? 0 : a->least - 0.05 * (a->most - a->least);
	a->to = a->most + 0.05 * (a->most - a->from);
	if (a->to <= a->from)
		a->to = a->from + 1;
	linear_tics(a, tics);
}

struct scale {
	const char *name;
	double size;
};

static const struct scale times[] = { { " s", 1e9 }, { " ms", 1e6 }, { " us", 1e3 }, { " ns", 1 } };
static const struct scale bytes[] = { { " TiB", 0x1p40 },
				      { " GiB", 0x1p30 },
				      { " MiB", 0x1p20 },
				      { " KiB", 0x1p10 },
				      { " B", 1 } };
static const struct scale counts[] = { { "G", 1e9 }, { "M", 1e6 }, { "k", 1e3 }, { "", 1 } };

char *axis_text(char text[TEXT_SIZE], const struct axis *a, double value)
{
	const struct scale *s = is_bytes(a) ? bytes : !strcmp(a->unit, "ns") ? times : counts;
	/* Of a linear axis all tics are in one scale, that of its end. */
	double by = a->log ? value : a->to;

	if (!strcmp(a->unit, "ratio") || !strcmp(a->unit, "factor")) {
		if (value >= 1000)
			return strcat(text_count(text, value + 0.5), "x");
		snprintf(text, TEXT_SIZE, "%gx", value);
		return text;
	}
	if (!strcmp(a->unit, "percent")) {
		snprintf(text, TEXT_SIZE, "%g %%", value);
		return text;
	}
	while (s->size > 1 && by < s->size * (1 - 1e-9))
		s++;
	snprintf(text, TEXT_SIZE, "%.4g%s", value / s->size, value || !a->log ? s->name : "");
	if (value == 0)
		snprintf(text, TEXT_SIZE, "0");
	return text;
}
