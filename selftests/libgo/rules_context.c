// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_context.c - what Go promises of package context: a test for each sentence, which
 * stands above it.
 */
#include "test.h"

#define HOUR	(3600000 * MS)

static struct go_waitgroup wg;
static unsigned long stage, ran;
static char key_a, key_b;

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

static struct go_ctx *must(struct go_ctx *c)
{
	CHECK(c);
	return c;
}

static bool closed(struct go_ctx *c)
{
	return go_try_recv(go_ctx_done(c), NULL) == -EPIPE;
}

static void is_done(struct go_ctx *c, int err, int cause)
{
	CHECK(closed(c));
	CHECK_EQ(err, go_ctx_err(c));
	CHECK_EQ(cause, go_ctx_cause(c));
}

static void is_not_done(struct go_ctx *c)
{
	CHECK(!closed(c));
	CHECK_EQ(0, go_ctx_err(c));
	CHECK_EQ(0, go_ctx_cause(c));
}

static void end(struct go_ctx *c)
{
	go_ctx_cancel(c);
	go_ctx_free(c);
}

/* With the runtime, and where it can be, without. */
static void everywhere(void (*fn)(void *))
{
	fn(NULL);
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
}

static void in_runs(void (*fn)(void *))
{
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
}

/* ---------------------------------------------------------- the background */

/*
 * "Background returns a non-nil, empty Context. It is never canceled, has no values, and has
 * no deadline." "Done may return nil if this context can never be canceled."
 */
TEST(background_is_empty)
{
	struct go_ctx *c = go_ctx_background();

	ASSERT_TRUE(!!c);
	ASSERT_TRUE(c == go_ctx_background());
	ASSERT_TRUE(!go_ctx_done(c));
	ASSERT_EQ(0, go_ctx_err(c));
	ASSERT_EQ(0, go_ctx_cause(c));
	ASSERT_EQ(0, go_ctx_deadline(c));
	ASSERT_TRUE(!go_ctx_value(c, &key_a));
	go_ctx_free(c);
	go_ctx_free(c);
	go_ctx_free(NULL);
	ASSERT_EQ(0, go_ctx_err(c));
}

/* ---------------------------------------------------------------- WithCancel */

static void cancels(void *arg)
{
	struct go_ctx *c = must(go_ctx_with_cancel(go_ctx_background()));

	is_not_done(c);
	go_ctx_cancel(c);
	is_done(c, -ECANCELED, -ECANCELED);
	go_ctx_free(c);
}

/*
 * "WithCancel arranges for Done to be closed when cancel is called." "If Done is not yet
 * closed, Err returns nil. If Done is closed, Err returns a non-nil error: Canceled if the
 * context was canceled."
 */
TEST(cancel_closes_done)
{
	everywhere(cancels);
}

static void parent_first(void *arg)
{
	struct go_ctx *p = must(go_ctx_with_cancel(go_ctx_background()));
	struct go_ctx *c = must(go_ctx_with_cancel(p));

	go_ctx_cancel(p);
	is_done(p, -ECANCELED, -ECANCELED);
	is_done(c, -ECANCELED, -ECANCELED);
	go_ctx_free(c);
	go_ctx_free(p);
}

static void child_first(void *arg)
{
	struct go_ctx *p = must(go_ctx_with_cancel(go_ctx_background()));
	struct go_ctx *c = must(go_ctx_with_cancel(p));

	go_ctx_cancel(c);
	is_done(c, -ECANCELED, -ECANCELED);
	is_not_done(p);
	end(p);
	go_ctx_free(c);
}

/*
 * "The returned context's Done channel is closed when the returned cancel function is called
 * or when the parent context's Done channel is closed, whichever happens first."
 */
TEST(cancelled_itself_or_by_its_parent)
{
	everywhere(parent_first);
	everywhere(child_first);
}

static void late_child(void *arg)
{
	struct go_ctx *p = must(go_ctx_with_cancel(go_ctx_background())), *c;

	go_ctx_cancel_cause(p, 77);
	c = must(go_ctx_with_cancel(p));
	is_done(c, -ECANCELED, 77);
	go_ctx_free(c);
	c = must(go_ctx_with_timeout(p, HOUR));
	is_done(c, -ECANCELED, 77);
	go_ctx_free(c);
	go_ctx_free(p);
}

