// SPDX-License-Identifier: GPL-2.0-only
/*
 * lines.c - LIBGO_DEBUG=lines: file and line beside the functions, in panics, dumps and leaks.
 *
 * Functions are not static, so that their names can be looked up.
 */
#include "test.h"

#define F(name) void name(void *arg); void name(void *arg)

#define NEEDS_LINES() do {						\
	if (TEST_VALGRIND || (has_hidden_thread() && !TEST_TSAN))	\
		SKIP(return, "/proc/PID/exe is the emulator's own file");	\
	if (system("command -v addr2line >/dev/null"))			\
		SKIP(return, "there is no addr2line; Debian has it in binutils"); \
} while (0)

static struct child c;
static struct go_chan *ch;

/* What is done, and where: it is told before, since the process may end with it. */
#define HERE(name, ...) do {						\
	dprintf(2, name " is lines.c:%d\n", __LINE__);			\
	__VA_ARGS__;							\
} while (0)

F(li_panics)
{
	HERE("panic", go_panic("so it is"));
	__asm__ volatile("" : : "r"(arg) : "memory");
}

F(li_waits)
{
	HERE("wait", go_recv(ch, NULL));
	__asm__ volatile("" : : "r"(arg) : "memory");
}

F(li_panicking)
{
	HERE("origin", CHECK_EQ(0, go(li_panics, NULL)));
	go_recv(ch, NULL);
}

F(li_leaving)
{
	HERE("origin", CHECK_EQ(0, go(li_waits, NULL)));
	go_sleep(20 * MS);
}

F(li_dumping)
{
	HERE("dump", CHECK_EQ(0, go_dump(2)));
	CHECK_EQ(0, go_dump(2));
}

struct scene {
	void (*main)(void *arg);
	const char *debug, *path;
};

static void play(void *arg)
{
	const struct scene *s = arg;

	setenv("LIBGO_DEBUG", s->debug, 1);
	if (s->path)
		setenv("PATH", s->path, 1);
	ch = make_chan(0, 0);
	run_on(1, s->main, NULL);
	CHECK_EQ(-1, waitpid(-1, NULL, WNOHANG));
	CHECK_EQ(ECHILD, errno);
}

/* Is there a line that begins with @head, and ends in the place that HERE(@name) told? */
static bool in_place(const char *head, const char *name)
{
	char want[64];
	const char *at, *place, *end;

	snprintf(want, sizeof(want), "%s is ", name);
	place = find_line(c.err, want);
	at = find_line(c.err, head);
	if (!place || !at)
		return false;
	place += strlen(want);
	end = strchrnul(at, '\n');
	snprintf(want, sizeof(want), "/%.*s", (int)strcspn(place, "\n"), place);
	return end - at > (long)strlen(want) && !strncmp(end - strlen(want), want, strlen(want));
}

TEST(panic)
{
	struct scene s = { li_panicking, "lines", NULL };

	NEEDS_LINES();
	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 2) && in_place("\tli_panics+0x", "panic") &&
		    in_place("created by li_panicking+0x", "origin"))
		show_child(&c);
}

TEST(leaks)
{
	struct scene s = { li_leaving, "leaks,lines", NULL };

	NEEDS_LINES();
	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 0) && in_place("\tli_waits+0x", "wait") &&
		    in_place("created by li_leaving+0x", "origin"))
		show_child(&c);
}

/* The process goes on, and has no child left then. */
TEST(dump)
{
	struct scene s = { li_dumping, "lines", NULL };

	NEEDS_LINES();
	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 0) && in_place("\tli_dumping+0x", "dump"))
		show_child(&c);
}

TEST(not_asked_for)
{
	struct scene s = { li_panicking, "lines=0", NULL };

	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 2) && find_line(c.err, "\tli_panics+0x") &&
		    !in_place("\tli_panics+0x", "panic"))
		show_child(&c);
}

TEST(no_addr2line)
{
	struct scene s = { li_dumping, "lines", "/nowhere" };

	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 0) && find_line(c.err, "\tli_dumping+0x") &&
		    !in_place("\tli_dumping+0x", "dump"))
		show_child(&c);
}

TEST_HARNESS_MAIN
