// SPDX-License-Identifier: GPL-2.0-only
/* chan_nil.c - a NULL channel: never ready, blocks for good, has no values. */
#include "test.h"

static unsigned long came, went_on;

static void sends(void *arg)
{
	inc(came);
	go_send(NULL, &came);
	inc(went_on);
}

static void receives(void *arg)
{
	inc(came);
	go_recv(NULL, NULL);
	inc(went_on);
}

static void receives_no_deadline(void *arg)
{
	inc(came);
	go_recv_until(NULL, NULL, 0);
	inc(went_on);
}

static void selects(void *arg)
{
	struct go_case c[2] = { { .op = GO_SEND }, { .op = GO_RECV } };

	inc(came);
	go_select(c, 2);
	inc(went_on);
}

static void selects_nothing(void *arg)
{
	inc(came);
	go_select(NULL, 0);
	inc(went_on);
}

static void for_good(void *arg)
{
	int i;

	start(sends, NULL);
	start(receives, NULL);
	start(receives_no_deadline, NULL);
	start(selects, NULL);
	start(selects_nothing, NULL);
	until(rd(came) == 5);
	for (i = 0; i < 1000; i++)
		go_yield();
	go_sleep(5 * MS);
	CHECK_EQ(0, rd(went_on));
	CHECK_EQ(6, go_num());
}

static void at_once(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 1);
	struct go_case cases[4] = {
		{ .op = GO_SEND }, { .op = GO_RECV },
		{ .op = GO_SEND, .chan = c }, { .op = GO_DEFAULT },
	};
	int64_t deadline;
	int v = 1, i;

	cases[2].elem = &v;
	CHECK_EQ(0, go_chan_len(NULL));
	CHECK_EQ(0, go_chan_cap(NULL));
	go_chan_free(NULL);
	CHECK_EQ(-EAGAIN, go_try_send(NULL, &v));
	CHECK_EQ(-EAGAIN, go_try_recv(NULL, &v));
	deadline = go_now() + 2 * MS;
	CHECK_EQ(-ETIMEDOUT, go_recv_until(NULL, &v, deadline));
	CHECK(go_now() >= deadline);
	deadline = go_now() + 2 * MS;
	CHECK_EQ(-ETIMEDOUT, go_send_until(NULL, &v, deadline));
	CHECK(go_now() >= deadline);
	for (i = 0; i < 100; i++) {
		CHECK_EQ(2, go_select(cases, 4));
		CHECK_EQ(3, go_select(cases, 4));
		CHECK_EQ(0, go_try_recv(c, NULL));
	}
	go_chan_free(c);
}

TEST(blocks_for_good)
{
	run_on(1, for_good, NULL);
	came = 0;
	run_on(4, for_good, NULL);
}

TEST(never_ready)
{
	run_on(1, at_once, NULL);
}

TEST_HARNESS_MAIN
