// SPDX-License-Identifier: GPL-2.0-only
/* Numbers are those of the reader's pid namespace; whom it may not see isn't there. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

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

/* ------------------------------------------ what /proc hides, and only that */

/* Whether /proc shows it, then whether we do: 3 both, 0 neither. */
static int look_both(int pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return (access(path, F_OK) ? 0 : 1) + (has_row(pid, "live") ? 2 : 0);
}

static void looks_as_nobody(struct child *me, void *arg)
{
	if (!own_proc("hidepid=invisible") || setgid(NOBODY) || setuid(NOBODY))
		_exit(98);
	_exit(look_both(*(int *)arg));
}

static int seen_by_nobody(int pid)
{
	struct child c = child_start(looks_as_nobody, &pid);

	return child_wait(&c);
}

/* Nobody's, with a group that may be another; may be looked at. */
static void of_group(struct child *me, void *arg)
{
	if (setgid(*(gid_t *)arg) || setuid(NOBODY) || prctl(PR_SET_DUMPABLE, 1))
		_exit(98);
	say(me);
	hear(me);
}

TEST(hidden_by_group)
{
	static gid_t group[] = { NOBODY, NOBODY - 1 };
	static const int seen[] = { 3, 0 };
	unsigned int i;
	struct child c;

	for (i = 0; i < ARRAY_SIZE(group); i++) {
		c = child_start(of_group, &group[i]);
		ASSERT_TRUE(hear(&c));
		ASSERT_EQ(0, watch_pid("", c.pid, ""));
		EXPECT_EQ(seen[i], seen_by_nobody(c.pid));
		say(&c);
		EXPECT_EQ(0, child_wait(&c));
	}
}

#define SETUID_DIR	"/mnt"
#define SETUID_PATH	SETUID_DIR "/visible"

/* This program, as one that makes whoever runs it root; gone with our mounts. */
static bool make_setuid(void)
{
	int from = open("/proc/self/exe", O_RDONLY), to;
	struct stat st;
	bool made;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("gvt-visible", SETUID_DIR, "tmpfs", 0, "mode=755"))
		return false;
	to = open(SETUID_PATH, O_WRONLY | O_CREAT, 0700);
	made = !fstat(from, &st) && sendfile(to, from, NULL, st.st_size) == st.st_size &&
	       !fchmod(to, 04755);
	close(from);
	close(to);
	return made;
}

static void *become_root(void *arg)
{
	const struct child *me = arg;
	char from[16], to[16];

	snprintf(from, sizeof(from), "%d", me->from);
	snprintf(to, sizeof(to), "%d", me->to);
	execl(SETUID_PATH, "visible", "--as-root", from, to, NULL);
	_exit(97);
}

/* Runs before main: what become_root() becomes. */
static void __attribute__((constructor)) as_root(int argc, char **argv)
{
	struct child me;

	if (argc != 4 || strcmp(argv[1], "--as-root"))
		return;
	me.from = atoi(argv[2]);
	me.to = atoi(argv[3]);
	if (geteuid())
		_exit(96);
	say(&me);
	hear(&me);
	_exit(0);
}

static void nobody_becomes_root(struct child *me, void *arg)
{
	pthread_t t;

	if (!make_setuid() || setgid(NOBODY) || setuid(NOBODY) || prctl(PR_SET_DUMPABLE, 1))
		_exit(98);
	say(me);
	hear(me);
	pthread_create(&t, NULL, become_root, me);
	pause();
}

/* The kernel puts the thread that calls exec in the place of the first one. */
TEST(hidden_since_another_thread_became_root)
{
	struct child c = child_start(nobody_becomes_root, NULL);

	ASSERT_TRUE(hear(&c));
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	EXPECT_EQ(3, seen_by_nobody(c.pid));
	say(&c);
	ASSERT_TRUE(hear(&c));
	EXPECT_EQ(0, seen_by_nobody(c.pid));
	say(&c);
	EXPECT_EQ(0, child_wait(&c));
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
