// SPDX-License-Identifier: GPL-2.0-only
/*
 * time_chan.c - go_after() and tickers where C and this runtime come in: who frees what,
 * threads that are no goroutines, runs that end. What Go promises of them is in
 * rules_time_chan.c.
 */
#include "test.h"

#define FAR	(3600 * 1000 * MS)

static struct go_waitgroup wg;
static struct go_chan *chan;
static struct go_ticker ticker;
static int stop;

static void on_one_and_four(void (*fn)(void *))
{
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
}

static void in_a_run(void *fn)
{
	run_on(1, (void (*)(void *))fn, NULL);
}

static struct go_chan *after(int64_t ns)
{
	struct go_chan *c = go_after(ns);

	CHECK(c);
	CHECK_EQ(1, go_chan_cap(c));
	return c;
}

/* ------------------------------------------------------------------------- go_after */

static void frees_at_once(void *arg)
{
	int64_t at[2];
	int i, n = scaled(300);

	for (i = 0; i < n; i++) {
		struct go_chan *c = after(i % 10 * 1000), *d = after(FAR);
		struct go_case both[] = {
			{ .op = GO_RECV, .chan = d, .elem = &at[1] },
			{ .op = GO_RECV, .chan = c, .elem = &at[0] },
		};

		switch (i % 4) {
		case 0:
			CHECK(go_recv(c, &at[0]));
			break;
		case 1:
			until(!go_try_recv(c, &at[0]));
			break;
		case 2:
			CHECK_EQ(0, go_recv_until(c, &at[0], go_now() + FAR));
			break;
		case 3:
			CHECK_EQ(1, go_select(both, 2));
		}
		go_chan_free(c);
		go_after_cancel(d);
	}
	go_wg_done(&wg);
}

static void many_free(void *arg)
{
	go_wg_add(&wg, 4);
	start_n(4, frees_at_once);
	go_wg_wait(&wg);
}

TEST(who_received_frees_it_at_once)
{
	on_one_and_four(many_free);
}

/* Before it is due, just as it is, and when the time is there and nobody received it. */
static void gives_up(void *arg)
{
	size_t i, n = scaled(1000);

	for (i = 0; i < n; i++) {
		struct go_chan *c = after(i % 3 ? (int64_t)(i % 40) * 100 : FAR);

		if (i % 3 == 2)
			until(go_chan_len(c) == 1);
		else if (i % 2)
			go_yield();
		if (i % 5)
			go_after_cancel(c);
		else
			go_chan_free(c);
	}
	go_after_cancel(NULL);
	go_wg_done(&wg);
}

static void many_give_up(void *arg)
{
	go_wg_add(&wg, 4);
	start_n(4, gives_up);
	go_wg_wait(&wg);
}

TEST(given_up_early_it_ends_and_is_freed)
{
	on_one_and_four(many_give_up);
}

static void waits_on_it(void *arg)
{
	go_recv(chan, NULL);
}

static void cancels_anothers(void *arg)
{
	chan = after(FAR);
	start(waits_on_it, NULL);
	go_sleep(1 * MS);
	go_after_cancel(chan);
}

static void cancels_no_after(void *arg)
{
	go_after_cancel(make_chan(sizeof(int64_t), 1));
}

TEST(cancel_panics_where_somebody_waits_and_on_other_channels)
{
	ASSERT_TRUE(panics(in_a_run, (void *)cancels_anothers,
			   "free of a channel on which goroutines wait"));
	ASSERT_TRUE(panics(in_a_run, (void *)cancels_no_after,
			   "go_after_cancel: not a channel of go_after()"));
}

static void leaves_some(void *arg)
{
	struct go_chan **c = arg;
	int i;

	for (i = 0; i < 20; i++)
		c[i] = after(i * 100000);
	go_sleep(1 * MS);
}

TEST(those_pending_when_the_run_ends_are_cancelled_afterwards)
{
	struct go_chan *c[20];
	int procs, i;

	for (procs = 1; procs <= 4; procs *= 2) {
		run_on(procs, leaves_some, c);
		for (i = 0; i < 20; i++)
			go_after_cancel(c[i]);
	}
	EXPECT_EQ(NULL, go_after(0));
}

static void *thread_awaits(void *arg)
{
	int64_t begin, at;
	int i;

	usleep(10000);
	for (i = 0; i < 20; i++) {
		struct go_chan *c, *d = after(FAR);

		begin = go_now();
		c = after(i * 50000);
		CHECK(go_recv(c, &at));
		CHECK(at >= begin + i * 50000);
		go_chan_free(c);
		go_after_cancel(d);
	}
	go_send(chan, NULL);
	return NULL;
}

static void waits_for_thread(void *arg)
{
	struct go_chan *far = after(FAR);
	pthread_t t;

	chan = make_chan(0, 0);
	t = start_thread(thread_awaits, NULL);
	go_recv(chan, NULL);
	pthread_join(t, NULL);
	go_after_cancel(far);
	go_chan_free(chan);
}

TEST(after_on_a_thread)
{
	on_one_and_four(waits_for_thread);
}

/* ------------------------------------------------------------------------ tickers */

