// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_errgroup.c - what golang.org/x/sync/errgroup promises: a test for each sentence,
 * which stands above it.
 */
#include "test.h"

static struct go_group group;
static unsigned long ran, active, most, stage;
static struct go_ctx *ctx;
static int results[100];

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

static void in_runs(void (*fn)(void *))
{
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
}

static int succeeds(void *arg)
{
	int *result = arg;

	go_yield();
	if (result)
		*result = 42;
	inc(ran);
	return 0;
}

static int fails(void *arg)
{
	return (intptr_t)arg;
}

static void zero_group(void *arg)
{
	struct go_group g = { 0 };
	int i;

	wr(ran, 0);
	memset(results, 0, sizeof(results));
	for (i = 0; i < 100; i++)
		go_group_go(&g, succeeds, &results[i]);
	CHECK_EQ(0, go_group_wait(&g));
	CHECK_EQ(100, rd(ran));
	/* Not atomic: what they did is seen by who waited. */
	for (i = 0; i < 100; i++)
		CHECK_EQ(42, results[i]);
}

/*
 * "A zero Group is valid, has no limit on the number of active goroutines, and does not
 * cancel on error." "Go calls the given function in a new goroutine." "Wait blocks until all
 * function calls from the Go method have returned."
 */
TEST(zero_group_is_valid)
{
	in_runs(zero_group);
}

static int waits_for_all(void *arg)
{
	inc(active);
	until(rd(active) == 200);
	return 0;
}

static void no_limit(void *arg)
{
	struct go_group g = { 0 };
	int i;

	wr(active, 0);
	for (i = 0; i < 200; i++)
		go_group_go(&g, waits_for_all, NULL);
	CHECK_EQ(0, go_group_wait(&g));
}

TEST(zero_group_has_no_limit)
{
	in_runs(no_limit);
}

static int fails_later(void *arg)
{
	until(rd(stage));
	return (intptr_t)arg;
}

static void first_error(void *arg)
{
	struct go_group g;

	wr(ran, 0);
	wr(stage, 0);
	ctx = go_group_with_context(&g, go_ctx_background());
	go_group_go(&g, succeeds, NULL);
	go_group_go(&g, fails_later, (void *)-7);
	go_group_go(&g, fails_later, (void *)-7);
	go_group_go(&g, fails, (void *)-5);
	/* Until it is known. */
	go_recv(go_ctx_done(ctx), NULL);
	wr(stage, 1);
	go_group_go(&g, succeeds, NULL);
	CHECK_EQ(-5, go_group_wait(&g));
	/* All have been called nevertheless. */
	CHECK_EQ(2, rd(ran));
	CHECK_EQ(-5, go_group_wait(&g));
	go_ctx_free(ctx);
}

/* "... then returns the first non-nil error (if any) from them." */
TEST(wait_returns_the_first_error)
{
	in_runs(first_error);
}

/* ----------------------------------------------------------------- WithContext */

static int waits_for_ctx(void *arg)
{
	go_recv(go_ctx_done(ctx), NULL);
	CHECK_EQ(-ECANCELED, go_ctx_err(ctx));
	inc(ran);
	return go_ctx_cause(ctx);
}

static void cancelled_by_error(void *arg)
{
	struct go_group g;
	int i;

	wr(ran, 0);
	ctx = go_group_with_context(&g, go_ctx_background());
	CHECK(ctx);
	for (i = 0; i < 10; i++)
		go_group_go(&g, waits_for_ctx, NULL);
	settle();
	CHECK_EQ(0, rd(ran));
	CHECK_EQ(0, go_ctx_err(ctx));
	go_group_go(&g, fails, (void *)-EIO);
	/* They all return that error, too. */
	CHECK_EQ(-EIO, go_group_wait(&g));
	CHECK_EQ(10, rd(ran));
	CHECK_EQ(-EIO, go_ctx_cause(ctx));
	go_ctx_free(ctx);
}

/*
 * "WithContext returns a new Group and an associated Context derived from ctx. The derived
 * Context is canceled the first time a function passed to Go returns a non-nil error..." "The
 * first call to return a non-nil error cancels the group's context."
 */
TEST(context_is_cancelled_by_the_first_error)
{
	in_runs(cancelled_by_error);
}

