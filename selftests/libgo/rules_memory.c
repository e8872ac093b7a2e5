// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_memory.c - what the Go memory model says about goroutines and channels, sentence by
 * sentence. What one side writes is plain memory, which the other one reads when the
 * model says that it may: natively the value has to be right, and under TSan there is no
 * race.
 */
#include "test.h"

static struct go_waitgroup wg;

/* Plain on purpose; far from each other. */
static struct {
	int64_t value;
	char pad[120];
} plain[64];

static void everywhere(void (*fn)(void *), void *arg)
{
	run_on(1, fn, arg);
	run_on(4, fn, arg);
}

static size_t rounds(void)
{
	return scaled(3000);
}

/* ------------------------------------------------------------- Goroutine creation */

static void reads_what_was_written(void *arg)
{
	int64_t *v = arg;

	CHECK_EQ(42, *v);
	*v = 43;
	go_wg_done(&wg);
}

static void creation(void *arg)
{
	size_t i, n = rounds();
	int64_t v;

	for (i = 0; i < n; i++) {
		v = 42;
		go_wg_add(&wg, 1);
		start(reads_what_was_written, &v);
		go_wg_wait(&wg);
		CHECK_EQ(43, v);
	}
}

/*
 * The go statement that starts a new goroutine is synchronized before the start of the goroutine's
 * execution.
 */
TEST(the_go_statement_is_before_the_goroutine)
{
	everywhere(creation, NULL);
}

static void *creates_from_thread(void *arg)
{
	int64_t *v = arg;

	*v = 42;
	start(reads_what_was_written, v);
	return NULL;
}

static void creation_by_thread(void *arg)
{
	int i;

	for (i = 0; i < 20; i++) {
		int64_t v = 0;
		pthread_t t;

		go_wg_add(&wg, 1);
		t = start_thread(creates_from_thread, &v);
		go_wg_wait(&wg);
		CHECK_EQ(43, v);
		pthread_join(t, NULL);
	}
}

/* The same where a thread that is no goroutine starts it. */
TEST(go_by_a_thread_is_before_the_goroutine)
{
	everywhere(creation_by_thread, NULL);
}

/* -------------------------------------------------------- Channel communication */

struct pair {
	struct go_chan *c;
	size_t n;
	int64_t *data;
};

static void writes_and_sends(void *arg)
{
	const struct pair *p = arg;
	size_t i;

	for (i = 0; i < p->n; i++) {
		plain[i % ARRAY_SIZE(plain)].value = (int64_t)i;
		go_send(p->c, &i);
		/* The reader says that it is through, so that it may be written again. */
		if (i % ARRAY_SIZE(plain) == ARRAY_SIZE(plain) - 1)
			go_recv((struct go_chan *)p->data, NULL);
	}
	go_close(p->c);
}

static void send_before_receive(void *arg)
{
	struct go_chan *back = make_chan(0, 0);
	struct pair p = { make_chan(sizeof(size_t), (uintptr_t)arg), rounds(), (void *)back };
	size_t i;

	start(writes_and_sends, &p);
	while (go_recv(p.c, &i)) {
		CHECK_EQ(i, plain[i % ARRAY_SIZE(plain)].value);
		if (i % ARRAY_SIZE(plain) == ARRAY_SIZE(plain) - 1)
			go_send(back, NULL);
	}
	go_chan_free(p.c);
	go_chan_free(back);
}

/*
 * A send on a channel is synchronized before the completion of the corresponding receive from
 * that channel.
 */
TEST(a_send_is_before_the_corresponding_receive)
{
	everywhere(send_before_receive, (void *)0);
	everywhere(send_before_receive, (void *)1);
	everywhere(send_before_receive, (void *)10);
}

static void writes_and_closes(void *arg)
{
	const struct pair *p = arg;

	*p->data = 42;
	go_close(p->c);
}

static void close_before_receive(void *arg)
{
	size_t i, n = rounds();

	for (i = 0; i < n; i++) {
		int64_t v = 0;
		struct pair p = { make_chan(0, (uintptr_t)arg), 0, &v };

		start(writes_and_closes, &p);
		CHECK(!go_recv(p.c, NULL));
		CHECK_EQ(42, v);
		go_chan_free(p.c);
	}
}

/*
 * The closing of a channel is synchronized before a receive that returns a zero value because the
 * channel is closed.
 */
TEST(a_close_is_before_a_receive_that_returns_because_of_it)
{
	everywhere(close_before_receive, (void *)0);
	everywhere(close_before_receive, (void *)1);
}

static void writes_and_receives(void *arg)
{
	const struct pair *p = arg;

	*p->data = 42;
	go_recv(p->c, NULL);
}

static void receive_before_send(void *arg)
{
	size_t i, n = rounds();

	for (i = 0; i < n; i++) {
		int64_t v = 0;
		struct pair p = { make_chan(0, 0), 0, &v };

		start(writes_and_receives, &p);
		go_send(p.c, NULL);
		CHECK_EQ(42, v);
		/* It may not have come back from the receive: but it is done with the channel. */
		go_chan_free(p.c);
	}
}

/*
 * A receive from an unbuffered channel is synchronized before the completion of the corresponding
 * send on that channel.
 */
