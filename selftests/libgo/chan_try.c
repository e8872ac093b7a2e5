// SPDX-License-Identifier: GPL-2.0-only
/* chan_try.c - go_try_send() and go_try_recv() never wait, and miss nobody who does. */
#include "test.h"

static struct go_chan *ch;
static struct go_waitgroup wg;
static unsigned long ready, sum_in, sum_out;

static void empty_and_full(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 0), *b = make_chan(sizeof(int), 1);
	int v = 5;

	CHECK_EQ(-EAGAIN, go_try_send(c, &v));
	CHECK_EQ(-EAGAIN, go_try_recv(c, &v));
	CHECK_EQ(5, v);
	CHECK_EQ(-EAGAIN, go_try_recv(b, &v));
	CHECK_EQ(0, go_try_send(b, &v));
	CHECK_EQ(-EAGAIN, go_try_send(b, &v));
	v = 0;
	CHECK_EQ(0, go_try_recv(b, &v));
	CHECK_EQ(5, v);
	CHECK_EQ(-EAGAIN, go_try_recv(b, &v));
	CHECK_EQ(0, go_try_send(b, &v));
	CHECK_EQ(0, go_try_recv(b, NULL));
	go_chan_free(c);
	go_chan_free(b);
}

static void receives(void *arg)
{
	int v;

	inc(ready);
	CHECK(go_recv(ch, &v));
	CHECK_EQ(99, v);
	go_wg_done(&wg);
}

static void sends(void *arg)
{
	int v = 98;

	inc(ready);
	go_send(ch, &v);
	go_wg_done(&wg);
}

static void meets_who_waits(void *arg)
{
	int v = 99;

	ch = make_chan(sizeof(int), 0);
	go_wg_add(&wg, 2);
	start(receives, NULL);
	until(!go_try_send(ch, &v));
	v = 0;
	start(sends, NULL);
	until(!go_try_recv(ch, &v));
	CHECK_EQ(98, v);
	go_wg_wait(&wg);
	go_chan_free(ch);
}

static void pusher(void *arg)
{
	unsigned long i, n = scaled(5000), sum = 0;

	for (i = 1; i <= n; i++) {
		until(!go_try_send(ch, &i));
		sum += i;
	}
	__atomic_add_fetch(&sum_in, sum, __ATOMIC_RELAXED);
	go_wg_done(&wg);
}

static void puller(void *arg)
{
	unsigned long v, sum = 0;
	int ret;

	while ((ret = go_try_recv(ch, &v)) != -EPIPE) {
		if (!ret)
			sum += v;
		else
			go_yield();
	}
	__atomic_add_fetch(&sum_out, sum, __ATOMIC_RELAXED);
	inc(ready);
}

/* Both only try: on a buffer they meet, and nothing is lost. */
static void only_tries(void *arg)
{
	wr(ready, 0);
	sum_in = sum_out = 0;
	ch = make_chan(sizeof(unsigned long), (intptr_t)arg);
	go_wg_add(&wg, 3);
	start_n(3, pusher);
	start_n(3, puller);
	go_wg_wait(&wg);
	go_close(ch);
	until(rd(ready) == 3);
	CHECK_EQ(sum_in, sum_out);
	CHECK(sum_in > 0);
	go_chan_free(ch);
}

TEST(nobody_there)
{
	run_on(1, empty_and_full, NULL);
}

TEST(waiter_there)
{
	run_on(1, meets_who_waits, NULL);
	run_on(4, meets_who_waits, NULL);
}

TEST(tries_against_tries)
{
	run_on(1, only_tries, (void *)1);
	run_on(4, only_tries, (void *)1);
	run_on(4, only_tries, (void *)16);
}

TEST_HARNESS_MAIN
