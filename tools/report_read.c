// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_read.c - a result file becomes struct report_result, or a message that says what is
 * wrong where.
 *
 * The file may be anything: whatever is used later is checked here, its type and its range,
 * so that nobody after this has to ask. Keys that aren't known are passed over, as
 * Documentation/gvt.rst promises. Not the JSON schema: that asks for more than a page needs,
 * and its checkers for a language that may not be there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "experiment.h"
#include "report.h"
#include "report_json.h"

#define MAX_ROWS_READ 100000

/* --------------------------------------------------------------------- columns */

int report_who(const struct report_experiment *e, const char *name)
{
	for (size_t i = 0; i < e->nr_who; i++) {
		if (!strcmp(e->who[i], name))
			return i;
	}
	return -1;
}

static bool add_who(const struct reader *in, struct report_experiment *e, const char *name)
{
	if (report_who(e, name) >= 0)
		return true;
	if (e->nr_who == REPORT_MAX_WHO)
		return reader_wrong(in, "", "more than %d sides and programs have figures",
				    REPORT_MAX_WHO);
	e->who[e->nr_who++] = name;
	return true;
}

static bool add_keys(const struct reader *in, struct report_experiment *e, struct json_object *o)
{
	if (!json_object_is_type(o, json_type_object))
		return true;
	json_object_object_foreach(o, key, value) {
		(void)value;
		if (!add_who(in, e, key))
			return false;
	}
	return true;
}

/* Whoever has a figure or was counted; sides first, in an order of our own. */
static bool find_who(const struct reader *in, struct report_experiment *e, struct json_object *o,
		     struct json_object *metrics)
{
	static const char *const sides[] = { "thread", "process", "goroutine" };

	for (size_t s = 0; s < ARRAY_SIZE(sides); s++) {
		bool there = reader_get(reader_get(o, "counters"), sides[s]);

		for (size_t i = 0; i < json_object_array_length(metrics); i++)
			there |= !!reader_get(json_object_array_get_idx(metrics, i), sides[s]);
		if (there && !add_who(in, e, sides[s]))
			return false;
	}
	e->nr_sides = e->nr_who;
	for (size_t i = 0; i < json_object_array_length(metrics); i++) {
		if (!add_keys(in, e, reader_get(json_object_array_get_idx(metrics, i), "peers")))
			return false;
	}
	if (!add_keys(in, e, reader_get(o, "counters")))
		return false;
	e->thread = report_who(e, "thread");
	e->goroutine = report_who(e, "goroutine");
	return true;
}

/* --------------------------------------------------------------------- metrics */

/* @value: the median; @spread: [min, max], or nothing. */
static bool read_figure(const struct reader *in, const char *key, struct json_object *value,
			struct json_object *spread, struct figure *f)
{
	double *end[2] = { &f->min, &f->max };

	if (!value)
		return true;
	if (!reader_number(in, key, value, &f->median))
		return false;
	f->measured = true;
	f->min = f->median;
	f->max = f->median;
	if (!spread)
		return true;
	if (!reader_want(in, "spread", spread, json_type_array, "[least, most]"))
		return false;
	if (json_object_array_length(spread) != 2)
		return reader_wrong(in, "spread",
				    "of %s: expected two numbers, the least and the most", key);
	for (size_t i = 0; i < 2; i++) {
		if (!reader_number(in, "spread", json_object_array_get_idx(spread, i), end[i]))
			return false;
	}
	if (f->min > f->median || f->max < f->median)
		return reader_wrong(in, key, "the median is not between the least and the most");
	return true;
}

static bool read_metric(const struct reader *in, const struct report_experiment *e,
			struct json_object *o, struct report_metric *m)
{
	struct json_object *peers = reader_get(o, "peers"), *spread = reader_get(o, "spread");
	bool have;

	if (!reader_want(in, "", o, json_type_object, "an object") ||
	    !reader_text(in, o, "name", NULL, &m->name) ||
	    !reader_text(in, o, "label", m->name, &m->label) ||
	    !reader_text(in, o, "unit", NULL, &m->unit) ||
	    !reader_count(in, "n", reader_get(o, "n"), &have, &m->n))
		return false;
	for (size_t w = 0; w < e->nr_who; w++) {
		const char *who = e->who[w];

		if (!read_figure(in, who,
				 w < e->nr_sides ? reader_get(o, who) : reader_get(peers, who),
				 reader_get(spread, who), &m->figure[w]))
			return false;
	}
	return true;
}

static bool read_metrics(struct reader *in, struct report_experiment *e,
			 struct json_object *metrics)
{
	e->nr_metrics = json_object_array_length(metrics);
	e->metric = calloc(e->nr_metrics + 1, sizeof(*e->metric));
	if (!e->metric)
		return reader_wrong(in, "metrics", "%s", strerror(ENOMEM));
	for (size_t i = 0; i < e->nr_metrics; i++) {
		size_t was = reader_down(in, "metrics", i);

		if (!read_metric(in, e, json_object_array_get_idx(metrics, i), &e->metric[i]))
			return false;
		reader_up(in, was);
	}
	return true;
}

