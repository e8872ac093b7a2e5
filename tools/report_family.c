// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_family.c - metrics whose names differ in a number only (alive_10_ns, alive_100_ns,
 * ...) are a line over that number. Pure.
 *
 * family_text[] knows what the number means; without an entry there the line is drawn all
 * the same. The speed-up is made of such a family, too: the time on one by the time on n.
 */
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "report_chart.h"

#define MAX_FAMILY 16

/* What the number in the names means, by experiment and what comes before it. */
static const struct family_text {
	const char *experiment, *prefix, *title, *x_label, *y_label;
} family_text[] = {
	{ "scale", "alive_", "Cost of each, as more are alive at once", "alive at once",
	  "time to make and park one" },
	{ "server", "rate_", "Requests a second", "connections", "requests a second" },
	{ "server", "p50_", "Latency: the median", "connections", "time for a request" },
	{ "server", "p99_", "Latency: 99 of 100 requests take at most", "connections",
	  "time for a request" },
	{ "server", "cpu_", "CPU time of the server for a request", "connections", "CPU time" },
	{ "server", "switches_", "Kernel switches for a request", "connections", "switches" },
	{ "server", "bytes_", "Memory for a connection", "connections", "memory" },
	{ "cancel", "stop_", "From the word \"stop\" to the end of the last one", "told to stop",
	  "time" },
	{ "gomaxprocs", "time_", "Time for all of the work", "CPUs (threads), Ps (goroutines)",
	  "time" },
	{ "channel", "takes_", "Values that are taken while nobody receives", "capacity",
	  "values" },
	{ "channel", "value_", "Cost of a value, by the capacity of the channel", "capacity",
	  "time for a value" },
};

/* Two metrics of one family; @x is the number. */
struct family {
	size_t metric[MAX_FAMILY];
	double x[MAX_FAMILY];
	size_t nr, prefix;
};

/* The number in a name that is a word of its own; where it begins and ends. */
static bool number_in(const char *name, size_t *begin, size_t *end)
{
	for (size_t i = 1; name[i]; i++) {
		size_t n = strspn(name + i, "0123456789");

		if (name[i - 1] != '_' || !n || n > 15 || (name[i + n] && name[i + n] != '_'))
			continue;
		*begin = i;
		*end = i + n;
		return true;
	}
	return false;
}

static bool same_family(const struct report_metric *a, const struct report_metric *b)
{
	size_t a_begin, a_end, b_begin, b_end;

	return number_in(a->name, &a_begin, &a_end) && number_in(b->name, &b_begin, &b_end) &&
	       a_begin == b_begin && !strncmp(a->name, b->name, a_begin) &&
	       !strcmp(a->name + a_end, b->name + b_end) && !strcmp(a->unit, b->unit);
}

/* In the order of their numbers. */
static void add_member(struct family *f, size_t metric, double x)
{
	size_t i = f->nr++;

	for (; i && f->x[i - 1] > x; i--) {
		f->x[i] = f->x[i - 1];
		f->metric[i] = f->metric[i - 1];
	}
	f->x[i] = x;
	f->metric[i] = metric;
}

/* The family that metric @i is the first of: at least @least of them; or none. */
static bool find_family(const struct report_experiment *e, size_t i, struct family *f)
{
	size_t begin, end, least = !strcmp(e->name, "gomaxprocs") ? 2 : 3;

	memset(f, 0, sizeof(*f));
	if (!number_in(e->metric[i].name, &begin, &end))
		return false;
	f->prefix = begin;
	for (size_t k = 0; k < e->nr_metrics && f->nr < MAX_FAMILY; k++) {
		if (!same_family(&e->metric[i], &e->metric[k]))
			continue;
		if (k < i)
			return false;
		add_member(f, k, strtod(e->metric[k].name + begin, NULL));
	}
	return f->nr >= least;
}

bool metric_in_family(const struct report_experiment *e, size_t i)
{
	struct family f;

	for (size_t k = 0; k <= i; k++) {
		if (same_family(&e->metric[k], &e->metric[i]) && find_family(e, k, &f))
			return true;
	}
	return false;
}

static const struct family_text *text_of_family(const struct report_experiment *e,
						const struct family *f)
{
	const char *name = e->metric[f->metric[0]].name;

	for (size_t i = 0; i < ARRAY_SIZE(family_text); i++) {
		const struct family_text *t = &family_text[i];

		if (!strcmp(t->experiment, e->name) && strlen(t->prefix) == f->prefix &&
		    !strncmp(t->prefix, name, f->prefix))
			return t;
	}
	return NULL;
}

