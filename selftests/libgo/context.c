// SPDX-License-Identifier: GPL-2.0-only
/*
 * context.c - trees of contexts: large ones, deep ones, freed in any order, cancelled while
 * they are freed; and that nothing of them is left.
 */
#include "test.h"

#include <malloc.h>

#define HOUR	(3600000 * MS)

static struct go_waitgroup wg;
static unsigned long woken, stage;
static char key;
static struct go_ctx *root;

#if TEST_ASAN
int __lsan_do_recoverable_leak_check(void);
#endif

static struct go_ctx *must(struct go_ctx *c)
{
	CHECK(c);
	return c;
}

static void is_done(struct go_ctx *c, int err)
{
	CHECK_EQ(-EPIPE, go_try_recv(go_ctx_done(c), NULL));
	CHECK_EQ(err, go_ctx_err(c));
}

/*
 * Bytes that malloc() has given out. The sanitizers' own malloc() says 0; under ASan its
 * leak checker looks instead.
 */
static size_t in_use(void)
{
	return mallinfo2().uordblks;
}

/* Does @fn, often, and compares: a leak of one small piece each time would be seen. */
static void leaks_nothing(struct __test_metadata *_metadata, int procs, void (*fn)(void *))
{
	size_t before;

	run_on(procs, fn, NULL);
	before = in_use();
	run_on(procs, fn, NULL);
	EXPECT_LT(in_use(), before + 20 * scaled(2000));
#if TEST_ASAN
	EXPECT_EQ(0, __lsan_do_recoverable_leak_check());
#endif
}

/* -------------------------------------------------------------- many children */

static struct go_ctx **children;

static size_t many(void)
{
	return scaled(100000);
}

static void cancel_many(void *arg)
{
	size_t i, n = many();

	children = calloc(n, sizeof(struct go_ctx *));
	CHECK(children);
	root = must(go_ctx_with_cancel(go_ctx_background()));
	for (i = 0; i < n; i++)
		children[i] = must(go_ctx_with_cancel(root));
	for (i = 0; i < n; i++)
		CHECK_EQ(0, go_ctx_err(children[i]));
	go_ctx_cancel(root);
	for (i = 0; i < n; i++)
		is_done(children[i], -ECANCELED);
	/* Half of them outlive it. */
	for (i = 0; i < n; i += 2)
		go_ctx_free(children[i]);
	go_ctx_free(root);
	for (i = 1; i < n; i += 2)
		go_ctx_free(children[i]);
	free(children);
}

TEST(hundred_thousand_children)
{
	cancel_many(NULL);
	leaks_nothing(_metadata, 1, cancel_many);
}

/* Each the child of the one before: no recursion, neither to cancel nor to free. */
static void cancel_deep(void *arg)
{
	size_t i, n = many();
	struct go_ctx *c, *next;

	root = must(go_ctx_with_cancel(go_ctx_background()));
	c = go_ctx_ref(root);
	for (i = 0; i < n; i++) {
		next = must(i % 10 ? go_ctx_with_cancel(c) : go_ctx_with_value(c, &key, NULL));
		/* It lives in its child from here on. */
		go_ctx_free(c);
		c = next;
	}
	CHECK_EQ(0, go_ctx_err(c));
	go_ctx_cancel(root);
	is_done(c, -ECANCELED);
	go_ctx_free(root);
	go_ctx_free(c);
}

TEST(hundred_thousand_deep)
{
	leaks_nothing(_metadata, 1, cancel_deep);
}

static size_t waiters(void)
{
	/* TSan knows 8,000 goroutines at once. */
	return TEST_TSAN ? 500 : scaled(10000);
}

static void waits_in_child(void *arg)
{
	struct go_ctx *c = must(go_ctx_with_cancel(root));

	inc(stage);
	go_recv(go_ctx_done(c), NULL);
	CHECK_EQ(-ECANCELED, go_ctx_err(c));
	go_ctx_free(c);
	inc(woken);
	go_wg_done(&wg);
}

static void wake_many(void *arg)
{
	size_t n = waiters();

	wr(stage, 0);
	wr(woken, 0);
	root = must(go_ctx_with_cancel(go_ctx_background()));
	go_wg_add(&wg, n);
	start_n(n, waits_in_child);
	until(rd(stage) == n);
	go_ctx_cancel(root);
	go_wg_wait(&wg);
	CHECK_EQ(n, rd(woken));
	go_ctx_free(root);
}

