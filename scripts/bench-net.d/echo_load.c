// SPDX-License-Identifier: GPL-2.0-only
/*
 * echo_load - load for a server that sends back what it gets. One thread, epoll, no libgo: the same
 * for whoever answers.
 *
 *   echo_load load PORT CONNECTIONS SECONDS BYTES
 *	each connection sends BYTES, waits for all of them, and sends again; prints the number of
 *	answers for each second, and of all
 *   echo_load hold PORT CONNECTIONS
 *	opens them, sends one byte by each and waits for it, prints "ready", and keeps them until
 *	its standard input ends
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_BYTES	65536
#define EVENTS		256

static char text[MOST_BYTES];

static void die(const char *what)
{
	fprintf(stderr, "echo_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int dial(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	a.sin_port = htons((uint16_t)port);
	if (fd < 0)
		die("socket");
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void say(int fd, size_t n)
{
	if (send(fd, text, n, MSG_NOSIGNAL) != (ssize_t)n)
		die("send");
}

/* Answers in @ns, all connections together. */
static uint64_t run(int ep, size_t n, size_t *missing, int64_t ns)
{
	static char buf[MOST_BYTES];
	struct epoll_event ev[EVENTS];
	int64_t end = now() + ns;
	uint64_t answers = 0;

	while (now() < end) {
		int k = epoll_wait(ep, ev, EVENTS, 100);

		for (int i = 0; i < k; i++) {
			int fd = ev[i].data.fd;
			ssize_t got = recv(fd, buf, missing[fd], MSG_DONTWAIT);

			if (got < 0 && errno == EAGAIN)
				continue;
			if (got <= 0)
				die("receive");
			missing[fd] -= (size_t)got;
			if (missing[fd])
				continue;
			answers++;
			missing[fd] = n;
			say(fd, n);
		}
	}
	return answers;
}

static void load(int port, int conns, double seconds, size_t n)
{
	size_t *missing = calloc((size_t)conns + 100, sizeof(*missing));
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int64_t begin;
	uint64_t answers, before;

	if (!missing || ep < 0)
		die("epoll");
	for (int i = 0; i < conns; i++) {
		struct epoll_event e = { .events = EPOLLIN };

		e.data.fd = dial(port);
		if (e.data.fd >= conns + 100)
			die("descriptors");
		missing[e.data.fd] = n;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, e.data.fd, &e))
			die("epoll_ctl");
		say(e.data.fd, n);
	}
	/* The first moments don't count. */
	before = run(ep, n, missing, INT64_C(300000000));
	begin = now();
	answers = run(ep, n, missing, (int64_t)(seconds * 1e9));
	printf("%.1f %llu\n", (double)answers * 1e9 / (double)(now() - begin),
	       (unsigned long long)(before + answers));
}

static void hold(int port, int conns)
{
	char c;

	for (int i = 0; i < conns; i++) {
		int fd = dial(port);

		say(fd, 1);
		if (recv(fd, &c, 1, 0) != 1)
			die("receive");
	}
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

int main(int argc, char **argv)
{
	struct rlimit l;

	memset(text, 'e', sizeof(text));
	if (!getrlimit(RLIMIT_NOFILE, &l)) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
	if (argc == 6 && !strcmp(argv[1], "load") && atoi(argv[5]) > 0 &&
	    atoi(argv[5]) <= MOST_BYTES) {
		load(atoi(argv[2]), atoi(argv[3]), atof(argv[4]), (size_t)atoi(argv[5]));
	} else if (argc == 4 && !strcmp(argv[1], "hold")) {
		hold(atoi(argv[2]), atoi(argv[3]));
	} else {
		fprintf(stderr, "usage: echo_load load PORT CONNECTIONS SECONDS BYTES | hold PORT CONNECTIONS\n");
		return 2;
	}
	return 0;
}
