// SPDX-License-Identifier: GPL-2.0-only
/*
 * defer.c - deferred calls: when they run, in which order, and that nothing is left of
 * them.
 */
#include "calls.h"

#include <malloc.h>

/* ------------------------------------------------------------------ when, in which order */

static void defers_abc(void *arg)
{
	go_defer(note, L('a'));
	go_defer(note, L('b'));
	go_defer(note, L('c'));
	note(L('.'));
}

static void at_the_end_of_go_call(void *arg)
{
	CHECK_EQ(0, go_call(defers_abc, NULL, NULL));
	expect(".cba");
}

TEST(last_in_first_out_at_the_end_of_go_call)
{
	run_on(1, at_the_end_of_go_call, NULL);
	run_on(4, at_the_end_of_go_call, NULL);
}

static void at_the_end_of_a_goroutine(void *arg)
{
	in_goroutine(defers_abc, NULL);
	expect(".cba");
}

TEST(last_in_first_out_at_the_end_of_a_goroutine)
{
	run_on(1, at_the_end_of_a_goroutine, NULL);
	run_on(4, at_the_end_of_a_goroutine, NULL);
}

TEST(at_the_end_of_main)
{
	run_on(1, defers_abc, NULL);
	expect(".cba");
	run_on(4, defers_abc, NULL);
	expect(".cba");
}

static void inner(void *arg)
{
	go_defer(note, L('2'));
	go_defer(note, L('1'));
	note(L('i'));
}

static void outer(void *arg)
{
	go_defer(note, L('4'));
	CHECK_EQ(0, go_call(inner, NULL, NULL));
	note(L('o'));
	go_defer(note, L('3'));
	CHECK_EQ(0, go_call(inner, NULL, NULL));
}

static void frames_in_frames(void *arg)
{
	CHECK_EQ(0, go_call(outer, NULL, NULL));
	expect("i12oi1234");
}

TEST(each_frame_runs_its_own)
{
	run_on(1, frames_in_frames, NULL);
}

static noinline void helper(void)
{
	go_defer(note, L('h'));
	note(L('f'));
}

static void calls_helper(void *arg)
{
	helper();
	note(L('g'));
}

static void by_called_function(void *arg)
{
	CHECK_EQ(0, go_call(calls_helper, NULL, NULL));
	expect("fgh");
}

/* A plain function has no edge: what it defers belongs to the frame around. */
TEST(of_a_called_function_at_the_end_of_the_frame)
{
	run_on(1, by_called_function, NULL);
}

static void defers_more(void *arg)
{
	note(L('d'));
	go_defer(note, L('y'));
	go_defer(note, L('x'));
	note(L('e'));
}

static void deferred_defers(void *arg)
{
	go_defer(note, L('z'));
	go_defer(defers_more, NULL);
}

static void in_deferred(void *arg)
{
	CHECK_EQ(0, go_call(deferred_defers, NULL, NULL));
	expect("dexyz");
	in_goroutine(deferred_defers, NULL);
	expect("dexyz");
}

TEST(of_a_deferred_call_when_it_returns)
{
	run_on(1, in_deferred, NULL);
}

static void exits(void *arg)
{
	go_defer(note, L('1'));
	go_exit();
}

static void calls_exits(void *arg)
{
	go_defer(note, L('2'));
	go_call(exits, NULL, NULL);
	CHECK(!"go_exit() ends all frames");
}

static void defers_and_exits(void *arg)
{
	go_defer(note, L('4'));
	go_defer(note, L('3'));
	go_call(calls_exits, NULL, NULL);
	CHECK(!"go_exit() ends all frames");
}

static void exit_runs_all(void *arg)
{
	in_goroutine(defers_and_exits, NULL);
	expect("1234");
}

TEST(go_exit_runs_those_of_all_frames)
{
	run_on(1, exit_runs_all, NULL);
	run_on(4, exit_runs_all, NULL);
}

static void exit_in_deferred(void *arg)
{
	note(L('e'));
	go_exit();
}

static void returns_then_exits(void *arg)
{
	go_defer(note, L('2'));
	go_defer(exit_in_deferred, NULL);
	go_defer(note, L('1'));
}

static void calls_then_exits(void *arg)
{
	go_defer(note, L('3'));
	go_call(returns_then_exits, NULL, NULL);
	CHECK(!"the goroutine has ended");
}

static void exit_from_deferred(void *arg)
{
	in_goroutine(returns_then_exits, NULL);
	expect("1e2");
	in_goroutine(calls_then_exits, NULL);
	expect("1e23");
}

TEST(go_exit_in_a_deferred_call_runs_the_rest)
{
	run_on(1, exit_from_deferred, NULL);
}

static void exits_again(void *arg)
{
	note(L('a'));
	go_exit();
}

