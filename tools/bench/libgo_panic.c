// SPDX-License-Identifier: GPL-2.0-only
/*
 * libgo_panic.c - workloads of deferred calls and panics in libgo; tools/peers/go-bench/panic.go is
 * the same in Go. Each counts that what was deferred has run.
 */
#include <errno.h>

#include <libgo.h>

#include "bench/bench.h"

static uint64_t ran;

static void tells(void *arg)
{
	(void)arg;
	ran++;
}

static void defers(void *arg)
{
	go_defer(tells, arg);
}

static void takes(void *arg)
{
	(void)arg;
	if (go_recover())
		ran++;
}

static void panics(void *arg)
{
	go_defer(takes, arg);
	go_panic("text");
}

static int measure(struct bench_run *r, void (*fn)(void *), int answer)
{
	uint64_t warm = r->n / 10, wrong = 0;
	int64_t t0;

	ran = 0;
	for (uint64_t i = 0; i < warm; i++)
		wrong += go_call(fn, NULL, NULL) != answer;
	t0 = now_ns();
	for (uint64_t i = 0; i < r->n; i++)
		wrong += go_call(fn, NULL, NULL) != answer;
	r->figure = (double)(now_ns() - t0) / r->n;
	return wrong || ran != warm + r->n ? -EPROTO : 0;
}

int libgo_defer(struct bench_run *r)
{
	return measure(r, defers, 0);
}

int libgo_panic(struct bench_run *r)
{
	return measure(r, panics, -ECANCELED);
}
