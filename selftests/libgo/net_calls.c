// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_calls.c - connections: TCP by name and by number, UNIX sockets, datagrams, messages that
 * carry descriptors.
 */
#include "fdtest.h"

#include <netdb.h>
#include <sys/resource.h>

static struct go_waitgroup wg;
static int port, listener;

static void echoes(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[256];
	ssize_t n;

	while ((n = go_read(fd, buf, sizeof(buf))) > 0)
		CHECK_EQ(n, go_write(fd, buf, (size_t)n));
	CHECK_EQ(0, n);
	CHECK_EQ(0, go_fd_close(fd));
	go_wg_done(&wg);
}

static void serves(void *arg)
{
	int fd;

	while ((fd = go_accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		go_wg_add(&wg, 1);
		start(echoes, (void *)(intptr_t)fd);
	}
	CHECK_EQ(-ECANCELED, fd);
	go_wg_done(&wg);
}

static void says(int fd, const char *what)
{
	char got[64] = "";
	size_t n = strlen(what);

	CHECK_EQ(n, go_write(fd, what, n));
	read_all(fd, got, n);
	CHECK(!strcmp(what, got));
}

static void serve(int fd)
{
	CHECK(fd >= 0);
	listener = fd;
	go_wg_add(&wg, 1);
	start(serves, NULL);
}

static void end_service(void)
{
	CHECK_EQ(0, go_fd_close(listener));
	go_wg_wait(&wg);
}

static void dials(const char *host)
{
	int fd = go_tcp_dial(host, port), on = 0;
	socklen_t len = sizeof(on);

	CHECK(fd >= 0);
	says(fd, host ? host : "");
	says(fd, "once more");
	CHECK_EQ(0, getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len));
	CHECK_EQ(1, on);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_EQ(0, go_fd_close(fd));
}

static void do_by_number(void *arg)
{
	serve(go_tcp_listen("127.0.0.1", 0));
	port = port_of(listener);
	dials("127.0.0.1");
	end_service();
}

static void everywhere(void *arg)
{
	const struct sockaddr_in6 six = { .sin6_family = AF_INET6,
					  .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd;

	serve(go_tcp_listen(NULL, 0));
	port = port_of(listener);
	dials("127.0.0.1");
	dials(NULL);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&six, sizeof(six)))
		dials("::1");
	else
		dprintf(2, "# no IPv6 here: not tried\n");
	close(fd);
	end_service();
}

static void do_by_name(void *arg)
{
	serve(go_tcp_listen("localhost", 0));
	port = port_of(listener);
	dials("localhost");
	end_service();
}

/* Of the addresses that a name has, the first of IPv4. */
static void listens_by_name(void *arg)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);
	int fd = go_tcp_listen("localhost", 0);

	CHECK(fd >= 0);
	CHECK_EQ(0, getsockname(fd, (struct sockaddr *)&a, &len));
	CHECK_EQ(AF_INET, a.sin6_family);
	CHECK_EQ(0, go_fd_close(fd));
}

static bool has_both(const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found, *a;
	int has = 0;

	if (getaddrinfo(name, NULL, &hints, &found))
		return false;
	for (a = found; a; a = a->ai_next)
		has |= a->ai_family == AF_INET ? 1 : a->ai_family == AF_INET6 ? 2 : 0;
	freeaddrinfo(found);
	return has == 3;
}

/* Neither is connected to itself, which the kernel lets happen now and then. */
static void dials_often(void *arg)
{
	int l = go_tcp_listen("127.0.0.1", 0), i, n = (int)(intptr_t)arg;

	port = port_of(l) & ~1;
	CHECK_EQ(0, go_fd_close(l));
	/* Even: who connects is given each of those before any other. */
	while ((l = go_tcp_listen("127.0.0.1", port)) < 0)
		port -= 2;
	CHECK_EQ(0, go_fd_close(l));
	for (i = 0; i < n; i++)
		CHECK_EQ(-ECONNREFUSED, go_tcp_dial("127.0.0.1", port));
}

static void little_stack(void *arg)
{
	dials("localhost");
	go_wg_done(arg);
}

