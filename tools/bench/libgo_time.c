// SPDX-License-Identifier: GPL-2.0-only
/*
 * libgo_time.c - workloads of timers and tickers in libgo; tools/peers/go-bench/time.go is the same
 * in Go. No timer of these fires but the tickers'.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libgo.h>

#include "bench/bench.h"
#include "memuse.h"

#define HOUR	(3600 * INT64_C(1000000000))
#define TICK	INT64_C(1000000)
#define FIRST_ONES	8

static void never(void *arg)
{
	(void)arg;
	go_panic("a timer that is an hour away has fired");
}

static int start_and_stop(struct go_timer *t, uint64_t n)
{
	uint64_t stopped = 0;

	for (uint64_t i = 0; i < n; i++) {
		go_timer_start(t, HOUR, never, NULL);
		stopped += go_timer_stop(t);
	}
	return stopped == n ? 0 : -EPROTO;
}

int libgo_timer(struct bench_run *r)
{
	struct go_timer t;
	int64_t t0;
	int err;

	memset(&t, 0, sizeof(t));
	err = start_and_stop(&t, r->n / 10);
	t0 = now_ns();
	if (!err)
		err = start_and_stop(&t, r->n);
	r->figure = (double)(now_ns() - t0) / r->n;
	return err;
}

/* ------------------------------------------------------------------- many at once */

/* Times within the second hour from now, in no order. */
static int64_t some_time(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return HOUR + (int64_t)(*seed % HOUR);
}

static void start_all(struct go_timer *t, uint64_t n)
{
	uint64_t seed = 88172645463325252;

	for (uint64_t i = 0; i < n; i++)
		go_timer_start(&t[i], some_time(&seed), never, NULL);
}

static int stop_all(struct go_timer *t, uint64_t n)
{
	uint64_t stopped = 0;

	for (uint64_t i = 0; i < n; i++)
		stopped += go_timer_stop(&t[i]);
	return stopped == n ? 0 : -EPROTO;
}

int libgo_timers(struct bench_run *r)
{
	struct go_timer *t = calloc(r->n, sizeof(*t));
	int64_t t0;
	int err;

	if (!t)
		return -ENOMEM;
	start_all(t, r->n);
	err = stop_all(t, r->n);
	t0 = now_ns();
	if (!err) {
		start_all(t, r->n);
		err = stop_all(t, r->n);
	}
	r->figure = (double)(now_ns() - t0) / r->n;
	free(t);
	return err;
}

int libgo_timers_memory(struct bench_run *r)
{
	struct go_timer first[FIRST_ONES], *t;
	struct memuse from, to;
	int err;

	memset(first, 0, sizeof(first));
	start_all(first, FIRST_ONES);
	err = memuse_read(&from);
	if (err)
		return err;
	t = calloc(r->n, sizeof(*t));
	if (!t)
		return -ENOMEM;
	start_all(t, r->n);
	err = memuse_read(&to);
	if (!err)
		err = stop_all(t, r->n);
	free(t);
	if (!err)
		err = stop_all(first, FIRST_ONES);
	if (err)
		return err;
	to = memuse_each(&from, &to, r->n);
	r->figure = to.rss + to.page_tables;
	return 0;
}

/* ------------------------------------------------------------------------ tickers */

/*
 * How late each of @n ticks was received, sorted. Where one was later than the interval, the next
 * is due at the next whole number of intervals.
 */
static int hear_ticks(int64_t *late, uint64_t n)
{
	int64_t due = now_ns() + TICK, at;
	struct go_ticker ticker;
	int err;

	memset(&ticker, 0, sizeof(ticker));
	err = go_ticker_start(&ticker, TICK);
	if (err)
		return err;
	for (uint64_t i = 0; i < n; i++) {
		go_recv(go_ticker_chan(&ticker), &at);
		late[i] = now_ns() - due;
		due += ((at - due) / TICK + 1) * TICK;
	}
	go_ticker_stop(&ticker);
	qsort(late, n, sizeof(*late), bench_later);
	return 0;
}

static int measure_ticks(struct bench_run *r, unsigned int percentile)
{
	int64_t *late = calloc(r->n, sizeof(*late));
	int err;

	if (!late)
		return -ENOMEM;
	err = hear_ticks(late, r->n);
	r->figure = late[r->n * percentile / 100];
	free(late);
	return err;
}

int libgo_tick_50(struct bench_run *r)
{
	return measure_ticks(r, 50);
}

int libgo_tick_99(struct bench_run *r)
{
	return measure_ticks(r, 99);
}
