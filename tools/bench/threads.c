// SPDX-License-Identifier: GPL-2.0-only
/*
 * threads.c - the workloads in pthreads, where threads can do them: the same structure, with
 * what a programmer would take there (semaphores in place of channels, join in place of a
 * message). The process is bound to as many CPUs as the other sides have Ps.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "memuse.h"
#include "parked.h"

#define FIRST_ONES	8

/*
 * many_threads() - that many threads with one argument, to their ends. Return: 0, or a
 * negative errno: then some may still run, and end with the process.
 */
static int many_threads(int many, void *(*body)(void *), void *arg)
{
	pthread_t t[100];
	int err = 0;

	for (int i = 0; i < many && !err; i++)
		err = pthread_create(&t[i], NULL, body, arg);
	for (int i = 0; i < many && !err; i++)
		err = pthread_join(t[i], NULL);
	return -err;
}

static void wait_sem(sem_t *s)
{
	while (sem_wait(s) && errno == EINTR)
		;
}

/* ------------------------------------------------------------------- yield */

static void *yielder(void *arg)
{
	uint64_t n = *(uint64_t *)arg;

	for (uint64_t i = 0; i < n; i++)
		sched_yield();
	return NULL;
}

static int measure_yields(struct bench_run *r, int many)
{
	uint64_t each = r->n / many, tenth = each / 10;
	int err = many_threads(many, yielder, &tenth);
	int64_t t0 = now_ns();

	if (!err)
		err = many_threads(many, yielder, &each);
	r->figure = (double)(now_ns() - t0) / (each * many);
	return err;
}

int thread_yield(struct bench_run *r)
{
	return measure_yields(r, 2);
}

int thread_yield_100(struct bench_run *r)
{
	return measure_yields(r, 100);
}

/* ---------------------------------------------------------- create and end */

static void *nothing(void *arg)
{
	return arg;
}

static int creations(uint64_t n)
{
	int err = 0;

	for (uint64_t i = 0; i < n && !err; i++)
		err = many_threads(1, nothing, NULL);
	return err;
}

int thread_create(struct bench_run *r)
{
	int err = creations(r->n / 10);
	int64_t t0 = now_ns();

	if (!err)
		err = creations(r->n);
	r->figure = (double)(now_ns() - t0) / r->n;
	return err;
}

/* A waitgroup as threads have it. */
struct group {
	pthread_mutex_t m;
	pthread_cond_t all_done;
	uint64_t left;
};

static void *batch_one(void *arg)
{
	struct group *g = arg;

	pthread_mutex_lock(&g->m);
	if (!--g->left)
		pthread_cond_signal(&g->all_done);
	pthread_mutex_unlock(&g->m);
	return NULL;
}

static int batch(struct group *g, uint64_t n)
{
	pthread_attr_t detached;
	pthread_t t;
	int err = 0;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	g->left = n;
	for (uint64_t i = 0; i < n && !err; i++)
		err = pthread_create(&t, &detached, batch_one, g);
	pthread_attr_destroy(&detached);
	if (err)
		return -err;
	pthread_mutex_lock(&g->m);
	while (g->left)
		pthread_cond_wait(&g->all_done, &g->m);
	pthread_mutex_unlock(&g->m);
	return 0;
}

int thread_batch(struct bench_run *r)
{
	/* Not on this stack: threads that an error leaves behind still use it. */
	static struct group g = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };
	int err = batch(&g, r->n);
	int64_t t0 = now_ns();

	if (!err)
		err = batch(&g, r->n);
	r->figure = (double)(now_ns() - t0) / r->n;
	return err;
}

/* -------------------------------------------------------------- round trip */

struct pair {
	sem_t there, back;
	uint64_t n;
	int64_t value;
};

static void *echo(void *arg)
{
	struct pair *p = arg;

	for (uint64_t i = 0; i < p->n; i++) {
		wait_sem(&p->there);
		p->value++;
		sem_post(&p->back);
	}
	return NULL;
}

static int round_trips(struct pair *p, uint64_t n)
{
	pthread_t t;
	int err;

	p->n = n;
	err = pthread_create(&t, NULL, echo, p);
	if (err)
		return -err;
	for (uint64_t i = 0; i < n; i++) {
		sem_post(&p->there);
		wait_sem(&p->back);
	}
	return -pthread_join(t, NULL);
}

