// SPDX-License-Identifier: GPL-2.0-only
/* Commands written to /proc/gvt/watch: each is done as a whole or refused. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "counters.h"
#include "child.h"

#define NOBODY	65534

static char *watched(void)
{
	return read_file(GVT_DIR "watch");
}

TEST(what_is_not_understood)
{
	static const char *const texts[] = {
		" ", "\n", "x", "12x", "x12", "1 2", "--1", "++", "+", "-", "+1", "- 1", "1++", "1 +",
		"0", "-0", "0+", "-1+", "99999999999", "4294967297", "1.5", "0x1", "self self",
		"selfx", "Self", "self++", "-self+", "1\n2",
	};
	char *before = watched(), *after;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		if (watch(texts[i]) != -EINVAL)
			TH_LOG("'%s' was not refused", texts[i]);
		EXPECT_EQ(-EINVAL, watch(texts[i]));
	}
	EXPECT_EQ(-EINVAL, write_bytes(GVT_DIR "watch", "self\0", 5));
	EXPECT_EQ(-EINVAL, write_bytes(GVT_DIR "watch", "\0", 1));
	EXPECT_EQ(-EINVAL, write_bytes(GVT_DIR "watch", "", 0));
	after = watched();
	EXPECT_STREQ(before, after);
}

TEST(length)
{
	char text[65];

	memset(text, ' ', sizeof(text));
	memcpy(text, "self", 4);
	EXPECT_EQ(-E2BIG, write_bytes(GVT_DIR "watch", text, 65));
	EXPECT_FALSE(has_row(getpid(), "live"));
	EXPECT_EQ(0, write_bytes(GVT_DIR "watch", text, 64));
	EXPECT_TRUE(has_row(getpid(), "live"));
}

TEST(bad_address)
{
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(-EFAULT, write_bytes(GVT_DIR "watch", page, 4));
}

TEST(self_and_stop)
{
	long n = gvt_stat("processes_watched");
	char *text, number[16];

	EXPECT_EQ(-ESRCH, watch("-self"));
	EXPECT_EQ(0, watch("self\n"));
	EXPECT_EQ(n + 1, gvt_stat("processes_watched"));
	/* Twice is once. */
	EXPECT_EQ(0, watch("self"));
	EXPECT_EQ(0, watch_pid("", getpid(), ""));
	EXPECT_EQ(n + 1, gvt_stat("processes_watched"));
	text = watched();
	snprintf(number, sizeof(number), "%d", getpid());
	EXPECT_NE(NULL, find_row(text, NULL, "pid", number));
	EXPECT_EQ(0, watch("-self"));
	EXPECT_EQ(n, gvt_stat("processes_watched"));
	text = watched();
	EXPECT_EQ(NULL, find_row(text, NULL, "pid", number));
	EXPECT_FALSE(has_row(getpid(), "live"));
	EXPECT_FALSE(has_row(getpid(), "ended"));
	EXPECT_EQ(-ESRCH, watch_pid("-", getpid(), ""));
}

/* A row that was taken away begins anew. */
TEST(again_from_zero)
{
	ASSERT_EQ(0, watch("self"));
	run_threads(5);
	EXPECT_EQ(5, process_number(getpid(), "live", "thread_creations"));
	ASSERT_EQ(0, watch("-self"));
	run_threads(3);
	ASSERT_EQ(0, watch("self"));
	run_threads(2);
	EXPECT_EQ(2, process_number(getpid(), "live", "thread_creations"));
}

static void *own_number(void *arg)
{
	*(int *)arg = syscall(SYS_gettid);
	usleep(1000);
	return NULL;
}

static void *watch_own_thread(void *arg)
{
	*(int *)arg = watch_pid("", syscall(SYS_gettid), "");
	return NULL;
}

TEST(no_such_process)
{
	struct child c = child_start(idle_child, NULL);
	int answer = 0, tid;
	pthread_t t;

	say(&c);
	child_wait(&c);
	EXPECT_EQ(-ESRCH, watch_pid("", c.pid, ""));
	EXPECT_EQ(-ESRCH, watch_pid("", c.pid, "+"));
	EXPECT_EQ(-ESRCH, watch_pid("-", c.pid, ""));
	/* A thread that leads no process is none. */
	pthread_create(&t, NULL, watch_own_thread, &answer);
	pthread_join(t, NULL);
	EXPECT_EQ(-ESRCH, answer);
	pthread_create(&t, NULL, own_number, &tid);
	pthread_join(t, NULL);
	EXPECT_EQ(-ESRCH, watch_pid("", tid, ""));
}

