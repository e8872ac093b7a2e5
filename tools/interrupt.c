// SPDX-License-Identifier: GPL-2.0-only
/*
 * interrupt.c - what SIGINT, SIGTERM and SIGHUP do to a run.
 *
 * The handler notes the signal and kills the process that measures; whoever waits for that
 * process sees its end as always, and asks interrupted(). So nothing has to be looked at in
 * time, and there is no moment in which a signal is lost: interrupt_kills() looks again after
 * it has said whom to kill.
 *
 * Processes of processes: gvt is made their reaper, so that whatever a killed one leaves
 * behind is a child of gvt, to be found as such. Process groups would not do: a program in
 * another language makes its own.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gvt.h"
#include "interrupt.h"

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };

static volatile sig_atomic_t came;
static volatile pid_t victim;

static void kill_victim(void)
{
	pid_t pid = victim;

	if (pid > 0) {
		kill(pid, SIGKILL);
		kill(-pid, SIGKILL);
	}
}

/* timeout(1) sends the same one twice: to us, and to our group. Nobody means both. */
#define SAME_NS		(200 * 1000000LL)

static void handler(int signo)
{
	static int64_t first;
	int err = errno;

	if (came && now_ns() - first < SAME_NS)
		goto out;
	if (came) {
		/* Whom it meets after this handler, as if there were none. */
		signal(signo, SIG_DFL);
		raise(signo);
	}
	first = now_ns();
	came = signo;
	kill_victim();
out:
	errno = err;
}

void interrupt_begin(void)
{
	/* A write that is under way goes on: a second signal would end it. */
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;

	sigemptyset(&act.sa_mask);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		if (!sigaction(ending[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(ending[i], &act, NULL);
	}
}

int interrupted(void)
{
	return came;
}

void interrupt_in_child(void)
{
	victim = 0;
	/* Ignored: a program in another language would say something about it. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
}

void interrupt_kills(pid_t pid)
{
	victim = pid;
	if (came)
		kill_victim();
}

void interrupt_spares(void)
{
	victim = 0;
}

/* The parent of a process, from /proc/PID/stat; 0 where it is gone. */
static pid_t parent_of(const char *name)
{
	char path[300], text[512], *at;
	pid_t parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	/* "1 (any name) S 0 ...": the name may have blanks and brackets. */
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	at = strrchr(text, ')');
	if (!at || sscanf(at, ") %*c %d", &parent) != 1)
		return 0;
	return parent;
}

static void kill_children(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		int pid = atoi(e->d_name);

		if (pid > 0 && parent_of(e->d_name) == getpid())
			kill(pid, SIGKILL);
	}
	closedir(dir);
}

void interrupt_end_children(void)
{
	pid_t got;

	for (;;) {
		do {
			got = waitpid(-1, NULL, WNOHANG);
		} while (got > 0);
		if (got < 0 && errno == ECHILD)
			return;
		kill_children();
		usleep(1000);
	}
}
