// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_chan.c - the Go specification on channels, sentence by sentence: Channel types, Send
 * statements, Receive operator, Close, Length and capacity, For statements with range
 * clause. Each test says above it what it is about.
 */
#include "test.h"

static unsigned long did;
static struct go_waitgroup wg;

static void everywhere(void (*fn)(void *), void *arg)
{
	run_on(1, fn, arg);
	run_on(4, fn, arg);
}

/* Others had every opportunity to run. */
static void let_run(void)
{
	int i;

	for (i = 0; i < 50; i++)
		go_yield();
}

static void any_recover(void *arg)
{
	go_recover();
}

struct attempt {
	void (*fn)(void *);
	void *arg;
};

static void attempts(void *arg)
{
	const struct attempt *a = arg;

	go_defer(any_recover, NULL);
	a->fn(a->arg);
}

/* fn(arg) panics, with these words. */
static void must_panic(void (*fn)(void *), void *arg, const char *text)
{
	struct attempt a = { fn, arg };
	struct go_panic out;

	CHECK_EQ(-ECANCELED, go_call(attempts, &a, &out));
	CHECK(!strcmp(out.text, text));
}

/* Starts @fn, which is to wait and never say that it went on. */
static void blocks(void (*fn)(void *), void *arg)
{
	wr(did, 0);
	start(fn, arg);
	let_run();
	CHECK_EQ(0, rd(did));
}

static void sends_one(void *arg)
{
	int v = 1;

	go_send(arg, &v);
	inc(did);
}

static void receives_one(void *arg)
{
	int v;

	go_recv(arg, &v);
	inc(did);
}

/* ------------------------------------------------------------------ Channel types */

/* The value of an uninitialized channel is nil. */
TEST(the_value_of_an_uninitialized_channel_is_nil)
{
	static struct go_chan *c;

	ASSERT_EQ(0, go_chan_cap(c));
	ASSERT_EQ(-EAGAIN, go_try_send(c, NULL));
	ASSERT_EQ(-EAGAIN, go_try_recv(c, NULL));
}

static void meet(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 0);
	int v = 1;

	CHECK_EQ(-EAGAIN, go_try_send(c, &v));
	CHECK_EQ(-EAGAIN, go_try_recv(c, &v));
	blocks(sends_one, c);
	CHECK(go_recv(c, &v));
	until(rd(did) == 1);
	blocks(receives_one, c);
	go_send(c, &v);
	until(rd(did) == 1);
	go_chan_free(c);
}

/*
 * If the capacity is zero or absent, the channel is unbuffered and communication succeeds
 * only when both a sender and receiver are ready.
 */
TEST(an_unbuffered_channel_needs_both_to_be_ready)
{
	everywhere(meet, NULL);
}

static void buffered(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 3);
	int i, v;

	for (i = 0; i < 3; i++)
		go_send(c, &i);
	CHECK_EQ(-EAGAIN, go_try_send(c, &i));
	blocks(sends_one, c);
	for (i = 0; i < 3; i++) {
		CHECK(go_recv(c, &v));
		CHECK_EQ(i, v);
	}
	until(rd(did) == 1);
	CHECK(go_recv(c, &v));
	CHECK_EQ(1, v);
	CHECK_EQ(-EAGAIN, go_try_recv(c, &v));
	blocks(receives_one, c);
	go_send(c, &v);
	until(rd(did) == 1);
	go_chan_free(c);
}

/*
 * Otherwise, the channel is buffered and communication succeeds without blocking if the
 * buffer is not full (sends) or not empty (receives).
 */
TEST(a_buffered_channel_blocks_when_full_or_empty)
{
	everywhere(buffered, NULL);
}

static void nil_select(void *arg)
{
	struct go_case c[] = { { .op = GO_SEND }, { .op = GO_RECV }, { .op = GO_DEFAULT } };
	int i;

	for (i = 0; i < 100; i++)
		CHECK_EQ(2, go_select(c, 3));
}

/* A nil channel is never ready for communication. */
TEST(a_nil_channel_is_never_ready)
{
	everywhere(nil_select, NULL);
}

static void sent_before_close(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 2);
	int v = 7;

	go_send(c, &v);
	go_close(c);
	v = 0;
	CHECK(go_recv(c, &v));
	CHECK_EQ(7, v);
	CHECK(!go_recv(c, &v));
	go_chan_free(c);
}

