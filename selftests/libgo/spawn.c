// SPDX-License-Identifier: GPL-2.0-only
/*
 * spawn.c - other programs are started from goroutines: posix_spawn(), vfork() and exec,
 * system(), popen(). Each goroutine gets the end and the output of its own.
 */
#include "test.h"
#include <spawn.h>

extern char **environ;

static struct go_waitgroup wg;

static int wait_for(pid_t pid)
{
	int status;

	CHECK_EQ(pid, waitpid(pid, &status, 0));
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void by_posix_spawn(int me, const char *command)
{
	char *argv[] = { "sh", "-c", (char *)command, NULL };
	pid_t pid;

	CHECK_EQ(0, posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ));
	go_yield();
	CHECK_EQ(me, wait_for(pid));
}

static void by_vfork(int me, const char *command)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	CHECK(pid > 0);
	go_yield();
	CHECK_EQ(me, wait_for(pid));
}

static void by_system(int me, const char *command)
{
	int status = system(command);

	CHECK(WIFEXITED(status));
	CHECK_EQ(me, WEXITSTATUS(status));
}

static void by_popen(int me, const char *command)
{
	FILE *f = popen(command, "r");
	char line[64], want[64];
	int status;

	CHECK(f);
	go_yield();
	snprintf(want, sizeof(want), "exit %d\n", me);
	CHECK(fgets(line, sizeof(line), f));
	CHECK(!strcmp(want, line));
	status = pclose(f);
	CHECK(WIFEXITED(status));
	CHECK_EQ(me, WEXITSTATUS(status));
}

static void (*const ways[])(int me, const char *command) = {
	by_posix_spawn,
	by_vfork,
	by_system,
	by_popen,
};

struct job {
	int me;
	size_t way;
};

static void spawns(void *arg)
{
	const struct job *j = arg;
	char command[64];
	int i;

	snprintf(command, sizeof(command), "echo exit %d%s; exit %d", j->me,
		 ways[j->way] == by_popen ? "" : " >/dev/null", j->me);
	for (i = 0; i < 3; i++) {
		ways[j->way](j->me, command);
		go_yield();
	}
	go_wg_done(&wg);
}

/* @arg: which way. Several at once, beside goroutines that never wait. */
static void many(void *arg)
{
	struct job jobs[8];
	int i;

	go_wg_add(&wg, ARRAY_SIZE(jobs));
	for (i = 0; i < (int)ARRAY_SIZE(jobs); i++) {
		jobs[i] = (struct job){ .me = 10 + i, .way = (uintptr_t)arg };
		start(spawns, &jobs[i]);
	}
	go_wg_wait(&wg);
}

static void run_way(size_t way)
{
	run_on(1, many, (void *)way);
	run_on(4, many, (void *)way);
}

TEST(with_posix_spawn)
{
	run_way(0);
}

TEST(with_vfork)
{
	run_way(1);
}

TEST(with_system)
{
	run_way(2);
}

TEST(with_popen)
{
	run_way(3);
}

TEST_HARNESS_MAIN
