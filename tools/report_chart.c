// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_chart.c - which pictures a result has. Pure: gnuplot comes after it.
 *
 * Pictures follow from the figures, not from a list of experiments, so that a new experiment
 * has them without a line here:
 *
 * - Metrics whose names differ in a number only (alive_10_ns, alive_100_ns, ...) are a line
 *   over that number.
 * - The others of one unit are dots, one row each, on one axis.
 * - Series are what they say: line, histogram, timeline.
 *
 * Besides there is the page's first picture: threads by goroutines in each experiment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "report_chart.h"

#define GREY		(COLOUR_INK - 1)

/* --------------------------------------------------------------- metrics of a unit */

static const struct unit_text {
	const char *unit, *title;
} unit_text[] = {
	{ "ns", "Times" },
	{ "bytes", "Memory" },
	{ "switches", "Kernel switches" },
	{ "percent", "Shares" },
};

/* Is what a label hangs on in another picture? */
static bool hangs_on_another_unit(const struct report_experiment *e, size_t i)
{
	size_t head = i;

	while (head && report_is_sub(&e->metric[head]))
		head--;
	return strcmp(e->metric[head].unit, e->metric[i].unit) || metric_in_family(e, head);
}

/*
 * A label for a row, with the one that it hangs on before it, where that isn't above it and
 * there is @room for both. Of "WHERE: WHAT" that is the first part.
 */
static const char *row_label(char text[CHART_TEXT], const struct report_experiment *e,
			     const struct report_metric *m, size_t room)
{
	const struct report_metric *head = m;
	const char *label = m->label + strspn(m->label, " "), *where;
	size_t len;

	while (head > e->metric && report_is_sub(head))
		head--;
	where = strstr(head->label, ": ");
	len = where ? (size_t)(where - head->label) : strlen(head->label);
	if (head == m || len + strlen(label) + 2 > room)
		snprintf(text, CHART_TEXT, "%.*s", CHART_TEXT - 1, label);
	else
		snprintf(text, CHART_TEXT, "%.*s: %.*s", (int)len, head->label, (int)room, label);
	return text;
}

/* A row for each metric, a dot for each column. */
static void draw_unit(struct charts *all, const struct source *s, const struct unit_text *u)
{
	struct chart *c = NULL;
	char text[CHART_TEXT];

	for (size_t i = 0; i < s->e->nr_metrics; i++) {
		const struct report_metric *m = &s->e->metric[i];

		if (strcmp(m->unit, u->unit) || metric_in_family(s->e, i))
			continue;
		if (!c)
			c = chart_add(all, s, CHART_DOTS, u->title, u->title);
		if (!c)
			return;
		chart_add_row(all, c,
			      hangs_on_another_unit(s->e, i) ? row_label(text, s->e, m, 54) :
							       m->label);
	}
	if (!c)
		return;
	c->y_unit = u->unit;
	for (size_t w = 0; w < s->e->nr_who; w++) {
		for (int before = !!s->before; before >= 0; before--) {
			const struct report_experiment *e = before ? s->before : s->e;
			int who = report_who(e, s->e->who[w]);
			struct chart_series *dots = NULL;
			size_t row = 0;

			for (size_t i = 0; who >= 0 && i < s->e->nr_metrics; i++) {
				const struct report_metric *m = &s->e->metric[i];

				if (strcmp(m->unit, u->unit) || metric_in_family(s->e, i))
					continue;
				m = report_same_metric(e, m);
				if (m && m->figure[who].measured) {
					if (!dots)
						dots = chart_add_series(c, chart_colour_of(s->e, w),
									before, "%.40s%s",
									s->e->who[w],
									chart_of_which(s, before));
					chart_add_point(all, dots,
							chart_point_of(row, &m->figure[who]));
				}
				row++;
			}
		}
	}
	c->y_log = strcmp(u->unit, "percent") && chart_wants_log(c);
	chart_drop_if_empty(all, c, 2);
}

/* ---------------------------------------------------------------------- series */

