// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_time.c - what Go's documentation of Sleep, AfterFunc, (*Timer).Stop and
 * (*Timer).Reset says (package time, src/time/sleep.go), a test for each sentence that
 * can be tested, named after it. What it says of channels is in rules_time_chan.c.
 *
 * Not tested: "If the caller needs to know whether f is completed, it must coordinate
 * with f explicitly" is advice.
 */
#include "test.h"

#define FAR	(3600 * 1000 * MS)

static struct go_waitgroup wg;
static int calls;
static uint64_t caller_id;

static void on_one_and_four(void (*fn)(void *))
{
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
}

static void counts(void *arg)
{
	inc(calls);
}

/* Some time in which what must not happen could. */
static void some_time(void)
{
	int i;

	for (i = 0; i < 4; i++)
		go_sleep(1 * MS);
}

/* A timer whose function has been called. */
static void fire(struct go_timer *t)
{
	wr(calls, 0);
	go_timer_start(t, 0, counts, NULL);
	until(rd(calls) == 1);
}

/* ------------------------------------------------------------------------- Sleep */

static void sleeps(void *arg)
{
	int64_t ns = (intptr_t)arg * 71000, begin = go_now();

	go_sleep(ns);
	CHECK(go_now() - begin >= ns);
	go_wg_done(&wg);
}

static void many_sleep(void *arg)
{
	go_wg_add(&wg, 50);
	start_n(50, sleeps);
	go_wg_wait(&wg);
}

TEST(sleep_pauses_for_at_least_the_duration)
{
	on_one_and_four(many_sleep);
}

static void sleeps_for_nothing(void *arg)
{
	wr(calls, 0);
	start(counts, NULL);
	go_sleep(0);
	go_sleep(-1);
	go_sleep(INT64_MIN);
	/* Nobody else had a turn meanwhile. */
	*(int *)arg = rd(calls);
	until(rd(calls) == 1);
}

TEST(a_negative_or_zero_duration_causes_sleep_to_return_immediately)
{
	int others;

	UNDISTURBED(sleeps_for_nothing, &others);
	ASSERT_EQ(0, others);
}

/* --------------------------------------------------------------------- AfterFunc */

struct timed {
	struct go_timer timer;
	int64_t not_before;
};

static void looks_at_the_clock(void *arg)
{
	struct timed *t = arg;

	CHECK(go_now() >= t->not_before);
	go_wg_done(&wg);
}

static void many_wait(void *arg)
{
	static struct timed t[100];
	int i;

	go_wg_add(&wg, 100);
	for (i = 0; i < 100; i++) {
		int64_t ns = i * 37 % 100 * 41000;

		t[i].not_before = go_now() + ns;
		go_timer_start(&t[i].timer, ns, looks_at_the_clock, &t[i]);
	}
	go_wg_wait(&wg);
}

TEST(after_func_waits_for_the_duration_to_elapse)
{
	on_one_and_four(many_wait);
}

static void who_calls(void *arg)
{
	caller_id = go_id();
	CHECK_EQ(&wg, arg);
	go_wg_done(&wg);
	/* It may wait, and nothing else waits for it. */
	go_recv(NULL, NULL);
}

static void own_goroutine(void *arg)
{
	struct go_timer t = { 0 }, u = { 0 };

	go_wg_add(&wg, 1);
	go_timer_start(&t, 0, who_calls, &wg);
	go_wg_wait(&wg);
	CHECK(caller_id != 0);
	CHECK(caller_id != go_id());
	CHECK_EQ(2, go_num());
	fire(&u);
}

TEST(and_then_calls_f_in_its_own_goroutine)
{
	on_one_and_four(own_goroutine);
}

static void cancelled(void *arg)
{
	struct go_timer t = { 0 };

	wr(calls, 0);
	go_timer_start(&t, 1 * MS, counts, NULL);
	if (go_timer_stop(&t)) {
		some_time();
		CHECK_EQ(0, rd(calls));
	}
}

