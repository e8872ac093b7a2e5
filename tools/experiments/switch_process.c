// SPDX-License-Identifier: GPL-2.0-only
/*
 * switch_process.c - the side of processes of the experiment switch: what threads do in
 * switch.c, by two processes with some memory in common.
 *
 * The kernel has the same scheduler for both; what processes have more is another address
 * space to go to. Each of the two says what the kernel switched for it, and both together are
 * the switches of a round trip: those of threads are counted for their process in one.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "experiment.h"
#include "forked.h"
#include "switch.h"

/**
 * struct common - what both processes see
 * @start: all that yield are there
 * @there: the first wakes the second
 * @back: the second wakes the first
 * @to: the same by pipes
 * @fro: and back
 * @n: what is to be measured; a tenth of it comes before
 * @switches: of the second one, meanwhile
 * @cpu: where both yield
 */
struct common {
	pthread_barrier_t start;
	sem_t there, back;
	int to[2], fro[2];
	uint64_t n, switches;
	int cpu;
};

/* A process that does @fn. Return: its pid, or a negative errno. */
static pid_t begin(struct rep *rep, void (*fn)(struct common *c), struct common *c)
{
	pid_t pid = fork_child();

	if (pid < 0)
		return -errno;
	if (pid) {
		rep->made++;
		return pid;
	}
	fn(c);
	_exit(0);
}

static uint64_t switches_now(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_nvcsw + ru.ru_nivcsw;
}

static void yields(struct common *c)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(c->cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	pthread_barrier_wait(&c->start);
	for (uint64_t i = 0; i < c->n; i++)
		sched_yield();
}

static int yield(struct rep *rep, struct common *c, uint64_t n, double *ns)
{
	pthread_barrierattr_t shared;
	pid_t pid[2];
	int64_t t0;

	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&c->start, &shared, 3);
	c->n = n;
	c->cpu = sched_getcpu();
	for (int i = 0; i < 2; i++) {
		pid[i] = begin(rep, yields, c);
		/* One that waits at the barrier alone ends with this process. */
		if (pid[i] < 0)
			return pid[i];
	}
	/* Before they begin: they may take the CPU from who lets them go. */
	t0 = now_ns();
	pthread_barrier_wait(&c->start);
	for (int i = 0; i < 2; i++)
		wait_for_child(pid[i], NULL);
	*ns = elapsed_ns(t0) / (2 * n);
	pthread_barrier_destroy(&c->start);
	return 0;
}

static void wait_retry(sem_t *s)
{
	while (sem_wait(s) && errno == EINTR)
		;
}

static void sem_second(struct common *c)
{
	uint64_t from = 0;

	for (uint64_t i = 0; i < c->n + c->n / 10; i++) {
		if (i == c->n / 10)
			from = switches_now();
		wait_retry(&c->there);
		sem_post(&c->back);
	}
	c->switches = switches_now() - from;
}

static void sem_trips(struct common *c, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		sem_post(&c->there);
		wait_retry(&c->back);
	}
}

static int by_sem(struct rep *rep, struct common *c, uint64_t n)
{
	uint64_t from;
	int64_t t0;
	pid_t pid;

	sem_init(&c->there, 1, 0);
	sem_init(&c->back, 1, 0);
	c->n = n;
	pid = begin(rep, sem_second, c);
	if (pid < 0)
		return pid;
	sem_trips(c, n / 10);
	from = switches_now();
	t0 = now_ns();
	sem_trips(c, n);
	rep_set(rep, BY_SEM, elapsed_ns(t0) / n);
	from = switches_now() - from;
	wait_for_child(pid, NULL);
	rep_set(rep, KERNEL_SWITCHES, (double)(from + c->switches) / n);
	return 0;
}

static bool pass(int from, int to)
{
	char c;

	return read(from, &c, 1) == 1 && write(to, &c, 1) == 1;
}

static void pipe_second(struct common *c)
{
	/* It reads until its end of the pipe closes, should the other one die. */
	close(c->to[1]);
	close(c->fro[0]);
	while (pass(c->to[0], c->fro[1]))
		;
}

static bool pipe_trips(struct common *c, uint64_t n)
{
	char x = 'x';

	for (uint64_t i = 0; i < n; i++) {
		if (write(c->to[1], &x, 1) != 1 || read(c->fro[0], &x, 1) != 1)
			return false;
	}
	return true;
}

static int by_pipe(struct rep *rep, struct common *c, uint64_t n)
{
	int64_t t0;
	pid_t pid;
	bool good;

	if (pipe(c->to) || pipe(c->fro))
		return -errno;
	pid = begin(rep, pipe_second, c);
	if (pid < 0)
		return pid;
	close(c->to[0]);
	close(c->fro[1]);
	good = pipe_trips(c, n / 10);
	t0 = now_ns();
	good = good && pipe_trips(c, n);
	if (good)
		rep_set(rep, BY_PIPE, elapsed_ns(t0) / n);
	close(c->to[1]);
	close(c->fro[0]);
	wait_for_child(pid, NULL);
	return good ? 0 : -EPIPE;
}

void switch_processes(const struct plan *p, struct rep *rep)
{
	struct common *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int err = c == MAP_FAILED ? -errno : 0;
	double ns;

	if (!err)
		err = yield(rep, c, p->n[YIELD] / 10 + 1, &ns);
	if (!err)
		err = yield(rep, c, p->n[YIELD], &ns);
	if (!err) {
		rep_set(rep, YIELD, ns);
		err = by_sem(rep, c, p->n[BY_SEM]);
	}
	if (!err)
		err = by_pipe(rep, c, p->n[BY_PIPE]);
	if (err)
		rep_fail(rep, NR_METRICS, "processes: %s", strerror(-err));
}
