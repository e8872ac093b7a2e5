// SPDX-License-Identifier: GPL-2.0-only
/*
 * switch.c - what it costs to go from one to another.
 *
 * Yield: two take turns on one CPU, nothing else happens. Round trip: one wakes the
 * other and waits to be woken: threads and processes by semaphores and by pipes, goroutines by
 * unbuffered channels (both rows show that same goroutine figure). The last row is why: how
 * often the kernel's scheduler switched, for one round trip. Processes: switch_process.c.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include <libgo.h>

#include "experiment.h"
#include "measure.h"
#include "switch.h"

static const struct metric_def metrics[NR_METRICS] = {
	[YIELD] = { "yield_ns", "ns", "yield, two on one CPU" },
	[BY_SEM] = { "round_trip_ns", "ns", "round trip: semaphore / channel" },
	[BY_PIPE] = { "round_trip_pipe_ns", "ns", "round trip: pipe / channel" },
	[KERNEL_SWITCHES] = { "round_trip_kernel_switches", "switches",
			      "kernel switches per round trip" },
};

static const struct expectation expected[] = {
	{ EXPECT_RATIO_MIN, "round_trip_ns", SIDE_THREAD, 10 },
	{ EXPECT_RATIO_MIN, "yield_ns", SIDE_THREAD, 10 },
	{ EXPECT_SIDE_MIN, "round_trip_kernel_switches", SIDE_THREAD, 1 },
	{ EXPECT_SIDE_MAX, "round_trip_kernel_switches", SIDE_GOROUTINE, 0.1 },
	{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
	{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
};

/* ------------------------------------------------------------ threads: yield */

struct yielders {
	pthread_barrier_t start;
	uint64_t n;
};

static void *yield_body(void *arg)
{
	struct yielders *y = arg;

	pthread_barrier_wait(&y->start);
	for (uint64_t i = 0; i < y->n; i++)
		sched_yield();
	return NULL;
}

/* Two threads and only one CPU for them: each yield has somebody to go to. */
static int threads_yield(struct rep *rep, uint64_t n, double *ns)
{
	struct yielders y = { .n = n };
	pthread_attr_t attr;
	pthread_t t[2];
	cpu_set_t one;
	int64_t t0;
	int err;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(one), &one);
	pthread_barrier_init(&y.start, NULL, 3);
	for (int i = 0; i < 2; i++) {
		err = pthread_create(&t[i], &attr, yield_body, &y);
		/* One that waits at the barrier alone ends with this process. */
		if (err)
			return err;
		rep->made++;
	}
	/* Before they begin: they may take the CPU from who lets them go. */
	t0 = now_ns();
	pthread_barrier_wait(&y.start);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	*ns = elapsed_ns(t0) / (2 * n);
	pthread_barrier_destroy(&y.start);
	pthread_attr_destroy(&attr);
	return 0;
}

/* ------------------------------------------------------ threads: round trips */

/**
 * struct pair - two that wake each other
 * @there: the first wakes the second
 * @back: the second wakes the first
 * @to: the same by pipes
 * @fro: and back
 * @n: round trips
 */
struct pair {
	sem_t there, back;
	int to[2], fro[2];
	uint64_t n;
};

static void sem_wait_retry(sem_t *s)
{
	while (sem_wait(s) && errno == EINTR)
		;
}

static void *sem_body(void *arg)
{
	struct pair *p = arg;

	for (uint64_t i = 0; i < p->n; i++) {
		sem_wait_retry(&p->there);
		sem_post(&p->back);
	}
	return NULL;
}

static void sem_trips(struct pair *p, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		sem_post(&p->there);
		sem_wait_retry(&p->back);
	}
}

static bool pass(int from, int to)
{
	char c;

	return read(from, &c, 1) == 1 && write(to, &c, 1) == 1;
}

static void *pipe_body(void *arg)
{
	struct pair *p = arg;

	for (uint64_t i = 0; i < p->n && pass(p->to[0], p->fro[1]); i++)
		;
	return NULL;
}

static bool pipe_trips(struct pair *p, uint64_t n)
{
	char c = 'x';

	for (uint64_t i = 0; i < n; i++) {
		if (write(p->to[1], &c, 1) != 1 || read(p->fro[0], &c, 1) != 1)
			return false;
	}
	return true;
}

/* Round trips with a thread that runs @body; a tenth of them first, to warm up. */
static int threads_sem(struct rep *rep, struct pair *p, uint64_t n)
{
	struct counters from;
	pthread_t t;
	int64_t t0;
	int err;

	p->n = n + n / 10;
	sem_init(&p->there, 0, 0);
	sem_init(&p->back, 0, 0);
	err = pthread_create(&t, NULL, sem_body, p);
	if (err)
		return err;
	rep->made++;
	sem_trips(p, n / 10);
	counters_now(&from);
	t0 = now_ns();
	sem_trips(p, n);
	rep_set(rep, BY_SEM, elapsed_ns(t0) / n);
	rep_switches(rep, KERNEL_SWITCHES, &from, n);
	pthread_join(t, NULL);
	return 0;
}

static int threads_pipe(struct rep *rep, struct pair *p, uint64_t n)
{
	pthread_t t;
	int64_t t0;
	int err;

	p->n = n + n / 10;
	err = pthread_create(&t, NULL, pipe_body, p);
	if (err)
		return err;
	rep->made++;
	if (!pipe_trips(p, n / 10))
		return EPIPE;
	t0 = now_ns();
	if (!pipe_trips(p, n))
		return EPIPE;
	rep_set(rep, BY_PIPE, elapsed_ns(t0) / n);
	pthread_join(t, NULL);
	return 0;
}