/*
 * The multi-valued assignment form of the receive operator reports whether a received value
 * was sent before the channel was closed.
 */
TEST(receive_reports_whether_the_value_was_sent_before_the_close)
{
	everywhere(sent_before_close, NULL);
}

static struct go_chan *shared;
static int64_t received;

static void sends_many(void *arg)
{
	int64_t i, v;

	for (i = 1; i <= 100; i++) {
		v = (intptr_t)arg * 100 + i;
		go_send(shared, &v);
		CHECK(go_chan_len(shared) <= go_chan_cap(shared));
	}
	go_wg_done(&wg);
}

static void receives_many(void *arg)
{
	int64_t v;

	while (go_recv(shared, &v))
		__atomic_add_fetch(&received, v, __ATOMIC_RELAXED);
	go_wg_done(&wg);
}

static void used_by_many(void *arg)
{
	int64_t n = 1600;

	shared = make_chan(sizeof(int64_t), (uintptr_t)arg);
	received = 0;
	go_wg_add(&wg, 16);
	start_n(16, sends_many);
	start_n(16, receives_many);
	go_wg_wait(&wg);
	go_wg_add(&wg, 16);
	go_close(shared);
	go_wg_wait(&wg);
	CHECK_EQ(n * (n + 1) / 2, __atomic_load_n(&received, __ATOMIC_RELAXED));
	go_chan_free(shared);
}

/*
 * A single channel may be used in send statements, receive operations, and calls to the
 * built-in functions cap and len by any number of goroutines without further synchronization.
 */
TEST(any_number_of_goroutines_may_use_a_channel)
{
	everywhere(used_by_many, (void *)0);
	everywhere(used_by_many, (void *)5);
}

static void counts_up(void *arg)
{
	int i;

	for (i = 0; i < 500; i++)
		go_send(arg, &i);
	go_close(arg);
}

static void in_order(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), (uintptr_t)arg);
	int v, want = 0;

	start(counts_up, c);
	while (go_recv(c, &v))
		CHECK_EQ(want++, v);
	CHECK_EQ(500, want);
	go_chan_free(c);
}

/*
 * Channels act as first-in-first-out queues. For example, if one goroutine sends values on a
 * channel and a second goroutine receives them, the values are received in the order sent.
 */
TEST(values_are_received_in_the_order_sent)
{
	everywhere(in_order, (void *)0);
	everywhere(in_order, (void *)1);
	everywhere(in_order, (void *)7);
}

/* ------------------------------------------------------------------- Send statements */

static void overwrites(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 1);
	int v = 1;

	go_send(c, &v);
	v = 2;
	CHECK(go_recv(c, &v));
	CHECK_EQ(1, v);
	go_chan_free(c);
}

/* Both the channel and the value expression are evaluated before communication begins. */
TEST(what_is_sent_is_the_value_at_the_time_of_the_send)
{
	everywhere(overwrites, NULL);
}

static void receiver_first(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 0);
	int v = 1;

	blocks(receives_one, c);
	/* It waits by now, unless this machine is very busy. */
	while (go_try_send(c, &v))
		go_yield();
	until(rd(did) == 1);
	go_chan_free(c);
}

/* A send on an unbuffered channel can proceed if a receiver is ready. */
TEST(a_send_on_an_unbuffered_channel_proceeds_if_a_receiver_is_ready)
{
	everywhere(receiver_first, NULL);
}

static void room(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 10);
	int i;

	for (i = 0; i < 10; i++)
		CHECK_EQ(0, go_try_send(c, &i));
	CHECK_EQ(-EAGAIN, go_try_send(c, &i));
	go_recv(c, NULL);
	CHECK_EQ(0, go_try_send(c, &i));
	go_chan_free(c);
}

/* A send on a buffered channel can proceed if there is room in the buffer. */
TEST(a_send_on_a_buffered_channel_proceeds_if_there_is_room)
{
	everywhere(room, NULL);
}

static void send_closed(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), (uintptr_t)arg);

	go_close(c);
	must_panic(sends_one, c, "send on closed channel");
	go_chan_free(c);
}

/* A send on a closed channel proceeds by causing a run-time panic. */
TEST(a_send_on_a_closed_channel_panics)
{
	everywhere(send_closed, (void *)0);
	everywhere(send_closed, (void *)3);
}

static void send_nil(void *arg)
{
	blocks(sends_one, NULL);
}

