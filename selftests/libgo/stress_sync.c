// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_sync.c - channels, select and package sync, under stress: every value that was sent
 * is received once and in its sender's order, every lock excludes, every waiter goes on.
 */
#include "stress.h"

static struct go_waitgroup wg;

/* -------------------------------------------------------------------- channels */

#define SENDERS 6
#define RECEIVERS 5

static struct go_chan *ch;
static unsigned long sent[SENDERS], received;
static uint64_t sum_in, sum_out;

static void count_in(uint64_t v)
{
	__atomic_add_fetch(&sum_in, v, __ATOMIC_RELAXED);
}

static void count_out(uint64_t v)
{
	__atomic_add_fetch(&sum_out, v, __ATOMIC_RELAXED);
	inc(received);
}

/* A value is its sender and which of its values it is. */
static void sender(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t v = (uint64_t)me << 48;

	while (!over()) {
		v++;
		go_send(ch, &v);
		count_in(v);
		sent[me]++;
		moved(me);
	}
	go_wg_done(&wg);
}

static void receiver(void *arg)
{
	uint64_t last[SENDERS] = { 0 }, v;

	while (go_recv(ch, &v)) {
		unsigned int from = (unsigned int)(v >> 48);

		CHECK(from < SENDERS);
		CHECK(v > last[from]);
		last[from] = v;
		count_out(v);
	}
	CHECK_EQ(0, v);
	inc(*(unsigned long *)arg);
}

static void many_to_many(size_t cap)
{
	unsigned long ended = 0, all = 0;
	int i;

	ch = make_chan(sizeof(uint64_t), cap);
	go_wg_add(&wg, SENDERS);
	for (i = 0; i < RECEIVERS; i++)
		start(receiver, &ended);
	start_n(SENDERS, sender);
	let_them_work();
	go_wg_wait(&wg);
	go_close(ch);
	until(rd(ended) == RECEIVERS);
	go_chan_free(ch);
	for (i = 0; i < SENDERS; i++)
		all += sent[i];
	CHECK_EQ(all, received);
	CHECK(sum_in == sum_out);
}

STRESS(unbuffered)
{
	many_to_many(0);
}

STRESS(buffered)
{
	many_to_many(1 + stress_seed % 128);
}

/* ----------------------------------------------------------------------- close */

#define ROUNDS 4	/* at a time */

struct line {
	struct go_chan *c;
	struct go_waitgroup *end;
	unsigned long senders, receivers;	/* that are not done */
	uint64_t in, out;
};

static void line_sender(void *arg)
{
	struct line *l = arg;
	uint64_t v;

	for (v = 1; v <= 5; v++) {
		__atomic_add_fetch(&l->in, v, __ATOMIC_RELAXED);
		go_send(l->c, &v);
	}
	/* The last one closes, and then knows nothing of the channel any more. */
	if (!__atomic_sub_fetch(&l->senders, 1, __ATOMIC_ACQ_REL))
		go_close(l->c);
	go_wg_done(l->end);
}

static void line_receiver(void *arg)
{
	struct line *l = arg;
	uint64_t v;

	while (go_recv(l->c, &v))
		__atomic_add_fetch(&l->out, v, __ATOMIC_RELAXED);
	/* All have seen the close: the last one frees it. */
	if (!__atomic_sub_fetch(&l->receivers, 1, __ATOMIC_ACQ_REL))
		go_chan_free(l->c);
	go_wg_done(l->end);
}

static void lines(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me);

	while (!over()) {
		struct go_waitgroup end = { 0 };
		unsigned long i, s = random_next(&seed) % 4 + 1, r = (seed >> 8) % 4 + 1;
		struct line l = { .end = &end, .senders = s, .receivers = r };

		l.c = make_chan(sizeof(uint64_t), (seed >> 16) % 5);
		go_wg_add(&end, (int64_t)(s + r));
		for (i = 0; i < r; i++)
			start(line_receiver, &l);
		for (i = 0; i < s; i++)
			start(line_sender, &l);
		go_wg_wait(&end);
		CHECK_EQ(l.in, l.out);
		moved(me);
	}
	go_wg_done(&wg);
}

STRESS(close_and_free)
{
	go_wg_add(&wg, ROUNDS);
	start_n(ROUNDS, lines);
	let_them_work();
	go_wg_wait(&wg);
	until(go_num() == 1);
}

/* ---------------------------------------------------------------------- select */

#define CHANS 4

static struct go_chan *chans[CHANS], *stop;

