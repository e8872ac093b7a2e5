// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat_command.c - run a command and have it and its children counted.
 *
 * Moves to another CPU are counted by the kernel's own software event, where it lets us
 * (kernel.perf_event_paranoid): neither procfs nor gvt.ko has them for a process with its
 * children.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command.h"
#include "stat.h"

/**
 * struct run - one run of the command
 * @command: the command
 * @migrations: the event; below 0: there is none
 * @perf_err: why there is none
 * @watch_err: why the module doesn't count it; 0: it does
 */
struct run {
	struct command command;
	int migrations, perf_err, watch_err;
};

/* From the exec on, in the process and all that it forks. Return: a descriptor, or < 0. */
static int open_migrations(pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_MIGRATIONS,
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
	};

	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static double ns_of(const struct timeval *t)
{
	return t->tv_sec * 1e9 + t->tv_usec * 1e3;
}

static void set_usage(struct stat_sample *s, const struct run *r)
{
	uint64_t migrations;

	stat_set(s, STAT_USER, ns_of(&r->command.ru.ru_utime));
	stat_set(s, STAT_SYSTEM, ns_of(&r->command.ru.ru_stime));
	stat_set(s, STAT_RSS, r->command.ru.ru_maxrss * 1024.0);
	if (r->migrations >= 0 &&
	    read(r->migrations, &migrations, sizeof(migrations)) == sizeof(migrations))
		stat_set(s, STAT_MIGRATIONS, migrations);
}

/* Return: an exit status after a message, or -1. */
static int run_once(struct run *r, struct stat_sample *s)
{
	struct command *command = &r->command;
	struct tree_mark before, after;
	struct counters c;
	int64_t t0;
	int err = counters_mark(&before);

	if (!err)
		err = command_start(command);
	if (err) {
		complain("stat", "%s", strerror(-err));
		return EXIT_FAILURE;
	}
	r->migrations = open_migrations(command->pid);
	r->perf_err = r->migrations < 0 ? errno : 0;
	r->watch_err = -counters_watch_tree(command->pid);
	t0 = now_ns();
	command_go(command);
	command_wait(command);
	stat_set_time(s, STAT_WALL, now_ns() - t0);

	set_usage(s, r);
	if (r->migrations >= 0)
		close(r->migrations);
	err = counters_tree(&before, command->pid, !r->watch_err, &command->ru, &c);
	if (!err)
		err = counters_mark(&after);
	if (err) {
		complain("counters", "%s: nothing to show", strerror(-err));
		return EXIT_FAILURE;
	}
	stat_set_counters(s, &c);
	stat_set_creation(s, &before, &after);
	return -1;
}

static void note_counters(char text[STAT_NOTE], const struct run *run)
{
	if (!run->watch_err) {
		snprintf(text, STAT_NOTE, "%s", counters_note());
		return;
	}
	if (run->watch_err != ENOSYS)
		snprintf(text, STAT_NOTE, "gvt.ko did not watch the command (%s%s): ",
			 strerror(run->watch_err),
			 run->watch_err == ENOSPC ? "; see its parameter max_watch" : "");
	else
		snprintf(text, STAT_NOTE, "gvt.ko is not loaded: ");
	snprintf(text + strlen(text), STAT_NOTE - strlen(text),
		 "creations are those of the whole system, threads and processes; switches and "
		 "run time are those of children that were waited for; what was switched to, the "
		 "wait for a CPU, how long a new thread waits, and goroutines are missing");
}

static void set_note(struct stat_result *r, const struct run *run)
{
	char *text = r->note;
	size_t len;

	note_counters(text, run);
	len = strlen(text);
	if (run->perf_err)
		snprintf(text + len, STAT_NOTE - len,
			 "%smoves to another CPU are missing: perf_event_open: %s: it takes "
			 "kernel.perf_event_paranoid of 1 or less, or CAP_PERFMON, and a container "
			 "that lets it pass",
			 len ? "; " : "", strerror(run->perf_err));
}

int stat_command(struct stat_result *r)
{
	const struct stat_request *q = r->request;
	struct run run = { .command = { .argv = q->argv, .out = -1 } };
	struct command *command = &run.command;
	int status = -1;

	r->samples = calloc(q->runs, sizeof(*r->samples));
	if (!r->samples) {
		complain("stat", "%s", strerror(ENOMEM));
		return EXIT_FAILURE;
	}
	r->module = true;
	do {
		status = run_once(&run, &r->samples[r->nr]);
		if (status < 0)
			r->nr++;
		if (!r->status)
			r->status = command->status;
		if (run.watch_err || r->nr == 1)
			set_note(r, &run);
		r->module &= !run.watch_err;
	} while (r->nr < q->runs && status < 0 && !command->exec_err && !command->stopped &&
		 !command_interrupted());
	r->exec_err = command->exec_err;
	return status;
}
