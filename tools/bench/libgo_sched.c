// SPDX-License-Identifier: GPL-2.0-only
/*
 * libgo_sched.c - workloads of the scheduler in libgo; tools/peers/go-bench/sched.go is the same
 * in Go, step by step.
 *
 * Each warms up with the same work: with a tenth of it where one repeats, with all of it
 * where many are alive at once, so that both sides have had their stacks once. Sums are
 * compared: what was not done is not counted.
 */
#include <errno.h>
#include <string.h>

#include <libgo.h>

#include "bench/bench.h"

/* ------------------------------------------------------------------- yield */

struct yielders {
	struct go_waitgroup done;
	uint64_t each;
};

static void yielder(void *arg)
{
	struct yielders *y = arg;

	for (uint64_t i = 0; i < y->each; i++)
		go_yield();
	go_wg_done(&y->done);
}

static int yields(uint64_t each, int many)
{
	struct yielders y = { .each = each };

	go_wg_add(&y.done, many);
	for (int i = 0; i < many; i++) {
		int err = go(yielder, &y);

		if (err)
			return err;
	}
	go_wg_wait(&y.done);
	return 0;
}

static int measure_yields(struct bench_run *r, int many)
{
	uint64_t each = r->n / many;
	int err = yields(each / 10, many);
	int64_t t0 = now_ns();

	if (!err)
		err = yields(each, many);
	r->figure = (double)(now_ns() - t0) / (each * many);
	return err;
}

int libgo_yield(struct bench_run *r)
{
	return measure_yields(r, 2);
}

int libgo_yield_100(struct bench_run *r)
{
	return measure_yields(r, 100);
}

/* ---------------------------------------------------------- create and end */

static void send_done(void *arg)
{
	go_send(arg, NULL);
}

static int creations(struct go_chan *done, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		int err = go(send_done, done);

		if (err)
			return err;
		go_recv(done, NULL);
	}
	return 0;
}

int libgo_create(struct bench_run *r)
{
	struct go_chan *done = go_chan_make(0, 0);
	int64_t t0;
	int err;

	if (!done)
		return -ENOMEM;
	err = creations(done, r->n / 10);
	t0 = now_ns();
	if (!err)
		err = creations(done, r->n);
	r->figure = (double)(now_ns() - t0) / r->n;
	go_chan_free(done);
	return err;
}

static void batch_one(void *arg)
{
	go_wg_done(arg);
}

static int batch(uint64_t n)
{
	/* In Go it is on the heap: here too it shares no cache line with the frames of main. */
	struct {
		_Alignas(64) struct go_waitgroup wg;
	} own = { 0 };

	go_wg_add(&own.wg, n);
	for (uint64_t i = 0; i < n; i++) {
		int err = go(batch_one, &own.wg);

		if (err)
			return err;
	}
	go_wg_wait(&own.wg);
	return 0;
}

int libgo_batch(struct bench_run *r)
{
	int err = batch(r->n);
	int64_t t0 = now_ns();

	if (!err)
		err = batch(r->n);
	r->figure = (double)(now_ns() - t0) / r->n;
	return err;
}

/* ------------------------------------------------------------------ skynet */

/**
 * struct skynet_node - what a node of the tree is told; on the stack of the one that makes it,
 *	which waits for it
 * @to: where to send its sum
 * @number: of its first leaf
 * @leaves: how many below it; 1: it is one
 */
struct skynet_node {
	struct go_chan *to;
	int64_t number, leaves;
};

static void skynet(void *arg)
{
	const struct skynet_node *me = arg;
	struct skynet_node child[10];
	struct go_chan *from;
	int64_t sum = 0, part;
	int err;

	if (me->leaves == 1) {
		go_send(me->to, &me->number);
		return;
	}
	from = go_chan_make(sizeof(int64_t), 0);
	if (!from)
		go_panic("no memory for a channel");
	for (int i = 0; i < 10; i++) {
		child[i].to = from;
		child[i].leaves = me->leaves / 10;
		child[i].number = me->number + i * child[i].leaves;
		err = go(skynet, &child[i]);
		if (err)
			go_panic("go: %s", strerror(-err));
	}
	for (int i = 0; i < 10; i++) {
		go_recv(from, &part);
		sum += part;
	}
	go_chan_free(from);
	go_send(me->to, &sum);
}

static int skynet_tree(int64_t leaves, int64_t *sum)
{
	struct skynet_node root = { .to = go_chan_make(sizeof(int64_t), 0), .leaves = leaves };
	int err;

	if (!root.to)
		return -ENOMEM;
	err = go(skynet, &root);
	if (!err)
		go_recv(root.to, sum);
	go_chan_free(root.to);
	return err;
}

int libgo_skynet(struct bench_run *r)
{
	int64_t leaves = 1, goroutines = 1, sum = 0, t0;
	int err;

	while (leaves * 10 <= (int64_t)r->n) {
		leaves *= 10;
		goroutines += leaves;
	}
	err = skynet_tree(leaves, &sum);
	t0 = now_ns();
	if (!err)
		err = skynet_tree(leaves, &sum);
	r->figure = (double)(now_ns() - t0) / goroutines;
	if (!err && sum != leaves * (leaves - 1) / 2)
		err = bench_give_up(r, 0, "the leaves add up to %ld", sum);
	return err;
}

/* ------------------------------------------------------------------- sleep */

/* None ends before the last one has slept, so all are alive at once. */
struct sleepers {
	struct go_waitgroup slept, ended;
	struct go_chan *end;
};

static void sleeper(void *arg)
{
	struct sleepers *s = arg;

	go_sleep(1000000);
	go_wg_done(&s->slept);
	go_recv(s->end, NULL);
	go_wg_done(&s->ended);
}

/* Return: nanoseconds until all had slept, or a negative errno. */
static int64_t sleeps(uint64_t n)
{
	struct sleepers s;
	int64_t t0, took;

	memset(&s, 0, sizeof(s));
	s.end = go_chan_make(0, 0);
	if (!s.end)
		return -ENOMEM;
	go_wg_add(&s.slept, n);
	go_wg_add(&s.ended, n);
	t0 = now_ns();
	for (uint64_t i = 0; i < n; i++) {
		int err = go(sleeper, &s);

		if (err)
			return err;
	}
	go_wg_wait(&s.slept);
	took = now_ns() - t0;
	go_close(s.end);
	go_wg_wait(&s.ended);
	go_chan_free(s.end);
	return took;
}

int libgo_sleep(struct bench_run *r)
{
	int64_t took = sleeps(r->n);

	if (took >= 0)
		took = sleeps(r->n);
	r->figure = (double)took / r->n;
	return took < 0 ? took : 0;
}
