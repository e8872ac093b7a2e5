// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_pieces.c - what pictures are put together from. Pure.
 *
 * Where memory ends, charts->incomplete says so in the end; nobody asks before.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "report_chart.h"

/* More than this are a picture for nobody; and each is a file that gnuplot has open. */
#define MAX_CHARTS 200

/* Letters, digits and "-" of a name; files of a page are called so. */
static void slug(char *to, size_t room, const char *from)
{
	size_t len = 0;

	for (; *from && len + 1 < room; from++) {
		if (isalnum((unsigned char)*from))
			to[len++] = tolower((unsigned char)*from);
		else if (len && to[len - 1] != '-')
			to[len++] = '-';
	}
	while (len && to[len - 1] == '-')
		len--;
	to[len] = '\0';
}

static bool slug_is_taken(const struct charts *c, const char *name)
{
	for (size_t i = 0; i < c->nr; i++) {
		if (!strcmp(c->chart[i].slug, name))
			return true;
	}
	return false;
}

struct chart *chart_add(struct charts *c, const struct source *s, enum chart_kind kind,
			const char *name, const char *title)
{
	char full[2 * CHART_TEXT], base[CHART_TEXT - 8];
	struct chart *more, *made;

	if (c->nr == MAX_CHARTS)
		return NULL;
	more = reallocarray(c->chart, c->nr + 1, sizeof(*more));
	if (!more) {
		c->incomplete = true;
		return NULL;
	}
	c->chart = more;
	made = &more[c->nr];
	memset(made, 0, sizeof(*made));
	snprintf(full, sizeof(full), "%.60s-%.60s", s ? s->e->name : "", name);
	slug(base, sizeof(base), full);
	snprintf(made->slug, sizeof(made->slug), "%s", base[0] ? base : "picture");
	for (int i = 2; slug_is_taken(c, made->slug); i++)
		snprintf(made->slug, sizeof(made->slug), "%s-%d", base, i);
	snprintf(made->title, sizeof(made->title), "%.*s", (int)sizeof(made->title) - 1, title);
	made->of = s ? s->of : -1;
	made->kind = kind;
	made->x_label = "";
	made->y_label = "";
	made->x_unit = "count";
	made->y_unit = "count";
	c->nr++;
	return made;
}

struct chart_series *chart_add_series(struct chart *c, int colour, bool dashed, const char *fmt,
				      ...)
{
	struct chart_series *s;
	va_list ap;

	if (c->nr_series == CHART_MAX_SERIES)
		return NULL;
	s = &c->series[c->nr_series++];
	s->colour = colour;
	s->dashed = dashed;
	va_start(ap, fmt);
	vsnprintf(s->name, sizeof(s->name), fmt, ap);
	va_end(ap);
	return s;
}

void chart_add_point(struct charts *all, struct chart_series *s, struct chart_point p)
{
	struct chart_point *more = NULL;

	if (!s)
		return;
	/* Twice as many each time that a power of two is full. */
	if (!(s->nr & (s->nr - 1))) {
		more = reallocarray(s->point, s->nr ? 2 * s->nr : 1, sizeof(*more));
		if (!more) {
			all->incomplete = true;
			return;
		}
		s->point = more;
	}
	s->point[s->nr++] = p;
}

void chart_add_row(struct charts *all, struct chart *c, const char *text)
{
	char(*more)[CHART_TEXT] = reallocarray(c->row, c->nr_rows + 1, sizeof(*more));

	if (!more) {
		all->incomplete = true;
		return;
	}
	c->row = more;
	snprintf(more[c->nr_rows++], CHART_TEXT, "%.*s", CHART_TEXT - 1, text);
}

/* LANGUAGES: it is none. */
static size_t language_called(const char *name)
{
	size_t l = 0;

	while (l < LANGUAGES && strcmp(name, language_name[l]))
		l++;
	return l;
}

/* A language has the same in each picture; whoever else measured has what is left. */
int chart_colour_of(const struct report_experiment *e, size_t who)
{
	bool taken[LANGUAGES] = { false };
	size_t others = 0;

	if (!strcmp(e->who[who], "thread"))
		return COLOUR_THREAD;
	if (!strcmp(e->who[who], "goroutine"))
		return COLOUR_GOROUTINE;
	if (who < e->nr_sides)
		return COLOUR_PROCESS;
	for (size_t w = e->nr_sides; w < e->nr_who; w++) {
		size_t l = language_called(e->who[w]);

		if (l < LANGUAGES)
			taken[l] = true;
		else if (w < who)
			others++;
	}
	if (language_called(e->who[who]) < LANGUAGES)
		return COLOUR_PEER + language_called(e->who[who]);
	for (size_t l = 0; l < LANGUAGES; l++) {
		if (!taken[l] && !others--)
			return COLOUR_PEER + l;
	}
	return COLOUR_PEER + who % LANGUAGES;
}

const char *chart_of_which(const struct source *s, bool before)
{
	return !s->before ? "" : before ? ", before" : ", after";
}

struct chart_point chart_point_of(double x, const struct figure *f)
{
	return (struct chart_point){ x, f->median, f->min, f->max };
}

bool chart_wants_log(const struct chart *c)
{
	double least = 0, most = 0;

	for (size_t i = 0; i < c->nr_series; i++) {
		for (size_t k = 0; k < c->series[i].nr; k++) {
			double y = c->series[i].point[k].y;

			if (y <= 0 && c->kind != CHART_DOTS)
				return false;
			if (y > 0 && (!least || y < least))
				least = y;
			if (y > most)
				most = y;
		}
	}
	return least && most > LOG_FROM * least;
}

void chart_drop_if_empty(struct charts *all, struct chart *c, size_t least)
{
	size_t points = 0;

	for (size_t i = 0; i < c->nr_series; i++)
		points += c->series[i].nr;
	if (points >= least)
		return;
	for (size_t i = 0; i < c->nr_series; i++)
		free(c->series[i].point);
	free(c->row);
	all->nr--;
}
