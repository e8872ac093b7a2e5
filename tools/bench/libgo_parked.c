// SPDX-License-Identifier: GPL-2.0-only
/*
 * libgo_parked.c - workloads of many that wait, in libgo: what it takes to wake them, and
 * what memory they take. tools/peers/go-bench/parked.go is the same in Go.
 *
 * Memory is what the process has resident, and its page tables: the kernel's word, so all
 * that the library maps is in it. A few come before, for what only the first ones touch.
 */
#include <errno.h>
#include <string.h>

#include <libgo.h>

#include "bench/bench.h"
#include "memuse.h"
#include "parked.h"

#define FIRST_ONES	8

static int park(struct parked_goroutines *p, uint64_t n)
{
	int err = parked_goroutines_make(p, n);

	if (!err)
		parked_goroutines_settle(p);
	return err;
}

int libgo_wake(struct bench_run *r)
{
	struct parked_goroutines p;
	int err = park(&p, r->n / 10);
	int64_t t0;

	if (err)
		return err;
	parked_goroutines_release(&p);
	err = park(&p, r->n);
	if (err)
		return err;
	t0 = now_ns();
	parked_goroutines_release(&p);
	r->figure = (double)(now_ns() - t0) / r->n;
	return 0;
}

int libgo_parked(struct bench_run *r)
{
	struct parked_goroutines p;
	struct memuse from, to;
	int err = park(&p, FIRST_ONES);

	if (err)
		return err;
	parked_goroutines_release(&p);
	err = memuse_read(&from);
	if (!err)
		err = park(&p, r->n);
	if (!err)
		err = memuse_read(&to);
	if (err)
		return err;
	to = memuse_each(&from, &to, r->n);
	r->figure = to.rss + to.page_tables;
	parked_goroutines_release(&p);
	return 0;
}

struct not_started {
	struct go_waitgroup ended;
	uint64_t started;
};

static void start(void *arg)
{
	struct not_started *s = arg;

	__atomic_add_fetch(&s->started, 1, __ATOMIC_RELAXED);
	go_wg_done(&s->ended);
}

static int make_all(struct not_started *s, uint64_t n)
{
	go_wg_add(&s->ended, n);
	for (uint64_t i = 0; i < n; i++) {
		int err = go(start, s);

		if (err)
			return err;
	}
	return 0;
}

/* On one P none of them starts before this goroutine waits, or runs too long. */
int libgo_made(struct bench_run *r)
{
	struct not_started s;
	struct memuse from, to;
	uint64_t started;
	int err;

	memset(&s, 0, sizeof(s));
	go_maxprocs(1);
	err = make_all(&s, FIRST_ONES);
	if (err)
		return err;
	go_wg_wait(&s.ended);
	s.started = 0;
	err = memuse_read(&from);
	if (!err)
		err = make_all(&s, r->n);
	if (!err)
		err = memuse_read(&to);
	started = __atomic_load_n(&s.started, __ATOMIC_RELAXED);
	if (err)
		return err;
	go_wg_wait(&s.ended);
	if (started)
		return bench_give_up(r, BENCH_DISTURBED, "%lu of them had started already",
				     started);
	to = memuse_each(&from, &to, r->n);
	r->figure = to.rss + to.page_tables;
	return 0;
}