/* Whose a row of a series is: a line of its own in the picture. */
static struct chart_series *series_called(struct chart *c, const char *name, int colour)
{
	for (size_t i = 0; i < c->nr_series; i++) {
		if (!strncmp(c->series[i].name, name, CHART_TEXT - 1))
			return &c->series[i];
	}
	return chart_add_series(c, colour, false, "%.*s", CHART_TEXT - 1, name);
}

static size_t row_called(struct charts *all, struct chart *c, const char *name)
{
	for (size_t i = 0; i < c->nr_rows; i++) {
		if (!strncmp(c->row[i], name, CHART_TEXT - 1))
			return i;
	}
	chart_add_row(all, c, name);
	return c->nr_rows - 1;
}

/*
 * The same colour for the same task in each picture: by what its name ends in, a letter or a
 * number; others are grey. Boxes have no symbols, so first come those that differ for who sees
 * no red and green, too.
 */
static int colour_of_task(const char *name)
{
	static const int colours[GREY] = { COLOUR_THREAD,   COLOUR_GOROUTINE, COLOUR_PEER + 1,
					   COLOUR_PEER + 2, COLOUR_PROCESS,   COLOUR_PEER };
	size_t end = strlen(name), begin = end;

	while (begin && name[begin - 1] >= '0' && name[begin - 1] <= '9')
		begin--;
	if (begin < end)
		return colours[strtoul(name + begin, NULL, 10) % GREY];
	if (end && name[end - 1] >= 'A' && name[end - 1] <= 'Z')
		return colours[(name[end - 1] - 'A') % GREY];
	return GREY;
}

static int by_name(const void *a, const void *b)
{
	const struct chart_series *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void draw_timeline(struct charts *all, struct chart *c, const struct report_series *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		const struct report_row *r = &s->row[i];
		struct chart_point p = { row_called(all, c, r->of), 0, r->x, r->y };
		const char *what = r->what[0] ? r->what : r->of;

		chart_add_point(all, series_called(c, what, colour_of_task(what)), p);
	}
	qsort(c->series, c->nr_series, sizeof(*c->series), by_name);
}

/* Counts become shares, so that sides with more and fewer of them can be compared. */
static void to_shares(struct chart *c)
{
	for (size_t i = 0; i < c->nr_series; i++) {
		double sum = 0;

		for (size_t k = 0; k < c->series[i].nr; k++)
			sum += c->series[i].point[k].y;
		for (size_t k = 0; sum && k < c->series[i].nr; k++)
			c->series[i].point[k].y *= 100 / sum;
	}
	c->y_unit = "percent";
	c->y_label = "share";
}

static void draw_points(struct charts *all, struct chart *c, const struct source *s,
			const struct report_series *from)
{
	double least = 0, most = 0;

	for (size_t i = 0; i < from->nr; i++) {
		const struct report_row *r = &from->row[i];
		int who = report_who(s->e, r->of);
		struct chart_point p = { r->x, r->y, r->y, r->y };

		chart_add_point(all,
				series_called(c, r->of,
					      who < 0 ? COLOUR_INK : chart_colour_of(s->e, who)),
				p);
		least = i && least < r->x ? least : r->x;
		most = most > r->x ? most : r->x;
	}
	c->x_log = least > 0 && most > LOG_FROM * least;
	if (from->kind == REPORT_HISTOGRAM)
		to_shares(c);
	else
		c->y_log = chart_wants_log(c);
}

static void draw_series(struct charts *all, const struct source *s,
			const struct report_series *from)
{
	static const enum chart_kind kinds[] = { [REPORT_LINE] = CHART_LINE,
						 [REPORT_HISTOGRAM] = CHART_HISTOGRAM,
						 [REPORT_TIMELINE] = CHART_TIMELINE };
	struct chart *c = chart_add(all, s, kinds[from->kind], from->title, from->title);

	if (!c)
		return;
	c->x_unit = from->unit_x;
	c->y_unit = from->unit_y;
	if (from->kind == REPORT_TIMELINE)
		draw_timeline(all, c, from);
	else
		draw_points(all, c, s, from);
	chart_drop_if_empty(all, c, 1);
}

