// SPDX-License-Identifier: GPL-2.0-only
/*
 * create.c - what it costs to make a thread and a goroutine.
 *
 * Make one and wait for its end; a hundred at once; the call alone that makes one, of
 * which a hundred are made before any is waited for. A thread, or a process, can't be made
 * without being started: clone() makes it runnable. So the third figure is as near as they
 * come to "created and not started". Processes take so much longer that they are fewer.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <libgo.h>

#include "experiment.h"
#include "forked.h"
#include "measure.h"

#define BATCH	100

enum { JOIN_ONE, JOIN_BATCH, CALL_ONLY, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[JOIN_ONE] = { "create_join_ns", "ns", "create and join, one at a time" },
	[JOIN_BATCH] = { "create_join_batch_ns", "ns", "create and join, 100 at once" },
	[CALL_ONLY] = { "create_call_ns", "ns", "the creating call alone" },
};

static const struct expectation expected[] = {
	{ EXPECT_RATIO_MIN, "create_join_ns", SIDE_THREAD, 100 },
	{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
	{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
};

/* ------------------------------------------------------------------- threads */

static void *thread_body(void *arg)
{
	return arg;
}

static int threads_one(struct rep *rep, uint64_t n)
{
	pthread_t t;
	int err;

	for (uint64_t i = 0; i < n; i++) {
		err = pthread_create(&t, NULL, thread_body, NULL);
		if (err)
			return err;
		rep->made++;
		pthread_join(t, NULL);
	}
	return 0;
}

/* *call_ns: time in pthread_create alone */
static int threads_batches(struct rep *rep, uint64_t n, int64_t *call_ns)
{
	pthread_t t[BATCH];
	int err = 0;

	*call_ns = 0;
	while (n && !err) {
		uint64_t want = n < BATCH ? n : BATCH, have = 0;
		int64_t t0 = now_ns();

		while (have < want && !err) {
			err = pthread_create(&t[have], NULL, thread_body, NULL);
			if (!err)
				have++;
		}
		*call_ns += elapsed_ns(t0);
		rep->made += have;
		n -= have;
		while (have)
			pthread_join(t[--have], NULL);
	}
	return err;
}

static void thread_side(const struct plan *p, struct rep *rep)
{
	int64_t t0, call_ns;
	int err;

	err = threads_one(rep, p->n[JOIN_ONE] / 10 + 1);
	if (err)
		goto err_create;
	t0 = now_ns();
	err = threads_one(rep, p->n[JOIN_ONE]);
	if (err)
		goto err_create;
	rep_set(rep, JOIN_ONE, elapsed_ns(t0) / p->n[JOIN_ONE]);

	err = threads_batches(rep, BATCH, &call_ns);
	if (err)
		goto err_create;
	t0 = now_ns();
	err = threads_batches(rep, p->n[JOIN_BATCH], &call_ns);
	if (err)
		goto err_create;
	rep_set(rep, JOIN_BATCH, elapsed_ns(t0) / p->n[JOIN_BATCH]);
	rep_set(rep, CALL_ONLY, (double)call_ns / p->n[JOIN_BATCH]);
	return;

err_create:
	side_fail(p, rep, NR_METRICS, -err);
}

/* ---------------------------------------------------------------- goroutines */

static void send_body(void *arg)
{
	go_send(arg, NULL);
}

static void done_body(void *arg)
{
	go_wg_done(arg);
}

/* As Go programs do it: the goroutine says on a channel that it is done. */
static int goroutines_one(struct rep *rep, struct go_chan *done, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		int err = go(send_body, done);

		if (err)
			return err;
		rep->made++;
		go_recv(done, NULL);
	}
	return 0;
}

static int goroutines_batches(struct rep *rep, uint64_t n, int64_t *call_ns)
{
	struct go_waitgroup wg;
	int err = 0;

	memset(&wg, 0, sizeof(wg));
	*call_ns = 0;
	while (n && !err) {
		uint64_t want = n < BATCH ? n : BATCH, have = 0;
		int64_t t0;

		go_wg_add(&wg, want);
		t0 = now_ns();
		while (have < want && !err) {
			err = go(done_body, &wg);
			if (!err)
				have++;
		}
		*call_ns += elapsed_ns(t0);
		if (have < want)
			go_wg_add(&wg, (int64_t)have - (int64_t)want);
		rep->made += have;
		n -= have;
		go_wg_wait(&wg);
	}
	return err;
}