/* The resolver needs more stack than this one has. */
static void by_name_on_little_stack(void *arg)
{
	const struct go_attr attr = { .stack_size = 16384 };
	static struct go_waitgroup one;

	serve(go_tcp_listen("localhost", 0));
	port = port_of(listener);
	go_wg_add(&one, 1);
	CHECK_EQ(0, go_with(&attr, little_stack, &one));
	go_wg_wait(&one);
	end_service();
}

static void nobody_there(void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = go_tcp_listen("127.0.0.1", 0), fd;

	port = port_of(l);
	CHECK_EQ(-EADDRINUSE, go_tcp_listen("127.0.0.1", port));
	CHECK_EQ(0, go_fd_close(l));
	CHECK_EQ(-ECONNREFUSED, go_tcp_dial("127.0.0.1", port));
	CHECK_EQ(-EINVAL, go_tcp_dial("127.0.0.1", -1));
	CHECK_EQ(-EINVAL, go_tcp_dial("127.0.0.1", 65536));
	CHECK_EQ(-EINVAL, go_tcp_listen("127.0.0.1", 65536));
	CHECK_EQ(-EADDRNOTAVAIL, go_tcp_listen("192.0.2.1", 0));
	CHECK(go_tcp_dial("no such name, since it has blanks", 1) < 0);
	/* Flags stay as they were, whether it blocks or not. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a.sin_port = htons((uint16_t)port);
	CHECK_EQ(-ECONNREFUSED, go_connect(fd, (struct sockaddr *)&a, sizeof(a)));
	CHECK(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	CHECK_EQ(0, go_fd_close(fd));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK_EQ(-ECONNREFUSED, go_connect(fd, (struct sockaddr *)&a, sizeof(a)));
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK_EQ(0, go_fd_close(fd));
}

/* Nobody answers; the deadline does. A full queue of a listener answers nothing. */
static void do_no_answer(void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd[8], i, ret = 0;
	socklen_t len = sizeof(a);

	CHECK_EQ(0, bind(l, (struct sockaddr *)&a, sizeof(a)));
	CHECK_EQ(0, listen(l, 0));
	CHECK_EQ(0, getsockname(l, (struct sockaddr *)&a, &len));
	for (i = 0; i < 8 && !ret; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CHECK_EQ(0, go_fd_deadline(fd[i], go_now() + 20 * MS));
		ret = go_connect(fd[i], (struct sockaddr *)&a, sizeof(a));
	}
	CHECK_EQ(-ETIMEDOUT, ret);
	while (i--)
		CHECK_EQ(0, go_fd_close(fd[i]));
	CHECK_EQ(0, go_fd_close(l));
}

/* A listener that may block does not, and keeps its flags. */
static void do_blocking_listener(void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_EQ(0, bind(l, (struct sockaddr *)&a, sizeof(a)));
	CHECK_EQ(0, listen(l, 10));
	serve(l);
	port = port_of(l);
	dials("127.0.0.1");
	CHECK(!(fcntl(l, F_GETFL) & O_NONBLOCK));
	end_service();
}

static void do_unix_sockets(void *arg)
{
	char dir[] = "/tmp/net_calls.XXXXXX", path[64], name[64], much[200];
	int fd;

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	snprintf(name, sizeof(name), "@gvt-net_calls-%d", getpid());
	CHECK_EQ(-ENOENT, go_unix_dial(path));
	serve(go_unix_listen(path));
	CHECK_EQ(-EADDRINUSE, go_unix_listen(path));
	fd = go_unix_dial(path);
	CHECK(fd >= 0);
	says(fd, "by a path");
	CHECK_EQ(0, go_fd_close(fd));
	end_service();
	CHECK_EQ(-ECONNREFUSED, go_unix_dial(path));
	CHECK_EQ(0, unlink(path));
	CHECK_EQ(0, rmdir(dir));

	serve(go_unix_listen(name));
	fd = go_unix_dial(name);
	CHECK(fd >= 0);
	says(fd, "by a name");
	CHECK_EQ(0, go_fd_close(fd));
	end_service();

	memset(much, 'x', sizeof(much));
	much[sizeof(much) - 1] = '\0';
	CHECK_EQ(-ENAMETOOLONG, go_unix_listen(much));
	CHECK_EQ(-EINVAL, go_unix_dial(""));
	CHECK_EQ(-EINVAL, go_unix_dial(NULL));
}

static void accepts_late(void *arg)
{
	int i, fd;

	go_sleep(5 * MS);
	for (i = 0; i < 4; i++) {
		fd = go_accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		CHECK(fd >= 0);
		CHECK_EQ(0, go_fd_close(fd));
	}
	go_wg_done(&wg);
}

static void dials_unix(void *arg)
{
	int fd = go_unix_dial(arg);

	CHECK(fd >= 0);
	CHECK_EQ(0, go_fd_close(fd));
	go_wg_done(&wg);
}

/* There is room for one: the others come later. */
static void do_unix_queue_full(void *arg)
{
	char name[64];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int i;

	snprintf(name, sizeof(name), "@gvt-net_queue-%d", getpid());
	memcpy(a.sun_path + 1, name + 1, strlen(name) - 1);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_EQ(0, bind(listener, (struct sockaddr *)&a,
			 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))));
	CHECK_EQ(0, listen(listener, 0));
	go_wg_add(&wg, 5);
	start(accepts_late, NULL);
	for (i = 0; i < 4; i++)
		start(dials_unix, name);
	go_wg_wait(&wg);
	CHECK_EQ(0, go_fd_close(listener));
}

