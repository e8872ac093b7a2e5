// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fdconn.c - the other calls on descriptors: connections that begin, readiness, deadlines, the
 * end. Those have no try of their own, but for accept4(): they ask by poll(), and wait.
 */
#include "fd.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* ------------------------------------------------------------------------ connections */

static ssize_t try_accept(struct io *io, enum how how)
{
	ssize_t ret = SYS(accept4, io->fd, io->addr, io->len, io->flags);

	(void)how;
	/* It came and went: there may be others. */
	return ret == -ECONNABORTED ? -EINTR : ret;
}

int go_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	struct io io = { .try = try_accept,
			 .fd = fd,
			 .side = FD_READ,
			 .socket = true,
			 .asks = true,
			 .flags = flags,
			 .addr = addr,
			 .len = len };
	int got = (int)fd_do(&io);
	const struct netfd *d;

	if (got >= 0) {
		d = netfd_find(fd);
		netfd_fresh(got, d && load_relaxed(&d->kind) == FD_TCP ? FD_TCP : FD_UNKNOWN);
	}
	return got;
}

/* @d: NULL, or what the caller holds, as number @seq. Returns what is ready, or an errno. */
static int wait_ready(struct netfd *d, int fd, int events, uint32_t seq, int64_t deadline)
{
	const bool out = events & (POLLOUT | POLLWRNORM | POLLWRBAND);
	const bool in = !out || (events & ~(POLLOUT | POLLWRNORM | POLLWRBAND));
	uint32_t seen[2] = { 0, 0 };
	int ret;

	for (;;) {
		for (int i = 0; d && i < 2; i++)
			seen[i] = load_acquire(&d->side[i].events);
		ret = fd_poll_now(fd, events);
		if (ret)
			return ret;
		ret = -ENOMEM;
		if (d)
			ret = netfd_wait(d, fd, (unsigned int)in | (unsigned int)out << 1, true,
					 seen, seq, deadline);
		if (is_refusal(ret)) {
			int64_t own = fd_deadline_of(fd);

			if (!deadline || (own && own < deadline))
				deadline = own;
			ret = fd_wait_as_thread(fd, events, deadline);
		}
		if (ret < 0)
			return ret;
	}
}

int go_poll_fd(int fd, int events, int64_t deadline)
{
	struct netfd *d = NULL;
	int ret = m_self() ? netfd_get(fd, &d) : -ENOMEM;

	if (ret && ret != -ENOMEM)
		return ret;
	before_call();
	ret = wait_ready(d, fd, events, d ? load_relaxed(&d->seq) : 0, deadline);
	after_call();
	if (d)
		netfd_put(d);
	return ret;
}

/* connect() has no flag for it: see the head of this file. */
static long connect_now(int fd, const struct sockaddr *addr, socklen_t len)
{
	long flags = SYS(fcntl, fd, F_GETFL), ret;

	if (flags < 0)
		return flags;
	if (!(flags & O_NONBLOCK))
		SYS(fcntl, fd, F_SETFL, flags | O_NONBLOCK);
	ret = SYS(connect, fd, addr, len);
	if (!(flags & O_NONBLOCK))
		SYS(fcntl, fd, F_SETFL, flags);
	return ret;
}

/* A UNIX socket whose listener has no room: nothing tells when it has. */
static long connect_later(struct netfd *d, int fd, const struct sockaddr *addr, socklen_t len,
			  uint32_t seq)
{
	int64_t pause = FIRST_PAUSE;
	long ret;

	do {
		int64_t deadline = fd_deadline_of(fd);

		if (d && load_relaxed(&d->seq) != seq)
			return -ECANCELED;
		if (deadline && go_now() >= deadline)
			return -ETIMEDOUT;
		go_sleep(pause);
		if (pause < LONGEST_PAUSE)
			pause *= 2;
		ret = connect_now(fd, addr, len);
	} while (ret == -EAGAIN);
	return ret;
}

static long do_connect(struct netfd *d, int fd, const struct sockaddr *addr, socklen_t len)
{
	uint32_t seq = d ? load_relaxed(&d->seq) : 0;
	long ret = connect_now(fd, addr, len);
	int err = 0;
	socklen_t n = sizeof(err);

	if (ret == -EAGAIN && addr->sa_family == AF_UNIX)
		ret = connect_later(d, fd, addr, len, seq);
	if (ret != -EINPROGRESS)
		return ret;
	ret = wait_ready(d, fd, POLLOUT, seq, 0);
	if (ret < 0)
		return ret;
	ret = SYS(getsockopt, fd, SOL_SOCKET, SO_ERROR, &err, &n);
	return ret ? ret : -err;
}

int go_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct netfd *d = NULL;
	long ret = m_self() ? netfd_get(fd, &d) : -ENOMEM;

	if (ret && ret != -ENOMEM)
		return (int)ret;
	if (d)
		netfd_again(d);
	before_call();
	ret = do_connect(d, fd, addr, len);
	after_call();
	if (d)
		netfd_put(d);
	return (int)ret;
}

/* ---------------------------------------------------------------- deadline, and the end */

int go_fd_deadline(int fd, int64_t t)
{
	struct netfd *d = netfd_find(fd);
	long ret;

	if (!d)
		return fd < 0 ? -EBADF : -ENOMEM;
	if (fork_frozen())
		return -EPERM;
	ret = SYS(fcntl, fd, F_GETFD);
	if (ret < 0)
		return (int)ret;
	netfd_set_deadline(d, t);
	return 0;
}

int go_fd_close(int fd)
{
	struct netfd *d = netfd_find(fd);
	int ret;

	before_call();
	/* Where nobody else can use it, as in the child of a fork(), there is nobody to wake. */
	ret = d && !fork_frozen() ? netfd_close(d, fd) : close_seen(fd);
	/* The number is free, whatever a signal interrupted: there is no trying again. */
	return ret == -EINTR ? 0 : ret;
}
