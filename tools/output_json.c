// SPDX-License-Identifier: GPL-2.0-only
/*
 * output_json.c - the exact shape that other programs read; see Documentation/gvt.rst.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "gvt.h"
#include "host.h"
#include "output.h"
#include "where.h"

struct json_object *json_number(double value)
{
	char text[40];

	if (!isfinite(value))
		return NULL;
	snprintf(text, sizeof(text), "%.9g", value);
	return json_object_new_double_s(value, text);
}

struct json_object *json_text(const char *text)
{
	struct json_object *o;
	char *copy = NULL;
	size_t size;
	FILE *to = open_memstream(&copy, &size);

	for (size_t len; to && *text; text += len ? len : 1) {
		len = utf8_length(text);
		fputs(len ? "" : "\xef\xbf\xbd", to);
		fwrite(text, 1, len, to);
	}
	o = to && !fclose(to) ? json_object_new_string(copy) : NULL;
	free(copy);
	return o;
}

struct json_object *json_counters(const struct counters *c)
{
	struct json_object *o = json_object_new_object();

	for (int i = 0; i < CTR_NR; i++)
		json_object_object_add(o, counter_info[i].name, counters_have(c, i) ?
				       json_object_new_uint64(c->v[i]) : NULL);
	return o;
}

struct json_object *json_host(void)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "kernel", json_object_new_string(host_kernel()));
	json_object_object_add(o, "cpus", json_object_new_int(host_cpus()));
	json_object_object_add(o, "virtual", json_object_new_string(host_virtual()));
	json_object_object_add(o, "governor", host_governor() ?
			       json_object_new_string(host_governor()) : NULL);
	json_object_object_add(o, "where", json_object_new_string(where_am_i()));
	json_object_object_add(o, "counters", json_object_new_string(counters_source()));
	json_object_object_add(o, "counters_note", json_object_new_string(counters_note()));
	return o;
}

static struct json_object *spread(const struct figure *f)
{
	struct json_object *o;

	if (!f->measured)
		return NULL;
	o = json_object_new_array();
	json_object_array_add(o, json_number(f->min));
	json_object_array_add(o, json_number(f->max));
	return o;
}

static struct json_object *metric(const struct result *r, const struct metric *m)
{
	struct json_object *o = json_object_new_object(), *spreads = json_object_new_object();
	struct json_object *peers = json_object_new_object();
	double ratio;

	json_object_object_add(o, "name", json_object_new_string(m->name));
	json_object_object_add(o, "label", json_object_new_string(m->label));
	json_object_object_add(o, "unit", json_object_new_string(m->unit));
	json_object_object_add(o, "n", json_object_new_uint64(m->n));
	for (int s = 0; s < SIDES; s++) {
		const struct figure *f = &m->side[s];

		if (!metric_has(m, s))
			continue;
		json_object_object_add(o, side_name[s],
				       f->measured ? json_number(f->median) : NULL);
		json_object_object_add(spreads, side_name[s], spread(f));
	}
	json_object_object_add(o, "ratio", metric_ratio(m, &ratio) ? json_number(ratio) : NULL);
	json_object_object_add(o, "unsure", json_object_new_boolean(metric_unsure(m)));
	json_object_object_add(o, "spread", spreads);
	for (size_t i = 0; i < r->nr_peers; i++) {
		const struct figure *f = &m->peer[i];

		/* Not each of them does everything. */
		if (!f->measured && !m->peer_missing[i][0])
			continue;
		json_object_object_add(peers, r->peers[i],
				       f->measured ? json_number(f->median) : NULL);
		json_object_object_add(spreads, r->peers[i], spread(f));
	}
	json_object_object_add(o, "peers", peers);
	return o;
}

/* A row of a timeline says what was done from when to when; others have points. */
static struct json_object *series_row(const struct series *s, const struct series_row *row)
{
	struct json_object *o = json_object_new_object();
	bool timeline = s->kind == SERIES_TIMELINE;

	json_object_object_add(o, timeline ? "track" : "side", json_object_new_string(row->of));
	json_object_object_add(o, timeline ? "begin" : "x", json_number(row->x));
	json_object_object_add(o, timeline ? "end" : "y", json_number(row->y));
	if (timeline)
		json_object_object_add(o, "what", json_object_new_string(row->what));
	return o;
}

