// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_queues.c - the run queues and what moves goroutines between them, under stress:
 * the ring and its thieves, the global queue, timers, pinned goroutines, changing Ps.
 *
 * Each goroutine that is started, yields, sleeps or is woken has to run once for it, and
 * never on two threads at once.
 */
#include "stress.h"

static struct go_waitgroup wg;

/* ------------------------------------------------------- run queues, stealing */

#define ROOTS 4
#define MOST_CHILDREN 600	/* more than a ring holds */

struct tree {
	struct go_waitgroup done;
	uint64_t sum;
	unsigned long ran;
	unsigned int root;
};

struct leaf {
	struct tree *tree;
	uint64_t number;
};

static void leaf(void *arg)
{
	struct leaf *l = arg;

	if (l->number % 7 == 0)
		go_yield();
	__atomic_add_fetch(&l->tree->sum, l->number, __ATOMIC_RELAXED);
	inc(l->tree->ran);
	moved(l->tree->root);
	go_wg_done(&l->tree->done);
}

/* Starts children, some of them through a child, until the time is over. */
static void root(void *arg)
{
	static struct leaf leaves[ROOTS][MOST_CHILDREN];
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me), base;
	struct tree t;
	int i, n;

	while (!over()) {
		n = (int)(random_next(&seed) % scaled(MOST_CHILDREN)) + 1;
		base = seed >> 24;
		t = (struct tree){ .root = me };
		go_wg_add(&t.done, n);
		for (i = 0; i < n; i++) {
			leaves[me][i] = (struct leaf){ &t, base + (uint64_t)i };
			start(leaf, &leaves[me][i]);
		}
		go_wg_wait(&t.done);
		CHECK_EQ(n, t.ran);
		CHECK(t.sum == (uint64_t)n * base + (uint64_t)n * (uint64_t)(n - 1) / 2);
	}
	go_wg_done(&wg);
}

STRESS(run_queue)
{
	go_wg_add(&wg, ROOTS);
	start_n(ROOTS, root);
	let_them_work();
	go_wg_wait(&wg);
	until(go_num() == 1);
}

#define YIELDERS 40

static struct {
	unsigned int running;	/* on a thread */
	unsigned long turns;
} yielders[YIELDERS];

static void enter(int i)
{
	CHECK_EQ(0, __atomic_exchange_n(&yielders[i].running, 1, __ATOMIC_ACQ_REL));
}

static void leave(int i)
{
	CHECK_EQ(1, __atomic_exchange_n(&yielders[i].running, 0, __ATOMIC_ACQ_REL));
}

static void yielder(void *arg)
{
	int i = (int)(intptr_t)arg;
	unsigned long turns = 0;

	enter(i);
	while (!over()) {
		leave(i);
		go_yield();
		enter(i);
		turns++;
		yielders[i].turns++;
		moved((unsigned int)i);
	}
	CHECK_EQ(turns, yielders[i].turns);
	leave(i);
	go_wg_done(&wg);
}

STRESS(yield)
{
	unsigned long turns = 0;
	int i;

	go_wg_add(&wg, YIELDERS);
	start_n(YIELDERS, yielder);
	let_them_work();
	go_wg_wait(&wg);
	for (i = 0; i < YIELDERS; i++)
		turns += yielders[i].turns;
	CHECK_EQ(all_moves(), turns);
}

/* --------------------------------------------------------------- global queue */

#define STARTERS 3

static unsigned long started[STARTERS], ran[STARTERS];

static void from_outside(void *arg)
{
	unsigned int who = (unsigned int)(uintptr_t)arg;

	inc(ran[who]);
	moved(who);
}

/* A thread that is no goroutine: what it starts goes to the global queue. */
static void *starter(void *arg)
{
	unsigned int who = (unsigned int)(uintptr_t)arg;
	size_t ahead = TEST_TSAN ? 100 : 1000;

	while (!over()) {
		start(from_outside, arg);
		started[who]++;
		while (started[who] - rd(ran[who]) > ahead)
			usleep(50);
	}
	return NULL;
}

STRESS(global_queue)
{
	pthread_t threads[STARTERS];
	unsigned int i;

	for (i = 0; i < STARTERS; i++)
		threads[i] = start_thread(starter, (void *)(uintptr_t)i);
	let_them_work();
	for (i = 0; i < STARTERS; i++)
		pthread_join(threads[i], NULL);
	until(go_num() == 1);
	for (i = 0; i < STARTERS; i++)
		CHECK_EQ(started[i], rd(ran[i]));	/* go_num() orders nothing */
}

/* ---------------------------------------------------------------------- timers */

#define SLEEPERS 100

static struct go_chan *never;

static void sleeper(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me);

	while (!over()) {
		int64_t ns = (int64_t)(random_next(&seed) % 500000), due = go_now() + ns;

		if (seed & 1)
			go_sleep(ns);
		else
			CHECK_EQ(-ETIMEDOUT, go_recv_until(never, NULL, due));
		CHECK(go_now() >= due);
		moved(me);
	}
	go_wg_done(&wg);
}

