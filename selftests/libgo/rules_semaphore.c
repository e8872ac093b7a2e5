// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_semaphore.c - what golang.org/x/sync/semaphore promises: a test for each sentence,
 * which stands above it.
 */
#include "test.h"

static struct go_sem sem;
static struct go_waitgroup wg;
static unsigned long stage, used;
static bool end;
static long plain;

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

/* Nothing can be taken while somebody waits, not even nothing. */
static void until_waited_for(void)
{
	while (go_sem_try_acquire(&sem, 0))
		go_yield();
}

/* Takes all that is left, one at a time. */
static int64_t drain(void)
{
	int64_t n = 0;

	while (go_sem_try_acquire(&sem, 1))
		n++;
	return n;
}

/* Zero-filled is a semaphore of 0. */
TEST(zero_value_has_nothing)
{
	struct go_sem s = { 0 };

	ASSERT_FALSE(go_sem_try_acquire(&s, 1));
	ASSERT_TRUE(go_sem_try_acquire(&s, 0));
	go_sem_release(&s, 2);
	ASSERT_FALSE(go_sem_try_acquire(&s, 3));
	ASSERT_TRUE(go_sem_try_acquire(&s, 2));
	ASSERT_FALSE(go_sem_try_acquire(&s, 1));
}

static void acquires(void *arg)
{
	go_sem_acquire(&sem, (intptr_t)arg);
	inc(stage);
	go_wg_done(&wg);
}

static void blocks(void *arg)
{
	wr(stage, 0);
	go_wg_add(&wg, 1);
	start(acquires, (void *)5);
	until_waited_for();
	go_sem_release(&sem, 4);
	settle();
	CHECK_EQ(0, rd(stage));
	go_sem_release(&sem, 3);
	go_wg_wait(&wg);
	CHECK_EQ(1, rd(stage));
	CHECK_EQ(2, drain());
}

/*
 * "Acquire acquires the semaphore with a weight of n, blocking until resources are available."
 * "Release releases the semaphore with a weight of n."
 */
TEST(acquire_blocks_until_available)
{
	run_on(1, blocks, NULL);
	run_on(4, blocks, NULL);
}

static void at_once(void *arg)
{
	go_sem_release(&sem, 10);
	go_sem_acquire(&sem, 3);
	go_sem_acquire(&sem, 7);
	CHECK(!go_sem_try_acquire(&sem, 1));
	go_sem_acquire(&sem, 0);
}

TEST(acquire_does_not_block_where_there_is_enough)
{
	at_once(NULL);
	run_on(1, at_once, NULL);
}

/*
 * "TryAcquire acquires the semaphore with a weight of n without blocking. On success, returns
 * true. On failure, returns false and leaves the semaphore unchanged."
 */
TEST(try_acquire_leaves_it_unchanged)
{
	memset(&sem, 0, sizeof(sem));
	go_sem_release(&sem, 5);
	ASSERT_FALSE(go_sem_try_acquire(&sem, 6));
	ASSERT_TRUE(go_sem_try_acquire(&sem, 3));
	ASSERT_FALSE(go_sem_try_acquire(&sem, 3));
	ASSERT_EQ(2, drain());
}

static void takes_small(void *arg)
{
	go_sem_acquire(&sem, 1);
	/* The big one came before, and has had it all. */
	CHECK(rd(stage) >= 1);
	go_sem_release(&sem, 1);
	go_wg_done(&wg);
}

static void takes_all(void *arg)
{
	go_sem_acquire(&sem, 10);
	inc(stage);
	go_sem_release(&sem, 10);
	go_wg_done(&wg);
}

static void big_before_small(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	wr(stage, 0);
	go_sem_release(&sem, 9);
	go_wg_add(&wg, 11);
	start(takes_all, NULL);
	until_waited_for();
	/* There would be enough for all of these, and for whoever tries. */
	start_n(10, takes_small);
	settle();
	CHECK_EQ(0, rd(stage));
	CHECK(!go_sem_try_acquire(&sem, 1));
	go_sem_release(&sem, 1);
	go_wg_wait(&wg);
	CHECK_EQ(10, drain());
}

/*
 * "Not enough tokens for the next waiter. We could keep going (to try to find a waiter with a
 * smaller request), but under load that could cause starvation for large requests; instead,
 * we leave all remaining waiters blocked."
 */
TEST(small_requests_do_not_pass_a_big_one)
{
	run_on(1, big_before_small, NULL);
	run_on(4, big_before_small, NULL);
}