static void twice(void *arg)
{
	go_defer(note, L('3'));
	go_defer(exits_again, NULL);
	go_defer(note, L('2'));
	go_defer(exits_again, NULL);
	go_exit();
}

static void exit_twice(void *arg)
{
	in_goroutine(twice, NULL);
	expect("a2a3");
}

TEST(go_exit_in_go_exit)
{
	run_on(1, exit_twice, NULL);
}

/* ---------------------------------------------------------------- frames nested deeply */

static void nests(void *arg)
{
	intptr_t left = (intptr_t)arg;

	go_defer(note, L('a' + left % 20));
	if (left)
		CHECK_EQ(0, go_call(nests, (void *)(left - 1), NULL));
}

static void deep(void *arg)
{
	CHECK_EQ(0, go_call(nests, (void *)19, NULL));
	expect("abcdefghijklmnopqrst");
}

TEST(frames_nested_deeply)
{
	run_on(1, deep, NULL);
}

static void counts(void *arg)
{
	++*(size_t *)arg;
}

static void deeper(void *arg)
{
	size_t *left = arg;

	go_defer(counts, left + 1);
	if (--*left)
		CHECK_EQ(0, go_call(deeper, arg, NULL));
}

static void very_deep(void *arg)
{
	size_t n[2] = { 300, 0 };

	CHECK_EQ(0, go_call(deeper, n, NULL));
	CHECK_EQ(300, n[1]);
}

TEST(hundreds_of_frames)
{
	run_on(1, very_deep, NULL);
}

/* ------------------------------------------------------------------------------- many */

static size_t next_one;

static void in_turn(void *arg)
{
	CHECK_EQ(--next_one, (size_t)arg);
}

static void defers_many(void *arg)
{
	size_t n = (size_t)arg, i;

	for (i = 0; i < n; i++)
		go_defer(in_turn, (void *)i);
	next_one = n;
}

/* Bytes that malloc() has given out; 0 where it is a tool's. */
static size_t given_out(void)
{
	return mallinfo2().uordblks;
}

static void a_million(void *arg)
{
	size_t before = given_out(), n = scaled(1000000);

	CHECK_EQ(0, go_call(defers_many, (void *)n, NULL));
	CHECK_EQ(0, next_one);
	in_goroutine(defers_many, (void *)n);
	CHECK_EQ(0, next_one);
	CHECK(given_out() < before + (64 << 10));
}

TEST(a_million_in_a_loop)
{
	run_on(1, a_million, NULL);
}

static void all_sizes(void *arg)
{
	size_t before = given_out(), n;

	for (n = 0; n < 300; n++) {
		CHECK_EQ(0, go_call(defers_many, (void *)n, NULL));
		CHECK_EQ(0, next_one);
	}
	CHECK(given_out() < before + (64 << 10));
}

/* About each place at which memory is asked for. */
TEST(any_number)
{
	run_on(1, all_sizes, NULL);
}

static void at_one_height(void *arg)
{
	int i;

	for (i = 0; i < (intptr_t)arg; i++)
		go_defer(counts, &next_one);
	for (i = 0; i < 20; i++) {
		next_one = 0;
		CHECK_EQ(0, go_call(defers_many, (void *)1, NULL));
		CHECK_EQ(0, next_one);
		CHECK_EQ(0, go_call(defers_many, (void *)(intptr_t)i, NULL));
		CHECK_EQ(0, next_one);
	}
}

/* One frame more and one less, however much is deferred below. */
static void at_any_height(void *arg)
{
	intptr_t n;

	for (n = 0; n < 300; n++) {
		CHECK_EQ(0, go_call(at_one_height, (void *)n, NULL));
		CHECK_EQ(n, next_one);
	}
}

TEST(frames_at_any_height)
{
	run_on(1, at_any_height, NULL);
}

/* --------------------------------------------------------------------- those that are dropped */

static struct go_waitgroup wg;

static void is_dropped(void *arg)
{
	int i;

	for (i = 0; i < (intptr_t)arg; i++)
		go_defer(note, L('!'));
	go_wg_done(&wg);
	go_recv(NULL, NULL);
}

static void calls_is_dropped(void *arg)
{
	go_defer(note, L('!'));
	go_call(is_dropped, arg, NULL);
}

static void drops(void *arg)
{
	int i;

	go_wg_add(&wg, 200);
	for (i = 0; i < 100; i++) {
		start(is_dropped, L(i));
		start(calls_is_dropped, L(i));
	}
	go_wg_wait(&wg);
}

TEST(dropped_ones_do_not_run_and_leave_nothing)
{
	size_t before;

	run_on(2, drops, NULL);
	before = given_out();
	run_on(2, drops, NULL);
	run_on(2, drops, NULL);
	ASSERT_LT(given_out(), before + (32 << 10));
	expect("");
}