/* A send on a nil channel blocks forever. */
TEST(a_send_on_a_nil_channel_blocks_forever)
{
	everywhere(send_nil, NULL);
}

/* ------------------------------------------------------------------ Receive operator */

struct big {
	char bytes[300];
};

static void sends_big(void *arg)
{
	struct big b;

	memset(&b, 0x5a, sizeof(b));
	go_send(arg, &b);
}

static void value(void *arg)
{
	struct go_chan *c = make_chan(sizeof(struct big), (uintptr_t)arg);
	struct big b = { { 0 } };
	size_t i;

	start(sends_big, c);
	CHECK(go_recv(c, &b));
	for (i = 0; i < sizeof(b.bytes); i++)
		CHECK_EQ(0x5a, b.bytes[i]);
	go_chan_free(c);
}

/* The value of the receive operation <-ch is the value received from the channel ch. */
TEST(the_value_of_a_receive_is_the_value_received)
{
	everywhere(value, (void *)0);
	everywhere(value, (void *)2);
}

static void available(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), (uintptr_t)arg);
	int v = 1;

	blocks(receives_one, c);
	go_send(c, &v);
	until(rd(did) == 1);
	go_chan_free(c);
}

/* The expression blocks until a value is available. */
TEST(a_receive_blocks_until_a_value_is_available)
{
	everywhere(available, (void *)0);
	everywhere(available, (void *)2);
}

static void recv_nil(void *arg)
{
	blocks(receives_one, NULL);
}

/* Receiving from a nil channel blocks forever. */
TEST(receiving_from_a_nil_channel_blocks_forever)
{
	everywhere(recv_nil, NULL);
}

static void after_close(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 2);
	int i, v;

	for (i = 1; i <= 2; i++)
		go_send(c, &i);
	go_close(c);
	for (i = 1; i <= 2; i++) {
		CHECK(go_recv(c, &v));
		CHECK_EQ(i, v);
	}
	for (i = 0; i < 100; i++) {
		v = 77;
		CHECK(!go_recv(c, &v));
		CHECK_EQ(0, v);
		CHECK_EQ(-EPIPE, go_try_recv(c, &v));
	}
	go_chan_free(c);
}

/*
 * A receive operation on a closed channel can always proceed immediately, yielding the element
 * type's zero value after any previously sent values have been received.
 */
TEST(a_receive_on_a_closed_channel_always_proceeds)
{
	everywhere(after_close, NULL);
}

static void ok_tells(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 1);
	int v = 0;

	/* A zero that was sent is a value. */
	go_send(c, &v);
	go_close(c);
	CHECK(go_recv(c, &v));
	CHECK(!go_recv(c, &v));
	go_chan_free(c);
}

/*
 * The value of ok is true if the value received was delivered by a successful send operation to
 * the channel, or false if it is a zero value generated because the channel is closed and empty.
 */
TEST(ok_is_true_for_a_zero_that_was_sent)
{
	everywhere(ok_tells, NULL);
}

/* --------------------------------------------------------------------------- Close */

static void closes(void *arg)
{
	go_close(arg);
}

static void close_closed(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), (uintptr_t)arg);

	go_close(c);
	must_panic(closes, c, "close of closed channel");
	must_panic(sends_one, c, "send on closed channel");
	/* It is as closed as before. */
	CHECK(!go_recv(c, NULL));
	go_chan_free(c);
}

/* Sending to or closing a closed channel causes a run-time panic. */
TEST(sending_to_or_closing_a_closed_channel_panics)
{
	everywhere(close_closed, (void *)0);
	everywhere(close_closed, (void *)2);
}

static void close_nil(void *arg)
{
	must_panic(closes, NULL, "close of nil channel");
}

/* Closing the nil channel also causes a run-time panic. */
TEST(closing_the_nil_channel_panics)
{
	everywhere(close_nil, NULL);
}

static void waits_for_close(void *arg)
{
	int v = 5;

	CHECK(!go_recv(arg, &v));
	CHECK_EQ(0, v);
	inc(did);
}

static void close_wakes(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), (uintptr_t)arg);
	int i;

	wr(did, 0);
	for (i = 0; i < 10; i++)
		start(waits_for_close, c);
	let_run();
	go_close(c);
	until(rd(did) == 10);
	go_chan_free(c);
}

/*
 * After calling close, and after any previously sent values have been received, receive operations
 * will return the zero value for the channel's type without blocking.
 */
