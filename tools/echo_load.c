// SPDX-License-Identifier: GPL-2.0-only
/*
 * echo_load.c - the client of an echo server: one thread with epoll, the same whatever the
 * server is made of.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo_load.h"
#include "gvt.h"
#include "histogram.h"

#define EVENTS		256

/* None at all for so long: nobody is there. */
#define ANSWER_MS	10000

double echo_load_value(int place)
{
	return histogram_begin(place, ECHO_SUB_BITS);
}

static bool request(struct echo_load *l, uint32_t i)
{
	static const char text[ECHO_MOST_BYTES] = "an echo of this comes back ...\n";
	const size_t n = l->bytes ? l->bytes : ECHO_BYTES;

	l->since[i] = now_ns();
	return send(l->fd[i], text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* A whole answer, or nothing was there: one at a time. */
static bool answer(struct echo_load *l, uint32_t i)
{
	static char text[ECHO_MOST_BYTES];
	const size_t n = l->bytes ? l->bytes : ECHO_BYTES;

	return recv(l->fd[i], text, n, MSG_WAITALL) == (ssize_t)n;
}

static int connect_all(struct echo_load *l, uint64_t n, int port, int epoll)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	for (uint64_t i = 0; i < n; i++) {
		/* Each edge is one answer, or its beginning. */
		struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u32 = i };
		int one = 1;

		l->fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (l->fd[i] < 0 || connect(l->fd[i], (struct sockaddr *)&to, sizeof(to)) ||
		    setsockopt(l->fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
		    epoll_ctl(epoll, EPOLL_CTL_ADD, l->fd[i], &e))
			return -errno;
		/* Served once: its worker is there. */
		if (!request(l, i) || !answer(l, i))
			return -EPIPE;
	}
	return 0;
}

/*
 * One look: what has been answered is asked for again. @first: how many connections had an
 * answer, then that is what is counted; NULL: each answer counts.
 */
static int serve_answers(struct echo_load *l, int epoll, uint64_t *first)
{
	struct epoll_event events[EVENTS];
	int got = epoll_wait(epoll, events, EVENTS, ANSWER_MS);

	if (got <= 0)
		return got ? -errno : -ETIMEDOUT;
	for (int k = 0; k < got; k++) {
		uint32_t i = events[k].data.u32;

		if (!answer(l, i))
			return -EPIPE;
		if (!first)
			l->place[histogram_place(now_ns() - l->since[i], ECHO_SUB_BITS)]++;
		else if (!l->answered[i])
			++*first;
		l->answered[i] = true;
		if (!request(l, i))
			return -EPIPE;
	}
	return got;
}

/*
 * What comes first is from a burst of requests: each connection's first answer is not
 * counted. Then for the time, and until as many were answered as there are connections.
 */
static int load_all(struct echo_load *l, uint64_t n, int epoll, int64_t ns)
{
	uint64_t first = 0;
	int64_t begin;
	int got;

	memset(l->answered, 0, sizeof(l->answered));
	for (uint64_t i = 0; i < n; i++) {
		if (!request(l, i))
			return -EPIPE;
	}
	while (first < n) {
		got = serve_answers(l, epoll, &first);
		if (got < 0)
			return got;
	}
	__atomic_store_n(&l->warm, 1, __ATOMIC_RELEASE);
	begin = now_ns();
	while (now_ns() < begin + ns || l->requests < n) {
		got = serve_answers(l, epoll, NULL);
		if (got < 0)
			return got;
		l->requests += got;
	}
	l->ns = now_ns() - begin;
	return 0;
}

int echo_load_connect(struct echo_load *l, uint64_t n, int port)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int err = epoll < 0 ? -errno : connect_all(l, n, port, epoll);

	return err ? err : epoll;
}

void echo_load_run(struct echo_load *l, uint64_t n, int port, int64_t ns)
{
	int epoll = echo_load_connect(l, n, port);

	l->err = epoll < 0 ? epoll : 0;
	__atomic_store_n(&l->connected, 1, __ATOMIC_RELEASE);
	while (!l->err && !__atomic_load_n(&l->go_on, __ATOMIC_ACQUIRE))
		usleep(500);
	if (!l->err)
		l->err = load_all(l, n, epoll, ns);
	/* Whoever waits for one of these sees @err then. */
	__atomic_store_n(&l->warm, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&l->over, 1, __ATOMIC_RELEASE);
}

struct echo_load *echo_load_make(void)
{
	struct echo_load *l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return l == MAP_FAILED ? NULL : l;
}

void echo_load_clear(struct echo_load *l)
{
	memset(l, 0, offsetof(struct echo_load, since));
}

pid_t echo_load_start(struct echo_load *l, uint64_t n, int port, int64_t ns)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	/* Don't outlive the server. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		echo_load_run(l, n, port, ns);
	while (!l->err && __atomic_load_n(&l->go_on, __ATOMIC_ACQUIRE) != ECHO_CLOSE)
		usleep(500);
	_exit(0);
}

double echo_load_percentile(const struct echo_load *l, double share)
{
	uint64_t sum = 0;

	for (int i = 0; i < ECHO_PLACES; i++) {
		sum += l->place[i];
		if (sum >= share * l->requests)
			return echo_load_value(i);
	}
	return 0;
}
