// SPDX-License-Identifier: GPL-2.0-only
/*
 * chan_free.c - whoever received a channel's last value, or saw its close, may
 * free it at once, whatever the other side is still doing: it doesn't touch the
 * channel any more. The same for a waitgroup whose 0 was seen.
 *
 * What this is about shows under ASan; without, freed memory is overwritten by
 * the next one's.
 */
#include "test.h"

static struct go_waitgroup wg;
static struct go_chan *keep;

static void sends(void *arg)
{
	uint64_t v = 1;

	go_send(arg, &v);
	go_wg_done(&wg);
}

static void sends_until(void *arg)
{
	uint64_t v = 1;

	CHECK_EQ(0, go_send_until(arg, &v, go_now() + 3600000 * MS));
	go_wg_done(&wg);
}

/* The select waits on a second channel too, which stays. */
static void sends_by_select(void *arg)
{
	uint64_t v = 1;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = keep },
		{ .op = GO_SEND, .chan = arg, .elem = &v },
		{ .op = GO_RECV, .chan = keep },
	};

	CHECK_EQ(1, go_select(c, 3));
	go_wg_done(&wg);
}

static void tries_to_send(void *arg)
{
	uint64_t v = 1;

	until(!go_try_send(arg, &v));
	go_wg_done(&wg);
}

static void closes(void *arg)
{
	go_close(arg);
	go_wg_done(&wg);
}

static void (*const givers[])(void *) = {
	sends, sends_until, sends_by_select, tries_to_send, closes
};

/* Receive in each way; all end with the value, or the close, seen. */
static void receive_somehow(struct go_chan *c, int how, bool closed)
{
	uint64_t v = 0;
	struct go_case one[] = {
		{ .op = GO_RECV, .chan = c, .elem = &v },
		{ .op = GO_RECV, .chan = keep },
	};
	int ret;

	switch (how) {
	case 0:
		CHECK_EQ(!closed, go_recv(c, &v));
		break;
	case 1:
		CHECK_EQ(closed ? -EPIPE : 0, go_recv_until(c, &v, go_now() + 3600000 * MS));
		break;
	case 2:
		CHECK_EQ(0, go_select(one, 2));
		CHECK_EQ(!closed, one[0].ok);
		break;
	case 3:
		until((ret = go_try_recv(c, &v)) != -EAGAIN);
		CHECK_EQ(closed ? -EPIPE : 0, ret);
		break;
	}
	CHECK_EQ(!closed, v);
}

static void free_at_once(void *arg)
{
	size_t i, n = scaled(20000);

	keep = make_chan(sizeof(uint64_t), 0);
	for (i = 0; i < n; i++) {
		unsigned int giver = i % ARRAY_SIZE(givers), how = i / 5 % 4, cap = i / 20 % 2;
		struct go_chan *c;

		/* Two who only try never meet without a buffer. */
		if (giver == 3 && how == 3)
			cap = 1;
		c = make_chan(sizeof(uint64_t), cap);
		go_wg_add(&wg, 1);
		start(givers[giver], c);
		if (i % 3 == 0)
			go_yield();
		receive_somehow(c, how, giver == 4);
		go_chan_free(c);
		go_wg_wait(&wg);
	}
	go_chan_free(keep);
}

/* Several chains at once, so that threads are really beside each other. */
static struct go_waitgroup chains;

struct job {
	struct go_chan *result;
	uint64_t number;
};

static void answers(void *arg)
{
	struct job *job = arg;
	struct go_chan *to = job->result;
	uint64_t v = job->number * 3;

	free(job);
	go_send(to, &v);
}

static void asks(void *arg)
{
	uint64_t i, n = scaled(10000), v;

	for (i = 0; i < n; i++) {
		struct job *job = malloc(sizeof(*job));
		struct go_chan *c = make_chan(sizeof(uint64_t), i % 2);

		CHECK(job);
		job->result = c;
		job->number = i;
		start(answers, job);
		CHECK(go_recv(c, &v));
		CHECK_EQ(i * 3, v);
		go_chan_free(c);
	}
	go_wg_done(&chains);
}

static void many_ask(void *arg)
{
	go_wg_add(&chains, 8);
	start_n(8, asks);
	go_wg_wait(&chains);
}

static void one_done(void *arg)
{
	go_wg_done(arg);
}

static void waitgroup_gone(void *arg)
{
	size_t i, n = scaled(10000);

	for (i = 0; i < n; i++) {
		struct go_waitgroup *w = calloc(1, sizeof(*w));

		CHECK(w);
		go_wg_add(w, 2);
		start(one_done, w);
		start(one_done, w);
		go_wg_wait(w);
		memset(w, 0xff, sizeof(*w));
		free(w);
	}
	go_wg_done(&chains);
}

static void waitgroups_gone(void *arg)
{
	go_wg_add(&chains, 4);
	start_n(4, waitgroup_gone);
	go_wg_wait(&chains);
}

static void *foreign_sender(void *arg)
{
	struct go_chan *requests = arg, *c;
	uint64_t v = 6;

	while (go_recv(requests, &c))
		go_send(c, &v);
	return NULL;
}

static void from_foreign(void *arg)
{
	struct go_chan *c;
	uint64_t v;
	size_t i, n = scaled(5000);

	for (i = 0; i < n; i++) {
		c = make_chan(sizeof(v), i % 2);
		go_send(arg, &c);
		CHECK(go_recv(c, &v));
		go_chan_free(c);
	}
	go_close(arg);
}

TEST(by_the_receiver)
{
	run_on(1, free_at_once, NULL);
	run_on(2, free_at_once, NULL);
	run_on(8, free_at_once, NULL);
}

TEST(by_many_receivers)
{
	run_on(2, many_ask, NULL);
	run_on(8, many_ask, NULL);
}

TEST(after_a_foreign_sender)
{
	struct go_chan *requests = make_chan(sizeof(void *), 0);
	pthread_t t = start_thread(foreign_sender, requests);

	run_on(2, from_foreign, requests);
	pthread_join(t, NULL);
	go_chan_free(requests);
}

TEST(waitgroup_by_the_waiter)
{
	run_on(1, waitgroups_gone, NULL);
	run_on(8, waitgroups_gone, NULL);
}

TEST_HARNESS_MAIN
