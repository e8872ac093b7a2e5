// SPDX-License-Identifier: GPL-2.0-only
/*
 * recover.c - go_panic() and go_recover(): who takes a panic, where the program goes on
 * then, and what has run by then.
 */
#include "calls.h"

#include <fenv.h>
#include <malloc.h>

/* A deferred function: takes the panic whose text is @arg (NULL: there is none). */
static void takes(void *arg)
{
	const char *text = go_recover();

	if (!arg) {
		CHECK(!text);
		note(L('n'));
		return;
	}
	CHECK(text);
	if (strcmp(text, arg)) {
		dprintf(2, "# recovered \"%s\", not \"%s\"\n", text, (char *)arg);
		_exit(1);
	}
	note(L('R'));
}

/* Behind a pointer, so that the compiler doesn't conclude what never returns. */
static void (*volatile panic)(const char *fmt, ...) = go_panic;

static void says_a(void *arg)
{
	note(L('p'));
	panic("A");
	note(L('!'));
}

static void says_b(void *arg)
{
	note(L('q'));
	panic("B");
	note(L('!'));
}

static void must_panic(void (*fn)(void *), void *arg, const char *text)
{
	struct go_panic out;

	CHECK_EQ(-ECANCELED, go_call(fn, arg, &out));
	if (strcmp(out.text, text)) {
		dprintf(2, "# the text is \"%s\", not \"%s\"\n", out.text, text);
		_exit(1);
	}
}

static void everywhere(void (*fn)(void *))
{
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
}

/* --------------------------------------------------------------------------- the rule */

static noinline void deep(int n)
{
	volatile char frame[100];

	frame[0] = (char)n;
	if (n)
		deep(n - 1);
	else
		panic("%s and %d", "deep", 7);
	frame[1] = frame[0];
	note(L('!'));
}

static void recovered(void *arg)
{
	go_defer(note, L('c'));
	go_defer(takes, "deep and 7");
	go_defer(note, L('a'));
	deep((int)(intptr_t)arg);
	note(L('!'));
}

static void frame_ends(void *arg)
{
	intptr_t n;

	for (n = 0; n < 20; n++) {
		must_panic(recovered, L(n), "deep and 7");
		expect("aRc");
	}
	CHECK_EQ(-ECANCELED, go_call(recovered, NULL, NULL));
	expect("aRc");
}

TEST(go_call_ends_and_says_so)
{
	everywhere(frame_ends);
}

static void not_taken(void *arg)
{
	go_defer(note, L('1'));
	says_a(arg);
}

static void calls_not_taken(void *arg)
{
	go_defer(note, L('2'));
	go_call(not_taken, NULL, NULL);
	note(L('!'));
}

static void takes_outside(void *arg)
{
	go_defer(takes, "A");
	go_call(calls_not_taken, NULL, NULL);
	note(L('!'));
}

static void goes_outwards(void *arg)
{
	must_panic(takes_outside, NULL, "A");
	expect("p12R");
}

TEST(goes_outwards_until_it_is_taken)
{
	everywhere(goes_outwards);
}

static void inner_takes(void *arg)
{
	go_defer(takes, "A");
	says_a(arg);
}

static void outer_goes_on(void *arg)
{
	go_defer(takes, NULL);
	must_panic(inner_takes, NULL, "A");
	note(L('o'));
}

static void taken_once(void *arg)
{
	CHECK_EQ(0, go_call(outer_goes_on, NULL, NULL));
	expect("pRon");
}

TEST(nothing_is_left_for_the_frame_around)
{
	everywhere(taken_once);
}

static void takes_twice(void *arg)
{
	const char *text = go_recover();

	CHECK(text && !strcmp(text, "A"));
	CHECK(!go_recover());
	note(L('t'));
}

static void two_takes(void *arg)
{
	go_defer(takes, NULL);
	go_defer(takes_twice, NULL);
	says_a(arg);
}

static void once_only(void *arg)
{
	must_panic(two_takes, NULL, "A");
	expect("ptn");
}

TEST(a_panic_is_taken_once)
{
	everywhere(once_only);
}

/* The text of go_recover() while the frame is there, and a long one. */
static const char *seen;

static void takes_pointer(void *arg)
{
	seen = go_recover();
	CHECK(seen);
}

