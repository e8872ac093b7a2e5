// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_time_chan.c - what Go's documentation of After, NewTicker, (*Ticker).Stop and
 * (*Ticker).Reset says (package time, src/time/sleep.go, tick.go), a test for each sentence
 * that can be tested, named after it.
 *
 * What is otherwise here, as libgo.h says: nobody collects channels, so stopping frees
 * them; "Stop does not close the channel" has no counterpart. The channels' capacity is 1, as
 * in Go before 1.23; what Go 1.23 promises by having none, that Reset leaves no
 * tick of before to be received, holds.
 */
#include "test.h"

#define FAR	(3600 * 1000 * MS)

static struct go_waitgroup wg;

static void on_one_and_four(void (*fn)(void *))
{
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
}

static void in_a_run(void *fn)
{
	run_on(1, (void (*)(void *))fn, NULL);
}

static void tick_every(struct go_ticker *t, int64_t ns)
{
	CHECK_EQ(0, go_ticker_start(t, ns));
	CHECK(go_ticker_chan(t));
}

static int64_t next_tick(struct go_ticker *t)
{
	int64_t at;

	CHECK(go_recv(go_ticker_chan(t), &at));
	CHECK(at <= go_now());
	return at;
}

/* Until a tick is there that nobody received. */
static void until_full(struct go_ticker *t)
{
	until(go_chan_len(go_ticker_chan(t)) == 1);
}

/* ------------------------------------------------------------------------- After */

static void awaits(void *arg)
{
	int64_t ns = (intptr_t)arg * 53000, begin = go_now(), at = 0;
	struct go_chan *c = go_after(ns);

	CHECK(c);
	CHECK(go_recv(c, &at));
	CHECK(at - begin >= ns);
	CHECK(at <= go_now());
	go_chan_free(c);
	go_wg_done(&wg);
}

static void many_await(void *arg)
{
	int n = scaled(400);

	go_wg_add(&wg, n);
	start_n(n, awaits);
	go_wg_wait(&wg);
}

TEST(after_waits_for_the_duration_to_elapse_and_then_sends_the_current_time)
{
	on_one_and_four(many_await);
}

/* In whatever order they were asked for: as in Go's own test. */
static void in_order(void *arg)
{
	static const int slots[] = { 5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0 };
	struct {
		struct go_chan *c;
		int64_t earliest, latest, at;
	} a[13];
	int i, k;

	for (i = 0; i < 13; i++) {
		int64_t ns = (slots[i] + 1) * 200000;

		a[i].earliest = go_now() + ns;
		a[i].c = go_after(ns);
		a[i].latest = go_now() + ns;
	}
	for (i = 0; i < 13; i++) {
		CHECK(go_recv(a[i].c, &a[i].at));
		CHECK(a[i].at >= a[i].earliest);
		go_chan_free(a[i].c);
	}
	for (i = 0; i < 13; i++)
		for (k = 0; k < 13; k++)
			CHECK(a[i].latest >= a[k].earliest || a[i].at <= a[k].at);
}

TEST(channels_of_after_get_their_time_in_order)
{
	run_on(1, in_order, NULL);
}

static void overflows(void *arg)
{
	struct go_chan *far = go_after(INT64_MAX), *now = go_after(INT64_MIN);
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = far },
		{ .op = GO_RECV, .chan = now },
	};

	CHECK_EQ(1, go_select(c, 2));
	CHECK_EQ(-EAGAIN, go_try_recv(far, NULL));
	go_after_cancel(far);
	go_chan_free(now);
}

TEST(a_duration_that_overflows_is_not_short_and_a_negative_one_is_now)
{
	on_one_and_four(overflows);
}

/* --------------------------------------------------------------------- NewTicker */

static void ticks(void *arg)
{
	struct go_ticker t = { 0 };
	int64_t begin = go_now(), at, last = 0;
	int i;

	tick_every(&t, 200000);
	for (i = 1; i <= 20; i++) {
		at = next_tick(&t);
		CHECK(at > last);
		last = at;
		/* The times are multiples of it: none is early, whichever was lost. */
		CHECK(at >= begin + i * INT64_C(200000));
	}
	go_ticker_stop(&t);
}

TEST(a_ticker_sends_the_current_time_after_each_tick)
{
	on_one_and_four(ticks);
}

/* A tick k and a tick k + 1 are seen whose times differ by no more than two periods. */
static void has_its_period(void *arg)
{
	struct go_ticker t = { 0 };
	int64_t a, b;

	tick_every(&t, 20 * MS);
	b = next_tick(&t);
	do {
		a = b;
		b = next_tick(&t);
	} while (b - a >= 40 * MS);
	go_ticker_stop(&t);
}

TEST(the_period_of_the_ticks_is_specified_by_the_duration)
{
	on_one_and_four(has_its_period);
}

static void slow(void *arg)
{
	int64_t at[2], begin, missed;
	struct go_ticker t = { 0 };

	begin = go_now();
	tick_every(&t, 1 * MS);
	until_full(&t);
	go_sleep(20 * MS);
	/* One of some twenty, the first of them, is there. */
	missed = go_now();
	CHECK_EQ(1, go_chan_len(go_ticker_chan(&t)));
	at[0] = next_tick(&t);
	at[1] = next_tick(&t);
	CHECK(at[0] < missed);
	CHECK(at[0] >= begin + 1 * MS);
	CHECK(at[1] >= begin + 20 * MS);
	go_ticker_stop(&t);
}