/* ------------------------------------------------------------------------- datagrams */

static void sends_to(void *arg)
{
	const struct sockaddr_un *a = arg;
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK_EQ(4, go_sendto(s, "last", 4, 0, (const struct sockaddr *)a, sizeof(*a)));
	CHECK_EQ(0, go_fd_close(s));
	go_wg_done(&wg);
}

static void *sends_as_thread(void *arg)
{
	sends_to(arg);
	return NULL;
}

/*
 * Whom it is for has no room, because of others, and tells only those who are connected to it
 * when it has. @arg: it is a thread that waits.
 */
static void do_unix_datagrams(void *arg)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int r = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t before;
	pthread_t t;
	char buf[8];
	int n = 0;

	snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "gvt-net_calls-dgram-%d", getpid());
	CHECK_EQ(0, bind(r, (struct sockaddr *)&a, sizeof(a)));
	while (go_sendto(s, "full", 4, MSG_DONTWAIT, (struct sockaddr *)&a, sizeof(a)) == 4)
		n++;
	CHECK(n > 0);
	go_wg_add(&wg, 1);
	before = parks();
	if (arg) {
		t = start_thread(sends_as_thread, &a);
		go_sleep(5 * MS);
	} else {
		start(sends_to, &a);
		until_parked(before, 1);
	}
	for (; n > 0; n--) {
		CHECK_EQ(4, go_read(r, buf, sizeof(buf)));
		CHECK(!memcmp(buf, "full", 4));
	}
	CHECK_EQ(4, go_read(r, buf, sizeof(buf)));
	CHECK(!memcmp(buf, "last", 4));
	go_wg_wait(&wg);
	if (arg)
		pthread_join(t, NULL);
	/* And no longer than its deadline. */
	while (go_sendto(s, "full", 4, MSG_DONTWAIT, (struct sockaddr *)&a, sizeof(a)) == 4)
		;
	CHECK_EQ(0, go_fd_deadline(s, go_now() + 5 * MS));
	CHECK_EQ(-ETIMEDOUT, go_sendto(s, "more", 4, 0, (struct sockaddr *)&a, sizeof(a)));
	CHECK_EQ(0, go_fd_close(s));
	CHECK_EQ(0, go_fd_close(r));
}

static void answers(void *arg)
{
	int fd = (int)(intptr_t)arg, i;
	struct sockaddr_in from;
	char buf[64];

	for (i = 0; i < 3; i++) {
		socklen_t len = sizeof(from);
		ssize_t n = go_recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		CHECK(n >= 0);
		CHECK_EQ(sizeof(from), len);
		CHECK_EQ(n, go_sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len));
	}
	go_wg_done(&wg);
}