static void always_small(void *arg)
{
	while (!rd(end)) {
		go_sem_acquire(&sem, 1);
		go_yield();
		go_sem_release(&sem, 1);
	}
	go_wg_done(&wg);
}

static void big_among_small(void *arg)
{
	int i;

	memset(&sem, 0, sizeof(sem));
	wr(end, false);
	go_sem_release(&sem, 4);
	go_wg_add(&wg, 6);
	start_n(6, always_small);
	for (i = 0; i < 50; i++) {
		go_sem_acquire(&sem, 4);
		CHECK(!go_sem_try_acquire(&sem, 1));
		go_sem_release(&sem, 4);
	}
	wr(end, true);
	go_wg_wait(&wg);
	CHECK_EQ(4, drain());
}

/* "... could cause starvation for large requests": it doesn't. */
TEST(big_requests_are_not_starved)
{
	run_on(1, big_among_small, NULL);
	run_on(4, big_among_small, NULL);
}

static int served[8], nserved;

static void takes_turn(void *arg)
{
	intptr_t me = (intptr_t)arg;

	go_sem_acquire(&sem, me);
	served[nserved++] = me;
	go_wg_done(&wg);
}

static const int in_line[] = { 3, 1, 7, 2, 2, 5, 1, 4 };

static void in_order(void *arg)
{
	int i;

	memset(&sem, 0, sizeof(sem));
	nserved = 0;
	go_wg_add(&wg, 8);
	for (i = 0; i < 8; i++) {
		start(takes_turn, (void *)(intptr_t)in_line[i]);
		settle();
	}
	/* Each finds exactly what it needs when those before it are served. */
	for (i = 0; i < 25; i++) {
		go_sem_release(&sem, 1);
		settle();
	}
	go_wg_wait(&wg);
	CHECK_EQ(0, drain());
}

/* Waiters are served first come, first served. With one P they come in order. */
TEST(first_come_first_served)
{
	int i;

	UNDISTURBED(in_order, NULL);
	for (i = 0; i < 8; i++)
		ASSERT_EQ(in_line[i], served[i]);
}

static void one_release(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	wr(stage, 0);
	go_wg_add(&wg, 5);
	start_n(5, acquires);
	settle();
	/* 0 + 1 + 2 + 3 + 4 */
	go_sem_release(&sem, 10);
	go_wg_wait(&wg);
	CHECK_EQ(0, drain());
}

/* A release lets all in for whom there is enough then. */
TEST(one_release_wakes_many)
{
	run_on(1, one_release, NULL);
	run_on(4, one_release, NULL);
}

static void uses(void *arg)
{
	size_t i, n = scaled(2000);
	uint64_t rng = 1 + (intptr_t)arg;

	for (i = 0; i < n; i++) {
		int64_t k = random_next(&rng) % 5;

		if (i % 3)
			go_sem_acquire(&sem, k);
		else
			until(go_sem_try_acquire(&sem, k));
		CHECK(__atomic_add_fetch(&used, k, __ATOMIC_ACQ_REL) <= 10);
		if (i % 7 == 0)
			go_yield();
		__atomic_sub_fetch(&used, k, __ATOMIC_ACQ_REL);
		go_sem_release(&sem, k);
	}
	go_wg_done(&wg);
}

/* Ten at once do @fn, with a count of ten, which is all there again afterwards. */
static void ten_do(void (*fn)(void *))
{
	memset(&sem, 0, sizeof(sem));
	go_sem_release(&sem, 10);
	go_wg_add(&wg, 10);
	start_n(10, fn);
	go_wg_wait(&wg);
	CHECK_EQ(10, drain());
}

static void never_more(void *arg)
{
	ten_do(uses);
}

/* "Weighted provides a way to bound concurrent access to a resource." */
TEST(never_more_than_the_count)
{
	run_on(1, never_more, NULL);
	run_on(8, never_more, NULL);
}

static void counts(void *arg)
{
	size_t i, n = scaled(5000);

	for (i = 0; i < n; i++) {
		go_sem_acquire(&sem, 1);
		plain++;
		go_sem_release(&sem, 1);
	}
	go_wg_done(&wg);
}

static void as_a_mutex(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	plain = 0;
	go_sem_release(&sem, 1);
	go_wg_add(&wg, 4);
	start_n(4, counts);
	go_wg_wait(&wg);
	CHECK_EQ(4 * scaled(5000), plain);
}

