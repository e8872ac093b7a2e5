// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_html.c - the page of `gvt report`.
 *
 * One file that needs nothing else, and no script: a reader without them, or a printer, has
 * all of it. Everything that comes from a result goes through html_text(). A browser is told
 * besides (Content-Security-Policy) to fetch and run nothing, whatever stands in it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "report.h"
#include "report_html.h"

void html_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		switch (c) {
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '&':
			fputs("&amp;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		case '\'':
			fputs("&#39;", to);
			break;
		case '\n':
		case '\t':
			putc(c, to);
			break;
		default:
			/* Controls are no characters of a page. */
			if (c < ' ' || c == 127)
				fputs("&#xfffd;", to);
			else
				putc(c, to);
		}
	}
}

/* <tag>text</tag> */
static void element(FILE *to, const char *tag, const char *text)
{
	fprintf(to, "<%s>", tag);
	html_text(to, text);
	fprintf(to, "</%.*s>", (int)strcspn(tag, " "), tag);
}

/* --------------------------------------------------------------------- verdicts */

static const struct {
	const char *css, *sign;
} verdict_look[] = {
	[VERDICT_HOLDS] = { "holds", "&#10003;" },
	[VERDICT_FAILS] = { "fails", "&#10007;" },
	[VERDICT_NOT_MEASURED] = { "none", "&#8211;" },
};

static void put_verdict(FILE *to, enum verdict v)
{
	fprintf(to, "<span class=\"verdict %s\">%s %s</span>", verdict_look[v].css,
		verdict_look[v].sign, verdict_name[v]);
}

/* A line for each reason; they are separated by "; ". */
static void put_why(FILE *to, const char *why)
{
	fputs("<ul class=\"why\">", to);
	while (*why) {
		const char *end = strstr(why, "; ");
		size_t len = end ? (size_t)(end - why) : strlen(why);
		char *reason = strndup(why, len);

		if (reason)
			element(to, "li", reason);
		free(reason);
		why += len + (end ? 2 : 0);
	}
	fputs("</ul>", to);
}

static void put_claims(FILE *to, const struct report_result *before, const struct report_result *r)
{
	fputs("<section id=\"claims\"><h2>Claims and verdicts</h2>\n<table class=\"claims\"><thead>"
	      "<tr><th>Experiment</th><th>Claim</th>",
	      to);
	fputs(before ? "<th>Before</th><th>After</th>" : "<th>Verdict</th>", to);
	fputs("<th>Why</th></tr></thead><tbody>\n", to);
	for (size_t i = 0; i < r->nr; i++) {
		const struct report_experiment *e = &r->experiment[i];
		const struct report_experiment *o = report_same_experiment(before, r, i);

		fprintf(to, "<tr><th scope=\"row\"><a href=\"#e%zu\">", i + 1);
		html_text(to, e->name);
		fputs("</a></th>", to);
		element(to, "td", e->claim);
		if (o) {
			fputs("<td>", to);
			put_verdict(to, o->verdict);
			fputs("</td>", to);
		} else if (before) {
			fputs("<td class=\"soft\">not in it</td>", to);
		}
		fputs("<td>", to);
		put_verdict(to, e->verdict);
		fputs("</td><td>", to);
		put_why(to, e->why);
		fputs("</td></tr>\n", to);
	}
	fputs("</tbody></table>\n", to);
	for (size_t i = 0; before && i < before->nr; i++) {
		if (report_same_experiment(r, before, i))
			continue;
		fputs("<p class=\"soft\">Only in the first result, and not shown: ", to);
		html_text(to, before->experiment[i].name);
		fputs("</p>\n", to);
	}
	fputs("</section>\n", to);
}

/* ------------------------------------------------------------------------- head */

/* A scalar of the file as text. */
static const char *scalar(struct json_object *value)
{
	const char *text = value ? json_object_get_string(value) : "";

	return text ? text : "";
}

static const struct {
	const char *key, *label;
} host_labels[] = {
	{ "kernel", "Linux" },	    { "cpus", "CPUs" },	     { "virtual", "virtual machine" },
	{ "counters", "counters" }, { "counters_note", "" },
};

/* What the result says of its machine, also what this gvt has no name for. */
static void put_host(FILE *to, const struct report_result *r)
{
	fputs("<dl><dt>file</dt>", to);
	element(to, "dd", r->file);
	json_object_object_foreach(r->host, key, value) {
		const char *label = key;

		for (size_t i = 0; i < ARRAY_SIZE(host_labels); i++) {
			if (!strcmp(key, host_labels[i].key))
				label = host_labels[i].label;
		}
		if (!scalar(value)[0])
			continue;
		element(to, "dt", label);
		element(to, "dd", scalar(value));
	}
	fputs("</dl>\n", to);
	if (!strcmp(scalar(json_object_object_get(r->host, "virtual")), "tcg"))
		fputs("<p class=\"warn\">This machine is emulated: counts are exact, times are "
		      "good for ratios only.</p>\n",
		      to);
	if (r->interrupted)
		fputs("<p class=\"warn\">The run was interrupted: what it had measured until then "
		      "is shown.</p>\n",
		      to);
	if (*r->failed_in) {
		fputs("<p class=\"warn\">The run failed in ", to);
		html_text(to, r->failed_in);
		fputs(" (", to);
		html_text(to, r->failed_why);
		fputs("): what it had measured until then is shown.</p>\n", to);
	}
}

