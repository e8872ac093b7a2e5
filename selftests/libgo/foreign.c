// SPDX-License-Identifier: GPL-2.0-only
/*
 * foreign.c - threads that are no goroutines start goroutines, send, receive,
 * select, close, lock, add and wait: as threads, beside goroutines that do.
 */
#include "test.h"

#define THREADS 4

static struct go_chan *ch, *back, *stop;
static struct go_waitgroup wg, up;
static struct go_mutex mutex;
static unsigned long sum, ran, counter;
static bool running, end;
static pthread_t threads[THREADS];

/* TSan knows few goroutines at once, and threads may start all before one ends. */
static size_t each(void)
{
	return TEST_TSAN ? 200 : scaled(5000);
}

static void start_threads(void *(*fn)(void *))
{
	int i;

	for (i = 0; i < THREADS; i++)
		threads[i] = start_thread(fn, (void *)(intptr_t)i);
}

static void join_threads(void)
{
	int i;

	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static uint64_t expected_sum(void)
{
	return (uint64_t)THREADS * each() * (each() + 1) / 2;
}

/* ------------------------------------------------ threads send, goroutines get */

static void *thread_sends(void *arg)
{
	uint64_t i;

	CHECK_EQ(0, go_id());
	for (i = 1; i <= each(); i++) {
		struct go_case c[] = {
			{ .op = GO_RECV, .chan = stop },
			{ .op = GO_SEND, .chan = ch, .elem = &i },
		};

		switch (i % 3) {
		case 0:
			go_send(ch, &i);
			break;
		case 1:
			CHECK_EQ(0, go_send_until(ch, &i, go_now() + 3600000 * MS));
			break;
		case 2:
			CHECK_EQ(1, go_select(c, 2));
			break;
		}
	}
	return NULL;
}

static void goroutine_receives(void *arg)
{
	uint64_t v, got = 0;

	while (go_recv(ch, &v))
		got += v;
	__atomic_add_fetch(&sum, got, __ATOMIC_RELAXED);
	go_wg_done(&wg);
}

static void *closer(void *arg)
{
	join_threads();
	go_close(ch);
	return NULL;
}

static void receive_all(void *arg)
{
	go_wg_add(&wg, 3);
	start_n(3, goroutine_receives);
	go_wg_wait(&wg);
	CHECK_EQ(expected_sum(), sum);
}

static void threads_to_goroutines(int procs, size_t cap)
{
	pthread_t t;

	sum = 0;
	ch = make_chan(sizeof(uint64_t), cap);
	stop = make_chan(0, 0);
	start_threads(thread_sends);
	t = start_thread(closer, NULL);
	run_on(procs, receive_all, NULL);
	pthread_join(t, NULL);
	go_chan_free(ch);
	go_chan_free(stop);
}

TEST(threads_send)
{
	threads_to_goroutines(1, 0);
	threads_to_goroutines(4, 0);
	threads_to_goroutines(2, 16);
}

/* ------------------------------------------------ goroutines send, threads get */

static void *thread_receives(void *arg)
{
	uint64_t v, got = 0, i = 0;
	bool open = true;

	while (open) {
		struct go_case c[] = {
			{ .op = GO_RECV, .chan = ch, .elem = &v },
			{ .op = GO_RECV, .chan = stop },
		};

		switch (i++ % 3) {
		case 0:
			open = go_recv(ch, &v);
			break;
		case 1:
			open = !go_recv_until(ch, &v, go_now() + 3600000 * MS);
			break;
		case 2:
			CHECK_EQ(0, go_select(c, 2));
			open = c[0].ok;
			break;
		}
		got += v;
	}
	CHECK_EQ(0, v);
	__atomic_add_fetch(&sum, got, __ATOMIC_RELAXED);
	go_wg_done(&wg);
	return NULL;
}

static void goroutine_sends(void *arg)
{
	uint64_t i;

	for (i = 1; i <= each(); i++)
		go_send(ch, &i);
	go_wg_done(&up);
}

static void send_all(void *arg)
{
	go_wg_add(&up, THREADS);
	start_n(THREADS, goroutine_sends);
	go_wg_wait(&up);
	go_close(ch);
	go_wg_wait(&wg);
	CHECK_EQ(expected_sum(), sum);
}

static void goroutines_to_threads(int procs, size_t cap)
{
	sum = 0;
	ch = make_chan(sizeof(uint64_t), cap);
	stop = make_chan(0, 0);
	go_wg_add(&wg, THREADS);
	start_threads(thread_receives);
	run_on(procs, send_all, NULL);
	join_threads();
	go_chan_free(ch);
	go_chan_free(stop);
}

TEST(threads_receive)
{
	goroutines_to_threads(1, 0);
	goroutines_to_threads(4, 0);
	goroutines_to_threads(2, 16);
}

/* --------------------------------------------------- threads only, and no run */

static void *thread_goroutine_sends(void *arg)
{
	goroutine_sends(arg);
	return NULL;
}

TEST(threads_alone)
{
	pthread_t senders[THREADS];
	int i;

	ch = make_chan(sizeof(uint64_t), 0);
	go_wg_add(&wg, THREADS);
	go_wg_add(&up, THREADS);
	start_threads(thread_receives);
	for (i = 0; i < THREADS; i++)
		senders[i] = start_thread(thread_goroutine_sends, NULL);
	go_wg_wait(&up);
	go_close(ch);
	go_wg_wait(&wg);
	join_threads();
	for (i = 0; i < THREADS; i++)
		pthread_join(senders[i], NULL);
	ASSERT_EQ(expected_sum(), sum);
	go_chan_free(ch);
}

/* ----------------------------------------------------- threads start goroutines */

static void answers(void *arg)
{
	uint64_t v = (uintptr_t)arg;

	CHECK(go_id() > 1);
	inc(ran);
	go_send(back, &v);
}

static void *thread_starts(void *arg)
{
	uint64_t i;

	while (!rd(running))
		usleep(100);
	for (i = 1; i <= each(); i++)
		start(answers, (void *)i);
	return NULL;
}

static void collect(void *arg)
{
	uint64_t i, v;

	wr(running, true);
	for (i = 0; i < THREADS * each(); i++) {
		CHECK(go_recv(back, &v));
		sum += v;
	}
	CHECK_EQ(expected_sum(), sum);
	CHECK_EQ(THREADS * each(), rd(ran));
	until(go_num() == 1);
}

static void started_by_threads(int procs)
{
	sum = ran = 0;
	wr(running, false);
	back = make_chan(sizeof(uint64_t), 8);
	start_threads(thread_starts);
	run_on(procs, collect, NULL);
	join_threads();
	go_chan_free(back);
}

TEST(threads_start_goroutines)
{
	started_by_threads(1);
	started_by_threads(4);
}

/* ---------------------------------------------------------------- package sync */

static void work_locked(void)
{
	size_t i;

	for (i = 0; i < each(); i++) {
		go_mutex_lock(&mutex);
		counter++;
		go_mutex_unlock(&mutex);
	}
}

static void *thread_locks(void *arg)
{
	work_locked();
	go_wg_done(&wg);
	go_wg_wait(&up);
	CHECK_EQ(1, rd(ran));
	return NULL;
}

static void goroutine_locks(void *arg)
{
	work_locked();
	go_wg_done(&wg);
}

static void lock_all(void *arg)
{
	start_n(4, goroutine_locks);
	go_wg_wait(&wg);
	go_mutex_lock(&mutex);
	CHECK_EQ((THREADS + 4) * each(), counter);
	go_mutex_unlock(&mutex);
	/* The threads wait in a waitgroup now. */
	wr(ran, 1);
	go_wg_done(&up);
}

TEST(threads_lock_and_wait)
{
	go_wg_add(&wg, THREADS + 4);
	go_wg_add(&up, 1);
	start_threads(thread_locks);
	run_on(4, lock_all, NULL);
	join_threads();
}

static struct go_once once;

static void slow(void *arg)
{
	inc(ran);
	go_sleep(2 * MS);
	wr(end, true);
}

static void *thread_once(void *arg)
{
	go_once_do(&once, slow, NULL);
	CHECK(rd(end));
	return NULL;
}

static void goroutine_once(void *arg)
{
	thread_once(arg);
	go_wg_done(&wg);
}

static void once_all(void *arg)
{
	go_wg_add(&wg, 10);
	start_n(10, goroutine_once);
	go_wg_wait(&wg);
}

TEST(threads_do_once)
{
	start_threads(thread_once);
	run_on(2, once_all, NULL);
	join_threads();
	ASSERT_EQ(1, ran);
}

static void *thread_unlocks(void *arg)
{
	usleep(1000);
	go_mutex_unlock(&mutex);
	return NULL;
}

static void wait_for_thread(void *arg)
{
	pthread_t t;
	int i;

	for (i = 0; i < 20; i++) {
		go_mutex_lock(&mutex);
		t = start_thread(thread_unlocks, NULL);
		go_mutex_lock(&mutex);
		go_mutex_unlock(&mutex);
		pthread_join(t, NULL);
	}
}

TEST(thread_unlocks_for_goroutine)
{
	run_on(1, wait_for_thread, NULL);
	run_on(4, wait_for_thread, NULL);
}

/* ------------------------------------------------------------------ deadlines */

static void *thread_times_out(void *arg)
{
	int64_t deadline;
	uint64_t v = 0;
	int i;

	for (i = 0; i < 20; i++) {
		deadline = go_now() + 100000;
		CHECK_EQ(-ETIMEDOUT, go_recv_until(ch, &v, deadline));
		CHECK(go_now() >= deadline);
		deadline = go_now() + 100000;
		CHECK_EQ(-ETIMEDOUT, go_send_until(ch, &v, deadline));
		CHECK(go_now() >= deadline);
		CHECK_EQ(-EAGAIN, go_try_send(ch, &v));
	}
	return NULL;
}

TEST(thread_gives_up)
{
	ch = make_chan(sizeof(uint64_t), 0);
	thread_times_out(NULL);
	go_chan_free(ch);
}

TEST_HARNESS_MAIN
