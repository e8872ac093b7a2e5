// SPDX-License-Identifier: GPL-2.0-only
/*
 * fd_close.c - a descriptor is closed while it is waited for, and its number used again: by
 * go_fd_close(), after which nobody uses the old file, and by close(), of which libgo learns
 * nothing.
 */
#include "fdtest.h"

static struct go_waitgroup wg;
static int fds[2];
static int waiting;
static uint64_t before;

static void waits_to_read(void *arg)
{
	char c;

	CHECK_EQ(-ECANCELED, go_read(fds[0], &c, 1));
	go_wg_done(&wg);
}

static void waits_to_write(void *arg)
{
	static char big[1 << 20];
	ssize_t n;

	do {
		n = go_write(fds[0], big, sizeof(big));
	} while (n == sizeof(big));
	CHECK(n == -ECANCELED || (n > 0 && n < (ssize_t)sizeof(big)));
	go_wg_done(&wg);
}

static void waits_until_ready(void *arg)
{
	CHECK_EQ(-ECANCELED, go_poll_fd(fds[0], POLLIN, 0));
	go_wg_done(&wg);
}

static void cancelled(void *arg)
{
	int tcp;

	for (tcp = 0; tcp < 2; tcp++) {
		if (tcp)
			make_tcp(fds);
		else
			make_pair(fds, SOCK_STREAM);
		before = parks();
		go_wg_add(&wg, 6);
		start_n(2, waits_to_read);
		start_n(2, waits_to_write);
		start_n(2, waits_until_ready);
		until_parked(before, 6);
		CHECK_EQ(0, go_fd_close(fds[0]));
		CHECK_EQ(-1, fcntl(fds[0], F_GETFD));
		go_wg_wait(&wg);
		CHECK_EQ(-EBADF, go_fd_close(fds[0]));
		CHECK_EQ(0, go_fd_close(fds[1]));
	}
}

static void waits_to_accept(void *arg)
{
	CHECK_EQ(-ECANCELED, go_accept4(fds[0], NULL, NULL, 0));
	go_wg_done(&wg);
}

static void listener_cancelled(void *arg)
{
	fds[0] = go_tcp_listen("127.0.0.1", 0);
	CHECK(fds[0] >= 0);
	before = parks();
	go_wg_add(&wg, 3);
	start_n(3, waits_to_accept);
	until_parked(before, 3);
	CHECK_EQ(0, go_fd_close(fds[0]));
	go_wg_wait(&wg);
}

/* Another file gets the number while those who waited for the old one are on their way out. */
static void reused(void *arg)
{
	int i, old, p[2];
	char c;

	for (i = 0; i < (int)scaled(200); i++) {
		make_pair(fds, SOCK_STREAM);
		old = fds[0];
		before = parks();
		go_wg_add(&wg, 3);
		start_n(3, waits_to_read);
		until_parked(before, 3);
		CHECK_EQ(0, go_fd_close(fds[0]));
		make_pair(p, SOCK_STREAM);
		CHECK_EQ(old, p[0]);
		/* For whoever reads the new file, which none of them does. */
		CHECK_EQ(1, go_write(p[1], "n", 1));
		go_wg_wait(&wg);
		CHECK_EQ(1, go_read(p[0], &c, 1));
		CHECK_EQ('n', c);
		close_both(p);
		CHECK_EQ(0, go_fd_close(fds[1]));
	}
}

/* The file lives on by another number: what happens to it wakes nobody by the old one. */
static void duplicated(void *arg)
{
	int old, twin, p[2];
	char c;

	make_pair(fds, SOCK_STREAM);
	old = fds[0];
	before = parks();
	go_wg_add(&wg, 1);
	start(waits_to_read, NULL);
	until_parked(before, 1);
	twin = dup(fds[0]);
	CHECK(twin >= 0);
	CHECK_EQ(0, go_fd_close(fds[0]));
	go_wg_wait(&wg);
	make_pair(p, SOCK_STREAM);
	CHECK_EQ(old, p[0]);
	CHECK_EQ(0, go_fd_deadline(p[0], go_now() + 5 * MS));
	CHECK_EQ(1, go_write(fds[1], "x", 1));
	CHECK_EQ(-ETIMEDOUT, go_read(p[0], &c, 1));
	CHECK_EQ(1, go_read(twin, &c, 1));
	CHECK_EQ('x', c);
	CHECK_EQ(0, go_fd_close(twin));
	CHECK_EQ(0, go_fd_close(fds[1]));
	close_both(p);
}

