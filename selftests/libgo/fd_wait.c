// SPDX-License-Identifier: GPL-2.0-only
/*
 * fd_wait.c - several that wait for the same descriptor; much at once; the other side ends;
 * waiting for readiness alone; deadlines.
 */
#include "fdtest.h"

static struct go_waitgroup wg;
static int fds[2];
static unsigned long got, turns[16];
static int waiting;

/* ------------------------------------------------------------- several at once */

static void reads_one(void *arg)
{
	char c;

	inc(waiting);
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	turns[inc(got) - 1] = (unsigned long)arg;
	go_wg_done(&wg);
}

/* All that is there comes at once, with one edge: each that waits gets a byte, in turn. */
static void one_edge(void *arg)
{
	int i;

	make_pair(fds, SOCK_STREAM);
	got = 0;
	waiting = 0;
	go_wg_add(&wg, 8);
	for (i = 0; i < 8; i++) {
		start(reads_one, (void *)(intptr_t)i);
		until(rd(waiting) == i + 1);
		go_sleep(MS);
	}
	CHECK_EQ(8, go_write(fds[1], "abcdefgh", 8));
	go_wg_wait(&wg);
	close_both(fds);
}

static void one_edge_in_order(void *arg)
{
	unsigned long i;

	one_edge(NULL);
	for (i = 0; i < 8; i++)
		CHECK_EQ(i, turns[i]);
}

static unsigned long sum_in, sum_out;
static struct go_waitgroup readers, writers;

