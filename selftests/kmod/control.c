// SPDX-License-Identifier: GPL-2.0-only
/* /proc/gvt/control: what it takes, what it refuses, what it does. */
#include <dirent.h>
#include <sys/stat.h>

#include "counters.h"
#include "child.h"

#define CONTROL	GVT_DIR "control"
#define NOBODY	65534

/* The word after @key. */
static const char *setting(const char *key)
{
	static char value[128];
	char *text = read_file(CONTROL), *line = text ? strstr(text, key) : NULL;

	snprintf(value, sizeof(value), "%.*s", line ? (int)strcspn(line + strlen(key) + 1, "\n") : 0,
		 line ? line + strlen(key) + 1 : "");
	free(text);
	return value;
}

TEST(shows_settings_probes_and_limits)
{
	char *text = read_file(CONTROL);

	ASSERT_NE(NULL, text);
	EXPECT_EQ(0, strncmp(text, "version 1\n", 10));
	free(text);
	EXPECT_STREQ("off", setting("\nhist"));
	EXPECT_STREQ("off", setting("\nwatch_all"));
	EXPECT_STREQ("sched_switch task_newtask sched_process_exit sched_migrate_task",
		     setting("\nprobes"));
	EXPECT_EQ(module_param("max_watch"), read_key(CONTROL, "max_watch"));
	EXPECT_EQ(module_param("max_ended"), read_key(CONTROL, "max_ended"));
	EXPECT_EQ(gvt_stat("generation"), read_key(CONTROL, "generation"));
}

TEST(what_is_not_understood)
{
	static const char *const texts[] = {
		"", " ", "\n", "rese", "resets", "reset reset", "hist", "hist  on", "hist\ton",
		"hist On", "hist 1", "hist on off", "watch_all", "watch_all yes", "-reset", "0",
		"self", "hist off\nreset",
	};
	long generation = gvt_stat("generation");
	char *before = read_file(CONTROL), *after;
	char text[65];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		EXPECT_EQ(-EINVAL, control(texts[i]));
	EXPECT_EQ(-EINVAL, write_bytes(CONTROL, "reset\0", 6));
	memset(text, ' ', sizeof(text));
	memcpy(text, "reset", 5);
	EXPECT_EQ(-E2BIG, write_bytes(CONTROL, text, 65));
	after = read_file(CONTROL);
	EXPECT_STREQ(before, after);
	EXPECT_EQ(generation, gvt_stat("generation"));
	/* Blanks around are nothing, up to what a command may be long. */
	EXPECT_EQ(0, write_bytes(CONTROL, text, 64));
	EXPECT_EQ(generation + 1, gvt_stat("generation"));
	EXPECT_EQ(0, control("\n hist off \n"));
}

TEST(bad_address)
{
	int fd = open(CONTROL, O_WRONLY);
	void *volatile nowhere = (void *)8;

	EXPECT_EQ(-1, write(fd, nowhere, 5));
	EXPECT_EQ(EFAULT, errno);
	close(fd);
}

static void as_nobody(struct child *me, void *arg)
{
	char *text;

	if (setgid(NOBODY) || setuid(NOBODY))
		_exit(98);
	text = read_file(CONTROL);
	_exit(!text ? 97 : control("reset") != -EACCES);
}

