// SPDX-License-Identifier: GPL-2.0-only
/* chan_close.c - closing: what is buffered still comes, then zeroes; who waits wakes. */
#include "test.h"

static struct go_chan *ch;
static struct go_waitgroup wg;
static unsigned long ready;
static bool mixed;	/* some wait with a deadline, or in a select */

static void waits(void *arg)
{
	uint64_t v = 0x5555555555555555;
	struct go_case c[] = { { .op = GO_RECV, .chan = ch, .elem = &v, .ok = true } };

	inc(ready);
	switch (mixed ? (intptr_t)arg % 3 : 0) {
	case 0:
		CHECK(!go_recv(ch, &v));
		break;
	case 1:
		CHECK_EQ(-EPIPE, go_recv_until(ch, &v, go_now() + 3600000 * MS));
		break;
	case 2:
		CHECK_EQ(0, go_select(c, 1));
		CHECK(!c[0].ok);
		break;
	}
	CHECK_EQ(0, v);
	go_wg_done(&wg);
}

static void wakes_all(void *arg)
{
	int i;

	mixed = arg;
	for (i = 0; i < 20; i++) {
		wr(ready, 0);
		ch = make_chan(sizeof(uint64_t), i % 2 * 4);
		go_wg_add(&wg, 99);
		start_n(99, waits);
		until(rd(ready) == 99);
		go_close(ch);
		go_wg_wait(&wg);
		/* Closed for good. */
		CHECK(!go_recv(ch, NULL));
		go_chan_free(ch);
	}
}

static void drains(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 4);
	struct go_case one = { .op = GO_RECV, .chan = c };
	int i, v;

	for (i = 1; i <= 4; i++)
		go_send(c, &i);
	go_close(c);
	CHECK_EQ(4, go_chan_len(c));
	v = 0;
	CHECK(go_recv(c, &v));
	CHECK_EQ(1, v);
	CHECK_EQ(0, go_try_recv(c, &v));
	CHECK_EQ(2, v);
	CHECK_EQ(0, go_recv_until(c, &v, 1));
	CHECK_EQ(3, v);
	one.elem = &v;
	CHECK_EQ(0, go_select(&one, 1));
	CHECK(one.ok);
	CHECK_EQ(4, v);

	for (i = 0; i < 3; i++) {
		v = 77;
		CHECK(!go_recv(c, &v));
		CHECK_EQ(0, v);
		v = 77;
		CHECK_EQ(-EPIPE, go_try_recv(c, &v));
		CHECK_EQ(0, v);
		v = 77;
		CHECK_EQ(-EPIPE, go_recv_until(c, &v, 0));
		CHECK_EQ(0, v);
		CHECK_EQ(-EPIPE, go_recv_until(c, NULL, 1));
		v = 77;
		one.ok = true;
		CHECK_EQ(0, go_select(&one, 1));
		CHECK(!one.ok);
		CHECK_EQ(0, v);
	}
	CHECK_EQ(0, go_chan_len(c));
	CHECK_EQ(4, go_chan_cap(c));
	go_chan_free(c);
}

/* A closer and receivers race: each receiver hears of it, none waits for ever. */
static void closes(void *arg)
{
	go_close(arg);
	go_wg_done(&wg);
}

static void hears(void *arg)
{
	CHECK(!go_recv(arg, NULL));
	go_wg_done(&wg);
}

static void races(void *arg)
{
	int i, k, n = scaled(5000);

	for (i = 0; i < n; i++) {
		struct go_chan *c = make_chan(8, i % 2);

		go_wg_add(&wg, 4);
		for (k = 0; k < 4; k++)
			start(k == i % 4 ? closes : hears, c);
		go_wg_wait(&wg);
		go_chan_free(c);
	}
}

/* The last of them may free it at once. */
static void hears_and_frees(void *arg)
{
	uint64_t v = 0x5555555555555555;

	inc(ready);
	CHECK(!go_recv(ch, &v));
	CHECK_EQ(0, v);
	if (!__atomic_sub_fetch(&ready, 1, __ATOMIC_ACQ_REL))
		go_chan_free(ch);
	go_wg_done(&wg);
}

static void last_one_frees(void *arg)
{
	int i, n = scaled(2000);

	for (i = 0; i < n; i++) {
		wr(ready, 0);
		ch = make_chan(sizeof(uint64_t), 0);
		go_wg_add(&wg, 4);
		start_n(4, hears_and_frees);
		until(rd(ready) == 4);
		/* They wait by now, or find it closed: all have counted themselves. */
		go_close(ch);
		go_wg_wait(&wg);
	}
}

TEST(wakes_all_receivers)
{
	run_on(1, wakes_all, NULL);
	run_on(4, wakes_all, NULL);
}

TEST(wakes_all_kinds_of_receivers)
{
	run_on(1, wakes_all, (void *)1);
	run_on(4, wakes_all, (void *)1);
}

TEST(freed_by_the_last_that_heard)
{
	run_on(1, last_one_frees, NULL);
	run_on(4, last_one_frees, NULL);
}

TEST(drains_then_zeroes)
{
	run_on(1, drains, NULL);
}

TEST(race_with_receivers)
{
	run_on(1, races, NULL);
	run_on(4, races, NULL);
}

TEST_HARNESS_MAIN