static void reads_pointer(void *arg)
{
	char want[600];

	memset(want, 'x', sizeof(want));
	want[sizeof(((struct go_panic *)0)->text) - 1] = '\0';
	CHECK(!strcmp(seen, want));
}

static void long_text(void *arg)
{
	char text[2000];

	go_defer(reads_pointer, NULL);
	go_defer(takes_pointer, NULL);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	panic("%s", text);
}

static void texts(void *arg)
{
	struct go_panic out;

	CHECK_EQ(-ECANCELED, go_call(long_text, NULL, &out));
	CHECK_EQ(sizeof(out.text) - 1, strlen(out.text));
	CHECK_EQ(sizeof(out.text) - 1, strspn(out.text, "x"));
}

TEST(texts_of_any_length)
{
	everywhere(texts);
}

/* --------------------------------------------------------------- where nothing is taken */

static void recovers_anywhere(void *arg)
{
	CHECK(!go_recover());
	takes(NULL);
	go_defer(takes, NULL);
}

static void no_panic(void *arg)
{
	CHECK(!go_recover());
	CHECK_EQ(0, go_call(recovers_anywhere, NULL, NULL));
	expect("nn");
}

TEST(null_while_nothing_panics)
{
	everywhere(no_panic);
}

static noinline const char *helper(void)
{
	const char *text = go_recover();

	note(L('h'));
	return text;
}

static void lets_helper_take(void *arg)
{
	CHECK(!helper());
	note(L('l'));
}

static void by_helper(void *arg)
{
	go_defer(takes, "A");
	go_defer(lets_helper_take, NULL);
	says_a(arg);
}

static void not_by_called_function(void *arg)
{
	must_panic(by_helper, NULL, "A");
	expect("phlR");
}

TEST(null_in_a_function_that_the_deferred_one_calls)
{
	everywhere(not_by_called_function);
}

static void takes_in_go_call(void *arg)
{
	CHECK_EQ(0, go_call(takes, NULL, NULL));
	note(L('c'));
}

static void by_go_call(void *arg)
{
	go_defer(takes, "A");
	go_defer(takes_in_go_call, NULL);
	says_a(arg);
}

static void not_by_go_call(void *arg)
{
	must_panic(by_go_call, NULL, "A");
	expect("pncR");
}

TEST(null_in_go_call_in_the_deferred_function)
{
	everywhere(not_by_go_call);
}

static void defers_takes(void *arg)
{
	go_defer(takes, NULL);
	note(L('d'));
}

static void by_frame_that_returns(void *arg)
{
	CHECK_EQ(0, go_call(defers_takes, NULL, NULL));
	note(L('c'));
}

static void two_ways(void *arg)
{
	go_defer(takes, "A");
	/* By a call that it defers itself. */
	go_defer(defers_takes, NULL);
	/* By a call deferred in a frame that it makes, and that just returns. */
	go_defer(by_frame_that_returns, NULL);
	says_a(arg);
}

static void not_by_deferred_of_deferred(void *arg)
{
	must_panic(two_ways, NULL, "A");
	expect("pdncdnR");
}

TEST(null_in_calls_deferred_by_a_deferred_one)
{
	everywhere(not_by_deferred_of_deferred);
}

/* ------------------------------------------------------------- panics in deferred calls */

static void replaced(void *arg)
{
	go_defer(takes, "B");
	go_defer(says_b, NULL);
	go_defer(note, L('1'));
	says_a(arg);
}

static void replaces(void *arg)
{
	must_panic(replaced, NULL, "B");
	expect("p1qR");
}

TEST(a_second_one_replaces_the_first)
{
	everywhere(replaces);
}

static void handles_its_own(void *arg)
{
	go_defer(takes, "B");
	says_b(arg);
	note(L('!'));
}

static void handled_inside(void *arg)
{
	go_defer(takes, "A");
	go_defer(handles_its_own, NULL);
	says_a(arg);
}

static void handles_b_in_go_call(void *arg)
{
	must_panic(handles_its_own, NULL, "B");
	note(L('c'));
}

static void handled_in_frame(void *arg)
{
	go_defer(takes, "A");
	go_defer(handles_b_in_go_call, NULL);
	says_a(arg);
}

static void first_goes_on(void *arg)
{
	must_panic(handled_inside, NULL, "A");
	expect("pqRR");
	must_panic(handled_in_frame, NULL, "A");
	expect("pqRcR");
}