TEST(only_root_writes)
{
	long generation = gvt_stat("generation");
	struct child c;
	struct stat st;

	ASSERT_EQ(0, stat(CONTROL, &st));
	EXPECT_EQ(0644, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
	c = child_start(as_nobody, NULL);
	EXPECT_EQ(0, child_wait(&c));
	EXPECT_EQ(generation, gvt_stat("generation"));
}

/* ----------------------------------------------------------------- reset */

static long kernel_ctxt(void)
{
	return read_key("/proc/stat", "ctxt");
}

static long cpu_sum(const char *column)
{
	char *text = read_file(GVT_DIR "cpu"), value[32], *line;
	long sum = 0;

	for (line = strchr(strchr(text, '\n') + 1, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		find_column(strchr(text, '\n') + 1, line, column, value, sizeof(value));
		sum += strtol(value, NULL, 10);
	}
	free(text);
	return sum;
}

TEST(reset_begins_anew)
{
	long threads, generation = gvt_stat("generation"), before, after, now;

	run_threads(100);
	threads = gvt_stat("thread_creations");
	EXPECT_LE(100, threads);

	/* Since the reset no more can have happened than since before it. */
	before = kernel_ctxt();
	settle();
	ASSERT_EQ(0, control("reset"));
	now = gvt_stat("ctxt_switches");
	settle();
	EXPECT_LE(now, kernel_ctxt() - before);
	EXPECT_EQ(generation + 1, gvt_stat("generation"));
	EXPECT_GT(threads, gvt_stat("thread_creations"));
	EXPECT_GE(gvt_stat("thread_creations") + 100, cpu_sum("thread_creations"));

	/* And it goes on counting all that happens. */
	before = gvt_stat("ctxt_switches");
	settle();
	now = kernel_ctxt();
	run_threads(20);
	now = kernel_ctxt() - now;
	settle();
	after = gvt_stat("ctxt_switches");
	EXPECT_LE(now, after - before);
	before = gvt_stat("thread_creations");
	run_threads(20);
	EXPECT_LE(before + 20, gvt_stat("thread_creations"));
}

TEST(reset_leaves_processes_alone)
{
	ASSERT_EQ(0, watch("self"));
	run_threads(7);
	ASSERT_EQ(0, control("reset"));
	EXPECT_EQ(7, process_number(getpid(), "live", "thread_creations"));
	run_threads(1);
	EXPECT_EQ(8, process_number(getpid(), "live", "thread_creations"));
	EXPECT_EQ(0, watch("-self"));
}

/* ------------------------------------------------------------- watch_all */

static bool is_kthread(int pid)
{
	char path[64], *text;
	bool is;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	text = read_file(path);
	is = !text || !*text;
	free(text);
	return is;
}

/* It is told: that we close its pipe means nothing while others have it too. */
static void end(struct child *c)
{
	say(c);
	child_wait(c);
}

/* Processes of /proc that have a row, and such that have none, kernel threads apart. */
static void look(unsigned int *with, unsigned int *without)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	*with = *without = 0;
	while ((e = readdir(dir))) {
		if (!isdigit(*e->d_name) || is_kthread(atoi(e->d_name)))
			continue;
		if (has_row(atoi(e->d_name), "live"))
			++*with;
		else
			++*without;
	}
	closedir(dir);
}

TEST(everybody)
{
	struct child named = child_start(idle_child, NULL), before, after;
	unsigned int with, without;
	struct row row;

	hear(&named);
	ASSERT_EQ(0, watch_pid("", named.pid, ""));
	before = child_start(idle_child, NULL);
	hear(&before);
	ASSERT_EQ(0, control("watch_all on"));
	EXPECT_STREQ("on", setting("\nwatch_all"));
	look(&with, &without);
	EXPECT_EQ(0, without);
	EXPECT_LE(3, with);
	EXPECT_TRUE(has_row(1, "live"));
	EXPECT_FALSE(has_row(2, "live"));	/* kthreadd */
	EXPECT_EQ(0, control("watch_all on"));

	after = child_start(idle_child, NULL);
	hear(&after);
	ASSERT_TRUE(get_row(&row, after.pid, "live"));
	EXPECT_EQ(after.pid, row_number(&row, "root"));
	put_row(&row);
	/* One that somebody names stays. */
	ASSERT_EQ(0, watch_pid("", after.pid, ""));

	ASSERT_EQ(0, control("watch_all off"));
	EXPECT_STREQ("off", setting("\nwatch_all"));
	EXPECT_TRUE(has_row(named.pid, "live"));
	EXPECT_TRUE(has_row(after.pid, "live"));
	EXPECT_FALSE(has_row(before.pid, "live"));
	EXPECT_FALSE(has_row(1, "live"));
	EXPECT_EQ(0, control("watch_all off"));
	end(&named);
	end(&before);
	end(&after);
	before = child_start(idle_child, NULL);
	hear(&before);
	EXPECT_FALSE(has_row(before.pid, "live"));
	end(&before);
}

/* All or nothing: more than may be watched, and nobody is. */
TEST(everybody_is_too_many)
{
	long max = module_param("max_watch"), dropped, i;
	struct child *c = calloc(max + 1, sizeof(*c));
	char *before, *after;

	for (i = 0; i < max; i++) {
		c[i] = child_start(idle_child, NULL);
		ASSERT_TRUE(hear(&c[i]));
	}
	ASSERT_EQ(0, watch("self"));
	before = read_file(GVT_DIR "watch");
	EXPECT_EQ(-ENOSPC, control("watch_all on"));
	EXPECT_STREQ("off", setting("\nwatch_all"));
	after = read_file(GVT_DIR "watch");
	EXPECT_STREQ(before, after);
	for (i = 0; i < max; i++)
		end(&c[i]);

	/* Those who come when it is on and full are counted. */
	ASSERT_EQ(0, control("watch_all on"));
	dropped = gvt_stat("watch_forks_dropped");
	for (i = 0; i <= max; i++) {
		c[i] = child_start(idle_child, NULL);
		ASSERT_TRUE(hear(&c[i]));
	}
	EXPECT_LT(dropped, gvt_stat("watch_forks_dropped"));
	EXPECT_GE(max, gvt_stat("processes_watched"));
	for (i = 0; i <= max; i++)
		end(&c[i]);
	EXPECT_EQ(0, control("watch_all off"));
	EXPECT_EQ(0, watch("-self"));
}

TEST_HARNESS_MAIN
