// SPDX-License-Identifier: GPL-2.0-only
/* Numbers are those of the reader's pid namespace; whom it may not see isn't there. */
#include <sys/mman.h>
#include <sys/mount.h>

#include "counters.h"
#include "child.h"

#define NOBODY	65534

/* An instance of /proc of its own, with options of its own; gone with us. */
static bool own_proc(const char *options)
{
	return !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("gvt-visible", "/proc", "proc", 0, options);
}

static bool has_thread(int tid)
{
	char *text = read_file(GVT_DIR "thread"), number[16];
	bool has;

	snprintf(number, sizeof(number), "%d", tid);
	has = text && find_row(text, NULL, "tid", number);
	free(text);
	return has;
}

/* What it sees, for its exit status: 1 itself, 2 root's; 4 and 8 as threads. */
static int look(int root)
{
	int seen = 0;

	if (has_row(getpid(), "live"))
		seen |= 1;
	if (has_row(root, "live"))
		seen |= 2;
	if (has_thread(getpid()))
		seen |= 4;
	if (has_thread(root))
		seen |= 8;
	return seen;
}

static void hidden(struct child *me, void *arg)
{
	int root = getppid();

	if (!own_proc(arg) || setgid(NOBODY) || setuid(NOBODY) || watch("self"))
		_exit(98);
	_exit(look(root));
}

static int with_option(const char *option)
{
	struct child c;

	if (watch("self"))
		return 97;
	c = child_start(hidden, (void *)option);
	return child_wait(&c);
}

TEST(hidepid)
{
	EXPECT_EQ(15, with_option("hidepid=off"));
	EXPECT_EQ(5, with_option("hidepid=noaccess"));
	EXPECT_EQ(5, with_option("hidepid=invisible"));
	EXPECT_EQ(5, with_option("hidepid=ptraceable"));
}

static void only_processes(struct child *me, void *arg)
{
	if (!own_proc("subset=pid"))
		_exit(98);
	_exit(!access("/proc/self", F_OK) && access(GVT_DIR, F_OK) ? errno : 0);
}

/* A /proc that shows nothing but processes shows nothing of ours. */
TEST(subset_of_processes)
{
	struct child c = child_start(only_processes, NULL);

	EXPECT_EQ(ENOENT, child_wait(&c));
}

TEST(but_not_from_its_group)
{
	EXPECT_EQ(15, with_option("hidepid=invisible,gid=65534"));
	EXPECT_EQ(5, with_option("hidepid=ptraceable,gid=65534"));
}

struct inside {
	unsigned int rows;
	bool itself, stopped;
	int outer, again;
};

/* The first process of a namespace: 1 there, something else outside. */
static void first_process(struct child *me, void *arg)
{
	struct inside *in = arg;
	char *text;
	const char *line = NULL;

	if (!own_proc(NULL) || watch("1"))
		_exit(98);
	text = read_file(GVT_DIR "process");
	while ((line = find_row(text, line, "state", "live")))
		in->rows++;
	in->itself = has_row(1, "live") && process_number(1, "live", "root") == 1;
	say(me);
	hear(me);
	in->outer = watch_pid("", in->outer, "");
	in->again = watch("-1");
	in->stopped = !has_row(1, "live");
	say(me);
	hear(me);
}

/* Between the two namespaces: it makes the new one. */
static void maker(struct child *me, void *arg)
{
	struct child c;

	if (unshare(CLONE_NEWPID))
		_exit(98);
	c = child_start(first_process, arg);
	if (!hear(&c))
		_exit(child_wait(&c));
	say(me);
	hear(me);
	say(&c);
	if (!hear(&c))
		_exit(child_wait(&c));
	say(me);
	hear(me);
	say(&c);
	_exit(child_wait(&c));
}

TEST(pid_namespace)
{
	struct inside *in = mmap(NULL, sizeof(*in), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long watched;
	struct child c;

	ASSERT_EQ(0, watch("self"));
	watched = gvt_stat("processes_watched");
	in->outer = getpid();
	c = child_start(maker, in);
	ASSERT_TRUE(hear(&c));
	/* We see it, by a number of ours; it sees nobody but itself. */
	EXPECT_EQ(watched + 1, gvt_stat("processes_watched"));
	EXPECT_EQ(1, in->rows);
	EXPECT_TRUE(in->itself);
	EXPECT_FALSE(has_row(1, "live"));
	say(&c);
	ASSERT_TRUE(hear(&c));
	/* Our number is none of its world; its own is. */
	EXPECT_EQ(-ESRCH, in->outer);
	EXPECT_EQ(0, in->again);
	EXPECT_TRUE(in->stopped);
	EXPECT_EQ(watched, gvt_stat("processes_watched"));
	say(&c);
	EXPECT_EQ(0, child_wait(&c));
}

TEST_HARNESS_MAIN
