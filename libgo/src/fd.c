// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fd.c - system calls on descriptors that block the goroutine in place of its thread: how
 * such a call is made, whatever it is. fdio.c has those that move bytes, fdconn.c the others.
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
#include "fd.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>

/* Other goroutines see what was done before the bytes were written: they may come from them. */
char fd_order;

/* What poll() says without waiting, or a negative errno. */
int fd_poll_now(int fd, int events)
{
	static const struct timespec zero;
	struct pollfd p = { .fd = fd, .events = (short)events };
	long ret;

	/* For poll() that would be nothing to look at. */
	if (fd < 0)
		return -EBADF;
	/* Where a signal is about to be handled, it ends with EINTR, though it doesn't wait. */
	do {
		struct timespec t = zero;

		ret = SYS(ppoll, &p, 1, &t, NULL, 0);
	} while (ret == -EINTR);
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
			ret = fd_poll_now(io->fd, events);
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
		ret = fd_poll_now(io->fd, events);
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
int fd_wait_as_thread(int fd, int events, int64_t deadline)
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

int64_t fd_deadline_of(int fd)
{
	const struct netfd *d = netfd_find(fd);

	return d && load_acquire(&d->gen) == load_relaxed(&sched.gen) ? load_relaxed(&d->deadline) :
									0;
}

/*
 * Before the next try of what is ready, as the kernel says, and yet would block: a while. @d: NULL,
 * or what the caller holds, as number @seq. As netfd_wait().
 */
static NOINLINE int pause_before(struct io *io, const struct netfd *d, uint32_t seq)
{
	int64_t deadline = fd_deadline_of(io->fd), left = deadline - go_now();

	if (d && load_relaxed(&d->seq) != seq)
		return -ECANCELED;
	if (deadline && left <= 0)
		return -ETIMEDOUT;
	go_sleep(deadline && left < io->pause ? left : io->pause);
	if (io->pause < LONGEST_PAUSE)
		io->pause *= 2;
	return 0;
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
		if (io->pause)
			ret = pause_before(io, NULL, 0);
		else
			ret = fd_wait_as_thread(io->fd, io->side == FD_READ ? POLLIN : POLLOUT,
						fd_deadline_of(io->fd));
		if (ret < 0)
			break;
	}
	return done ? done : ret;
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
		if (unlikely(io->pause))
			ret = pause_before(io, d, seq);
		else
			ret = netfd_wait(d, io->fd, 1u << io->side, false, seen, seq, 0);
		/* It didn't try: what has come since may not have been told of yet. */
		if (unlikely(ret == -ETIMEDOUT) && known_empty(io, s, kind, seen[io->side])) {
			store_relaxed(&s->dry, seen[io->side] - 1);
			continue;
		}
		if (unlikely(is_refusal(ret)))
			ret = fd_wait_as_thread(io->fd, io->side == FD_READ ? POLLIN : POLLOUT,
						fd_deadline_of(io->fd));
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

ssize_t fd_do(struct io *io)
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
