// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat_pid.c - look at processes that are there already, until they end, the time is up,
 * or somebody presses Ctrl-C.
 *
 * Where gvt.ko is loaded and lets us watch all of them, its counts are exact, and contain
 * what they fork meanwhile. Otherwise their threads are read from procfs again and again, so
 * that little is lost of those that end. The two are not mixed: a sum of both would be neither.
 *
 * A process that somebody else had watched before stays watched, and so does one that runs
 * libgo: to stop watching it would take its page of counters from others, too.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sample.h"
#include "stat.h"

/* Between two readings: this, and so much that reading takes a twentieth of the time at most. */
#define POLL_MS		100
#define POLL_SHARE	20

/* CPU time of a whole process, ended threads included, in nanoseconds; when it began, in ticks. */
struct cpu_time {
	double user, system;
	unsigned long long began;
};

/**
 * struct target - a process that is looked at
 * @pid: its number
 * @pidfd: readable when it has ended; below 0: its state tells
 * @ended: it has
 * @known: gvt.ko had a row of it before
 * @watched: we had it watched
 * @last: its threads when they were last read
 * @sum: what they did until then
 * @peak: the most that were alive at once
 * @rss: the most resident memory
 * @cpu: at the beginning, and now
 * @base: what gvt.ko had counted at the beginning
 */
struct target {
	pid_t pid;
	int pidfd;
	bool ended, known, watched;
	struct process_sample last;
	struct activity sum;
	uint64_t peak, rss;
	struct cpu_time cpu[2];
	struct counters base;
};

/* ------------------------------------------------------------------ gvt.ko */

/*
 * What a process did, and what it brought in, if it is a root. Return: false where it has no
 * row.
 */
static bool sum_rows(const struct counters_row *rows, size_t nr, pid_t pid, struct counters *sum,
		     bool *runtime)
{
	const struct counters_row *own = NULL;

	memset(sum, 0, sizeof(*sum));
	*runtime = false;
	/* Live ones come first, then the one that ended last. */
	for (size_t i = 0; i < nr && !own; i++) {
		if (rows[i].pid == pid && rows[i].state != ROW_FOLDED)
			own = &rows[i];
	}
	if (!own)
		return false;
	for (size_t i = 0; i < nr; i++) {
		if (&rows[i] != own && (own->root != pid || rows[i].root != pid))
			continue;
		counters_add(sum, &rows[i].counters);
		*runtime |= rows[i].runtime;
	}
	return true;
}

static void unwatch_all(struct target *t, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (t[i].watched)
			counters_unwatch(t[i].pid);
		t[i].watched = false;
	}
}

/* Return: 0: gvt.ko counts them all; a negative errno: it counts none of them for us. */
static int watch_all(struct target *t, size_t nr)
{
	struct counters_row *rows;
	size_t nr_rows;
	bool runtime;
	int err = counters_rows(&rows, &nr_rows);

	if (err)
		return err;
	for (size_t i = 0; i < nr; i++)
		t[i].known = sum_rows(rows, nr_rows, t[i].pid, &t[i].base, &runtime);
	free(rows);
	for (size_t i = 0; i < nr; i++) {
		err = counters_watch_tree(t[i].pid);
		if (err)
			goto err_watch;
		t[i].watched = !t[i].known;
	}
	err = counters_rows(&rows, &nr_rows);
	if (err)
		goto err_watch;
	for (size_t i = 0; i < nr && !err; i++) {
		if (!sum_rows(rows, nr_rows, t[i].pid, &t[i].base, &runtime))
			err = -ESRCH;
	}
	free(rows);
	if (!err)
		return 0;
err_watch:
	unwatch_all(t, nr);
	return err;
}

/* Ended rows may have been pushed out meanwhile: not less than nothing. */
static void add_difference(struct counters *sum, const struct counters *base, struct counters *now)
{
	for (int i = 0; i < CTR_NR; i++) {
		if (counter_is(i, COUNTER_PEAK))
			continue;
		now->v[i] -= now->v[i] < base->v[i] ? now->v[i] : base->v[i];
	}
	counters_add(sum, now);
}

/* Return: 0, or a negative errno. */
static int read_module(struct target *t, size_t nr, struct counters *sum)
{
	struct counters_row *rows;
	struct counters now;
	size_t nr_rows;
	bool runtime;
	int err = counters_rows(&rows, &nr_rows);

	memset(sum, 0, sizeof(*sum));
	if (err)
		return err;
	for (size_t i = 0; i < nr && !err; i++) {
		if (!sum_rows(rows, nr_rows, t[i].pid, &now, &runtime))
			err = -ESRCH;
		add_difference(sum, &t[i].base, &now);
		t[i].watched &= !runtime;
	}
	free(rows);
	return err;
}

/* ------------------------------------------------------------------ procfs */