/* Sends or receives on two of the channels, for a while at most, or until all stop. */
static bool one_select(uint64_t *seed, unsigned int me)
{
	uint64_t a = random_next(seed) >> 20, b;
	struct go_case c[] = {
		{ .op = GO_SEND, .chan = chans[*seed % CHANS], .elem = &a },
		{ .op = GO_RECV, .chan = chans[(*seed >> 8) % CHANS], .elem = &b },
		{ .op = GO_RECV, .chan = stop },
		{ .op = GO_DEFAULT },
	};

	switch (go_select(c, *seed % 8 ? 3 : 4)) {
	case 0:
		count_in(a);
		inc(sent[me % SENDERS]);
		break;
	case 1:
		CHECK(c[1].ok);
		count_out(b);
		break;
	case 2:
		CHECK(!c[2].ok);
		return false;
	case 3:
		go_yield();
		break;
	}
	moved(me);
	return true;
}

static void selector(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me);

	while (one_select(&seed, me))
		;
	go_wg_done(&wg);
}

/* An answer comes on a channel that only this one waits on, who frees it at once. */
static void answer(void *arg)
{
	uint64_t v = 42;

	go_send(arg, &v);
}

static void one_shot(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	struct go_chan *quiet = make_chan(0, 0);

	while (!over()) {
		uint64_t v = 0;
		struct go_chan *c = make_chan(sizeof(v), me % 2);
		struct go_case cases[] = {
			{ .op = GO_RECV, .chan = quiet },
			{ .op = GO_RECV, .chan = c, .elem = &v },
		};

		start(answer, c);
		CHECK_EQ(1, go_select(cases, 2));
		CHECK_EQ(42, v);
		go_chan_free(c);
		moved(me);
	}
	go_chan_free(quiet);
	go_wg_done(&wg);
}

/* The other way: who sends is in a select, who receives frees the channel. */
static void ask(void *arg)
{
	struct go_chan *c = arg;
	uint64_t v;

	CHECK(go_recv(c, &v));
	CHECK_EQ(43, v);
	go_chan_free(c);
}

static void sender_in_select(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	struct go_chan *quiet = make_chan(0, 0);

	while (!over()) {
		uint64_t v = 43;
		struct go_chan *c = make_chan(sizeof(v), 0);
		struct go_case cases[] = {
			{ .op = GO_SEND, .chan = c, .elem = &v },
			{ .op = GO_RECV, .chan = quiet },
		};

		start(ask, c);
		CHECK_EQ(0, go_select(cases, 2));
		moved(me);
	}
	go_chan_free(quiet);
	go_wg_done(&wg);
}

STRESS(selects)
{
	unsigned long all = 0;
	uint64_t v;
	int i;

	stop = make_chan(0, 0);
	for (i = 0; i < CHANS; i++)
		chans[i] = make_chan(sizeof(uint64_t), (size_t)i);
	go_wg_add(&wg, 12 + 2 + 2);
	start_n(12, selector);
	start_n(2, one_shot);
	start_n(2, sender_in_select);
	let_them_work();
	go_close(stop);
	go_wg_wait(&wg);
	until(go_num() == 1);
	for (i = 0; i < CHANS; i++) {
		while (!go_try_recv(chans[i], &v))
			count_out(v);
		go_chan_free(chans[i]);
	}
	go_chan_free(stop);
	for (i = 0; i < SENDERS; i++)
		all += sent[i];
	CHECK_EQ(all, received);
	CHECK(sum_in == sum_out);
}

/* ----------------------------------------------------------------------- mutex */

#define LOCKERS 12
#define LOCKER_THREADS 2

static struct go_mutex mutex;
static unsigned long locked, under, times[LOCKERS + LOCKER_THREADS];

static void lock_often(unsigned int me)
{
	uint64_t seed = seed_of(me);

	while (!over()) {
		if (random_next(&seed) % 4)
			go_mutex_lock(&mutex);
		else if (!go_mutex_trylock(&mutex))
			continue;
		CHECK_EQ(0, under);
		under = 1;
		locked++;
		if (seed % 32 == 0)
			go_yield();
		CHECK_EQ(1, under);
		under = 0;
		go_mutex_unlock(&mutex);
		times[me]++;
		moved(me);
		if (seed % 64 == 1)
			go_yield();
	}
}

STRESS(mutexes)
{
	unsigned long all = 0;
	unsigned int i;

	crew_works(lock_often, LOCKERS, LOCKER_THREADS);
	for (i = 0; i < ARRAY_SIZE(times); i++)
		all += times[i];
	CHECK_EQ(locked, all);
}

/* ------------------------------------------------------------------- waitgroup */

#define GROUPS 4

struct group {
	struct go_waitgroup todo;
	struct go_waitgroup *waited;
	unsigned long n, did;
};

static void doer(void *arg)
{
	struct group *g = arg;

	if (inc(g->did) % 3 == 0)
		go_yield();
	go_wg_done(&g->todo);
}

