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
#define MEMBERS 3	/* the last one is a thread that is no goroutine */

/*
 * Each locks once, at about the same time, and all meet before the next round: a waiter that
 * an unlock missed is not found by the next one.
 */
struct group {
	struct go_mutex mutex;
	unsigned long round, done;
	unsigned long count;	/* not atomic: the mutex orders it */
	char own_line[64];
};

static struct group groups[GROUPS];

static bool next_round(const struct group *g, unsigned long round)
{
	return rd(g->round) != round;
}

static void lock_once(struct group *g, uint64_t *seed)
{
	compute(random_next(seed) % 256);
	go_mutex_lock(&g->mutex);
	g->count++;
	/* At times long enough to starve whoever waits. */
	compute(*seed >> 8 & 1023 ? *seed >> 20 & 127 : scaled(3000000));
	go_mutex_unlock(&g->mutex);
}

/* Returns whether there is another round. */
static bool end_round(struct group *g, unsigned long round)
{
	if (inc(g->done) < MEMBERS)
		return false;
	CHECK_EQ(MEMBERS * (round + 1), g->count);
	CHECK(go_mutex_trylock(&g->mutex));
	go_mutex_unlock(&g->mutex);
	wr(g->done, 0);
	wr(g->round, over() ? ULONG_MAX : round + 1);
	return true;
}

static void member(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	struct group *g = &groups[me / MEMBERS];
	uint64_t seed = seed_of(me);
	unsigned long round;

	for (round = 0; rd(g->round) != ULONG_MAX; round++) {
		lock_once(g, &seed);
		if (!end_round(g, round))
			until(next_round(g, round));
		moved(me);
	}
	go_wg_done(&wg);
}

static void *member_thread(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	struct group *g = &groups[me / MEMBERS];
	uint64_t seed = seed_of(me);
	unsigned long round;

	for (round = 0; rd(g->round) != ULONG_MAX; round++) {
		lock_once(g, &seed);
		if (!end_round(g, round))
			while (!next_round(g, round))
				sched_yield();
		moved(me);
	}
	return NULL;
}

STRESS(mutex_rounds)
{
	pthread_t threads[GROUPS];
	uintptr_t i, k;

	go_wg_add(&wg, GROUPS * (MEMBERS - 1));
	for (i = 0; i < GROUPS; i++) {
		for (k = 0; k < MEMBERS - 1; k++)
			start(member, (void *)(i * MEMBERS + k));
		threads[i] = start_thread(member_thread, (void *)(i * MEMBERS + k));
	}
	let_them_work();
	go_wg_wait(&wg);
	for (i = 0; i < GROUPS; i++)
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

static void locker(void *arg)
{
	lock_often((unsigned int)(uintptr_t)arg);
	go_wg_done(&wg);
}

static void *locker_thread(void *arg)
{
	lock_often((unsigned int)(uintptr_t)arg);
	return NULL;
}

/* No call but lock and unlock: who stops them is preemption. */
STRESS(mutex_crowd)
{
	pthread_t threads[LOCKER_THREADS];
	uint64_t all = 0;
	size_t i;

	go_wg_add(&wg, LOCKERS);
	start_n(LOCKERS, locker);
	for (i = 0; i < LOCKER_THREADS; i++)
		threads[i] = start_thread(locker_thread, (void *)(LOCKERS + i));
	let_them_work();
	go_wg_wait(&wg);
	for (i = 0; i < LOCKER_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < ARRAY_SIZE(counted); i++)
		all += counted[i];
	CHECK(count == all);
}

STRESS_MAIN
