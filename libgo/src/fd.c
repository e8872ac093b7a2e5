// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fd.c - system calls on descriptors that block the goroutine in place of its thread.
 *
 * Each is a loop: try without blocking; where the kernel says EAGAIN, wait (netpoll.c).
 *
 * The flag O_NONBLOCK is not set on what the program has opened: it belongs to the open
 * file, which other processes share (the shell's terminal, a pipe's other users), and would
 * break them when this one has ended. It is asked for call by call, by what there is:
 *
 *   sockets		MSG_DONTWAIT
 *   pipes, eventfds, .. RWF_NOWAIT (preadv2), where that kernel has it for that kind
 *   the rest		poll() before each call, and a plain call then. Who else reads from
 *			the same may have been faster; then the thread blocks, and loses its
 *			P, but the descriptor's deadline and close don't reach it.
 *   regular files	a plain call. The P is taken from the thread if it lasts.
 *
 * accept4() has no such flag: poll() before it, too. connect() has none either: there
 * O_NONBLOCK is set for the moment of the call. A socket made by go_tcp_dial() and the like has it
 * set anyway: nobody else has that yet.
 *
 * The kind of a descriptor is remembered, and no answer is trusted that would hang if the
 * number meant another kind of file by now: ENOTSOCK, EOPNOTSUPP and ESPIPE lead to asking
 * again.
 *
 * TCP: a read that brought less than was asked for has emptied the socket, and what comes
 * after that is an edge. So the next read waits at once, and saves the call that would
 * say EAGAIN: one of three for a request and its answer. Not after a hang-up or urgent data
 * (d->ended), which are edges together with the data before them.
 */
#include "netpoll.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "san.h"

/* How a call is made. */
enum how { HOW_SOCKET, HOW_NOWAIT, HOW_ASKED, HOW_PLAIN };

/* struct io - a call. It is tried, perhaps often, and may then have done a part. */
struct io {
	ssize_t (*try)(struct io *io, enum how how);
	int fd;
	uint8_t side;		/* FD_READ or FD_WRITE */
	bool socket;		/* only sockets have it */
	bool all;		/* what was not done yet is done, too */
	bool once;		/* the program said MSG_DONTWAIT */
	bool asks;		/* has no flag: poll() first */
	int flags;
	size_t left;		/* bytes that it is asked for; 0: not counted */
	const struct iovec *iov;
	int niov;
	size_t skip;		/* bytes of iov[0] that are done */
	union {
		struct msghdr *msg;
		struct {
			struct sockaddr *addr;
			socklen_t *len;
			socklen_t addr_len;
		};
	};
};

/* Other goroutines see what was done before the bytes were written: they may come from them. */
static char order;

static inline void before_call(void)
{
	(void)order;
#ifdef SAN_THREAD
	__tsan_release(&order);
#endif
}

static inline void after_call(void)
{
#ifdef SAN_THREAD
	__tsan_acquire(&order);
#endif
}

/* What poll() says without waiting, or a negative errno. */
static int poll_now(int fd, int events)
{
	static const struct timespec zero;
	struct timespec t = zero;
	struct pollfd p = { .fd = fd, .events = (short)events };
	long ret;

	/* For poll() that would be nothing to look at. */
	if (fd < 0)
		return -EBADF;
	ret = SYS(ppoll, &p, 1, &t, NULL, 0);
	if (ret < 0)
		return (int)ret;
	return p.revents & POLLNVAL ? -EBADF : p.revents;
}

/* What @fd is: an enum fd_kind, or a negative errno. */
static int classify(int fd)
{
	int proto = 0;
	socklen_t len = sizeof(proto);
	long err = SYS(getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &proto, &len);
	struct stat st;

	if (!err)
		return proto == IPPROTO_TCP ? FD_TCP : FD_SOCKET;
	if (err != -ENOTSOCK)
		return err == -EBADF ? (int)err : FD_SOCKET;
	err = SYS(fstat, fd, &st);
	if (err)
		return (int)err;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode) ? FD_FILE :
										    FD_NOWAIT;
}

/* Else accept4() fails, and no poll() tells. */
static bool listens(int fd)
{
	int yes = 0;
	socklen_t len = sizeof(yes);

	return !SYS(getsockopt, fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) && yes;
}

