// SPDX-License-Identifier: GPL-2.0-only
/*
 * fd_kinds.c - reading and writing whatever has a descriptor: it waits as a goroutine, others
 * run meanwhile, and the descriptor's own flags stay as they were.
 */
#include "fdtest.h"

#include <limits.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <termios.h>

static struct go_waitgroup wg;

/* What a reader reads, and a writer writes a while later. */
struct pass {
	int from, to;
	size_t n;
	char sent[16];
};

static void writes_late(void *arg)
{
	struct pass *p = arg;

	go_sleep(2 * MS);
	CHECK_EQ(p->n, go_write(p->to, p->sent, p->n));
	go_wg_done(&wg);
}

/* One P: had the reader's thread waited, the writer would have had none until it was taken. */
static void passes(int from, int to, size_t n)
{
	struct pass p = { from, to, n, "abcdefghijklmno" };
	const int flags = fcntl(from, F_GETFL);
	char got[16] = "";
	struct go_stats s;
	int i;

	for (i = 0; i < 3; i++) {
		memset(got, 0, sizeof(got));
		go_wg_add(&wg, 1);
		start(writes_late, &p);
		CHECK_EQ(n, go_read(from, got, n));
		CHECK(!memcmp(got, p.sent, n));
		go_wg_wait(&wg);
	}
	CHECK_EQ(flags, fcntl(from, F_GETFL));
	go_stats(&s);
	CHECK(s.parks >= 3);
}

static void pipes(void *arg)
{
	int p[2];

	make_pipe(p, 0);
	passes(p[0], p[1], 5);
	close_both(p);
	make_pipe(p, O_NONBLOCK);
	passes(p[0], p[1], 5);
	close_both(p);
	make_pipe(p, O_DIRECT);
	passes(p[0], p[1], 5);
	close_both(p);
}

static void pairs(void *arg)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET,
				     SOCK_STREAM | SOCK_NONBLOCK };
	int p[2];
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		make_pair(p, types[i]);
		passes(p[0], p[1], 9);
		passes(p[1], p[0], 9);
		close_both(p);
	}
}

static void tcps(void *arg)
{
	int p[2];

	make_tcp(p);
	passes(p[0], p[1], 15);
	passes(p[1], p[0], 15);
	close_both(p);
}

static void eventfds(void *arg)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	CHECK(fd >= 0);
	passes(fd, fd, 8);
	CHECK_EQ(0, go_fd_close(fd));
}

static void ttys(void *arg)
{
	struct termios t;
	int p[2];

	CHECK_EQ(0, openpty(&p[0], &p[1], NULL, NULL, NULL));
	CHECK_EQ(0, tcgetattr(p[1], &t));
	cfmakeraw(&t);
	CHECK_EQ(0, tcsetattr(p[1], TCSANOW, &t));
	passes(p[0], p[1], 6);
	passes(p[1], p[0], 6);
	close_both(p);
}

static void timerfds(void *arg)
{
	const struct itimerspec in_2ms = { .it_value = { 0, 2 * MS } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t n = 0;
	int i;

	CHECK(fd >= 0);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(0, timerfd_settime(fd, 0, &in_2ms, NULL));
		CHECK_EQ(8, go_read(fd, &n, 8));
		CHECK_EQ(1, n);
	}
	CHECK_EQ(0, go_fd_close(fd));
}

static void kills_late(void *arg)
{
	go_sleep(2 * MS);
	CHECK_EQ(0, kill(getpid(), SIGUSR1));
	go_wg_done(&wg);
}

static void signalfds(void *arg)
{
	struct signalfd_siginfo info;
	int fd, i;

	fd = signalfd(-1, arg, SFD_CLOEXEC);
	CHECK(fd >= 0);
	for (i = 0; i < 3; i++) {
		go_wg_add(&wg, 1);
		start(kills_late, NULL);
		CHECK_EQ(sizeof(info), go_read(fd, &info, sizeof(info)));
		CHECK_EQ(SIGUSR1, info.ssi_signo);
		go_wg_wait(&wg);
	}
	CHECK_EQ(0, go_fd_close(fd));
}