static void do_udp(void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int c = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(a);
	char buf[64];

	CHECK_EQ(0, bind(s, (struct sockaddr *)&a, sizeof(a)));
	CHECK_EQ(0, getsockname(s, (struct sockaddr *)&a, &len));
	go_wg_add(&wg, 1);
	start(answers, (void *)(intptr_t)s);
	CHECK_EQ(5, go_sendto(c, "first", 5, 0, (struct sockaddr *)&a, len));
	CHECK_EQ(5, go_recvfrom(c, buf, sizeof(buf), 0, NULL, NULL));
	CHECK_EQ(0, go_sendto(c, "", 0, 0, (struct sockaddr *)&a, len));
	CHECK_EQ(0, go_read(c, buf, sizeof(buf)));
	CHECK_EQ(0, go_connect(c, (struct sockaddr *)&a, len));
	CHECK_EQ(6, go_write(c, "second", 6));
	/* What doesn't fit is cut off, and told. */
	struct iovec iov = { buf, 4 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	CHECK_EQ(4, go_recvmsg(c, &m, 0));
	CHECK(m.msg_flags & MSG_TRUNC);
	CHECK(!memcmp(buf, "seco", 4));
	go_wg_wait(&wg);
	CHECK_EQ(-EAGAIN, go_recvmsg(c, &m, MSG_DONTWAIT));
	CHECK_EQ(0, go_fd_close(s));
	CHECK_EQ(0, go_fd_close(c));
}

static void peeks(void *arg)
{
	char buf[8];
	int p[2];

	make_tcp(p);
	CHECK_EQ(4, go_write(p[1], "peek", 4));
	CHECK_EQ(4, go_recvfrom(p[0], buf, 8, MSG_PEEK, NULL, NULL));
	CHECK_EQ(4, go_read(p[0], buf, 8));
	CHECK(!memcmp(buf, "peek", 4));
	CHECK_EQ(-EAGAIN, go_recvfrom(p[0], buf, 8, MSG_DONTWAIT, NULL, NULL));
	close_both(p);
}

/* A message brings a descriptor. */
static void sends_descriptor(void *arg)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u = { .buf = "" };
	struct iovec iov = { "d", 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = u.buf,
			    .msg_controllen = sizeof(u.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int *p = arg, q[2];

	go_sleep(MS);
	make_pipe(q, 0);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &q[0], sizeof(int));
	CHECK_EQ(1, go_sendmsg(p[1], &m, 0));
	CHECK_EQ(4, go_write(q[1], "pipe", 4));
	close_both(q);
	go_wg_done(&wg);
}

static void descriptors(void *arg)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	char byte, buf[8];
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = u.buf,
			    .msg_controllen = sizeof(u.buf) };
	int p[2], fd;

	make_pair(p, SOCK_STREAM);
	go_wg_add(&wg, 1);
	start(sends_descriptor, p);
	CHECK_EQ(1, go_recvmsg(p[0], &m, MSG_CMSG_CLOEXEC));
	CHECK_EQ('d', byte);
	CHECK(CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	CHECK_EQ(4, go_read(fd, buf, sizeof(buf)));
	CHECK_EQ(0, go_read(fd, buf, sizeof(buf)));
	CHECK_EQ(0, go_fd_close(fd));
	go_wg_wait(&wg);
	close_both(p);
}

/* --------------------------------------------------------------------- many */

static int many, open_now;
static struct go_chan *dialling;	/* so many at once as a listener's queue has room for */

static void client(void *arg)
{
	char text[32];
	int fd, k, n;

	go_send(dialling, NULL);
	fd = go_tcp_dial("127.0.0.1", port);
	go_recv(dialling, NULL);
	CHECK(fd >= 0);
	inc(open_now);
	/* All of them are open at once. */
	while (rd(open_now) < many)
		go_sleep(MS);
	for (k = 0; k < 3; k++) {
		n = snprintf(text, sizeof(text), "%d %d", (int)(intptr_t)arg, k);
		CHECK(n > 0);
		says(fd, text);
	}
	CHECK_EQ(0, go_fd_close(fd));
	go_wg_done(&wg);
}