TEST(it_can_be_used_to_cancel_the_call_using_stop)
{
	on_one_and_four(cancelled);
}

static void single_event(void *arg)
{
	struct go_timer t = { 0 };

	fire(&t);
	some_time();
	CHECK_EQ(1, rd(calls));
}

TEST(a_timer_represents_a_single_event)
{
	on_one_and_four(single_event);
}

/* -------------------------------------------------------------------------- Stop */

static void stops(void *arg)
{
	struct go_timer t = { 0 };

	wr(calls, 0);
	go_timer_start(&t, FAR, counts, NULL);
	CHECK(go_timer_stop(&t));
	some_time();
	CHECK_EQ(0, rd(calls));
}

TEST(stop_prevents_the_timer_from_firing_and_returns_true)
{
	on_one_and_four(stops);
}

static void stops_expired(void *arg)
{
	struct go_timer t = { 0 };

	fire(&t);
	CHECK(!go_timer_stop(&t));
	CHECK_EQ(1, rd(calls));
}

TEST(stop_returns_false_if_the_timer_has_already_expired)
{
	on_one_and_four(stops_expired);
}

static void stops_stopped(void *arg)
{
	struct go_timer t = { 0 };

	/* Never started, here; Go has no such timer. */
	CHECK(!go_timer_stop(&t));
	go_timer_start(&t, FAR, counts, NULL);
	CHECK(go_timer_stop(&t));
	CHECK(!go_timer_stop(&t));
	CHECK(!go_timer_stop(&t));
}

TEST(or_been_stopped)
{
	on_one_and_four(stops_stopped);
}

/* The times are such that it fires during the call, now and then. */
static void stops_in_time_or_not(void *arg)
{
	size_t i, n = scaled(2000), fired = 0;
	struct go_timer t = { 0 };

	wr(calls, 0);
	for (i = 0; i < n; i++) {
		go_timer_start(&t, (int64_t)(i % 50) * 100, counts, NULL);
		if (i % 2)
			go_yield();
		if (!go_timer_stop(&t))
			fired++;
	}
	/* Each that was not stopped has been started: it comes without anything more. */
	until((size_t)rd(calls) == fired);
	some_time();
	CHECK_EQ(fired, rd(calls));
}

TEST(if_stop_returns_false_then_f_has_been_started)
{
	on_one_and_four(stops_in_time_or_not);
}

static struct go_chan *gate;

static void waits_at_the_gate(void *arg)
{
	inc(calls);
	go_recv(gate, NULL);
	inc(calls);
}

static void stops_running(void *arg)
{
	struct go_timer t = { 0 };

	gate = make_chan(0, 0);
	wr(calls, 0);
	go_timer_start(&t, 0, waits_at_the_gate, NULL);
	until(rd(calls) == 1);
	CHECK(!go_timer_stop(&t));
	CHECK_EQ(1, rd(calls));
	go_send(gate, NULL);
	until(rd(calls) == 2);
	go_chan_free(gate);
}

TEST(stop_does_not_wait_for_f_to_complete)
{
	on_one_and_four(stops_running);
}

/* ------------------------------------------------------------------------- Reset */

static void resets_later(void *arg)
{
	struct timed t = { .not_before = 0 };

	go_wg_add(&wg, 1);
	go_timer_start(&t.timer, FAR, looks_at_the_clock, &t);
	t.not_before = go_now() + 3 * MS;
	CHECK(go_timer_reset(&t.timer, 3 * MS));
	go_wg_wait(&wg);
}

TEST(reset_changes_the_timer_to_expire_after_the_duration)
{
	on_one_and_four(resets_later);
}