static void put_head(FILE *to, const struct report_result *before, const struct report_result *r)
{
	size_t verdicts[VERDICT_NOT_MEASURED + 1] = { 0 };

	for (size_t i = 0; i < r->nr; i++)
		verdicts[r->experiment[i].verdict]++;
	fputs("<!DOCTYPE html>\n" REPORT_MARK "\n<html lang=\"en\">\n<head>\n"
	      "<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" "
	      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	      "<title>gvt: threads and goroutines</title>\n<style>\n",
	      to);
	fputs(report_css, to);
	fputs("@media screen and (prefers-color-scheme: dark){\n", to);
	svg_dark_rules(to);
	fputs("}\n</style>\n</head>\n<body>\n<header><h1>Threads and goroutines, measured</h1>\n",
	      to);
	fprintf(to, "<p>%zu experiment%s: %zu hold, %zu fail, %zu not measured.%s</p>\n", r->nr,
		r->nr == 1 ? "" : "s", verdicts[VERDICT_HOLDS], verdicts[VERDICT_FAILS],
		verdicts[VERDICT_NOT_MEASURED], before ? " Compared with an earlier result." : "");
	if (before) {
		fputs("<div class=\"figures\"><div><h3>Before</h3>", to);
		put_host(to, before);
		fputs("</div><div><h3>After</h3>", to);
		put_host(to, r);
		fputs("</div></div>", to);
	} else {
		put_host(to, r);
	}
	fputs("</header>\n", to);
}

/* ------------------------------------------------------------------ experiments */

static void put_figures(FILE *to, const struct charts *c, int of)
{
	bool any = false;

	for (size_t i = 0; i < c->nr; i++) {
		const struct chart *chart = &c->chart[i];

		if (chart->of != of || !chart->svg)
			continue;
		if (!any)
			fputs("<div class=\"figures\">\n", to);
		any = true;
		fputs("<figure>", to);
		element(to, "figcaption", chart->title);
		svg_put(to, chart, false);
		fputs("</figure>\n", to);
	}
	if (any)
		fputs("</div>\n", to);
}

/* "; python: Python 3.11.2" */
static void put_versions(FILE *to, const struct report_experiment *e)
{
	if (!e->versions)
		return;
	json_object_object_foreach(e->versions, key, value) {
		fputs("; ", to);
		html_text(to, key);
		fputs(": ", to);
		html_text(to, scalar(value));
	}
}

/* What it was measured with: "n 1,000, procs 2, quick"; and what it was before. */
static void put_params(FILE *to, const struct report_experiment *e,
		       const struct report_experiment *before)
{
	bool any = false;

	fputs("<p class=\"soft\">", to);
	json_object_object_foreach(e->params, key, value) {
		struct json_object *was = NULL;

		if (json_object_is_type(value, json_type_boolean) &&
		    !json_object_get_boolean(value))
			continue;
		fputs(any ? ", " : "measured with ", to);
		any = true;
		html_text(to, key);
		if (!json_object_is_type(value, json_type_boolean)) {
			putc(' ', to);
			html_text(to, scalar(value));
		}
		if (before)
			was = json_object_object_get(before->params, key);
		if (was && !json_object_equal(was, value)) {
			fputs(" (before: ", to);
			html_text(to, scalar(was));
			putc(')', to);
		}
	}
	put_versions(to, e);
	fputs("</p>\n", to);
}

static void put_experiment(FILE *to, const struct report_result *before,
			   const struct report_result *r, size_t i, const struct charts *c)
{
	const struct report_experiment *e = &r->experiment[i];
	const struct report_experiment *o = report_same_experiment(before, r, i);

	fprintf(to, "<section class=\"experiment\" id=\"e%zu\">", i + 1);
	element(to, "h2", e->name);
	fputs("\n<p>", to);
	html_text(to, e->claim);
	fputs(": ", to);
	put_verdict(to, e->verdict);
	fputs("</p>\n", to);
	put_why(to, e->why);
	put_figures(to, c, i);
	fputs("<div class=\"tables\">\n<div>", to);
	if (o)
		html_compared_metrics(to, o, e);
	else
		html_metrics(to, e);
	fputs("</div>\n<div>", to);
	html_counters(to, e, before ? "Counters, in sum, after" : "Counters, in sum",
		      !strcmp(scalar(json_object_object_get(r->host, "counters")), "procfs"));
	fputs("</div></div>\n", to);
	if (e->picture[0]) {
		fputs("<pre>", to);
		html_text(to, e->picture);
		fputs("</pre>\n", to);
	}
	put_params(to, e, o);
	fputs("</section>\n", to);
}

void html_page(FILE *to, const struct report_result *before, const struct report_result *r,
	       const struct charts *c, const char *note)
{
	put_head(to, before, r);
	if (note[0])
		element(to, "p class=\"warn\"", note);
	put_claims(to, before, r);
	if (before)
		html_changes(to, before, r);
	fputs("<section><h2>At a glance</h2>\n", to);
	put_figures(to, c, -1);
	fputs("</section>\n", to);
	for (size_t i = 0; i < r->nr; i++)
		put_experiment(to, before, r, i, c);
	fputs("<section id=\"method\"><h2>How to read it</h2>\n", to);
	fputs(report_method, to);
	if (before)
		fputs(report_compared, to);
	fputs("<p class=\"soft\">made by gvt " GVT_VERSION "</p></section>\n</body>\n</html>\n",
	      to);
}