TEST(one_that_is_taken_within_the_deferred_call_leaves_the_first)
{
	everywhere(first_goes_on);
}

static void takes_a_says_b(void *arg)
{
	const char *text = go_recover();

	CHECK(text && !strcmp(text, "A"));
	note(L('R'));
	says_b(arg);
}

static void panics_again(void *arg)
{
	go_defer(takes_a_says_b, NULL);
	says_a(arg);
}

static void outer_takes_b(void *arg)
{
	go_defer(takes, "B");
	go_call(panics_again, NULL, NULL);
	note(L('!'));
}

static void again(void *arg)
{
	must_panic(outer_takes_b, NULL, "B");
	expect("pRqR");
}

TEST(panic_after_recover)
{
	everywhere(again);
}

static void says_c(void *arg)
{
	note(L('r'));
	panic("C");
}

static void chain(void *arg)
{
	go_defer(takes, "C");
	go_defer(says_c, NULL);
	go_defer(note, L('2'));
	go_defer(says_b, NULL);
	go_defer(note, L('1'));
	says_a(arg);
}

static void chains(void *arg)
{
	must_panic(chain, NULL, "C");
	expect("p1q2rR");
}

TEST(a_third_one)
{
	everywhere(chains);
}

/* While the frame ends as usual, calls that it deferred panic. */
static void ends_in_panics(void *arg)
{
	go_defer(note, L('4'));
	go_defer(takes, "B");
	go_defer(says_b, NULL);
	go_defer(note, L('2'));
	go_defer(takes, "A");
	go_defer(says_a, NULL);
	note(L('.'));
}

static void at_a_usual_end(void *arg)
{
	must_panic(ends_in_panics, NULL, "B");
	expect(".pR2qR4");
	in_goroutine(ends_in_panics, NULL);
	expect(".pR2qR4");
}

TEST(in_deferred_calls_at_a_usual_end)
{
	everywhere(at_a_usual_end);
}

/* ------------------------------------------------------------------ the goroutine's end */

static void recovers_at_its_end(void *arg)
{
	go_defer(note, L('z'));
	go_defer(takes, "A");
	go_call(not_taken, NULL, NULL);
	note(L('!'));
}

static void goroutine_ends(void *arg)
{
	in_goroutine(recovers_at_its_end, NULL);
	expect("p1Rz");
	/* Others on the same stack find nothing of that. */
	in_goroutine(recovers_at_its_end, NULL);
	expect("p1Rz");
}

TEST(taken_at_the_outermost_level_the_goroutine_ends)
{
	everywhere(goroutine_ends);
}

TEST(in_main_go_run_returns)
{
	run_on(1, recovers_at_its_end, NULL);
	expect("p1Rz");
	run_on(4, recovers_at_its_end, NULL);
	expect("p1Rz");
}

/* -------------------------------------------------------------------------- and go_exit() */

static void exits(void *arg)
{
	note(L('e'));
	go_exit();
}

static void exit_while_panicking(void *arg)
{
	go_defer(takes, NULL);
	go_defer(note, L('2'));
	go_defer(exits, NULL);
	go_defer(note, L('1'));
	says_a(arg);
}

static void calls_it(void *arg)
{
	go_defer(note, L('3'));
	go_call(exit_while_panicking, NULL, NULL);
	note(L('!'));
}

static void exit_ends_panics(void *arg)
{
	in_goroutine(exit_while_panicking, NULL);
	expect("p1e2n");
	in_goroutine(calls_it, NULL);
	expect("p1e2n3");
}

TEST(go_exit_in_a_deferred_call_ends_the_panic)
{
	everywhere(exit_ends_panics);
}

static void takes_nothing(void *arg)
{
	go_defer(note, L('2'));
	go_defer(takes, NULL);
	exits(arg);
}

static void not_go_exit(void *arg)
{
	in_goroutine(takes_nothing, NULL);
	expect("en2");
}

TEST(go_exit_is_not_taken)
{
	everywhere(not_go_exit);
}

static void panics_in_exit(void *arg)
{
	go_defer(note, L('3'));
	go_defer(takes, NULL);
	go_defer(takes, "A");
	go_defer(note, L('1'));
	go_defer(says_a, NULL);
	exits(arg);
}

static void calls_panics_in_exit(void *arg)
{
	go_defer(note, L('4'));
	go_call(panics_in_exit, NULL, NULL);
	note(L('!'));
}