TEST(all_waiters_wake)
{
	leaks_nothing(_metadata, 1, wake_many);
	leaks_nothing(_metadata, 4, wake_many);
}

/* ------------------------------------------------------------------ lifetimes */

static void child_outlives(void *arg)
{
	size_t i, n = scaled(2000);

	for (i = 0; i < n; i++) {
		struct go_ctx *p = must(go_ctx_with_cancel(go_ctx_background()));
		struct go_ctx *t = must(go_ctx_with_timeout(p, HOUR));
		struct go_ctx *v = must(go_ctx_with_value(t, &key, &key));
		struct go_ctx *c = must(go_ctx_with_cancel(v));

		go_ctx_free(t);
		go_ctx_free(v);
		CHECK(go_ctx_value(c, &key) == &key);
		/* By way of two that nobody has a handle of. */
		if (i % 2)
			go_ctx_cancel(p);
		go_ctx_free(p);
		CHECK_EQ(i % 2 ? -ECANCELED : 0, go_ctx_err(c));
		if (i % 3)
			go_ctx_cancel(c);
		go_ctx_free(c);
	}
}

TEST(child_outlives_its_parents)
{
	child_outlives(NULL);
	leaks_nothing(_metadata, 1, child_outlives);
	leaks_nothing(_metadata, 4, child_outlives);
}

static void parent_outlives(void *arg)
{
	size_t i, n = scaled(2000);
	struct go_ctx *p = must(go_ctx_with_timeout(go_ctx_background(), HOUR));

	for (i = 0; i < n; i++) {
		struct go_ctx *c = must(i % 2 ? go_ctx_with_cancel(p) :
						go_ctx_with_timeout(p, HOUR / 2));

		if (i % 3)
			go_ctx_cancel(c);
		go_ctx_free(c);
	}
	CHECK_EQ(0, go_ctx_err(p));
	go_ctx_free(p);
}

/* A server's context, of which each request makes one: nothing is left with the parent. */
TEST(parent_outlives_its_children)
{
	leaks_nothing(_metadata, 1, parent_outlives);
	leaks_nothing(_metadata, 4, parent_outlives);
}

static void freed_parent_expires(void *arg)
{
	struct go_ctx *p = must(go_ctx_with_timeout(go_ctx_background(), MS));
	struct go_ctx *c = must(go_ctx_with_cancel(p));

	go_ctx_free(p);
	go_recv(go_ctx_done(c), NULL);
	is_done(c, -ETIMEDOUT);
	go_ctx_free(c);
}

/* Freeing its handle does not end a deadline for those below. */
TEST(deadline_of_a_freed_parent)
{
	leaks_nothing(_metadata, 1, freed_parent_expires);
	leaks_nothing(_metadata, 4, freed_parent_expires);
}

/* Frees at once whatever it sees done. */
static void frees_when_done(void *arg)
{
	struct go_ctx *c = arg;

	go_recv(go_ctx_done(c), NULL);
	go_ctx_free(c);
	go_wg_done(&wg);
}

static void races(void *arg)
{
	size_t i, n = scaled(2000);

	for (i = 0; i < n; i++) {
		struct go_ctx *p = must(go_ctx_with_cancel(go_ctx_background())), *c;
		int k;

		go_wg_add(&wg, 4);
		for (k = 0; k < 3; k++) {
			c = must(k % 2 ? go_ctx_with_timeout(p, (1 + i % 50) * 1000) :
					 go_ctx_with_cancel(p));
			start(frees_when_done, c);
		}
		start(frees_when_done, go_ctx_ref(p));
		if (i % 4 == 0)
			go_yield();
		if (i % 8 == 1)
			go_sleep((1 + i % 50) * 1000);
		go_ctx_cancel(p);
		go_ctx_free(p);
		if (i % 16 == 0)
			go_wg_wait(&wg);
	}
	go_wg_wait(&wg);
}

/* Cancelled, expired, and freed at the same moment. */
TEST(freed_while_cancelled)
{
	leaks_nothing(_metadata, 1, races);
	leaks_nothing(_metadata, 4, races);
}