static void files(void *arg)
{
	char name[] = "/tmp/fd_kinds.XXXXXX", buf[100];
	int fd = mkstemp(name), i;

	CHECK(fd >= 0);
	unlink(name);
	for (i = 0; i < 3; i++)
		CHECK_EQ(10, go_write(fd, "0123456789", 10));
	CHECK_EQ(0, go_read(fd, buf, sizeof(buf)));
	CHECK_EQ(0, lseek(fd, 0, SEEK_SET));
	CHECK_EQ(30, go_read(fd, buf, sizeof(buf)));
	CHECK(!memcmp(buf, "012345678901234567890123456789", 30));
	CHECK_EQ(4, go_pread(fd, buf, 4, 8));
	CHECK(!memcmp(buf, "8901", 4));
	CHECK_EQ(2, go_pwrite(fd, "ab", 2, 29));
	CHECK_EQ(2, go_pread(fd, buf, 10, 29));
	CHECK(!memcmp(buf, "ab", 2));
	CHECK_EQ(-EINVAL, go_pread(fd, buf, 4, -1));
	CHECK_EQ(0, go_fd_close(fd));

	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(-EISDIR, go_read(fd, buf, sizeof(buf)));
	CHECK_EQ(0, go_fd_close(fd));
}

static void devices(void *arg)
{
	char buf[1000] = "x", zero[1000] = "";
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(1000, go_read(fd, buf, 1000));
	CHECK(!memcmp(buf, zero, 1000));
	CHECK_EQ(1000, go_write(fd, buf, 1000));
	CHECK_EQ(0, go_fd_close(fd));
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(0, go_read(fd, buf, 1000));
	CHECK_EQ(1000, go_write(fd, buf, 1000));
	CHECK_EQ(0, go_fd_close(fd));
}

/* A number that was a file is a pipe, and so on: what is remembered of it is wrong. */
static void changes(void *arg)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), p[2], i;
	char c;

	CHECK(fd >= 0);
	for (i = 0; i < 4; i++) {
		if (i)
			CHECK_EQ(fd, open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
		CHECK_EQ(1, go_read(fd, &c, 1));
		CHECK_EQ(0x7f, c);
		close(fd);
		make_pipe(p, 0);
		CHECK_EQ(fd, p[0]);
		passes(p[0], p[1], 3);
		close(p[0]);
		close(p[1]);
		make_pair(p, SOCK_STREAM);
		CHECK_EQ(fd, p[0]);
		passes(p[0], p[1], 3);
		close(p[0]);
		close(p[1]);
		CHECK_EQ(fd, eventfd(0, EFD_CLOEXEC));
		passes(fd, fd, 8);
		close(fd);
	}
}

static void wrong(void *arg)
{
	char c;

	CHECK_EQ(-EBADF, go_read(-1, &c, 1));
	CHECK_EQ(-EBADF, go_write(-1, &c, 1));
	CHECK_EQ(-EBADF, go_read(1000000, &c, 1));
	CHECK_EQ(-EBADF, go_read(INT_MAX, &c, 1));
	CHECK_EQ(-EBADF, go_accept4(-1, NULL, NULL, 0));
	CHECK_EQ(-EBADF, go_connect(-1, (struct sockaddr *)&(struct sockaddr_un){ 0 }, 2));
	CHECK_EQ(-EBADF, go_poll_fd(-1, POLLIN, 0));
	CHECK_EQ(-EBADF, go_poll_fd(1000000, POLLIN, 0));
	CHECK_EQ(-EBADF, go_fd_deadline(-1, 0));
	CHECK_EQ(-EBADF, go_fd_deadline(1000000, 0));
	CHECK_EQ(-EBADF, go_fd_close(-1));
	CHECK_EQ(-EBADF, go_fd_close(1000000));
	CHECK_EQ(-EBADF, go_pread(-1, &c, 1, 0));
}

