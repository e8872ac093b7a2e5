/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fdtest.h - what the tests of descriptors share
 */
#ifndef LIBGO_FDTEST_H
#define LIBGO_FDTEST_H

#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A pair of descriptors: what is written to [1] is read from [0]. */
static inline __maybe_unused void make_pipe(int p[2], int flags)
{
	CHECK_EQ(0, pipe2(p, O_CLOEXEC | flags));
}

static inline __maybe_unused void make_pair(int p[2], int type)
{
	CHECK_EQ(0, socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, p));
}

/* A TCP connection by loopback, made by libgo. */
static inline __maybe_unused int port_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	CHECK_EQ(0, getsockname(fd, (struct sockaddr *)&a, &len));
	return ntohs(a.sin6_port);
}

static inline __maybe_unused void make_tcp(int p[2])
{
	int l = go_tcp_listen("127.0.0.1", 0);

	CHECK(l >= 0);
	p[0] = go_tcp_dial("127.0.0.1", port_of(l));
	CHECK(p[0] >= 0);
	p[1] = go_accept4(l, NULL, NULL, SOCK_CLOEXEC);
	CHECK(p[1] >= 0);
	CHECK_EQ(0, go_fd_close(l));
}

static inline __maybe_unused void close_both(const int p[2])
{
	CHECK_EQ(0, go_fd_close(p[0]));
	CHECK_EQ(0, go_fd_close(p[1]));
}

static inline __maybe_unused uint64_t parks(void)
{
	struct go_stats s;

	go_stats(&s);
	return s.parks;
}

/*
 * Until @n goroutines have begun to wait since parks() was @before, all of them where they are
 * to wait. The caller lets others run meanwhile, and doesn't wait itself.
 */
static inline __maybe_unused void until_parked(uint64_t before, uint64_t n)
{
	until(parks() - before >= n);
}

/* Reads exactly @n bytes. */
static inline __maybe_unused void read_all(int fd, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = go_read(fd, (char *)buf + done, n - done);

		CHECK(got > 0);
		done += (size_t)got;
	}
}

#endif /* LIBGO_FDTEST_H */
