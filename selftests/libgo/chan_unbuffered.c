// SPDX-License-Identifier: GPL-2.0-only
/* chan_unbuffered.c - sender and receiver meet: neither goes on before the other came. */
#include "test.h"

static struct go_chan *ch, *back;
static struct go_waitgroup wg;
static unsigned long sent, stage;

static void sends_one(void *arg)
{
	int v = 42;

	go_send(ch, &v);
	inc(sent);
}

static void receiver_comes_last(void *arg)
{
	int v = 0, i;

	wr(sent, 0);
	ch = make_chan(sizeof(int), 0);
	CHECK_EQ(0, go_chan_cap(ch));
	start(sends_one, NULL);
	for (i = 0; i < 200; i++)
		go_yield();
	/* However long: nobody took it yet. */
	CHECK_EQ(0, rd(sent));
	CHECK_EQ(0, go_chan_len(ch));
	CHECK(go_recv(ch, &v));
	CHECK_EQ(42, v);
	until(rd(sent) == 1);
	go_chan_free(ch);
}

static void receives_one(void *arg)
{
	int v = 0;

	CHECK(go_recv(ch, &v));
	CHECK_EQ(17, v);
	inc(stage);
}

static void sender_comes_last(void *arg)
{
	int v = 17, i;

	wr(stage, 0);
	ch = make_chan(sizeof(int), 0);
	start(receives_one, NULL);
	for (i = 0; i < 200; i++)
		go_yield();
	CHECK_EQ(0, rd(stage));
	go_send(ch, &v);
	until(rd(stage) == 1);
	go_chan_free(ch);
}

static void echoes(void *arg)
{
	uint64_t v;

	while (go_recv(ch, &v)) {
		v = ~v;
		go_send(back, &v);
	}
	go_wg_done(&wg);
}

static void ping_pong(void *arg)
{
	uint64_t i, v, n = scaled(100000);

	ch = make_chan(sizeof(v), 0);
	back = make_chan(sizeof(v), 0);
	go_wg_add(&wg, 1);
	start(echoes, NULL);
	for (i = 0; i < n; i++) {
		go_send(ch, &i);
		CHECK(go_recv(back, &v));
		CHECK_EQ(~i, v);
	}
	go_close(ch);
	go_wg_wait(&wg);
	go_chan_free(ch);
	go_chan_free(back);
}

static void drops(void *arg)
{
	int i;

	for (i = 0; i < 100; i++)
		CHECK(go_recv(ch, NULL));
	go_wg_done(&wg);
}

static void value_not_wanted(void *arg)
{
	int i;

	ch = make_chan(sizeof(int), 0);
	go_wg_add(&wg, 1);
	start(drops, NULL);
	for (i = 0; i < 100; i++)
		go_send(ch, &i);
	go_wg_wait(&wg);
	go_chan_free(ch);
}

static void both_ways(void (*fn)(void *))
{
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
}

TEST(sender_waits)
{
	both_ways(receiver_comes_last);
}

TEST(receiver_waits)
{
	both_ways(sender_comes_last);
}

TEST(there_and_back)
{
	both_ways(ping_pong);
}

TEST(received_into_null)
{
	both_ways(value_not_wanted);
}

TEST_HARNESS_MAIN
