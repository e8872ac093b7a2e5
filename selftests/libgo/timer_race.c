// SPDX-License-Identifier: GPL-2.0-only
/*
 * timer_race.c - timers that are stopped, reset and started just as they fire, and by several
 * at once: of all these, which happen one after the other, each start ends in exactly one
 * call, or in one stop, reset or start that says so.
 */
#include "test.h"

#define FAR	(3600 * 1000 * MS)

static struct go_waitgroup wg;
static unsigned long fired, ended, begun;

static void fires(void *arg)
{
	inc(fired);
}

static void reset_counters(void)
{
	wr(fired, 0);
	wr(ended, 0);
	wr(begun, 0);
}

static void on_one_two_and_four(void (*fn)(void *))
{
	run_on(1, fn, NULL);
	run_on(2, fn, NULL);
	run_on(4, fn, NULL);
}

/* ------------------------------------------------------------ each has its own */

/* Times about as long as what happens in between. */
static void stops_when_due(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 7919 + 12345;
	size_t i, n = scaled(3000);
	struct go_timer t = { 0 };

	for (i = 0; i < n; i++) {
		uint64_t x = random_next(&seed);

		go_timer_start(&t, (int64_t)(x % 2000), fires, NULL);
		inc(begun);
		if (x & 0x10000)
			go_yield();
		if (x & 0x20000 && go_timer_reset(&t, (int64_t)(x >> 40 & 1023)))
			inc(ended);
		if (x & 0x20000)
			inc(begun);
		if (x & 0x40000)
			go_yield();
		if (go_timer_stop(&t))
			inc(ended);
	}
	go_wg_done(&wg);
}

static void many_stop(void *arg)
{
	reset_counters();
	go_wg_add(&wg, 8);
	start_n(8, stops_when_due);
	go_wg_wait(&wg);
	until(rd(fired) + rd(ended) == rd(begun));
	go_sleep(2 * MS);
	CHECK_EQ(rd(begun), rd(fired) + rd(ended));
}

TEST(fired_or_stopped_never_both_never_neither)
{
	on_one_two_and_four(many_stop);
}

/* --------------------------------------------------------------- one for all */

static struct go_timer shared;

static void at_the_shared_one(uint64_t seed, size_t n, bool thread)
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t x = random_next(&seed);
		int64_t ns = x & 0x100000 ? FAR : (int64_t)(x >> 32 & 4095);
		bool pending;

		switch (x % 8) {
		case 0:
		case 1:
			inc(begun);
			pending = go_timer_reset(&shared, ns);
			break;
		case 2:
		case 3:
			pending = go_timer_stop(&shared);
			break;
		default:
			inc(begun);
			/* What it ended, it doesn't say: stopped first. */
			pending = false;
			while (go_timer_stop(&shared))
				inc(ended);
			if (go_timer_reset(&shared, ns))
				pending = true;
		}
		if (pending)
			inc(ended);
		if (x & 0x200000 && !thread)
			go_yield();
	}
}

static void one_of_all(void *arg)
{
	at_the_shared_one((uintptr_t)arg * 104729 + 1, scaled(3000), false);
	go_wg_done(&wg);
}

static void *thread_of_all(void *arg)
{
	at_the_shared_one((uintptr_t)arg * 15485863 + 1, scaled(3000), true);
	go_wg_done(&wg);
	return NULL;
}