TEST(a_receive_from_an_unbuffered_channel_is_before_the_send_completes)
{
	everywhere(receive_before_send, NULL);
}

#define WORKERS 16

static struct go_chan *limit;
static unsigned long inside;

static void works(void *arg)
{
	size_t i, n = rounds() / WORKERS + 1;

	for (i = 0; i < n; i++) {
		go_send(limit, NULL);
		CHECK(inc(inside) <= 3);
		if (i % 3 == 0)
			go_yield();
		__atomic_sub_fetch(&inside, 1, __ATOMIC_ACQ_REL);
		go_recv(limit, NULL);
	}
	go_wg_done(&wg);
}

static void limited(void *arg)
{
	limit = make_chan(0, 3);
	go_wg_add(&wg, WORKERS);
	start_n(WORKERS, works);
	go_wg_wait(&wg);
	CHECK_EQ(0, rd(inside));
	go_chan_free(limit);
}

static void kth_receiver(void *arg)
{
	const struct pair *p = arg;
	size_t i;
	int64_t k;

	for (i = 0; i < p->n; i++) {
		/* Written before the kth receive; read after the k+Cth send. */
		plain[i % ARRAY_SIZE(plain)].value = (int64_t)i;
		CHECK(go_recv(p->c, &k));
		CHECK_EQ(i, k);
	}
	go_wg_done(&wg);
}

static void kth(void *arg)
{
	size_t cap = (uintptr_t)arg, i;
	struct pair p = { make_chan(sizeof(int64_t), cap), ARRAY_SIZE(plain), NULL };
	int64_t k;

	memset(plain, 0xff, sizeof(plain));
	go_wg_add(&wg, 1);
	start(kth_receiver, &p);
	for (i = 0; i < p.n; i++) {
		k = (int64_t)i;
		go_send(p.c, &k);
		if (i >= cap)
			CHECK_EQ(i - cap, plain[i - cap].value);
	}
	go_wg_wait(&wg);
	go_chan_free(p.c);
}

static void kth_often(void *arg)
{
	size_t i, n = rounds() / 50 + 1;

	for (i = 0; i < n; i++)
		kth(arg);
}

/*
 * The kth receive on a channel with capacity C is synchronized before the completion of the k+Cth
 * send from that channel. (So a buffered channel limits how many do something at once.)
 */
TEST(the_kth_receive_is_before_the_k_plus_c_th_send_completes)
{
	everywhere(kth_often, (void *)1);
	everywhere(kth_often, (void *)4);
	everywhere(limited, NULL);
}

static void one_at_a_time(void *arg)
{
	size_t i, n = rounds() / WORKERS + 1;

	for (i = 0; i < n; i++) {
		go_send(limit, NULL);
		plain[0].value++;
		go_recv(limit, NULL);
	}
	go_wg_done(&wg);
}

static void as_a_lock(void *arg)
{
	size_t n = rounds() / WORKERS + 1;

	limit = make_chan(0, 1);
	plain[0].value = 0;
	go_wg_add(&wg, WORKERS);
	start_n(WORKERS, one_at_a_time);
	go_wg_wait(&wg);
	CHECK_EQ(WORKERS * n, plain[0].value);
	go_chan_free(limit);
}

/* The same with C = 1: a lock. */
TEST(a_channel_of_capacity_one_is_a_lock)
{
	everywhere(as_a_lock, NULL);
}

static void selects_back(void *arg)
{
	const struct pair *p = arg;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = NULL },
		{ .op = GO_SEND, .chan = p->c },
	};

	*p->data = 42;
	CHECK_EQ(1, go_select(c, 2));
}

static void by_select(void *arg)
{
	struct go_chan *never = make_chan(0, 0);
	size_t i, n = rounds();

	for (i = 0; i < n; i++) {
		int64_t v = 0;
		struct pair p = { make_chan(0, 0), 0, &v };
		struct go_case c[] = {
			{ .op = GO_RECV, .chan = never },
			{ .op = GO_RECV, .chan = p.c },
		};

		start(selects_back, &p);
		CHECK_EQ(1, go_select(c, 2));
		CHECK_EQ(42, v);
		go_chan_free(p.c);
	}
	go_chan_free(never);
}

/* A select's communication is one as any other. */
TEST(a_send_is_before_the_receive_in_selects_too)
{
	everywhere(by_select, NULL);
}

static void *thread_sends(void *arg)
{
	const struct pair *p = arg;

	*p->data = 42;
	go_send(p->c, NULL);
	return NULL;
}

static void by_thread(void *arg)
{
	int i;

	for (i = 0; i < 20; i++) {
		int64_t v = 0;
		struct pair p = { make_chan(0, 0), 0, &v };
		pthread_t t = start_thread(thread_sends, &p);

		CHECK(go_recv(p.c, NULL));
		CHECK_EQ(42, v);
		pthread_join(t, NULL);
		go_chan_free(p.c);
	}
}

/* Threads that are no goroutines are no exception. */
TEST(a_send_by_a_thread_is_before_the_receive)
{
	everywhere(by_thread, NULL);
}

TEST_HARNESS_MAIN