/* What was done before a release is seen by who acquires what it gave. */
TEST(release_synchronizes_before_acquire)
{
	run_on(4, as_a_mutex, NULL);
}

/* ---------------------------------------------------------------- with a context */

static struct go_ctx *ctx;
static int said;

static struct go_ctx *cancellable(void)
{
	struct go_ctx *c = go_ctx_with_cancel(go_ctx_background());

	CHECK(c);
	return c;
}

static void acquires_with_ctx(void *arg)
{
	wr(said, go_sem_acquire_ctx(&sem, ctx, (intptr_t)arg));
	inc(stage);
	go_wg_done(&wg);
}

static void done_before(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	go_sem_release(&sem, 5);
	ctx = cancellable();
	CHECK_EQ(0, go_sem_acquire_ctx(&sem, ctx, 2));
	go_ctx_cancel(ctx);
	CHECK_EQ(-ECANCELED, go_sem_acquire_ctx(&sem, ctx, 1));
	CHECK_EQ(-ECANCELED, go_sem_acquire_ctx(&sem, ctx, 0));
	CHECK_EQ(3, drain());
	go_ctx_free(ctx);
}

/* "If ctx is already done": it fails, though there would be enough. */
TEST(a_context_that_is_done_acquires_nothing)
{
	run_on(1, done_before, NULL);
	/* On a thread that is no goroutine. */
	done_before(NULL);
}

static void cancelled(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	wr(stage, 0);
	go_sem_release(&sem, 4);
	ctx = cancellable();
	go_wg_add(&wg, 1);
	start(acquires_with_ctx, (void *)5);
	until_waited_for();
	go_ctx_cancel(ctx);
	go_wg_wait(&wg);
	CHECK_EQ(-ECANCELED, rd(said));
	CHECK_EQ(4, drain());
	go_ctx_free(ctx);
}

/* "... blocking until resources are available or ctx is done." */
TEST(a_cancelled_one_leaves_it_unchanged)
{
	run_on(1, cancelled, NULL);
	run_on(4, cancelled, NULL);
}

static void out_of_time(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	ctx = go_ctx_with_timeout(go_ctx_background(), MS);
	CHECK(ctx);
	CHECK_EQ(-ETIMEDOUT, go_sem_acquire_ctx(&sem, ctx, 1));
	go_ctx_free(ctx);
	CHECK_EQ(0, drain());
}

/* "On failure, returns ctx.Err()." */
TEST(it_fails_with_the_error_of_the_context)
{
	run_on(1, out_of_time, NULL);
	run_on(4, out_of_time, NULL);
}

static void gets_it(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	wr(stage, 0);
	ctx = arg ? cancellable() : go_ctx_background();
	go_wg_add(&wg, 1);
	start(acquires_with_ctx, (void *)5);
	until_waited_for();
	go_sem_release(&sem, 4);
	settle();
	CHECK_EQ(0, rd(stage));
	go_sem_release(&sem, 3);
	go_wg_wait(&wg);
	CHECK_EQ(0, rd(said));
	CHECK_EQ(2, drain());
	go_ctx_free(ctx);
}

/* "On success, returns nil." Also where nothing can ever cancel it. */
TEST(one_that_waits_with_a_context_gets_it)
{
	run_on(1, gets_it, &sem);
	run_on(4, gets_it, &sem);
	run_on(1, gets_it, NULL);
}

static void first_leaves(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	wr(stage, 0);
	go_sem_release(&sem, 3);
	ctx = cancellable();
	go_wg_add(&wg, 4);
	start(acquires_with_ctx, (void *)5);
	until_waited_for();
	/* There would be enough for these three. */
	start(acquires, (void *)1);
	start(acquires, (void *)1);
	start(acquires, (void *)1);
	settle();
	CHECK_EQ(0, rd(stage));
	go_ctx_cancel(ctx);
	go_wg_wait(&wg);
	CHECK_EQ(4, rd(stage));
	CHECK_EQ(0, drain());
	go_ctx_free(ctx);
}

/* "If we're at the front and there're extra tokens left, notify other waiters." */
TEST(those_behind_one_that_is_cancelled_get_theirs)
{
	run_on(1, first_leaves, NULL);
	run_on(4, first_leaves, NULL);
}

static void *acquires_on_a_thread(void *arg)
{
	wr(said, go_sem_acquire_ctx(&sem, ctx, (intptr_t)arg));
	inc(stage);
	return NULL;
}