/* Fields 14, 15 and 22; the second one is a name, which may have anything in it. */
static bool read_cpu(pid_t pid, struct cpu_time *cpu)
{
	double tick = (double)NSEC_PER_SEC / sysconf(_SC_CLK_TCK);
	unsigned long long began;
	unsigned long user, system;
	char path[64], *text, *name_end;
	bool good;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	text = read_file(path);
	if (!text)
		return false;
	name_end = strrchr(text, ')');
	good = name_end && sscanf(name_end + 1,
				  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu "
				  "%*d %*d %*d %*d %*d %*d %llu",
				  &user, &system, &began) == 3;
	if (good)
		*cpu = (struct cpu_time){ user * tick, system * tick, began };
	free(text);
	return good;
}

static void note_sample(struct target *t, const struct process_sample *s)
{
	if (s->nr > t->peak)
		t->peak = s->nr;
	if (s->peak_rss > t->rss)
		t->rss = s->peak_rss;
}

static void step(struct target *t)
{
	struct cpu_time cpu = t->cpu[1];
	struct process_sample now;

	if (process_read(t->pid, &now)) {
		t->ended = true;
		return;
	}
	/* It has ended, was waited for, and its number is another one's by now. */
	if (read_cpu(t->pid, &cpu) && cpu.began != t->cpu[0].began) {
		process_free(&now);
		t->ended = true;
		return;
	}
	process_add(&t->sum, &t->last, &now);
	note_sample(t, &now);
	process_free(&t->last);
	t->last = now;
	t->cpu[1] = cpu;
	if (t->pidfd < 0 && !process_lives(&now))
		t->ended = true;
}

static void add_procfs(struct counters *sum, const struct target *t)
{
	struct counters c;

	memset(&c, 0, sizeof(c));
	counters_set(&c, CTR_THREAD_CREATIONS, t->sum.created);
	counters_set(&c, CTR_THREADS_PEAK, t->peak);
	counters_set(&c, CTR_VOLUNTARY, t->sum.voluntary);
	counters_set(&c, CTR_NONVOLUNTARY, t->sum.nonvoluntary);
	if (t->last.times) {
		counters_set(&c, CTR_RUN_NS, t->sum.run_ns);
		counters_set(&c, CTR_WAIT_NS, t->sum.wait_ns);
	}
	counters_add(sum, &c);
}

/* -------------------------------------------------------------- both of them */

/* Return: 0, or EXIT_FAILURE after a message. */
static int begin(struct target *t, pid_t pid)
{
	char name[32];
	int err;

	snprintf(name, sizeof(name), "process %d", pid);
	t->pid = pid;
	err = process_read(pid, &t->last);
	if (!err && t->last.tgid != pid) {
		complain(name, "is a thread of process %d; give that", t->last.tgid);
		return EXIT_FAILURE;
	}
	if (!err && !process_lives(&t->last))
		err = -ESRCH;
	if (err) {
		complain(name, "%s; `ps -e` lists those that there are",
			 err == -ESRCH ? "no such process" : strerror(-err));
		return EXIT_FAILURE;
	}
	note_sample(t, &t->last);
	if (!read_cpu(pid, &t->cpu[0])) {
		complain(name, "has just ended");
		return EXIT_FAILURE;
	}
	t->cpu[1] = t->cpu[0];
	return 0;
}

/* From here on, who looks for its descriptor knows that it is being counted. */
static void begin_waiting(struct target *t)
{
	t->pidfd = syscall(SYS_pidfd_open, t->pid, 0);
	if (t->pidfd < 0 && errno == ESRCH)
		t->ended = true;
}

static bool all_ended(const struct target *t, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (!t[i].ended)
			return false;
	}
	return true;
}

