// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_sync.c - what Go promises of sync.Mutex, sync.WaitGroup and sync.Once, and the memory
 * model of them: a test for each sentence, which stands above it.
 */
#include "test.h"

static struct go_mutex mutex;
static struct go_waitgroup wg;
static struct go_once once;
static unsigned long stage;
static long plain;	/* ordered by what is tested, by nothing else */
static bool seen[8];

/* Whoever can run has done so, with one P; with more, had its chance. */
static void settle(void)
{
	int i;

	for (i = 0; i < 20; i++)
		go_yield();
}

/* -------------------------------------------------------------------- Mutex */

/* "The zero value for a Mutex is an unlocked mutex." */
TEST(mutex_zero_value_is_unlocked)
{
	struct go_mutex m = { 0 };

	ASSERT_TRUE(go_mutex_trylock(&m));
	go_mutex_unlock(&m);
}

static void locks(void *arg)
{
	go_mutex_lock(&mutex);
	inc(stage);
	go_mutex_unlock(&mutex);
	go_wg_done(&wg);
}

static void blocks_while_in_use(void *arg)
{
	wr(stage, 0);
	go_mutex_lock(&mutex);
	go_wg_add(&wg, 3);
	start_n(3, locks);
	settle();
	CHECK_EQ(0, rd(stage));
	go_mutex_unlock(&mutex);
	go_wg_wait(&wg);
	CHECK_EQ(3, rd(stage));
}

/* "If the lock is already in use, the calling goroutine blocks until the mutex is available." */
TEST(mutex_lock_blocks_until_available)
{
	run_on(1, blocks_while_in_use, NULL);
	run_on(4, blocks_while_in_use, NULL);
}

/* "TryLock tries to lock m and reports whether it succeeded." */
TEST(mutex_trylock_reports_success)
{
	struct go_mutex m = { 0 };

	ASSERT_TRUE(go_mutex_trylock(&m));
	ASSERT_FALSE(go_mutex_trylock(&m));
	go_mutex_unlock(&m);
	ASSERT_TRUE(go_mutex_trylock(&m));
}

static void unlock_unlocked(void *arg)
{
	go_mutex_unlock(&mutex);
}

static void unlock_twice(void *arg)
{
	go_mutex_lock(&mutex);
	go_mutex_unlock(&mutex);
	go_mutex_unlock(&mutex);
}

static void run_it(void *arg)
{
	run_on(1, arg, NULL);
}

/* "It is a run-time error if m is not locked on entry to Unlock." */
TEST(mutex_unlock_of_unlocked_is_an_error)
{
	ASSERT_TRUE(panics(run_it, unlock_unlocked, "sync: unlock of unlocked mutex"));
	ASSERT_TRUE(panics(run_it, unlock_twice, "sync: unlock of unlocked mutex"));
}

static void unlocks(void *arg)
{
	plain++;
	go_mutex_unlock(&mutex);
}

static void unlocked_by_others(void *arg)
{
	long i;

	plain = 0;
	go_mutex_lock(&mutex);
	for (i = 1; i <= 100; i++) {
		start(unlocks, NULL);
		go_mutex_lock(&mutex);
		CHECK_EQ(i, plain);
	}
	go_mutex_unlock(&mutex);
}

/*
 * "A locked Mutex is not associated with a particular goroutine. It is allowed for one
 * goroutine to lock a Mutex and then arrange for another goroutine to unlock it."
 */
TEST(mutex_belongs_to_no_goroutine)
{
	run_on(1, unlocked_by_others, NULL);
	run_on(4, unlocked_by_others, NULL);
}

static void counts(void *arg)
{
	size_t i, n = scaled(20000);

	for (i = 0; i < n; i++) {
		if ((intptr_t)arg % 2)
			until(go_mutex_trylock(&mutex));
		else
			go_mutex_lock(&mutex);
		plain++;
		go_mutex_unlock(&mutex);
	}
	go_wg_done(&wg);
}

static void four_count(void *arg)
{
	plain = 0;
	go_wg_add(&wg, 4);
	start_n(4, counts);
	go_wg_wait(&wg);
	CHECK_EQ(4 * scaled(20000), plain);
}

/*
 * "The n'th call to Unlock synchronizes before the m'th call to Lock for any n < m. A
 * successful call to TryLock is equivalent to a call to Lock."
 */
TEST(mutex_unlock_synchronizes_before_lock)
{
	run_on(4, four_count, NULL);
}

static intptr_t came[5];

static void locks_in_turn(void *arg)
{
	go_mutex_lock(&mutex);
	came[plain++] = (intptr_t)arg;
	go_mutex_unlock(&mutex);
	go_wg_done(&wg);
}

static void queue(void *arg)
{
	memset(&mutex, 0, sizeof(mutex));
	plain = 0;
	go_mutex_lock(&mutex);
	go_wg_add(&wg, 5);
	for (intptr_t i = 0; i < 5; i++) {
		start(locks_in_turn, (void *)i);
		go_yield();
	}
	go_mutex_unlock(&mutex);
	go_wg_wait(&wg);
}

