// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_tables.c - the tables of the page: figures, counters, and how two results differ.
 */
#include <math.h>
#include <string.h>

#include "counters.h"
#include "gvt.h"
#include "report_html.h"

static void put_label(FILE *to, const struct report_metric *m, size_t rows)
{
	fprintf(to, "<th scope=\"row\"%s", report_is_sub(m) ? " class=\"sub\"" : "");
	if (rows > 1)
		fprintf(to, " rowspan=\"%zu\"", rows);
	putc('>', to);
	html_text(to, m->label + strspn(m->label, " "));
	fputs("</th>", to);
}

/* The median, and below it the least and the most. */
static void put_figure(FILE *to, const struct report_metric *m, const struct figure *f)
{
	char text[TEXT_SIZE];

	fputs("<td class=\"num\">", to);
	if (!f->measured) {
		fputs("-</td>", to);
		return;
	}
	html_text(to, text_value(text, m->unit, f->median));
	fputs("<small>", to);
	html_text(to, text_spread(text, m->unit, f));
	fputs("</small></td>", to);
}

/* Thread by goroutine; ~ where repetitions of both sides overlap. */
static void put_ratio(FILE *to, const struct report_experiment *e, const struct report_metric *m)
{
	const struct figure *t = &m->figure[e->thread], *g = &m->figure[e->goroutine];
	char text[TEXT_SIZE];

	fputs("<td class=\"num\">", to);
	if (!t->measured || !g->measured || g->median <= 0) {
		fputs("-</td>", to);
		return;
	}
	fprintf(to, "%s%s</td>", figures_unsure(t, g) ? "~" : "",
		text_ratio(text, t->median / g->median));
}

static void put_columns(FILE *to, const struct report_experiment *e, const bool *shown)
{
	for (size_t w = 0; w < e->nr_who; w++) {
		if (shown && !shown[w])
			continue;
		fputs("<th class=\"num\">", to);
		html_text(to, e->who[w]);
		fputs("</th>", to);
	}
}

void html_metrics(FILE *to, const struct report_experiment *e)
{
	bool ratio = e->thread >= 0 && e->goroutine >= 0;

	fputs("<h3>Figures</h3>\n<div class=\"scroll\"><table class=\"metrics\"><thead><tr><th>"
	      "median, least to most</th>",
	      to);
	put_columns(to, e, NULL);
	fprintf(to, "%s</tr></thead><tbody>\n", ratio ? "<th class=\"num\">ratio</th>" : "");
	for (size_t i = 0; i < e->nr_metrics; i++) {
		const struct report_metric *m = &e->metric[i];

		fputs("<tr>", to);
		put_label(to, m, 1);
		for (size_t w = 0; w < e->nr_who; w++)
			put_figure(to, m, &m->figure[w]);
		if (ratio)
			put_ratio(to, e, m);
		fputs("</tr>\n", to);
	}
	fputs("</tbody></table></div>\n", to);
}

/* -------------------------------------------------------------------- comparing */

/* "+12.3 %": in percent of what it was; where that was 0, in its unit. */
static void put_signed(FILE *to, const struct report_metric *m, double was, double diff)
{
	char text[TEXT_SIZE];

	/* What rounds to nothing has no sign. */
	if (was > 0 && fabs(diff) < was / 2000)
		diff = 0;
	/* A minus that is as wide as a plus. */
	fputs(diff > 0 ? "+" : diff < 0 ? "&minus;" : "", to);
	if (was > 0)
		fprintf(to, "%.*f %%", diff && fabs(diff) < was / 10 ? 1 : 0,
			100 * fabs(diff) / was);
	else
		html_text(to, text_value(text, m->unit, fabs(diff)));
}

/* The difference, its spread, and whether it is larger than that. */
static void put_diff(FILE *to, const struct report_metric *m, const struct figure *before,
		     const struct figure *after)
{
	struct report_diff d = report_diff(before, after);

	if (!d.known) {
		fputs("<td class=\"num\">-</td><td class=\"soft\">can't be told</td>", to);
		return;
	}
	fputs("<td class=\"num\">", to);
	put_signed(to, m, before->median, d.diff);
	fputs("<small>", to);
	put_signed(to, m, before->median, d.low);
	fputs(" .. ", to);
	put_signed(to, m, before->median, d.high);
	fprintf(to, "</small></td><td%s>%s</td>", d.larger ? "" : " class=\"soft\"",
		d.larger ? d.diff > 0 ? "&#9650; <b>larger than the spread</b>" :
					"&#9660; <b>larger than the spread</b>" :
			   "within the spread");
}

static const struct figure none;

static const struct figure *figure_of(const struct report_experiment *e,
				      const struct report_metric *m, const char *who)
{
	int w = e ? report_who(e, who) : -1;

	return m && w >= 0 ? &m->figure[w] : &none;
}

/* A row for each that has a figure in one of them. */
static void compare_metric(FILE *to, const struct report_experiment *before,
			   const struct report_experiment *e, const struct report_metric *m)
{
	const struct report_metric *o = report_same_metric(before, m);
	size_t rows = 0;

	for (size_t w = 0; w < e->nr_who; w++)
		rows += m->figure[w].measured || figure_of(before, o, e->who[w])->measured;
	if (!rows)
		return;
	fputs("<tbody class=\"of\"><tr>", to);
	put_label(to, m, rows);
	for (size_t w = 0; w < e->nr_who; w++) {
		const struct figure *was = figure_of(before, o, e->who[w]), *is = &m->figure[w];

		if (!was->measured && !is->measured)
			continue;
		fputs("<td>", to);
		html_text(to, e->who[w]);
		fputs("</td>", to);
		put_figure(to, m, was);
		put_figure(to, m, is);
		put_diff(to, m, was, is);
		fputs(--rows ? "</tr>\n<tr>" : "</tr>", to);
	}
	fputs("</tbody>\n", to);
}

