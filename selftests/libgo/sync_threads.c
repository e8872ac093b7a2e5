// SPDX-License-Identifier: GPL-2.0-only
/*
 * sync_threads.c - rwmutex, cond and semaphore shared by goroutines and threads that are
 * none, and by one run and the next.
 */
#include "test.h"

#include <sys/mman.h>

#define THREADS 3

static struct go_rwmutex rw;
static struct go_cond cond;
static struct go_mutex mutex;
static struct go_sem sem;
static struct go_waitgroup wg;
static pthread_t threads[2 * THREADS];
static unsigned long a, b, value, taken;	/* ordered by what is tested, by nothing else */

struct pair {
	void (*one)(void *), (*other)(void *);
};

static size_t often(void)
{
	return scaled(2000);
}

static void *as_thread(void *arg)
{
	void (*fn)(void *) = (void (*)(void *))arg;

	fn(NULL);
	return NULL;
}

static void as_goroutine(void *arg)
{
	as_thread(arg);
	go_wg_done(&wg);
}

static void goroutines(void *arg)
{
	const struct pair *p = arg;
	int i;

	go_wg_add(&wg, 2 * THREADS);
	for (i = 0; i < THREADS; i++) {
		start(as_goroutine, (void *)p->one);
		start(as_goroutine, (void *)p->other);
	}
	for (i = 0; i < 2 * THREADS; i++)
		threads[i] = start_thread(as_thread, (void *)(i % 2 ? p->one : p->other));
	go_wg_wait(&wg);
}

