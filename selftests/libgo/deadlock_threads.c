// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadlock_threads.c - deadlocks in a process with threads that are no goroutines: said when
 * all of them wait inside libgo, and never while one of them may still wake somebody.
 */
#include "test.h"

static const char head[] = "fatal error: all goroutines are asleep - deadlock!";
static struct go_chan *ch, *other;
static struct go_mutex mutex;
static struct go_rwmutex rwmutex;
static struct go_waitgroup wg;
static struct go_sem sem;
static struct go_cond cond;
static unsigned long up;

/* --------------------------------------------------------------- ways to wait */

static void receives(void)
{
	go_recv(ch, NULL);
}

static void sends(void)
{
	go_send(other, NULL);
}

static void selects(void)
{
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = ch },
		{ .op = GO_SEND, .chan = other },
	};

	go_select(c, 2);
}

static void receives_without_deadline(void)
{
	go_recv_until(ch, NULL, 0);
}

static void receives_from_nil(void)
{
	go_recv(NULL, NULL);
}

static void selects_nothing(void)
{
	go_select(NULL, 0);
}

static void locks(void)
{
	go_mutex_lock(&mutex);
}

static void reads_locked(void)
{
	go_rwmutex_rdlock(&rwmutex);
}

static void waits_for_group(void)
{
	go_wg_wait(&wg);
}

static void acquires(void)
{
	go_sem_acquire(&sem, 1);
}

static void waits_for_signal(void)
{
	static struct go_mutex own;

	go_mutex_lock(&own);
	go_cond_wait(&cond, &own);
}

static void (*const ways[])(void) = {
	receives, sends, selects, receives_without_deadline, receives_from_nil,
	selects_nothing, locks, reads_locked, waits_for_group, acquires,
	waits_for_signal,
};

static void *waits(void *arg)
{
	inc(up);
	ways[(intptr_t)arg]();
	dprintf(2, "# a thread went on\n");
	return NULL;
}

static void main_waits(void *arg)
{
	size_t i;

	go_mutex_lock(&mutex);
	go_rwmutex_lock(&rwmutex);
	go_wg_add(&wg, 1);
	for (i = 0; i < ARRAY_SIZE(ways); i++)
		start_thread(waits, (void *)i);
	until(rd(up) == ARRAY_SIZE(ways));
	go_recv(NULL, NULL);
}

static void all_wait(void *arg)
{
	ch = make_chan(0, 0);
	other = make_chan(0, 0);
	run_on((intptr_t)arg, main_waits, NULL);
	dprintf(2, "go_run returned\n");
}

static bool deadlocks(struct child *c, void (*fn)(void *), void *arg)
{
	run_child(c, fn, arg);
	if (exited_with(c, 2) && find_whole_line(c->err, head))
		return true;
	show_child(c);
	return false;
}

static struct child c;

/* All ways: ch and other have waiters on one side only, so nobody meets. */
TEST(threads_that_wait_inside)
{
	char want[100];
	int procs;

	NEEDS_DEADLOCKS();
	for (procs = 1; procs <= 4; procs *= 4) {
		/* The select sends to nobody, and receives from nobody. */
		ASSERT_TRUE(deadlocks(&c, all_wait, (void *)(intptr_t)procs));
		ASSERT_TRUE(find_line(c.err, "goroutine 1 [chan receive (nil chan)]") != NULL)
			show_child(&c);
		snprintf(want, sizeof(want), "threads that are no goroutines, and wait too: %zu",
			 ARRAY_SIZE(ways));
		ASSERT_TRUE(find_whole_line(c.err, want) != NULL)
			show_child(&c);
	}
}

static void main_exits(void *arg)
{
	start_thread(waits, NULL);
	go_exit();
}

static void run_main_exits(void *arg)
{
	ch = make_chan(0, 0);
	run_on(2, main_exits, NULL);
}

TEST(main_has_ended)
{
	NEEDS_DEADLOCKS();
	run_child(&c, run_main_exits, NULL);
	ASSERT_TRUE(exited_with(&c, 2) && find_line(c.err, "fatal error: no goroutines"))
		show_child(&c);
}

static void leaves_a_thread(void *arg)
{
	start_thread(waits, NULL);
	until(rd(up) == 1);
}

static void waits_alone(void *arg)
{
	go_recv(ch, NULL);
}

static void two_runs(void *arg)
{
	ch = make_chan(0, 0);
	run_on(2, leaves_a_thread, NULL);
	run_on(2, waits_alone, NULL);
}

TEST(a_thread_that_waits_since_an_earlier_run)
{
	NEEDS_DEADLOCKS();
	ASSERT_TRUE(deadlocks(&c, two_runs, NULL));
}