static void cancelled_by_wait(void *arg)
{
	struct go_group g;

	ctx = go_group_with_context(&g, go_ctx_background());
	go_group_go(&g, succeeds, NULL);
	settle();
	CHECK_EQ(0, go_ctx_err(ctx));
	CHECK_EQ(0, go_group_wait(&g));
	CHECK_EQ(-ECANCELED, go_ctx_err(ctx));
	CHECK_EQ(-ECANCELED, go_ctx_cause(ctx));
	go_ctx_free(ctx);
}

/* "... or the first time Wait returns, whichever occurs first." */
TEST(context_is_cancelled_when_wait_returns)
{
	in_runs(cancelled_by_wait);
}

static void derived(void *arg)
{
	struct go_ctx *parent = go_ctx_with_cancel(go_ctx_background());
	struct go_group g;

	wr(ran, 0);
	ctx = go_group_with_context(&g, parent);
	go_group_go(&g, waits_for_ctx, NULL);
	settle();
	CHECK_EQ(0, rd(ran));
	go_ctx_cancel_cause(parent, -EPIPE);
	CHECK_EQ(-EPIPE, go_group_wait(&g));
	/* The handle may be given up before the group is done with it, too. */
	go_ctx_free(ctx);
	ctx = go_group_with_context(&g, parent);
	go_ctx_free(ctx);
	go_group_go(&g, fails, (void *)-1);
	CHECK_EQ(-1, go_group_wait(&g));
	go_ctx_free(parent);
}

/* "... an associated Context derived from ctx." */
TEST(context_is_derived_from_the_parent)
{
	in_runs(derived);
}

/* ------------------------------------------------------------------- SetLimit */

static int counts_active(void *arg)
{
	unsigned long n = inc(active), seen = rd(most);

	while (n > seen && !__atomic_compare_exchange_n(&most, &seen, n, false, __ATOMIC_ACQ_REL,
							__ATOMIC_ACQUIRE))
		;
	go_yield();
	go_yield();
	__atomic_sub_fetch(&active, 1, __ATOMIC_ACQ_REL);
	return 0;
}

static void limited(void *arg)
{
	struct go_group g = { 0 };
	int limit, i;

	for (limit = 1; limit <= 5; limit++) {
		wr(active, 0);
		wr(most, 0);
		go_group_limit(&g, limit);
		for (i = 0; i < 100; i++)
			go_group_go(&g, counts_active, NULL);
		CHECK_EQ(0, go_group_wait(&g));
		CHECK(rd(most) <= (unsigned long)limit && rd(most) >= 1);
	}
}

/* "SetLimit limits the number of active goroutines in this group to at most n." */
TEST(limit_is_kept)
{
	in_runs(limited);
}

static int waits_for_stage(void *arg)
{
	inc(active);
	until(rd(stage) >= (unsigned long)(intptr_t)arg);
	return 0;
}

static void adds_three(void *arg)
{
	go_group_go(&group, waits_for_stage, (void *)1);
	go_group_go(&group, waits_for_stage, (void *)2);
	go_group_go(&group, waits_for_stage, (void *)2);
	inc(ran);
}

static void go_blocks(void *arg)
{
	memset(&group, 0, sizeof(group));
	wr(active, 0);
	wr(stage, 0);
	wr(ran, 0);
	go_group_limit(&group, 2);
	start(adds_three, NULL);
	until(rd(active) == 2);
	settle();
	CHECK_EQ(2, rd(active));
	CHECK_EQ(0, rd(ran));
	CHECK(!go_group_try_go(&group, succeeds, NULL));
	wr(stage, 1);
	until(rd(ran));
	until(rd(active) == 3);
	wr(stage, 2);
	CHECK_EQ(0, go_group_wait(&group));
}

/*
 * "Any subsequent call to the Go method will block until it can add an active goroutine
 * without exceeding the configured limit."
 */
TEST(go_blocks_at_the_limit)
{
	in_runs(go_blocks);
}

static void tries(void *arg)
{
	struct go_group g = { 0 };

	wr(stage, 0);
	wr(ran, 0);
	go_group_limit(&g, 1);
	CHECK(go_group_try_go(&g, waits_for_stage, (void *)1));
	CHECK(!go_group_try_go(&g, succeeds, NULL));
	wr(stage, 1);
	CHECK_EQ(0, go_group_wait(&g));
	CHECK(go_group_try_go(&g, succeeds, NULL));
	CHECK_EQ(0, go_group_wait(&g));
	CHECK_EQ(1, rd(ran));
	go_group_limit(&g, 0);
	CHECK(!go_group_try_go(&g, succeeds, NULL));
	/* "A negative value indicates no limit." */
	go_group_limit(&g, -1);
	CHECK(go_group_try_go(&g, succeeds, NULL));
	CHECK(go_group_try_go(&g, succeeds, NULL));
	CHECK_EQ(0, go_group_wait(&g));
	CHECK_EQ(3, rd(ran));
}