static void sums_up(void *arg)
{
	unsigned char buf[7];
	ssize_t n, i;

	while ((n = go_read(fds[0], buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++)
			__atomic_add_fetch(&sum_out, buf[i], __ATOMIC_RELAXED);
	CHECK_EQ(0, n);
	go_wg_done(&readers);
}

static void sends_bytes(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 77;
	size_t i, k, n = scaled(2000);
	unsigned char buf[64];

	for (i = 0; i < n; i++) {
		size_t len = random_next(&seed) % sizeof(buf) + 1;

		for (k = 0; k < len; k++) {
			buf[k] = (unsigned char)random_next(&seed);
			__atomic_add_fetch(&sum_in, buf[k], __ATOMIC_RELAXED);
		}
		CHECK_EQ(len, go_write(fds[1], buf, len));
	}
	go_wg_done(&writers);
}

/* Nobody is left behind: neither by one edge for many bytes, nor at the end. */
static void crowd(void *arg)
{
	int kind;

	for (kind = 0; kind < 3; kind++) {
		if (kind == 0)
			make_pair(fds, SOCK_STREAM);
		else if (kind == 1)
			make_pipe(fds, 0);
		else
			make_tcp(fds);
		sum_in = sum_out = 0;
		go_wg_add(&readers, 5);
		go_wg_add(&writers, 3);
		start_n(5, sums_up);
		start_n(3, sends_bytes);
		go_wg_wait(&writers);
		CHECK_EQ(0, go_fd_close(fds[1]));
		go_wg_wait(&readers);
		CHECK_EQ(sum_in, sum_out);
		CHECK_EQ(0, go_fd_close(fds[0]));
	}
}

/* ------------------------------------------------------------------- much at once */

#define MUCH ((size_t)1 << 20)

static void reads_much(void *arg)
{
	static unsigned char buf[10007];
	size_t done = 0;
	ssize_t n, i;

	while ((n = go_read(fds[0], buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++, done++)
			CHECK_EQ((done * 7 + done / 255) & 0xff, buf[i]);
	CHECK_EQ(0, n);
	CHECK_EQ(*(size_t *)arg, done);
	go_wg_done(&readers);
}

/* More than there is room for, in one call: it returns when all is written. */
static void much(void *arg)
{
	size_t n = TEST_VALGRIND ? MUCH / 4 : MUCH, i;
	unsigned char *buf = malloc(n);
	struct iovec iov[9];
	int kind, vector;

	CHECK(buf);
	for (i = 0; i < n; i++)
		buf[i] = (unsigned char)(i * 7 + i / 255);
	/* Of odd sizes, some empty. */
	for (i = 0; i < 9; i++)
		iov[i] = (struct iovec){ buf + n / 8 * i, i < 8 ? n / 8 : 0 };
	iov[2].iov_len -= 1000;
	iov[3].iov_base = (char *)iov[3].iov_base - 1000;
	iov[3].iov_len += 1000;

	for (kind = 0; kind < 3; kind++) {
		for (vector = 0; vector < 3; vector++) {
			if (kind == 0)
				make_pair(fds, SOCK_STREAM);
			else if (kind == 1)
				make_pipe(fds, 0);
			else
				make_tcp(fds);
			go_wg_add(&readers, 1);
			start(reads_much, &n);
			if (vector == 0) {
				CHECK_EQ(n, go_write(fds[1], buf, n));
			} else if (vector == 1 || kind == 1) {
				CHECK_EQ(n, go_writev(fds[1], iov, 9));
			} else {
				struct msghdr m = { .msg_iov = iov, .msg_iovlen = 9 };

				CHECK_EQ(n, go_sendmsg(fds[1], &m, 0));
			}
			CHECK_EQ(0, go_fd_close(fds[1]));
			go_wg_wait(&readers);
			CHECK_EQ(0, go_fd_close(fds[0]));
		}
	}
	free(buf);
}

/* Several buffers at the other end as well. */
static void scatters(void *arg)
{
	char a[3], b[4], c[5];
	struct iovec iov[] = { { a, 3 }, { b, 4 }, { c, 5 } };
	int kind;

	for (kind = 0; kind < 2; kind++) {
		if (kind)
			make_pipe(fds, 0);
		else
			make_pair(fds, SOCK_STREAM);
		CHECK_EQ(9, go_write(fds[1], "123456789", 9));
		CHECK_EQ(9, go_readv(fds[0], iov, 3));
		CHECK(!memcmp(a, "123", 3) && !memcmp(b, "4567", 4) && !memcmp(c, "89", 2));
		close_both(fds);
	}
}

/* ------------------------------------------------------------- the other side ends */

static void ends_late(void *arg)
{
	go_sleep(2 * MS);
	if (arg)
		CHECK_EQ(0, shutdown(fds[1], SHUT_WR));
	else
		CHECK_EQ(0, go_fd_close(fds[1]));
	go_wg_done(&wg);
}

static void the_end(void *arg)
{
	char buf[8];
	int kind;

	for (kind = 0; kind < 3; kind++) {
		if (kind == 0)
			make_pair(fds, SOCK_STREAM);
		else if (kind == 1)
			make_pipe(fds, 0);
		else
			make_tcp(fds);
		go_wg_add(&wg, 1);
		start(ends_late, NULL);
		CHECK_EQ(0, go_read(fds[0], buf, 8));
		CHECK_EQ(0, go_read(fds[0], buf, 8));
		go_wg_wait(&wg);
		CHECK_EQ(0, go_fd_close(fds[0]));
	}
}

/* It writes no more, and still reads. */
static void half(void *arg)
{
	char buf[8];
	int tcp;

	for (tcp = 0; tcp < 2; tcp++) {
		if (tcp)
			make_tcp(fds);
		else
			make_pair(fds, SOCK_STREAM);
		CHECK_EQ(3, go_write(fds[1], "abc", 3));
		go_wg_add(&wg, 1);
		start(ends_late, fds);
		/* Less than was asked for comes with the end right behind it. */
		CHECK_EQ(3, go_read(fds[0], buf, 8));
		CHECK_EQ(0, go_read(fds[0], buf, 8));
		CHECK_EQ(4, go_write(fds[0], "defg", 4));
		CHECK_EQ(4, go_read(fds[1], buf, 8));
		CHECK_EQ(0, go_fd_close(fds[0]));
		CHECK_EQ(0, go_read(fds[1], buf, 8));
		go_wg_wait(&wg);
		CHECK_EQ(0, go_fd_close(fds[1]));
	}
}

/* Data and the end are there before anybody looks, and come in one edge. */
static void end_with_data(void *arg)
{
	char buf[8];
	int i;

	for (i = 0; i < (int)scaled(100); i++) {
		make_tcp(fds);
		CHECK_EQ(2, go_write(fds[1], "ab", 2));
		CHECK_EQ(2, go_read(fds[0], buf, 8));
		CHECK_EQ(2, go_write(fds[1], "cd", 2));
		CHECK_EQ(0, go_fd_close(fds[1]));
		CHECK_EQ(2, go_read(fds[0], buf, 8));
		CHECK_EQ(0, go_read(fds[0], buf, 8));
		CHECK_EQ(0, go_fd_close(fds[0]));
	}
}

/* Nobody reads any more: an error, and no signal (its action is to end the program). */
static void broken(void *arg)
{
	struct msghdr m = { 0 };
	struct iovec iov = { "x", 1 };
	char big[4096] = "";
	int tcp;

	for (tcp = 0; tcp < 2; tcp++) {
		if (tcp)
			make_tcp(fds);
		else
			make_pair(fds, SOCK_STREAM);
		CHECK_EQ(0, go_fd_close(fds[0]));
		while (go_write(fds[1], big, sizeof(big)) > 0)
			;
		CHECK_EQ(-EPIPE, go_write(fds[1], "x", 1));
		CHECK_EQ(-EPIPE, go_writev(fds[1], &iov, 1));
		m.msg_iov = &iov;
		m.msg_iovlen = 1;
		CHECK_EQ(-EPIPE, go_sendmsg(fds[1], &m, 0));
		CHECK_EQ(0, go_fd_close(fds[1]));
	}
}

static void closes_reader(void *arg)
{
	go_sleep(2 * MS);
	CHECK_EQ(0, go_fd_close(fds[0]));
	go_wg_done(&wg);
}

/* So much was written when it broke. */
static void part(void *arg)
{
	static char big[1 << 20];
	ssize_t n;

	make_pair(fds, SOCK_STREAM);
	go_wg_add(&wg, 1);
	start(closes_reader, NULL);
	n = go_write(fds[1], big, sizeof(big));
	CHECK(n > 0 && n < (ssize_t)sizeof(big));
	CHECK_EQ(-EPIPE, go_write(fds[1], big, sizeof(big)));
	go_wg_wait(&wg);
	CHECK_EQ(0, go_fd_close(fds[1]));
}

/* -------------------------------------------------------------------- readiness */

static void polls(void *arg)
{
	char c;

	CHECK(go_poll_fd(fds[0], POLLIN, 0) & POLLIN);
	inc(got);
	until(rd(got) == 4);
	if (arg)
		CHECK_EQ(1, go_read(fds[0], &c, 1));
	go_wg_done(&wg);
}

static void readiness(void *arg)
{
	char c, big[4096] = "";
	int64_t deadline;
	long i;

	make_pair(fds, SOCK_STREAM);
	CHECK_EQ(POLLOUT, go_poll_fd(fds[0], POLLOUT, 0));
	CHECK_EQ(POLLOUT, go_poll_fd(fds[0], POLLIN | POLLOUT, 0));
	deadline = go_now() + 2 * MS;
	CHECK_EQ(-ETIMEDOUT, go_poll_fd(fds[0], POLLIN, deadline));
	CHECK(go_now() >= deadline);
	CHECK_EQ(-ETIMEDOUT, go_poll_fd(fds[0], POLLIN, 1));
	/* Each of them is woken; nothing is taken. */
	got = 0;
	go_wg_add(&wg, 4);
	for (i = 0; i < 4; i++)
		start(polls, (void *)i);
	go_sleep(2 * MS);
	CHECK_EQ(3, go_write(fds[1], "abc", 3));
	go_wg_wait(&wg);
	CHECK_EQ(-ETIMEDOUT, go_poll_fd(fds[0], POLLIN, 1));
	CHECK_EQ(1, go_write(fds[1], "d", 1));
	CHECK_EQ(POLLIN, go_poll_fd(fds[0], POLLIN, 1));
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	/* No room to write. */
	CHECK_EQ(0, go_fd_deadline(fds[1], 1));
	while (go_write(fds[1], big, sizeof(big)) > 0)
		;
	CHECK_EQ(0, go_fd_deadline(fds[1], 0));
	CHECK_EQ(-ETIMEDOUT, go_poll_fd(fds[1], POLLOUT | POLLIN, go_now() + MS));
	CHECK_EQ(0, go_fd_close(fds[0]));
	CHECK(go_poll_fd(fds[1], POLLIN, 0) & POLLHUP);
	CHECK_EQ(0, go_fd_close(fds[1]));
}

static void writes_first(void *arg)
{
	go_sleep(2 * MS);
	CHECK_EQ(1, go_write(fds[1], "x", 1));
	go_wg_done(&wg);
}

/* For either of two, of which one comes. */
static void either(void *arg)
{
	char big[4096] = "";

	make_pair(fds, SOCK_STREAM);
	CHECK_EQ(0, go_fd_deadline(fds[0], 1));
	while (go_write(fds[0], big, sizeof(big)) > 0)
		;
	CHECK_EQ(0, go_fd_deadline(fds[0], 0));
	go_wg_add(&wg, 1);
	start(writes_first, NULL);
	CHECK_EQ(POLLIN, go_poll_fd(fds[0], POLLIN | POLLOUT, 0));
	go_wg_wait(&wg);
	close_both(fds);
}

/* A regular file is always ready. */
static void ready_file(void *arg)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(POLLIN | POLLOUT, go_poll_fd(fd, POLLIN | POLLOUT, 0));
	CHECK_EQ(0, go_fd_close(fd));
}

/* -------------------------------------------------------------------- deadlines */

static void deadlines(void *arg)
{
	int64_t t;
	char c;
	int i;

	make_pair(fds, SOCK_STREAM);
	for (i = 0; i < 10; i++) {
		t = go_now() + i * 300000;
		CHECK_EQ(0, go_fd_deadline(fds[0], t));
		CHECK_EQ(-ETIMEDOUT, go_read(fds[0], &c, 1));
		CHECK(go_now() >= t);
	}
	/* It has passed: what need not wait still succeeds. */
	CHECK_EQ(0, go_fd_deadline(fds[0], -1));
	CHECK_EQ(-ETIMEDOUT, go_read(fds[0], &c, 1));
	CHECK_EQ(1, go_write(fds[1], "x", 1));
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	CHECK_EQ(-ETIMEDOUT, go_read(fds[0], &c, 1));
	/* None again, or a far one. */
	CHECK_EQ(0, go_fd_deadline(fds[0], INT64_MAX));
	go_wg_add(&wg, 1);
	start(writes_first, NULL);
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	CHECK_EQ(0, go_fd_deadline(fds[0], 0));
	go_wg_wait(&wg);
	go_wg_add(&wg, 1);
	start(writes_first, NULL);
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	go_wg_wait(&wg);
	close_both(fds);
}

static void moves(void *arg)
{
	go_sleep(2 * MS);
	CHECK_EQ(0, go_fd_deadline(fds[0], go_now() + (intptr_t)arg));
	go_wg_done(&wg);
}

static void writes_later(void *arg)
{
	go_sleep(30 * MS);
	CHECK_EQ(1, go_write(fds[1], "x", 1));
	go_wg_done(&wg);
}

/* While somebody waits: to an earlier time, to a later one, away. */
static void moved(void *arg)
{
	char c;

	make_pair(fds, SOCK_STREAM);
	go_wg_add(&wg, 1);
	start(moves, (void *)0);
	CHECK_EQ(-ETIMEDOUT, go_read(fds[0], &c, 1));
	go_wg_wait(&wg);
	CHECK_EQ(0, go_fd_deadline(fds[0], go_now() + 3600000 * MS));
	go_wg_add(&wg, 1);
	start(moves, (void *)(2 * MS));
	CHECK_EQ(-ETIMEDOUT, go_read(fds[0], &c, 1));
	go_wg_wait(&wg);
	/* Within this one it would not come. */
	CHECK_EQ(0, go_fd_deadline(fds[0], go_now() + 2000 * MS));
	go_wg_add(&wg, 2);
	start(moves, (void *)(3600000 * MS));
	start(writes_later, NULL);
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	go_wg_wait(&wg);
	close_both(fds);
}

/* What has come is read, though the deadline has passed, and though nothing has told of it yet. */
static void passed(void *arg)
{
	char buf[8];
	int p[2], i;

	make_tcp(p);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(0, go_fd_deadline(p[0], 0));
		CHECK_EQ(1, go_write(p[1], "a", 1));
		/* Less than it asks for: the next one waits until it is told of more. */
		CHECK_EQ(1, go_read(p[0], buf, sizeof(buf)));
		CHECK_EQ(2, go_write(p[1], "bc", 2));
		CHECK_EQ(0, go_fd_deadline(p[0], go_now()));
		CHECK_EQ(2, go_read(p[0], buf, sizeof(buf)));
		CHECK_EQ(-ETIMEDOUT, go_read(p[0], buf, sizeof(buf)));
		CHECK_EQ(-ETIMEDOUT, go_read(p[0], buf, sizeof(buf)));
	}
	close_both(p);
}

/* Either the byte comes or the time is over: no byte is lost, and none comes twice. */
static void impatient(void *arg)
{
	uint64_t seed = 4711;
	size_t i, n = scaled(2000), in = 0;
	char c;

	make_pair(fds, SOCK_STREAM);
	go_wg_add(&writers, 1);
	start_n(1, sends_bytes);
	sum_in = sum_out = 0;
	for (i = 0; i < n || rd(in) == 0; i++) {
		random_next(&seed);
		CHECK_EQ(0, go_fd_deadline(fds[0], go_now() + (int64_t)(seed % 20000)));
		if (go_read(fds[0], &c, 1) == 1) {
			in++;
			sum_out += (unsigned char)c;
		}
	}
	CHECK_EQ(0, go_fd_deadline(fds[0], 0));
	go_wg_add(&readers, 1);
	start(sums_up, NULL);
	go_wg_wait(&writers);
	CHECK_EQ(0, go_fd_close(fds[1]));
	go_wg_wait(&readers);
	CHECK_EQ(sum_in, sum_out);
	CHECK_EQ(0, go_fd_close(fds[0]));
}

TEST(first_come_first_served)
{
	UNDISTURBED(one_edge_in_order, NULL);
}

TEST(one_edge_serves_all)
{
	run_on(4, one_edge, NULL);
}

TEST(many_readers_and_writers)
{
	run_on(1, crowd, NULL);
	run_on(4, crowd, NULL);
}

TEST(writes_all)
{
	run_on(1, much, NULL);
	run_on(4, much, NULL);
}

TEST(several_buffers)
{
	run_on(1, scatters, NULL);
}

TEST(end_of_file)
{
	run_on(1, the_end, NULL);
}

TEST(half_closed)
{
	run_on(1, half, NULL);
}

TEST(end_behind_data)
{
	run_on(2, end_with_data, NULL);
}

TEST(no_sigpipe)
{
	run_on(1, broken, NULL);
}

TEST(part_is_counted)
{
	run_on(1, part, NULL);
}

TEST(poll_fd)
{
	run_on(1, readiness, NULL);
}

TEST(poll_fd_either)
{
	run_on(1, either, NULL);
}

TEST(poll_fd_file)
{
	run_on(1, ready_file, NULL);
}

TEST(deadline_never_early)
{
	run_on(1, deadlines, NULL);
}

TEST(deadline_moved_while_waiting)
{
	run_on(1, moved, NULL);
}

TEST(deadline_passed_and_data_there)
{
	run_on(1, passed, NULL);
}

TEST(delivered_or_timed_out)
{
	run_on(1, impatient, NULL);
	run_on(4, impatient, NULL);
}

TEST_HARNESS_MAIN
