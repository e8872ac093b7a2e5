// SPDX-License-Identifier: GPL-2.0-only
/*
 * leaks.c - LIBGO_DEBUG=leaks: what was alive when main returned, by where it was made.
 *
 * Functions are not static, so that their names can be looked up.
 */
#include "test.h"

#define F(name) void name(void *arg); void name(void *arg)

static struct go_chan *ch;
static struct go_waitgroup ready;
static struct child c;

F(le_receives)
{
	go_wg_done(&ready);
	go_recv(ch, NULL);
	__asm__ volatile("" : : "r"(arg) : "memory");
}

F(le_sleeps)
{
	go_wg_done(&ready);
	go_sleep(INT64_MAX / 2);
	__asm__ volatile("" : : "r"(arg) : "memory");
}

F(le_ends)
{
	go_wg_done(&ready);
}

F(le_yields)
{
	go_wg_done(&ready);
	for (;;)
		go_yield();
}

static unsigned long blocked;

/* A call of libgo's would end that it counts as blocking. */
static void *blocks(void *arg)
{
	inc(blocked);
	for (;;)
		pause();
	return NULL;
}

F(le_blocks)
{
	go_blocking(blocks, NULL);
}

void le_makes(void (*fn)(void *), int n);
noinline void le_makes(void (*fn)(void *), int n)
{
	int i;

	for (i = 0; i < n; i++)
		CHECK_EQ(0, go(fn, NULL));
}

void le_makes_too(void (*fn)(void *), int n);
noinline void le_makes_too(void (*fn)(void *), int n)
{
	int i;

	for (i = 0; i < n; i++)
		CHECK_EQ(0, go(fn, NULL));
}

struct scene {
	int receive, sleep, more, yield, block;
	bool leaks;
};

F(le_main)
{
	const struct scene *s = arg;

	ch = make_chan(0, 0);
	go_wg_add(&ready, s->receive + s->sleep + s->more + s->yield + 5);
	le_makes(le_ends, 5);
	le_makes(le_receives, s->receive);
	le_makes(le_sleeps, s->sleep);
	le_makes_too(le_receives, s->more);
	le_makes(le_yields, s->yield);
	le_makes(le_blocks, s->block);
	go_wg_wait(&ready);
	until(rd(blocked) == (unsigned long)s->block);
	/* They wait by then; in a run that is disturbed some are still on their way. */
	go_sleep(50 * MS);
}

static void play(void *arg)
{
	const struct scene *s = arg;

	if (s->leaks)
		setenv("LIBGO_DEBUG", "leaks", 1);
	run_on(2, le_main, arg);
	dprintf(2, "go_run returned\n");
}

/* The line that begins the part on @n of these, and in the part, where they were made. */
static bool has_part(const char *head, const char *maker)
{
	const char *at = find_whole_line(c.err, head), *end;
	char want[100];

	if (!at)
		return false;
	snprintf(want, sizeof(want), "created by %s+0x", maker);
	end = strstr(at, "\n\n");
	at = find_line(at, want);
	return at && (!end || at < end);
}

TEST(counted_by_where_they_were_made)
{
	struct scene s = { .receive = 30, .sleep = 7, .more = 2, .leaks = true };

	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 0) && find_whole_line(c.err, "go_run returned") &&
		    find_whole_line(c.err, "LIBGO_DEBUG=leaks: 39 goroutines alive when main returned") &&
		    has_part("30 goroutines [chan receive]: le_receives", "le_makes") &&
		    has_part("7 goroutines [sleep]: le_sleeps", "le_makes") &&
		    has_part("2 goroutines [chan receive]: le_receives", "le_makes_too"))
		show_child(&c);
	/* The most first, with the frames of one. */
	ASSERT_TRUE(strstr(c.err, "\n30 ") < strstr(c.err, "\n7 ") &&
		    strstr(c.err, "\n7 ") < strstr(c.err, "\n2 ") &&
		    find_line(c.err, "\tgo_recv+0x") && find_line(c.err, "\tle_receives+0x"))
		show_child(&c);
}

TEST(one)
{
	struct scene s = { .sleep = 1, .leaks = true };

	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 0) &&
		    find_whole_line(c.err, "LIBGO_DEBUG=leaks: 1 goroutine alive when main returned") &&
		    has_part("1 goroutine [sleep]: le_sleeps", "le_makes"))
		show_child(&c);
}

TEST(those_that_run_or_block)
{
	struct scene s = { .yield = 3, .block = 2, .leaks = true };

	run_child(&c, play, &s);
	/* What yields may be seen as it runs. */
	ASSERT_TRUE(exited_with(&c, 0) &&
		    find_whole_line(c.err, "LIBGO_DEBUG=leaks: 5 goroutines alive when main returned") &&
		    has_part("2 goroutines [blocking call]: le_blocks", "le_makes") &&
		    strstr(c.err, "[runnable]: le_yields"))
		show_child(&c);
}

TEST(nothing_is_said_where_there_is_none)
{
	struct scene s = { .leaks = true };

	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 0) && !strcmp(c.err, "go_run returned\n"))
		show_child(&c);
}

TEST(nothing_is_said_unless_it_is_asked_for)
{
	struct scene s = { .receive = 3 };

	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 0) && !strcmp(c.err, "go_run returned\n"))
		show_child(&c);
}

static void twice(void *arg)
{
	play(arg);
	memset(&ready, 0, sizeof(ready));
	((struct scene *)arg)->sleep = 4;
	play(arg);
}

TEST(each_run_for_itself)
{
	struct scene s = { .sleep = 3, .leaks = true };

	run_child(&c, twice, &s);
	ASSERT_TRUE(exited_with(&c, 0) &&
		    find_whole_line(c.err, "3 goroutines [sleep]: le_sleeps") &&
		    find_whole_line(c.err, "4 goroutines [sleep]: le_sleeps"))
		show_child(&c);
}

/* Main's end may come before they have begun. */
static void made_only(void *arg)
{
	go_wg_add(&ready, 10000);
	le_makes(le_receives, (int)(intptr_t)arg);
}

static void run_made_only(void *arg)
{
	setenv("LIBGO_DEBUG", "leaks", 1);
	ch = make_chan(0, 0);
	run_on(1, made_only, arg);
}

TEST(many_of_which_none_has_begun)
{
	run_child(&c, run_made_only, (void *)5000);
	ASSERT_TRUE(exited_with(&c, 0) &&
		    find_whole_line(c.err, "LIBGO_DEBUG=leaks: 5000 goroutines alive when main returned"))
		show_child(&c);
}

TEST_HARNESS_MAIN