/* Signals that whoever started us has ignored stay so. Return: a descriptor, or -1. */
static int open_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction act;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (!sigaction(ends[i], NULL, &act) && act.sa_handler != SIG_IGN)
			sigaddset(&set, ends[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Milliseconds until the targets are read again, at most @pause; 0: the time is up. */
static int patience(int64_t end, int64_t pause)
{
	int64_t left = end ? (end - now_ns() + 999999) / 1000000 : pause;

	return left < 0 ? 0 : left < pause ? left : pause;
}

/* Return: how long it took, in milliseconds. */
static int64_t step_all(struct target *t, size_t nr, const struct pollfd *fds)
{
	int64_t t0 = now_ns();

	for (size_t i = 0; i < nr; i++) {
		if (t[i].ended)
			continue;
		/* Once more, as it may lie there until it is waited for. */
		step(&t[i]);
		t[i].ended |= fds[i].fd >= 0 && fds[i].revents;
	}
	return (now_ns() - t0) / 1000000;
}

/* Return: the signal that ended it; 0: they ended, or the time is up. */
static int look(struct target *t, size_t nr, struct pollfd *fds, int64_t end)
{
	struct signalfd_siginfo info;
	int64_t took, pause = POLL_MS;
	int wait;

	while (!all_ended(t, nr)) {
		wait = patience(end, pause);
		if (!wait)
			return 0;
		for (size_t i = 0; i < nr; i++)
			fds[i].fd = t[i].ended ? -1 : t[i].pidfd;
		poll(fds, nr + 1, wait);
		if (read(fds[nr].fd, &info, sizeof(info)) == sizeof(info))
			return info.ssi_signo;
		took = step_all(t, nr, fds);
		pause = took * POLL_SHARE > POLL_MS ? took * POLL_SHARE : POLL_MS;
	}
	return 0;
}

static void set_note(struct stat_result *r, int err)
{
	if (!err)
		return;
	if (err == -ENOSYS)
		snprintf(r->note, STAT_NOTE, "gvt.ko is not loaded: ");
	else
		snprintf(r->note, STAT_NOTE, "gvt.ko did not watch (%s%s): ", strerror(-err),
			 err == -ENOSPC ? "; see its parameter max_watch" : "");
	snprintf(r->note + strlen(r->note), STAT_NOTE - strlen(r->note),
		 "the threads in /proc/PID/task were read every 0.1 s, or less often where they are "
		 "many; what one did after that and "
		 "before its end, those that came and went in between, processes created and what "
		 "they did, what was switched to, how long a new thread waits, and goroutines are "
		 "missing");
}

static void set_sample(struct stat_sample *s, const struct target *t, size_t nr)
{
	double user = 0, system = 0, rss = 0;

	for (size_t i = 0; i < nr; i++) {
		user += t[i].cpu[1].user - t[i].cpu[0].user;
		system += t[i].cpu[1].system - t[i].cpu[0].system;
		if (t[i].rss > rss)
			rss = t[i].rss;
	}
	stat_set(s, STAT_USER, user);
	stat_set(s, STAT_SYSTEM, system);
	if (rss)
		stat_set(s, STAT_RSS, rss);
}

/* Return: an exit status after a message, or -1. */
static int measure(struct stat_result *r, struct target *t, struct pollfd *fds)
{
	const struct stat_request *q = r->request;
	struct stat_sample *s = r->samples;
	size_t nr = q->nr_pids;
	struct tree_mark before, after;
	struct counters c;
	int64_t t0;
	int err, watch_err = watch_all(t, nr);

	r->module = !watch_err;
	set_note(r, watch_err);
	err = counters_mark(&before);
	t0 = now_ns();
	for (size_t i = 0; i < nr; i++)
		begin_waiting(&t[i]);
	if (!err)
		r->signal = look(t, nr, fds, q->seconds ? t0 + q->seconds * NSEC_PER_SEC : 0);
	stat_set_time(s, STAT_WALL, now_ns() - t0);
	for (size_t i = 0; i < nr; i++) {
		if (!t[i].ended)
			step(&t[i]);
	}
	memset(&c, 0, sizeof(c));
	if (!err && r->module)
		err = read_module(t, nr, &c);
	for (size_t i = 0; i < nr && !r->module; i++)
		add_procfs(&c, &t[i]);
	if (!err)
		err = counters_mark(&after);
	unwatch_all(t, nr);
	if (err) {
		complain("counters", "%s: nothing to show", strerror(-err));
		return EXIT_FAILURE;
	}
	stat_set_counters(s, &c);
	stat_set_creation(s, &before, &after);
	set_sample(s, t, nr);
	r->nr = 1;
	return -1;
}

int stat_pids(struct stat_result *r)
{
	const struct stat_request *q = r->request;
	size_t nr = q->nr_pids;
	struct target *t = calloc(nr, sizeof(*t));
	struct pollfd *fds = calloc(nr + 1, sizeof(*fds));
	int status = EXIT_FAILURE, signals = open_signals();

	r->samples = calloc(1, sizeof(*r->samples));
	if (!t || !fds || !r->samples || signals < 0) {
		complain("stat", "%s", strerror(errno));
		goto out;
	}
	for (size_t i = 0; i < nr; i++)
		t[i].pidfd = -1;
	for (size_t i = 0; i <= nr; i++)
		fds[i].events = POLLIN;
	fds[nr].fd = signals;
	for (size_t i = 0; i < nr; i++) {
		if (begin(&t[i], q->pids[i]))
			goto out;
	}
	status = measure(r, t, fds);
out:
	for (size_t i = 0; t && i < nr; i++) {
		if (t[i].pidfd >= 0)
			close(t[i].pidfd);
		process_free(&t[i].last);
	}
	if (signals >= 0)
		close(signals);
	free(fds);
	free(t);
	return status;
}