static void panics_in_frame_in_exit(void *arg)
{
	go_defer(note, L('5'));
	go_call(calls_panics_in_exit, NULL, NULL);
	note(L('!'));
}

static void exit_goes_on(void *arg)
{
	in_goroutine(panics_in_exit, NULL);
	expect("ep1Rn3");
	in_goroutine(panics_in_frame_in_exit, NULL);
	expect("ep1Rn345");
}

/* Go's rule: who recovers a panic does not stop the Goexit that the panic interrupted. */
TEST(a_panic_in_go_exit_that_is_taken)
{
	everywhere(exit_goes_on);
}

static void handles_in_exit(void *arg)
{
	must_panic(inner_takes, NULL, "A");
	note(L('h'));
}

static void exits_and_handles(void *arg)
{
	go_defer(note, L('1'));
	go_defer(handles_in_exit, NULL);
	exits(arg);
}

static void frames_in_exit(void *arg)
{
	in_goroutine(exits_and_handles, NULL);
	expect("epRh1");
}

TEST(frames_within_go_exit)
{
	everywhere(frames_in_exit);
}

/* ------------------------------------------------------------------- what misuse says */

static struct go_chan *closed_chan(size_t cap)
{
	struct go_chan *c = make_chan(sizeof(int), cap);

	go_close(c);
	return c;
}

static void any_recover(void *arg)
{
	go_recover();
}

/* Frees what it panicked about, too. */
struct misuse {
	void (*fn)(struct go_chan *c);
	size_t cap;
	const char *text;
};

static struct go_chan *about;

static void send_on(struct go_chan *c)
{
	int v = 1;

	go_send(c, &v);
}

static void try_send_on(struct go_chan *c)
{
	int v = 1;

	go_try_send(c, &v);
}

static void send_until_on(struct go_chan *c)
{
	int v = 1;

	go_send_until(c, &v, go_now() + 3600000 * MS);
}

static void select_on(struct go_chan *c)
{
	int v = 1;
	struct go_case cases[] = {
		{ .op = GO_RECV, .chan = NULL },
		{ .op = GO_SEND, .chan = c, .elem = &v },
	};

	go_select(cases, 2);
}

static void select_many_on(struct go_chan *c)
{
	struct go_case cases[40];
	int v = 1;
	size_t i;

	memset(cases, 0, sizeof(cases));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		cases[i].op = GO_RECV;
	cases[33].op = GO_SEND;
	cases[33].chan = c;
	cases[33].elem = &v;
	go_select(cases, ARRAY_SIZE(cases));
}

static void close_nil(struct go_chan *c)
{
	go_close(NULL);
}

static void two_defaults(struct go_chan *c)
{
	struct go_case cases[] = { { .op = GO_DEFAULT }, { .op = GO_DEFAULT } };

	go_select(cases, 2);
}

static void unlock_unlocked(struct go_chan *c)
{
	static struct go_mutex m;

	go_mutex_lock(&m);
	go_mutex_unlock(&m);
	go_mutex_unlock(&m);
}

static void counter_below_zero(struct go_chan *c)
{
	struct go_waitgroup wg = { 0 };

	go_wg_add(&wg, -1);
}

static const struct misuse misuses[] = {
	{ send_on, 0, "send on closed channel" },
	{ send_on, 3, "send on closed channel" },
	{ try_send_on, 0, "send on closed channel" },
	{ try_send_on, 3, "send on closed channel" },
	{ send_until_on, 0, "send on closed channel" },
	{ select_on, 0, "send on closed channel" },
	{ select_on, 3, "send on closed channel" },
	{ select_many_on, 0, "send on closed channel" },
	{ go_close, 0, "close of closed channel" },
	{ close_nil, 0, "close of nil channel" },
	{ two_defaults, 0, "go_select: multiple defaults" },
	{ unlock_unlocked, 0, "sync: unlock of unlocked mutex" },
	{ counter_below_zero, 0, "sync: negative WaitGroup counter" },
};

static void commits(void *arg)
{
	const struct misuse *m = arg;

	go_defer(any_recover, NULL);
	m->fn(about);
	CHECK(!"not reached");
}

