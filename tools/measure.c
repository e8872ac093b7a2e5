// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure.c - repetitions, each in a process of its own, threads and goroutines in turn
 * (A B A B), so that a drift of the machine meets both sides alike.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libgo.h>

#include "measure.h"

/* A repetition that takes longer than this many seconds hangs. --n may ask for much. */
#define REP_TIMEOUT		180
#define REP_TIMEOUT_QUICK	60
#define REP_TIMEOUT_N		1200

/* Time that a figure of one repetition may take. */
#define THREAD_NS		(150 * 1000000LL)
#define THREAD_QUICK_NS		(60 * 1000000LL)
#define GOROUTINE_NS		(50 * 1000000LL)
#define GOROUTINE_QUICK_NS	(20 * 1000000LL)
#define MAX_ROUNDS		100

void rep_missing(struct rep *rep, size_t i, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rep->why[i], WHY_SIZE, fmt, ap);
	va_end(ap);
}

void plan_init(struct plan *p, const char *name, const struct options *o)
{
	memset(p, 0, sizeof(*p));
	p->name = name;
	p->o = o;
	p->rounds = 1;
	p->procs = o->procs ? o->procs : o->pin ? 1 : go_maxprocs(0);
}

void plan_params(const struct plan *p, struct result *r)
{
	result_param(r, "repetitions", MIN_REPS);
	result_param(r, "procs", p->procs);
	if (p->rounds > 1)
		result_param(r, "goroutine_rounds", p->rounds);
	result_flag(r, "quick", p->o->quick);
	result_flag(r, "pinned", p->o->pin);
}

static void progress(const struct plan *p, const char *what, int i, int n)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (what)
		fprintf(stderr, "\r\033[K%s: %s %d of %d ...", p->name, what, i, n);
	else
		fprintf(stderr, "\r\033[K");
	fflush(stderr);
}

/* ------------------------------------------------ in the measuring process */

/* The first CPU that this process may use. */
static void pin_to_one_cpu(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &all)) {
			CPU_SET(i, &one);
			break;
		}
	}
	sched_setaffinity(0, sizeof(one), &one);
}

struct side_run {
	const struct plan *p;
	enum side s;
	struct rep *rep;
	struct counters begin;
};

static void run_side(void *arg)
{
	struct side_run *run = arg;
	struct rep *rep = run->rep;

	run->p->side[run->s](run->p, rep);
	/* Here, not after go_run(): the runtime's counters end with the runtime. */
	if (rep->counted)
		rep->counted = !counters_end(&run->begin, &rep->counters);
	rep->done = true;
}

static void child(const struct plan *p, enum side s, struct rep *rep)
{
	struct side_run run = { .p = p, .s = s, .rep = rep };
	int err;

	if (p->o->pin)
		pin_to_one_cpu();
	rep->counted = !counters_begin(&run.begin);
	if (s == SIDE_THREAD) {
		run_side(&run);
		return;
	}
	rep->made = 1;
	go_maxprocs(p->procs);
	if (p->no_preemption)
		setenv("LIBGO_DEBUG", "preempt=0", 1);
	err = go_run(run_side, &run);
	if (err)
		snprintf(rep->error, WHY_SIZE, "goroutine side: go_run: %s", strerror(-err));
}

/* -------------------------------------------------------------------- in gvt */

static int timeout_of(const struct plan *p)
{
	return p->o->n ? REP_TIMEOUT_N : p->o->quick ? REP_TIMEOUT_QUICK : REP_TIMEOUT;
}

