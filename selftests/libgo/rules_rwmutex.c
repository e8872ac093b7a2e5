// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_rwmutex.c - what Go promises of sync.RWMutex: a test for each sentence, which
 * stands above it.
 */
#include "test.h"

static struct go_rwmutex rw;
static struct go_waitgroup wg;
static unsigned long readers, writers, stage, most;
static long a, b;	/* ordered by the lock, by nothing else */
static bool end;

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

static void dec(unsigned long *x)
{
	__atomic_sub_fetch(x, 1, __ATOMIC_ACQ_REL);
}

/* A writer waits, when no reader gets in any more. */
static void until_writer_waits(void)
{
	while (go_rwmutex_tryrdlock(&rw)) {
		go_rwmutex_rdunlock(&rw);
		go_yield();
	}
}

/* "The zero value for a RWMutex is an unlocked mutex." */
TEST(zero_value_is_unlocked)
{
	struct go_rwmutex w = { 0 }, r = { 0 };

	ASSERT_TRUE(go_rwmutex_trylock(&w));
	go_rwmutex_unlock(&w);
	ASSERT_TRUE(go_rwmutex_tryrdlock(&r));
	go_rwmutex_rdunlock(&r);
	ASSERT_EQ(0, memcmp(&w, &r, sizeof(w)));
}

static void reads_with_all(void *arg)
{
	go_rwmutex_rdlock(&rw);
	inc(readers);
	/* All are in at once, or this never ends. */
	until(rd(readers) == 50);
	go_rwmutex_rdunlock(&rw);
	go_wg_done(&wg);
}

static void many_readers(void *arg)
{
	wr(readers, 0);
	go_wg_add(&wg, 50);
	start_n(50, reads_with_all);
	go_wg_wait(&wg);
	CHECK(go_rwmutex_trylock(&rw));
	go_rwmutex_unlock(&rw);
}

/* "The lock can be held by an arbitrary number of readers..." */
TEST(held_by_any_number_of_readers)
{
	run_on(1, many_readers, NULL);
	run_on(4, many_readers, NULL);
}

static void reads(void *arg)
{
	size_t i, n = scaled(400);

	for (i = 0; i < n; i++) {
		go_rwmutex_rdlock(&rw);
		inc(readers);
		CHECK_EQ(0, rd(writers));
		CHECK_EQ(a, b);
		if (i % 8 == 0)
			go_yield();
		dec(&readers);
		go_rwmutex_rdunlock(&rw);
	}
	go_wg_done(&wg);
}

static void writes(void *arg)
{
	size_t i, n = scaled(200);

	for (i = 0; i < n; i++) {
		go_rwmutex_lock(&rw);
		CHECK_EQ(1, inc(writers));
		CHECK_EQ(0, rd(readers));
		a++;
		if (i % 4 == 0)
			go_yield();
		b++;
		dec(&writers);
		go_rwmutex_unlock(&rw);
	}
	go_wg_done(&wg);
}

static void readers_and_writers(void *arg)
{
	a = b = 0;
	go_wg_add(&wg, 12);
	start_n(4, writes);
	start_n(8, reads);
	go_wg_wait(&wg);
	CHECK_EQ(4 * scaled(200), a);
	CHECK(go_rwmutex_trylock(&rw));
	go_rwmutex_unlock(&rw);
}

/*
 * "... or a single writer." "The n'th call to Unlock synchronizes before the m'th call to Lock
 * for any n < m. For any call to RLock, there exists an n such that the n'th call to Unlock
 * synchronizes before that call to RLock, and the corresponding call to RUnlock
 * synchronizes before the n+1'th call to Lock."
 */
TEST(or_by_a_single_writer)
{
	run_on(1, readers_and_writers, NULL);
	run_on(2, readers_and_writers, NULL);
	run_on(8, readers_and_writers, NULL);
}

static void writes_once(void *arg)
{
	go_rwmutex_lock(&rw);
	CHECK_EQ(0, rd(readers));
	inc(stage);
	go_rwmutex_unlock(&rw);
	go_wg_done(&wg);
}

static void reads_once(void *arg)
{
	go_rwmutex_rdlock(&rw);
	/* The writer that it found waiting was first. */
	CHECK(rd(stage) >= 1);
	inc(readers);
	go_rwmutex_rdunlock(&rw);
	go_wg_done(&wg);
}

static void waiting_writer(void *arg)
{
	wr(stage, 0);
	wr(readers, 0);
	go_wg_add(&wg, 11);
	go_rwmutex_rdlock(&rw);
	start(writes_once, NULL);
	until_writer_waits();
	start_n(10, reads_once);
	settle();
	CHECK_EQ(0, rd(readers));
	CHECK_EQ(0, rd(stage));
	go_rwmutex_rdunlock(&rw);
	go_wg_wait(&wg);
	CHECK_EQ(10, rd(readers));
}

