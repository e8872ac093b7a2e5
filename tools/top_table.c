// SPDX-License-Identifier: GPL-2.0-only
/*
 * top_table.c - from two snapshots to the rows of `gvt top`. Pure: no clock, no files.
 *
 * Of a process that gvt.ko has watched at both moments its counts are taken: they contain what
 * threads did that have ended. Of all others it is what procfs says of each thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "top.h"

const char *const top_sort_name[TOP_SORTS] = {
	[TOP_KERNEL] = "kernel",
	[TOP_GOROUTINE] = "goroutine",
	[TOP_CPU] = "cpu",
	[TOP_WAIT] = "wait",
	[TOP_THREADS] = "threads",
	[TOP_PID] = "pid",
};

/* -------------------------------------------------------------------- rates */

/* @a was measured over @seconds. */
static void set_rates(struct top_row *row, const struct activity *a, double seconds)
{
	row->waited = a->voluntary / seconds;
	row->made_to = a->nonvoluntary / seconds;
	row->kernel = row->waited + row->made_to;
	row->started = a->created / seconds;
	row->cpu = a->run_ns / (seconds * NSEC_PER_SEC) * 100;
	row->wait = a->wait_ns / (seconds * NSEC_PER_SEC) * 100;
}

/* 0 where it counts less than before: it was watched anew. */
static uint64_t grown(const struct counters *before, const struct counters *now, enum counter i)
{
	return now->v[i] < before->v[i] ? 0 : now->v[i] - before->v[i];
}

static void set_watched(struct top_row *row, const struct counters *before,
			const struct counters *now, double seconds)
{
	const struct activity a = {
		.created = grown(before, now, CTR_THREAD_CREATIONS),
		.voluntary = grown(before, now, CTR_VOLUNTARY),
		.nonvoluntary = grown(before, now, CTR_NONVOLUNTARY),
		.run_ns = grown(before, now, CTR_RUN_NS),
		.wait_ns = grown(before, now, CTR_WAIT_NS),
	};

	set_rates(row, &a, seconds);
	row->times = counters_have(now, CTR_RUN_NS) && counters_have(now, CTR_WAIT_NS);
}

static void set_goroutines(struct top_row *row, const struct counters_row *before,
			   const struct counters_row *now, double seconds)
{
	static const struct counters nothing;
	const struct counters *then = before ? &before->counters : &nothing;

	row->runtime = now->runtime;
	row->goroutines = now->goroutines_alive;
	row->switches = grown(then, &now->counters, CTR_GOROUTINE_SWITCHES) / seconds;
}

static struct top_row process_row(const struct process_sample *p, const struct snapshot *before,
				  const struct snapshot *now, double seconds)
{
	const struct counters_row *was = snapshot_row(before, p->pid);
	const struct counters_row *is = snapshot_row(now, p->pid);
	struct top_row row = { .id = p->pid, .threads = p->nr, .times = p->times };
	const struct thread_sample *first = process_thread(p, p->pid);
	struct activity a = { .created = 0 };

	snprintf(row.name, sizeof(row.name), p->peak_rss ? "%s" : "[%.29s]",
		 first ? first->name : "?");
	process_add(&a, snapshot_process(before, p->pid), p);
	set_rates(&row, &a, seconds);
	if (was && is)
		set_watched(&row, &was->counters, &is->counters, seconds);
	if (is)
		set_goroutines(&row, was, is, seconds);
	return row;
}

static struct top_row thread_row(const struct process_sample *p, const struct thread_sample *t,
				 const struct process_sample *was, double seconds)
{
	struct top_row row = { .id = t->tid, .threads = 1, .times = p->times, .state = t->state };
	struct activity a = { .created = 0 };

	strcpy(row.name, t->name);
	thread_add(&a, was ? process_thread(was, t->tid) : NULL, t);
	set_rates(&row, &a, seconds);
	return row;
}

/* ------------------------------------------------------------- sort, filter */

static bool passes(const struct top_row *row, const struct top_view *view)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", row->id);
	return !view->filter[0] || strcasestr(row->name, view->filter) ||
	       !strcmp(number, view->filter);
}

static double key(const struct top_row *row, enum top_sort sort)
{
	switch (sort) {
	case TOP_GOROUTINE:
		return row->runtime ? row->switches : -1;
	case TOP_CPU:
		return row->cpu;
	case TOP_WAIT:
		return row->wait;
	case TOP_THREADS:
		return row->threads;
	case TOP_PID:
		return -row->id;
	default:
		return row->kernel;
	}
}

