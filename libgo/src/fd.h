/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fd.h - what the calls on descriptors share: fd.c, fdio.c, fdconn.c */
#ifndef GVTGO_FD_H
#define GVTGO_FD_H

#include "netpoll.h"

#include <sys/socket.h>
#include <sys/uio.h>

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
	int64_t pause;		/* readiness says nothing: tried again after so long; 0: it does */
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
extern char fd_order;

static inline void before_call(void)
{
#ifdef SAN_THREAD
	__tsan_release(&fd_order);
#endif
}

static inline void after_call(void)
{
#ifdef SAN_THREAD
	__tsan_acquire(&fd_order);
#endif
}

/* Before a new try of what nothing tells the time for: each pause is twice as long as the last. */
#define FIRST_PAUSE	(NSEC_PER_MSEC / 4)
#define LONGEST_PAUSE	(16 * NSEC_PER_MSEC)

/* There is no epoll instance, or no room in it. */
static inline bool is_refusal(ssize_t ret)
{
	return ret == -EMFILE || ret == -ENFILE || ret == -ENOSPC || ret == -ENOMEM;
}

ssize_t fd_do(struct io *io);
int fd_poll_now(int fd, int events);
int fd_wait_as_thread(int fd, int events, int64_t deadline);
int64_t fd_deadline_of(int fd);

#endif /* GVTGO_FD_H */