static void zombie(struct child *me, void *arg)
{
	say(me);
}

/* It has ended, though nobody waited for it yet. */
TEST(no_zombie)
{
	struct child c = child_start(zombie, NULL);
	siginfo_t info;

	waitid(P_PID, c.pid, &info, WEXITED | WNOWAIT);
	EXPECT_EQ(-ESRCH, watch_pid("", c.pid, ""));
	child_wait(&c);
}

struct answers {
	int other, other_tree, stop, self, own, own_child, stop_own;
};

/* Root's process, from here on somebody else's. */
static void as_nobody(struct child *me, void *arg)
{
	struct answers *a = arg;
	struct child c;
	int root = getppid();

	if (setgid(NOBODY) || setuid(NOBODY))
		_exit(98);
	/* setuid() took away the right to be looked at, and this with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	c = child_start(idle_child, NULL);
	hear(&c);
	a->other = watch_pid("", root, "");
	a->other_tree = watch_pid("", root, "+");
	a->stop = watch_pid("-", root, "");
	a->self = watch("self");
	a->own = watch_pid("", getpid(), "+");
	a->own_child = watch_pid("", c.pid, "");
	a->stop_own = watch_pid("-", c.pid, "");
	say(&c);
	child_wait(&c);
}

TEST(not_yours)
{
	struct answers *a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct child c;

	ASSERT_EQ(0, watch("self"));
	c = child_start(as_nobody, a);
	ASSERT_EQ(0, child_wait(&c));
	EXPECT_EQ(-EPERM, a->other);
	EXPECT_EQ(-EPERM, a->other_tree);
	EXPECT_EQ(-EPERM, a->stop);
	EXPECT_EQ(0, a->self);
	EXPECT_EQ(0, a->own);
	EXPECT_EQ(0, a->own_child);
	EXPECT_EQ(0, a->stop_own);
	/* Root's row is as it was: there, and without inheritance. */
	EXPECT_TRUE(has_row(getpid(), "live"));
	c = child_start(idle_child, NULL);
	hear(&c);
	EXPECT_FALSE(has_row(c.pid, "live"));
}

static void writes_for_another(struct child *me, void *arg)
{
	int fd = *(int *)arg, root = getppid();
	char text[16];

	snprintf(text, sizeof(text), "%d", root);
	_exit(write(fd, text, strlen(text)) < 0 ? errno : 0);
}

static int opened_by_nobody;

static void opens_then_root_writes(struct child *me, void *arg)
{
	struct child c;

	if (seteuid(NOBODY))
		_exit(98);
	opened_by_nobody = open(GVT_DIR "watch", O_WRONLY);
	if (seteuid(0))
		_exit(98);
	c = child_start(writes_for_another, &opened_by_nobody);
	/* Its parent is ours: a process of root, as the one who writes is. */
	_exit(child_wait(&c));
}

/* Who was given the file by another writes with the rights of that one. */
TEST(rights_are_the_openers)
{
	struct child c = child_start(opens_then_root_writes, NULL);

	EXPECT_EQ(EPERM, child_wait(&c));
}

TEST(full)
{
	long max = module_param("max_watch"), n = gvt_stat("processes_watched"), i;
	struct child *c = calloc(max + 1, sizeof(*c));
	char *before, *after;
	int answer = 0;

	for (i = 0; i <= max; i++) {
		c[i] = child_start(idle_child, NULL);
		hear(&c[i]);
		before = watched();
		answer = watch_pid("", c[i].pid, "");
		if (answer)
			break;
		free(before);
	}
	EXPECT_EQ(-ENOSPC, answer);
	EXPECT_EQ(max, n + i);
	EXPECT_EQ(max, gvt_stat("processes_watched"));
	after = watched();
	EXPECT_STREQ(before, after);
	/* One goes, one comes. */
	say(&c[0]);
	child_wait(&c[0]);
	EXPECT_EQ(0, watch_pid("", c[i].pid, ""));
}

TEST(modes)
{
	struct stat st;

	ASSERT_EQ(0, stat(GVT_DIR "watch", &st));
	EXPECT_EQ(0666, st.st_mode & 07777);
	ASSERT_EQ(0, stat(GVT_DIR "runtime", &st));
	EXPECT_EQ(0666, st.st_mode & 07777);
}

TEST_HARNESS_MAIN