static void start_twice(void *arg)
{
	struct go_ticker t = { 0 };
	struct go_chan *c;

	CHECK(!go_ticker_chan(&t));
	CHECK_EQ(0, go_ticker_start(&t, FAR));
	c = go_ticker_chan(&t);
	CHECK_EQ(1, go_chan_cap(c));
	CHECK_EQ(-EBUSY, go_ticker_start(&t, 1));
	CHECK(go_ticker_chan(&t) == c);
	go_ticker_reset(&t, 1000);
	CHECK(go_recv(c, NULL));
	go_ticker_stop(&t);
	CHECK_EQ(0, go_ticker_start(&t, 1));
	CHECK(go_recv(go_ticker_chan(&t), NULL));
	go_ticker_stop(&t);
	/* No overflow makes it short. */
	CHECK_EQ(0, go_ticker_start(&t, INT64_MAX));
	go_sleep(1 * MS);
	CHECK_EQ(-EAGAIN, go_try_recv(go_ticker_chan(&t), NULL));
	go_ticker_stop(&t);
}

TEST(one_that_ticks_is_not_started_again)
{
	on_one_and_four(start_twice);
	ASSERT_EQ(-EPERM, go_ticker_start(&ticker, 1));
	ASSERT_EQ(NULL, go_ticker_chan(&ticker));
}

/* Two share the ticks. */
static int64_t seen[2];

static void takes_ticks(void *arg)
{
	int64_t *last = arg, at;
	int i;

	for (i = 0; i < 20; i++) {
		CHECK(go_recv(go_ticker_chan(&ticker), &at));
		CHECK(at > *last);
		*last = at;
	}
	go_wg_done(&wg);
}

static void shared(void *arg)
{
	memset(seen, 0, sizeof(seen));
	CHECK_EQ(0, go_ticker_start(&ticker, 100000));
	go_wg_add(&wg, 2);
	start(takes_ticks, &seen[0]);
	start(takes_ticks, &seen[1]);
	go_wg_wait(&wg);
	CHECK(seen[0] != seen[1]);
	go_ticker_stop(&ticker);
}

TEST(a_tick_is_received_once)
{
	on_one_and_four(shared);
}

/* The interval is over as often as it ticks: tries of the channel meet the tick in it. */
static void polls(void *arg)
{
	int64_t at;

	while (!rd(stop)) {
		if (!go_try_recv(go_ticker_chan(&ticker), &at))
			CHECK(at <= go_now());
		if (go_chan_len(go_ticker_chan(&ticker)) > 1)
			CHECK(!"two ticks");
		go_yield();
	}
	go_wg_done(&wg);
}

static void polled(void *arg)
{
	int i;

	wr(stop, 0);
	CHECK_EQ(0, go_ticker_start(&ticker, 1000));
	go_wg_add(&wg, 4);
	start_n(4, polls);
	for (i = 0; i < 300; i++) {
		go_ticker_reset(&ticker, i % 7 * 300 + 1);
		go_yield();
	}
	wr(stop, 1);
	go_wg_wait(&wg);
	go_ticker_stop(&ticker);
}

TEST(polled_and_reset_by_several)
{
	on_one_and_four(polled);
}

static void leaves_ticking(void *arg)
{
	CHECK_EQ(0, go_ticker_start(&ticker, 100000));
	CHECK(go_recv(go_ticker_chan(&ticker), NULL));
}

static void starts_over(void *arg)
{
	CHECK_EQ(-EBUSY, go_ticker_start(&ticker, 1000));
	CHECK_EQ(-EAGAIN, go_try_recv(go_ticker_chan(&ticker), NULL));
	go_sleep(1 * MS);
	CHECK_EQ(-EAGAIN, go_try_recv(go_ticker_chan(&ticker), NULL));
	go_ticker_stop(&ticker);
	leaves_ticking(arg);
}

TEST(one_that_ticks_when_the_run_ends_ticks_no_more_and_is_stopped)
{
	size_t len;

	run_on(2, leaves_ticking, NULL);
	len = go_chan_len(go_ticker_chan(&ticker));
	usleep(1000);
	EXPECT_EQ(len, go_chan_len(go_ticker_chan(&ticker)));
	go_ticker_stop(&ticker);
	run_on(2, leaves_ticking, NULL);
	go_try_recv(go_ticker_chan(&ticker), NULL);
	run_on(2, starts_over, NULL);
	go_ticker_stop(&ticker);
	EXPECT_EQ(NULL, go_ticker_chan(&ticker));
}

static void *thread_ticks(void *arg)
{
	struct go_ticker t = { 0 };
	int64_t begin = go_now(), at;
	int i;

	CHECK_EQ(0, go_ticker_start(&t, 200000));
	for (i = 1; i <= 10; i++) {
		CHECK(go_recv(go_ticker_chan(&t), &at));
		CHECK(at >= begin + i * INT64_C(200000));
	}
	begin = go_now();
	go_ticker_reset(&t, 300000);
	CHECK(go_recv(go_ticker_chan(&t), &at));
	CHECK(at >= begin + 300000);
	go_ticker_stop(&t);
	go_send(chan, NULL);
	return NULL;
}

static void sleeps_beside(void *arg)
{
	pthread_t t;

	chan = make_chan(0, 0);
	t = start_thread(thread_ticks, NULL);
	go_recv(chan, NULL);
	pthread_join(t, NULL);
	go_chan_free(chan);
}

TEST(a_thread_has_a_ticker)
{
	on_one_and_four(sleeps_beside);
}

TEST_HARNESS_MAIN
