/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netpoll.h - what netpoll.c and the calls on descriptors share.
 */
#ifndef GVTGO_NETPOLL_H
#define GVTGO_NETPOLL_H

#include "rt.h"

#include "san.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How a descriptor is read and written without blocking: fd.c. */
enum fd_kind {
	FD_UNKNOWN,
	FD_SOCKET,	/* MSG_DONTWAIT */
	FD_TCP,		/* the same; a short read has emptied it */
	FD_NOWAIT,	/* RWF_NOWAIT */
	FD_ASK,		/* poll() before each call */
	FD_FILE,	/* it never blocks for long: a plain call */
};

enum { FD_READ, FD_WRITE };

struct fd_side {
	uint32_t events;	/* edges that epoll has told of */
	uint32_t dry;		/* @events when a read left nothing; see fd.c */
	struct waitq queue;	/* who wants to read (write): the first is woken */
	struct waitq polls;	/* go_poll_fd(): all are */
};

/*
 * struct netfd - what is known of a descriptor, found by its number. Memory that was zero
 * is valid. Under @lock, but for @refs, and what is read beside it with load_*().
 */
struct netfd {
	CACHE_ALIGNED uint32_t lock;
	uint32_t refs;		/* calls of goroutines under way, and FD_CLOSING */
	uint32_t seq;		/* another one, another file: the tag of its events */
	uint32_t gen;		/* the rest is of this run: sched.gen */
	int64_t deadline;	/* 0: none */
	uint8_t kind;		/* enum fd_kind */
	bool registered;
	bool ended;		/* hang-up, error, urgent data: a short read says nothing */
	uint8_t waits;		/* since: see netpoll_sweep() */
	struct fd_side side[2];
	struct waiter *closer;	/* who waits for @refs to become 0 */
};
_Static_assert(sizeof(struct netfd) == 128, "what an idle connection costs here");

#define FD_CLOSING	(1u << 31)

/* What epoll_wait() said. */
struct net_events {
	int n;
	struct epoll_event e[64];
};

struct netfd *netfd_find(int fd);
int netfd_get(int fd, struct netfd **dp);
void netfd_put_closing(struct netfd *d);
int netfd_wait(struct netfd *d, int fd, unsigned int sides, bool poll, const uint32_t seen[2],
	       uint32_t seq, int64_t deadline);
void netfd_pass(struct netfd *d, int side);
void netfd_fresh(int fd, enum fd_kind kind);
void netfd_again(struct netfd *d);
void netfd_set_deadline(struct netfd *d, int64_t t);
int netfd_close(struct netfd *d, int fd);

/* The call that netfd_get() began is over. */
static inline void netfd_put(struct netfd *d)
{
	if (unlikely(add_seq(&d->refs, (uint32_t)-1) == FD_CLOSING))
		netfd_put_closing(d);
}

void netpoll_wait(struct net_events *ev, int64_t until);
void netpoll_ready(struct m *m, const struct net_events *ev);

/* Calls that the kernel may answer in the negative all the time: see arch_syscall(). */
#define SYS(name, ...)	sys_args(SYS_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define sys_args(nr, a, b, c, d, e, f, ...) \
	arch_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/*
 * TSan follows descriptors by libc's calls. A number that it doesn't see closed is shared by who
 * had it and who gets it next, for TSan, though it may have seen that one open it.
 */
static inline int close_seen(int fd)
{
#ifdef SAN_THREAD
	int before = errno, ret = close(fd) ? -errno : 0;

	errno = before;
	return ret;
#else
	return (int)SYS(close, fd);
#endif
}

#endif /* GVTGO_NETPOLL_H */
