// SPDX-License-Identifier: GPL-2.0-only
/* `PID+`: a process, and all that it forks from then on. */
#include "counters.h"
#include "child.h"

static void fork_and_thread(unsigned int forks, unsigned int threads)
{
	int pid;

	while (forks--) {
		pid = fork();
		if (!pid) {
			run_threads(threads);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

/* Three generations: 2 children, 3 grandchildren each, 5 threads in each of those. */
static void three_generations(struct child *me, void *arg)
{
	unsigned int i;
	int pid;

	say(me);
	hear(me);
	for (i = 0; i < 2; i++) {
		pid = fork();
		if (!pid) {
			fork_and_thread(3, 5);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	say(me);
	hear(me);
}

TEST(children_and_their_children)
{
	struct child c = child_start(three_generations, NULL);
	unsigned int rows;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, "+"));
	say(&c);
	ASSERT_TRUE(hear(&c));
	EXPECT_EQ(2 * 3 * 5, family_number(c.pid, "thread_creations", &rows));
	EXPECT_EQ(1 + 2 + 2 * 3, rows);
	EXPECT_EQ(2 + 2 * 3, family_number(c.pid, "process_creations", &rows));
	EXPECT_EQ(0, family_number(c.pid, "forks_dropped", &rows));
	say(&c);
	EXPECT_EQ(0, child_wait(&c));
	/* Ended, they are still one family. */
	EXPECT_EQ(2 * 3 * 5, family_number(c.pid, "thread_creations", &rows));
	EXPECT_EQ(0, watch_pid("-", c.pid, ""));
	EXPECT_EQ(NONE, family_number(c.pid, "thread_creations", &rows));
	EXPECT_EQ(0, rows);
}

TEST(without_plus_only_itself)
{
	struct child c = child_start(three_generations, NULL);
	unsigned int rows;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_TRUE(hear(&c));
	EXPECT_EQ(0, family_number(c.pid, "thread_creations", &rows));
	EXPECT_EQ(1, rows);
	child_wait(&c);
}

static void vfork_and_exec(struct child *me, void *arg)
{
	int pid;

	say(me);
	hear(me);
	pid = vfork();
	if (!pid) {
		execl("/proc/self/exe", "inherit", "--threads", NULL);
		_exit(97);
	}
	waitpid(pid, NULL, 0);
	say(me);
	hear(me);
}

static void __attribute__((constructor)) after_exec(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--threads")) {
		run_threads(6);
		_exit(0);
	}
}

TEST(vfork_and_exec_too)
{
	struct child c = child_start(vfork_and_exec, NULL);
	unsigned int rows;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, "+"));
	say(&c);
	ASSERT_TRUE(hear(&c));
	EXPECT_EQ(6, family_number(c.pid, "thread_creations", &rows));
	EXPECT_EQ(2, rows);
	child_wait(&c);
}

/* A child that isn't watched isn't counted; it is counted that it wasn't. */
#define MANY	400

static void many_forks(struct child *me, void *arg)
{
	say(me);
	hear(me);
	fork_and_thread(MANY, 1);
	say(me);
	hear(me);
}

TEST(those_pushed_out_stay_in_the_sum)
{
	struct child c = child_start(many_forks, NULL);
	long threads, dropped;
	unsigned int rows, i;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, "+"));
	say(&c);
	ASSERT_TRUE(hear(&c));
	threads = family_number(c.pid, "thread_creations", &rows);
	dropped = family_number(c.pid, "forks_dropped", &rows);
	EXPECT_EQ(MANY, threads + dropped);
	EXPECT_LT(0, threads);
	EXPECT_EQ(MANY, process_number(c.pid, "live", "process_creations"));
	EXPECT_LE(dropped, gvt_stat("watch_forks_dropped"));

	/* A tick of the module later, no more than it keeps are there, and one sum of the rest. */
	for (i = 0; i < 1000 && !has_row(c.pid, "folded"); i++)
		usleep(10000);
	EXPECT_TRUE(has_row(c.pid, "folded"));
	EXPECT_EQ(MANY, family_number(c.pid, "thread_creations", &rows) + dropped);
	say(&c);
	child_wait(&c);
	EXPECT_EQ(0, watch_pid("-", c.pid, ""));
}

/* More at once than may be watched: the rest is dropped, and nobody's count is lost. */
static void crowd(struct child *me, void *arg)
{
	unsigned int n = *(unsigned int *)arg, i;
	int gate[2];
	char byte;

	say(me);
	hear(me);
	if (pipe(gate))
		_exit(98);
	for (i = 0; i < n; i++) {
		if (!fork()) {
			close(gate[1]);
			/* Until the last one who could write is gone. */
			_exit(read(gate[0], &byte, 1));
		}
	}
	say(me);
	hear(me);
	close(gate[1]);
	while (wait(NULL) > 0)
		;
	say(me);
	hear(me);
}

TEST(bounded)
{
	unsigned int n = module_param("max_watch") + 20, rows;
	struct child c = child_start(crowd, &n);
	long dropped;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, "+"));
	say(&c);
	ASSERT_TRUE(hear(&c));
	dropped = process_number(c.pid, "live", "forks_dropped");
	family_number(c.pid, "pid", &rows);
	EXPECT_LE(20, dropped);
	EXPECT_EQ(n + 1, rows + dropped);
	EXPECT_LE(gvt_stat("processes_watched"), module_param("max_watch"));
	say(&c);
	ASSERT_TRUE(hear(&c));
	/* When they are gone there is room again. */
	EXPECT_GT(module_param("max_watch"), gvt_stat("processes_watched"));
	say(&c);
	child_wait(&c);
	EXPECT_EQ(0, watch_pid("-", c.pid, ""));
}

static void tells_child(struct child *me, void *arg)
{
	int pid;

	say(me);
	hear(me);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		say(me);
		hear(me);
		fork_and_thread(1, 1);
		say(me);
		hear(me);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* With its root, the whole family goes, and nobody new comes in. */
TEST(stopping_the_root_stops_all)
{
	struct child c = child_start(tells_child, NULL);
	long watched = gvt_stat("processes_watched");
	unsigned int rows;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, "+"));
	say(&c);
	ASSERT_TRUE(hear(&c));
	family_number(c.pid, "pid", &rows);
	EXPECT_EQ(2, rows);
	ASSERT_EQ(0, watch_pid("-", c.pid, ""));
	say(&c);
	ASSERT_TRUE(hear(&c));
	family_number(c.pid, "pid", &rows);
	EXPECT_EQ(0, rows);
	EXPECT_EQ(watched, gvt_stat("processes_watched"));
	say(&c);
	child_wait(&c);
}

TEST(plus_for_one_that_is_watched)
{
	struct child c = child_start(three_generations, NULL);
	unsigned int rows;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	ASSERT_EQ(0, watch_pid("", c.pid, "+"));
	say(&c);
	ASSERT_TRUE(hear(&c));
	EXPECT_EQ(2 * 3 * 5, family_number(c.pid, "thread_creations", &rows));
	child_wait(&c);
}

TEST_HARNESS_MAIN