static void commit_all(void *arg)
{
	size_t i, k;

	for (k = 0; k < 20; k++)
		for (i = 0; i < ARRAY_SIZE(misuses); i++) {
			about = closed_chan(misuses[i].cap);
			must_panic(commits, (void *)&misuses[i], misuses[i].text);
			/* Nobody holds its lock, or waits in it. */
			CHECK(!go_recv(about, NULL));
			go_chan_free(about);
		}
}

TEST(misuse_in_goroutines)
{
	everywhere(commit_all);
}

static void *commits_on_thread(void *arg)
{
	commit_all(NULL);
	return NULL;
}

static void commits_beside(void *arg)
{
	pthread_t t = start_thread(commits_on_thread, NULL);

	pthread_join(t, NULL);
}

/* Without a runtime; and beside one, whose end waits for threads that are inside. */
TEST(misuse_on_threads)
{
	commit_all(NULL);
	run_on(2, commits_beside, NULL);
}

static void closes_later(void *arg)
{
	go_sleep(2 * MS);
	go_close(about);
}

static void waits_on(void *arg)
{
	const struct misuse *m = arg;

	go_defer(any_recover, NULL);
	start(closes_later, NULL);
	m->fn(about);
	CHECK(!"not reached");
}

static void waiting_senders(void *arg)
{
	static const struct misuse ways[] = {
		{ .fn = send_on }, { .fn = send_until_on }, { .fn = select_on },
		{ .fn = select_many_on },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		about = make_chan(sizeof(int), 0);
		must_panic(waits_on, (void *)&ways[i], "send on closed channel");
		go_chan_free(about);
	}
}

TEST(closed_while_they_wait)
{
	everywhere(waiting_senders);
}

static struct go_mutex mutex;

static void unlocks_too_much(void *arg)
{
	go_defer(any_recover, NULL);
	go_mutex_unlock(&mutex);
}

static void mutex_is_whole(void *arg)
{
	int i;

	for (i = 0; i < 10; i++) {
		must_panic(unlocks_too_much, NULL, "sync: unlock of unlocked mutex");
		CHECK(go_mutex_trylock(&mutex));
		CHECK(!go_mutex_trylock(&mutex));
		go_mutex_unlock(&mutex);
		go_mutex_lock(&mutex);
		go_mutex_unlock(&mutex);
	}
}

TEST(a_mutex_can_be_used_afterwards)
{
	everywhere(mutex_is_whole);
}

/* ------------------------------------------------------------- the machine's own state */

/* Values in registers, control words, signals: as when go_call() was called. */
static void upward(void *arg)
{
	go_defer(any_recover, NULL);
	CHECK_EQ(0, fesetround(FE_UPWARD));
	panic("rounded");
}

static noinline long mixes(long a, long b, long c, long d, long e, long f, double x)
{
	struct go_panic out;
	int ret = go_call(upward, NULL, &out);

	CHECK_EQ(-ECANCELED, ret);
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + (long)(7 * x);
}

static void registers(void *arg)
{
	long i;

	for (i = 0; i < 100; i++) {
		CHECK_EQ(28 * i, mixes(i, i, i, i, i, i, (double)i));
		CHECK_EQ(FE_TONEAREST, fegetround());
	}
}

TEST(registers_and_control_words)
{
	if (TEST_VALGRIND)
		SKIP(return, "Valgrind has one rounding mode only");
	if (TEST_TSAN)
		SKIP(return, "frames are left by libc's longjmp(), which keeps control words");
	everywhere(registers);
}

static void many_panics(void *arg)
{
	size_t n = scaled(20000), i, before = 0;

	for (i = 0; i < n; i++) {
		CHECK_EQ(-ECANCELED, go_call(inner_takes, NULL, NULL));
		expect("pR");
		/* The last 256 texts are kept. */
		if (i == n / 2)
			before = mallinfo2().uordblks;
	}
	CHECK(mallinfo2().uordblks < before + (64 << 10));
}

TEST(many_leave_nothing)
{
	run_on(1, many_panics, NULL);
}

static void goroutines_panic(void *arg)
{
	go_defer(any_recover, NULL);
	deep((int)(intptr_t)arg % 10);
}

static struct go_waitgroup wg;

static void done(void *arg)
{
	go_wg_done(&wg);
}