static void all_clients(void *arg)
{
	open_now = 0;
	dialling = make_chan(0, 100);
	go_wg_add(&wg, many);
	start_n(many, client);
	go_wg_wait(&wg);
	go_chan_free(dialling);
}

static int served;

static void counts_echoes(void *arg)
{
	inc(served);
	echoes(arg);
}

static void serve_all(void *arg)
{
	int i, fd;

	for (i = 0; i < many; i++) {
		fd = go_accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		CHECK(fd >= 0);
		go_wg_add(&wg, 1);
		start(counts_echoes, (void *)(intptr_t)fd);
	}
	go_wg_wait(&wg);
	CHECK_EQ(0, go_fd_close(listener));
}

/* False: a process may not have so many descriptors. */
static bool raise_limit(rlim_t n)
{
	struct rlimit l;

	CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &l));
	if (l.rlim_cur >= n)
		return true;
	l.rlim_cur = n;
	if (l.rlim_max < n)
		l.rlim_max = n;
	return !setrlimit(RLIMIT_NOFILE, &l);
}

TEST(by_number)
{
	run_on(2, do_by_number, NULL);
}

TEST(all_interfaces)
{
	run_on(2, everywhere, NULL);
}

TEST(by_name)
{
	run_on(2, do_by_name, NULL);
}

TEST(by_name_at_ipv4)
{
	if (!has_both("localhost"))
		SKIP(return, "localhost has not an address of IPv4 and one of IPv6 here");
	run_on(1, listens_by_name, NULL);
}

TEST(by_name_on_a_little_stack)
{
	run_on(2, by_name_on_little_stack, NULL);
}

TEST(refused)
{
	run_on(1, nobody_there, NULL);
}

TEST(refused_often)
{
	const bool slow = has_hidden_thread() || in_emulated_vm();

	/* So many are given to begin with. */
	run_on(1, dials_often, (void *)(intptr_t)scaled(slow ? 1000 : 15000));
}

TEST(no_answer)
{
	run_on(1, do_no_answer, NULL);
}

TEST(blocking_listener)
{
	run_on(1, do_blocking_listener, NULL);
}

TEST(unix_sockets)
{
	run_on(2, do_unix_sockets, NULL);
}

TEST(unix_queue_full)
{
	run_on(1, do_unix_queue_full, NULL);
}

TEST(udp)
{
	run_on(1, do_udp, NULL);
}

TEST(unix_datagrams_to_one_that_is_full)
{
	run_on(1, do_unix_datagrams, NULL);
	run_on(2, do_unix_datagrams, NULL);
	run_on(2, do_unix_datagrams, (void *)1);
}

TEST(flags_of_a_call)
{
	run_on(1, peeks, NULL);
}

TEST(descriptor_in_a_message)
{
	run_on(2, descriptors, NULL);
}

TEST(ten_thousand_connections)
{
	/* An emulator has threads of its own, and takes its time; an emulated machine, too. */
	int n = TEST_VALGRIND ? 50 : has_hidden_thread() ? 300 : TEST_ASAN ? 1000 : 10000;
	const char *fewer = getenv("GVT_TEST_CONNECTIONS");
	pid_t pid;
	int status;

	if (fewer && atoi(fewer) > 0)
		n = atoi(fewer);
	TH_LOG("%d connections", n);
	if (!raise_limit((rlim_t)n + 100))
		SKIP(return, "RLIMIT_NOFILE is lower than the number of connections, and may not be raised");
	/* A process for each end: there is one limit for each. */
	many = n;
	listener = go_tcp_listen("127.0.0.1", 0);
	ASSERT_LE(0, listener);
	port = port_of(listener);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		run_on(2, all_clients, NULL);
		_exit(0);
	}
	run_on(2, serve_all, NULL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(n, served);
}

TEST_HARNESS_MAIN