/* A line for each column; of both results, where there are two. */
static void family_lines(struct charts *all, struct chart *c, const struct source *s,
			 const struct family *f, bool by_row)
{
	for (int before = !!s->before; before >= 0; before--) {
		const struct report_experiment *e = before ? s->before : s->e;

		for (size_t w = 0; w < e->nr_who; w++) {
			struct chart_series *line = NULL;

			for (size_t i = 0; i < f->nr; i++) {
				const struct report_metric *m;

				m = report_same_metric(e, &s->e->metric[f->metric[i]]);
				if (!m || !m->figure[w].measured)
					continue;
				if (!line)
					line = chart_add_series(c, chart_colour_of(e, w), before,
								"%.40s%s", e->who[w],
								chart_of_which(s, before));
				chart_add_point(all, line,
						chart_point_of(by_row ? i : f->x[i],
							       &m->figure[w]));
			}
		}
	}
}

/*
 * Where threads ended, and the name of the limit: the reasons have it, as "limit: NAME = " or
 * "because of NAME = ".
 */
static void mark_limit(struct chart *c, const struct report_experiment *e)
{
	static const char *const leads[] = { "limit: ", "because of " };
	const struct report_metric *most = NULL;
	const char *from = strstr(e->why, "threads: ");
	char why[512], name[40] = "a limit";

	for (size_t i = 0; i < e->nr_metrics; i++) {
		if (!strcmp(e->metric[i].name, "max_alive"))
			most = &e->metric[i];
	}
	if (!from || !most || e->thread < 0 || !most->figure[e->thread].measured)
		return;
	/* The reason of the threads, and not what is said of goroutines behind it. */
	snprintf(why, sizeof(why), "%.*s", (int)strcspn(from, ";"), from);
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++) {
		const char *at = strstr(why, leads[i]), *end = at ? strstr(at, " = ") : NULL;

		if (!end)
			continue;
		at += strlen(leads[i]);
		snprintf(name, sizeof(name), "%.*s", (int)(end - at), at);
		break;
	}
	c->mark[c->nr_marks].x = most->figure[e->thread].median;
	if (strstr(why, " s they were given"))
		snprintf(name, sizeof(name), "their time");
	snprintf(c->mark[c->nr_marks++].text, CHART_TEXT, "limit: %s", name);
}

/* The time on one by the time on n, beside what it would be at best. */
static void speed_up(struct charts *all, const struct source *s, const struct family *f)
{
	struct chart *c = chart_add(all, s, CHART_LINE, "speed-up",
				    "Speed-up: the time on one by the time on n");
	struct chart_series *best;

	if (!c)
		return;
	c->x_label = "CPUs (threads), Ps (goroutines)";
	c->y_label = "times as fast";
	c->y_unit = "factor";
	family_lines(all, c, s, f, false);
	for (size_t i = 0; i < c->nr_series; i++) {
		struct chart_series *line = &c->series[i];
		double one = line->nr ? line->point[0].y : 0;

		for (size_t k = 0; k < line->nr; k++) {
			struct chart_point *p = &line->point[k];

			*p = (struct chart_point){ p->x, p->y > 0 ? one / p->y : 0,
						   p->high > 0 ? one / p->high : 0,
						   p->low > 0 ? one / p->low : 0 };
		}
	}
	best = chart_add_series(c, COLOUR_INK, true, "as many times as CPUs");
	for (size_t i = 0; i < f->nr; i++)
		chart_add_point(all, best,
				(struct chart_point){ f->x[i], f->x[i], f->x[i], f->x[i] });
}

static void draw_family(struct charts *all, const struct source *s, const struct family *f)
{
	const struct report_metric *first = &s->e->metric[f->metric[0]];
	const struct family_text *t = text_of_family(s->e, f);
	bool by_row = f->x[0] <= 0;
	struct chart *c;
	char text[CHART_TEXT];

	if (!strcmp(s->e->name, "gomaxprocs"))
		speed_up(all, s, f);
	c = chart_add(all, s, CHART_LINE, first->name, t ? t->title : first->label);
	if (!c)
		return;
	c->x_label = t ? t->x_label : "number in the metric's name";
	c->y_label = t ? t->y_label : "";
	c->y_unit = first->unit;
	for (size_t i = 0; by_row && i < f->nr; i++) {
		snprintf(text, sizeof(text), "%g", f->x[i]);
		chart_add_row(all, c, text);
	}
	family_lines(all, c, s, f, by_row);
	c->x_log = !by_row && f->x[f->nr - 1] > LOG_FROM * f->x[0];
	c->y_log = chart_wants_log(c);
	if (!strcmp(s->e->name, "scale"))
		mark_limit(c, s->e);
	chart_drop_if_empty(all, c, 2);
}

void charts_of_families(struct charts *all, const struct source *s)
{
	struct family f;

	for (size_t i = 0; i < s->e->nr_metrics; i++) {
		if (find_family(s->e, i, &f))
			draw_family(all, s, &f);
	}
}
