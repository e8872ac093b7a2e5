// SPDX-License-Identifier: GPL-2.0-only
/*
 * libgo_sync.c - workloads of channels and mutexes in libgo; tools/peers/go-bench/sync.go is the
 * same in Go. Each warms up with a tenth of its operations, and adds up what it received.
 */
#include <errno.h>
#include <string.h>

#include <libgo.h>

#include "bench/bench.h"

/* What 0, 1, ... n-1 add up to. */
static int64_t sum_below(int64_t n)
{
	return n * (n - 1) / 2;
}

static int wrong_sum(struct bench_run *r, int64_t sum)
{
	return bench_give_up(r, 0, "what was received adds up to %ld", sum);
}

/* -------------------------------------------------------------- round trip */

struct pair {
	struct go_chan *there, *back;
	uint64_t n;
};

static void echo(void *arg)
{
	const struct pair *p = arg;
	uint64_t n = p->n;
	int64_t value;

	for (uint64_t i = 0; i < n; i++) {
		go_recv(p->there, &value);
		value++;
		go_send(p->back, &value);
	}
}

static int round_trips(struct pair *p, int64_t *value)
{
	uint64_t n = p->n;
	int err = go(echo, p);

	for (uint64_t i = 0; i < n && !err; i++) {
		go_send(p->there, value);
		go_recv(p->back, value);
	}
	return err;
}

int libgo_roundtrip(struct bench_run *r)
{
	struct pair warm = { go_chan_make(sizeof(int64_t), 0), go_chan_make(sizeof(int64_t), 0),
			     r->n / 10 };
	struct pair real = { warm.there, warm.back, r->n };
	int64_t value = 0, t0;
	int err;

	if (!warm.there || !warm.back)
		return -ENOMEM;
	err = round_trips(&warm, &value);
	t0 = now_ns();
	if (!err)
		err = round_trips(&real, &value);
	r->figure = (double)(now_ns() - t0) / r->n;
	if (!err && value != (int64_t)(warm.n + real.n))
		err = wrong_sum(r, value);
	go_chan_free(warm.there);
	go_chan_free(warm.back);
	return err;
}

/* ----------------------------------------------------------------- one way */

/* One that sends @first, @first + @step, ... below @end. */
struct sender {
	struct go_chan *c;
	int64_t first, step, end;
};

static void send_all(void *arg)
{
	const struct sender s = *(const struct sender *)arg;

	for (int64_t i = s.first; i < s.end; i += s.step)
		go_send(s.c, &i);
}

static int stream(struct sender *s, int64_t *sum)
{
	int64_t end = s->end, value;
	int err = go(send_all, s);

	*sum = 0;
	for (int64_t i = 0; i < end && !err; i++) {
		go_recv(s->c, &value);
		*sum += value;
	}
	return err;
}

static int measure_stream(struct bench_run *r, size_t buffer)
{
	struct go_chan *c = go_chan_make(sizeof(int64_t), buffer);
	struct sender warm = { c, 0, 1, r->n / 10 }, real = { c, 0, 1, r->n };
	int64_t sum, t0;
	int err;

	if (!c)
		return -ENOMEM;
	err = stream(&warm, &sum);
	t0 = now_ns();
	if (!err)
		err = stream(&real, &sum);
	r->figure = (double)(now_ns() - t0) / r->n;
	if (!err && sum != sum_below(r->n))
		err = wrong_sum(r, sum);
	go_chan_free(c);
	return err;
}

int libgo_oneway(struct bench_run *r)
{
	return measure_stream(r, 0);
}

int libgo_buffer(struct bench_run *r)
{
	return measure_stream(r, 128);
}

/* ------------------------------------------------------------------ select */

static int select_all(struct sender *s, int64_t *sum)
{
	int64_t value[2], end = s[0].end;
	struct go_case cases[] = {
		{ .op = GO_RECV, .chan = s[0].c, .elem = &value[0] },
		{ .op = GO_RECV, .chan = s[1].c, .elem = &value[1] },
	};
	int err = go(send_all, &s[0]);

	if (!err)
		err = go(send_all, &s[1]);
	*sum = 0;
	for (int64_t i = 0; i < end && !err; i++)
		*sum += value[go_select(cases, 2)];
	return err;
}

int libgo_select(struct bench_run *r)
{
	struct go_chan *a = go_chan_make(sizeof(int64_t), 0);
	struct go_chan *b = go_chan_make(sizeof(int64_t), 0);
	struct sender warm[] = { { a, 0, 2, r->n / 10 }, { b, 1, 2, r->n / 10 } };
	struct sender real[] = { { a, 0, 2, r->n }, { b, 1, 2, r->n } };
	int64_t sum, t0;
	int err;

	if (!a || !b)
		return -ENOMEM;
	err = select_all(warm, &sum);
	t0 = now_ns();
	if (!err)
		err = select_all(real, &sum);
	r->figure = (double)(now_ns() - t0) / r->n;
	if (!err && sum != sum_below(r->n))
		err = wrong_sum(r, sum);
	go_chan_free(a);
	go_chan_free(b);
	return err;
}

/* ------------------------------------------------------------------- mutex */

struct locked {
	struct go_mutex m;
	struct go_waitgroup done;
	uint64_t each, count;
};

static void locker(void *arg)
{
	struct locked *l = arg;

	for (uint64_t i = 0; i < l->each; i++) {
		go_mutex_lock(&l->m);
		l->count++;
		go_mutex_unlock(&l->m);
	}
	go_wg_done(&l->done);
}

static int lock_all(struct bench_run *r, uint64_t each, int many)
{
	struct locked l = { .each = each };

	go_wg_add(&l.done, many);
	for (int i = 0; i < many; i++) {
		int err = go(locker, &l);

		if (err)
			return err;
	}
	go_wg_wait(&l.done);
	if (l.count != each * many)
		return bench_give_up(r, 0, "%lu counted under the lock, not %lu", l.count,
				     each * many);
	return 0;
}

static int measure_mutex(struct bench_run *r, int many)
{
	uint64_t each = r->n / many;
	int err = lock_all(r, each / 10, many);
	int64_t t0 = now_ns();

	if (!err)
		err = lock_all(r, each, many);
	r->figure = (double)(now_ns() - t0) / (each * many);
	return err;
}

int libgo_mutex(struct bench_run *r)
{
	return measure_mutex(r, 1);
}

int libgo_mutex_4(struct bench_run *r)
{
	return measure_mutex(r, 4);
}