static void join_threads(void)
{
	int i;

	for (i = 0; i < 2 * THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Both by goroutines and by threads, as many of each. */
static void mixed(int procs, void (*one)(void *), void (*other)(void *))
{
	struct pair p = { one, other };

	run_on(procs, goroutines, &p);
	join_threads();
}

/* ------------------------------------------------------------------- rwmutex */

static void reads(void *arg)
{
	size_t i;

	for (i = 0; i < often(); i++) {
		if (i % 4)
			go_rwmutex_rdlock(&rw);
		else
			until(go_rwmutex_tryrdlock(&rw));
		CHECK_EQ(a, b);
		if (i % 64 == 0)
			go_yield();
		go_rwmutex_rdunlock(&rw);
	}
}

static void writes(void *arg)
{
	size_t i;

	for (i = 0; i < often(); i++) {
		go_rwmutex_lock(&rw);
		a++;
		if (i % 64 == 0)
			go_yield();
		b++;
		go_rwmutex_unlock(&rw);
	}
}

TEST(rwmutex_mixed)
{
	a = b = 0;
	mixed(1, reads, writes);
	mixed(4, reads, writes);
	ASSERT_EQ(2 * 2 * THREADS * often(), a);
	ASSERT_EQ(a, b);
	ASSERT_TRUE(go_rwmutex_trylock(&rw));
}

/* Without a pause: a reader meets the writer at each step of either. */
static void reads_busily(void *arg)
{
	size_t i, n = scaled(20000);

	for (i = 0; i < n; i++) {
		go_rwmutex_rdlock(&rw);
		CHECK_EQ(a, b);
		go_rwmutex_rdunlock(&rw);
	}
}

static void writes_busily(void *arg)
{
	size_t i, n = scaled(20000);

	for (i = 0; i < n; i++) {
		go_rwmutex_lock(&rw);
		a++;
		b++;
		go_rwmutex_unlock(&rw);
	}
}

TEST(rwmutex_busy)
{
	a = b = 0;
	mixed(2, reads_busily, writes_busily);
	ASSERT_EQ(2 * THREADS * scaled(20000), a);
	ASSERT_TRUE(go_rwmutex_trylock(&rw));
}

/* ---------------------------------------------------------------------- cond */

static void produces(void *arg)
{
	size_t i;

	for (i = 0; i < often(); i++) {
		go_mutex_lock(&mutex);
		value++;
		go_mutex_unlock(&mutex);
		if (i % 64 == 0)
			go_cond_broadcast(&cond);
		else
			go_cond_signal(&cond);
	}
}

static void consumes(void *arg)
{
	size_t i;

	for (i = 0; i < often(); i++) {
		go_mutex_lock(&mutex);
		while (!value)
			go_cond_wait(&cond, &mutex);
		value--;
		taken++;
		go_mutex_unlock(&mutex);
	}
}

TEST(cond_mixed)
{
	value = taken = 0;
	mixed(1, produces, consumes);
	mixed(4, produces, consumes);
	ASSERT_EQ(0, value);
	ASSERT_EQ(2 * 2 * THREADS * often(), taken);
}

static bool asked;

static size_t questions(void)
{
	return scaled(1500);
}

/* Gets the mutex the moment that the other one has unlocked it, and has not parked yet. */
static void *thread_answers(void *arg)
{
	size_t i;

	for (i = 0; i < questions(); i++) {
		while (!rd(asked) || !go_mutex_trylock(&mutex))
			;
		wr(asked, false);
		go_cond_signal(&cond);
		go_mutex_unlock(&mutex);
	}
	return NULL;
}

static void asks(void *arg)
{
	size_t i;

	threads[0] = start_thread(thread_answers, NULL);
	for (i = 0; i < questions(); i++) {
		go_mutex_lock(&mutex);
		wr(asked, true);
		while (rd(asked))
			go_cond_wait(&cond, &mutex);
		go_mutex_unlock(&mutex);
	}
}

TEST(cond_signal_before_it_parks)
{
	run_on(2, asks, NULL);
	pthread_join(threads[0], NULL);
}

/* In the order in which they came, threads and goroutines in turn. */
static int order[8], norder, nwait;

static void waits_in_line(void *arg)
{
	intptr_t me = (intptr_t)arg;

	go_mutex_lock(&mutex);
	nwait++;
	go_cond_wait(&cond, &mutex);
	order[norder++] = me;
	go_mutex_unlock(&mutex);
}

static void *thread_waits_in_line(void *arg)
{
	waits_in_line(arg);
	return NULL;
}

static int locked_read(const int *x)
{
	int v;

	go_mutex_lock(&mutex);
	v = *x;
	go_mutex_unlock(&mutex);
	return v;
}

static void stand_in_line(void *arg)
{
	intptr_t i;

	nwait = norder = 0;
	for (i = 0; i < 8; i++) {
		if (i % 2)
			start(waits_in_line, (void *)i);
		else
			threads[i / 2] = start_thread(thread_waits_in_line, (void *)i);
		until(locked_read(&nwait) == i + 1);
	}
	for (i = 0; i < 8; i++) {
		go_cond_signal(&cond);
		until(locked_read(&norder) == i + 1);
		CHECK_EQ(i, order[i]);
	}
}

TEST(cond_wakes_in_order)
{
	int i;

	run_on(2, stand_in_line, NULL);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

/* ----------------------------------------------------------------- semaphore */

static void takes_one(void *arg)
{
	size_t i;

	for (i = 0; i < often(); i++) {
		go_sem_acquire(&sem, 1);
		go_sem_release(&sem, 1);
	}
}

static void takes_all(void *arg)
{
	size_t i;

	for (i = 0; i < often(); i++) {
		go_sem_acquire(&sem, 3);
		a++;
		go_sem_release(&sem, 3);
	}
}

TEST(semaphore_mixed)
{
	a = 0;
	go_sem_release(&sem, 3);
	mixed(1, takes_one, takes_all);
	mixed(4, takes_one, takes_all);
	ASSERT_EQ(2 * 2 * THREADS * often(), a);
	ASSERT_TRUE(go_sem_try_acquire(&sem, 3));
	ASSERT_FALSE(go_sem_try_acquire(&sem, 1));
}

/* ------------------------------------------------------- threads, and no run */

static void alone(void (*one)(void *), void (*other)(void *))
{
	int i;

	for (i = 0; i < 2 * THREADS; i++)
		threads[i] = start_thread(as_thread, (void *)(i % 2 ? one : other));
	join_threads();
}

TEST(threads_alone)
{
	a = b = value = taken = 0;
	alone(reads, writes);
	alone(produces, consumes);
	ASSERT_EQ(THREADS * often(), a);
	ASSERT_EQ(THREADS * often(), taken);
	a = 0;
	memset(&sem, 0, sizeof(sem));
	go_sem_release(&sem, 3);
	alone(takes_one, takes_all);
	ASSERT_EQ(THREADS * often(), a);
}

/* ------------------------------------------------------ one run and the next */

/* Until so many goroutines are in that state, as a dump has it. */
static void until_waiting(int n, const char *state)
{
	static char text[1 << 16];
	int found, fd;

	do {
		const char *at = text;
		ssize_t len;

		fd = memfd_create("dump", MFD_CLOEXEC);
		CHECK(fd >= 0);
		CHECK_EQ(0, go_dump(fd));
		len = pread(fd, text, sizeof(text) - 1, 0);
		CHECK(len > 0);
		close(fd);
		text[len] = '\0';
		for (found = 0; (at = strstr(at, state)); found++)
			at++;
		go_yield();
	} while (found < n);
}

static void waits_on_cond(void *arg)
{
	go_mutex_lock(&mutex);
	nwait++;
	go_cond_wait(&cond, &mutex);
	CHECK(arg);
	go_mutex_unlock(&mutex);
	go_wg_done(&wg);
}

/* Leaves five waiting; the mutex is free. */
static void leave_on_cond(void *arg)
{
	nwait = 0;
	start_n(5, waits_on_cond);
	until(locked_read(&nwait) == 5);
}

/* Wakes its own one by its first signal: those of the other run are gone. */
static void own_on_cond(void *arg)
{
	nwait = 0;
	go_wg_add(&wg, 1);
	start(waits_on_cond, &cond);
	until(locked_read(&nwait) == 1);
	go_cond_signal(&cond);
	go_wg_wait(&wg);
	go_cond_broadcast(&cond);
}

static void waits_on_sem(void *arg)
{
	go_sem_acquire(&sem, 100);
}

static void leave_on_sem(void *arg)
{
	start_n(5, waits_on_sem);
	until_waiting(5, "[semacquire]");
}

TEST(waiters_of_an_earlier_run)
{
	int i;

	for (i = 0; i < 3; i++) {
		run_on(2, leave_on_cond, NULL);
		run_on(2, own_on_cond, NULL);
	}
	for (i = 0; i < 3; i++) {
		run_on(2, leave_on_sem, NULL);
		go_sem_release(&sem, 2);
		ASSERT_TRUE(go_sem_try_acquire(&sem, 2));
	}
}

static void waits_to_read(void *arg)
{
	go_rwmutex_rdlock(&rw);
	CHECK(!"it got the lock");
}

static void waits_to_write(void *arg)
{
	go_rwmutex_lock(&rw);
	CHECK(!"it got the lock");
}

/* The thread that called go_run() has it. */
static void leave_readers(void *arg)
{
	start_n(5, waits_to_read);
	until_waiting(5, "[sync.RWMutex.RLock]");
}

static void leave_writer(void *arg)
{
	start(waits_to_write, NULL);
	until_waiting(1, "[sync.RWMutex.Lock]");
	leave_readers(NULL);
}

TEST(rwmutex_left_by_an_earlier_run)
{
	int i;

	for (i = 0; i < 3; i++) {
		go_rwmutex_lock(&rw);
		run_on(2, leave_readers, NULL);
		go_rwmutex_unlock(&rw);
		ASSERT_TRUE(go_rwmutex_trylock(&rw));
		go_rwmutex_unlock(&rw);
	}
	for (i = 0; i < 3; i++) {
		go_rwmutex_rdlock(&rw);
		run_on(2, leave_writer, NULL);
		ASSERT_FALSE(go_rwmutex_tryrdlock(&rw));
		go_rwmutex_rdunlock(&rw);
		ASSERT_TRUE(go_rwmutex_trylock(&rw));
		go_rwmutex_unlock(&rw);
		ASSERT_TRUE(go_rwmutex_tryrdlock(&rw));
		go_rwmutex_rdunlock(&rw);
	}
}

TEST_HARNESS_MAIN