/* -------------------------------------------------------------------- counters */

static struct report_count *find_count(struct report_experiment *e, const char *name)
{
	for (size_t i = 0; i < e->nr_counts; i++) {
		if (!strcmp(e->count[i].name, name))
			return &e->count[i];
	}
	return NULL;
}

static bool add_count(struct report_experiment *e, const char *name)
{
	struct report_count *more;

	if (find_count(e, name))
		return true;
	more = reallocarray(e->count, e->nr_counts + 1, sizeof(*more));
	if (!more)
		return false;
	e->count = more;
	memset(&more[e->nr_counts], 0, sizeof(*more));
	more[e->nr_counts++].name = name;
	return true;
}

/* {who: {name: count}} */
static bool read_counters(const struct reader *in, struct report_experiment *e,
			  struct json_object *o)
{
	for (size_t w = 0; w < e->nr_who; w++) {
		struct json_object *of = reader_get(o, e->who[w]);

		if (!of)
			continue;
		if (!reader_want(in, "counters", of, json_type_object, "an object for each"))
			return false;
		json_object_object_foreach(of, key, value) {
			struct report_count *c;

			if (!add_count(e, key))
				return reader_wrong(in, "counters", "%s", strerror(ENOMEM));
			c = find_count(e, key);
			if (!reader_count(in, key, value, &c->have[w], &c->value[w]))
				return false;
		}
	}
	return true;
}