static void resets_to_and_fro(void *arg)
{
	struct go_timer t = { 0 };
	int i;

	wr(calls, 0);
	go_timer_start(&t, FAR, counts, NULL);
	for (i = 0; i < 100; i++)
		CHECK(go_timer_reset(&t, i % 2 ? FAR : FAR / 2));
	CHECK_EQ(0, rd(calls));
	CHECK(go_timer_reset(&t, 0));
	until(rd(calls) == 1);
	some_time();
	/* It was moved each time: one call. */
	CHECK_EQ(1, rd(calls));
}

TEST(reset_returns_true_if_the_timer_had_been_active_and_reschedules_f)
{
	on_one_and_four(resets_to_and_fro);
}

static void resets_expired(void *arg)
{
	struct go_timer t = { 0 };
	int i;

	fire(&t);
	for (i = 2; i < 10; i++) {
		CHECK(!go_timer_reset(&t, i * 1000));
		until(rd(calls) == i);
	}
}

TEST(reset_returns_false_if_the_timer_had_expired_and_schedules_f_to_run_again)
{
	on_one_and_four(resets_expired);
}

static void resets_stopped(void *arg)
{
	struct go_timer t = { 0 };

	wr(calls, 0);
	go_timer_start(&t, FAR, counts, NULL);
	CHECK(go_timer_stop(&t));
	CHECK(!go_timer_reset(&t, 0));
	until(rd(calls) == 1);
}

TEST(reset_returns_false_if_the_timer_had_been_stopped)
{
	on_one_and_four(resets_stopped);
}

static void resets_running(void *arg)
{
	struct go_timer t = { 0 };

	gate = make_chan(0, 0);
	wr(calls, 0);
	go_timer_start(&t, 0, waits_at_the_gate, NULL);
	until(rd(calls) == 1);
	CHECK(!go_timer_reset(&t, FAR));
	CHECK_EQ(1, rd(calls));
	CHECK(go_timer_stop(&t));
	go_send(gate, NULL);
	until(rd(calls) == 2);
	go_chan_free(gate);
}

TEST(reset_does_not_wait_for_the_prior_f_to_complete)
{
	on_one_and_four(resets_running);
}

/* The first call goes on only when the second one is there. */
static void waits_for_the_other(void *arg)
{
	if (inc(calls) == 1)
		go_recv(gate, NULL);
	else
		go_send(gate, NULL);
	go_wg_done(&wg);
}

static void runs_beside(void *arg)
{
	struct go_timer t = { 0 };

	gate = make_chan(0, 0);
	wr(calls, 0);
	go_wg_add(&wg, 2);
	go_timer_start(&t, 0, waits_for_the_other, NULL);
	until(rd(calls) == 1);
	CHECK(!go_timer_reset(&t, 0));
	go_wg_wait(&wg);
	go_chan_free(gate);
}

TEST(the_subsequent_f_may_run_concurrently_with_the_prior_one)
{
	on_one_and_four(runs_beside);
}

static void resets_zero(void *arg)
{
	static struct go_timer t;

	go_timer_reset(&t, 1);
}

static void in_a_run(void *fn)
{
	run_on(1, (void (*)(void *))fn, NULL);
}

TEST(reset_panics_on_an_uninitialized_timer)
{
	ASSERT_TRUE(panics(in_a_run, (void *)resets_zero,
			   "time: Reset called on uninitialized Timer"));
}

/* -------------------------------------------------------------- when(), runtime */

static void overflows(void *arg)
{
	struct go_timer far = { 0 }, now = { 0 };

	wr(calls, 0);
	go_timer_start(&far, INT64_MAX, counts, NULL);
	go_timer_start(&now, INT64_MIN, counts, NULL);
	until(rd(calls) == 1);
	some_time();
	CHECK_EQ(1, rd(calls));
	CHECK(!go_timer_stop(&now));
	CHECK(go_timer_stop(&far));
}

/* "If d is negative, it is ignored", "overflow: MaxInt64". */
TEST(a_duration_that_overflows_is_not_short_and_a_negative_one_is_now)
{
	on_one_and_four(overflows);
}

TEST_HARNESS_MAIN