/* What has the same key stays in the order of numbers, and so where it is. */
static int compare(const void *a, const void *b, void *arg)
{
	const struct top_row *x = a, *y = b;
	const struct top_view *view = arg;
	double kx = key(x, view->sort), ky = key(y, view->sort);

	if (kx != ky)
		return kx < ky ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* -------------------------------------------------------------------- table */

static void add(struct top_table *t, const struct top_row *row, const struct top_view *view)
{
	if (passes(row, view))
		t->rows[t->nr++] = *row;
}

static void add_threads(struct top_table *t, const struct snapshot *before,
			const struct process_sample *p, const struct top_view *view)
{
	const struct process_sample *was = snapshot_process(before, p->pid);

	for (size_t i = 0; i < p->nr; i++) {
		struct top_row row = thread_row(p, &p->threads[i], was, t->seconds);

		add(t, &row, view);
	}
}

int top_table_make(struct top_table *t, const struct snapshot *before, const struct snapshot *now,
		   const struct top_view *view)
{
	const struct process_sample *one;
	size_t room;

	memset(t, 0, sizeof(*t));
	t->seconds = (double)(now->when - before->when) / NSEC_PER_SEC;
	t->switches = (now->switches - before->switches) / t->seconds;
	t->processes = now->nr;
	for (size_t i = 0; i < now->nr; i++)
		t->threads += now->processes[i].nr;

	one = view->threads_of ? snapshot_process(now, view->threads_of) : NULL;
	t->found = !view->threads_of || one;
	room = one ? one->nr : now->nr;
	t->rows = calloc(room + 1, sizeof(*t->rows));
	if (!t->rows)
		return -ENOMEM;
	if (one)
		add_threads(t, before, one, view);
	for (size_t i = 0; i < now->nr && !view->threads_of; i++) {
		struct top_row row = process_row(&now->processes[i], before, now, t->seconds);

		add(t, &row, view);
	}
	qsort_r(t->rows, t->nr, sizeof(*t->rows), compare, (void *)view);
	return 0;
}

void top_table_free(struct top_table *t)
{
	free(t->rows);
	memset(t, 0, sizeof(*t));
}

/* --------------------------------------------------------------------- text */

void top_text_head(char text[TOP_LINE], const struct top_table *t, const struct top_view *view)
{
	int len = snprintf(text, TOP_LINE, "%.3f s, %zu process%s, %zu thread%s, "
			   "%.0f switches/s in all, by %s", t->seconds, t->processes,
			   t->processes == 1 ? "" : "es", t->threads, t->threads == 1 ? "" : "s",
			   t->switches, top_sort_name[view->sort]);

	if (view->threads_of)
		len += snprintf(text + len, TOP_LINE - len, ", threads of %d", view->threads_of);
	if (view->filter[0])
		snprintf(text + len, TOP_LINE - len, ", only '%s'", view->filter);
}

/* What matters most comes first: a narrow terminal cuts off the rest. */
#define PROCESS_LINE	"%7s %-15.15s %7s %10s %11s %10s %6s %6s %9s %9s %9s"
#define THREAD_LINE	"%7s %-15.15s %5s %10s %6s %6s %9s %9s"

void top_text_columns(char text[TOP_LINE], const struct top_view *view)
{
	if (view->threads_of)
		snprintf(text, TOP_LINE, THREAD_LINE, "TID", "NAME", "STATE", "KERNEL/s", "CPU%",
			 "WAIT%", "WAITED/s", "MADE-TO/s");
	else
		snprintf(text, TOP_LINE, PROCESS_LINE, "PID", "NAME", "THREADS", "KERNEL/s",
			 "GOROUTINE/s", "GOROUTINES", "CPU%", "WAIT%", "WAITED/s", "MADE-TO/s",
			 "STARTED/s");
}

/* No separators: these are for awk, too. */
static const char *rate(char text[24], bool have, double value)
{
	if (!have)
		return "-";
	snprintf(text, 24, value < 1000 ? "%.1f" : "%.0f", value);
	return text;
}

void top_text_row(char text[TOP_LINE], const struct top_row *r, const struct top_view *view)
{
	char id[24], threads[24], number[24], cell[7][24];
	const char state[2] = { r->state, '\0' };
	const char *kernel = rate(cell[0], true, r->kernel), *cpu = rate(cell[1], r->times, r->cpu);
	const char *wait = rate(cell[2], r->times, r->wait);
	const char *waited = rate(cell[3], true, r->waited);
	const char *made_to = rate(cell[4], true, r->made_to);

	snprintf(id, sizeof(id), "%d", r->id);
	snprintf(threads, sizeof(threads), "%zu", r->threads);
	snprintf(number, sizeof(number), "%lu", r->goroutines);
	if (view->threads_of)
		snprintf(text, TOP_LINE, THREAD_LINE, id, r->name, state, kernel, cpu, wait,
			 waited, made_to);
	else
		snprintf(text, TOP_LINE, PROCESS_LINE, id, r->name, threads, kernel,
			 rate(cell[5], r->runtime, r->switches), r->runtime ? number : "-", cpu,
			 wait, waited, made_to, rate(cell[6], true, r->started));
}
