// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_svg.c - gnuplot's SVG, made fit for a page.
 *
 * Gnuplot draws for white paper and for a page of its own: colours are numbers, ids are the
 * same in each picture, and the head names its maker. Here colours are written as those of
 * chart_colour[], which rules can find ([stroke="#d55e00"]) and change on a dark ground, and
 * which stand there anyway for whoever knows no rules; ids get the picture's name before
 * them. Only tags are changed, never the text between them.
 *
 * Rejected: var(--thread) in place of colours, which Inkscape and librsvg draw black.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "report.h"

/* Okabe and Ito's; what is too dark on a dark ground has another of theirs there. */
const char *const chart_colour[COLOUR_NR] = {
	[COLOUR_THREAD] = "#d55e00",   [COLOUR_GOROUTINE] = "#0072b2",
	[COLOUR_PROCESS] = "#cc79a7",  [COLOUR_PEER] = "#009e73",
	[COLOUR_PEER + 1] = "#e69f00", [COLOUR_PEER + 2] = "#56b4e9",
	[COLOUR_PEER + 3] = "#777777", [COLOUR_INK] = "#222222",
	[COLOUR_GRID] = "#d8d8d8",
};

const char *const chart_dark[COLOUR_NR] = {
	[COLOUR_THREAD] = "#f08030",   [COLOUR_GOROUTINE] = "#56b4e9",
	[COLOUR_PROCESS] = "#e29cc4",  [COLOUR_PEER] = "#1fbf92",
	[COLOUR_PEER + 1] = "#e6b800", [COLOUR_PEER + 2] = "#fff6c2",
	[COLOUR_PEER + 3] = "#a8a8a8", [COLOUR_INK] = "#e4e6ea",
	[COLOUR_GRID] = "#3a3f47",
};

void svg_dark_rules(FILE *to)
{
	static const char *const attributes[] = { "stroke", "fill", "color" };

	for (size_t c = 0; c < COLOUR_NR; c++) {
		for (size_t a = 0; a < ARRAY_SIZE(attributes); a++)
			fprintf(to, "svg [%s=\"%s\"]{%s:%s}\n", attributes[a], chart_colour[c],
				attributes[a], chart_dark[c]);
	}
}

/* "rgb( 34,  34, 34)" at @from as "#222222"; gnuplot's own names for black. Return: its length. */
static size_t put_colour(FILE *to, const char *from)
{
	unsigned int r, g, b;
	int len = 0;

	if (sscanf(from, "rgb(%u ,%u ,%u )%n", &r, &g, &b, &len) == 3 && len) {
		fprintf(to, "#%02x%02x%02x", r & 255, g & 255, b & 255);
		return len;
	}
	return 0;
}

/* Does an id begin at @from, or what leads to one? */
static bool is_id(const char *from, const char *begin)
{
	static const char *const before[] = { " id=\"", " id='", "href=\"#", "href='#", "url(#" };

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		size_t len = strlen(before[i]);

		if ((size_t)(from - begin) >= len && !strncmp(from - len, before[i], len))
			return true;
	}
	return false;
}

/* What is between the outer <svg ...> and </svg>, without gnuplot's <title> and <desc>. */
static void put_inside(FILE *to, const struct chart *c, const char *from, const char *end)
{
	const char *begin = from;
	bool tag = false;

	while (from < end) {
		size_t len = 0;

		/* Names of gnuplot's own, which would show up under the pointer. */
		if (!strncmp(from, "<title>", 7) && strstr(from, "</title>")) {
			from = strstr(from, "</title>") + 8;
			continue;
		}
		if (*from == '<')
			tag = true;
		else if (*from == '>')
			tag = false;
		if (tag && (from[0] == '\'' || from[0] == '"')) {
			putc('"', to);
			from++;
			continue;
		}
		if (tag && is_id(from, begin))
			fprintf(to, "%s-", c->slug);
		if (tag && !strncmp(from, "xlink:href", 10)) {
			fputs("href", to);
			len = 10;
		} else if (tag && *from == 'r') {
			len = put_colour(to, from);
		}
		if (!len)
			putc(from[len++], to);
		from += len;
	}
}

/* Skip <title>...</title> and <desc>...</desc>, which come first. */
static const char *skip_head(const char *from)
{
	static const char *const heads[][2] = { { "<title>", "</title>" },
						{ "<desc>", "</desc>" } };

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		const char *end;

		while (isspace((unsigned char)*from))
			from++;
		if (strncmp(from, heads[i][0], strlen(heads[i][0])))
			continue;
		end = strstr(from, heads[i][1]);
		if (end)
			from = end + strlen(heads[i][1]);
	}
	return from;
}

bool svg_from_gnuplot(struct chart *c, const char *text)
{
	const char *head = strstr(text, "<svg"), *box = head ? strstr(head, "viewBox=") : NULL;
	const char *inside = head ? strchr(head, '>') : NULL, *end = NULL;
	size_t len;
	FILE *to;

	for (const char *at = inside; at; at = strstr(at + 1, "</svg>"))
		end = at;
	if (!box || end == inside || sscanf(box + 9, "0 0 %u %u", &c->width, &c->height) != 2)
		return false;
	to = open_memstream(&c->svg, &len);
	if (!to)
		return false;
	put_inside(to, c, skip_head(inside + 1), end);
	if (!fclose(to))
		return true;
	free(c->svg);
	c->svg = NULL;
	return false;
}

void svg_put(FILE *to, const struct chart *c, bool alone)
{
	if (alone)
		fputs(REPORT_MARK "\n", to);
	fprintf(to,
		"<svg %sviewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\" role=\"img\">\n<title>",
		alone ? "xmlns=\"http://www.w3.org/2000/svg\" " : "", c->width, c->height, c->width,
		c->height);
	html_text(to, c->title);
	fputs("</title>\n", to);
	if (alone) {
		fputs("<style>\nsvg{background:#fff}\n"
		      "@media screen and (prefers-color-scheme: dark) {\nsvg{background:#16191e}\n",
		      to);
		svg_dark_rules(to);
		fputs("}\n</style>\n", to);
	}
	fputs(c->svg, to);
	fputs("</svg>\n", to);
}