/* One try, as @kind wants it. *@kind is FD_UNKNOWN then where it is another one. */
static ssize_t try_once(struct io *io, enum fd_kind *kind)
{
	const int events = io->side == FD_READ ? POLLIN | POLLRDHUP : POLLOUT;
	ssize_t ret;

	if (io->socket && *kind != FD_SOCKET && *kind != FD_TCP) {
		ret = classify(io->fd);
		if (ret < 0)
			return ret;
		*kind = (enum fd_kind)ret;
		if (ret != FD_SOCKET && ret != FD_TCP)
			return -ENOTSOCK;
	}
	switch (*kind) {
	case FD_SOCKET:
	case FD_TCP:
		if (io->asks) {
			ret = poll_now(io->fd, events);
			if (ret < 0)
				return ret;
			if (!ret)
				return listens(io->fd) ? -EAGAIN : -EINVAL;
		}
		ret = io->try(io, HOW_SOCKET);
		if (ret == -ENOTSOCK && !io->socket)
			*kind = FD_UNKNOWN;
		return ret;
	case FD_NOWAIT:
		ret = io->try(io, HOW_NOWAIT);
		if (ret == -EOPNOTSUPP || ret == -ENOSYS)
			*kind = FD_ASK;
		return ret;
	case FD_ASK:
		ret = poll_now(io->fd, events);
		if (ret <= 0)
			return ret ? ret : -EAGAIN;
		return io->try(io, HOW_ASKED);
	case FD_FILE:
		ret = SYS(lseek, io->fd, 0, SEEK_CUR);
		if (ret == -ESPIPE) {
			*kind = FD_UNKNOWN;
			return ret;
		}
		return io->try(io, HOW_PLAIN);
	default:
		ret = classify(io->fd);
		if (ret >= 0)
			*kind = (enum fd_kind)ret;
		return ret < 0 ? ret : -EINTR;
	}
}

/* @n bytes of it are done. True: there is more to do. */
static bool advance(struct io *io, size_t n)
{
	io->left -= n;
	n += io->skip;
	while (io->niov && n >= io->iov->iov_len) {
		n -= io->iov->iov_len;
		io->iov++;
		io->niov--;
	}
	io->skip = n;
	return io->left;
}

/* Until @fd has one of @events, or @deadline (0: none) has passed: the thread waits. */
static int wait_as_thread(int fd, int events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = (short)events };
	int err = errno, ret;

	do {
		struct timespec t = { 0, 0 };

		if (deadline) {
			int64_t ns = deadline - go_now();

			if (ns > 0)
				t = (struct timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
		}
		/* libc's: it is what sanitizers know of. */
		ret = ppoll(&p, 1, deadline ? &t : NULL, NULL);
		if (ret < 0)
			ret = -errno;
	} while (ret == -EINTR);
	errno = err;
	if (ret < 0)
		return ret;
	return ret ? p.revents : -ETIMEDOUT;
}

/* Of a call that found another kind of file than it was made for. */
static inline bool is_wrong_kind(ssize_t ret)
{
	return ret == -ENOTSOCK || ret == -EOPNOTSUPP || ret == -ENOSYS || ret == -ESPIPE;
}

static int64_t deadline_of(int fd)
{
	const struct netfd *d = netfd_find(fd);

	return d && load_acquire(&d->gen) == load_relaxed(&sched.gen) ? load_relaxed(&d->deadline) :
									0;
}

/* Not by goroutines, or without the means to park one. */
static NOINLINE ssize_t do_as_thread(struct io *io)
{
	enum fd_kind kind = FD_UNKNOWN;
	ssize_t ret, done = 0;

	for (;;) {
		enum fd_kind was = kind;

		ret = try_once(io, &kind);
		if (ret == -EINTR || (kind != was && is_wrong_kind(ret)))
			continue;
		if (ret > 0 && io->all) {
			done += ret;
			if (advance(io, (size_t)ret))
				continue;
			break;
		}
		if (ret != -EAGAIN || io->once)
			break;
		ret = wait_as_thread(io->fd, io->side == FD_READ ? POLLIN : POLLOUT,
				     deadline_of(io->fd));
		if (ret < 0)
			break;
	}
	return done ? done : ret;
}

/* There is no epoll instance, or no room in it. */
static inline bool is_refusal(ssize_t ret)
{
	return ret == -EMFILE || ret == -ENFILE || ret == -ENOSPC || ret == -ENOMEM;
}

static inline bool known_empty(const struct io *io, const struct fd_side *s, enum fd_kind kind,
			       uint32_t seen)
{
	return kind == FD_TCP && io->side == FD_READ && io->left && !io->once &&
	       load_relaxed(&s->dry) == seen;
}