TEST(after_close_receives_return_zero_without_blocking)
{
	everywhere(close_wakes, (void *)0);
	everywhere(close_wakes, (void *)2);
}

static void waits_to_send(void *arg)
{
	must_panic(sends_one, arg, "send on closed channel");
	inc(did);
}

static void close_panics_senders(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 2);
	int i, v = 1;

	wr(did, 0);
	go_send(c, &v);
	go_send(c, &v);
	for (i = 0; i < 5; i++)
		start(waits_to_send, c);
	let_run();
	go_close(c);
	until(rd(did) == 5);
	/* What was in the buffer is still there; what they had is not. */
	CHECK(go_recv(c, &v));
	CHECK(go_recv(c, &v));
	CHECK(!go_recv(c, &v));
	go_chan_free(c);
}

/* Close records that no more values will be sent on the channel: whoever waits to send panics. */
TEST(close_records_that_no_more_values_will_be_sent)
{
	everywhere(close_panics_senders, NULL);
}

/* ------------------------------------------------------------- Length and capacity */

static void lengths(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 4);
	size_t i;
	int v = 0;

	CHECK_EQ(4, go_chan_cap(c));
	for (i = 0; i < 4; i++) {
		CHECK_EQ(i, go_chan_len(c));
		go_send(c, &v);
	}
	/* One that waits to send is not queued in the buffer. */
	blocks(sends_one, c);
	CHECK_EQ(4, go_chan_len(c));
	go_recv(c, NULL);
	until(rd(did) == 1);
	for (i = 4; i > 0; i--) {
		CHECK_EQ(i, go_chan_len(c));
		go_recv(c, NULL);
	}
	CHECK_EQ(0, go_chan_len(c));
	CHECK_EQ(4, go_chan_cap(c));
	go_chan_free(c);
}

/* len: number of elements queued in channel buffer. cap: channel buffer capacity. */
TEST(len_is_the_number_of_elements_queued_and_cap_the_capacity)
{
	everywhere(lengths, NULL);
}

static void none_queued(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 0);

	CHECK_EQ(0, go_chan_cap(c));
	blocks(sends_one, c);
	CHECK_EQ(0, go_chan_len(c));
	go_recv(c, NULL);
	go_chan_free(c);
}

/* At any time the following relationship holds: 0 <= len(s) <= cap(s). */
TEST(len_is_never_more_than_cap)
{
	everywhere(none_queued, NULL);
}

/* The length of a nil slice, map or channel is 0. The capacity of a nil slice or channel is 0. */
TEST(length_and_capacity_of_a_nil_channel_are_0)
{
	ASSERT_EQ(0, go_chan_len(NULL));
	ASSERT_EQ(0, go_chan_cap(NULL));
}

/* Making: where the size can't be had, Go panics ("makechan: size out of range"); here, NULL. */
TEST(make_of_a_size_out_of_range_makes_none)
{
	ASSERT_EQ(NULL, go_chan_make(8, SIZE_MAX / 8));
	ASSERT_EQ(NULL, go_chan_make(SIZE_MAX, 2));
	ASSERT_EQ(NULL, go_chan_make(1, SIZE_MAX));
}

/* ---------------------------------------------------------------- For with range */

static void ranges(void *arg)
{
	struct go_chan *plain = make_chan(sizeof(int), (uintptr_t)arg);
	GO_CHAN(int) c = GO_CHAN_AS(int, plain);
	int want = 0;

	start(counts_up, plain);
	GO_CHAN_RANGE(v, c)
		CHECK_EQ(want++, v);
	CHECK_EQ(500, want);
	go_chan_free(plain);
}

/*
 * For channels, the iteration values produced are the successive values sent on the channel until
 * the channel is closed.
 */
TEST(range_produces_the_values_until_the_channel_is_closed)
{
	everywhere(ranges, (void *)0);
	everywhere(ranges, (void *)3);
}

static void ranges_over_nil(void *arg)
{
	GO_CHAN(int) none = NULL;

	GO_CHAN_RANGE(v, none)
		CHECK(!"a value");
	inc(did);
}

static void range_nil(void *arg)
{
	blocks(ranges_over_nil, NULL);
}

/* If the channel is nil, the range expression blocks forever. */
TEST(range_over_a_nil_channel_blocks_forever)
{
	everywhere(range_nil, NULL);
}

TEST_HARNESS_MAIN