/* -------------------------------------------------------------------- the page's */

/* The first metric that both sides have, and that costs something. */
static const struct report_metric *main_metric(const struct report_experiment *e)
{
	for (size_t i = 0; e->thread >= 0 && e->goroutine >= 0 && i < e->nr_metrics; i++) {
		const struct report_metric *m = &e->metric[i];
		const struct figure *t = &m->figure[e->thread], *g = &m->figure[e->goroutine];

		if (t->measured && g->measured && t->median > 0 && g->median > 0 &&
		    (!strcmp(m->unit, "ns") || !strcmp(m->unit, "bytes")))
			return m;
	}
	return NULL;
}

/* "EXPERIMENT: LABEL" */
static void whole_label(char text[CHART_TEXT], const struct report_experiment *e,
			const struct report_metric *m)
{
	char label[CHART_TEXT];

	snprintf(text, CHART_TEXT, "%.14s: %.40s", e->name, row_label(label, e, m, 38));
}

static void add_ratio(struct charts *all, struct chart_series *s, size_t row,
		      const struct report_experiment *e, const struct report_metric *m)
{
	const struct figure *t, *g;

	if (!m || e->thread < 0 || e->goroutine < 0)
		return;
	t = &m->figure[e->thread];
	g = &m->figure[e->goroutine];
	if (!t->measured || !g->measured || g->min <= 0)
		return;
	chart_add_point(all, s,
			(struct chart_point){ row, t->median / g->median, t->min / g->max,
					      t->max / g->min });
}

/* What threads cost by what goroutines cost, a row for each experiment. */
static void draw_overview(struct charts *all, const struct report_result *before,
			  const struct report_result *r)
{
	struct chart *c = chart_add(all, NULL, CHART_DOTS, "overview",
				    "What a thread costs, by what a goroutine costs");
	struct chart_series *was, *is;
	char text[CHART_TEXT];
	size_t row = 0;

	if (!c)
		return;
	was = before ? chart_add_series(c, COLOUR_GOROUTINE, true, "before") : NULL;
	is = chart_add_series(c, COLOUR_GOROUTINE, false, "%s",
			      before ? "after" : "thread / goroutine");
	for (size_t i = 0; i < r->nr; i++) {
		const struct report_experiment *e = &r->experiment[i], *o;
		const struct report_metric *m = main_metric(e);

		if (!m)
			continue;
		whole_label(text, e, m);
		chart_add_row(all, c, text);
		o = report_same_experiment(before, r, i);
		if (o)
			add_ratio(all, was, row, o, report_same_metric(o, m));
		add_ratio(all, is, row++, e, m);
	}
	c->y_unit = "ratio";
	c->y_log = true;
	c->mark[c->nr_marks++].x = 1;
	chart_drop_if_empty(all, c, 1);
}

int charts_make(struct charts *c, const struct report_result *before, const struct report_result *r)
{
	memset(c, 0, sizeof(*c));
	draw_overview(c, before, r);
	for (size_t i = 0; i < r->nr; i++) {
		struct source s = { i, &r->experiment[i], report_same_experiment(before, r, i) };

		charts_of_families(c, &s);
		for (size_t u = 0; u < ARRAY_SIZE(unit_text); u++)
			draw_unit(c, &s, &unit_text[u]);
		for (size_t k = 0; k < s.e->nr_series; k++)
			draw_series(c, &s, &s.e->series[k]);
	}
	return c->incomplete ? -ENOMEM : 0;
}

void charts_free(struct charts *c)
{
	for (size_t i = 0; i < c->nr; i++) {
		struct chart *chart = &c->chart[i];

		for (size_t k = 0; k < chart->nr_series; k++)
			free(chart->series[k].point);
		free(chart->row);
		free(chart->svg);
	}
	free(c->chart);
	memset(c, 0, sizeof(*c));
}