/* "In normal mode waiters are queued in FIFO order..." With nobody who comes in between. */
TEST(mutex_waiters_are_queued_in_fifo_order)
{
	intptr_t i;

	UNDISTURBED(queue, NULL);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(i, came[i]);
}

static void waits_long(void *arg)
{
	go_mutex_lock(&mutex);
	seen[2] = true;
	go_mutex_unlock(&mutex);
	go_wg_done(&wg);
}

/*
 * With one P, each step is where it is written. The waiter that was woken finds the mutex
 * locked again, after more than a millisecond.
 */
static void starve(void *arg)
{
	memset(seen, 0, sizeof(seen));
	memset(&mutex, 0, sizeof(mutex));
	go_mutex_lock(&mutex);
	go_wg_add(&wg, 1);
	start(waits_long, NULL);
	go_yield();
	go_sleep(2 * MS);
	go_mutex_unlock(&mutex);
	/* Normal mode: who runs has the advantage. */
	seen[0] = go_mutex_trylock(&mutex);
	settle();
	if (seen[0])
		go_mutex_unlock(&mutex);
	/* Starving: it was handed over, though the waiter has not run. */
	seen[1] = !seen[2] && !go_mutex_trylock(&mutex);
	go_wg_wait(&wg);
	/* That one was the last: normal again. */
	seen[3] = go_mutex_trylock(&mutex);
	if (seen[3]) {
		go_mutex_unlock(&mutex);
		seen[4] = go_mutex_trylock(&mutex);
	}
}

/*
 * "If a waiter fails to acquire the mutex for more than 1ms, it switches mutex to the
 * starvation mode. In starvation mode ownership of the mutex is directly handed off from the
 * unlocking goroutine to the waiter at the front of the queue. If a waiter receives ownership
 * of the mutex and sees that it is the last waiter in the queue, it switches mutex back to
 * normal operation mode."
 */
TEST(mutex_starving_is_handed_over)
{
	UNDISTURBED(starve, NULL);
	ASSERT_TRUE(seen[0]);
	ASSERT_TRUE(seen[1]);
	ASSERT_TRUE(seen[2]);
	ASSERT_TRUE(seen[3]);
	ASSERT_TRUE(seen[4]);
}

/* ---------------------------------------------------------------- WaitGroup */

static struct go_waitgroup all;

static void waits(void *arg)
{
	go_wg_wait(&all);
	inc(stage);
	go_wg_done(&wg);
}

static void released_at_zero(void *arg)
{
	wr(stage, 0);
	go_wg_add(&all, 3);
	go_wg_add(&wg, 5);
	start_n(5, waits);
	settle();
	go_wg_add(&all, -2);
	settle();
	CHECK_EQ(0, rd(stage));
	go_wg_done(&all);
	go_wg_wait(&wg);
	CHECK_EQ(5, rd(stage));
}

/*
 * "Add adds delta, which may be negative, to the WaitGroup counter. If the counter becomes
 * zero, all goroutines blocked on Wait are released." "Done decrements the WaitGroup counter
 * by one." "Wait blocks until the WaitGroup counter is zero."
 */
TEST(waitgroup_zero_releases_all)
{
	run_on(1, released_at_zero, NULL);
	run_on(4, released_at_zero, NULL);
}

static void nothing_to_wait_for(void *arg)
{
	struct go_waitgroup none = { 0 };

	go_wg_wait(&none);
	go_wg_add(&none, 2);
	go_wg_add(&none, -2);
	go_wg_wait(&none);
}

/* "Wait blocks until the WaitGroup counter is zero": no longer. */
TEST(waitgroup_wait_returns_at_zero)
{
	nothing_to_wait_for(NULL);
	run_on(1, nothing_to_wait_for, NULL);
}

static void done_too_often(void *arg)
{
	struct go_waitgroup w = { 0 };

	go_wg_add(&w, 1);
	go_wg_done(&w);
	go_wg_done(&w);
}

static void add_negative(void *arg)
{
	struct go_waitgroup w = { 0 };

	go_wg_add(&w, 3);
	go_wg_add(&w, -4);
}

/* "If the counter goes negative, Add panics." */
TEST(waitgroup_negative_panics)
{
	ASSERT_TRUE(panics(run_it, done_too_often, "sync: negative WaitGroup counter"));
	ASSERT_TRUE(panics(run_it, add_negative, "sync: negative WaitGroup counter"));
}

static void adds_one_more(void *arg)
{
	intptr_t left = (intptr_t)arg;

	if (left) {
		go_wg_add(&all, 1);
		start(adds_one_more, (void *)(left - 1));
	}
	inc(stage);
	go_wg_done(&all);
}

static void added_while_positive(void *arg)
{
	wr(stage, 0);
	go_wg_add(&all, 1);
	start(adds_one_more, (void *)100);
	go_wg_wait(&all);
	CHECK_EQ(101, rd(stage));
}

/*
 * "Calls with a positive delta that start when the counter is greater than zero may happen
 * at any time."
 */
TEST(waitgroup_added_to_at_any_time)
{
	run_on(1, added_while_positive, NULL);
	run_on(4, added_while_positive, NULL);
}

