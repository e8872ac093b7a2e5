// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * net.c - TCP and UNIX sockets without the boilerplate.
 *
 * A name is resolved by getaddrinfo(), which may read files and ask servers for seconds: with
 * the P given up (go_blocking()). It may need more stack than a goroutine has that asked for
 * little; then one with a stack of the usual size does it. An address in numbers needs
 * neither, and is asked for first.
 *
 * All sockets made here are closed on exec, don't block, and have TCP_NODELAY, as Go's do; what is
 * accepted from a listener inherits the last.
 */
#include "netpoll.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define RESOLVER_STACK	(128UL << 10)

/* struct lookup - a question to the resolver. */
struct lookup {
	const char *host;
	char port[8];
	struct addrinfo hints, *found;
	int err;		/* a negative errno */
	struct go_waitgroup done;
};

/* @err: what errno was then. */
static int lookup_error(int eai, int err)
{
	switch (eai) {
	case 0:
		return 0;
	case EAI_SYSTEM:
		return -err;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return -ENOENT;
	case EAI_FAIL:
		return -EIO;
	default:
		return -EINVAL;
	}
}

static NOINLINE void *ask(void *arg)
{
	struct lookup *l = arg;
	int before = errno, eai;

	eai = getaddrinfo(l->host, l->port, &l->hints, &l->found);
	l->err = lookup_error(eai, errno);
	errno = before;
	return NULL;
}

static void ask_elsewhere(void *arg)
{
	struct lookup *l = arg;

	go_blocking(ask, l);
	go_wg_done(&l->done);
}

static bool has_small_stack(void)
{
	struct m *m = m_self();

	return m && g_stack_size(m->cur) && g_stack_size(m->cur) < RESOLVER_STACK;
}

static int resolve(struct lookup *l, const char *host, int port, int flags)
{
	if (port < 0 || port > 65535)
		return -EINVAL;
	memset(l, 0, sizeof(*l));
	l->host = host && *host ? host : NULL;
	snprintf(l->port, sizeof(l->port), "%d", port);
	l->hints.ai_family = AF_UNSPEC;
	l->hints.ai_socktype = SOCK_STREAM;
	l->hints.ai_flags = flags | AI_NUMERICHOST | AI_NUMERICSERV;
	if (has_small_stack()) {
		int err;

		l->hints.ai_flags &= ~AI_NUMERICHOST;
		go_wg_add(&l->done, 1);
		err = go(ask_elsewhere, l);
		if (err)
			return err;
		go_wg_wait(&l->done);
		return l->err;
	}
	ask(l);
	if (l->err == -ENOENT) {
		l->hints.ai_flags &= ~AI_NUMERICHOST;
		go_blocking(ask, l);
	}
	return l->err;
}

static void set(int fd, int level, int name, int value)
{
	/* Where it can't be had it goes without. */
	SYS(setsockopt, fd, level, name, &value, sizeof(value));
}

static int new_socket(int family)
{
	int fd = (int)SYS(socket, family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		netfd_fresh(fd, FD_UNKNOWN);
	return fd;
}

static int listen_at(const struct addrinfo *a)
{
	int fd = new_socket(a->ai_family);
	long err;

	if (fd < 0)
		return fd;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	/* All interfaces: IPv4 as well. */
	if (a->ai_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	err = SYS(bind, fd, a->ai_addr, a->ai_addrlen);
	if (!err)
		err = SYS(listen, fd, SOMAXCONN);
	if (err) {
		close_seen(fd);
		return (int)err;
	}
	return fd;
}

/* Is the other end this one? */
static bool is_itself(int fd)
{
	struct sockaddr_storage own, other;
	socklen_t own_len = sizeof(own), other_len = sizeof(other);

	return !SYS(getsockname, fd, &own, &own_len) && !SYS(getpeername, fd, &other, &other_len) &&
	       own_len == other_len && !memcmp(&own, &other, own_len);
}

/*
 * At a port of this machine's that nobody listens at, the kernel may give the new socket that
 * very port: TCP takes it for two that connect to each other at once, and so it is connected.
 */
static int dial(const struct addrinfo *a)
{
	for (int i = 0; i < 3; i++) {
		int fd = new_socket(a->ai_family), err;

		if (fd < 0)
			return fd;
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
		err = go_connect(fd, a->ai_addr, a->ai_addrlen);
		if (!err && !is_itself(fd))
			return fd;
		go_fd_close(fd);
		if (err)
			return err;
	}
	return -ECONNREFUSED;
}

/* What @fn gives for the first address for which it gives a descriptor; those of @first first. */
static int first_that_does(const struct lookup *l, int (*fn)(const struct addrinfo *), int first)
{
	int ret = -ENOENT;

	for (int round = 0; round < 2; round++) {
		for (const struct addrinfo *a = l->found; a; a = a->ai_next) {
			if ((a->ai_family == first) == round)
				continue;
			ret = fn(a);
			if (ret >= 0)
				return ret;
		}
	}
	return ret;
}

int go_tcp_listen(const char *host, int port)
{
	struct lookup l;
	int ret = resolve(&l, host, port, AI_PASSIVE);

	if (ret)
		return ret;
	/* The unspecified address of IPv6 stands for both. Of a name's, IPv4 first, as in Go. */
	ret = first_that_does(&l, listen_at, host && *host ? AF_INET : AF_INET6);
	freeaddrinfo(l.found);
	return ret;
}

int go_tcp_dial(const char *host, int port)
{
	struct lookup l;
	int ret = resolve(&l, host, port, 0);

	if (ret)
		return ret;
	/* In the resolver's order. */
	ret = first_that_does(&l, dial, AF_UNSPEC);
	freeaddrinfo(l.found);
	return ret;
}

/* ------------------------------------------------------------------------ UNIX sockets */

/* @path as an address; '@' in front: a name without a file. Its length, or a negative errno. */
static int unix_address(struct sockaddr_un *a, const char *path)
{
	size_t n = path ? strlen(path) : 0;

	if (!n)
		return -EINVAL;
	if (n >= sizeof(a->sun_path))
		return -ENAMETOOLONG;
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, n);
	if (path[0] != '@')
		return (int)sizeof(*a);
	a->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + n);
}

int go_unix_listen(const char *path)
{
	struct sockaddr_un a;
	int len = unix_address(&a, path), fd;
	long err;

	if (len < 0)
		return len;
	fd = new_socket(AF_UNIX);
	if (fd < 0)
		return fd;
	err = SYS(bind, fd, &a, len);
	if (!err)
		err = SYS(listen, fd, SOMAXCONN);
	if (err) {
		close_seen(fd);
		return (int)err;
	}
	return fd;
}

int go_unix_dial(const char *path)
{
	struct sockaddr_un a;
	int len = unix_address(&a, path), fd, err;

	if (len < 0)
		return len;
	fd = new_socket(AF_UNIX);
	if (fd < 0)
		return fd;
	err = go_connect(fd, (struct sockaddr *)&a, (socklen_t)len);
	if (err) {
		go_fd_close(fd);
		return err;
	}
	return fd;
}