STRESS(timers)
{
	never = make_chan(0, 0);
	go_wg_add(&wg, SLEEPERS);
	start_n(SLEEPERS, sleeper);
	let_them_work();
	go_wg_wait(&wg);
	go_chan_free(never);
}

/*
 * A deadline and a sender at the same time: either the value came or it did not, and the
 * sender knows which.
 */
#define RACERS 12

static struct go_chan *race[RACERS];
static unsigned long given[RACERS], got[RACERS];

static void late_sender(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me);

	while (!over()) {
		int64_t soon = go_now() + (int64_t)(random_next(&seed) % 60000);

		if (!go_send_until(race[me], &seed, soon))
			given[me]++;
		moved(me);
	}
	go_close(race[me]);
	go_wg_done(&wg);
}

static void late_receiver(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me + RACERS), v;
	int ret;

	do {
		int64_t soon = go_now() + (int64_t)(random_next(&seed) % 60000);

		ret = go_recv_until(race[me], &v, soon);
		if (!ret)
			got[me]++;
		moved(me);
	} while (ret != -EPIPE);
	go_wg_done(&wg);
}

STRESS(deadlines)
{
	int i;

	for (i = 0; i < RACERS; i++)
		race[i] = make_chan(sizeof(uint64_t), i % 3 == 2);
	go_wg_add(&wg, 2 * RACERS);
	start_n(RACERS, late_sender);
	start_n(RACERS, late_receiver);
	let_them_work();
	go_wg_wait(&wg);
	for (i = 0; i < RACERS; i++) {
		CHECK_EQ(given[i], got[i]);
		go_chan_free(race[i]);
	}
}

/* ---------------------------------------------------------------------- pinned */

#define PAIRS 6

static struct go_chan *there[PAIRS], *back[PAIRS];

static void pinned(void *arg)
{
	int i = (int)(intptr_t)arg;
	pthread_t self = pthread_self();
	uint64_t v;

	while (go_recv(there[i], &v)) {
		CHECK(pthread_equal(self, pthread_self()));
		if (v % 5 == 0)
			go_yield();
		if (v % 64 == 0)
			go_sleep((int64_t)(v % 20000));
		CHECK(pthread_equal(self, pthread_self()));
		v++;
		go_send(back[i], &v);
		CHECK(pthread_equal(self, pthread_self()));
	}
	go_wg_done(&wg);
}

static void asker(void *arg)
{
	unsigned int i = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(i), v, answer;

	while (!over()) {
		v = random_next(&seed) >> 8;
		go_send(there[i], &v);
		CHECK(go_recv(back[i], &answer));
		CHECK_EQ(v + 1, answer);
		moved(i);
		if (v % 16 == 0)
			go_sleep((int64_t)(v % 50000));
	}
	go_close(there[i]);
	go_wg_done(&wg);
}

STRESS(pinned_goroutines)
{
	const struct go_attr attr = { .flags = GO_PINNED };
	intptr_t i;

	go_wg_add(&wg, 2 * PAIRS);
	for (i = 0; i < PAIRS; i++) {
		there[i] = make_chan(sizeof(uint64_t), 0);
		back[i] = make_chan(sizeof(uint64_t), 0);
		CHECK_EQ(0, go_with(&attr, pinned, (void *)i));
		if (i % 2)
			CHECK_EQ(0, go_with(&attr, asker, (void *)i));
		else
			start(asker, (void *)i);
	}
	let_them_work();
	go_wg_wait(&wg);
	for (i = 0; i < PAIRS; i++) {
		go_chan_free(there[i]);
		go_chan_free(back[i]);
	}
}

/* ------------------------------------------------------------ the number of Ps */

#define CHANGERS 2

/* Several at once; what each says was the number before was set by one of them. */
static void changer(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me + 77);
	int most = 2 * stress_procs, old;

	while (!over()) {
		old = go_maxprocs((int)(random_next(&seed) % (uint64_t)most) + 1);
		CHECK(old >= 1 && old <= most);
		moved(me);
		if (seed % 3)
			go_yield();
		else
			go_sleep((int64_t)(seed % 100000));
	}
	go_wg_done(&wg);
}

STRESS(procs_up_and_down)
{
	int i;

	for (i = 0; i < YIELDERS; i++)
		yielders[i].running = 0;
	go_wg_add(&wg, CHANGERS + YIELDERS + SLEEPERS / 4 + 1);
	never = make_chan(0, 0);
	start_n(CHANGERS, changer);
	start_n(YIELDERS, yielder);
	start_n(SLEEPERS / 4, sleeper);
	start(root, NULL);
	let_them_work();
	go_wg_wait(&wg);
	go_chan_free(never);
	until(go_num() == 1);
}

STRESS_MAIN