static void writes_plain(void *arg)
{
	plain++;
	go_wg_done(&all);
}

static void used_again(void *arg)
{
	long i;

	plain = 0;
	for (i = 1; i <= 500; i++) {
		go_wg_add(&all, 1);
		start(writes_plain, NULL);
		go_wg_wait(&all);
		CHECK_EQ(i, plain);
	}
}

/*
 * "If a WaitGroup is reused to wait for several independent sets of events, new Add calls
 * must happen after all previous Wait calls have returned." "A call to Done synchronizes
 * before the return of any Wait call that it unblocks."
 */
TEST(waitgroup_reused_done_synchronizes_before_wait)
{
	run_on(1, used_again, NULL);
	run_on(4, used_again, NULL);
}

/* --------------------------------------------------------------------- Once */

static void counts_up(void *arg)
{
	++*(int *)arg;
}

static void adds_100(void *arg)
{
	*(int *)arg += 100;
}

static void first_only(void *arg)
{
	struct go_once o = { 0 }, other = { 0 };
	int n = 0;

	go_once_do(&o, counts_up, &n);
	go_once_do(&o, counts_up, &n);
	CHECK_EQ(1, n);
	go_once_do(&o, adds_100, &n);
	CHECK_EQ(1, n);
	go_once_do(&other, adds_100, &n);
	CHECK_EQ(101, n);
}

/*
 * "If once.Do(f) is called multiple times, only the first call will invoke f, even if f has a
 * different value in each invocation. A new instance of Once is required for each
 * function to execute."
 */
TEST(once_only_the_first_call_invokes)
{
	first_only(NULL);
	run_on(1, first_only, NULL);
}

static void slow_first(void *arg)
{
	settle();
	go_sleep(100000);
	plain++;
	inc(stage);
}

static void does_once(void *arg)
{
	go_once_do(&once, slow_first, NULL);
	CHECK_EQ(1, rd(stage));
	CHECK_EQ(1, plain);
	go_wg_done(&wg);
}

static void many_do_once(void *arg)
{
	memset(&once, 0, sizeof(once));
	wr(stage, 0);
	plain = 0;
	go_wg_add(&wg, 20);
	start_n(20, does_once);
	go_wg_wait(&wg);
}

/*
 * "No call to Do returns until the one call to f returns." "The return from f synchronizes
 * before the return from any call of once.Do(f)."
 */
TEST(once_returns_when_the_one_call_has)
{
	run_on(1, many_do_once, NULL);
	run_on(4, many_do_once, NULL);
}

static void does_itself(void *arg)
{
	go_once_do(&once, does_itself, NULL);
}

static bool is_deadlock(void (*fn)(void *), const char *state)
{
	static struct child c;

	run_child(&c, run_it, fn);
	if (exited_with(&c, 2) &&
	    find_whole_line(c.err, "fatal error: all goroutines are asleep - deadlock!") &&
	    strstr(c.err, state))
		return true;
	show_child(&c);
	return false;
}

/* "If f causes Do to be called, it will deadlock." */
TEST(once_in_itself_is_a_deadlock)
{
	NEEDS_DEADLOCKS();
	ASSERT_TRUE(is_deadlock(does_itself, "[sync.Mutex.Lock]"));
}

static void counts_and_panics(void *arg)
{
	++*(int *)arg;
	go_panic("in once");
}

struct attempt {
	struct go_once *once;
	int *n;
};

static void recovers(void *arg)
{
	CHECK(!strcmp("in once", go_recover()));
}

static void attempts(void *arg)
{
	struct attempt *a = arg;

	go_defer(recovers, NULL);
	go_once_do(a->once, counts_and_panics, a->n);
}

static void panics_once(void *arg)
{
	struct go_once o = { 0 };
	int n = 0;
	struct attempt a = { &o, &n };

	CHECK_EQ(-ECANCELED, go_call(attempts, &a, NULL));
	CHECK_EQ(1, n);
	go_once_do(&o, counts_and_panics, &n);
	CHECK_EQ(1, n);
}

/* "If f panics, Do considers it to have returned; future calls of Do return without calling f." */
TEST(once_that_panics_has_returned)
{
	panics_once(NULL);
	run_on(1, panics_once, NULL);
}

static void exits_in_once(void *arg)
{
	inc(*(int *)arg);
	go_exit();
}

static int exited;

static void ends_in_once(void *arg)
{
	go_once_do(&once, exits_in_once, &exited);
	CHECK(!"it went on");
}

static void exits_once(void *arg)
{
	memset(&once, 0, sizeof(once));
	exited = 0;
	start(ends_in_once, NULL);
	/* Whichever comes first: the other finds it done. */
	until(rd(exited));
	go_once_do(&once, exits_in_once, &exited);
	CHECK_EQ(1, exited);
}

/* The same of one that ends its goroutine. */
TEST(once_that_exits_has_returned)
{
	run_on(1, exits_once, NULL);
	run_on(4, exits_once, NULL);
}

TEST_HARNESS_MAIN
