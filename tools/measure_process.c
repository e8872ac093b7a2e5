// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure_process.c - one repetition of one side, in a process of its own.
 *
 * What it finds it writes into memory that it shares with gvt, so nothing is lost with it,
 * however it ends. A side may have several processes, one after the other (variants), and
 * some end in a way that is the very thing that is measured (ending).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libgo.h>

#include "forked.h"
#include "host.h"
#include "interrupt.h"
#include "measure.h"

/* A repetition that takes longer than this many seconds hangs. --n may ask for much. */
#define REP_TIMEOUT		180
#define REP_TIMEOUT_QUICK	60
#define REP_TIMEOUT_N		1200

/* How often it is looked whether a side is done that may then live on for a while only. */
#define PATIENCE_LOOK_NS	(10 * 1000000LL)

/* ------------------------------------------------ in the measuring process */

/* The first CPUs of a set. */
static void first_cpus(const cpu_set_t *all, int n, cpu_set_t *some)
{
	int have = 0;

	CPU_ZERO(some);
	for (int i = 0; i < CPU_SETSIZE && (!n || have < n); i++) {
		if (CPU_ISSET(i, all)) {
			CPU_SET(i, some);
			have++;
		}
	}
}

static void pin_to_one_cpu(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	first_cpus(&all, 1, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

int cpus_use(int n)
{
	static cpu_set_t all;
	static bool known;
	cpu_set_t some;

	/* All that it has had: pinned by --pin, that is one. */
	if (!known && sched_getaffinity(0, sizeof(all), &all))
		return -errno;
	known = true;
	first_cpus(&all, n, &some);
	return sched_setaffinity(0, sizeof(some), &some) ? -errno : 0;
}

/* What runs in this process. */
static struct side_run {
	const struct plan *p;
	struct rep *rep;
	bool counted;
	struct counters begin;
} run;

/*
 * What processes did that were waited for is this process's, too. What they switched to, and
 * how long they waited for a CPU, is told of no process that has ended; nor their threads.
 */
static void add_children(struct counters *c)
{
	const uint32_t all = 1u << CTR_VOLUNTARY | 1u << CTR_NONVOLUNTARY | 1u << CTR_RUN_NS |
			     1u << CTR_THREAD_CREATIONS | 1u << CTR_PROCESS_CREATIONS;
	struct rusage ru;

	getrusage(RUSAGE_CHILDREN, &ru);
	for (int i = 0; i < CTR_NR; i++) {
		if (!(all & 1u << i))
			c->v[i] = 0;
	}
	c->have &= all;
	c->v[CTR_VOLUNTARY] += ru.ru_nvcsw;
	c->v[CTR_NONVOLUNTARY] += ru.ru_nivcsw;
	c->v[CTR_RUN_NS] += usage_ns(&ru);
}

void rep_end(struct rep *rep)
{
	struct counters delta;

	if (rep->done)
		return;
	/* Here, not after go_run(): the runtime's counters end with the runtime. */
	if (run.counted && !counters_end(&run.begin, &delta)) {
		if (run.p->s == SIDE_PROCESS)
			add_children(&delta);
		counters_add(&rep->counters, &delta);
	} else {
		rep->uncounted = true;
	}
	rep->done_at = now_ns();
	__atomic_store_n(&rep->done, true, __ATOMIC_RELEASE);
}

static void run_side(void *arg)
{
	struct side_run *r = arg;

	r->p->side[r->p->s](r->p, r->rep);
	rep_end(r->rep);
}

static void child(const struct plan *p, struct rep *rep)
{
	const char *debug = p->debug[p->variant];
	int err;

	run = (struct side_run){ .p = p, .rep = rep };
	if (p->o->pin)
		pin_to_one_cpu();
	run.counted = !counters_begin(&run.begin);
	if (p->s != SIDE_GOROUTINE) {
		run_side(&run);
		return;
	}
	rep->made++;
	go_maxprocs(p->procs);
	if (debug)
		setenv("LIBGO_DEBUG", debug, 1);
	if (p->trace)
		setenv("LIBGO_TRACE", p->trace, 1);
	err = go_run(run_side, &run);
	if (err)
		snprintf(rep->error, WHY_SIZE, "goroutine side: go_run: %s", strerror(-err));
	if (p->linger_ns)
		go_sleep(p->linger_ns);
}

/* -------------------------------------------------------------------- in gvt */

static int timeout_of(const struct plan *p)
{
	int seconds = p->o->n ? REP_TIMEOUT_N : p->o->quick ? REP_TIMEOUT_QUICK : REP_TIMEOUT;

	return seconds * host_slowness();
}

/* How long it may still live; 0: no longer. */
static int64_t time_left(const struct plan *p, const struct rep *rep, int64_t began)
{
	int64_t end = began + timeout_of(p) * NSEC_PER_SEC, patience = p->patience_ns[p->s];
	int64_t left;

	if (patience && __atomic_load_n(&rep->done, __ATOMIC_ACQUIRE) &&
	    rep->done_at + patience < end)
		end = rep->done_at + patience;
	left = end - now_ns();
	return left > 0 ? left : 0;
}

/* What it writes, as far as there is room for it; the rest is read, so that it goes on. */
static bool read_text(int fd, struct ending *e)
{
	size_t len = strlen(e->text), room = sizeof(e->text) - 1 - len;
	char rest[512];
	ssize_t got = room ? read(fd, e->text + len, room) : read(fd, rest, sizeof(rest));

	if (got > 0 && room)
		e->text[len + got] = '\0';
	return got > 0;
}

/* @from: its standard error, or -1. Return: 0; -ETIMEDOUT where it was killed. */
static int wait_for(const struct plan *p, const struct rep *rep, pid_t pid, int from,
		    struct ending *e)
{
	struct pollfd pfd[2] = { { .fd = pidfd_open(pid, 0), .events = POLLIN },
				 { .fd = from, .events = POLLIN } };
	int64_t began = now_ns(), left;
	int err = pfd[0].fd < 0 ? -errno : 0;

	interrupt_kills(pid);
	while (!err && !pfd[0].revents) {
		left = time_left(p, rep, began);
		if (!left) {
			err = -ETIMEDOUT;
			break;
		}
		/* Whether it is done is not told, only seen. */
		if (p->patience_ns[p->s] && left > PATIENCE_LOOK_NS)
			left = PATIENCE_LOOK_NS;
		if (poll(pfd, 2, left / 1000000 + 1) <= 0)
			continue;
		if (pfd[1].revents && !read_text(from, e))
			pfd[1].fd = -1;
	}
	if (pfd[0].fd >= 0)
		close(pfd[0].fd);
	interrupt_spares();
	if (err)
		kill(pid, SIGKILL);
	e->ns = now_ns() - rep->done_at;
	e->killed = err == -ETIMEDOUT;
	if (wait_for_child(pid, &e->status) && !err)
		err = -ECHILD;
	while (from >= 0 && read_text(from, e))
		;
	return err;
}

/* Why a process that had not said that it was done is no more. */
static void explain(const struct plan *p, const struct rep *rep, int err, int status, char *why)
{
	const char *name = side_name[p->s];

	if (rep->error[0])
		memcpy(why, rep->error, WHY_SIZE);
	else if (interrupted())
		snprintf(why, WHY_SIZE, "%s side: interrupted", name);
	else if (err == -ETIMEDOUT)
		snprintf(why, WHY_SIZE, "%s side: no end after %d s", name, timeout_of(p));
	else if (WIFSIGNALED(status))
		snprintf(why, WHY_SIZE, "%s side: killed by signal %d (%s)", name, WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(why, WHY_SIZE, "%s side: ended early with status %d", name,
			 WEXITSTATUS(status));
}

/* One process. @shared: what it fills. */
static int measure_process(const struct plan *p, struct rep *shared, char *why)
{
	struct ending e = { .status = 0 };
	pid_t pid;
	int fd[2] = { -1, -1 }, err;

	if (interrupted())
		return -EINTR;
	if (p->ending) {
		if (pipe2(fd, O_CLOEXEC)) {
			err = -errno;
			snprintf(why, WHY_SIZE, "no pipe for what it writes: %s", strerror(-err));
			return err;
		}
		fcntl(fd[0], F_SETFL, O_NONBLOCK);
	}
	shared->done = false;
	/* What is still to be written is written once, by us. */
	fflush(NULL);
	pid = fork_child();
	if (!pid) {
		interrupt_in_child();
		if (p->ending)
			dup2(fd[1], STDERR_FILENO);
		child(p, shared);
		_exit(0);
	}
	if (pid < 0)
		err = -errno;
	if (fd[1] >= 0)
		close(fd[1]);
	if (pid > 0)
		err = wait_for(p, shared, pid, fd[0], &e);
	else
		snprintf(why, WHY_SIZE, "no process to measure in: %s", strerror(-err));
	if (fd[0] >= 0)
		close(fd[0]);
	if (pid < 0)
		return err;
	if (interrupted() || !shared->done || (err && !(p->ending && e.killed))) {
		explain(p, shared, err, e.status, why);
		return err ? err : -ECHILD;
	}
	if (p->ending)
		p->ending(p, shared, &e);
	return 0;
}

int measure_once(struct plan *p, enum side s, struct rep *rep, char *why)
{
	struct rep *shared;
	int err = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED) {
		err = -errno;
		snprintf(why, WHY_SIZE, "no memory for a result: %s", strerror(-err));
		return err;
	}
	p->s = s;
	for (p->variant = 0; p->variant < p->variants[s] && !err; p->variant++)
		err = measure_process(p, shared, why);
	p->variant = 0;
	*rep = *shared;
	munmap(shared, sizeof(*shared));
	return err;
}
