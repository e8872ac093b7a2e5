// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_mutex.c - a mutex under stress: it excludes, and nobody who waits is forgotten, though
 * nobody comes after.
 */
#include "stress.h"

#include <limits.h>

static struct go_waitgroup wg;

/* Some time, without a call. */
static void compute(uint64_t n)
{
	while (n--)
		__asm__ volatile("" ::: "memory");
}

/* ---------------------------------------------------------------------- rounds */

#define GROUPS 3
#define MOST 3

/*
 * Each locks once, at about the same time, and all meet before the next round: a waiter that
 * an unlock missed is not found by the next one. Two goroutines; one and a thread that is none;
 * two and such a thread.
 */
struct group {
	struct go_mutex mutex;
	unsigned long members, round, done;
	unsigned long count;	/* not atomic: the mutex orders it */
	char own_line[64];
};

static struct group groups[GROUPS];

static void lock_once(struct group *g, uint64_t *seed)
{
	compute(random_next(seed) % 256);
	go_mutex_lock(&g->mutex);
	g->count++;
	/* At times long enough to starve whoever waits. */
	compute(*seed >> 8 & 8191 ? *seed >> 24 & 1023 : scaled(3000000));
	go_mutex_unlock(&g->mutex);
}

/* Others wait actively at first: so that they go on at the same moment. */
static void meet(struct group *g, unsigned long round, void (*let_others)(void))
{
	unsigned int i;

	if (inc(g->done) == g->members) {
		CHECK_EQ(g->members * (round + 1), g->count);
		CHECK(go_mutex_trylock(&g->mutex));
		go_mutex_unlock(&g->mutex);
		wr(g->done, 0);
		wr(g->round, over() ? ULONG_MAX : round + 1);
	}
	for (i = 0; rd(g->round) == round; i++)
		if (i > 300)
			let_others();
}

static void all_rounds(unsigned int me, void (*let_others)(void))
{
	struct group *g = &groups[me / MOST];
	uint64_t seed = seed_of(me);
	unsigned long round;

	for (round = 0; rd(g->round) != ULONG_MAX; round++) {
		lock_once(g, &seed);
		meet(g, round, let_others);
		moved(me);
	}
}

static void member(void *arg)
{
	all_rounds((unsigned int)(uintptr_t)arg, go_yield);
	go_wg_done(&wg);
}

static void yield_thread(void)
{
	sched_yield();
}

static void *member_thread(void *arg)
{
	all_rounds((unsigned int)(uintptr_t)arg, yield_thread);
	return NULL;
}

STRESS(mutex_rounds)
{
	pthread_t threads[GROUPS];
	uintptr_t i, k, n;

	for (i = 0; i < GROUPS; i++) {
		n = i == 1 ? 1 : 2;
		groups[i].members = i ? n + 1 : n;
		go_wg_add(&wg, (int64_t)n);
		for (k = 0; k < n; k++)
			start(member, (void *)(i * MOST + k));
		if (i)
			threads[i] = start_thread(member_thread, (void *)(i * MOST + k));
	}
	let_them_work();
	go_wg_wait(&wg);
	for (i = 1; i < GROUPS; i++)
		pthread_join(threads[i], NULL);
}

/* ----------------------------------------------------------------------- crowd */

#define LOCKERS 10
#define LOCKER_THREADS 2

static struct go_mutex mutex;
static uint64_t count, counted[LOCKERS + LOCKER_THREADS];

static void lock_often(unsigned int me)
{
	uint64_t seed = seed_of(me);

	while (!over()) {
		go_mutex_lock(&mutex);
		count++;
		compute(random_next(&seed) % 4096 ? seed >> 20 & 15 : scaled(2000000));
		go_mutex_unlock(&mutex);
		counted[me]++;
		moved(me);
		/* There nothing stops a loop that waits for nothing, while main waits for a P. */
		if (TEST_TSAN && me < LOCKERS && seed % 64 == 0)
			go_yield();
	}
}

/* No call but lock and unlock: who stops them is preemption. */
STRESS(mutex_crowd)
{
	uint64_t all = 0;
	size_t i;

	crew_works(lock_often, LOCKERS, LOCKER_THREADS);
	for (i = 0; i < ARRAY_SIZE(counted); i++)
		all += counted[i];
	CHECK(count == all);
}

STRESS_MAIN
