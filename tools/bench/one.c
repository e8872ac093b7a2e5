// SPDX-License-Identifier: GPL-2.0-only
/*
 * one.c - one repetition, in this process: `gvt bench --one SIDE WORKLOAD N PROCS`. It prints
 * the figure, or why there is none. The Go program does the same on its side.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libgo.h>

#include "bench/bench.h"
#include "measure.h"

int bench_give_up(struct bench_run *r, int status, const char *fmt, ...)
{
	va_list ap;

	r->status = status;
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	return -ECANCELED;
}

struct libgo_run {
	const struct workload *w;
	struct bench_run *r;
	int err;
};

static void main_goroutine(void *arg)
{
	struct libgo_run *run = arg;

	run->err = run->w->libgo(run->r);
}

static int one_libgo(const struct workload *w, struct bench_run *r)
{
	struct libgo_run run = { .w = w, .r = r };
	int err;

	go_maxprocs(r->procs);
	err = go_run(main_goroutine, &run);
	return err ? err : run.err;
}

static int one_pthread(const struct workload *w, struct bench_run *r)
{
	int err;

	if (!w->pthread)
		return bench_give_up(r, BENCH_NO_ROOM, "%s", w->no_pthread);
	/* As many as the other sides have Ps. */
	err = cpus_use(r->procs);
	return err ? err : w->pthread(r);
}

int bench_one(const struct workload *w, enum bench_side s, uint64_t n, int procs)
{
	struct bench_run r = { .n = n, .procs = procs };
	int err = s == BENCH_LIBGO ? one_libgo(w, &r) : one_pthread(w, &r);

	if (err) {
		complain(w->name, "%s: %s", bench_side_name[s], r.why[0] ? r.why : strerror(-err));
		return r.status ? r.status : EXIT_FAILURE;
	}
	if (r.figure <= 0 && !strcmp(w->unit, "ns")) {
		complain(w->name, "%s: %s", bench_side_name[s], BENCH_TOO_SHORT);
		return BENCH_NO_ROOM;
	}
	printf("%.9g\n", r.figure);
	return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}
