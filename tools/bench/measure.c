// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure.c - the repetitions of one workload: libgo, threads, Go, libgo, threads, Go, on
 * each number of Ps, and again, so that a drift of the machine meets all of them alike.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "host.h"
#include "interrupt.h"

/* A repetition that something else came between is tried again this often. */
#define TRIES	100

static void progress(const struct bench *b, const struct bench_row *row, uint64_t k, size_t i,
		     enum bench_side s)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%s: repetition %lu of %lu, procs %d, %s ...", row->w->name, k + 1,
		b->repetitions, b->procs[i], bench_side_name[s]);
	fflush(stderr);
}

static void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

/* One repetition of a side. Return: 0, its figure in @value; an error, why in @line. */
static int once(const struct bench *b, const struct bench_row *row, size_t i, enum bench_side s,
		double *value, char *line)
{
	char self[] = "/proc/self/exe", n[24], procs[16], *end;
	char *const own[] = { self, "bench", "--one", (char *)bench_side_name[s],
			      (char *)row->w->name, n, procs, NULL };
	char *const go[] = { (char *)b->go_program, (char *)row->w->name, n, procs, NULL };
	int status = BENCH_DISTURBED;

	snprintf(n, sizeof(n), "%lu", row->at[i].n[s]);
	snprintf(procs, sizeof(procs), "%d", b->procs[i]);
	for (int k = 0; k < TRIES && status == BENCH_DISTURBED; k++)
		status = bench_child(s == BENCH_GO ? go : own, line, WHY_SIZE);
	if (status)
		return status;
	*value = strtod(line, &end);
	if (end != line && !*end && *value == 0 && !strcmp(row->w->unit, "ns")) {
		snprintf(line, WHY_SIZE, BENCH_TOO_SHORT);
		return BENCH_NO_ROOM;
	}
	if (end != line && !*end && isfinite(*value) && *value >= 0)
		return 0;
	snprintf(n, sizeof(n), "%.20s", line);
	snprintf(line, WHY_SIZE, "its answer is not a figure: `%s`", n);
	return -EPROTO;
}

/* Why a side is not even tried; "" where it is. */
static void say_impossible(const struct bench *b, struct bench_row *row, size_t i,
			   enum bench_side s)
{
	const struct workload *w = row->w;
	char *why = row->at[i].missing[s];
	uint64_t needs = w->room * row->at[i].n[s], room;

	if (s == BENCH_PTHREAD && !w->pthread) {
		snprintf(why, WHY_SIZE, "%s", w->no_pthread);
	} else if (s == BENCH_GO && !b->go_program[0]) {
		snprintf(why, WHY_SIZE, "there is no Go here");
	} else if (s != BENCH_PTHREAD && needs) {
		room = host_memory_available();
		if (room < needs + needs / 4)
			snprintf(why, WHY_SIZE, "may need %lu MiB of memory, %lu MiB are free",
				 needs >> 20, room >> 20);
	}
}

static bool alive(const struct bench_row *row, size_t i, enum bench_side s)
{
	return !row->at[i].missing[s][0];
}

/* Repetition @k of each side on the i-th number of Ps. @values: room for all repetitions. */
static void one_round(struct bench *b, struct bench_row *row, size_t i, uint64_t k,
		      double *values[BENCH_SIDES])
{
	for (int s = 0; s < BENCH_SIDES; s++) {
		int status;

		/* A side that failed once is not tried again. */
		if (!alive(row, i, s) || interrupted())
			continue;
		progress(b, row, k, i, s);
		status = once(b, row, i, s, &values[s][k], row->at[i].missing[s]);
		if (!status) {
			row->at[i].missing[s][0] = '\0';
		} else if (interrupted()) {
			/* It was killed for that. */
		} else if (status != BENCH_NO_ROOM && status != BENCH_DISTURBED) {
			progress_end();
			complain(row->w->name, "%s, procs %d: %s", bench_side_name[s], b->procs[i],
				 row->at[i].missing[s]);
			b->failed = true;
		}
	}
}

int bench_measure(struct bench *b, struct bench_row *row)
{
	double *all = calloc(b->nr_procs * BENCH_SIDES * b->repetitions, sizeof(*all));
	double *values[BENCH_MAX_PROCS][BENCH_SIDES], *next = all;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < b->nr_procs; i++) {
		for (int s = 0; s < BENCH_SIDES; s++, next += b->repetitions) {
			values[i][s] = next;
			row->at[i].n[s] = workload_n(row->w, s, b->o.quick);
			say_impossible(b, row, i, s);
		}
	}
	for (uint64_t k = 0; k < b->repetitions && !interrupted(); k++) {
		for (size_t i = 0; i < b->nr_procs; i++)
			one_round(b, row, i, k, values[i]);
	}
	progress_end();
	for (size_t i = 0; i < b->nr_procs; i++) {
		for (int s = 0; s < BENCH_SIDES; s++)
			row->at[i].side[s] = figure_from(values[i][s], alive(row, i, s) ?
							 b->repetitions : 0);
	}
	free(all);
	return interrupted() ? -EINTR : 0;
}
