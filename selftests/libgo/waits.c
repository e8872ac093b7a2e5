// SPDX-License-Identifier: GPL-2.0-only
/*
 * waits.c - in a dump, who waits for whom: a mutex and its owner, a channel and its waiters,
 * a waitgroup and its counter.
 */
#include "dumptext.h"

static struct go_chan *ch, *other;
static struct go_mutex mutex;
static struct go_rwmutex rwmutex;
static struct go_waitgroup wg;
static struct go_sem sem;
static struct go_cond cond;

/* Until a dump has line @want in the part on goroutine @id. */
static void until_shown(uint64_t id, const char *want)
{
	char head[64];
	const char *at, *end, *line;

	snprintf(head, sizeof(head), "goroutine %" PRIu64 " [", id);
	for (;;) {
		dump();
		at = find_line(text, head);
		end = at ? strstr(at, "\n\n") : NULL;
		line = at ? find_whole_line(at, want) : NULL;
		if (line && (!end || line < end))
			return;
		go_sleep(MS);
	}
}

/* Says who it is, waits, and is dropped. */
struct one {
	uint64_t id;
	void (*wait)(void);
};

static void waits(void *arg)
{
	struct one *one = arg;

	wr(one->id, go_id());
	one->wait();
	go_wg_done(&wg);
}

static uint64_t begin(struct one *one)
{
	/* An earlier run's. */
	wr(one->id, 0);
	start(waits, one);
	until(rd(one->id));
	return rd(one->id);
}

static void receives(void)
{
	go_recv(ch, NULL);
}

static void sends(void)
{
	go_send(other, &ch);
}

static void selects(void)
{
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = ch },
		{ .op = GO_RECV },
		{ .op = GO_SEND, .chan = other, .elem = &ch },
	};

	go_select(c, 3);
}

static void locks(void)
{
	go_mutex_lock(&mutex);
}

static void locks_and_waits(void)
{
	go_mutex_lock(&mutex);
	go_recv(NULL, NULL);
}

static void locks_for_reading(void)
{
	go_rwmutex_rdlock(&rwmutex);
}

static void waits_for_group(void)
{
	go_wg_wait(&wg);
}

static void waits_for_signal(void)
{
	static struct go_mutex own;

	go_mutex_lock(&own);
	go_cond_wait(&cond, &own);
}

static void acquires(void)
{
	go_sem_acquire(&sem, 5);
}

static void channels(void *arg)
{
	static struct one a = { .wait = receives }, b = { .wait = receives };
	static struct one s = { .wait = sends }, sel = { .wait = selects };
	char want[300];
	uint64_t ia, ib, is, isel;

	ch = make_chan(sizeof(void *), 3);
	other = make_chan(sizeof(void *), 1);
	go_send(other, &ch);
	ia = begin(&a);
	snprintf(want, sizeof(want), "\twaits for chan %p: 0 of 3 values; receive: %" PRIu64, (void *)ch, ia);
	until_shown(ia, want);
	ib = begin(&b);
	snprintf(want, sizeof(want), "\twaits for chan %p: 0 of 3 values; receive: %" PRIu64 ", %" PRIu64,
		 (void *)ch, ia, ib);
	until_shown(ib, want);
	until_shown(ia, want);
	is = begin(&s);
	snprintf(want, sizeof(want), "\twaits for chan %p: 1 of 1 values; send: %" PRIu64, (void *)other, is);
	until_shown(is, want);
	isel = begin(&sel);
	snprintf(want, sizeof(want),
		 "\tmay receive from chan %p: 0 of 3 values; receive: %" PRIu64 ", %" PRIu64 ", %" PRIu64,
		 (void *)ch, ia, ib, isel);
	until_shown(isel, want);
	snprintf(want, sizeof(want), "\tmay send to chan %p: 1 of 1 values; send: %" PRIu64 ", %" PRIu64,
		 (void *)other, is, isel);
	until_shown(isel, want);
}

TEST(channels_and_their_waiters)
{
	run_on(1, channels, NULL);
}

TEST(channels_and_their_waiters_on_4)
{
	run_on(4, channels, NULL);
}

