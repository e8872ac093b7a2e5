// SPDX-License-Identifier: GPL-2.0-only
/*
 * select_uniform.c - of the cases that are ready each is chosen equally often,
 * and independently of the last choice.
 *
 * 40,000 choices: the bound of 10 % is 11 standard deviations for four cases.
 */
#include "test.h"

#define ROUNDS 40000

static void about(double part, int seen)
{
	if (seen < ROUNDS * part * 0.9 || seen > ROUNDS * part * 1.1) {
		dprintf(2, "# chosen %d times of %d, where %.0f are expected\n",
			seen, ROUNDS, ROUNDS * part);
		_exit(1);
	}
}

static void receives(void *arg)
{
	struct go_case c[4] = { 0 };
	int count[4] = { 0 }, again = 0, last = -1, i, k;

	for (i = 0; i < 4; i++) {
		c[i].op = GO_RECV;
		c[i].chan = make_chan(0, 0);
		go_close(c[i].chan);
	}
	for (i = 0; i < ROUNDS; i++) {
		k = go_select(c, 4);
		CHECK(k >= 0 && k < 4);
		count[k]++;
		again += k == last;
		last = k;
	}
	for (i = 0; i < 4; i++)
		about(0.25, count[i]);
	/* Round robin would give none, a stuck choice all. */
	about(0.25, again);
}

static void sends(void *arg)
{
	struct go_case c[5] = { 0 };
	int count[5] = { 0 }, v = 1, i, k;

	for (i = 0; i < 5; i++) {
		c[i].op = GO_SEND;
		c[i].chan = make_chan(sizeof(int), 1);
		c[i].elem = &v;
	}
	for (i = 0; i < ROUNDS; i++) {
		k = go_select(c, 5);
		count[k]++;
		CHECK_EQ(0, go_try_recv(c[k].chan, NULL));
	}
	for (i = 0; i < 5; i++)
		about(0.2, count[i]);
}

/* Three of ten are ready, at places of their own; a default changes nothing. */
static void some_ready(void *arg)
{
	static const int ready[] = { 1, 2, 9 };
	struct go_case c[11] = { 0 };
	int count[11] = { 0 }, i, k;

	for (i = 0; i < 10; i++) {
		c[i].op = GO_RECV;
		c[i].chan = i % 4 == 3 ? NULL : make_chan(0, 0);
	}
	for (i = 0; i < 3; i++) {
		if (!c[ready[i]].chan)
			c[ready[i]].chan = make_chan(0, 0);
		go_close(c[ready[i]].chan);
	}
	c[10].op = GO_DEFAULT;
	for (i = 0; i < ROUNDS; i++)
		count[go_select(c, i % 2 ? 11 : 10)]++;
	for (k = 0; k < 3; k++)
		about(1.0 / 3, count[ready[k]]);
}

/* Cases are chosen, not channels. */
static void one_channel_thrice(void *arg)
{
	struct go_chan *a = make_chan(0, 0), *b = make_chan(0, 0);
	struct go_case c[4] = {
		{ .op = GO_RECV, .chan = a },
		{ .op = GO_RECV, .chan = b },
		{ .op = GO_RECV, .chan = a },
		{ .op = GO_RECV, .chan = a },
	};
	int count[4] = { 0 }, i;

	go_close(a);
	go_close(b);
	for (i = 0; i < ROUNDS; i++)
		count[go_select(c, 4)]++;
	for (i = 0; i < 4; i++)
		about(0.25, count[i]);
}

static void either_direction(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), ROUNDS * 2);
	int in = 0, out = 0, count[2] = { 0 }, i;
	struct go_case cases[] = {
		{ .op = GO_SEND, .chan = c, .elem = &out },
		{ .op = GO_RECV, .chan = c, .elem = &in },
	};

	for (i = 0; i < ROUNDS; i++)
		go_send(c, &out);
	for (i = 0; i < ROUNDS; i++)
		count[go_select(cases, 2)]++;
	about(0.5, count[0]);
	about(0.5, count[1]);
	go_chan_free(c);
}

TEST(of_receives)
{
	run_on(1, receives, NULL);
	run_on(4, receives, NULL);
}

TEST(of_sends)
{
	run_on(1, sends, NULL);
}

TEST(of_those_ready)
{
	run_on(1, some_ready, NULL);
}

TEST(of_cases_not_channels)
{
	run_on(1, one_channel_thrice, NULL);
}

TEST(of_both_directions)
{
	run_on(1, either_direction, NULL);
}

TEST_HARNESS_MAIN
