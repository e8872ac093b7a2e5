/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crew.h - workers that do the same, as threads, goroutines or processes, and what they need for
 * it, so that an experiment writes down once what both sides do.
 *
 * Threads get what a programmer takes there: pthread_create(), a queue with a mutex and
 * two condition variables; goroutines get go() and channels.
 */
#ifndef GVT_TOOLS_CREW_H
#define GVT_TOOLS_CREW_H

#include <pthread.h>
#include <stdint.h>

#include <libgo.h>

#include "measure.h"

/**
 * struct crew - some workers; private to crew.c but for @nr
 * @s: what they are
 * @fn: what each does
 * @arg: its first argument
 * @nr: how many there are
 * @ended: goroutines that have
 * @member: what each is told
 */
struct crew {
	enum side s;
	void (*fn)(void *arg, uint64_t i);
	void *arg;
	uint64_t nr;
	struct go_waitgroup ended;
	struct crew_member *member;
};

/**
 * crew_start() - start some workers
 * @c: to be filled
 * @rep: its made grows
 * @s: threads or goroutines
 * @n: how many
 * @fn: what each does; @i is its number, from 0
 * @arg: its first argument
 *
 * Return: 0; else a negative errno, and c->nr are there, fewer than @n.
 */
int crew_start(struct crew *c, struct rep *rep, enum side s, uint64_t n,
	       void (*fn)(void *arg, uint64_t i), void *arg);

/* The same one by one: at most @most of them. Return: 0, or a negative errno. */
int crew_begin(struct crew *c, enum side s, uint64_t most, void (*fn)(void *arg, uint64_t i),
	       void *arg);
int crew_add(struct crew *c, struct rep *rep);

/*
 * What its members take: of processes, their own; else this process. Return: 0, or a
 * negative errno.
 */
struct memuse;
int crew_memuse(const struct crew *c, struct memuse *m);

/* Wait until all have ended. */
void crew_wait(struct crew *c);

/*
 * Both. Where not all could be started, those that were must end all the same.
 * Return: 0, or a negative errno.
 */
int crew_run(struct rep *rep, enum side s, uint64_t n, void (*fn)(void *arg, uint64_t i),
	     void *arg);

/**
 * struct link - a channel of int64_t, or what threads have in its place: a bounded queue
 * @s: whose it is
 * @chan: goroutines'
 * @lock: threads', and all that follows
 * @not_empty: somebody may take
 * @not_full: somebody may put
 * @v: the values
 * @cap: room for so many
 * @len: how many there are
 * @head: the first
 * @closed: no more will come
 */
struct link {
	enum side s;
	struct go_chan *chan;
	pthread_mutex_t lock;
	pthread_cond_t not_empty, not_full;
	int64_t *v;
	uint64_t cap, len, head;
	bool closed;
};

/* @cap: at least 1 for threads, who can't hand a value over without a buffer. */
int link_init(struct link *l, enum side s, uint64_t cap);
void link_exit(struct link *l);
void link_send(struct link *l, int64_t value);
/* Return: false where it is closed and empty. */
bool link_recv(struct link *l, int64_t *value);
/* Return: 0; -EAGAIN where it would have to wait. */
int link_try_send(struct link *l, int64_t value);
int link_try_recv(struct link *l, int64_t *value);
void link_close(struct link *l);

/**
 * struct gate - where workers wait until all have come, and somebody opens it
 * @s: whose it is
 * @n: how many have to come
 * @arrived: goroutines that still have to
 * @open: closed to let them through
 * @lock: threads', and all that follows
 * @moved: somebody came, or it was opened
 * @here: how many have come
 * @is_open: they may go on
 */
struct gate {
	enum side s;
	uint64_t n;
	struct go_waitgroup arrived;
	struct go_chan *open;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint64_t here;
	bool is_open;
};

int gate_init(struct gate *g, enum side s, uint64_t n);
void gate_exit(struct gate *g);
/* For workers: come, and wait until it is open. */
void gate_pass(struct gate *g);
/* For who made them: wait until all have come; let them through. */
void gate_gather(struct gate *g);
void gate_open(struct gate *g);

/**
 * struct who - which kernel threads have done how much
 * @tid: 0: a free place
 * @times: how often it was noted
 */
#define WHO_PLACES	65536
struct who {
	uint32_t tid[WHO_PLACES];
	uint32_t times[WHO_PLACES];
};

/* The calling thread has done one more; or the one that is called @tid. */
void who_note(struct who *w);
void who_note_as(struct who *w, uint32_t tid);

/* Return: how many threads have done something. */
uint64_t who_count(const struct who *w, uint64_t *least, uint64_t *most);

/* Compute for @n steps of about a nanosecond: no memory, no call. */
uint64_t burn(uint64_t n);

/* Kernel threads of this process now. */
uint64_t threads_alive(void);

#endif /* GVT_TOOLS_CREW_H */