/*
 * "If any goroutine calls Lock while the lock is already held by one or more readers,
 * concurrent calls to RLock will block until the writer has acquired (and released) the
 * lock, to ensure that the lock eventually becomes available to the writer."
 */
TEST(waiting_writer_keeps_new_readers_out)
{
	run_on(1, waiting_writer, NULL);
	run_on(4, waiting_writer, NULL);
}

static void always_reads(void *arg)
{
	while (!rd(end)) {
		go_rwmutex_rdlock(&rw);
		go_yield();
		go_rwmutex_rdunlock(&rw);
	}
	go_wg_done(&wg);
}

static void never_free_of_readers(void *arg)
{
	int i;

	wr(end, false);
	go_wg_add(&wg, 5);
	start_n(5, always_reads);
	for (i = 0; i < 50; i++) {
		go_rwmutex_lock(&rw);
		go_rwmutex_unlock(&rw);
	}
	wr(end, true);
	go_wg_wait(&wg);
}

/* "A blocked Lock call excludes new readers": so that writers are not starved. */
TEST(readers_do_not_starve_writers)
{
	run_on(1, never_free_of_readers, NULL);
	run_on(4, never_free_of_readers, NULL);
}

static void always_writes(void *arg)
{
	while (!rd(end)) {
		go_rwmutex_lock(&rw);
		go_yield();
		go_rwmutex_unlock(&rw);
	}
	go_wg_done(&wg);
}

static void never_free_of_writers(void *arg)
{
	int i;

	wr(end, false);
	go_wg_add(&wg, 3);
	start_n(3, always_writes);
	for (i = 0; i < 50; i++) {
		go_rwmutex_rdlock(&rw);
		go_rwmutex_rdunlock(&rw);
	}
	wr(end, true);
	go_wg_wait(&wg);
}

/* Nor the other way round: who unlocks lets in the readers that came meanwhile. */
TEST(writers_do_not_starve_readers)
{
	run_on(1, never_free_of_writers, NULL);
	run_on(4, never_free_of_writers, NULL);
}

static void waits_to_write(void *arg)
{
	inc(stage);
	go_rwmutex_lock(&rw);
	/* All ten readers, which came while the first writer had it, were before. */
	wr(most, rd(readers));
	go_rwmutex_unlock(&rw);
	go_wg_done(&wg);
}

static void reads_and_counts(void *arg)
{
	go_rwmutex_rdlock(&rw);
	inc(readers);
	go_rwmutex_rdunlock(&rw);
	go_wg_done(&wg);
}

static void readers_between_writers(void *arg)
{
	wr(readers, 0);
	wr(stage, 0);
	go_rwmutex_lock(&rw);
	go_wg_add(&wg, 11);
	start(waits_to_write, NULL);
	until(rd(stage));
	start_n(10, reads_and_counts);
	settle();
	go_rwmutex_unlock(&rw);
	go_wg_wait(&wg);
}

/* With one P: settle() has brought all of them there. */
TEST(readers_that_came_go_before_the_next_writer)
{
	UNDISTURBED(readers_between_writers, NULL);
	ASSERT_EQ(10, rd(most));
}

static void recursive_writer(void *arg)
{
	go_rwmutex_lock(&rw);
}

static void recursive(void *arg)
{
	go_rwmutex_rdlock(&rw);
	start(recursive_writer, NULL);
	until_writer_waits();
	go_rwmutex_rdlock(&rw);
}

/* "In particular, this prohibits recursive read locking." */
TEST(recursive_read_locking_is_a_deadlock)
{
	static struct child c;

	NEEDS_DEADLOCKS();
	run_child(&c, run_it, recursive);
	ASSERT_TRUE(exited_with(&c, 2))
		show_child(&c);
	ASSERT_TRUE(!!find_whole_line(c.err, "fatal error: all goroutines are asleep - deadlock!"))
		show_child(&c);
	ASSERT_TRUE(!!strstr(c.err, "[sync.RWMutex.RLock]"))
		show_child(&c);
	ASSERT_TRUE(!!strstr(c.err, "[sync.RWMutex.Lock]"))
		show_child(&c);
}

/* "TryRLock tries to lock rw for reading and reports whether it succeeded." TryLock: the same. */
TEST(try_reports_whether_it_succeeded)
{
	struct go_rwmutex l = { 0 };

	ASSERT_TRUE(go_rwmutex_tryrdlock(&l));
	ASSERT_TRUE(go_rwmutex_tryrdlock(&l));
	ASSERT_FALSE(go_rwmutex_trylock(&l));
	go_rwmutex_rdunlock(&l);
	ASSERT_FALSE(go_rwmutex_trylock(&l));
	go_rwmutex_rdunlock(&l);
	ASSERT_TRUE(go_rwmutex_trylock(&l));
	ASSERT_FALSE(go_rwmutex_trylock(&l));
	ASSERT_FALSE(go_rwmutex_tryrdlock(&l));
	go_rwmutex_unlock(&l);
	ASSERT_TRUE(go_rwmutex_tryrdlock(&l));
}