static void by_threads(bool cancel)
{
	pthread_t t;

	memset(&sem, 0, sizeof(sem));
	wr(stage, 0);
	ctx = cancellable();
	t = start_thread(acquires_on_a_thread, (void *)3);
	thread_until(!go_sem_try_acquire(&sem, 0));
	if (cancel)
		go_ctx_cancel(ctx);
	else
		go_sem_release(&sem, 4);
	pthread_join(t, NULL);
	CHECK_EQ(cancel ? -ECANCELED : 0, rd(said));
	CHECK_EQ(!cancel, drain());
	go_ctx_free(ctx);
}

/* A thread that is no goroutine waits as well, and is cancelled as well. */
TEST(threads_wait_with_a_context)
{
	by_threads(false);
	by_threads(true);
}

static void left_waiting(void *arg)
{
	memset(&sem, 0, sizeof(sem));
	ctx = cancellable();
	start(acquires_with_ctx, (void *)1);
	until_waited_for();
}

/* The run ends: nobody waits for the context, or the semaphore, any more. */
TEST(a_run_that_ends_takes_its_waiters_along)
{
	run_on(4, left_waiting, NULL);
	go_ctx_cancel(ctx);
	go_ctx_free(ctx);
	go_sem_release(&sem, 1);
	ASSERT_EQ(1, drain());
}

struct turn {
	struct go_ctx *ctx;
	struct go_waitgroup done;
};

static void cancels(void *arg)
{
	struct turn *t = arg;

	go_ctx_cancel(t->ctx);
	go_wg_done(&t->done);
}

static void one_turn(int64_t n, bool by_time)
{
	struct turn t = { .ctx = by_time ? go_ctx_with_timeout(go_ctx_background(), MS / 20) :
					   cancellable() };
	int ret;

	CHECK(t.ctx);
	if (!by_time) {
		go_wg_add(&t.done, 1);
		start(cancels, &t);
	}
	ret = go_sem_acquire_ctx(&sem, t.ctx, n);
	if (ret) {
		CHECK_EQ(by_time ? -ETIMEDOUT : -ECANCELED, ret);
	} else {
		CHECK(__atomic_add_fetch(&used, n, __ATOMIC_ACQ_REL) <= 10);
		go_yield();
		__atomic_sub_fetch(&used, n, __ATOMIC_ACQ_REL);
		go_sem_release(&sem, n);
	}
	go_wg_wait(&t.done);
	go_ctx_free(t.ctx);
}

static void takes_turns(void *arg)
{
	size_t i, n = scaled(1000);
	uint64_t rng = 1 + (intptr_t)arg;

	for (i = 0; i < n; i++)
		one_turn(random_next(&rng) % 5 + 1, i % 4 == 0);
	go_wg_done(&wg);
}

static void cancelled_at_any_moment(void *arg)
{
	ten_do(takes_turns);
}

/* Whatever comes first, cancelling or the release: nothing is lost, nothing is taken twice. */
TEST(nothing_is_lost_where_both_come_at_once)
{
	run_on(1, cancelled_at_any_moment, NULL);
	run_on(8, cancelled_at_any_moment, NULL);
}

static void negative_release(void *arg)
{
	go_sem_release(&sem, -1);
}

static void negative_acquire(void *arg)
{
	go_sem_acquire(&sem, -1);
}

static void negative_try(void *arg)
{
	go_sem_try_acquire(&sem, INT64_MIN);
}

static void too_much(void *arg)
{
	go_sem_release(&sem, INT64_MAX);
	go_sem_release(&sem, 1);
}

TEST(misuse_panics)
{
	ASSERT_TRUE(panics(run_it, negative_release, "semaphore: negative weight"));
	ASSERT_TRUE(panics(run_it, negative_acquire, "semaphore: negative weight"));
	ASSERT_TRUE(panics(run_it, negative_try, "semaphore: negative weight"));
	ASSERT_TRUE(panics(run_it, too_much, "semaphore: count overflows"));
}

static void waits_for_good(void *arg)
{
	go_sem_acquire(&sem, 1);
}

TEST(nobody_releases)
{
	static struct child c;

	NEEDS_DEADLOCKS();
	run_child(&c, run_it, waits_for_good);
	ASSERT_TRUE(exited_with(&c, 2) &&
		    find_whole_line(c.err, "fatal error: all goroutines are asleep - deadlock!") &&
		    strstr(c.err, "[semacquire]"))
		show_child(&c);
}

TEST_HARNESS_MAIN
