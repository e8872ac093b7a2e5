// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress.c - everything at once, for GVT_STRESS_SECONDS (default 2): goroutines
 * and threads send, receive, select, time out, lock, sleep, start others, and
 * the number of Ps changes; every value sent is received once.
 *
 * GVT_STRESS_SEED repeats a run's choices (not its interleaving).
 */
#include "test.h"

#define CHANS 6
#define GOROUTINES 24
#define THREADS 2

static struct go_chan *chans[CHANS], *stop;
static struct go_waitgroup wg;
static struct go_mutex mutex;
static unsigned long sent, received, sum_in, sum_out, locked, under_lock, children;
static uint64_t base_seed;

static long seconds(void)
{
	const char *s = getenv("GVT_STRESS_SECONDS");

	return s && atol(s) > 0 ? atol(s) : 2;
}

static void one_sent(uint64_t v)
{
	__atomic_add_fetch(&sum_in, v, __ATOMIC_RELAXED);
	inc(sent);
}

static void one_received(uint64_t v)
{
	__atomic_add_fetch(&sum_out, v, __ATOMIC_RELAXED);
	inc(received);
}

static bool stopped(void)
{
	return go_try_recv(stop, NULL) == -EPIPE;
}

static void child(void *arg)
{
	uint64_t v = (uintptr_t)arg;
	struct go_case c[] = {
		{ .op = GO_SEND, .chan = chans[v % CHANS], .elem = &v },
		{ .op = GO_RECV, .chan = stop },
	};

	if (v % 5 == 0)
		go_sleep(v % 50000);
	if (go_select(c, 2) == 0)
		one_sent(v);
	__atomic_sub_fetch(&children, 1, __ATOMIC_ACQ_REL);
	go_wg_done(&wg);
}

static void select_some(uint64_t *seed)
{
	struct go_case c[CHANS + 1];
	uint64_t in, out = random_next(seed) >> 20;
	int i, k;

	for (i = 0; i < CHANS; i++) {
		bool send = random_next(seed) & 1;

		c[i].op = send ? GO_SEND : GO_RECV;
		c[i].chan = *seed % 7 ? chans[*seed % CHANS] : NULL;
		c[i].elem = send ? &out : &in;
	}
	if (*seed % 3)
		c[CHANS] = (struct go_case){ .op = GO_RECV, .chan = stop };
	else
		c[CHANS] = (struct go_case){ .op = GO_DEFAULT };
	k = go_select(c, CHANS + 1);
	if (k == CHANS)
		return;
	if (c[k].op == GO_SEND) {
		one_sent(out);
	} else {
		CHECK(c[k].ok);
		one_received(in);
	}
}

static void lock_some(void)
{
	go_mutex_lock(&mutex);
	CHECK_EQ(0, under_lock);
	under_lock = 1;
	locked++;
	if (locked % 16 == 0)
		go_yield();
	CHECK_EQ(1, under_lock);
	under_lock = 0;
	go_mutex_unlock(&mutex);
}

static void one_step(uint64_t *seed)
{
	uint64_t v = random_next(seed) >> 16;
	struct go_chan *c = chans[v % CHANS];
	int64_t soon = go_now() + (int64_t)(v % 100000);

	switch (random_next(seed) % 9) {
	case 0:
		if (!go_send_until(c, &v, soon))
			one_sent(v);
		break;
	case 1:
		if (!go_recv_until(c, &v, soon))
			one_received(v);
		break;
	case 2:
		if (!go_try_send(c, &v))
			one_sent(v);
		break;
	case 3:
		if (!go_try_recv(c, &v))
			one_received(v);
		break;
	case 4:
	case 5:
		select_some(seed);
		break;
	case 6:
		lock_some();
		break;
	case 7:
		if (rd(children) < 200) {
			inc(children);
			go_wg_add(&wg, 1);
			start(child, (void *)(uintptr_t)v);
		}
		break;
	case 8:
		if (v % 8)
			go_yield();
		else
			go_sleep(v % 30000);
		break;
	}
}

static void goroutine(void *arg)
{
	uint64_t seed = base_seed + (uintptr_t)arg * 0x9e3779b97f4a7c15;

	while (!stopped())
		one_step(&seed);
	go_wg_done(&wg);
}

static void *thread(void *arg)
{
	uint64_t seed = base_seed + (uintptr_t)arg * 0xc2b2ae3d27d4eb4f + 77;

	while (!stopped())
		one_step(&seed);
	go_wg_done(&wg);
	return NULL;
}

static void all(void *arg)
{
	int64_t end = go_now() + seconds() * 1000 * MS;
	uint64_t seed = base_seed ^ 0x5555, v;
	pthread_t threads[THREADS];
	int i;

	stop = make_chan(0, 0);
	for (i = 0; i < CHANS; i++)
		chans[i] = make_chan(sizeof(uint64_t), i < 3 ? 0 : i * i);
	go_wg_add(&wg, GOROUTINES + THREADS);
	for (i = 1; i <= GOROUTINES; i++)
		start(goroutine, (void *)(intptr_t)i);
	for (i = 0; i < THREADS; i++)
		threads[i] = start_thread(thread, (void *)(intptr_t)i);
	while (go_now() < end) {
		go_sleep(20 * MS);
		go_maxprocs(random_next(&seed) % 8 + 1);
	}
	go_close(stop);
	go_wg_wait(&wg);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < CHANS; i++) {
		while (!go_try_recv(chans[i], &v))
			one_received(v);
		go_chan_free(chans[i]);
	}
	go_chan_free(stop);
	CHECK_EQ(sent, received);
	CHECK(sum_in == sum_out);
	CHECK(sent > 0 && locked > 0);
	until(go_num() == 1);
}

TEST(everything_at_once)
{
	const char *s = getenv("GVT_STRESS_SEED");

	base_seed = s ? strtoull(s, NULL, 0) : (uint64_t)go_now();
	base_seed |= 1;
	TH_LOG("GVT_STRESS_SEED=%" PRIu64 " GVT_STRESS_SECONDS=%ld", base_seed, seconds());
	run_on(2, all, NULL);
	TH_LOG("%lu values, %lu locks", sent, locked);
}

static void __attribute__((constructor)) set_timeout(void)
{
	_everything_at_once_object.timeout = seconds() + TEST_TIMEOUT_DEFAULT;
}

TEST_HARNESS_MAIN