/* A deadline goes with its file. */
static void deadline_gone(void *arg)
{
	int p[2], old;
	char c;

	make_pair(fds, SOCK_STREAM);
	old = fds[0];
	CHECK_EQ(0, go_fd_deadline(fds[0], 1));
	CHECK_EQ(0, go_fd_close(fds[0]));
	make_pair(p, SOCK_STREAM);
	CHECK_EQ(old, p[0]);
	CHECK_EQ(-ETIMEDOUT, go_poll_fd(p[0], POLLIN, go_now() + MS));
	CHECK_EQ(1, go_write(p[1], "x", 1));
	CHECK_EQ(1, go_read(p[0], &c, 1));
	close_both(p);
	CHECK_EQ(0, go_fd_close(fds[1]));
}

/* ------------------------------------------------------------------- by close() */

static void closes(void *arg)
{
	until(rd(waiting));
	go_sleep((intptr_t)arg * MS);
	close(fds[0]);
	go_wg_done(&wg);
}

/* Who waits is told at some time. @arg: how long it has waited then, in ms. */
static void closed_unseen(void *arg)
{
	char c;

	make_pair(fds, SOCK_STREAM);
	waiting = 0;
	go_wg_add(&wg, 1);
	start(closes, arg);
	inc(waiting);
	CHECK_EQ(-EBADF, go_read(fds[0], &c, 1));
	go_wg_wait(&wg);
	CHECK_EQ(0, go_fd_close(fds[1]));
}

static void writes_late(void *arg)
{
	go_sleep(2 * MS);
	CHECK_EQ(1, go_write(fds[1], "x", 1));
	go_wg_done(&wg);
}

/* The number was waited for as another file's. */
static void reopened_unseen(void *arg)
{
	int i, first = -1;
	char c;

	for (i = 0; i < 3; i++) {
		make_pair(fds, SOCK_STREAM);
		if (i)
			CHECK_EQ(first, fds[0]);
		first = fds[0];
		go_wg_add(&wg, 1);
		start(writes_late, NULL);
		CHECK_EQ(1, go_read(fds[0], &c, 1));
		go_wg_wait(&wg);
		close(fds[0]);
		close(fds[1]);
	}
}

/* What libgo makes begins anew, whoever closed the number before: no time is lost. */
static void accepted_anew(void *arg)
{
	int i, n = (int)scaled(300), p[2];
	char c;

	for (i = 0; i < n; i++) {
		make_tcp(p);
		fds[0] = p[0];
		fds[1] = p[1];
		CHECK_EQ(0, go_fd_deadline(p[0], go_now() + 3600000 * MS));
		go_wg_add(&wg, 1);
		start(writes_late, NULL);
		CHECK_EQ(1, go_read(p[0], &c, 1));
		go_wg_wait(&wg);
		close(p[0]);
		close(p[1]);
	}
}

/* ---------------------------------------------------------------------- stress */

#define PAIRS 8

/*
 * A slot's pair of sockets is closed and made anew all the time, while others read from it.
 * Each byte says which generation it was written to, and is read by nobody who came for another
 * one. Who is to read may be stopped before it has begun; so while a pair is closed, no number is
 * taken until all that came for it have gone.
 */
static struct slot {
	struct go_mutex mutex;
	int fd[2];
	unsigned char gen;
	int readers;
} slots[PAIRS];
static struct go_mutex numbers;
static struct go_waitgroup closers;
static bool over;
static unsigned long cancels, bytes, closings;

static void reader(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 7919 + 1;

	while (!rd(over)) {
		struct slot *s = &slots[(random_next(&seed) >> 20) % PAIRS];
		unsigned char c, gen;
		ssize_t n;
		int fd;

		go_mutex_lock(&s->mutex);
		fd = s->fd[0];
		gen = s->gen;
		inc(s->readers);
		go_mutex_unlock(&s->mutex);
		n = go_read(fd, &c, 1);
		__atomic_sub_fetch(&s->readers, 1, __ATOMIC_ACQ_REL);
		if (n == 1) {
			CHECK_EQ(gen, c);
			inc(bytes);
		} else if (n == -ECANCELED) {
			inc(cancels);
		} else {
			CHECK_EQ(-EBADF, n);
		}
	}
	go_wg_done(&wg);
}

