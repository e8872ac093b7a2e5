// SPDX-License-Identifier: GPL-2.0-only
/*
 * crew.c - workers that do the same, as threads, as goroutines, or as processes.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crew.h"
#include "forked.h"
#include "memuse.h"

struct crew_member {
	struct crew *crew;
	uint64_t i;
	pthread_t t;
	pid_t pid;
};

static void *thread_body(void *arg)
{
	struct crew_member *m = arg;

	m->crew->fn(m->crew->arg, m->i);
	return NULL;
}

static void goroutine_body(void *arg)
{
	struct crew_member *m = arg;
	struct crew *c = m->crew;

	c->fn(c->arg, m->i);
	go_wg_done(&c->ended);
}

static int start_process(struct crew *c, struct crew_member *m)
{
	m->pid = fork_child();
	if (m->pid)
		return m->pid < 0 ? -errno : 0;
	c->fn(c->arg, m->i);
	_exit(0);
}

static int start_one(struct crew *c, struct crew_member *m)
{
	int err;

	if (c->s == SIDE_PROCESS)
		return start_process(c, m);

	if (c->s == SIDE_THREAD)
		return -pthread_create(&m->t, NULL, thread_body, m);
	go_wg_add(&c->ended, 1);
	err = go(goroutine_body, m);
	if (err)
		go_wg_done(&c->ended);
	return err;
}

int crew_begin(struct crew *c, enum side s, uint64_t most, void (*fn)(void *arg, uint64_t i),
	       void *arg)
{
	memset(c, 0, sizeof(*c));
	c->s = s;
	c->fn = fn;
	c->arg = arg;
	c->member = calloc(most, sizeof(*c->member));
	return c->member ? 0 : -ENOMEM;
}

int crew_add(struct crew *c, struct rep *rep)
{
	struct crew_member *m = &c->member[c->nr];
	int err;

	m->crew = c;
	m->i = c->nr;
	err = start_one(c, m);
	if (err)
		return err;
	c->nr++;
	/* Workers may make workers. */
	__atomic_add_fetch(&rep->made, 1, __ATOMIC_RELAXED);
	return 0;
}

int crew_start(struct crew *c, struct rep *rep, enum side s, uint64_t n,
	       void (*fn)(void *arg, uint64_t i), void *arg)
{
	int err = crew_begin(c, s, n, fn, arg);

	while (!err && c->nr < n)
		err = crew_add(c, rep);
	return err;
}

int crew_memuse(const struct crew *c, struct memuse *m)
{
	pid_t *pid;
	int err;

	if (c->s != SIDE_PROCESS)
		return memuse_read(m);
	pid = calloc(c->nr + 1, sizeof(*pid));
	if (!pid)
		return -ENOMEM;
	for (uint64_t i = 0; i < c->nr; i++)
		pid[i] = c->member[i].pid;
	err = memuse_of(pid, c->nr, m);
	free(pid);
	return err;
}

void crew_wait(struct crew *c)
{
	if (c->s == SIDE_GOROUTINE)
		go_wg_wait(&c->ended);
	for (uint64_t i = 0; c->s == SIDE_THREAD && i < c->nr; i++)
		pthread_join(c->member[i].t, NULL);
	for (uint64_t i = 0; c->s == SIDE_PROCESS && i < c->nr; i++)
		wait_for_child(c->member[i].pid, NULL);
	free(c->member);
	c->member = NULL;
}

int crew_run(struct rep *rep, enum side s, uint64_t n, void (*fn)(void *arg, uint64_t i),
	     void *arg)
{
	struct crew c;
	int err = crew_start(&c, rep, s, n, fn, arg);

	crew_wait(&c);
	return err;
}

/* -------------------------------------------------------------------- links */

int link_init(struct link *l, enum side s, uint64_t cap)
{
	memset(l, 0, sizeof(*l));
	l->s = s;
	l->cap = cap;
	if (s == SIDE_GOROUTINE) {
		l->chan = go_chan_make(sizeof(int64_t), cap);
		return l->chan ? 0 : -ENOMEM;
	}
	if (!cap)
		return -EINVAL;
	l->v = calloc(cap, sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->not_empty, NULL);
	pthread_cond_init(&l->not_full, NULL);
	return 0;
}

void link_exit(struct link *l)
{
	if (l->s == SIDE_GOROUTINE) {
		go_chan_free(l->chan);
		return;
	}
	if (!l->v)
		return;
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->not_empty);
	pthread_cond_destroy(&l->not_full);
	free(l->v);
}

/* With the lock held. */
static void put(struct link *l, int64_t value)
{
	l->v[(l->head + l->len++) % l->cap] = value;
	pthread_cond_signal(&l->not_empty);
}

static void take(struct link *l, int64_t *value)
{
	*value = l->v[l->head];
	l->head = (l->head + 1) % l->cap;
	l->len--;
	pthread_cond_signal(&l->not_full);
}

void link_send(struct link *l, int64_t value)
{
	if (l->s == SIDE_GOROUTINE) {
		go_send(l->chan, &value);
		return;
	}
	pthread_mutex_lock(&l->lock);
	while (l->len == l->cap)
		pthread_cond_wait(&l->not_full, &l->lock);
	put(l, value);
	pthread_mutex_unlock(&l->lock);
}