/* The same, of a parent that is done already. */
TEST(child_of_a_cancelled_parent_is_cancelled)
{
	everywhere(late_child);
}

/* A tree: each has two children, and one behind a value. */
static struct go_ctx *nodes[200];

static void whole_tree(void *arg)
{
	int i, n = 0;

	nodes[n++] = must(go_ctx_with_cancel(go_ctx_background()));
	for (i = 0; n + 4 <= 200; i++) {
		nodes[n++] = must(go_ctx_with_cancel(nodes[i]));
		nodes[n++] = must(go_ctx_with_timeout(nodes[i], HOUR));
		nodes[n++] = must(go_ctx_with_value(nodes[i], &key_a, &key_a));
	}
	for (i = 0; i < n; i++)
		is_not_done(nodes[i]);
	/* One branch, then all. */
	go_ctx_cancel_cause(nodes[1], 5);
	is_not_done(nodes[0]);
	is_not_done(nodes[2]);
	go_ctx_cancel(nodes[0]);
	for (i = 0; i < n; i++) {
		int cause = go_ctx_cause(nodes[i]);

		CHECK(cause == 5 || cause == -ECANCELED);
		is_done(nodes[i], -ECANCELED, cause);
	}
	CHECK_EQ(-ECANCELED, go_ctx_cause(nodes[2]));
	CHECK_EQ(5, go_ctx_cause(nodes[4]));
	for (i = 0; i < n; i++)
		go_ctx_free(nodes[i]);
}

/* "When a Context is canceled, all Contexts derived from it are also canceled." */
TEST(all_that_derive_from_it_are_cancelled)
{
	everywhere(whole_tree);
}

static void cancels_again(void *arg)
{
	struct go_ctx *c = must(go_ctx_with_cancel(go_ctx_background()));

	go_ctx_cancel_cause(c, 1);
	go_ctx_cancel_cause(c, 2);
	go_ctx_cancel(c);
	is_done(c, -ECANCELED, 1);
	go_ctx_free(c);
	c = must(go_ctx_with_timeout(go_ctx_background(), 0));
	go_ctx_cancel(c);
	is_done(c, -ETIMEDOUT, -ETIMEDOUT);
	go_ctx_free(c);
}

/*
 * "After the first call, subsequent calls to a CancelFunc do nothing." "After Err returns a
 * non-nil error, successive calls to Err return the same error."
 */
TEST(second_cancel_does_nothing)
{
	everywhere(cancels_again);
}

static struct go_ctx *shared;

static void works_on(void *arg)
{
	go_recv(go_ctx_done(shared), NULL);
	/* Not yet. */
	until(rd(stage));
	inc(ran);
	go_wg_done(&wg);
}

static void does_not_wait(void *arg)
{
	wr(stage, 0);
	wr(ran, 0);
	shared = must(go_ctx_with_cancel(go_ctx_background()));
	go_wg_add(&wg, 3);
	start_n(3, works_on);
	settle();
	go_ctx_cancel(shared);
	CHECK_EQ(0, rd(ran));
	wr(stage, 1);
	go_wg_wait(&wg);
	go_ctx_free(shared);
}

/* "A CancelFunc does not wait for the work to stop." */
TEST(cancel_does_not_wait)
{
	in_runs(does_not_wait);
}

static void uses_shared(void *arg)
{
	intptr_t me = (intptr_t)arg;
	struct go_ctx *c = must(go_ctx_with_cancel(shared)), *v;
	int err;

	v = must(go_ctx_with_value(c, &key_b, &key_b));
	CHECK(go_ctx_value(v, &key_a) == &key_a);
	if (me % 2)
		go_yield();
	if (me == 7)
		go_ctx_cancel_cause(shared, 7);
	else if (me % 5 == 3)
		go_ctx_cancel(c);
	go_recv(go_ctx_done(v), NULL);
	err = go_ctx_err(v);
	CHECK_EQ(-ECANCELED, err);
	CHECK_EQ(err, go_ctx_err(c));
	go_ctx_free(c);
	go_ctx_free(v);
	go_wg_done(&wg);
}

