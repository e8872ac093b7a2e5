// SPDX-License-Identifier: GPL-2.0-only
/*
 * chan_fifo.c - waiters are served first come, first served: receivers, senders
 * of an unbuffered and of a full channel, and those who wait in a select.
 *
 * With one P, main runs again only when the goroutine it started waits: that
 * fixes the order in which they came.
 */
#include "test.h"

#define WAITERS 20

static struct go_chan *ch, *never;
static struct go_waitgroup wg;
static int got[WAITERS];
static unsigned long came;

static void receives(void *arg)
{
	int me = (intptr_t)arg;

	inc(came);
	CHECK(go_recv(ch, &got[me]));
	go_wg_done(&wg);
}

static void receives_by_select(void *arg)
{
	int me = (intptr_t)arg;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = never },
		{ .op = GO_RECV, .chan = ch, .elem = &got[me] },
	};

	inc(came);
	CHECK_EQ(1, go_select(c, 2));
	CHECK(c[1].ok);
	go_wg_done(&wg);
}

static void receives_until(void *arg)
{
	int me = (intptr_t)arg;

	inc(came);
	CHECK_EQ(0, go_recv_until(ch, &got[me], go_now() + 3600000 * MS));
	go_wg_done(&wg);
}

static void sends(void *arg)
{
	int v = (intptr_t)arg;

	inc(came);
	go_send(ch, &v);
	go_wg_done(&wg);
}

static void sends_by_select(void *arg)
{
	int v = (intptr_t)arg;
	struct go_case c[] = {
		{ .op = GO_SEND, .chan = ch, .elem = &v },
		{ .op = GO_RECV, .chan = never },
	};

	inc(came);
	CHECK_EQ(0, go_select(c, 2));
	go_wg_done(&wg);
}

static void (*const receivers[])(void *) = { receives, receives_by_select, receives_until };
static void (*const senders[])(void *) = { sends, sends_by_select, sends };

static void come(int kind, int i, void (*const fns[3])(void *))
{
	wr(came, 0);
	start(fns[kind < 3 ? kind : i % 3], (void *)(intptr_t)i);
	until(rd(came) == 1);
	go_yield();
}

static void receivers_in_order(void *arg)
{
	int kind = (intptr_t)arg, i;

	ch = make_chan(sizeof(int), 0);
	never = make_chan(sizeof(int), 0);
	memset(got, -1, sizeof(got));
	go_wg_add(&wg, WAITERS);
	for (i = 0; i < WAITERS; i++)
		come(kind, i, receivers);
	for (i = 0; i < WAITERS; i++)
		go_send(ch, &i);
	go_wg_wait(&wg);
	go_chan_free(ch);
	go_chan_free(never);
}

static void senders_in_order(int kind, int cap)
{
	int i;

	ch = make_chan(sizeof(int), cap);
	never = make_chan(sizeof(int), 0);
	memset(got, -1, sizeof(got));
	go_wg_add(&wg, WAITERS);
	for (i = 0; i < WAITERS; i++)
		come(kind, i, senders);
	for (i = 0; i < WAITERS; i++)
		CHECK(go_recv(ch, &got[i]));
	go_wg_wait(&wg);
	go_chan_free(ch);
	go_chan_free(never);
}

static void unbuffered_senders(void *arg)
{
	senders_in_order((intptr_t)arg, 0);
}

static void buffered_senders(void *arg)
{
	senders_in_order((intptr_t)arg, 3);
}

static bool in_order(void)
{
	int i;

	for (i = 0; i < WAITERS; i++)
		if (got[i] != i)
			return false;
	return true;
}

/* Kinds: all plain, all in a select, all with a deadline, mixed. */
TEST(waiting_receivers)
{
	intptr_t kind;

	for (kind = 0; kind < 4; kind++) {
		UNDISTURBED(receivers_in_order, (void *)kind);
		ASSERT_TRUE(in_order())
			TH_LOG("kind %d", (int)kind);
	}
}

TEST(waiting_senders_unbuffered)
{
	intptr_t kind;

	for (kind = 0; kind < 4; kind++) {
		UNDISTURBED(unbuffered_senders, (void *)kind);
		ASSERT_TRUE(in_order())
			TH_LOG("kind %d", (int)kind);
	}
}

TEST(waiting_senders_buffered)
{
	intptr_t kind;

	for (kind = 0; kind < 4; kind++) {
		UNDISTURBED(buffered_senders, (void *)kind);
		ASSERT_TRUE(in_order())
			TH_LOG("kind %d", (int)kind);
	}
}

TEST_HARNESS_MAIN