static void waiter(void *arg)
{
	struct group *g = arg;
	struct go_waitgroup *waited = g->waited;

	go_wg_wait(&g->todo);
	CHECK_EQ(g->n, rd(g->did));
	go_wg_done(waited);
}

static void groups(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me);

	while (!over()) {
		struct go_waitgroup waited = { 0 };
		struct group *g = calloc(1, sizeof(*g));
		unsigned long i, n = random_next(&seed) % 20 + 1, w = (seed >> 8) % 4;

		CHECK(g);
		g->waited = &waited;
		g->n = n;
		go_wg_add(&g->todo, (int64_t)n);
		go_wg_add(&waited, (int64_t)w);
		for (i = 0; i < w; i++)
			start(waiter, g);
		for (i = 0; i < n; i++)
			start(doer, g);
		go_wg_wait(&g->todo);
		CHECK_EQ(n, rd(g->did));
		go_wg_wait(&waited);
		/* No doer may be inside any more, though it has not ended. */
		memset(g, 0x5a, sizeof(*g));
		free(g);
		moved(me);
	}
	go_wg_done(&wg);
}

STRESS(waitgroups)
{
	go_wg_add(&wg, GROUPS);
	start_n(GROUPS, groups);
	let_them_work();
	go_wg_wait(&wg);
	until(go_num() == 1);
}

/* ------------------------------------------------------------------------ once */

#define ONCERS 8

struct first {
	struct go_once once;
	struct go_waitgroup end;
	unsigned long calls;
	uint64_t value;		/* not atomic: go_once_do() orders it */
	uint64_t seed;
};

static void initialise(void *arg)
{
	struct first *f = arg;

	inc(f->calls);
	if (f->seed % 4 == 0)
		go_sleep((int64_t)(f->seed % 30000));
	else if (f->seed % 4 == 1)
		go_yield();
	f->value = f->seed;
}

static void oncer(void *arg)
{
	struct first *f = arg;

	go_once_do(&f->once, initialise, f);
	CHECK(f->value == f->seed);
	go_wg_done(&f->end);
}

static void firsts(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me);
	int i;

	while (!over()) {
		struct first f = { .seed = random_next(&seed) };

		go_wg_add(&f.end, ONCERS);
		for (i = 0; i < ONCERS; i++)
			start(oncer, &f);
		go_wg_wait(&f.end);
		CHECK_EQ(1, f.calls);
		moved(me);
	}
	go_wg_done(&wg);
}

STRESS(onces)
{
	go_wg_add(&wg, GROUPS);
	start_n(GROUPS, firsts);
	let_them_work();
	go_wg_wait(&wg);
	until(go_num() == 1);
}

/* -------------------------------------------- threads that are no goroutines */

#define THREADS 3

static struct go_chan *to_goroutines, *to_threads;
static unsigned long passed_on, thread_sent, thread_got;

static void *thread_sends(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t seed = seed_of(me), v;

	while (!over()) {
		struct go_case c = { .op = GO_SEND, .chan = to_goroutines, .elem = &v };

		v = random_next(&seed) >> 20;
		if (seed % 3 == 0)
			go_send(to_goroutines, &v);
		else if (seed % 3 == 1)
			CHECK_EQ(0, go_select(&c, 1));
		else if (go_send_until(to_goroutines, &v, go_now() + (int64_t)(v % 100000)))
			continue;
		count_in(v);
		inc(thread_sent);
		moved(me);
	}
	return NULL;
}

static void *thread_receives(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint64_t v;

	while (go_recv(to_threads, &v)) {
		count_out(v);
		inc(thread_got);
		moved(me);
	}
	return NULL;
}

static void passer(void *arg)
{
	uint64_t v;

	while (go_recv(to_goroutines, &v)) {
		inc(passed_on);
		go_send(to_threads, &v);
	}
	go_wg_done(&wg);
}

STRESS(foreign_threads)
{
	pthread_t threads[2 * THREADS];
	uintptr_t i;

	to_goroutines = make_chan(sizeof(uint64_t), 0);
	to_threads = make_chan(sizeof(uint64_t), 4);
	go_wg_add(&wg, 8);
	start_n(8, passer);
	for (i = 0; i < THREADS; i++) {
		threads[i] = start_thread(thread_sends, (void *)i);
		threads[THREADS + i] = start_thread(thread_receives, (void *)(THREADS + i));
	}
	let_them_work();
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	go_close(to_goroutines);
	go_wg_wait(&wg);
	go_close(to_threads);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[THREADS + i], NULL);
	go_chan_free(to_goroutines);
	go_chan_free(to_threads);
	CHECK_EQ(thread_sent, passed_on);
	CHECK_EQ(thread_sent, thread_got);
	CHECK(sum_in == sum_out);
}

STRESS_MAIN