static struct json_object *series(const struct series *s)
{
	struct json_object *o = json_object_new_object(), *rows = json_object_new_array();

	json_object_object_add(o, "name", json_object_new_string(s->name));
	json_object_object_add(o, "title", json_object_new_string(s->title));
	json_object_object_add(o, "kind", json_object_new_string(series_kind_name[s->kind]));
	json_object_object_add(o, "unit_x", json_object_new_string(s->unit_x));
	json_object_object_add(o, "unit_y", s->unit_y ? json_object_new_string(s->unit_y) : NULL);
	json_object_object_add(o, "dropped", json_object_new_uint64(s->dropped));
	for (size_t i = 0; i < s->nr; i++)
		json_object_array_add(rows, series_row(s, &s->row[i]));
	json_object_object_add(o, "rows", rows);
	return o;
}

static void add_series(struct json_object *o, const struct result *r)
{
	struct json_object *list;

	if (!r->nr_series)
		return;
	list = json_object_new_array();
	for (size_t i = 0; i < r->nr_series; i++)
		json_object_array_add(list, series(&r->series[i]));
	json_object_object_add(o, "series", list);
}

static struct json_object *result(const struct result *r)
{
	struct json_object *o = json_object_new_object(), *params = json_object_new_object();
	struct json_object *metrics = json_object_new_array(), *made = json_object_new_object();
	struct json_object *counters = json_object_new_object();
	struct json_object *versions = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(r->name));
	json_object_object_add(o, "claim", json_object_new_string(r->claim));
	for (size_t i = 0; i < r->nr_params; i++) {
		const struct param *p = &r->params[i];

		json_object_object_add(params, p->name, p->is_bool ?
				       json_object_new_boolean(p->value) :
				       json_object_new_int64(p->value));
	}
	json_object_object_add(o, "params", params);
	for (size_t i = 0; i < r->nr_metrics; i++)
		json_object_array_add(metrics, metric(r, &r->metrics[i]));
	json_object_object_add(o, "metrics", metrics);
	for (int s = 0; s < SIDES; s++) {
		if (!result_has(r, s))
			continue;
		json_object_object_add(made, side_name[s],
				       json_object_new_uint64(r->counts[s].made));
		json_object_object_add(counters, side_name[s],
				       json_counters(&r->counts[s].counters));
	}
	for (size_t i = 0; i < r->nr_peers; i++) {
		if (r->peer_version[i][0])
			json_object_object_add(versions, r->peers[i],
					       json_object_new_string(r->peer_version[i]));
		json_object_object_add(counters, r->peers[i],
				       json_counters(&r->peer_counts[i].counters));
	}
	json_object_object_add(o, "made", made);
	json_object_object_add(o, "counters", counters);
	json_object_object_add(o, "peer_versions", versions);
	json_object_object_add(o, "verdict", json_object_new_string(verdict_name[r->verdict]));
	json_object_object_add(o, "why", json_object_new_string(r->why));
	if (r->picture[0])
		json_object_object_add(o, "picture", json_object_new_string(r->picture));
	add_series(o, r);
	return o;
}

int json_print(struct json_object *o, FILE *to)
{
	const int form = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			 JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = json_object_to_json_string_ext(o, form);
	int err = text ? 0 : -ENOMEM;

	if (text)
		fprintf(to, "%s\n", text);
	json_object_put(o);
	return err;
}

static struct json_object *failed(const struct run_stop *stop)
{
	struct json_object *o;

	if (!stop->why)
		return NULL;
	o = json_object_new_object();
	json_object_object_add(o, "experiment", json_object_new_string(stop->experiment));
	json_object_object_add(o, "why", json_object_new_string(stop->why));
	return o;
}

int json_results(const struct result *results, size_t n, const struct run_stop *stop)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(o, "version", json_object_new_int(1));
	json_object_object_add(o, "host", json_host());
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, result(&results[i]));
	json_object_object_add(o, "experiments", list);
	json_object_object_add(o, "interrupted", json_object_new_boolean(stop->signal != NULL));
	json_object_object_add(o, "failed", failed(stop));
	return json_print(o, stdout);
}
