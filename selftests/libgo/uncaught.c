// SPDX-License-Identifier: GPL-2.0-only
/*
 * uncaught.c - a panic that nobody recovers: what is written, after what has run; the
 * words are Go's. Each in a process of its own.
 *
 * Functions are not static, so that their names can be looked up.
 */
#include "test.h"

#define F(name) void name(void *arg); void name(void *arg)

static void (*volatile panic)(const char *fmt, ...) = go_panic;

F(un_says)
{
	dprintf(2, "%s\n", (const char *)arg);
}

F(un_panics_with)
{
	panic("%s", (const char *)arg);
}

F(un_recovers)
{
	go_recover();
}

static struct child c;

struct scene {
	void (*fn)(void *);
	int procs;
};

static void play(void *arg)
{
	const struct scene *s = arg;

	run_on(s->procs, s->fn, NULL);
	dprintf(2, "go_run returned\n");
}

/* What @fn writes begins so, and ends with status 2. */
static bool dies(void (*fn)(void *), const char *begin)
{
	struct scene s = { .fn = fn };

	for (s.procs = 1; s.procs <= 4; s.procs *= 4) {
		run_child(&c, play, &s);
		if (!exited_with(&c, 2) || strncmp(c.err, begin, strlen(begin))) {
			show_child(&c);
			fprintf(stderr, "# not status 2, beginning with:\n%s\n", begin);
			return false;
		}
	}
	return true;
}

F(un_plain)
{
	panic("A");
}

TEST(text_empty_line_goroutine)
{
	ASSERT_TRUE(dies(un_plain, "panic: A\n\ngoroutine 1 [running]: main: un_plain\n\t"));
}

F(un_lines)
{
	panic("one\ntwo\n\ngoroutine 1 [running]:\n");
}

TEST(further_lines_are_set_in)
{
	static const char begin[] = "panic: one\n\ttwo\n\t\n\tgoroutine 1 [running]:\n\t\n\n"
				    "goroutine 1 [running]: main: un_lines\n";

	ASSERT_TRUE(dies(un_lines, begin));
}

F(un_after_deferred)
{
	go_defer(un_says, "2");
	go_defer(un_says, "1");
	panic("A");
}

F(un_after_frames)
{
	go_defer(un_says, "3");
	go_call(un_after_deferred, NULL, NULL);
}

TEST(deferred_calls_run_before)
{
	ASSERT_TRUE(dies(un_after_frames, "1\n2\n3\npanic: A\n\ngoroutine 1 [running]:"));
}

F(un_another)
{
	go_defer(un_says, "2");
	go_defer(un_panics_with, "B");
	go_defer(un_says, "1");
	panic("A");
}

TEST(a_second_one)
{
	ASSERT_TRUE(dies(un_another, "1\n2\npanic: A\n\tpanic: B\n\ngoroutine 1 [running]:"));
}

F(un_third)
{
	go_defer(un_panics_with, "C");
	go_defer(un_panics_with, "B");
	panic("A");
}

TEST(a_third_one)
{
	ASSERT_TRUE(dies(un_third, "panic: A\n\tpanic: B\n\tpanic: C\n\ngoroutine 1 [running]:"));
}

F(un_recovers_and_panics)
{
	if (go_recover())
		panic("B");
}

F(un_recovered_first)
{
	go_defer(un_recovers_and_panics, NULL);
	panic("A");
}

TEST(a_recovered_one_before_it)
{
	ASSERT_TRUE(dies(un_recovered_first,
			 "panic: A [recovered]\n\tpanic: B\n\ngoroutine 1 [running]:"));
}

F(un_handles_b)
{
	go_defer(un_recovers, NULL);
	panic("B");
}

F(un_handled_inside)
{
	go_defer(un_handles_b, NULL);
	panic("A");
}

TEST(one_that_is_over_is_not_named)
{
	ASSERT_TRUE(dies(un_handled_inside, "panic: A\n\ngoroutine 1 [running]:"));
}

F(un_in_exit)
{
	go_defer(un_says, "2");
	go_defer(un_panics_with, "A");
	go_defer(un_says, "1");
	go_exit();
}

TEST(in_go_exit)
{
	ASSERT_TRUE(dies(un_in_exit, "1\n2\npanic: A\n\ngoroutine 1 [running]:"));
}

F(un_exits_panicking)
{
	go_defer(un_says, "2");
	go_defer(un_panics_with, "B");
	go_exit();
}

F(un_exit_between)
{
	go_defer(un_exits_panicking, NULL);
	panic("A");
}

TEST(go_exit_between_two)
{
	ASSERT_TRUE(dies(un_exit_between, "2\npanic: A\n\tpanic: B\n\ngoroutine 1 [running]:"));
}

F(un_other_recovers_it)
{
	go_defer(un_recovers, NULL);
	go_call(un_plain, NULL, NULL);
}

F(un_second_in_a_row)
{
	go_call(un_other_recovers_it, NULL, NULL);
	panic("B");
}