static ssize_t loop(struct io *io, struct netfd *d)
{
	struct fd_side *s = &d->side[io->side];
	uint32_t seq = load_relaxed(&d->seq), seen[2] = { 0, 0 };
	enum fd_kind kind = load_relaxed(&d->kind);
	ssize_t ret, done = 0;

	for (;;) {
		enum fd_kind was = kind;

		/* Acquire: an edge that is seen is seen with d->ended. */
		seen[io->side] = load_acquire(&s->events);
		ret = -EAGAIN;
		if (!known_empty(io, s, kind, seen[io->side]))
			ret = try_once(io, &kind);
		if (unlikely(kind != was)) {
			store_relaxed(&d->kind, kind);
			if (ret == -EINTR || is_wrong_kind(ret))
				continue;
		}
		if (ret > 0) {
			if (kind == FD_TCP && io->side == FD_READ && (size_t)ret < io->left &&
			    !load_relaxed(&d->ended))
				store_relaxed(&s->dry, seen[io->side]);
			if (!io->all)
				break;
			done += ret;
			if (advance(io, (size_t)ret))
				continue;
			break;
		}
		if (ret == -EINTR)
			continue;
		if (ret != -EAGAIN || io->once)
			break;
		ret = netfd_wait(d, io->fd, 1u << io->side, false, seen, seq, 0);
		if (unlikely(is_refusal(ret)))
			ret = wait_as_thread(io->fd, io->side == FD_READ ? POLLIN : POLLOUT,
					     deadline_of(io->fd));
		/* epoll has no use for it, and it has no poll(): nothing will tell when. */
		if (ret == -EPERM) {
			kind = FD_FILE;
			store_relaxed(&d->kind, kind);
			continue;
		}
		if (ret < 0)
			break;
	}
	if (unlikely(load_relaxed(&s->queue.first)))
		netfd_pass(d, io->side);
	return done ? done : ret;
}

static ssize_t do_io(struct io *io)
{
	struct netfd *d;
	ssize_t ret;
	int err;

	before_call();
	if (unlikely(!m_self())) {
		ret = do_as_thread(io);
		goto out;
	}
	err = netfd_get(io->fd, &d);
	if (unlikely(err)) {
		ret = err == -ENOMEM ? do_as_thread(io) : err;
		goto out;
	}
	ret = loop(io, d);
	netfd_put(d);
out:
	after_call();
	return ret;
}

/* ------------------------------------------------------------------- reading, writing */

/* What is left to do of @io, as a message. */
static struct msghdr rest(const struct io *io, struct iovec *one)
{
	struct msghdr m = { .msg_iov = (struct iovec *)io->iov, .msg_iovlen = (size_t)io->niov };

	if (io->skip || io->niov == 1) {
		one->iov_base = (char *)io->iov->iov_base + io->skip;
		one->iov_len = io->iov->iov_len - io->skip;
		m.msg_iov = one;
		m.msg_iovlen = 1;
	}
	return m;
}

static ssize_t try_read(struct io *io, enum how how)
{
	struct msghdr m = { .msg_iov = (struct iovec *)io->iov, .msg_iovlen = (size_t)io->niov };

	switch (how) {
	case HOW_SOCKET:
		if (io->niov == 1)
			return SYS(recvfrom, io->fd, io->iov->iov_base, io->iov->iov_len, MSG_DONTWAIT);
		return SYS(recvmsg, io->fd, &m, MSG_DONTWAIT);
	case HOW_NOWAIT:
		return SYS(preadv2, io->fd, io->iov, io->niov, -1, -1, RWF_NOWAIT);
	default:
		return SYS(readv, io->fd, io->iov, io->niov);
	}
}