static void expires_and_is_freed(void *arg)
{
	size_t i, n = scaled(2000);

	for (i = 0; i < n; i++) {
		struct go_ctx *c =
			must(go_ctx_with_timeout(go_ctx_background(), 1000 + i % 64 * 1000));

		if (i % 2)
			go_yield();
		if (i % 5 == 0)
			go_sleep(10000 + i % 64 * 1000);
		if (i % 3 == 0)
			go_ctx_cancel(c);
		/* Its timer is about to fire, or does, or has: the goroutine may still have it. */
		go_ctx_free(c);
	}
}

TEST(freed_while_it_expires)
{
	leaks_nothing(_metadata, 1, expires_and_is_freed);
	leaks_nothing(_metadata, 4, expires_and_is_freed);
}

/* -------------------------------------------------------------- other than runs */

static void leaves_deadline(void *arg)
{
	root = must(go_ctx_with_timeout(go_ctx_background(), HOUR));
}

static void cancels_root(void *arg)
{
	go_ctx_cancel(root);
}

static void one_left_over(struct __test_metadata *_metadata, int how)
{
	run_on(1, leaves_deadline, NULL);
	ASSERT_EQ(0, go_ctx_err(root));
	if (how == 1)
		go_ctx_cancel(root);
	else if (how == 2)
		run_on(1, cancels_root, NULL);
	if (how)
		is_done(root, -ECANCELED);
	go_ctx_free(root);
	root = NULL;
}

/* Its timer went with the run. */
TEST(outlives_its_run)
{
	int i;

	for (i = 0; i < 30; i++)
		one_left_over(_metadata, i % 3);
#if TEST_ASAN
	ASSERT_EQ(0, __lsan_do_recoverable_leak_check());
#endif
}

static void lets_it_expire(void *arg)
{
	while (go_now() < go_ctx_deadline(root))
		;
}

/* Its timer fires behind main, which ends: the goroutine that is to cancel it never runs. */
static void leaves_expired(void *arg)
{
	root = must(go_ctx_with_timeout(go_ctx_background(), MS));
	start(lets_it_expire, NULL);
	go_yield();
}

TEST(outlives_its_run_having_expired)
{
	struct go_ctx *kept[30];
	int i, expired = 0;

	for (i = 0; i < 30; i++) {
		struct go_stats s;

		run_on(1, leaves_expired, NULL);
		go_stats(&s);
		/* Main, the one that looks on, and the one that was to cancel it. */
		expired += s.created == 3 && go_ctx_err(root) == 0;
		kept[i] = root;
	}
	for (i = 0; i < 30; i++)
		go_ctx_free(kept[i]);
	root = NULL;
	if (!expired)
		SKIP(return, "this machine is too busy to let a timer fire at the right moment");
#if TEST_ASAN
	ASSERT_EQ(0, __lsan_do_recoverable_leak_check());
#endif
}

static void *thread_cancels(void *arg)
{
	size_t i, n = scaled(500);

	for (i = 0; i < n; i++) {
		struct go_ctx *c = must(go_ctx_with_timeout(root, i % 2 ? HOUR : 100000));
		struct go_ctx *v = must(go_ctx_with_value(c, &key, &key));

		CHECK(go_ctx_value(v, &key) == &key);
		if (i % 4 == 0)
			go_recv(go_ctx_done(v), NULL);
		else if (i % 4 == 1)
			go_ctx_cancel(c);
		go_ctx_free(c);
		go_ctx_free(v);
	}
	go_ctx_cancel(root);
	return NULL;
}

static void beside_threads(void *arg)
{
	root = must(go_ctx_with_cancel(go_ctx_background()));
	*(pthread_t *)arg = start_thread(thread_cancels, NULL);
	go_recv(go_ctx_done(root), NULL);
	is_done(root, -ECANCELED);
}

/* Made, waited for and cancelled by a thread that is no goroutine. */
TEST(threads_use_contexts)
{
	pthread_t t;
	int i;

	for (i = 0; i < 2; i++) {
		run_on(i ? 4 : 1, beside_threads, &t);
		pthread_join(t, NULL);
		go_ctx_free(root);
		root = NULL;
	}
#if TEST_ASAN
	ASSERT_EQ(0, __lsan_do_recoverable_leak_check());
#endif
}

TEST_HARNESS_MAIN