int thread_roundtrip(struct bench_run *r)
{
	struct pair p;
	int64_t t0;
	int err;

	memset(&p, 0, sizeof(p));
	sem_init(&p.there, 0, 0);
	sem_init(&p.back, 0, 0);
	err = round_trips(&p, r->n / 10);
	t0 = now_ns();
	if (!err)
		err = round_trips(&p, r->n);
	r->figure = (double)(now_ns() - t0) / r->n;
	if (!err && p.value != (int64_t)(r->n / 10 + r->n))
		err = bench_give_up(r, 0, "%ld round trips", p.value);
	return err;
}

/* ------------------------------------------------------------------ buffer */

#define SLOTS	128

/* The bounded buffer of the textbooks, for any number of threads as a channel is. */
struct ring {
	pthread_mutex_t m;
	sem_t room, filled;
	int64_t slot[SLOTS];
	uint64_t in, out, n;
};

static void *produce(void *arg)
{
	struct ring *b = arg;

	for (uint64_t i = 0; i < b->n; i++) {
		wait_sem(&b->room);
		pthread_mutex_lock(&b->m);
		b->slot[b->in++ % SLOTS] = i;
		pthread_mutex_unlock(&b->m);
		sem_post(&b->filled);
	}
	return NULL;
}

static int64_t consume(struct ring *b, uint64_t n)
{
	int64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		wait_sem(&b->filled);
		pthread_mutex_lock(&b->m);
		sum += b->slot[b->out++ % SLOTS];
		pthread_mutex_unlock(&b->m);
		sem_post(&b->room);
	}
	return sum;
}

static int stream(struct ring *b, uint64_t n, int64_t *sum)
{
	pthread_t t;
	int err;

	b->n = n;
	err = pthread_create(&t, NULL, produce, b);
	if (err)
		return -err;
	*sum = consume(b, n);
	return -pthread_join(t, NULL);
}

int thread_buffer(struct bench_run *r)
{
	struct ring b = { .m = PTHREAD_MUTEX_INITIALIZER };
	int64_t sum = 0, t0;
	int err;

	sem_init(&b.room, 0, SLOTS);
	sem_init(&b.filled, 0, 0);
	err = stream(&b, r->n / 10, &sum);
	t0 = now_ns();
	if (!err)
		err = stream(&b, r->n, &sum);
	r->figure = (double)(now_ns() - t0) / r->n;
	if (!err && sum != (int64_t)(r->n * (r->n - 1) / 2))
		err = bench_give_up(r, 0, "what was received adds up to %ld", sum);
	return err;
}

/* ------------------------------------------------------------------- mutex */

struct locked {
	pthread_mutex_t m;
	uint64_t each, count;
};

static void *locker(void *arg)
{
	struct locked *l = arg;

	for (uint64_t i = 0; i < l->each; i++) {
		pthread_mutex_lock(&l->m);
		l->count++;
		pthread_mutex_unlock(&l->m);
	}
	return NULL;
}

static int measure_mutex(struct bench_run *r, int many)
{
	uint64_t each = r->n / many;
	struct locked l = { PTHREAD_MUTEX_INITIALIZER, each / 10, 0 };
	int err = many_threads(many, locker, &l);
	int64_t t0 = now_ns();

	l.each = each;
	if (!err)
		err = many_threads(many, locker, &l);
	r->figure = (double)(now_ns() - t0) / (each * many);
	if (!err && l.count != (each / 10 + each) * many)
		err = bench_give_up(r, 0, "%lu counted under the lock", l.count);
	return err;
}

int thread_mutex(struct bench_run *r)
{
	return measure_mutex(r, 1);
}

int thread_mutex_4(struct bench_run *r)
{
	return measure_mutex(r, 4);
}

/* ------------------------------------------------------------------ parked */

int thread_wake(struct bench_run *r)
{
	struct parked_threads p;
	int err = parked_threads_make(&p, r->n / 10, 0);
	int64_t t0;

	parked_threads_release(&p);
	if (!err)
		err = parked_threads_make(&p, r->n, 0);
	t0 = now_ns();
	parked_threads_release(&p);
	r->figure = (double)(now_ns() - t0) / r->n;
	return -err;
}

/* With its kernel stack, which is memory as well. */
int thread_parked(struct bench_run *r)
{
	struct parked_threads p;
	struct memuse from, to;
	int err = parked_threads_make(&p, FIRST_ONES, 0);

	parked_threads_release(&p);
	if (!err)
		err = -memuse_read(&from);
	if (!err)
		err = parked_threads_make(&p, r->n, 0);
	if (!err)
		err = -memuse_read(&to);
	parked_threads_release(&p);
	if (err)
		return -err;
	to = memuse_each(&from, &to, r->n);
	r->figure = memuse_committed(&to);
	return 0;
}
