// SPDX-License-Identifier: GPL-2.0-only
/*
 * many.c - 100,000 goroutines alive at once, parked, then released.
 *
 * Under TSan 2,000: it knows each as a fiber, and knows few of them.
 */
#include "test.h"

static size_t number(void)
{
	return TEST_TSAN ? 2000 : TEST_ASAN ? 20000 : 100000;
}

static struct go_waitgroup ready, done;
static struct go_chan *gate;
static unsigned long sum;

static void parked(void *arg)
{
	go_wg_done(&ready);
	CHECK(!go_recv(gate, NULL));
	__atomic_add_fetch(&sum, (uintptr_t)arg, __ATOMIC_RELAXED);
	go_wg_done(&done);
}

static void many(void *arg)
{
	size_t n = number(), i;
	struct go_stats s;

	gate = make_chan(0, 0);
	go_wg_add(&ready, n);
	go_wg_add(&done, n);
	for (i = 1; i <= n; i++)
		start(parked, (void *)i);
	go_wg_wait(&ready);
	CHECK_EQ(n + 1, go_num());
	go_stats(&s);
	CHECK_EQ(n + 1, s.alive);
	go_close(gate);
	go_wg_wait(&done);
	CHECK_EQ(n * (n + 1) / 2, rd(sum));
	until(go_num() == 1);
	go_chan_free(gate);
}

static void relay(void *arg)
{
	struct go_chan **pair = arg;
	uint64_t v;

	go_recv(pair[0], &v);
	v++;
	go_send(pair[1], &v);
}

/* A chain of goroutines, each waiting for its left neighbour. */
static void chain(void *arg)
{
	size_t n = number() / 10, i;
	struct go_chan **c = calloc(n + 1, sizeof(*c));
	uint64_t v = 0;

	CHECK(c);
	for (i = 0; i <= n; i++)
		c[i] = make_chan(sizeof(uint64_t), 0);
	for (i = 0; i < n; i++)
		start(relay, &c[i]);
	go_send(c[0], &v);
	CHECK(go_recv(c[n], &v));
	CHECK_EQ(n, v);
	for (i = 0; i <= n; i++)
		go_chan_free(c[i]);
	free(c);
}

TEST(parked_and_released)
{
	run_on(1, many, NULL);
	sum = 0;
	run_on(4, many, NULL);
}

TEST(chained)
{
	run_on(1, chain, NULL);
	run_on(4, chain, NULL);
}

TEST_HARNESS_MAIN