bool link_recv(struct link *l, int64_t *value)
{
	bool have;

	if (l->s == SIDE_GOROUTINE)
		return go_recv(l->chan, value);
	pthread_mutex_lock(&l->lock);
	while (!l->len && !l->closed)
		pthread_cond_wait(&l->not_empty, &l->lock);
	have = l->len > 0;
	if (have)
		take(l, value);
	pthread_mutex_unlock(&l->lock);
	return have;
}

int link_try_send(struct link *l, int64_t value)
{
	int err = -EAGAIN;

	if (l->s == SIDE_GOROUTINE)
		return go_try_send(l->chan, &value);
	pthread_mutex_lock(&l->lock);
	if (l->len < l->cap) {
		put(l, value);
		err = 0;
	}
	pthread_mutex_unlock(&l->lock);
	return err;
}

int link_try_recv(struct link *l, int64_t *value)
{
	int err = -EAGAIN;

	if (l->s == SIDE_GOROUTINE)
		return go_try_recv(l->chan, value);
	pthread_mutex_lock(&l->lock);
	if (l->len) {
		take(l, value);
		err = 0;
	}
	pthread_mutex_unlock(&l->lock);
	return err;
}

void link_close(struct link *l)
{
	if (l->s == SIDE_GOROUTINE) {
		go_close(l->chan);
		return;
	}
	pthread_mutex_lock(&l->lock);
	l->closed = true;
	pthread_cond_broadcast(&l->not_empty);
	pthread_mutex_unlock(&l->lock);
}

/* -------------------------------------------------------------------- gates */

int gate_init(struct gate *g, enum side s, uint64_t n)
{
	memset(g, 0, sizeof(*g));
	g->s = s;
	g->n = n;
	if (s == SIDE_GOROUTINE) {
		g->open = go_chan_make(0, 0);
		go_wg_add(&g->arrived, n);
		return g->open ? 0 : -ENOMEM;
	}
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->moved, NULL);
	return 0;
}

void gate_exit(struct gate *g)
{
	if (g->s == SIDE_GOROUTINE) {
		go_chan_free(g->open);
		return;
	}
	pthread_mutex_destroy(&g->lock);
	pthread_cond_destroy(&g->moved);
}

void gate_pass(struct gate *g)
{
	if (g->s == SIDE_GOROUTINE) {
		go_wg_done(&g->arrived);
		go_recv(g->open, NULL);
		return;
	}
	pthread_mutex_lock(&g->lock);
	if (++g->here == g->n)
		pthread_cond_broadcast(&g->moved);
	while (!g->is_open)
		pthread_cond_wait(&g->moved, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

void gate_gather(struct gate *g)
{
	if (g->s == SIDE_GOROUTINE) {
		go_wg_wait(&g->arrived);
		return;
	}
	pthread_mutex_lock(&g->lock);
	while (g->here < g->n)
		pthread_cond_wait(&g->moved, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

void gate_open(struct gate *g)
{
	if (g->s == SIDE_GOROUTINE) {
		go_close(g->open);
		return;
	}
	pthread_mutex_lock(&g->lock);
	g->is_open = true;
	pthread_cond_broadcast(&g->moved);
	pthread_mutex_unlock(&g->lock);
}

/* -------------------------------------------------------------------- who */

/* The kernel's number of the thread, asked for anew each time: goroutines change threads. */
void who_note(struct who *w)
{
	who_note_as(w, syscall(SYS_gettid));
}

void who_note_as(struct who *w, uint32_t tid)
{
	uint32_t at = tid * 2654435761u % WHO_PLACES;

	for (int tries = 0; tries < WHO_PLACES; tries++, at = (at + 1) % WHO_PLACES) {
		uint32_t is = 0;
		bool mine = __atomic_compare_exchange_n(&w->tid[at], &is, tid, false,
							__ATOMIC_RELAXED, __ATOMIC_RELAXED);

		if (mine || is == tid) {
			__atomic_add_fetch(&w->times[at], 1, __ATOMIC_RELAXED);
			return;
		}
	}
}

uint64_t who_count(const struct who *w, uint64_t *least, uint64_t *most)
{
	uint64_t n = 0;

	*least = UINT64_MAX;
	*most = 0;
	for (int i = 0; i < WHO_PLACES; i++) {
		uint32_t times = __atomic_load_n(&w->times[i], __ATOMIC_RELAXED);

		if (!times)
			continue;
		n++;
		if (times < *least)
			*least = times;
		if (times > *most)
			*most = times;
	}
	return n;
}

uint64_t burn(uint64_t n)
{
	uint64_t x = n | 1;

	for (uint64_t i = 0; i < n; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		__asm__ volatile("" : "+r"(x));
	}
	return x;
}

uint64_t threads_alive(void)
{
	DIR *d = opendir("/proc/self/task");
	const struct dirent *e;
	uint64_t n = 0;

	if (!d)
		return 0;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}