static void closer(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 104729 + 1;

	while (!rd(over)) {
		struct slot *s = &slots[(random_next(&seed) >> 20) % PAIRS];
		int k;

		go_mutex_lock(&s->mutex);
		for (k = (int)(seed % 4); k; k--)
			/* Nobody may be there to read: then there is no room at some time. */
			go_sendto(s->fd[1], &s->gen, 1, MSG_DONTWAIT, NULL, 0);
		if (seed % 3 == 0)
			go_yield();
		if (seed % 2) {
			go_mutex_lock(&numbers);
			CHECK_EQ(0, go_fd_close(s->fd[0]));
			while (rd(s->readers))
				go_yield();
			CHECK_EQ(0, go_fd_close(s->fd[1]));
			make_pair(s->fd, SOCK_STREAM);
			go_mutex_unlock(&numbers);
			s->gen++;
			inc(closings);
		}
		go_mutex_unlock(&s->mutex);
	}
	go_wg_done(&closers);
}

static void close_and_reopen(void *arg)
{
	size_t want = scaled(2000);
	int i;

	over = false;
	cancels = bytes = closings = 0;
	for (i = 0; i < PAIRS; i++) {
		make_pair(slots[i].fd, SOCK_STREAM);
		slots[i].gen = (unsigned char)i;
	}
	go_wg_add(&wg, 16);
	go_wg_add(&closers, 4);
	start_n(16, reader);
	start_n(4, closer);
	while (rd(closings) < want || rd(bytes) < want / 4 || !rd(cancels))
		go_sleep(MS);
	wr(over, true);
	go_wg_wait(&closers);
	for (i = 0; i < PAIRS; i++)
		close_both(slots[i].fd);
	go_wg_wait(&wg);
}

/* Two that close at once: one does, the other is told. */
static int closed, refused;

static void closes_too(void *arg)
{
	int ret = go_fd_close(fds[0]);

	if (ret == -EBADF)
		inc(refused);
	else
		CHECK_EQ(0, ret);
	if (!ret)
		inc(closed);
	go_wg_done(&wg);
}

static void closed_at_once(void *arg)
{
	int i, n = (int)scaled(300);

	for (i = 0; i < n; i++) {
		make_pair(fds, SOCK_STREAM);
		closed = refused = 0;
		before = parks();
		go_wg_add(&wg, 4);
		start_n(1, waits_to_read);
		until_parked(before, 1);
		start_n(3, closes_too);
		go_wg_wait(&wg);
		CHECK_EQ(1, closed);
		CHECK_EQ(2, refused);
		CHECK_EQ(0, go_fd_close(fds[1]));
	}
}

TEST(who_waits_is_cancelled)
{
	run_on(1, cancelled, NULL);
	run_on(4, cancelled, NULL);
}

TEST(listener)
{
	run_on(1, listener_cancelled, NULL);
	run_on(4, listener_cancelled, NULL);
}

TEST(number_used_again)
{
	run_on(1, reused, NULL);
	run_on(4, reused, NULL);
}

TEST(file_has_another_number)
{
	run_on(1, duplicated, NULL);
}

TEST(deadline_goes_with_its_file)
{
	run_on(1, deadline_gone, NULL);
}

TEST(closed_by_close)
{
	run_on(1, closed_unseen, (void *)2);
}

/* By then the monitor has asked whether it is still registered, and sleeps. */
TEST(closed_by_close_late)
{
	run_on(1, closed_unseen, (void *)100);
}

TEST(reopened_after_close)
{
	run_on(1, reopened_unseen, NULL);
}

TEST(new_connection_after_close)
{
	run_on(2, accepted_anew, NULL);
}

TEST(closed_and_reopened)
{
	run_on(1, close_and_reopen, NULL);
	run_on(4, close_and_reopen, NULL);
}

TEST(closed_by_several)
{
	run_on(1, closed_at_once, NULL);
	run_on(4, closed_at_once, NULL);
}

TEST_HARNESS_MAIN
