// SPDX-License-Identifier: GPL-2.0-only
/*
 * output_csv.c - one row per metric, counter and verdict, for spreadsheets.
 *
 * An empty field is a side that could not be measured. Fields are quoted as RFC 4180 says.
 * Programs in other languages have rows of their own, of the kinds "peer" and
 * "peer_counter", and the last four columns.
 */
#include <stdio.h>

#include "output.h"

static void text_field(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void number_field(bool have, double value)
{
	putchar(',');
	if (have)
		printf("%.9g", value);
}

void csv_header(void)
{
	puts("experiment,kind,name,unit,n,thread,goroutine,ratio,thread_min,thread_max,"
	     "goroutine_min,goroutine_max,note,process,process_min,process_max,"
	     "peer,peer_value,peer_min,peer_max");
}

static void begin_row(const struct result *r, const char *kind, const char *name,
		      const char *unit)
{
	printf("%s,%s,%s,%s", r->name, kind, name, unit);
}

static void metric(const struct result *r, const struct metric *m)
{
	const struct figure *p = &m->side[SIDE_PROCESS];
	double ratio = 0;
	bool have = metric_ratio(m, &ratio);

	begin_row(r, "metric", m->name, m->unit);
	printf(",%lu", m->n);
	for (int s = 0; s < SIDE_PROCESS; s++)
		number_field(m->side[s].measured, m->side[s].median);
	number_field(have, ratio);
	for (int s = 0; s < SIDE_PROCESS; s++) {
		number_field(m->side[s].measured, m->side[s].min);
		number_field(m->side[s].measured, m->side[s].max);
	}
	putchar(',');
	for (int s = 0; s < SIDES; s++) {
		if (!m->side[s].measured && metric_has(m, s)) {
			text_field(m->missing[s]);
			break;
		}
	}
	number_field(p->measured, p->median);
	number_field(p->measured, p->min);
	number_field(p->measured, p->max);
	puts(",,,,");
}

static void peer_metric(const struct result *r, const struct metric *m, size_t peer)
{
	const struct figure *f = &m->peer[peer];

	if (!f->measured && !m->peer_missing[peer][0])
		return;
	begin_row(r, "peer", m->name, m->unit);
	printf(",%lu,,,,,,,,", m->n);
	if (!f->measured)
		text_field(m->peer_missing[peer]);
	printf(",,,,%s", r->peers[peer]);
	number_field(f->measured, f->median);
	number_field(f->measured, f->min);
	number_field(f->measured, f->max);
	putchar('\n');
}

static void peer_counter(const struct result *r, enum counter i, size_t peer)
{
	const struct counters *c = &r->peer_counts[peer].counters;

	if (!counters_have(c, i))
		return;
	begin_row(r, "peer_counter", counter_info[i].name,
		  counter_is(i, COUNTER_TIME) ? "ns" : "count");
	printf(",,,,,,,,,,,,,%s,%lu,,\n", r->peers[peer], c->v[i]);
}

static void count(const struct result *r, const char *kind, const char *name, const char *unit,
		  const bool have[SIDES], const uint64_t value[SIDES])
{
	begin_row(r, kind, name, unit);
	putchar(',');
	for (int s = 0; s < SIDE_PROCESS; s++) {
		putchar(',');
		if (have[s])
			printf("%lu", value[s]);
	}
	printf(",,,,,,,");
	if (have[SIDE_PROCESS])
		printf("%lu", value[SIDE_PROCESS]);
	puts(",,,,,,");
}

void csv_result(const struct result *r)
{
	uint64_t value[SIDES];
	bool have[SIDES];

	for (size_t i = 0; i < r->nr_metrics; i++)
		metric(r, &r->metrics[i]);
	for (int s = 0; s < SIDES; s++) {
		have[s] = result_has(r, s);
		value[s] = r->counts[s].made;
	}
	count(r, "made", "made", "count", have, value);
	for (int i = 0; i < CTR_NR; i++) {
		for (int s = 0; s < SIDES; s++) {
			have[s] = counters_have(&r->counts[s].counters, i);
			value[s] = r->counts[s].counters.v[i];
		}
		count(r, "counter", counter_info[i].name,
		      counter_is(i, COUNTER_TIME) ? "ns" : "count", have, value);
	}
	for (size_t k = 0; k < r->nr_peers; k++) {
		for (size_t i = 0; i < r->nr_metrics; i++)
			peer_metric(r, &r->metrics[i], k);
		for (int i = 0; i < CTR_NR; i++)
			peer_counter(r, i, k);
	}
	begin_row(r, "verdict", verdict_name[r->verdict], "");
	printf(",,,,,,,,,");
	text_field(r->why);
	puts(",,,,,,,");
}

void csv_stopped(const struct run_stop *stop)
{
	printf("%s,%s,%s,,,,,,,,,,", stop->experiment, stop->signal ? "interrupted" : "failed",
	       stop->signal ? stop->signal : "");
	if (stop->why)
		text_field(stop->why);
	puts(",,,,,,,");
}