static int wait_for(const struct plan *p, pid_t pid, int *status)
{
	struct pollfd pfd = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	int err = 0, got;

	if (pfd.fd < 0) {
		err = -errno;
	} else {
		do
			got = poll(&pfd, 1, timeout_of(p) * 1000);
		while (got < 0 && errno == EINTR);
		if (!got)
			err = -ETIMEDOUT;
		close(pfd.fd);
	}
	if (err)
		kill(pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return err;
}

int measure_once(const struct plan *p, enum side s, struct rep *rep, char *why)
{
	struct rep *shared;
	pid_t parent = getpid(), pid;
	int status = 0, err;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED) {
		err = -errno;
		snprintf(why, WHY_SIZE, "no memory for a result: %s", strerror(-err));
		return err;
	}
	/* What is still to be written is written once, by us. */
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		err = -errno;
		snprintf(why, WHY_SIZE, "no process to measure in: %s", strerror(-err));
		goto out_unmap;
	}
	if (!pid) {
		/* Don't outlive a gvt that was killed. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		child(p, s, shared);
		_exit(0);
	}
	err = wait_for(p, pid, &status);
	*rep = *shared;
	if (!err && rep->done)
		goto out_unmap;
	if (rep->error[0])
		memcpy(why, rep->error, WHY_SIZE);
	else if (err == -ETIMEDOUT)
		snprintf(why, WHY_SIZE, "%s side: no end after %d s", side_name[s],
			 timeout_of(p));
	else if (WIFSIGNALED(status))
		snprintf(why, WHY_SIZE, "%s side: killed by signal %d (%s)", side_name[s],
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(why, WHY_SIZE, "%s side: ended early with status %d", side_name[s],
			 WEXITSTATUS(status));
	if (!err)
		err = -ECHILD;
out_unmap:
	munmap(shared, sizeof(*shared));
	return err;
}

/* A number that reads well: two digits and zeroes. */
static uint64_t round_down(uint64_t n)
{
	for (uint64_t step = 10; step <= n / 10; step *= 10)
		n -= n % step;
	return n;
}

/* How many operations fit the time, at least the number that was tried. */
static uint64_t fitting(const struct plan *p, double cost, uint64_t probe, uint64_t max)
{
	double fits = (p->o->quick ? THREAD_QUICK_NS : THREAD_NS) / cost;

	return round_down(fits > max ? max : fits > probe ? fits : probe);
}

void calibrate(struct plan *p, size_t nr, uint64_t probe, const uint64_t *max)
{
	struct rep *rep = calloc(1, sizeof(*rep));
	double longest = 0, rounds;
	char why[WHY_SIZE];

	assert(nr <= MAX_METRICS);
	for (size_t i = 0; i < nr; i++)
		p->n[i] = p->o->n ? p->o->n : probe;
	if (!rep || p->o->n)
		goto out;
	progress(p, "trial", 1, 2);
	if (!measure_once(p, SIDE_THREAD, rep, why)) {
		for (size_t i = 0; i < nr; i++) {
			if (rep->set[i] && rep->value[i] > 0)
				p->n[i] = fitting(p, rep->value[i], probe, max[i]);
		}
	}
	progress(p, "trial", 2, 2);
	memset(rep, 0, sizeof(*rep));
	if (!measure_once(p, SIDE_GOROUTINE, rep, why)) {
		for (size_t i = 0; i < nr; i++) {
			if (rep->set[i] && rep->value[i] * p->n[i] > longest)
				longest = rep->value[i] * p->n[i];
		}
		rounds = (p->o->quick ? GOROUTINE_QUICK_NS : GOROUTINE_NS) / (longest + 1);
		p->rounds = round_down(rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds < 1 ? 1 : rounds);
	}
out:
	free(rep);
}

/* A side's figures, where each repetition came to its end and has the value. */
static void make_figures(struct result *r, enum side s, const struct rep *reps, const char *why)
{
	for (size_t i = 0; i < r->nr_metrics; i++) {
		struct metric *m = &r->metrics[i];
		double values[MIN_REPS];
		int n = 0;

		for (int k = 0; k < MIN_REPS; k++) {
			if (reps[k].done && reps[k].set[i])
				values[n++] = reps[k].value[i];
			else if (!m->missing[s][0])
				memcpy(m->missing[s], why[0] ? why : reps[k].why[i], WHY_SIZE);
		}
		if (n < MIN_REPS)
			n = 0;
		else
			m->missing[s][0] = '\0';
		m->side[s] = figure_from(values, n);
	}
}

/* Counts only where each repetition was counted: a part of them would not add up. */
static void sum_counts(struct result *r, enum side s, const struct rep *reps)
{
	struct side_counts *c = &r->counts[s];
	bool all = true;

	for (int k = 0; k < MIN_REPS; k++) {
		c->made += reps[k].made;
		all &= reps[k].done && reps[k].counted;
		counters_add(&c->counters, &reps[k].counters);
	}
	if (!all)
		memset(&c->counters, 0, sizeof(c->counters));
}

int measure(const struct plan *p, struct result *r)
{
	struct rep (*reps)[MIN_REPS] = calloc(SIDES, sizeof(*reps));
	char why[SIDES][WHY_SIZE] = { "", "" };

	if (!reps)
		return -ENOMEM;
	for (int k = 0; k < MIN_REPS; k++) {
		progress(p, "repetition", k + 1, MIN_REPS);
		for (int s = 0; s < SIDES; s++) {
			/* A side that crashed or hung once is not tried again. */
			if (why[s][0])
				continue;
			measure_once(p, s, &reps[s][k], why[s]);
		}
	}
	progress(p, NULL, 0, 0);
	for (int s = 0; s < SIDES; s++) {
		make_figures(r, s, reps[s], why[s]);
		sum_counts(r, s, reps[s]);
	}
	free(reps);
	return 0;
}
