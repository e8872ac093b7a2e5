// SPDX-License-Identifier: GPL-2.0-only
/* run.c - go_run() starts, runs the main goroutine, returns; its errors. */
#include "test.h"

static int runs;

static void count_run(void *arg)
{
	CHECK(arg == &runs);
	CHECK_EQ(1, go_id());
	runs++;
}

static void nested(void *arg)
{
	CHECK_EQ(-EBUSY, go_run(count_run, &runs));
	CHECK_EQ(0, runs);
	runs++;
}

static void *run_from_thread(void *arg)
{
	return (void *)(intptr_t)go_run(count_run, &runs);
}

static void busy_elsewhere(void *arg)
{
	pthread_t t = start_thread(run_from_thread, NULL);
	void *ret;

	pthread_join(t, &ret);
	CHECK_EQ(-EBUSY, (intptr_t)ret);
}

TEST(runs_main_once)
{
	ASSERT_EQ(0, go_run(count_run, &runs));
	ASSERT_EQ(1, runs);
}

TEST(null_function)
{
	ASSERT_EQ(-EINVAL, go_run(NULL, NULL));
	ASSERT_EQ(0, go_run(count_run, &runs));
}

TEST(nested_is_busy)
{
	ASSERT_EQ(0, go_run(nested, NULL));
	ASSERT_EQ(1, runs);
}

TEST(second_thread_is_busy)
{
	ASSERT_EQ(0, go_run(busy_elsewhere, NULL));
	ASSERT_EQ(0, runs);
}

/* Any thread may be the one, not only the process' first. */
TEST(from_another_thread)
{
	pthread_t t = start_thread(run_from_thread, NULL);
	void *ret;

	pthread_join(t, &ret);
	ASSERT_EQ(0, (intptr_t)ret);
	ASSERT_EQ(1, runs);
}

TEST(outside)
{
	const struct go_attr attr = { .name = "nobody" };

	ASSERT_EQ(-EPERM, go(count_run, &runs));
	ASSERT_EQ(-EPERM, go_with(&attr, count_run, &runs));
	ASSERT_EQ(0, go_id());
	ASSERT_EQ(0, go_num());
	ASSERT_EQ(0, go_run(count_run, &runs));
	ASSERT_EQ(-EPERM, go(count_run, &runs));
	ASSERT_EQ(0, go_id());
	ASSERT_EQ(0, go_num());
	ASSERT_EQ(1, runs);
}

struct setting {
	const char *name, *value;
};

static void nothing(void *arg)
{
}

static void run_with(void *arg)
{
	const struct setting *s = arg;

	setenv(s->name, s->value, 1);
	CHECK_EQ(0, go_run(nothing, NULL));
	CHECK_EQ(0, go_run(nothing, NULL));
}

/* What is written when there are two runs with the setting: @said, once; NULL: nothing of ours. */
static bool says(const char *name, const char *value, const char *said)
{
	static struct child c;
	const struct setting s = { name, value };
	const char *line;

	run_child(&c, run_with, (void *)&s);
	line = said ? find_line(c.err, said) : c.err;
	if (exited_with(&c, 0) && line && !find_line(line + !!said, "gvt:"))
		return true;
	show_child(&c);
	return false;
}

TEST(settings_that_are_none)
{
	ASSERT_TRUE(says("LIBGO_DEBUG", "leaks,nosuch=1,cool=5",
			 "gvt: LIBGO_DEBUG: nosuch=1 is not a setting; there are cool="));
	ASSERT_TRUE(says("LIBGO_DEBUG", "cool=much",
			 "gvt: LIBGO_DEBUG: cool=much is not a setting"));
	ASSERT_TRUE(says("LIBGO_DEBUG", "leaks,cool=5,preempt=0", NULL));
	ASSERT_TRUE(says("LIBGO_GUARD", "paper",
			 "gvt: LIBGO_GUARD: paper is not a setting; there are mprotect and canary"));
	ASSERT_TRUE(says("LIBGO_GUARD", "mprotect", NULL));
}

TEST_HARNESS_MAIN