static void used_by_many(void *arg)
{
	struct go_ctx *p;
	int round;

	for (round = 0; round < 20; round++) {
		p = must(go_ctx_with_cancel(go_ctx_background()));
		shared = must(go_ctx_with_value(p, &key_a, &key_a));
		go_ctx_free(p);
		p = shared;
		shared = must(go_ctx_with_cancel(p));
		go_wg_add(&wg, 20);
		start_n(20, uses_shared);
		go_wg_wait(&wg);
		is_done(shared, -ECANCELED, 7);
		go_ctx_free(p);
		go_ctx_free(shared);
	}
}

/*
 * "Context's methods may be called by multiple goroutines simultaneously." "A CancelFunc may
 * be called by multiple goroutines simultaneously."
 */
TEST(used_by_many_at_once)
{
	in_runs(used_by_many);
}

static void same_answers(void *arg)
{
	struct go_ctx *c = must(go_ctx_with_timeout(go_ctx_background(), HOUR));
	struct go_chan *done = go_ctx_done(c);
	int64_t t = go_ctx_deadline(c);

	CHECK(done && t);
	CHECK(go_ctx_done(c) == done && go_ctx_deadline(c) == t);
	go_ctx_cancel(c);
	CHECK(go_ctx_done(c) == done && go_ctx_deadline(c) == t);
	go_ctx_free(c);
}

/* "Successive calls to Done return the same value." "Successive calls to Deadline ..." */
TEST(successive_calls_return_the_same)
{
	everywhere(same_answers);
}

/* ---------------------------------------------- WithDeadline, WithTimeout */

static void times_out(void *arg)
{
	int64_t begin = go_now(), t;
	struct go_ctx *c = must(go_ctx_with_timeout(go_ctx_background(), 2 * MS)), *child;

	t = go_ctx_deadline(c);
	CHECK(t >= begin + 2 * MS);
	child = must(go_ctx_with_cancel(c));
	go_recv(go_ctx_done(child), NULL);
	CHECK(go_now() >= t);
	is_done(c, -ETIMEDOUT, -ETIMEDOUT);
	is_done(child, -ETIMEDOUT, -ETIMEDOUT);
	go_ctx_free(c);
	go_ctx_free(child);

	t = go_now() + MS;
	c = must(go_ctx_with_deadline(go_ctx_background(), t));
	CHECK_EQ(t, go_ctx_deadline(c));
	go_recv(go_ctx_done(c), NULL);
	CHECK(go_now() >= t);
	is_done(c, -ETIMEDOUT, -ETIMEDOUT);
	go_ctx_free(c);
}

/*
 * "WithDeadline arranges for Done to be closed when the deadline expires; WithTimeout
 * arranges for Done to be closed when the timeout elapses." "DeadlineExceeded if the
 * context's deadline passed."
 */
TEST(deadline_closes_done_not_before)
{
	in_runs(times_out);
}

static void passed(void *arg)
{
	struct go_ctx *c = must(go_ctx_with_deadline(go_ctx_background(), 1));

	is_done(c, -ETIMEDOUT, -ETIMEDOUT);
	CHECK_EQ(1, go_ctx_deadline(c));
	go_ctx_free(c);
	c = must(go_ctx_with_timeout(go_ctx_background(), -5));
	is_done(c, -ETIMEDOUT, -ETIMEDOUT);
	go_ctx_free(c);
}

/* The same, of a deadline that has passed already: at once. */
TEST(passed_deadline_cancels_at_once)
{
	everywhere(passed);
}

static void timeout(void *arg)
{
	const int64_t before = go_now();
	struct go_ctx *c = must(go_ctx_with_timeout(go_ctx_background(), HOUR));
	const int64_t t = go_ctx_deadline(c);

	CHECK(t >= before + HOUR && t <= go_now() + HOUR);
	is_not_done(c);
	end(c);
	/* One that would be beyond all time is no short one. */
	c = must(go_ctx_with_timeout(go_ctx_background(), INT64_MAX));
	CHECK(go_ctx_deadline(c) == 0 || go_ctx_deadline(c) > before + HOUR);
	is_not_done(c);
	end(c);
}