TEST(the_ticker_will_drop_ticks_to_make_up_for_slow_receivers)
{
	on_one_and_four(slow);
}

static void ticks_zero(void *arg)
{
	struct go_ticker t = { 0 };

	go_ticker_start(&t, 0);
}

static void ticks_backwards(void *arg)
{
	struct go_ticker t = { 0 };

	go_ticker_start(&t, -1 * MS);
}

TEST(the_duration_must_be_greater_than_zero_if_not_new_ticker_will_panic)
{
	ASSERT_TRUE(panics(in_a_run, (void *)ticks_zero, "non-positive interval for NewTicker"));
	ASSERT_TRUE(panics(in_a_run, (void *)ticks_backwards,
			   "non-positive interval for NewTicker"));
}

/* -------------------------------------------------------------------------- Stop */

/* Another one is made at once, where the channel may have been. */
static void stops(void *arg)
{
	struct go_ticker t = { 0 };
	struct go_chan *c;
	int i;

	for (i = 0; i < 50; i++) {
		tick_every(&t, 1000 * (i % 5 + 1));
		if (i % 2)
			next_tick(&t);
		go_ticker_stop(&t);
		CHECK(!go_ticker_chan(&t));
		c = make_chan(sizeof(int64_t), 1);
		go_yield();
		CHECK_EQ(-EAGAIN, go_try_recv(c, NULL));
		go_chan_free(c);
	}
}

TEST(after_stop_no_more_ticks_will_be_sent)
{
	on_one_and_four(stops);
}

static void stops_stopped(void *arg)
{
	struct go_ticker t = { 0 };

	go_ticker_stop(&t);
	tick_every(&t, FAR);
	go_ticker_stop(&t);
	go_ticker_stop(&t);
}

TEST(stop_turns_off_a_ticker_that_is_off)
{
	on_one_and_four(stops_stopped);
}

/* ------------------------------------------------------------------------- Reset */

static void resets(void *arg)
{
	struct go_ticker t = { 0 };
	int64_t begin, at;
	int i;

	tick_every(&t, FAR);
	begin = go_now();
	go_ticker_reset(&t, 300000);
	for (i = 1; i <= 10; i++) {
		at = next_tick(&t);
		CHECK(at >= begin + i * INT64_C(300000));
	}
	go_ticker_stop(&t);
}

TEST(reset_stops_a_ticker_and_resets_its_period)
{
	on_one_and_four(resets);
}

static void resets_again(void *arg)
{
	struct go_ticker t = { 0 };
	int64_t begin;
	int i;

	tick_every(&t, 100000);
	for (i = 0; i < 10; i++) {
		next_tick(&t);
		begin = go_now();
		go_ticker_reset(&t, 1 * MS);
		CHECK(next_tick(&t) >= begin + 1 * MS);
		go_ticker_reset(&t, 100000);
	}
	go_ticker_stop(&t);
}

TEST(the_next_tick_will_arrive_after_the_new_period_elapses)
{
	on_one_and_four(resets_again);
}

static void no_stale_tick(void *arg)
{
	struct go_ticker t = { 0 };
	int i;

	tick_every(&t, 50000);
	for (i = 0; i < 50; i++) {
		/* There is one, or it is just about to come. */
		if (i % 2)
			until_full(&t);
		go_ticker_reset(&t, FAR);
		CHECK_EQ(0, go_chan_len(go_ticker_chan(&t)));
		go_yield();
		CHECK_EQ(-EAGAIN, go_try_recv(go_ticker_chan(&t), NULL));
		go_ticker_reset(&t, 1000 * (i % 20 + 1));
	}
	go_ticker_stop(&t);
}

TEST(a_receive_after_reset_does_not_get_a_tick_of_the_previous_settings)
{
	on_one_and_four(no_stale_tick);
}

static void resets_to_zero(void *arg)
{
	struct go_ticker t = { 0 };

	tick_every(&t, FAR);
	go_ticker_reset(&t, 0);
}

static void resets_backwards(void *arg)
{
	struct go_ticker t = { 0 };

	tick_every(&t, FAR);
	go_ticker_reset(&t, INT64_MIN);
}

TEST(the_duration_must_be_greater_than_zero_if_not_reset_will_panic)
{
	ASSERT_TRUE(panics(in_a_run, (void *)resets_to_zero,
			   "non-positive interval for Ticker.Reset"));
	ASSERT_TRUE(panics(in_a_run, (void *)resets_backwards,
			   "non-positive interval for Ticker.Reset"));
}

static void resets_stopped(void *arg)
{
	struct go_ticker t = { 0 };

	go_ticker_reset(&t, 1);
}

TEST(reset_panics_on_an_uninitialized_ticker)
{
	ASSERT_TRUE(panics(in_a_run, (void *)resets_stopped,
			   "time: Reset called on uninitialized Ticker"));
}

TEST_HARNESS_MAIN