/* What it says that it made, {who: count}, becomes the first counter. */
static bool read_made(const struct reader *in, struct report_experiment *e, struct json_object *o)
{
	struct json_object *of = reader_get(o, "made");

	if (!of)
		return true;
	if (!reader_want(in, "made", of, json_type_object, "an object"))
		return false;
	if (!add_count(e, "made"))
		return reader_wrong(in, "made", "%s", strerror(ENOMEM));
	for (size_t w = 0; w < e->nr_who; w++) {
		if (!reader_count(in, "made", reader_get(of, e->who[w]), &e->count[0].have[w],
				  &e->count[0].value[w]))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------------- series */

static bool read_row(const struct reader *in, struct json_object *o, bool timeline,
		     struct report_row *row)
{
	const char *x = timeline ? "begin" : "x", *y = timeline ? "end" : "y";

	if (!reader_want(in, "", o, json_type_object, "an object") ||
	    !reader_text(in, o, timeline ? "track" : "side", NULL, &row->of) ||
	    !reader_text(in, o, "what", "", &row->what) ||
	    !reader_number(in, x, reader_get(o, x), &row->x) ||
	    !reader_number(in, y, reader_get(o, y), &row->y))
		return false;
	return !timeline || row->x <= row->y || reader_wrong(in, "end", "is before its begin");
}

static bool read_kind(const struct reader *in, struct json_object *o, enum report_kind *kind)
{
	static const char *const names[] = {
		[REPORT_LINE] = "line", [REPORT_HISTOGRAM] = "histogram", [REPORT_TIMELINE] = "timeline"
	};
	char known[SHOWN_SIZE];
	const char *name;

	if (!reader_text(in, o, "kind", NULL, &name))
		return false;
	for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
		*kind = k;
		if (!strcmp(name, names[k]))
			return true;
	}
	return reader_wrong(in, "kind", "`%s` is none of line, histogram, timeline",
			    reader_shown(known, name));
}

static bool read_one_series(struct reader *in, struct json_object *o, struct report_series *s)
{
	struct json_object *rows;
	size_t n;

	if (!reader_want(in, "", o, json_type_object, "an object") || !read_kind(in, o, &s->kind) ||
	    !reader_text(in, o, "name", NULL, &s->title) ||
	    !reader_text(in, o, "title", s->title, &s->title) ||
	    !reader_text(in, o, "unit_x", NULL, &s->unit_x) ||
	    !reader_text(in, o, "unit_y", s->unit_x, &s->unit_y) ||
	    !reader_array(in, o, "rows", &rows))
		return false;
	n = json_object_array_length(rows);
	if (n > MAX_ROWS_READ)
		return reader_wrong(in, "rows", "%zu are too many, at most %d", n, MAX_ROWS_READ);
	s->row = calloc(n + 1, sizeof(*s->row));
	if (!s->row)
		return reader_wrong(in, "rows", "%s", strerror(ENOMEM));
	for (; s->nr < n; s->nr++) {
		size_t was = reader_down(in, "rows", s->nr);

		if (!read_row(in, json_object_array_get_idx(rows, s->nr),
			      s->kind == REPORT_TIMELINE, &s->row[s->nr]))
			return false;
		reader_up(in, was);
	}
	return true;
}

static bool read_series(struct reader *in, struct report_experiment *e, struct json_object *o)
{
	struct json_object *list = reader_get(o, "series");
	size_t n;

	if (!list)
		return true;
	if (!reader_want(in, "series", list, json_type_array, "a list"))
		return false;
	n = json_object_array_length(list);
	e->series = calloc(n + 1, sizeof(*e->series));
	if (!e->series)
		return reader_wrong(in, "series", "%s", strerror(ENOMEM));
	while (e->nr_series < n) {
		struct report_series *made = &e->series[e->nr_series];
		size_t was = reader_down(in, "series", e->nr_series++);

		if (!read_one_series(in, json_object_array_get_idx(list, e->nr_series - 1), made))
			return false;
		reader_up(in, was);
	}
	return true;
}

/* ----------------------------------------------------------------- experiments */

static bool read_verdict(const struct reader *in, struct json_object *o, enum verdict *to)
{
	static const enum verdict verdicts[] = { VERDICT_HOLDS, VERDICT_FAILS,
						 VERDICT_NOT_MEASURED };
	char known[SHOWN_SIZE];
	const char *name;

	if (!reader_text(in, o, "verdict", NULL, &name))
		return false;
	for (size_t v = 0; v < ARRAY_SIZE(verdicts); v++) {
		*to = verdicts[v];
		if (!strcmp(name, verdict_name[*to]))
			return true;
	}
	return reader_wrong(in, "verdict", "`%s` is none of holds, fails, not measured",
			    reader_shown(known, name));
}

static bool read_experiment(struct reader *in, struct json_object *o, struct report_experiment *e)
{
	struct json_object *metrics;
	char known[SHOWN_SIZE];

	if (!reader_want(in, "", o, json_type_object, "an object") ||
	    !reader_text(in, o, "name", NULL, &e->name) ||
	    !reader_text(in, o, "claim", "", &e->claim) ||
	    !reader_text(in, o, "why", "", &e->why) ||
	    !reader_text(in, o, "picture", "", &e->picture) || !read_verdict(in, o, &e->verdict) ||
	    !reader_object(in, o, "params", &e->params) ||
	    !reader_array(in, o, "metrics", &metrics))
		return false;
	e->versions = reader_get(o, "peer_versions");
	if (e->versions &&
	    !reader_want(in, "peer_versions", e->versions, json_type_object, "an object"))
		return false;
	e->known = experiment_find(e->name);
	if (!e->known)
		complain(in->file, "%s: this gvt has no experiment `%s`; it is shown as it is",
			 in->path, reader_shown(known, e->name));
	return find_who(in, e, o, metrics) && read_metrics(in, e, metrics) && read_made(in, e, o) &&
	       read_counters(in, e, reader_get(o, "counters")) && read_series(in, e, o);
}

/* What ended the run before all was measured. */
static bool read_stop(struct reader *in, struct report_result *r)
{
	struct json_object *failed = reader_get(r->root, "failed");

	r->interrupted = json_object_get_boolean(reader_get(r->root, "interrupted"));
	r->failed_in = "";
	return !failed || (reader_want(in, "failed", failed, json_type_object, "an object") &&
			   reader_text(in, failed, "experiment", NULL, &r->failed_in) &&
			   reader_text(in, failed, "why", NULL, &r->failed_why));
}

static bool read_root(struct reader *in, struct report_result *r)
{
	struct json_object *version = reader_get(r->root, "version"), *list;
	size_t n;

	if (!json_object_is_type(r->root, json_type_object) || !version) {
		complain(in->file, "is no result of gvt: make one with `gvt run --json ...`");
		return false;
	}
	if (!json_object_is_type(version, json_type_int) || json_object_get_int64(version) != 1) {
		char known[SHOWN_SIZE];

		complain(in->file, "has version %s of a result, this gvt reads version 1",
			 reader_shown(known, json_object_to_json_string(version)));
		return false;
	}
	if (reader_get(r->root, "workloads")) {
		complain(in->file, "is of `gvt bench`; report reads results of `gvt run --json`");
		return false;
	}
	if (!reader_object(in, r->root, "host", &r->host) ||
	    !reader_array(in, r->root, "experiments", &list) || !read_stop(in, r))
		return false;
	n = json_object_array_length(list);
	if (!n) {
		complain(in->file, "has no experiments: there is nothing to report");
		return false;
	}
	r->experiment = calloc(n, sizeof(*r->experiment));
	if (!r->experiment)
		return reader_wrong(in, "experiments", "%s", strerror(ENOMEM));
	while (r->nr < n) {
		struct report_experiment *made = &r->experiment[r->nr];
		size_t was = reader_down(in, "experiments", r->nr++);

		if (!read_experiment(in, json_object_array_get_idx(list, r->nr - 1), made))
			return false;
		reader_up(in, was);
	}
	return true;
}

bool report_read(struct report_result *r, const char *file)
{
	struct reader in;

	memset(r, 0, sizeof(*r));
	r->root = reader_open(&in, file);
	r->file = in.file;
	if (r->root && read_root(&in, r))
		return true;
	report_free(r);
	return false;
}

void report_free(struct report_result *r)
{
	for (size_t i = 0; i < r->nr; i++) {
		struct report_experiment *e = &r->experiment[i];

		for (size_t k = 0; k < e->nr_series; k++)
			free(e->series[k].row);
		free(e->series);
		free(e->metric);
		free(e->count);
	}
	free(r->experiment);
	json_object_put(r->root);
	memset(r, 0, sizeof(*r));
}