/* "WithTimeout returns WithDeadline(parent, time.Now().Add(timeout))." */
TEST(timeout_is_a_deadline_from_now_on)
{
	everywhere(timeout);
}

static void before_deadline(void *arg)
{
	struct go_ctx *p = must(go_ctx_with_cancel(go_ctx_background()));
	struct go_ctx *a = must(go_ctx_with_timeout(p, HOUR));
	struct go_ctx *b = must(go_ctx_with_timeout(p, HOUR));

	go_ctx_cancel(a);
	is_done(a, -ECANCELED, -ECANCELED);
	is_not_done(b);
	go_ctx_cancel(p);
	is_done(b, -ECANCELED, -ECANCELED);
	go_ctx_free(a);
	go_ctx_free(b);
	go_ctx_free(p);
}

/*
 * "... Done channel is closed when the deadline expires, when the returned cancel function is
 * called, or when the parent context's Done channel is closed, whichever happens first."
 */
TEST(deadline_or_cancel_or_parent)
{
	everywhere(before_deadline);
}

static void earlier_above(void *arg)
{
	int64_t t = go_now() + HOUR;
	struct go_ctx *p = must(go_ctx_with_deadline(go_ctx_background(), t));
	struct go_ctx *later = must(go_ctx_with_deadline(p, t + HOUR));
	struct go_ctx *earlier = must(go_ctx_with_deadline(p, t - 1));
	struct go_ctx *none = must(go_ctx_with_deadline(p, 0));
	struct go_ctx *below = must(go_ctx_with_cancel(earlier));

	CHECK_EQ(t, go_ctx_deadline(later));
	CHECK_EQ(t - 1, go_ctx_deadline(earlier));
	CHECK_EQ(t, go_ctx_deadline(none));
	CHECK_EQ(t - 1, go_ctx_deadline(below));
	go_ctx_cancel(p);
	is_done(later, -ECANCELED, -ECANCELED);
	is_done(below, -ECANCELED, -ECANCELED);
	go_ctx_free(p);
	go_ctx_free(later);
	go_ctx_free(earlier);
	go_ctx_free(none);
	go_ctx_free(below);
	p = must(go_ctx_with_timeout(go_ctx_background(), INT64_MAX));
	CHECK(go_ctx_deadline(p) > t);
	is_not_done(p);
	end(p);
}

/*
 * "WithDeadline returns a copy of the parent context with the deadline adjusted to be no
 * later than d. If the parent's deadline is already earlier than d, WithDeadline(parent, d) is
 * semantically equivalent to parent." "Deadline returns ok==false when no deadline is set."
 */
TEST(earlier_deadline_counts)
{
	everywhere(earlier_above);
}

static void earlier_fires(void *arg)
{
	struct go_ctx *p = must(go_ctx_with_timeout(go_ctx_background(), 2 * MS));
	struct go_ctx *c = must(go_ctx_with_timeout(p, HOUR));

	go_recv(go_ctx_done(c), NULL);
	is_done(c, -ETIMEDOUT, -ETIMEDOUT);
	go_ctx_free(p);
	go_ctx_free(c);
}

TEST(earlier_deadline_above_cancels)
{
	in_runs(earlier_fires);
}

/* ----------------------------------------------------------------- WithValue */

static void values(void *arg)
{
	int x, y, z;
	struct go_ctx *a = must(go_ctx_with_value(go_ctx_background(), &key_a, &x));
	struct go_ctx *c = must(go_ctx_with_cancel(a));
	struct go_ctx *b = must(go_ctx_with_value(c, &key_b, &y));
	struct go_ctx *again = must(go_ctx_with_value(b, &key_a, &z));

	CHECK(go_ctx_value(again, &key_a) == &z);
	CHECK(go_ctx_value(again, &key_a) == &z);
	CHECK(go_ctx_value(b, &key_a) == &x);
	CHECK(go_ctx_value(again, &key_b) == &y);
	CHECK(!go_ctx_value(a, &key_b));
	CHECK(!go_ctx_value(again, &x));
	CHECK(!go_ctx_value(again, NULL));
	/* In everything else it is as its parent. */
	CHECK(go_ctx_done(again) == go_ctx_done(c));
	CHECK(!go_ctx_done(a));
	go_ctx_cancel(c);
	is_done(again, -ECANCELED, -ECANCELED);
	CHECK(go_ctx_value(again, &key_a) == &z);
	go_ctx_free(a);
	go_ctx_free(c);
	go_ctx_free(b);
	CHECK(go_ctx_value(again, &key_b) == &y);
	go_ctx_free(again);
}