/* ------------------------------------------------------------------------ on other threads */

static void waits_and_notes(void *arg)
{
	go_yield();
	go_sleep(100000);
	note(arg);
}

static void deferred_waits(void *arg)
{
	go_defer(waits_and_notes, L('b'));
	go_sleep(100000);
	go_defer(waits_and_notes, L('a'));
	go_yield();
}

static void waiting(void *arg)
{
	CHECK_EQ(0, go_call(deferred_waits, NULL, NULL));
	expect("ab");
	in_goroutine(deferred_waits, NULL);
	expect("ab");
}

TEST(deferred_calls_may_wait)
{
	run_on(1, waiting, NULL);
	run_on(4, waiting, NULL);
}

static void moves(void *arg)
{
	struct go_chan *back = arg;
	pid_t before = thread_id();

	change_thread(back);
	CHECK(before != thread_id());
}

static void defers_moves(void *arg)
{
	go_defer(moves, arg);
	moves(arg);
	go_defer(moves, arg);
}

static void moving(void *arg)
{
	struct go_chan *back = make_chan(0, 0);
	size_t i;

	for (i = 0; i < scaled(50); i++)
		CHECK_EQ(0, go_call(defers_moves, back, NULL));
	go_chan_free(back);
	go_wg_done(&wg);
}

static void all_move(void *arg)
{
	start_movers();
	go_wg_add(&wg, 4);
	start_n(4, moving);
	go_wg_wait(&wg);
	stop_movers();
}

TEST(across_threads)
{
	run_on(MOVER_PROCS, all_move, NULL);
}

static void pinned(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED };
	struct work w = { deferred_waits, NULL };

	over = make_chan(0, 0);
	CHECK_EQ(0, go_with(&attr, does, &w));
	CHECK(!go_recv(over, NULL));
	go_chan_free(over);
	expect("ab");
}

TEST(in_a_pinned_goroutine)
{
	run_on(4, pinned, NULL);
}

static void *a_thread(void *arg)
{
	CHECK_EQ(0, go_call(defers_abc, NULL, NULL));
	expect(".cba");
	CHECK_EQ(0, go_call(outer, NULL, NULL));
	expect("i12oi1234");
	CHECK_EQ(0, go_call(defers_many, (void *)1000, NULL));
	CHECK_EQ(0, next_one);
	return NULL;
}

static void beside(void *arg)
{
	pthread_t t = start_thread(a_thread, NULL);

	pthread_join(t, NULL);
}

TEST(in_go_call_on_a_thread)
{
	/* Without a runtime, and beside one. */
	a_thread(NULL);
	beside(NULL);
	run_on(2, beside, NULL);
}

static void defers_on_thread(void *arg)
{
	go_defer(note, NULL);
}

TEST(outside_go_call_on_a_thread_it_panics)
{
	static struct child c;

	run_child(&c, defers_on_thread, NULL);
	ASSERT_TRUE(exited_with(&c, 2) &&
		    find_whole_line(c.err, "panic: go_defer: not in a goroutine, nor in go_call"))
		show_child(&c);
}

static void nil_function(void *arg)
{
	go_defer(NULL, NULL);
}

static void run_nil_function(void *arg)
{
	run_on(1, nil_function, NULL);
}

TEST(nil_functions)
{
	ASSERT_EQ(-EINVAL, go_call(NULL, NULL, NULL));
	ASSERT_TRUE(panics(run_nil_function, NULL, "go_defer: nil function"));
}

/* ----------------------------------------------------------------------- what go_call says */

static void nothing(void *arg)
{
}

static void says(void *arg)
{
	struct go_panic out;

	memset(&out, 'x', sizeof(out));
	CHECK_EQ(0, go_call(nothing, NULL, &out));
	CHECK_EQ(0, out.text[0]);
	CHECK_EQ(0, go_call(nothing, NULL, NULL));
}

TEST(go_call_of_what_returns)
{
	run_on(1, says, NULL);
}

static void forks(void *arg)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (!pid) {
		/* No goroutine any more, but what it deferred is still to run. */
		go_defer(note, L('c'));
		return;
	}
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	CHECK(WIFEXITED(status));
	CHECK_EQ(3, WEXITSTATUS(status));
}

static void calls_forks(void *arg)
{
	pid_t before = getpid();

	go_defer(note, L('0'));
	go_call(defers_abc, NULL, NULL);
	expect(".cba");
	CHECK_EQ(0, go_call(forks, NULL, NULL));
	if (getpid() != before) {
		expect("c");
		_exit(3);
	}
}

TEST(a_frame_in_the_child_of_a_fork)
{
	run_on(2, calls_forks, NULL);
	expect("0");
}

TEST_HARNESS_MAIN