static void many_receive(void *arg)
{
	static struct one many[20];
	char want[300];
	uint64_t id[20];
	size_t i;

	ch = make_chan(0, 0);
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		many[i].wait = receives;
		id[i] = begin(&many[i]);
		/* In this order. */
		snprintf(want, sizeof(want), "\twaits for chan %p: 0 of 0 values; receive: %" PRIu64,
			 (void *)ch, id[0]);
		if (i == 0)
			until_shown(id[0], want);
		else
			go_sleep(2 * MS);
	}
	snprintf(want, sizeof(want), "\twaits for chan %p: 0 of 0 values; receive: %" PRIu64, (void *)ch, id[0]);
	for (;;) {
		const char *at;

		dump();
		at = find_line(text, want);
		if (at && strchr(at, '\n') - 3 == strstr(at, "..."))
			break;
		go_sleep(MS);
	}
}

TEST(some_of_many_waiters)
{
	run_on(2, many_receive, NULL);
}

static void mutexes(void *arg)
{
	static struct one owner = { .wait = locks_and_waits }, a = { .wait = locks };
	char want[200];
	uint64_t io = begin(&owner), ia;

	while (go_mutex_trylock(&mutex)) {
		go_mutex_unlock(&mutex);
		go_yield();
	}
	ia = begin(&a);
	snprintf(want, sizeof(want), "\twaits for mutex %p, held by goroutine %" PRIu64, (void *)&mutex, io);
	until_shown(ia, want);
	/* Handed on: the next one is told. */
	memset(&mutex, 0, sizeof(mutex));
}

TEST(a_mutex_and_its_owner)
{
	run_on(1, mutexes, NULL);
	run_on(4, mutexes, NULL);
}

static void *locks_on_thread(void *arg)
{
	go_mutex_lock(&mutex);
	return NULL;
}

static void mutex_of_thread(void *arg)
{
	static struct one a = { .wait = locks }, b = { .wait = locks };
	uint64_t ia, ib;
	char want[200];

	pthread_join(start_thread(locks_on_thread, NULL), NULL);
	ia = begin(&a);
	snprintf(want, sizeof(want), "\twaits for mutex %p, held by a thread", (void *)&mutex);
	until_shown(ia, want);
	ib = begin(&b);
	until_shown(ib, want);
}

TEST(a_mutex_that_a_thread_holds)
{
	run_on(2, mutex_of_thread, NULL);
}

static void others(void *arg)
{
	static struct one group = { .wait = waits_for_group }, r = { .wait = locks_for_reading };
	static struct one signal = { .wait = waits_for_signal }, s = { .wait = acquires };
	char want[200];

	go_wg_add(&wg, 7);
	snprintf(want, sizeof(want), "\twaits for waitgroup %p: 7 left", (void *)&wg);
	until_shown(begin(&group), want);
	go_rwmutex_lock(&rwmutex);
	snprintf(want, sizeof(want), "\twaits for rwmutex %p, writer: goroutine 1", (void *)&rwmutex);
	until_shown(begin(&r), want);
	snprintf(want, sizeof(want), "\twaits for cond %p", (void *)&cond);
	until_shown(begin(&signal), want);
	snprintf(want, sizeof(want), "\twaits for semaphore %p", (void *)&sem);
	until_shown(begin(&s), want);
}

TEST(waitgroups_and_the_others)
{
	run_on(2, others, NULL);
}

/* ------------------------------------------------------------------ while it goes on */

static bool end;

static void hurries(void *arg)
{
	int64_t v = 0;

	while (!__atomic_load_n(&end, __ATOMIC_ACQUIRE)) {
		struct go_chan *c = make_chan(sizeof(v), (uintptr_t)arg % 2);

		go_recv_until(c, &v, go_now() + MS / 50);
		go_chan_free(c);
		go_mutex_lock(&mutex);
		go_yield();
		go_mutex_unlock(&mutex);
	}
	go_wg_done(&wg);
}

/* Channels come and go, waiters too: a dump reads what there is, and nothing is disturbed. */
static void all_change(void *arg)
{
	size_t i, n = scaled(100);

	memset(&wg, 0, sizeof(wg));
	go_wg_add(&wg, 20);
	start_n(20, hurries);
	for (i = 0; i < n; i++) {
		dump();
		CHECK(strstr(text, "hurries") || strstr(text, "goroutine 1 ["));
		go_yield();
	}
	__atomic_store_n(&end, true, __ATOMIC_RELEASE);
	go_wg_wait(&wg);
}

TEST(while_all_changes)
{
	run_on(4, all_change, NULL);
}

TEST_HARNESS_MAIN
