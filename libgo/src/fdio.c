// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fdio.c - the calls that move bytes: read, write, messages. Each says what one try of it is, and
 * fd.c makes the call of it.
 *
 * A write goes on until all is written, or fails: what was done before that is told then. A read
 * takes what there is.
 */
#include "fd.h"

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
	return fd_do(&io);
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
	return fd_do(&io);
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
	size_t done = 0;
	ssize_t ret;

	do {
		ret = SYS(pwrite64, fd, (const char *)buf + done, n - done, offset + (off_t)done);
		if (ret > 0)
			done += (size_t)ret;
	} while (ret == -EINTR || (ret > 0 && done < n));
	return done ? (ssize_t)done : ret;
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

	return fd_do(&io);
}

/*
 * The queue of the one it is for may be full. The kernel tells when it no longer is only those that
 * are connected to it. Others are always ready to write, as it says, and told so once more by
 * each try: who minds that never sleeps.
 */
static bool is_for_another(const struct msghdr *m)
{
	const struct sockaddr *to = m->msg_name;

	return to && m->msg_namelen && to->sa_family == AF_UNIX;
}

static ssize_t try_sendmsg(struct io *io, enum how how)
{
	struct iovec one;
	struct msghdr m = *io->msg;
	ssize_t ret;

	(void)how;
	if (io->skip || io->niov != (int)m.msg_iovlen) {
		/* What it carried besides has gone with its first part. */
		struct msghdr r = rest(io, &one);

		m.msg_iov = r.msg_iov;
		m.msg_iovlen = r.msg_iovlen;
		m.msg_control = NULL;
		m.msg_controllen = 0;
	}
	ret = SYS(sendmsg, io->fd, &m, io->flags);
	if (ret == -EAGAIN && !io->pause && is_for_another(&m))
		io->pause = FIRST_PAUSE;
	return ret;
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
	return fd_do(&io);
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