static void one_of_three_leaves(void *arg)
{
	int i;

	wr(stage, 0);
	wr(readers, 0);
	for (i = 0; i < 3; i++)
		go_rwmutex_rdlock(&rw);
	go_rwmutex_rdunlock(&rw);
	CHECK(!go_rwmutex_trylock(&rw));
	go_wg_add(&wg, 1);
	start(writes_once, NULL);
	until_writer_waits();
	go_rwmutex_rdunlock(&rw);
	settle();
	CHECK_EQ(0, rd(stage));
	go_rwmutex_rdunlock(&rw);
	go_wg_wait(&wg);
	CHECK_EQ(1, rd(stage));
}

/* "RUnlock undoes a single RLock call; it does not affect other simultaneous readers." */
TEST(rdunlock_undoes_a_single_rdlock)
{
	run_on(1, one_of_three_leaves, NULL);
	run_on(4, one_of_three_leaves, NULL);
}

static void rdunlock_unlocked(void *arg)
{
	go_rwmutex_rdunlock(&rw);
}

static void rdunlock_written(void *arg)
{
	go_rwmutex_lock(&rw);
	go_rwmutex_rdunlock(&rw);
}

static void waits_to_read(void *arg)
{
	go_rwmutex_rdlock(&rw);
}

static void rdunlock_waited_for(void *arg)
{
	go_rwmutex_lock(&rw);
	start(waits_to_read, NULL);
	settle();
	go_rwmutex_rdunlock(&rw);
}

/* "It is a run-time error if rw is not locked for reading on entry to RUnlock." */
TEST(rdunlock_of_unlocked_is_an_error)
{
	const char *text = "sync: RUnlock of unlocked RWMutex";

	ASSERT_TRUE(panics(run_it, rdunlock_unlocked, text));
	ASSERT_TRUE(panics(run_it, rdunlock_written, text));
	ASSERT_TRUE(panics(run_it, rdunlock_waited_for, text));
}

static void lock_waits(void *arg)
{
	wr(stage, 0);
	wr(readers, 0);
	go_wg_add(&wg, 2);
	go_rwmutex_lock(&rw);
	start(writes_once, NULL);
	settle();
	CHECK_EQ(0, rd(stage));
	go_rwmutex_unlock(&rw);
	until(rd(stage) == 1);
	go_rwmutex_rdlock(&rw);
	start(writes_once, NULL);
	settle();
	CHECK_EQ(1, rd(stage));
	go_rwmutex_rdunlock(&rw);
	go_wg_wait(&wg);
	CHECK_EQ(2, rd(stage));
}

/*
 * "Lock locks rw for writing. If the lock is already locked for reading or writing, Lock
 * blocks until the lock is available."
 */
TEST(lock_blocks_until_available)
{
	run_on(1, lock_waits, NULL);
	run_on(4, lock_waits, NULL);
}

static void unlock_unlocked(void *arg)
{
	go_rwmutex_unlock(&rw);
}

static void unlock_read(void *arg)
{
	go_rwmutex_rdlock(&rw);
	go_rwmutex_unlock(&rw);
}

static void unlock_waited_for(void *arg)
{
	go_rwmutex_rdlock(&rw);
	start(recursive_writer, NULL);
	until_writer_waits();
	go_rwmutex_unlock(&rw);
}

/* "It is a run-time error if rw is not locked for writing on entry to Unlock." */
TEST(unlock_of_unlocked_is_an_error)
{
	const char *text = "sync: Unlock of unlocked RWMutex";

	ASSERT_TRUE(panics(run_it, unlock_unlocked, text));
	ASSERT_TRUE(panics(run_it, unlock_read, text));
	ASSERT_TRUE(panics(run_it, unlock_waited_for, text));
}

static void unlocks(void *arg)
{
	a++;
	go_rwmutex_unlock(&rw);
}

static void rdunlocks(void *arg)
{
	go_rwmutex_rdunlock(&rw);
}

static void by_another(void *arg)
{
	long i;

	a = 0;
	for (i = 1; i <= 100; i++) {
		go_rwmutex_lock(&rw);
		start(unlocks, NULL);
		go_rwmutex_rdlock(&rw);
		CHECK_EQ(i, a);
		start(rdunlocks, NULL);
	}
	go_rwmutex_lock(&rw);
	go_rwmutex_unlock(&rw);
}

/*
 * "As with Mutexes, a locked RWMutex is not associated with a particular goroutine. One
 * goroutine may RLock (Lock) a RWMutex and then arrange for another goroutine to RUnlock
 * (Unlock) it."
 */
TEST(belongs_to_no_goroutine)
{
	run_on(1, by_another, NULL);
	run_on(4, by_another, NULL);
}

TEST_HARNESS_MAIN