/*
 * "TryGo calls the given function in a new goroutine only if the number of active goroutines
 * in the group is currently below the configured limit. The return value reports whether the
 * goroutine was started."
 */
TEST(try_go_reports_whether_it_was_started)
{
	in_runs(tries);
}

static void limit_while_active(void *arg)
{
	wr(stage, 0);
	go_group_limit(&group, 5);
	go_group_go(&group, waits_for_stage, (void *)1);
	go_group_go(&group, waits_for_stage, (void *)1);
	go_group_limit(&group, 3);
}

/* "The limit must not be modified while any goroutines in the group are active." */
TEST(limit_is_not_modified_while_active)
{
	const char *text = "errgroup: modify limit while 2 goroutines in the group are still active";

	ASSERT_TRUE(panics(run_it, limit_while_active, text));
}

static void lifted(void *arg)
{
	struct go_group g = { 0 };

	wr(stage, 0);
	wr(ran, 0);
	go_group_limit(&g, 1);
	go_group_go(&g, waits_for_stage, (void *)1);
	go_group_limit(&g, -1);
	go_group_go(&g, succeeds, NULL);
	wr(stage, 1);
	CHECK_EQ(0, go_group_wait(&g));
	go_group_limit(&g, 2);
	CHECK(go_group_try_go(&g, succeeds, NULL));
	CHECK(go_group_try_go(&g, succeeds, NULL));
	CHECK(!go_group_try_go(&g, succeeds, NULL) || rd(ran) > 1);
	CHECK_EQ(0, go_group_wait(&g));
}

TEST(limit_can_be_lifted)
{
	in_runs(lifted);
}

/* ------------------------------------------------------------- beside what Go has */

static int exits(void *arg)
{
	inc(ran);
	go_exit();
}

static void one_exits(void *arg)
{
	struct go_group g = { 0 };

	wr(ran, 0);
	go_group_limit(&g, 1);
	go_group_go(&g, exits, NULL);
	go_group_go(&g, exits, NULL);
	CHECK_EQ(0, go_group_wait(&g));
	CHECK_EQ(2, rd(ran));
}

/* Its place and its part of the wait are given back by a deferred call. */
TEST(goroutine_that_exits_is_done)
{
	in_runs(one_exits);
}

static int panics_in_group(void *arg)
{
	go_panic("in a group");
}

static void one_panics(void *arg)
{
	struct go_group g = { 0 };

	go_group_go(&g, panics_in_group, NULL);
	go_group_wait(&g);
}

/* As in any goroutine: it ends the program. */
TEST(panic_ends_the_program)
{
	ASSERT_TRUE(panics(run_it, one_panics, "in a group"));
}

/* Where no goroutine can be made, that is the error. */
TEST(no_runtime_is_an_error)
{
	struct go_group g = { 0 };

	go_group_go(&g, succeeds, NULL);
	ASSERT_EQ(-EPERM, go_group_wait(&g));
	ASSERT_FALSE(go_group_try_go(&g, succeeds, NULL));
}

static void *thread_goes(void *arg)
{
	struct go_group g = { 0 };
	int i;

	for (i = 0; i < 50; i++) {
		go_group_limit(&g, 1 + i % 3);
		go_group_go(&g, succeeds, NULL);
		go_group_go(&g, succeeds, NULL);
		go_group_go(&g, succeeds, NULL);
		CHECK_EQ(0, go_group_wait(&g));
	}
	wr(stage, 1);
	return NULL;
}

static void beside_thread(void *arg)
{
	wr(stage, 0);
	wr(ran, 0);
	*(pthread_t *)arg = start_thread(thread_goes, NULL);
	until(rd(stage));
	CHECK_EQ(150, rd(ran));
}

TEST(threads_have_groups_too)
{
	pthread_t t;

	run_on(2, beside_thread, &t);
	pthread_join(t, NULL);
}

TEST_HARNESS_MAIN