/*
 * "Value returns the value associated with this context for key, or nil if no value is
 * associated with key. Successive calls to Value with the same key return the same result."
 * "WithValue returns a derived context in which the value associated with key is val."
 */
TEST(value_of_the_nearest)
{
	everywhere(values);
}

static void nil_parent(void *arg)
{
	go_ctx_with_cancel(NULL);
}

static void nil_parent_deadline(void *arg)
{
	go_ctx_with_timeout(NULL, 1);
}

static void nil_parent_value(void *arg)
{
	go_ctx_with_value(NULL, &key_a, NULL);
}

static void nil_key(void *arg)
{
	go_ctx_with_value(go_ctx_background(), NULL, NULL);
}

/* "Do not pass a nil Context." "The provided key must be comparable." */
TEST(nil_parent_and_nil_key_panic)
{
	const char *text = "cannot create context from nil parent";

	ASSERT_TRUE(panics(run_it, nil_parent, text));
	ASSERT_TRUE(panics(run_it, nil_parent_deadline, text));
	ASSERT_TRUE(panics(run_it, nil_parent_value, text));
	ASSERT_TRUE(panics(run_it, nil_key, "nil key"));
}

/* --------------------------------------------------------- causes, WithoutCancel */

static void causes(void *arg)
{
	struct go_ctx *p = must(go_ctx_with_cancel(go_ctx_background()));
	struct go_ctx *c = must(go_ctx_with_cancel(p));

	go_ctx_cancel_cause(c, -EIO);
	is_done(c, -ECANCELED, -EIO);
	go_ctx_cancel_cause(p, -EPERM);
	is_done(p, -ECANCELED, -EPERM);
	is_done(c, -ECANCELED, -EIO);
	go_ctx_free(c);
	go_ctx_free(p);
	c = must(go_ctx_with_cancel(go_ctx_background()));
	go_ctx_cancel_cause(c, 0);
	is_done(c, -ECANCELED, -ECANCELED);
	go_ctx_free(c);
}

/*
 * "Calling cancel with a non-nil error (the cause) records that error in ctx; it can then be
 * retrieved using Cause(ctx). Calling cancel with nil sets the cause to Canceled." "The first
 * cancellation of c or one of its parents sets the cause."
 */
TEST(first_cancellation_sets_the_cause)
{
	everywhere(causes);
}

static void without(void *arg)
{
	struct go_ctx *p = must(go_ctx_with_timeout(go_ctx_background(), HOUR));
	struct go_ctx *v = must(go_ctx_with_value(p, &key_a, &key_b));
	struct go_ctx *c = must(go_ctx_without_cancel(v));
	struct go_ctx *below = must(go_ctx_with_cancel(c));

	go_ctx_cancel(p);
	is_done(v, -ECANCELED, -ECANCELED);
	CHECK(!go_ctx_done(c));
	CHECK_EQ(0, go_ctx_err(c));
	CHECK_EQ(0, go_ctx_cause(c));
	CHECK_EQ(0, go_ctx_deadline(c));
	is_not_done(below);
	CHECK(go_ctx_value(below, &key_a) == &key_b);
	end(below);
	go_ctx_free(p);
	go_ctx_free(v);
	go_ctx_free(c);
}

/*
 * "WithoutCancel returns a derived context that points to the parent context and is not
 * canceled when parent is canceled. The returned context returns no Deadline or Err, and its
 * Done channel is nil. Calling Cause on the returned context returns nil."
 */
TEST(without_cancel_is_not_cancelled)
{
	everywhere(without);
}

/* ----------------------------------------------------------------- AfterFunc */

static void runs(void *arg)
{
	CHECK(go_id() != *(uint64_t *)arg);
	inc(ran);
	go_wg_done(&wg);
}

