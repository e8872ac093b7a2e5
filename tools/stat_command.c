// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat_command.c - run a command and have it and its children counted.
 *
 * The command waits at a pipe until it is watched, so its first instruction counts and
 * nothing of gvt's does. Signals are taken synchronously, all in one place: those that
 * somebody sends to gvt go on to the command; those that a terminal sends reach the
 * command anyway. The terminal itself isn't touched: the command stays in gvt's process
 * group, and so in the foreground.
 *
 * Moves to another CPU are counted by the kernel's own software event, where it lets us
 * (kernel.perf_event_paranoid): neither procfs nor gvt.ko has them for a process with its
 * children.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stat.h"

/**
 * struct run - one run of the command
 * @argv: the command
 * @mask: the signals that it has blocked
 * @go: a byte there lets it go
 * @failed: tells why it could not be run
 * @pid: of the command
 * @migrations: the event; below 0: there is none
 * @watch_err: why the module doesn't count it; 0: it does
 * @exec_err: why it could not be run; 0: it ran
 * @status: as waitpid tells
 * @stopped: somebody wants it to end
 * @ru: what it used, with its children that were waited for
 */
struct run {
	char **argv;
	sigset_t mask;
	int go[2], failed[2];
	pid_t pid;
	int migrations, watch_err, exec_err, status;
	bool stopped;
	struct rusage ru;
};

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
				 SIGCONT, SIGWINCH };

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		sigaddset(set, forwarded[i]);
}

static bool is_stop(int sig)
{
	return sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM;
}

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

/* Wait for the word, run, tell what went wrong. */
static void __attribute__((noreturn)) run_command(const struct run *r)
{
	int err;
	char c;

	close(r->go[1]);
	close(r->failed[0]);
	/* gvt is gone: nobody waits for this command. */
	if (read(r->go[0], &c, 1) != 1)
		_exit(EXIT_FAILURE);
	sigprocmask(SIG_SETMASK, &r->mask, NULL);
	execvp(r->argv[0], r->argv);
	err = errno;
	if (write(r->failed[1], &err, sizeof(err)) != sizeof(err))
		_exit(EXIT_FAILURE);
	_exit(EXIT_NOT_FOUND);
}

/* Pass signals on until the command has ended. Only its end counts, not that it stops. */
static void wait_for_command(struct run *r, const sigset_t *set)
{
	siginfo_t info;

	for (;;) {
		pid_t got = wait4(r->pid, &r->status, WNOHANG, &r->ru);

		if (got == r->pid || (got < 0 && errno != EINTR))
			return;
		if (sigwaitinfo(set, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		r->stopped |= is_stop(info.si_signo);
		/* si_code > 0: from the kernel, so from the terminal, to the whole group. */
		if (info.si_code <= 0)
			kill(r->pid, info.si_signo);
	}
}

/* Return: 0, or EXIT_FAILURE after a message. */
static int start(struct run *r)
{
	if (pipe2(r->go, O_CLOEXEC))
		goto err;
	if (pipe2(r->failed, O_CLOEXEC))
		goto err_go;
	fflush(NULL);
	r->pid = fork();
	if (r->pid < 0)
		goto err_failed;
	if (!r->pid)
		run_command(r);
	close(r->go[0]);
	close(r->failed[1]);
	return 0;

err_failed:
	complain("fork", "%s", strerror(errno));
	close(r->failed[0]);
	close(r->failed[1]);
	close(r->go[0]);
	close(r->go[1]);
	return EXIT_FAILURE;
err_go:
	close(r->go[0]);
	close(r->go[1]);
err:
	complain("stat", "%s", strerror(errno));
	return EXIT_FAILURE;
}

static double ns_of(const struct timeval *t)
{
	return t->tv_sec * 1e9 + t->tv_usec * 1e3;
}

static void set_usage(struct stat_sample *s, const struct run *r)
{
	uint64_t migrations;

	stat_set(s, STAT_USER, ns_of(&r->ru.ru_utime));
	stat_set(s, STAT_SYSTEM, ns_of(&r->ru.ru_stime));
	stat_set(s, STAT_RSS, r->ru.ru_maxrss * 1024.0);
	if (r->migrations >= 0 &&
	    read(r->migrations, &migrations, sizeof(migrations)) == sizeof(migrations))
		stat_set(s, STAT_MIGRATIONS, migrations);
}

/* Return: an exit status after a message, or -1. */
static int run_once(struct run *r, const sigset_t *set, struct stat_sample *s)
{
	struct tree_mark before, after;
	struct counters c;
	int64_t t0;
	int err = counters_mark(&before);

	if (err) {
		complain("stat", "%s", strerror(-err));
		return EXIT_FAILURE;
	}
	if (start(r))
		return EXIT_FAILURE;
	r->migrations = open_migrations(r->pid);
	r->watch_err = -counters_watch_tree(r->pid);
	t0 = now_ns();
	if (write(r->go[1], "", 1) != 1)
		complain(r->argv[0], "ended before it began");
	if (read(r->failed[0], &r->exec_err, sizeof(r->exec_err)) != sizeof(r->exec_err))
		r->exec_err = 0;
	wait_for_command(r, set);
	stat_set(s, STAT_WALL, now_ns() - t0);
	close(r->go[1]);
	close(r->failed[0]);

	set_usage(s, r);
	if (r->migrations >= 0)
		close(r->migrations);
	err = counters_tree(&before, r->pid, !r->watch_err, &r->ru, &c);
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

static void set_note(struct stat_result *r, const struct run *run)
{
	char *text = r->note;

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

/* Did somebody want an end while no command ran? */
static bool stop_is_pending(const sigset_t *set)
{
	static const struct timespec zero;
	siginfo_t info;
	bool stop = false;

	while (sigtimedwait(set, &info, &zero) > 0)
		stop |= is_stop(info.si_signo);
	return stop;
}

int stat_command(struct stat_result *r)
{
	const struct stat_request *q = r->request;
	struct run run = { .argv = q->argv };
	sigset_t set;
	int status = -1;

	r->samples = calloc(q->runs, sizeof(*r->samples));
	if (!r->samples) {
		complain("stat", "%s", strerror(ENOMEM));
		return EXIT_FAILURE;
	}
	r->module = true;
	/* Who started us may have left this one ignored: then nothing could be waited for. */
	signal(SIGCHLD, SIG_DFL);
	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, &run.mask);
	while (r->nr < q->runs && status < 0 && !run.stopped && !run.exec_err) {
		status = run_once(&run, &set, &r->samples[r->nr]);
		if (status < 0)
			r->nr++;
		if (!r->status)
			r->status = run.status;
		if (run.watch_err || r->nr == 1)
			set_note(r, &run);
		r->module &= !run.watch_err;
		if (r->nr < q->runs && !run.stopped)
			run.stopped = stop_is_pending(&set);
	}
	r->exec_err = run.exec_err;
	return status;
}
