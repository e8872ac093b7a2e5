// SPDX-License-Identifier: GPL-2.0-only
/*
 * chan_until.c - deadlines: never early, tried once when already over, and a
 * value is either delivered or the operation timed out, never both or neither.
 */
#include "test.h"

static struct go_chan *ch;
static struct go_waitgroup wg;
static unsigned long sent, received, sum_in, sum_out;

static void times_out(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 0), *full = make_chan(sizeof(int), 1);
	int64_t deadline;
	int v = 1, i;

	go_send(full, &v);
	for (i = 0; i < 10; i++) {
		deadline = go_now() + i * 300000;
		CHECK_EQ(-ETIMEDOUT, go_recv_until(c, &v, deadline));
		CHECK(go_now() >= deadline);
		deadline = go_now() + i * 300000;
		CHECK_EQ(-ETIMEDOUT, go_send_until(c, &v, deadline));
		CHECK(go_now() >= deadline);
		deadline = go_now() + i * 300000;
		CHECK_EQ(-ETIMEDOUT, go_send_until(full, &v, deadline));
		CHECK(go_now() >= deadline);
		/* Nobody of those waits any longer. */
		CHECK_EQ(-EAGAIN, go_try_send(c, &v));
		CHECK_EQ(-EAGAIN, go_try_recv(c, &v));
		CHECK_EQ(1, go_chan_len(full));
	}
	go_chan_free(c);
	go_chan_free(full);
}

static void passed_deadline(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 1);
	int v = 3;

	CHECK_EQ(-ETIMEDOUT, go_recv_until(c, &v, 1));
	CHECK_EQ(-ETIMEDOUT, go_recv_until(c, &v, -1));
	CHECK_EQ(0, go_send_until(c, &v, 1));
	CHECK_EQ(-ETIMEDOUT, go_send_until(c, &v, 1));
	CHECK_EQ(-ETIMEDOUT, go_send_until(c, &v, INT64_MIN));
	v = 0;
	CHECK_EQ(0, go_recv_until(c, &v, 1));
	CHECK_EQ(3, v);
	go_close(c);
	CHECK_EQ(-EPIPE, go_recv_until(c, &v, 1));
	go_chan_free(c);
}

static void gives_late(void *arg)
{
	int v = 8;

	go_sleep(3 * MS);
	go_send(ch, &v);
	go_recv(ch, &v);
	CHECK_EQ(9, v);
	go_wg_done(&wg);
}

/* 0 is none; a far one doesn't matter. */
static void none_and_far(void *arg)
{
	int v;

	ch = make_chan(sizeof(int), 0);
	go_wg_add(&wg, 2);
	start(gives_late, NULL);
	CHECK_EQ(0, go_recv_until(ch, &v, 0));
	CHECK_EQ(8, v);
	v = 9;
	CHECK_EQ(0, go_send_until(ch, &v, 0));
	start(gives_late, NULL);
	CHECK_EQ(0, go_recv_until(ch, &v, INT64_MAX));
	CHECK_EQ(8, v);
	v = 9;
	CHECK_EQ(0, go_send_until(ch, &v, INT64_MAX));
	go_wg_wait(&wg);
	go_chan_free(ch);
}

/*
 * Both sides with deadlines so short that they often expire just as the other
 * comes: what was sent is what was received.
 */
static void impatient_sender(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 7919 + 12345, v;
	size_t i, n = scaled(5000);

	for (i = 0; i < n; i++) {
		v = random_next(&seed) >> 8;
		if (!go_send_until(ch, &v, go_now() + (int64_t)(seed % 60000))) {
			__atomic_add_fetch(&sum_in, v, __ATOMIC_RELAXED);
			inc(sent);
		}
	}
	go_wg_done(&wg);
}

static void impatient_receiver(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 104729 + 54321, v;
	int ret;

	do {
		random_next(&seed);
		ret = go_recv_until(ch, &v, go_now() + (int64_t)(seed % 60000));
		if (!ret) {
			__atomic_add_fetch(&sum_out, v, __ATOMIC_RELAXED);
			inc(received);
		}
	} while (ret != -EPIPE);
	go_wg_done(&wg);
}

static void impatient(void *arg)
{
	sent = received = sum_in = sum_out = 0;
	ch = make_chan(sizeof(uint64_t), (intptr_t)arg);
	go_wg_add(&wg, 4);
	start_n(4, impatient_sender);
	start_n(3, impatient_receiver);
	go_wg_wait(&wg);
	go_wg_add(&wg, 3);
	go_close(ch);
	go_wg_wait(&wg);
	CHECK_EQ(sent, received);
	CHECK_EQ(sum_in, sum_out);
	CHECK(sent > 0);
	go_chan_free(ch);
}

/* Timed out and gone: the waiter's record must not be left in any list. */
static void frees_after(void *arg)
{
	int i, n = scaled(2000), v = 0;

	for (i = 0; i < n; i++) {
		struct go_chan *c = make_chan(sizeof(int), 0);

		CHECK_EQ(-ETIMEDOUT, go_recv_until(c, &v, go_now() + i % 7 * 1000));
		CHECK_EQ(-ETIMEDOUT, go_send_until(c, &v, go_now() + i % 5 * 1000));
		go_chan_free(c);
	}
	go_wg_done(&wg);
}

static void many_free_after(void *arg)
{
	go_wg_add(&wg, 8);
	start_n(8, frees_after);
	go_wg_wait(&wg);
}

/* Every switch of theirs sets a timer that is far away. */
static bool over;

static void sends_far(void *arg)
{
	int64_t far = go_now() + 3600 * 1000 * MS;
	uint64_t v = 0;

	while (!rd(over))
		CHECK_EQ(0, go_send_until(ch, &v, far));
	go_close(ch);
	go_wg_done(&wg);
}

static void receives_far(void *arg)
{
	int64_t far = go_now() + 3600 * 1000 * MS;

	while (!go_recv_until(ch, NULL, far))
		;
	go_wg_done(&wg);
}

static void sleeps_beside(void *arg)
{
	ch = make_chan(sizeof(uint64_t), 0);
	go_wg_add(&wg, 2);
	start(sends_far, NULL);
	start(receives_far, NULL);
	go_sleep(MS);
	wr(over, true);
	go_wg_wait(&wg);
	go_chan_free(ch);
}

TEST(far_deadlines_starve_no_near_one)
{
	run_on(1, sleeps_beside, NULL);
}

TEST(never_early)
{
	run_on(1, times_out, NULL);
	run_on(4, times_out, NULL);
}

TEST(over_is_tried_once)
{
	run_on(1, passed_deadline, NULL);
}

TEST(no_deadline)
{
	run_on(1, none_and_far, NULL);
	run_on(4, none_and_far, NULL);
}

TEST(delivered_or_timed_out)
{
	run_on(1, impatient, (void *)0);
	run_on(4, impatient, (void *)0);
	run_on(4, impatient, (void *)2);
}

TEST(freed_after_timeout)
{
	run_on(1, many_free_after, NULL);
	run_on(4, many_free_after, NULL);
}

TEST_HARNESS_MAIN
