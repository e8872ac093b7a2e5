// SPDX-License-Identifier: GPL-2.0-only
/* chan_buffered.c - a buffer takes cap values, in order, then the sender waits. */
#include "test.h"

static struct go_chan *ch;
static unsigned long sent;

static void fills(void *arg)
{
	int n = (intptr_t)arg, i;

	for (i = 0; i < n; i++) {
		go_send(ch, &i);
		inc(sent);
	}
	go_close(ch);
}

static void order_and_length(void *arg)
{
	int cap = (intptr_t)arg, v, i;

	wr(sent, 0);
	ch = make_chan(sizeof(int), cap);
	CHECK_EQ(cap, go_chan_cap(ch));
	start(fills, (void *)(intptr_t)(3 * cap));
	until(rd(sent) == (unsigned long)cap);
	for (i = 0; i < 200; i++)
		go_yield();
	/* Full: the next one waits, and isn't counted. */
	CHECK_EQ(cap, rd(sent));
	CHECK_EQ(cap, go_chan_len(ch));
	for (i = 0; i < 3 * cap; i++) {
		CHECK(go_recv(ch, &v));
		CHECK_EQ(i, v);
	}
	CHECK(!go_recv(ch, &v));
	CHECK_EQ(0, go_chan_len(ch));
	CHECK_EQ(cap, go_chan_cap(ch));
	go_chan_free(ch);
}

/* The ring's ends run around it at every distance from each other. */
static void wrap_around(void *arg)
{
	enum { CAP = 5 };
	unsigned int in = 0, out = 0, v;
	uint64_t seed = 88172645463325252;
	int i;

	ch = make_chan(sizeof(v), CAP);
	for (i = 0; i < 20000; i++) {
		if (random_next(&seed) & 1) {
			if (in - out < CAP) {
				CHECK_EQ(0, go_try_send(ch, &in));
				in++;
			} else {
				CHECK_EQ(-EAGAIN, go_try_send(ch, &in));
			}
		} else if (in != out) {
			CHECK_EQ(0, go_try_recv(ch, &v));
			CHECK_EQ(out, v);
			out++;
		} else {
			CHECK_EQ(-EAGAIN, go_try_recv(ch, &v));
		}
		CHECK_EQ(in - out, go_chan_len(ch));
	}
	go_chan_free(ch);
}

TEST(order_and_length_are_kept)
{
	static const int caps[] = { 1, 2, 7, 128 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		run_on(1, order_and_length, (void *)(intptr_t)caps[i]);
		run_on(4, order_and_length, (void *)(intptr_t)caps[i]);
	}
}

TEST(ring_wraps_around)
{
	run_on(1, wrap_around, NULL);
}

TEST_HARNESS_MAIN