static void all_at_one(void *arg)
{
	pthread_t t[2];
	int i;

	reset_counters();
	memset(&shared, 0, sizeof(shared));
	inc(begun);
	go_timer_start(&shared, FAR, fires, NULL);
	go_wg_add(&wg, 6);
	for (i = 0; i < 2; i++)
		t[i] = start_thread(thread_of_all, (void *)(intptr_t)i);
	start_n(4, one_of_all);
	go_wg_wait(&wg);
	if (go_timer_stop(&shared))
		inc(ended);
	until(rd(fired) + rd(ended) == rd(begun));
	go_sleep(2 * MS);
	CHECK_EQ(rd(begun), rd(fired) + rd(ended));
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

TEST(several_start_reset_and_stop_the_same_one)
{
	on_one_two_and_four(all_at_one);
}

/* They start an idle one at the same time: on the heaps of different Ps. */
static int round_nr, arrived;

static void starts_with_others(void *arg)
{
	int i, n = scaled(500);

	for (i = 1; i <= n; i++) {
		inc(arrived);
		until(rd(round_nr) >= i);
		go_timer_start(&shared, FAR, fires, NULL);
		inc(ended);
	}
	go_wg_done(&wg);
}

static void started_at_once(void *arg)
{
	int i, n = scaled(500);

	reset_counters();
	wr(round_nr, 0);
	wr(arrived, 0);
	memset(&shared, 0, sizeof(shared));
	go_wg_add(&wg, 4);
	start_n(4, starts_with_others);
	for (i = 1; i <= n; i++) {
		until(rd(arrived) == 4 * i);
		wr(round_nr, i);
		until(rd(ended) == 4ul * i);
		/* It is in one heap, once. */
		CHECK(go_timer_stop(&shared));
		CHECK(!go_timer_stop(&shared));
		memset(&shared, 0, sizeof(shared));
	}
	go_wg_wait(&wg);
	CHECK_EQ(0, rd(fired));
}

TEST(several_start_an_idle_one_at_once)
{
	on_one_two_and_four(started_at_once);
}

/* -------------------------------------------------------- freed by who knows it may */

struct owned {
	struct go_timer timer;
	int users;
};

static void drop(struct owned *o)
{
	if (!__atomic_sub_fetch(&o->users, 1, __ATOMIC_ACQ_REL)) {
		memset(&o->timer, 0xa5, sizeof(o->timer));
		free(o);
	}
}

static void drops(void *arg)
{
	drop(arg);
	inc(fired);
}

/* As contexts and connections do it: a reference is the timer's, until it fires or is stopped. */
static void owns(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 7919 + 54321;
	size_t i, n = scaled(2000);

	for (i = 0; i < n; i++) {
		struct owned *o = calloc(1, sizeof(*o));
		uint64_t x = random_next(&seed);

		CHECK(o);
		o->users = 2;
		inc(begun);
		go_timer_start(&o->timer, (int64_t)(x % 3000), drops, o);
		if (x & 0x10000)
			go_yield();
		if (go_timer_stop(&o->timer)) {
			inc(ended);
			drop(o);
		}
		drop(o);
	}
	go_wg_done(&wg);
}

static void many_own(void *arg)
{
	reset_counters();
	go_wg_add(&wg, 8);
	start_n(8, owns);
	go_wg_wait(&wg);
	until(rd(fired) + rd(ended) == rd(begun));
}

TEST(the_last_of_both_frees_it)
{
	on_one_two_and_four(many_own);
}

/* --------------------------------------------------------- as Go's own tests do it */

static struct go_chan *ch;

static void gives(void *arg)
{
	go_send(ch, NULL);
}

/* To times that have passed: it may not be lost on the way (Go's issue 47329). */
static void moved_earlier(void *arg)
{
	size_t i, n = scaled(500);
	int k;

	ch = make_chan(0, 0);
	for (i = 0; i < n; i++) {
		struct go_timer t = { 0 };

		go_timer_start(&t, FAR, gives, NULL);
		for (k = 0; k < 10; k++) {
			if (!go_timer_stop(&t))
				go_recv(ch, NULL);
			go_timer_reset(&t, -FAR);
		}
		go_recv(ch, NULL);
		CHECK(!go_timer_stop(&t));
	}
	go_chan_free(ch);
}

TEST(rapidly_moved_earlier)
{
	on_one_two_and_four(moved_earlier);
}

/* Issue 44868: one that is due at once is seen. */
static void due_at_once(void *arg)
{
	size_t i, n = scaled(5000);
	struct go_timer t = { 0 };

	ch = make_chan(0, 0);
	for (i = 0; i < n; i++) {
		go_timer_start(&t, 0, gives, NULL);
		go_recv(ch, NULL);
	}
	go_chan_free(ch);
}

TEST(due_at_once_is_not_missed)
{
	on_one_two_and_four(due_at_once);
}

TEST_HARNESS_MAIN