static void *sleeps_and_waits(void *arg)
{
	usleep(250000);
	go_recv_until(ch, NULL, go_now() + 250 * MS);
	receives();
	return NULL;
}

static void main_waits_longer(void *arg)
{
	start_thread(sleeps_and_waits, NULL);
	go_recv(ch, NULL);
}

static void run_waits_longer(void *arg)
{
	ch = make_chan(0, 0);
	run_on(2, main_waits_longer, NULL);
}

TEST(when_the_last_thread_has_begun_to_wait)
{
	NEEDS_DEADLOCKS();
	ASSERT_TRUE(deadlocks(&c, run_waits_longer, NULL));
}

static void *for_ever(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

static void with_helper(void *arg)
{
	start_thread(for_ever, NULL);
	waits_alone(arg);
}

static void run_with_helper(void *arg)
{
	setenv("LIBGO_DEBUG", "helpers=1", 1);
	ch = make_chan(0, 0);
	run_on(2, with_helper, NULL);
}

TEST(threads_that_the_user_says_wake_nobody)
{
	NEEDS_DEADLOCKS();
	ASSERT_TRUE(deadlocks(&c, run_with_helper, NULL));
}

static void waits_in_deferred(void *arg)
{
	go_recv(ch, NULL);
}

static void panics_and_waits(void *arg)
{
	go_defer(waits_in_deferred, NULL);
	go_panic("nobody ever reads this");
}

static void run_panics_and_waits(void *arg)
{
	ch = make_chan(0, 0);
	run_on(2, panics_and_waits, NULL);
}

TEST(in_a_deferred_call_of_a_panic)
{
	NEEDS_DEADLOCKS();
	ASSERT_TRUE(deadlocks(&c, run_panics_and_waits, NULL));
}

/* ------------------------------------------------------------- and those that are none */

/* Woken by a goroutine, it takes its time: longer than it is looked for deadlocks. */
static void *is_woken_and_sends(void *arg)
{
	inc(up);
	ways[(intptr_t)arg]();
	usleep(300000);
	go_send(ch, NULL);
	return NULL;
}

static void wakes_thread(void *arg)
{
	intptr_t way = (intptr_t)arg;
	pthread_t t;

	ch = make_chan(0, 0);
	other = make_chan(0, 0);
	wr(up, 0);
	go_mutex_lock(&mutex);
	go_wg_add(&wg, 1);
	t = start_thread(is_woken_and_sends, arg);
	until(rd(up) == 1);
	/* It waits by then, most of the time. */
	go_sleep(20 * MS);
	if (ways[way] == receives)
		go_send(ch, NULL);
	else if (ways[way] == sends || ways[way] == selects)
		go_recv(other, NULL);
	else if (ways[way] == acquires)
		go_sem_release(&sem, 1);
	go_mutex_unlock(&mutex);
	go_wg_done(&wg);
	go_recv(ch, NULL);
	pthread_join(t, NULL);
	go_chan_free(ch);
	go_chan_free(other);
	if (ways[way] == locks)
		go_mutex_unlock(&mutex);
}

TEST(a_thread_that_a_goroutine_woke)
{
	intptr_t way;

	for (way = 0; way < (intptr_t)ARRAY_SIZE(ways); way++) {
		if (ways[way] != receives && ways[way] != sends && ways[way] != selects &&
		    ways[way] != locks && ways[way] != waits_for_group && ways[way] != acquires)
			continue;
		run_on(2, wakes_thread, (void *)way);
	}
}

static void *wakes_another(void *arg)
{
	thread_until(rd(up) == 1);
	usleep(150000);
	go_send(other, NULL);
	return NULL;
}

static void *woken_by_a_thread(void *arg)
{
	inc(up);
	go_recv(other, NULL);
	usleep(300000);
	go_send(ch, NULL);
	return NULL;
}

static void two_threads(void *arg)
{
	pthread_t a = start_thread(woken_by_a_thread, NULL);
	pthread_t b = start_thread(wakes_another, NULL);

	go_recv(ch, NULL);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
}

/* The one that woke it has ended meanwhile. */
TEST(a_thread_that_a_thread_woke)
{
	ch = make_chan(0, 0);
	other = make_chan(0, 0);
	run_on(2, two_threads, NULL);
	go_chan_free(ch);
	go_chan_free(other);
}

static void *waits_with_deadline(void *arg)
{
	CHECK_EQ(-ETIMEDOUT, go_recv_until(other, NULL, go_now() + 150 * MS));
	CHECK_EQ(-ETIMEDOUT, go_recv_until(NULL, NULL, go_now() + 150 * MS));
	go_sleep(150 * MS);
	go_send(ch, NULL);
	return NULL;
}

static void one_with_deadline(void *arg)
{
	pthread_t t = start_thread(waits_with_deadline, NULL);

	go_recv(ch, NULL);
	pthread_join(t, NULL);
}

TEST(a_thread_with_a_deadline)
{
	ch = make_chan(0, 0);
	other = make_chan(0, 0);
	run_on(2, one_with_deadline, NULL);
	go_chan_free(ch);
	go_chan_free(other);
}

/* Many wake each other; each of them may be the only one that runs. */
#define RING 6

static struct go_chan *ring[RING];

static void *in_ring(void *arg)
{
	intptr_t i = (intptr_t)arg;
	int v;

	while (go_recv(ring[i], &v)) {
		v--;
		if (v % 40 == 0)
			usleep(30000);
		if (v > 0)
			go_send(ring[(i + 1) % RING], &v);
		else
			go_close(ch);
		if (v < RING)
			break;
	}
	return NULL;
}

static void goroutine_in_ring(void *arg)
{
	in_ring(arg);
	go_wg_done(&wg);
}

static void ring_of_both(void *arg)
{
	pthread_t t[RING];
	int i, v = (int)scaled(1000) + 2 * RING;

	for (i = 0; i < RING; i++)
		ring[i] = make_chan(sizeof(int), 0);
	ch = make_chan(0, 0);
	go_wg_add(&wg, RING / 2);
	for (i = 0; i < RING; i++) {
		if (i % 2)
			t[i] = start_thread(in_ring, (void *)(intptr_t)i);
		else
			start(goroutine_in_ring, (void *)(intptr_t)i);
	}
	go_send(ring[0], &v);
	go_recv(ch, NULL);
	go_wg_wait(&wg);
	for (i = 1; i < RING; i += 2)
		pthread_join(t[i], NULL);
	for (i = 0; i < RING; i++)
		go_chan_free(ring[i]);
	go_chan_free(ch);
}

TEST(threads_and_goroutines_that_take_turns)
{
	run_on(1, ring_of_both, NULL);
	run_on(4, ring_of_both, NULL);
}

static void sends_later(void *arg)
{
	go_send(other, NULL);
}

static void by_timer(void *arg)
{
	struct go_timer t = { 0 };

	other = make_chan(0, 0);
	go_timer_start(&t, 150 * MS, sends_later, NULL);
	go_recv(other, NULL);
	go_chan_free(other);
}

static void by_after(void *arg)
{
	struct go_chan *after = go_after(150 * MS);
	int64_t when;

	CHECK(go_recv(after, &when));
	go_chan_free(after);
}

static void by_ticker(void *arg)
{
	struct go_ticker t = { 0 };

	CHECK_EQ(0, go_ticker_start(&t, 150 * MS));
	CHECK(go_recv(go_ticker_chan(&t), NULL));
	CHECK(go_recv(go_ticker_chan(&t), NULL));
	go_ticker_stop(&t);
}

/* A thread that waits inside beside them: timers count on. */
static void beside_a_waiting_thread(void *arg)
{
	pthread_t t;

	wr(up, 0);
	t = start_thread(waits, NULL);
	until(rd(up) == 1);
	by_timer(arg);
	by_after(arg);
	by_ticker(arg);
	go_send(ch, NULL);
	pthread_join(t, NULL);
}

TEST(timers)
{
	run_on(1, by_timer, NULL);
	run_on(2, by_after, NULL);
	run_on(2, by_ticker, NULL);
}

TEST(timers_beside_a_thread_that_waits)
{
	ch = make_chan(0, 0);
	run_on(2, beside_a_waiting_thread, NULL);
	go_chan_free(ch);
}

static void *blocked(void *arg)
{
	usleep(250000);
	return NULL;
}

static void blocks_and_sends(void *arg)
{
	go_blocking(blocked, NULL);
	go_send(other, NULL);
}

static void blocking_beside_a_waiting_thread(void *arg)
{
	pthread_t t;

	wr(up, 0);
	t = start_thread(waits, NULL);
	until(rd(up) == 1);
	start(blocks_and_sends, NULL);
	go_recv(other, NULL);
	go_send(ch, NULL);
	pthread_join(t, NULL);
}

TEST(a_blocking_call_beside_a_thread_that_waits)
{
	ch = make_chan(0, 0);
	other = make_chan(0, 0);
	run_on(2, blocking_beside_a_waiting_thread, NULL);
	go_chan_free(ch);
	go_chan_free(other);
}

TEST_HARNESS_MAIN
