// SPDX-License-Identifier: GPL-2.0-only
/* select.c - of several operations exactly one happens: the one whose index comes back. */
#include "test.h"

static struct go_chan *ch, *other;
static struct go_waitgroup wg;
static unsigned long came, sums[2], sent, received;

static void with_default(void *arg)
{
	struct go_chan *a = make_chan(sizeof(int), 1), *b = make_chan(sizeof(int), 0);
	int v = 3, w = 4;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = a, .elem = &v },
		{ .op = GO_DEFAULT },
		{ .op = GO_SEND, .chan = b, .elem = &w },
	};
	struct go_case only = { .op = GO_DEFAULT };

	CHECK_EQ(0, go_select(&only, 1));
	CHECK_EQ(1, go_select(c, 3));
	CHECK_EQ(3, v);
	go_send(a, &w);
	CHECK_EQ(0, go_select(c, 3));
	CHECK(c[0].ok);
	CHECK_EQ(4, v);
	CHECK_EQ(1, go_select(c, 3));
	CHECK_EQ(0, go_chan_len(a));
	go_chan_free(a);
	go_chan_free(b);
}

/* Both directions on one channel: nobody meets himself. */
static void both_directions(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 0), *b = make_chan(sizeof(int), 1);
	int in = 0, out = 6, i, last = -1;
	struct go_case cases[] = {
		{ .op = GO_SEND, .chan = c, .elem = &out },
		{ .op = GO_RECV, .chan = c, .elem = &in },
		{ .op = GO_DEFAULT },
	};

	for (i = 0; i < 100; i++)
		CHECK_EQ(2, go_select(cases, 3));
	/* With a buffer of one: in, out, in, out. */
	cases[0].chan = cases[1].chan = b;
	for (i = 0; i < 100; i++) {
		int k = go_select(cases, 2);

		CHECK_EQ(last == 0 ? 1 : 0, k);
		CHECK_EQ(k == 0, go_chan_len(b));
		last = k;
	}
	CHECK_EQ(6, in);
	go_chan_free(c);
	go_chan_free(b);
}

static void sends_or_receives(void *arg)
{
	int in = -1, out = (intptr_t)arg, i;
	struct go_case c[] = {
		{ .op = GO_SEND, .chan = ch, .elem = &out },
		{ .op = GO_RECV, .chan = ch, .elem = &in },
	};

	for (i = 0; i < 2000; i++) {
		in = -1;
		if (go_select(c, 2) == 0) {
			CHECK_EQ(-1, in);
			inc(sent);
		} else {
			CHECK(c[1].ok);
			/* Of the other: what is received was not sent by us. */
			CHECK_EQ(1 - (intptr_t)arg, in);
			inc(received);
		}
	}
	go_wg_done(&wg);
}

static void two_meet(void *arg)
{
	sent = received = 0;
	ch = make_chan(sizeof(int), 0);
	go_wg_add(&wg, 2);
	start_n(2, sends_or_receives);
	go_wg_wait(&wg);
	CHECK_EQ(2000, sent);
	CHECK_EQ(2000, received);
	go_chan_free(ch);
}

static void waits_many_cases(void *arg)
{
	int v[5] = { -1, -1, -1, -1, -1 }, out = 100 + (intptr_t)arg, i, k;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = ch, .elem = &v[0] },
		{ .op = GO_RECV, .chan = ch, .elem = &v[1] },
		{ .op = GO_SEND, .chan = other, .elem = &out },
		{ .op = GO_RECV, .chan = ch, .elem = &v[3] },
		{ .op = GO_SEND, .chan = other, .elem = &out },
	};

	inc(came);
	k = go_select(c, 5);
	CHECK(k >= 0 && k < 5);
	for (i = 0; i < 5; i++) {
		if (i == k && c[i].op == GO_RECV) {
			CHECK(c[i].ok);
			CHECK_EQ(7, v[i]);
		} else {
			CHECK_EQ(-1, v[i]);
		}
	}
	inc(sums[c[k].op == GO_RECV]);
	go_wg_done(&wg);
}

/*
 * One channel in several cases of a waiting select: still one operation, and all
 * of its records are gone afterwards.
 */
static void one_of_many_cases(void *arg)
{
	int i, v = 7, got;

	for (i = 0; i < 2000; i++) {
		sums[0] = sums[1] = came = 0;
		ch = make_chan(sizeof(int), 0);
		other = make_chan(sizeof(int), 0);
		go_wg_add(&wg, 3);
		start_n(3, waits_many_cases);
		if (i % 2)
			until(rd(came) == 3);
		go_send(ch, &v);
		CHECK(go_recv(other, &got));
		CHECK(got >= 100 && got < 103);
		go_send(ch, &v);
		go_wg_wait(&wg);
		CHECK_EQ(1, sums[0]);
		CHECK_EQ(2, sums[1]);
		CHECK_EQ(-EAGAIN, go_try_send(ch, &v));
		CHECK_EQ(-EAGAIN, go_try_recv(other, &v));
		go_chan_free(ch);
		go_chan_free(other);
	}
}

/* Every value through either of two channels, received by selects: sums agree. */
static void select_sender(void *arg)
{
	unsigned long v, sum = 0, i, n = scaled(20000);
	struct go_case c[] = {
		{ .op = GO_SEND, .chan = ch, .elem = &v },
		{ .op = GO_SEND, .chan = other, .elem = &v },
	};

	for (i = 1; i <= n; i++) {
		v = i * 3 + (uintptr_t)arg;
		go_select(c, 2);
		sum += v;
	}
	__atomic_add_fetch(&sent, sum, __ATOMIC_RELAXED);
	go_wg_done(&wg);
}

static void select_receiver(void *arg)
{
	unsigned long v[2], sum = 0;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = ch, .elem = &v[0] },
		{ .op = GO_RECV, .chan = other, .elem = &v[1] },
	};
	int open = 2;

	while (open) {
		int k = go_select(c, 2);

		if (c[k].ok) {
			sum += v[k];
		} else {
			/* Closed: a NULL channel is never ready again. */
			c[k].chan = NULL;
			open--;
		}
	}
	__atomic_add_fetch(&received, sum, __ATOMIC_RELAXED);
	inc(came);
}

static void sums_agree(void *arg)
{
	sent = received = came = 0;
	ch = make_chan(sizeof(long), 0);
	other = make_chan(sizeof(long), (intptr_t)arg);
	go_wg_add(&wg, 3);
	start_n(3, select_sender);
	start_n(3, select_receiver);
	go_wg_wait(&wg);
	go_close(ch);
	go_close(other);
	until(rd(came) == 3);
	CHECK_EQ(sent, received);
	go_chan_free(ch);
	go_chan_free(other);
}

TEST(default_when_none_is_ready)
{
	run_on(1, with_default, NULL);
}

TEST(send_and_receive_on_one_channel)
{
	run_on(1, both_directions, NULL);
}

TEST(two_who_do_either)
{
	run_on(1, two_meet, NULL);
	run_on(4, two_meet, NULL);
}

TEST(a_channel_in_several_cases)
{
	run_on(1, one_of_many_cases, NULL);
	run_on(4, one_of_many_cases, NULL);
}

TEST(no_value_lost)
{
	run_on(1, sums_agree, (void *)0);
	run_on(4, sums_agree, (void *)0);
	run_on(4, sums_agree, (void *)3);
}

TEST_HARNESS_MAIN
