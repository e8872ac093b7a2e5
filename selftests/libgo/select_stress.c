// SPDX-License-Identifier: GPL-2.0-only
/*
 * select_stress.c - many goroutines select over the same channels in different
 * orders, in both directions: no deadlock among the channels' locks, no value
 * lost or doubled.
 */
#include "test.h"

#define CHANS 8
#define SENDERS 6
#define RECEIVERS 5
#define EITHER 4

static struct go_chan *chans[CHANS], *stop;
static struct go_waitgroup senders, all;
static unsigned long sent, received, sum_in, sum_out;

static void shuffle(struct go_case *c, int n, uint64_t *seed)
{
	int i;

	for (i = n - 1; i > 0; i--) {
		int k = random_next(seed) % (i + 1);
		struct go_case tmp = c[i];

		c[i] = c[k];
		c[k] = tmp;
	}
}

static void one_sent(uint64_t v)
{
	__atomic_add_fetch(&sum_in, v, __ATOMIC_RELAXED);
	inc(sent);
}

static void one_received(uint64_t v)
{
	__atomic_add_fetch(&sum_out, v, __ATOMIC_RELAXED);
	inc(received);
}

static void sender(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 7919 + 1, v;
	struct go_case c[CHANS];
	size_t i, n = scaled(5000);
	int k;

	for (k = 0; k < CHANS; k++)
		c[k] = (struct go_case){ .op = GO_SEND, .chan = chans[k], .elem = &v };
	for (i = 0; i < n; i++) {
		shuffle(c, CHANS, &seed);
		v = seed >> 16;
		go_select(c, CHANS);
		one_sent(v);
	}
	go_wg_done(&senders);
	go_wg_done(&all);
}

static void receiver(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 104729 + 1, v;
	struct go_case c[CHANS + 1];
	int k;

	for (k = 0; k < CHANS; k++)
		c[k] = (struct go_case){ .op = GO_RECV, .chan = chans[k], .elem = &v };
	c[CHANS] = (struct go_case){ .op = GO_RECV, .chan = stop };
	for (;;) {
		shuffle(c, CHANS + 1, &seed);
		k = go_select(c, CHANS + 1);
		if (c[k].chan == stop)
			break;
		CHECK(c[k].ok);
		one_received(v);
	}
	go_wg_done(&all);
}

/*
 * Offers and takes on every channel at once, until told to stop. With a buffer it can
 * always do one of these, and would never wait: so it yields.
 */
static void either(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 15485863 + 1, out = 1, in;
	struct go_case c[2 * CHANS + 1];
	int k;

	for (k = 0; k < CHANS; k++) {
		c[k] = (struct go_case){ .op = GO_RECV, .chan = chans[k], .elem = &in };
		c[CHANS + k] = (struct go_case){ .op = GO_SEND, .chan = chans[k], .elem = &out };
	}
	c[2 * CHANS] = (struct go_case){ .op = GO_RECV, .chan = stop };
	for (;;) {
		shuffle(c, 2 * CHANS + 1, &seed);
		k = go_select(c, 2 * CHANS + 1);
		if (c[k].chan == stop)
			break;
		if (c[k].op == GO_SEND) {
			one_sent(out);
			out = seed >> 24;
		} else {
			CHECK(c[k].ok);
			one_received(in);
		}
		go_yield();
	}
	go_wg_done(&all);
}

static void mix(void *arg)
{
	uint64_t v;
	int k;

	sent = received = sum_in = sum_out = 0;
	stop = make_chan(0, 0);
	for (k = 0; k < CHANS; k++)
		chans[k] = make_chan(sizeof(uint64_t), k % 3);
	go_wg_add(&senders, SENDERS);
	go_wg_add(&all, SENDERS + RECEIVERS + EITHER);
	start_n(RECEIVERS, receiver);
	start_n(EITHER, either);
	start_n(SENDERS, sender);
	go_wg_wait(&senders);
	go_close(stop);
	go_wg_wait(&all);
	/* What is still buffered was sent, and not received by one of them. */
	for (k = 0; k < CHANS; k++) {
		while (!go_try_recv(chans[k], &v))
			one_received(v);
		go_chan_free(chans[k]);
	}
	go_chan_free(stop);
	CHECK_EQ(sent, received);
	CHECK_EQ(sum_in, sum_out);
	CHECK(sent >= SENDERS * scaled(5000));
}

TEST(one_p)
{
	run_on(1, mix, NULL);
}

TEST(two_ps)
{
	run_on(2, mix, NULL);
}

TEST(eight_ps)
{
	run_on(8, mix, NULL);
}

TEST_HARNESS_MAIN
