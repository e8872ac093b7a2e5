// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_cond.c - what Go promises of sync.Cond: a test for each sentence, which stands
 * above it.
 */
#include "test.h"

#define MANY 20

static struct go_cond cond;
static struct go_mutex mutex;
static struct go_waitgroup wg;
static int waiting, woken, order[MANY], value, taken;	/* under the mutex */
static unsigned long stage;

static void settle(void)
{
	int i;

	for (i = 0; i < 20; i++)
		go_yield();
}

static void run_it(void *arg)
{
	run_on(1, arg, NULL);
}

/* An int that the mutex protects. */
static int look(const int *x)
{
	int v;

	go_mutex_lock(&mutex);
	v = *x;
	go_mutex_unlock(&mutex);
	return v;
}

static void waits_once(void *arg)
{
	go_mutex_lock(&mutex);
	waiting++;
	go_cond_wait(&cond, &mutex);
	order[woken++] = (intptr_t)arg;
	go_mutex_unlock(&mutex);
	go_wg_done(&wg);
}

/* One after the other: who has said that it waits, and given up the mutex, does. */
static void start_waiters(int n)
{
	int i;

	go_mutex_lock(&mutex);
	waiting = woken = 0;
	go_mutex_unlock(&mutex);
	go_wg_add(&wg, n);
	for (i = 0; i < n; i++) {
		start(waits_once, (void *)(intptr_t)i);
		until(look(&waiting) == i + 1);
	}
}

static void unlocks_and_locks(void *arg)
{
	start_waiters(1);
	/* look() has had the mutex while the other one waits. */
	go_mutex_lock(&mutex);
	go_cond_signal(&cond);
	settle();
	/* It was woken, and waits for the mutex. */
	CHECK_EQ(0, woken);
	go_mutex_unlock(&mutex);
	go_wg_wait(&wg);
	CHECK_EQ(1, look(&woken));
}

/*
 * "Wait atomically unlocks c.L and suspends execution of the calling goroutine. After later
 * resuming execution, Wait locks c.L before returning."
 */
TEST(wait_unlocks_then_locks)
{
	run_on(1, unlocks_and_locks, NULL);
	run_on(4, unlocks_and_locks, NULL);
}

static void produces(void *arg)
{
	size_t i, n = scaled(20000);

	for (i = 0; i < n; i++) {
		go_mutex_lock(&mutex);
		value++;
		/* With the mutex, and without. */
		if (i % 2)
			go_cond_signal(&cond);
		go_mutex_unlock(&mutex);
		if (i % 2 == 0)
			go_cond_signal(&cond);
	}
	go_wg_done(&wg);
}

static void consumes(void *arg)
{
	size_t i, n = scaled(20000);

	for (i = 0; i < n; i++) {
		go_mutex_lock(&mutex);
		while (!value)
			go_cond_wait(&cond, &mutex);
		value--;
		taken++;
		go_mutex_unlock(&mutex);
	}
	go_wg_done(&wg);
}

static void exchange(void *arg)
{
	value = taken = 0;
	go_wg_add(&wg, 6);
	start_n(3, consumes);
	start_n(3, produces);
	go_wg_wait(&wg);
	CHECK_EQ(0, value);
	CHECK_EQ(3 * scaled(20000), taken);
}

/* "Wait atomically unlocks and suspends": a signal in between is not lost. */
TEST(no_signal_is_lost)
{
	run_on(1, exchange, NULL);
	run_on(2, exchange, NULL);
	run_on(8, exchange, NULL);
}

static void stays(void *arg)
{
	start_waiters(5);
	settle();
	go_sleep(MS);
	CHECK_EQ(0, look(&woken));
	go_cond_broadcast(&cond);
	go_wg_wait(&wg);
}

/* "Unlike in other systems, Wait cannot return unless awoken by Broadcast or Signal." */
TEST(wait_returns_only_when_woken)
{
	run_on(1, stays, NULL);
	run_on(4, stays, NULL);
}

static void one_at_a_time(void *arg)
{
	int i;

	start_waiters(MANY);
	for (i = 1; i <= MANY; i++) {
		go_cond_signal(&cond);
		until(look(&woken) == i);
		settle();
		CHECK_EQ(i, look(&woken));
		/* The one that waits longest. */
		CHECK_EQ(i - 1, order[i - 1]);
	}
	go_wg_wait(&wg);
}

/* "Signal wakes one goroutine waiting on c": one, and as Go's list has it, in their order. */
TEST(signal_wakes_one_the_first)
{
	run_on(1, one_at_a_time, NULL);
	run_on(4, one_at_a_time, NULL);
}

