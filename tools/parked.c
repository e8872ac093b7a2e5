// SPDX-License-Identifier: GPL-2.0-only
/*
 * parked.c - many threads, or goroutines, waiting at one gate.
 *
 * Threads wait on a bare futex, the cheapest way to wait that there is; goroutines
 * receive from a channel that nobody sends to and that is closed in the end.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gvt.h"
#include "parked.h"
#include "thread_limits.h"

/* Time for threads in one repetition, and how many are made to learn what one takes. */
#define THREADS_NS	(1500 * 1000000LL)
#define TRIAL		100

/* Goroutines between two looks at the clock: it is they who take the time, not the looks. */
#define BATCH		64

static void futex_wait(uint32_t *word, uint32_t while_value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_value, NULL);
}

static void futex_wake_all(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX);
}

static void *wait_at_gate(void *arg)
{
	struct parked_threads *p = arg;
	uint32_t here = __atomic_add_fetch(&p->arrived, 1, __ATOMIC_SEQ_CST);

	if (here == __atomic_load_n(&p->expected, __ATOMIC_SEQ_CST))
		futex_wake_all(&p->arrived);
	while (!__atomic_load_n(&p->gate, __ATOMIC_ACQUIRE))
		futex_wait(&p->gate, 0);
	return NULL;
}

/*
 * @expected is set before @arrived is looked at, and a thread counts itself before it
 * looks at @expected: so either the last one sees it, or we see the last one.
 */
static void wait_for_arrivals(struct parked_threads *p)
{
	uint32_t here;

	__atomic_store_n(&p->expected, p->nr, __ATOMIC_SEQ_CST);
	while ((here = __atomic_load_n(&p->arrived, __ATOMIC_SEQ_CST)) < p->nr)
		futex_wait(&p->arrived, here);
}

int parked_threads_make(struct parked_threads *p, uint64_t n, int64_t deadline)
{
	int err = 0;

	memset(p, 0, sizeof(*p));
	p->t = calloc(n, sizeof(*p->t));
	if (!p->t)
		return ENOMEM;
	while (p->nr < n) {
		if (deadline && !(p->nr % 16) && now_ns() > deadline) {
			err = ETIMEDOUT;
			break;
		}
		err = pthread_create(&p->t[p->nr], NULL, wait_at_gate, p);
		if (err)
			break;
		p->nr++;
	}
	wait_for_arrivals(p);
	return err;
}

void parked_threads_release(struct parked_threads *p)
{
	__atomic_store_n(&p->gate, 1, __ATOMIC_RELEASE);
	futex_wake_all(&p->gate);
	while (p->nr)
		pthread_join(p->t[--p->nr], NULL);
	free(p->t);
	p->t = NULL;
}

uint64_t parked_choose_n(const struct options *o, uint64_t full, uint64_t quick)
{
	uint64_t safe, n = o->n ? o->n : o->quick ? quick : full;
	struct thread_limit limits[LIMIT_NR];
	struct parked_threads parked;
	enum limit which;
	int64_t t0, cost;

	limits_read(limits);
	safe = limits_safe(limits, &which);
	if (n > safe)
		n = safe > 0 ? safe : 1;
	if (o->n || n <= TRIAL)
		return n;
	t0 = now_ns();
	parked_threads_make(&parked, TRIAL, 0);
	parked_threads_release(&parked);
	cost = (now_ns() - t0) / TRIAL + 1;
	if (n > THREADS_NS / (uint64_t)cost)
		n = THREADS_NS / cost;
	return n > TRIAL ? n : TRIAL;
}

static void go_wait_at_gate(void *arg)
{
	struct parked_goroutines *p = arg;

	go_wg_done(&p->arrived);
	go_recv(p->gate, NULL);
	go_wg_done(&p->ended);
}

/* @n more. Return: 0, or the error of go(): then p->nr tells how many of them there are. */
static int make_goroutines(struct parked_goroutines *p, uint64_t n)
{
	uint64_t made = 0;
	int err = 0;

	go_wg_add(&p->arrived, n);
	go_wg_add(&p->ended, n);
	while (made < n) {
		err = go(go_wait_at_gate, p);
		if (err)
			break;
		made++;
	}
	go_wg_add(&p->arrived, (int64_t)made - (int64_t)n);
	go_wg_add(&p->ended, (int64_t)made - (int64_t)n);
	p->nr += made;
	return err;
}

static int make_gate(struct parked_goroutines *p)
{
	memset(p, 0, sizeof(*p));
	p->gate = go_chan_make(0, 0);
	return p->gate ? 0 : -ENOMEM;
}

int parked_goroutines_make(struct parked_goroutines *p, uint64_t n)
{
	int err = make_gate(p);

	return err ? err : make_goroutines(p, n);
}

int parked_goroutines_until(struct parked_goroutines *p, uint64_t n, int64_t deadline)
{
	int err = make_gate(p);

	while (!err && p->nr < n) {
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		err = make_goroutines(p, n - p->nr < BATCH ? n - p->nr : BATCH);
		parked_goroutines_settle(p);
	}
	return err;
}

void parked_goroutines_settle(struct parked_goroutines *p)
{
	go_wg_wait(&p->arrived);
}

void parked_goroutines_release(struct parked_goroutines *p)
{
	if (!p->gate)
		return;
	go_close(p->gate);
	go_wg_wait(&p->ended);
	go_chan_free(p->gate);
	p->gate = NULL;
}