static void thread_side(const struct plan *p, struct rep *rep)
{
	struct pair pair;
	double ns;
	int err;

	memset(&pair, 0, sizeof(pair));
	if (pipe(pair.to) || pipe(pair.fro)) {
		err = errno;
		goto err_why;
	}
	err = threads_yield(rep, p->n[YIELD] / 10 + 1, &ns);
	if (err)
		goto err_why;
	err = threads_yield(rep, p->n[YIELD], &ns);
	if (err)
		goto err_why;
	rep_set(rep, YIELD, ns);
	err = threads_sem(rep, &pair, p->n[BY_SEM]);
	if (err)
		goto err_why;
	err = threads_pipe(rep, &pair, p->n[BY_PIPE]);
	if (err)
		goto err_why;
	return;

err_why:
	side_fail(p, rep, NR_METRICS, -err);
}

/* ---------------------------------------------------------------- goroutines */

struct go_yielders {
	struct go_waitgroup done;
	uint64_t n;
};

static void go_yield_body(void *arg)
{
	struct go_yielders *y = arg;

	for (uint64_t i = 0; i < y->n; i++)
		go_yield();
	go_wg_done(&y->done);
}

static int goroutines_yield(struct rep *rep, uint64_t n, double *ns)
{
	struct go_yielders y = { .n = n };
	int64_t t0 = now_ns();
	int err = 0, made;

	go_wg_add(&y.done, 2);
	for (made = 0; made < 2; made++) {
		err = go(go_yield_body, &y);
		if (err)
			break;
		rep->made++;
	}
	go_wg_add(&y.done, made - 2);
	go_wg_wait(&y.done);
	*ns = elapsed_ns(t0) / (2 * n);
	return err;
}

/* @ended: the second one has: it looks at @n once more after the last round trip */
struct go_pair {
	struct go_chan *there, *back;
	struct go_waitgroup ended;
	uint64_t n;
};

static void go_pair_body(void *arg)
{
	struct go_pair *p = arg;

	for (uint64_t i = 0; i < p->n; i++) {
		go_recv(p->there, NULL);
		go_send(p->back, NULL);
	}
	go_wg_done(&p->ended);
}

static void chan_trips(struct go_pair *p, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		go_send(p->there, NULL);
		go_recv(p->back, NULL);
	}
}

static int goroutines_chan(struct rep *rep, uint64_t n)
{
	struct go_pair p = { .n = n + n / 10 };
	struct counters from;
	int64_t t0;
	double ns;
	int err;

	p.there = go_chan_make(0, 0);
	p.back = go_chan_make(0, 0);
	if (!p.there || !p.back)
		return -ENOMEM;
	go_wg_add(&p.ended, 1);
	err = go(go_pair_body, &p);
	if (err)
		return err;
	rep->made++;
	chan_trips(&p, n / 10);
	counters_now(&from);
	t0 = now_ns();
	chan_trips(&p, n);
	ns = elapsed_ns(t0) / n;
	rep_switches(rep, KERNEL_SWITCHES, &from, n);
	rep_set(rep, BY_SEM, ns);
	rep_set(rep, BY_PIPE, ns);
	go_wg_wait(&p.ended);
	go_chan_free(p.there);
	go_chan_free(p.back);
	return 0;
}

static void goroutine_side(const struct plan *p, struct rep *rep)
{
	double ns;
	int err;

	/* Two on one CPU is here: two on one P. */
	go_maxprocs(1);
	err = goroutines_yield(rep, p->n[YIELD] * p->rounds / 10 + 1, &ns);
	if (!err)
		err = goroutines_yield(rep, p->n[YIELD] * p->rounds, &ns);
	if (err)
		goto err_why;
	rep_set(rep, YIELD, ns);
	go_maxprocs(p->procs);
	err = goroutines_chan(rep, p->n[BY_SEM] * p->rounds);
	if (err)
		goto err_why;
	return;

err_why:
	side_fail(p, rep, NR_METRICS, err);
}

static int run(struct result *r, const struct options *o)
{
	const uint64_t max[NR_METRICS] = { 200000, 50000, 50000, 50000 };
	struct plan p;

	plan_init(&p, r->name, o);
	p.side[SIDE_THREAD] = thread_side;
	p.side[SIDE_GOROUTINE] = goroutine_side;
	p.side[SIDE_PROCESS] = switch_processes;
	calibrate(&p, NR_METRICS, 200, max);
	/* One goroutine figure stands in both rows, so one number for both. */
	if (p.n[BY_PIPE] < p.n[BY_SEM])
		p.n[BY_SEM] = p.n[BY_PIPE];
	p.n[BY_PIPE] = p.n[KERNEL_SWITCHES] = p.n[BY_SEM];
	p.asked = p.n[BY_SEM];
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"Two yield to each other on one CPU (one P). Two wake each other and wait to be woken:\n"
	"threads and processes by semaphores and by pipes; goroutines by unbuffered channels, whose\n"
	"figure stands in both rows. The last row is how often the kernel switched.\n"
	"\n"
	"Read: a round trip of threads is two switches by the kernel, and often an idle CPU that\n"
	"has to wake up. Goroutines switch within a thread: the kernel isn't asked.\n"
	"\n"
	"Distorts: whether the kernel keeps both threads on one CPU (--pin makes it), how deep an\n"
	"idle CPU sleeps, and a virtual machine, in which waking a CPU is dear.\n";

const struct experiment experiment_switch = {
	.name = "switch",
	.claim = "Goroutines switch in user space, without the kernel",
	.about = about,
	.n_means = "yields, and round trips, for each figure",
	.n_max = 10000000,
	.run = run,
};
