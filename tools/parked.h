/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parked.h - many threads, or goroutines, that are alive and do nothing but wait for
 * one gate to open.
 */
#ifndef GVT_TOOLS_PARKED_H
#define GVT_TOOLS_PARKED_H

#include <pthread.h>
#include <stdint.h>

#include <libgo.h>

/**
 * struct parked_threads - waiting threads; zero-filled is none
 * @t: them
 * @nr: how many
 * @gate: futex: 1 lets all go
 * @arrived: futex: how many have got to the gate
 * @expected: when @arrived is this, the maker is woken
 */
struct parked_threads {
	pthread_t *t;
	uint64_t nr;
	uint32_t gate, arrived, expected;
};

/**
 * parked_threads_make() - make threads and wait until all are at the gate
 * @p: empty
 * @n: how many
 * @deadline: time of now_ns() after which no more are made; 0: none
 *
 * p->nr tells how many there are, also after an error or a deadline.
 * Return: 0; the error of pthread_create(), positive; ETIMEDOUT.
 */
int parked_threads_make(struct parked_threads *p, uint64_t n, int64_t deadline);

/* Open the gate, wait for all to end. */
void parked_threads_release(struct parked_threads *p);

/**
 * parked_choose_n() - how many both sides can have alive at once
 * @o: --n, if it was given
 * @full: else this many
 * @quick: or, with --quick, this many
 *
 * As many as that, as the machine can have without others noticing, and, where --n says
 * nothing, as threads can be made in the time for them.
 */
struct options;
uint64_t parked_choose_n(const struct options *o, uint64_t full, uint64_t quick);

/**
 * struct parked_goroutines - waiting goroutines; zero-filled is none
 * @gate: closed to let all go
 * @arrived: each that has got to the gate
 * @ended: each that has ended
 * @nr: how many
 */
struct parked_goroutines {
	struct go_chan *gate;
	struct go_waitgroup arrived, ended;
	uint64_t nr;
};

/* As with threads, in two steps: made, perhaps not started yet; and all at the gate. */
int parked_goroutines_make(struct parked_goroutines *p, uint64_t n);
void parked_goroutines_settle(struct parked_goroutines *p);
void parked_goroutines_release(struct parked_goroutines *p);

/**
 * parked_goroutines_until() - make goroutines, all at the gate, until a time
 * @p: empty
 * @n: how many, at most
 * @deadline: time of now_ns() after which no more are made
 *
 * p->nr tells how many there are, also after an error or the deadline. Each has run: one that
 * was only made took a part of the time that it takes.
 *
 * Return: 0; the error of go(), negative; -ETIMEDOUT.
 */
int parked_goroutines_until(struct parked_goroutines *p, uint64_t n, int64_t deadline);

#endif /* GVT_TOOLS_PARKED_H */