static void after(void *arg)
{
	uint64_t me = go_id();
	struct go_ctx *c = must(go_ctx_with_cancel(go_ctx_background()));
	struct go_ctx *a, *b, *d;

	wr(ran, 0);
	go_wg_add(&wg, 2);
	a = must(go_ctx_after(c, runs, &me));
	b = must(go_ctx_after(c, runs, &me));
	d = must(go_ctx_after(c, runs, &me));
	CHECK(go_ctx_after_stop(d));
	CHECK(!go_ctx_after_stop(d));
	settle();
	CHECK_EQ(0, rd(ran));
	go_ctx_cancel(c);
	go_wg_wait(&wg);
	CHECK_EQ(2, rd(ran));
	CHECK(!go_ctx_after_stop(a));
	CHECK(!go_ctx_after_stop(b));
	go_ctx_free(a);
	go_ctx_free(b);
	go_ctx_free(d);

	go_wg_add(&wg, 1);
	a = must(go_ctx_after(c, runs, &me));
	go_wg_wait(&wg);
	CHECK_EQ(3, rd(ran));
	go_ctx_free(a);
	go_ctx_free(c);

	/* A deadline as well, and from below a value. */
	c = must(go_ctx_with_timeout(go_ctx_background(), MS));
	b = must(go_ctx_with_value(c, &key_a, NULL));
	go_wg_add(&wg, 1);
	a = must(go_ctx_after(b, runs, &me));
	go_wg_wait(&wg);
	go_ctx_free(a);
	go_ctx_free(b);
	go_ctx_free(c);
}

/*
 * "AfterFunc arranges to call f in its own goroutine after ctx is canceled. If ctx is already
 * canceled, AfterFunc calls f immediately in its own goroutine. Multiple calls to AfterFunc on
 * a context operate independently; one does not replace another. Calling the returned stop
 * function stops the association of ctx with f. It returns true if the call stopped f from
 * being run. If stop returns false, either the context is canceled and f has been started in
 * its own goroutine; or f was already stopped."
 */
TEST(after_calls_in_its_own_goroutine)
{
	in_runs(after);
}

static void runs_for_long(void *arg)
{
	inc(ran);
	go_recv(arg, NULL);
	inc(ran);
	go_wg_done(&wg);
}

static void stop_while_it_runs(void *arg)
{
	struct go_ctx *c = must(go_ctx_with_cancel(go_ctx_background()));
	struct go_chan *let_end = make_chan(0, 0);
	struct go_ctx *a = must(go_ctx_after(c, runs_for_long, let_end));

	wr(ran, 0);
	go_wg_add(&wg, 1);
	go_ctx_cancel(c);
	until(rd(ran) == 1);
	/* It ends only after this has returned. */
	CHECK(!go_ctx_after_stop(a));
	CHECK_EQ(1, rd(ran));
	go_close(let_end);
	go_wg_wait(&wg);
	go_ctx_free(a);
	go_ctx_free(c);
	go_chan_free(let_end);
}

/* "The stop function does not wait for f to complete before returning." */
TEST(after_stop_does_not_wait)
{
	in_runs(stop_while_it_runs);
}

/* --------------------------------------------------------------------- misuse */

static void cancel_background(void *arg)
{
	go_ctx_cancel(go_ctx_background());
}

static void cancel_value(void *arg)
{
	struct go_ctx *c = must(go_ctx_with_cancel(go_ctx_background()));

	go_ctx_cancel(must(go_ctx_with_value(c, &key_a, NULL)));
}

static void waits_on_shared(void *arg)
{
	go_recv(go_ctx_done(shared), NULL);
}

static void free_waited_on(void *arg)
{
	shared = must(go_ctx_with_cancel(go_ctx_background()));
	start(waits_on_shared, NULL);
	settle();
	go_ctx_free(shared);
}

TEST(misuse_panics)
{
	const char *text = "context: a context without a cancel function of its own";

	ASSERT_TRUE(panics(run_it, cancel_background, text));
	ASSERT_TRUE(panics(run_it, cancel_value, text));
	ASSERT_TRUE(panics(run_it, free_waited_on, "context: freed while goroutines wait for it"));
}

TEST_HARNESS_MAIN