static void goroutine_side(const struct plan *p, struct rep *rep)
{
	uint64_t one = p->n[JOIN_ONE] * p->rounds, batch = p->n[JOIN_BATCH] * p->rounds;
	struct go_chan *done = go_chan_make(0, 0);
	int64_t t0, call_ns;
	int err = -ENOMEM;

	if (!done)
		goto err_create;
	err = goroutines_one(rep, done, one / 10 + 1);
	if (err)
		goto err_create;
	t0 = now_ns();
	err = goroutines_one(rep, done, one);
	if (err)
		goto err_create;
	rep_set(rep, JOIN_ONE, elapsed_ns(t0) / one);

	err = goroutines_batches(rep, BATCH, &call_ns);
	if (err)
		goto err_create;
	t0 = now_ns();
	err = goroutines_batches(rep, batch, &call_ns);
	if (err)
		goto err_create;
	rep_set(rep, JOIN_BATCH, elapsed_ns(t0) / batch);
	rep_set(rep, CALL_ONLY, (double)call_ns / batch);
	go_chan_free(done);
	return;

err_create:
	side_fail(p, rep, NR_METRICS, err);
}

/* ----------------------------------------------------------------- processes */

static uint64_t processes_of(const struct plan *p)
{
	return (p->n[JOIN_ONE] + 9) / 10;
}

/* @most at once, and all waited for; *call_ns: time in fork() alone. Return: 0, or an errno. */
static int processes(struct rep *rep, uint64_t n, uint64_t most, int64_t *call_ns)
{
	pid_t pid[BATCH];
	int err = 0;

	*call_ns = 0;
	while (n && !err) {
		uint64_t want = n < most ? n : most, have = 0;
		int64_t t0 = now_ns();

		while (have < want && !err) {
			pid[have] = fork();
			if (!pid[have])
				_exit(0);
			if (pid[have] < 0)
				err = errno;
			else
				have++;
		}
		*call_ns += elapsed_ns(t0);
		rep->made += have;
		n -= have;
		while (have)
			wait_for_child(pid[--have], NULL);
	}
	return err;
}

static void process_side(const struct plan *p, struct rep *rep)
{
	uint64_t n = processes_of(p);
	int64_t t0, call_ns;
	int err = processes(rep, n / 10 + 1, 1, &call_ns);

	t0 = now_ns();
	if (!err)
		err = processes(rep, n, 1, &call_ns);
	if (!err) {
		rep_set(rep, JOIN_ONE, elapsed_ns(t0) / n);
		t0 = now_ns();
		err = processes(rep, n, BATCH, &call_ns);
	}
	if (!err) {
		rep_set(rep, JOIN_BATCH, elapsed_ns(t0) / n);
		rep_set(rep, CALL_ONLY, (double)call_ns / n);
	}
	if (err)
		rep_fail(rep, NR_METRICS, "processes: fork: %s", strerror(err));
}

static int run(struct result *r, const struct options *o)
{
	const uint64_t max[NR_METRICS] = { 20000, 20000, 20000 };
	struct plan p;

	plan_init(&p, r->name, o);
	p.side[SIDE_THREAD] = thread_side;
	p.side[SIDE_GOROUTINE] = goroutine_side;
	p.side[SIDE_PROCESS] = process_side;
	calibrate(&p, NR_METRICS, 200, max);
	/* Both are taken from the same batches. */
	p.n[CALL_ONLY] = p.n[JOIN_BATCH];
	result_param(r, "processes", processes_of(&p));
	result_param(r, "batch", BATCH);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"One is made and waited for, the next is made; then a hundred are made before any is waited\n"
	"for; and of these the calls alone are timed that make one. Threads are joined, processes\n"
	"waited for; goroutines say on a channel, or a waitgroup, that they are done.\n"
	"\n"
	"Read: a thread is the kernel's: its stack is mapped, the kernel makes its records, the\n"
	"scheduler is told. A goroutine is a record of 128 bytes until it runs. A thread can't be\n"
	"made without being started, so the third row is as near as both come to \"made only\".\n"
	"\n"
	"Distorts: a thread that starts on another CPU wakes that up; glibc keeps stacks of ended\n"
	"threads, so those of the first round cost more than the rest: that is the warm-up.\n";

const struct experiment experiment_create = {
	.name = "create",
	.claim = "Making a goroutine costs a hundredth of making a kernel thread",
	.about = about,
	.n_means = "threads, and goroutines, to make for each figure",
	.n_max = 10000000,
	.run = run,
};