TEST(after_one_that_was_recovered)
{
	ASSERT_TRUE(dies(un_second_in_a_row, "panic: B\n\ngoroutine 1 [running]:"));
}

/* ------------------------------------------------------------------------------ where */

static noinline void where(const char *text)
{
	panic("%s", text);
	__asm__ volatile("" : : "r"(text) : "memory");
}

void un_deepest(const char *text);
noinline void un_deepest(const char *text)
{
	where(text);
	__asm__ volatile("" : : "r"(text) : "memory");
}

F(un_deferred_dies)
{
	un_deepest("B");
	__asm__ volatile("" : : "r"(arg) : "memory");
}

F(un_dies_deep)
{
	go_defer(un_deferred_dies, NULL);
	go_defer(un_says, "1");
	un_deepest("A");
	__asm__ volatile("" : : "r"(arg) : "memory");
}

static const char *frame(const char *text, const char *name)
{
	char want[64];

	snprintf(want, sizeof(want), "\t%s+0x", name);
	return text ? find_line(text, want) : NULL;
}

/* Nothing is left before it dies: the frames of both are there, the newer ones first. */
TEST(frames_of_where_it_happened)
{
	const char *text;

	ASSERT_TRUE(dies(un_dies_deep, "1\npanic: A\n\tpanic: B\n\ngoroutine 1 [running]: main: un_dies_deep\n"))
		show_child(&c);
	text = strstr(c.err, "goroutine 1 [running]");
	text = frame(text, "un_deepest");
	text = frame(text, "un_deferred_dies");
	text = frame(text, "un_deepest");
	text = frame(text, "un_dies_deep");
	ASSERT_TRUE(!!text)
		show_child(&c);
}

F(un_on_thread)
{
	go_defer(un_says, "1");
	un_deepest("A");
	__asm__ volatile("" : : "r"(arg) : "memory");
}

static void thread_dies(void *arg)
{
	go_call(un_on_thread, NULL, NULL);
}

TEST(on_a_thread)
{
	run_child(&c, thread_dies, NULL);
	ASSERT_TRUE(exited_with(&c, 2) && !strncmp(c.err, "1\npanic: A\n\nthread ", 19))
		show_child(&c);
	ASSERT_TRUE(find_line(c.err, "thread ") && strstr(c.err, ", no goroutine [running]:\n") &&
		    frame(frame(c.err, "un_deepest"), "un_on_thread"))
		show_child(&c);
}

F(un_made)
{
	panic("A");
}

F(un_makes)
{
	start(un_made, NULL);
	for (;;)
		go_yield();
}

TEST(in_another_goroutine)
{
	static const char begin[] = "panic: A\n\ngoroutine ";

	ASSERT_TRUE(dies(un_makes, begin));
	ASSERT_TRUE(atoi(c.err + strlen(begin)) > 1 && strstr(c.err, " [running]: un_made\n") &&
		    strstr(c.err, "\ncreated by "))
		show_child(&c);
}

/* ------------------------------------------------------------- other deaths on the way */

static volatile int depth;

static noinline int eats(int n)
{
	volatile char frame[200];

	frame[0] = (char)n;
	if (depth < 0)
		return 0;
	depth = n;
	return eats(n + 1) + frame[0];
}

F(un_overflows)
{
	eats(1);
}

F(un_overflow_in_deferred)
{
	go_defer(un_overflows, NULL);
	panic("A");
}

TEST(stack_overflow_in_a_deferred_call)
{
	if (TEST_ASAN || TEST_TSAN || TEST_VALGRIND)
		SKIP(return, "frames are too large, or the tool reports it itself");
	ASSERT_TRUE(dies(un_overflow_in_deferred, "fatal error: stack overflow\n"));
}

F(un_ends_process)
{
	_exit(2);
}

F(un_exit_in_deferred)
{
	go_defer(un_ends_process, NULL);
	go_defer(un_says, "1");
	panic("A");
}

TEST(the_process_ends_in_a_deferred_call)
{
	ASSERT_TRUE(dies(un_exit_in_deferred, "1\n"));
	ASSERT_TRUE(!strstr(c.err, "panic"));
}

F(un_waits_in_deferred)
{
	struct go_chan *ch = arg;

	go_close(ch);
	go_recv(NULL, NULL);
}

F(un_panics_and_waits)
{
	go_defer(un_waits_in_deferred, arg);
	panic("A");
}

F(un_main_returns)
{
	struct go_chan *ch = make_chan(0, 0);

	start(un_panics_and_waits, ch);
	go_recv(ch, NULL);
	go_chan_free(ch);
}

TEST(main_returns_while_a_deferred_call_waits)
{
	struct scene s = { .fn = un_main_returns };

	for (s.procs = 1; s.procs <= 4; s.procs *= 4) {
		run_child(&c, play, &s);
		ASSERT_TRUE(exited_with(&c, 0) && !strcmp(c.err, "go_run returned\n"))
			show_child(&c);
	}
}

TEST_HARNESS_MAIN
