// SPDX-License-Identifier: GPL-2.0-only
/* select_many.c - a select over 1,000 channels, and over 10,000. */
#include "test.h"

static struct go_chan **chans;
static struct go_waitgroup wg;
static size_t n_chans;

static void receive_from_any(void *arg)
{
	struct go_case *c = calloc(n_chans, sizeof(*c));
	size_t i, rounds = (uintptr_t)arg;
	uint64_t v;

	CHECK(c);
	for (i = 0; i < n_chans; i++)
		c[i] = (struct go_case){ .op = GO_RECV, .chan = chans[i], .elem = &v };
	while (rounds--) {
		int k = go_select(c, n_chans);

		CHECK(k >= 0 && (size_t)k < n_chans);
		CHECK(c[k].ok);
		CHECK_EQ(k, v);
	}
	free(c);
	go_wg_done(&wg);
}

static void send_to_any(void *arg)
{
	struct go_case *c = calloc(n_chans, sizeof(*c));
	uint64_t *v = calloc(n_chans, sizeof(*v));
	size_t i, rounds = (uintptr_t)arg;

	CHECK(c && v);
	for (i = 0; i < n_chans; i++) {
		v[i] = i;
		c[i] = (struct go_case){ .op = GO_SEND, .chan = chans[i], .elem = &v[i] };
	}
	while (rounds--)
		CHECK((size_t)go_select(c, n_chans) < n_chans);
	free(c);
	free(v);
	go_wg_done(&wg);
}

static void make_all(size_t n)
{
	size_t i;

	n_chans = n;
	chans = calloc(n, sizeof(*chans));
	CHECK(chans);
	for (i = 0; i < n; i++)
		chans[i] = make_chan(sizeof(uint64_t), 0);
}

/* Freeing panics where a record of a waiter was left behind. */
static void free_all(void)
{
	size_t i;

	for (i = 0; i < n_chans; i++)
		go_chan_free(chans[i]);
	free(chans);
}

static void waiting_receiver(void *arg)
{
	uint64_t seed = 2463534242, v;
	size_t i, rounds = scaled(1000);

	make_all((uintptr_t)arg);
	go_wg_add(&wg, 1);
	start(receive_from_any, (void *)rounds);
	for (i = 0; i < rounds; i++) {
		v = random_next(&seed) % n_chans;
		go_send(chans[v], &v);
	}
	go_wg_wait(&wg);
	free_all();
}

static void waiting_sender(void *arg)
{
	uint64_t seed = 2463534242, v, k;
	size_t i, rounds = scaled(1000);

	make_all((uintptr_t)arg);
	go_wg_add(&wg, 1);
	start(send_to_any, (void *)rounds);
	for (i = 0; i < rounds; i++) {
		k = random_next(&seed) % n_chans;
		CHECK(go_recv(chans[k], &v));
		CHECK_EQ(k, v);
	}
	go_wg_wait(&wg);
	free_all();
}

static void selects_on_both_sides(void *arg)
{
	size_t rounds = scaled(200);

	make_all((uintptr_t)arg);
	go_wg_add(&wg, 6);
	start(send_to_any, (void *)rounds);
	start(receive_from_any, (void *)rounds);
	start(send_to_any, (void *)rounds);
	start(receive_from_any, (void *)rounds);
	start(send_to_any, (void *)rounds);
	start(receive_from_any, (void *)rounds);
	go_wg_wait(&wg);
	free_all();
}

TEST(thousand_receives)
{
	run_on(1, waiting_receiver, (void *)1000);
	run_on(4, waiting_receiver, (void *)1000);
}

TEST(thousand_sends)
{
	run_on(1, waiting_sender, (void *)1000);
	run_on(4, waiting_sender, (void *)1000);
}

TEST(thousand_on_both_sides)
{
	run_on(1, selects_on_both_sides, (void *)1000);
	run_on(4, selects_on_both_sides, (void *)1000);
}

/* Far more than fits on a goroutine's stack. */
TEST(ten_thousand)
{
	run_on(1, selects_on_both_sides, (void *)10000);
}

TEST_HARNESS_MAIN