static void panics_by_number(void *arg)
{
	intptr_t n = (intptr_t)arg;
	char want[64];
	int i;

	go_defer(done, NULL);
	for (i = 0; i < 20; i++) {
		snprintf(want, sizeof(want), "deep and %d", 7);
		if (n % 2)
			go_yield();
		must_panic(goroutines_panic, arg, want);
	}
	/* And ends by one. */
	goroutines_panic(arg);
}

static void all_at_once(void *arg)
{
	int n = scaled(500);

	go_wg_add(&wg, n);
	start_n(n, panics_by_number);
	go_wg_wait(&wg);
}

TEST(many_goroutines_at_once)
{
	everywhere(all_at_once);
}

/* ---------------------------------------------------------------------- on other threads */

static void moves_and_takes(void *arg)
{
	const char *text;

	change_thread(arg);
	text = go_recover();
	CHECK(text && !strcmp(text, "moved"));
	change_thread(arg);
	CHECK(!strcmp(text, "moved"));
}

static void moves_and_panics(void *arg)
{
	go_defer(moves_and_takes, arg);
	change_thread(arg);
	panic("moved");
}

static void moving(void *arg)
{
	struct go_chan *back = make_chan(0, 0);
	size_t i;

	for (i = 0; i < scaled(50); i++)
		must_panic(moves_and_panics, back, "moved");
	go_chan_free(back);
	done(NULL);
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

static void *all_on_a_thread(void *arg)
{
	frame_ends(NULL);
	goes_outwards(NULL);
	no_panic(NULL);
	not_by_called_function(NULL);
	not_by_go_call(NULL);
	not_by_deferred_of_deferred(NULL);
	replaces(NULL);
	first_goes_on(NULL);
	again(NULL);
	texts(NULL);
	return NULL;
}

static void thread_beside(void *arg)
{
	pthread_t t = start_thread(all_on_a_thread, NULL);

	pthread_join(t, NULL);
}

TEST(on_a_thread_that_is_no_goroutine)
{
	all_on_a_thread(NULL);
	thread_beside(NULL);
	run_on(2, thread_beside, NULL);
}

static void *blocks_and_panics(void *arg)
{
	usleep(1000);
	says_a(arg);
	return NULL;
}

static void in_blocking(void *arg)
{
	go_defer(takes, "A");
	go_blocking(blocks_and_panics, NULL);
	note(L('!'));
}

static void sends_one(void *arg)
{
	go_send(about, NULL);
}

static void out_of_blocking(void *arg)
{
	int i;

	about = make_chan(0, 0);
	for (i = 0; i < 20; i++) {
		must_panic(in_blocking, NULL, "A");
		expect("pR");
		/* It has a P again: others run when it waits. */
		start(sends_one, NULL);
		CHECK(go_recv(about, NULL));
	}
	go_chan_free(about);
}

TEST(out_of_go_blocking)
{
	everywhere(out_of_blocking);
}

/* -------------------------------------------------------------------------- go_once_do() */

static struct go_once once;
static unsigned long tried;

static void panics_once(void *arg)
{
	inc(tried);
	if (arg)
		go_yield();
	panic("once");
}

static void calls_once(void *arg)
{
	go_defer(any_recover, NULL);
	go_once_do(&once, panics_once, arg);
}

static void once_is_done(void *arg)
{
	memset(&once, 0, sizeof(once));
	wr(tried, 0);
	must_panic(calls_once, NULL, "once");
	CHECK_EQ(0, go_call(calls_once, NULL, NULL));
	CHECK_EQ(1, rd(tried));
}

TEST(a_once_whose_function_panics_is_done)
{
	everywhere(once_is_done);
	once_is_done(NULL);
}

static unsigned long panicked;

static void one_of_many(void *arg)
{
	go_defer(done, NULL);
	if (go_call(calls_once, arg, NULL))
		inc(panicked);
	CHECK_EQ(1, rd(tried));
}

static void many_call_once(void *arg)
{
	int i, n = 20;

	for (i = 0; i < 50; i++) {
		memset(&once, 0, sizeof(once));
		wr(tried, 0);
		wr(panicked, 0);
		go_wg_add(&wg, n);
		start_n(n, one_of_many);
		go_wg_wait(&wg);
		CHECK_EQ(1, rd(panicked));
	}
}

/* Those that wait for it go on, without a panic. */
TEST(a_once_whose_function_panics_lets_the_others_go)
{
	everywhere(many_call_once);
}

TEST_HARNESS_MAIN