static ssize_t try_write(struct io *io, enum how how)
{
	struct iovec one;
	struct msghdr m = rest(io, &one);

	switch (how) {
	case HOW_SOCKET:
		if (m.msg_iovlen == 1)
			return SYS(sendto, io->fd, m.msg_iov->iov_base, m.msg_iov->iov_len,
				   MSG_DONTWAIT | MSG_NOSIGNAL);
		return SYS(sendmsg, io->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	case HOW_NOWAIT:
		return SYS(pwritev2, io->fd, m.msg_iov, m.msg_iovlen, -1, -1, RWF_NOWAIT);
	case HOW_ASKED:
		/* So much there is room for in a pipe that says that it can be written. */
		if (m.msg_iovlen && m.msg_iov->iov_len > PIPE_BUF) {
			one = (struct iovec){ m.msg_iov->iov_base, PIPE_BUF };
			m.msg_iov = &one;
			m.msg_iovlen = 1;
		} else if (m.msg_iovlen > 1 && io->left > PIPE_BUF) {
			m.msg_iovlen = 1;
		}
		/* fallthrough */
	default:
		return SYS(writev, io->fd, m.msg_iov, m.msg_iovlen);
	}
}

static size_t total(const struct iovec *iov, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

ssize_t go_readv(int fd, const struct iovec *iov, int n)
{
	struct io io = { .try = try_read, .fd = fd, .side = FD_READ, .iov = iov, .niov = n };

	if (n < 0 || n > IOV_MAX)
		return -EINVAL;
	io.left = total(iov, n);
	/* Nothing is to be waited for. */
	if (!io.left)
		return SYS(readv, fd, iov, n);
	return do_io(&io);
}

ssize_t go_writev(int fd, const struct iovec *iov, int n)
{
	struct io io = { .try = try_write,
			 .fd = fd,
			 .side = FD_WRITE,
			 .all = true,
			 .iov = iov,
			 .niov = n };

	if (n < 0 || n > IOV_MAX)
		return -EINVAL;
	io.left = total(iov, n);
	return do_io(&io);
}

ssize_t go_read(int fd, void *buf, size_t n)
{
	const struct iovec iov = { buf, n };

	return go_readv(fd, &iov, 1);
}

ssize_t go_write(int fd, const void *buf, size_t n)
{
	const struct iovec iov = { (void *)buf, n };

	return go_writev(fd, &iov, 1);
}

/* Files that have offsets don't block for long. */
ssize_t go_pread(int fd, void *buf, size_t n, off_t offset)
{
	ssize_t ret;

	do {
		ret = SYS(pread64, fd, buf, n, offset);
	} while (ret == -EINTR);
	return ret;
}

ssize_t go_pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	ssize_t ret;

	do {
		ret = SYS(pwrite64, fd, buf, n, offset);
	} while (ret == -EINTR);
	return ret;
}

/* --------------------------------------------------------------------------- messages */

static ssize_t try_recvmsg(struct io *io, enum how how)
{
	(void)how;
	return SYS(recvmsg, io->fd, io->msg, io->flags);
}

ssize_t go_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct io io = { .try = try_recvmsg,
			 .fd = fd,
			 .side = FD_READ,
			 .socket = true,
			 .once = flags & MSG_DONTWAIT,
			 .flags = flags | MSG_DONTWAIT,
			 .msg = msg };

	return do_io(&io);
}

static ssize_t try_sendmsg(struct io *io, enum how how)
{
	struct iovec one;
	struct msghdr m = *io->msg;

	(void)how;
	if (io->skip || io->niov != (int)m.msg_iovlen) {
		/* What it carried besides has gone with its first part. */
		struct msghdr r = rest(io, &one);

		m.msg_iov = r.msg_iov;
		m.msg_iovlen = r.msg_iovlen;
		m.msg_control = NULL;
		m.msg_controllen = 0;
	}
	return SYS(sendmsg, io->fd, &m, io->flags);
}

ssize_t go_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct io io = { .try = try_sendmsg,
			 .fd = fd,
			 .side = FD_WRITE,
			 .socket = true,
			 .once = flags & MSG_DONTWAIT,
			 .all = !(flags & MSG_DONTWAIT),
			 .flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL,
			 .iov = msg->msg_iov,
			 .niov = (int)msg->msg_iovlen,
			 .msg = (struct msghdr *)msg };

	if (msg->msg_iovlen > IOV_MAX)
		return -EMSGSIZE;
	io.left = total(io.iov, io.niov);
	return do_io(&io);
}

ssize_t go_recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *addr, socklen_t *len)
{
	struct iovec iov = { buf, n };
	struct msghdr m = { .msg_name = addr,
			    .msg_namelen = addr && len ? *len : 0,
			    .msg_iov = &iov,
			    .msg_iovlen = 1 };
	ssize_t ret = go_recvmsg(fd, &m, flags);

	if (ret >= 0 && addr && len)
		*len = m.msg_namelen;
	return ret;
}

ssize_t go_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr,
		  socklen_t len)
{
	struct iovec iov = { (void *)buf, n };
	const struct msghdr m = { .msg_name = (void *)addr,
				  .msg_namelen = len,
				  .msg_iov = &iov,
				  .msg_iovlen = 1 };

	return go_sendmsg(fd, &m, flags);
}

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
	int got = (int)do_io(&io);
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
		ret = poll_now(fd, events);
		if (ret)
			return ret;
		ret = -ENOMEM;
		if (d)
			ret = netfd_wait(d, fd, (unsigned int)in | (unsigned int)out << 1, true,
					 seen, seq, deadline);
		if (is_refusal(ret)) {
			int64_t own = deadline_of(fd);

			if (!deadline || (own && own < deadline))
				deadline = own;
			ret = wait_as_thread(fd, events, deadline);
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
	int64_t pause = NSEC_PER_MSEC / 4;
	long ret;

	do {
		int64_t deadline = deadline_of(fd);

		if (d && load_relaxed(&d->seq) != seq)
			return -ECANCELED;
		if (deadline && go_now() >= deadline)
			return -ETIMEDOUT;
		go_sleep(pause);
		if (pause < 16 * NSEC_PER_MSEC)
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
