// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeline_svg.c - timelines as SVG: a band for each track, a box for each slice.
 *
 * Colours are those of Okabe and Ito, which also those tell apart who don't see red and green;
 * the letter of a task is in its boxes where there is room. Text and lines are dark on a light
 * page and light on a dark one.
 */
#include <errno.h>
#include <string.h>

#include "timeline.h"

#define WIDTH		900
#define LEFT		90
#define RIGHT		20
#define BAND		26
#define TITLE		34
#define AXIS		40
#define LEGEND		34
#define MAX_TRACKS	64
#define MAX_WHATS	32
#define LETTER_ROOM	10	/* from this width on there is room for it */

static const char *const colours[] = { "#e69f00", "#56b4e9", "#009e73", "#f0e442",
				       "#0072b2", "#d55e00", "#cc79a7", "#999999" };

/**
 * struct names - that are found, in the order of their appearance
 * @name: they
 * @n: how many
 * @max: how many can be
 */
struct names {
	const char *name[MAX_TRACKS];
	int n, max;
};

/* Its number; -1: there is no room for it. */
static int number_of(struct names *names, const char *name)
{
	int i = 0;

	while (i < names->n && strcmp(names->name[i], name))
		i++;
	if (i == names->n && names->n < names->max)
		names->name[names->n++] = name;
	return i < names->n ? i : -1;
}

static void sort(struct names *names)
{
	for (int i = 1; i < names->n; i++) {
		for (int k = i; k && strcmp(names->name[k - 1], names->name[k]) > 0; k--) {
			const char *name = names->name[k];

			names->name[k] = names->name[k - 1];
			names->name[k - 1] = name;
		}
	}
}

static void find_names(const struct series *s, struct names *tracks, struct names *whats,
		       double *last)
{
	*tracks = (struct names){ .max = MAX_TRACKS };
	*last = 1;
	for (size_t i = 0; i < s->nr; i++) {
		number_of(tracks, s->row[i].of);
		number_of(whats, s->row[i].what);
		if (s->row[i].y > *last)
			*last = s->row[i].y;
	}
	sort(tracks);
}

static void put_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", to);
		else if (*text == '>')
			fputs("&gt;", to);
		else if (*text == '&')
			fputs("&amp;", to);
		else if (*text >= ' ' && *text < 127)
			putc(*text, to);
		else
			putc('?', to);
	}
}

static void put_label(FILE *to, double x, double y, const char *anchor, const char *text)
{
	fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	put_text(to, text);
	fputs("</text>\n", to);
}

static void put_box(FILE *to, const struct series_row *r, int what, double y, double scale)
{
	double x = LEFT + r->x * scale, width = (r->y - r->x) * scale;
	const char *letter = strncmp(r->what, "task ", 5) ? r->what : r->what + 5;

	/* What is there can be seen, however short it is. */
	fprintf(to, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" fill=\"%s\"><title>",
		x, y, width > 0.3 ? width : 0.3, BAND - 6, colours[what % 8]);
	put_text(to, r->what);
	fprintf(to, ": %.3f to %.3f ms</title></rect>\n", r->x / 1e6, r->y / 1e6);
	if (width >= LETTER_ROOM)
		fprintf(to, "<text class=\"in\" x=\"%.2f\" y=\"%.1f\" text-anchor=\"middle\">%c</text>\n",
			x + width / 2, y + BAND - 11, letter[0]);
}

/* A step of 1, 2 or 5 and zeroes, five to ten of which make @last. */
static double step_of(double last)
{
	double step = 1;

	while (last / step > 50)
		step *= 10;
	if (last / step > 25)
		return 5 * step;
	return last / step > 10 ? 2 * step : step;
}

static void put_axis(FILE *to, double y, double last, double scale)
{
	double step = step_of(last);
	char text[32];

	for (double t = 0; t <= last * 1.0001; t += step) {
		snprintf(text, sizeof(text), "%g", t / 1e6);
		fprintf(to, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
			LEFT + t * scale, y, LEFT + t * scale, y + 5);
		put_label(to, LEFT + t * scale, y + 18, "middle", text);
	}
	fprintf(to, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n", LEFT, y, WIDTH - RIGHT,
		y);
	put_label(to, LEFT - 8, y + 18, "end", "ms");
}

static double height_of(const struct series *s)
{
	struct names tracks, whats = { .max = MAX_WHATS };
	double last;

	find_names(s, &tracks, &whats, &last);
	return TITLE + BAND * tracks.n + AXIS;
}

/* Return: its height. */
static double put_timeline(FILE *to, const struct series *s, struct names *whats, double y)
{
	struct names tracks;
	double last, scale;

	find_names(s, &tracks, whats, &last);
	scale = (WIDTH - LEFT - RIGHT) / last;
	put_label(to, LEFT, y + 22, "start", s->title);
	y += TITLE;
	for (int i = 0; i < tracks.n; i++)
		put_label(to, LEFT - 8, y + BAND * i + BAND - 11, "end", tracks.name[i]);
	for (size_t i = 0; i < s->nr; i++) {
		int track = number_of(&tracks, s->row[i].of);

		if (track >= 0)
			put_box(to, &s->row[i], number_of(whats, s->row[i].what) + 8,
				y + BAND * track, scale);
	}
	put_axis(to, y + BAND * tracks.n, last, scale);
	return TITLE + BAND * tracks.n + AXIS;
}

static void put_legend(FILE *to, const struct names *whats, double y)
{
	double x = LEFT;

	for (int i = 0; i < whats->n && x < WIDTH - 60; i++) {
		fprintf(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"14\" fill=\"%s\"/>\n",
			x, y, colours[(i + 8) % 8]);
		put_label(to, x + 20, y + 12, "start", whats->name[i]);
		x += 40 + 8 * strlen(whats->name[i]);
	}
}

static void put_head(FILE *to, double height)
{
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" "
		"width=\"%d\" height=\"%.0f\" role=\"img\">\n",
		WIDTH, height, WIDTH, height);
	fputs("<title>Timelines</title>\n<style>\n"
	      "text { font: 13px sans-serif; fill: #222 }\n"
	      "text.in { font-size: 11px; fill: #000 }\n"
	      "line { stroke: #777 }\n"
	      "@media (prefers-color-scheme: dark) {\n"
	      "\ttext { fill: #ddd }\n\ttext.in { fill: #000 }\n\tline { stroke: #999 }\n}\n"
	      "</style>\n",
	      to);
}

int timeline_svg(const struct result *results, size_t n, FILE *to)
{
	struct names whats = { .max = MAX_WHATS };
	double height = LEGEND, y = 0;
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < results[i].nr_series; k++) {
			if (results[i].series[k].kind != SERIES_TIMELINE)
				continue;
			height += height_of(&results[i].series[k]);
			found++;
		}
	}
	if (!found)
		return 0;
	put_head(to, height);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < results[i].nr_series; k++) {
			if (results[i].series[k].kind == SERIES_TIMELINE)
				y += put_timeline(to, &results[i].series[k], &whats, y);
		}
	}
	put_legend(to, &whats, y);
	fputs("</svg>\n", to);
	return ferror(to) ? errno ? -errno : -EIO : found;
}