static const char compared_head[] =
	"<div class=\"scroll\"><table class=\"compared\"><thead><tr><th>median, least to most</th>"
	"<th>of</th><th class=\"num\">before</th><th class=\"num\">after</th>"
	"<th class=\"num\">difference</th><th></th></tr></thead>\n";

void html_compared_metrics(FILE *to, const struct report_experiment *before,
			   const struct report_experiment *e)
{
	fputs("<h3>Figures</h3>\n", to);
	fputs(compared_head, to);
	for (size_t i = 0; i < e->nr_metrics; i++)
		compare_metric(to, before, e, &e->metric[i]);
	fputs("</table></div>\n", to);
}

/* One that differs. */
static void put_change(FILE *to, const struct report_experiment *e, size_t number,
		       const struct report_metric *m, size_t w, const struct figure *was)
{
	fprintf(to, "<tr><th scope=\"row\"><a href=\"#e%zu\">", number);
	html_text(to, e->name);
	fputs("</a>: ", to);
	html_text(to, m->label + strspn(m->label, " "));
	fputs("</th><td>", to);
	html_text(to, e->who[w]);
	fputs("</td>", to);
	put_figure(to, m, was);
	put_figure(to, m, &m->figure[w]);
	put_diff(to, m, was, &m->figure[w]);
	fputs("</tr>\n", to);
}

/* Those of an experiment, if @to is there; *all: that could be compared. Return: how many. */
static size_t changes_of(FILE *to, const struct report_experiment *before,
			 const struct report_experiment *e, size_t number, size_t *all)
{
	size_t changed = 0;

	for (size_t i = 0; i < e->nr_metrics; i++) {
		const struct report_metric *m = &e->metric[i], *o = report_same_metric(before, m);

		for (size_t w = 0; w < e->nr_who; w++) {
			const struct figure *was = figure_of(before, o, e->who[w]);
			struct report_diff d = report_diff(was, &m->figure[w]);

			*all += d.known;
			changed += d.larger;
			if (to && d.larger)
				put_change(to, e, number, m, w, was);
		}
	}
	return changed;
}

void html_changes(FILE *to, const struct report_result *before, const struct report_result *r)
{
	size_t all = 0, changed = 0, again = 0;

	for (size_t i = 0; i < r->nr; i++)
		changed += changes_of(NULL, report_same_experiment(before, r, i), &r->experiment[i],
				      i + 1, &all);
	fprintf(to,
		"<section id=\"changes\"><h2>What differs</h2>\n<p>%zu of %zu figures differ by "
		"more than their spread.</p>\n",
		changed, all);
	if (changed) {
		fputs(compared_head, to);
		fputs("<tbody>\n", to);
		for (size_t i = 0; i < r->nr; i++)
			changes_of(to, report_same_experiment(before, r, i), &r->experiment[i],
				   i + 1, &again);
		fputs("</tbody></table></div>\n", to);
	}
	fputs("</section>\n", to);
}

/* --------------------------------------------------------------------- counters */

static const struct counter_info *info_of(const char *name)
{
	for (size_t i = 0; i < CTR_NR; i++) {
		if (!strcmp(counter_info[i].name, name))
			return &counter_info[i];
	}
	return NULL;
}

/* Nobody has it, or nobody has any of what is rare. */
static bool is_boring(const struct report_experiment *e, const struct report_count *c,
		      const struct counter_info *info)
{
	bool have = false, any = false;

	for (size_t w = 0; w < e->nr_who; w++) {
		have |= c->have[w];
		any |= c->value[w];
	}
	return !have || (info && info->flags & COUNTER_RARE && !any);
}

void html_counters(FILE *to, const struct report_experiment *e, const char *title, bool of_system)
{
	bool counted[REPORT_MAX_WHO] = { false };

	if (!e->nr_counts)
		return;
	for (size_t i = 0; i < e->nr_counts; i++) {
		for (size_t w = 0; w < e->nr_who; w++)
			counted[w] |= e->count[i].have[w];
	}
	fprintf(to, "<h3>%s</h3>\n", title);
	fputs("<div class=\"scroll\"><table class=\"counters\"><thead><tr>"
	      "<th>counted</th>",
	      to);
	put_columns(to, e, counted);
	fputs("</tr></thead><tbody>\n", to);
	for (size_t i = 0; i < e->nr_counts; i++) {
		const struct report_count *c = &e->count[i];
		const struct counter_info *info = info_of(c->name);
		const char *label = info ? info->label : c->name;
		char text[TEXT_SIZE];

		if (is_boring(e, c, info))
			continue;
		if (!strcmp(c->name, "made"))
			label = "made, says the experiment";
		if (of_system && info == &counter_info[CTR_THREAD_CREATIONS])
			label = "creations in the whole system";
		fprintf(to, "<tr><th scope=\"row\"%s>", label[0] == ' ' ? " class=\"sub\"" : "");
		html_text(to, label + strspn(label, " "));
		fputs("</th>", to);
		for (size_t w = 0; w < e->nr_who; w++) {
			if (!counted[w])
				continue;
			fputs("<td class=\"num\">", to);
			if (!c->have[w])
				putc('-', to);
			else if (info && info->flags & COUNTER_TIME)
				html_text(to, text_value(text, "ns", c->value[w]));
			else
				html_text(to, text_count(text, c->value[w]));
			fputs("</td>", to);
		}
		fputs("</tr>\n", to);
	}
	fputs("</tbody></table></div>\n", to);
}
