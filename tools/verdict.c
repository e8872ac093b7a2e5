// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.c - does the claim hold? Computed from the figures and the experiment's
 * expectations; nobody writes a verdict by hand. Pure.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "result.h"

const char *const verdict_name[] = {
	[VERDICT_HOLDS] = "holds",
	[VERDICT_FAILS] = "fails",
	[VERDICT_NOT_MEASURED] = "not measured",
};

__attribute__((format(printf, 2, 3)))
static void add_why(struct result *r, const char *fmt, ...)
{
	size_t len = strlen(r->why);
	va_list ap;

	if (len)
		len += snprintf(r->why + len, sizeof(r->why) - len, "; ");
	if (len >= sizeof(r->why))
		return;
	va_start(ap, fmt);
	vsnprintf(r->why + len, sizeof(r->why) - len, fmt, ap);
	va_end(ap);
}

/*
 * The medians miss the bound, but the repetitions of both sides overlap, and one of the threads' by one
 * of the goroutines' reaches it: another five might.
 */
static bool may_reach(const struct metric *m, bool min, double bound)
{
	const struct figure *t = &m->side[SIDE_THREAD], *g = &m->side[SIDE_GOROUTINE];

	return metric_unsure(m) &&
	       (min ? t->max >= bound * g->min : t->min <= bound * g->max);
}

static enum verdict judge_ratio(struct result *r, const struct expectation *e,
				const struct metric *m)
{
	bool min = e->kind == EXPECT_RATIO_MIN, good, open;
	char is[TEXT_SIZE], bound[TEXT_SIZE];
	const char *note = "";
	double ratio;

	if (!metric_ratio(m, &ratio)) {
		add_why(r, "%s has no ratio", e->metric);
		return VERDICT_NOT_MEASURED;
	}
	good = min ? ratio >= e->bound : ratio <= e->bound;
	open = !good && may_reach(m, min, e->bound);
	if (open)
		note = ": can't be told, as the repetitions of both sides overlap (unsure): on a quiet "
		       "machine, or without --quick, they may not";
	else if (metric_unsure(m))
		note = " (unsure: repetitions of both sides overlap)";
	add_why(r, "%s %s, %s %s %s%s", e->metric, text_ratio(is, ratio),
		good || open ? "expected" : "but expected", min ? "at least" : "at most",
		text_ratio(bound, e->bound), note);
	if (good)
		return VERDICT_HOLDS;
	return open ? VERDICT_NOT_MEASURED : VERDICT_FAILS;
}

/* One figure, of a side or of a peer. */
static enum verdict judge_figure(struct result *r, const struct expectation *e,
				 const struct metric *m)
{
	bool peer = e->kind == EXPECT_PEER_MIN || e->kind == EXPECT_PEER_MAX;
	bool min = e->kind == EXPECT_SIDE_MIN || e->kind == EXPECT_PEER_MIN, good;
	const struct figure *f = peer ? &m->peer[e->side - SIDES] : &m->side[e->side];
	const char *whose = peer ? r->peers[e->side - SIDES] : side_name[e->side];
	char is[TEXT_SIZE], bound[TEXT_SIZE];

	if (!f->measured) {
		add_why(r, "%s has no %s figure", e->metric, whose);
		return VERDICT_NOT_MEASURED;
	}
	good = min ? f->median >= e->bound : f->median <= e->bound;
	add_why(r, "%s of %s%s %s, %s %s %s", e->metric, peer ? "" : "the ", whose,
		text_value(is, m->unit, f->median), good ? "expected" : "but expected",
		min ? "at least" : "at most", text_value(bound, m->unit, e->bound));
	return good ? VERDICT_HOLDS : VERDICT_FAILS;
}

/*
 * Where threads don't get what is compared, the machine didn't have it to give: as others use
 * it, or as it is emulated, one CPU after the other.
 */
static enum verdict judge_ground(struct result *r, const struct expectation *e,
				 const struct metric *m)
{
	const struct figure *f = &m->side[e->side];
	char is[TEXT_SIZE], bound[TEXT_SIZE];

	if (!f->measured) {
		add_why(r, "%s has no %s figure", e->metric, side_name[e->side]);
		return VERDICT_NOT_MEASURED;
	}
	if (f->median >= e->bound)
		return VERDICT_HOLDS;
	add_why(r, "%s of the %s only %s, %s are needed to tell: others use the machine, or "
		"its CPUs take turns (a quiet one that is not emulated can tell)",
		e->metric, side_name[e->side], text_value(is, m->unit, f->median),
		text_value(bound, m->unit, e->bound));
	return VERDICT_NOT_MEASURED;
}

/* Only the side's own kind is compared: threads that were made with thread creations. */
static enum verdict judge_made(struct result *r, const struct expectation *e, bool exact)
{
	enum counter which = e->side == SIDE_THREAD ? CTR_THREAD_CREATIONS :
						      CTR_GOROUTINE_CREATIONS;
	const struct side_counts *c = &r->counts[e->side];
	char made[TEXT_SIZE], counted[TEXT_SIZE];
	uint64_t value = c->counters.v[which];
	bool good;

	if (!counters_have(&c->counters, which)) {
		add_why(r, "%s creations were not counted", side_name[e->side]);
		return VERDICT_NOT_MEASURED;
	}
	/* Goroutines are always counted for the one process alone. */
	exact |= e->side == SIDE_GOROUTINE;
	good = exact ? value == c->made : value >= c->made;
	add_why(r, "%s %s made, %s counted%s", text_count(made, c->made), side_plural[e->side],
		text_count(counted, value), exact ? "" : " (the whole system's)");
	return good ? VERDICT_HOLDS : VERDICT_FAILS;
}

static enum verdict judge(struct result *r, const struct expectation *e, bool exact)
{
	const struct metric *m;

	if (e->kind == EXPECT_MADE)
		return judge_made(r, e, exact);
	m = result_metric(r, e->metric);
	if (!m) {
		add_why(r, "%s was not measured", e->metric);
		return VERDICT_NOT_MEASURED;
	}
	if (e->kind == EXPECT_RATIO_MIN || e->kind == EXPECT_RATIO_MAX)
		return judge_ratio(r, e, m);
	if (e->kind == EXPECT_GROUND_MIN)
		return judge_ground(r, e, m);
	return judge_figure(r, e, m);
}

/* Each reason once, however many metrics it took away. */
static void add_missing(struct result *r)
{
	for (size_t i = 0; i < r->nr_metrics; i++) {
		const struct metric *m = &r->metrics[i];

		for (int s = 0; s < SIDES; s++) {
			if (result_has(r, s) && !m->side[s].measured && m->missing[s][0] &&
			    !strstr(r->why, m->missing[s]))
				add_why(r, "%s", m->missing[s]);
		}
		for (size_t k = 0; k < r->nr_peers; k++) {
			if (!m->peer[k].measured && m->peer_missing[k][0] &&
			    !strstr(r->why, m->peer_missing[k]))
				add_why(r, "%s", m->peer_missing[k]);
		}
	}
}

void verdict_compute(struct result *r, const struct expectation *e, size_t n, bool exact)
{
	bool fails = false, missing = !n, groundless = false;

	r->why[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		enum verdict v = judge(r, &e[i], exact);

		fails |= v == VERDICT_FAILS;
		missing |= v == VERDICT_NOT_MEASURED;
		groundless |= v == VERDICT_NOT_MEASURED && e[i].kind == EXPECT_GROUND_MIN;
	}
	r->verdict = fails && !groundless ? VERDICT_FAILS :
		     missing ? VERDICT_NOT_MEASURED : VERDICT_HOLDS;
	add_missing(r);
}