static void signal_first(void *arg)
{
	int i;

	for (i = 0; i < 10; i++) {
		go_cond_signal(&cond);
		go_cond_broadcast(&cond);
	}
	start_waiters(3);
	settle();
	CHECK_EQ(0, look(&woken));
	go_cond_broadcast(&cond);
	go_wg_wait(&wg);
}

/* "... if there is any": it is not kept for one that comes later. */
TEST(signal_without_waiters_is_gone)
{
	go_cond_signal(&cond);
	go_cond_broadcast(&cond);
	run_on(1, signal_first, NULL);
	run_on(4, signal_first, NULL);
}

static void waits_again(void *arg)
{
	waits_once(arg);
	start(waits_once, (void *)(intptr_t)(100 + (intptr_t)arg));
}

static void late_ones(void *arg)
{
	int i;

	/* Each that is woken starts another that waits: woken are only the early ones. */
	go_mutex_lock(&mutex);
	waiting = woken = 0;
	go_mutex_unlock(&mutex);
	go_wg_add(&wg, 10);
	for (i = 0; i < 5; i++)
		start(waits_again, (void *)(intptr_t)i);
	until(look(&waiting) == 5);
	for (i = 0; i < 5; i++)
		go_cond_signal(&cond);
	until(look(&waiting) == 10);
	settle();
	CHECK_EQ(5, look(&woken));
	for (i = 0; i < 5; i++)
		CHECK(order[i] < 100);
	go_cond_broadcast(&cond);
	go_wg_wait(&wg);
}

/* Of notifyList: a waiter that came after a signal is not woken by it. */
TEST(who_came_after_the_signal_is_not_woken)
{
	run_on(1, late_ones, NULL);
	run_on(4, late_ones, NULL);
}

static void wakes_all(void *arg)
{
	int round;

	for (round = 0; round < 20; round++) {
		start_waiters(MANY);
		if (round % 2) {
			go_mutex_lock(&mutex);
			go_cond_broadcast(&cond);
			go_mutex_unlock(&mutex);
		} else {
			go_cond_broadcast(&cond);
		}
		go_wg_wait(&wg);
		CHECK_EQ(MANY, look(&woken));
	}
}

/*
 * "Broadcast wakes all goroutines waiting on c. It is allowed but not required for the caller
 * to hold c.L during the call."
 */
TEST(broadcast_wakes_all)
{
	run_on(1, wakes_all, NULL);
	run_on(4, wakes_all, NULL);
}

static long plain;

static void sees_plain(void *arg)
{
	long i;

	for (i = 1; i <= 200; i++) {
		go_mutex_lock(&mutex);
		wr(stage, i);
		go_cond_wait(&cond, &mutex);
		go_mutex_unlock(&mutex);
		CHECK_EQ(i, plain);
	}
	go_wg_done(&wg);
}

static void writes_plain(void *arg)
{
	long i;

	plain = 0;
	wr(stage, 0);
	go_wg_add(&wg, 1);
	start(sees_plain, NULL);
	for (i = 1; i <= 200; i++) {
		until(rd(stage) == (unsigned long)i);
		/* Once the mutex can be had, it waits. Then the signal alone orders them. */
		go_mutex_lock(&mutex);
		go_mutex_unlock(&mutex);
		plain = i;
		go_cond_signal(&cond);
	}
	go_wg_wait(&wg);
}

/* "A call to Broadcast or Signal synchronizes before any Wait call that it unblocks." */
TEST(signal_synchronizes_before_wait_returns)
{
	run_on(1, writes_plain, NULL);
	run_on(4, writes_plain, NULL);
}

static void wait_unlocked(void *arg)
{
	go_cond_wait(&cond, &mutex);
}

/* "c.L must be held when calling the Wait method": it is unlocked. */
TEST(wait_without_the_mutex_is_an_error)
{
	ASSERT_TRUE(panics(run_it, wait_unlocked, "sync: unlock of unlocked mutex"));
}

static void waits_for_good(void *arg)
{
	go_mutex_lock(&mutex);
	go_cond_wait(&cond, &mutex);
}

TEST(nobody_signals)
{
	static struct child c;

	NEEDS_DEADLOCKS();
	run_child(&c, run_it, waits_for_good);
	ASSERT_TRUE(exited_with(&c, 2) &&
		    find_whole_line(c.err, "fatal error: all goroutines are asleep - deadlock!") &&
		    strstr(c.err, "[sync.Cond.Wait]"))
		show_child(&c);
}

TEST_HARNESS_MAIN