static void wrong_kind(void *arg)
{
	struct msghdr m = { 0 };
	int p[2], fd;
	char c;

	make_pipe(p, 0);
	CHECK_EQ(-ENOTSOCK, go_accept4(p[0], NULL, NULL, 0));
	CHECK_EQ(-ENOTSOCK, go_recvmsg(p[0], &m, 0));
	CHECK_EQ(-ENOTSOCK, go_sendmsg(p[1], &m, 0));
	CHECK_EQ(-EBADF, go_write(p[0], "x", 1));
	CHECK_EQ(-EBADF, go_read(p[1], &c, 1));
	CHECK_EQ(-ESPIPE, go_pread(p[0], &c, 1, 0));
	close_both(p);
	make_pair(p, SOCK_STREAM);
	CHECK_EQ(-EINVAL, go_accept4(p[0], NULL, NULL, 0));
	close_both(p);
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CHECK_EQ(-ENOTSOCK, go_accept4(fd, NULL, NULL, 0));
	CHECK_EQ(-EBADF, go_write(fd, "x", 1));
	CHECK_EQ(0, go_fd_close(fd));
}

/* Nothing to read is asked for, so nothing is waited for. */
static void empty(void *arg)
{
	struct iovec none = { NULL, 0 };
	int p[2];
	char c;

	make_pipe(p, 0);
	CHECK_EQ(0, go_read(p[0], &c, 0));
	CHECK_EQ(0, go_write(p[1], &c, 0));
	CHECK_EQ(0, go_readv(p[0], &none, 1));
	CHECK_EQ(0, go_readv(p[0], &none, 0));
	CHECK_EQ(0, go_writev(p[1], &none, 1));
	CHECK_EQ(-EINVAL, go_readv(p[0], &none, -1));
	CHECK_EQ(-EINVAL, go_writev(p[1], &none, -1));
	close_both(p);
	make_pair(p, SOCK_STREAM);
	CHECK_EQ(0, go_read(p[0], &c, 0));
	CHECK_EQ(0, go_write(p[1], &c, 0));
	close_both(p);
	/* But a datagram may be empty. */
	make_pair(p, SOCK_DGRAM);
	CHECK_EQ(0, go_write(p[1], &c, 0));
	CHECK_EQ(0, go_read(p[0], &c, 1));
	close_both(p);
}

/* The kernel takes 2 GiB less a page at once. */
static void huge(void *arg)
{
	size_t n = (size_t)3 << 30;
	char *buf = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK(buf != MAP_FAILED);
	CHECK(fd >= 0);
	CHECK_EQ(n, go_write(fd, buf, n));
	CHECK_EQ(n, go_pwrite(fd, buf, n, 0));
	CHECK_EQ(0, go_pwrite(fd, buf, 0, 0));
	CHECK_EQ(0, go_fd_close(fd));
	CHECK_EQ(-EBADF, go_pwrite(fd, buf, 0, 0));
	CHECK_EQ(0, munmap(buf, n));
}

TEST(pipes_and_fifos)
{
	run_on(1, pipes, NULL);
}

TEST(pairs_of_sockets)
{
	run_on(1, pairs, NULL);
}

TEST(tcp_connection)
{
	run_on(1, tcps, NULL);
}

TEST(event_counter)
{
	run_on(1, eventfds, NULL);
}

TEST(timer)
{
	run_on(1, timerfds, NULL);
}

TEST(terminal)
{
	run_on(1, ttys, NULL);
}

TEST(signals)
{
	sigset_t set;

	/* Before threads are made: all of them block it. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(0, pthread_sigmask(SIG_BLOCK, &set, NULL));
	run_on(1, signalfds, &set);
}

TEST(regular_file)
{
	run_on(1, files, NULL);
}

TEST(device)
{
	run_on(1, devices, NULL);
}

TEST(number_of_another_kind)
{
	run_on(1, changes, NULL);
}

TEST(no_descriptor)
{
	run_on(1, wrong, NULL);
}

TEST(no_such_kind)
{
	if (has_hidden_thread() && !TEST_TSAN)
		SKIP(return, "qemu-user answers some of these calls itself, and not as Linux does");
	run_on(1, wrong_kind, NULL);
}

TEST(more_bytes_than_at_once)
{
	if (TEST_VALGRIND)
		SKIP(return, "Valgrind looks at each of 3 GiB, which takes minutes");
	run_on(1, huge, NULL);
}

TEST(zero_bytes)
{
	run_on(1, empty, NULL);
}

TEST_HARNESS_MAIN
