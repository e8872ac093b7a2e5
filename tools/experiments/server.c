// SPDX-License-Identifier: GPL-2.0-only
/*
 * server.c - a thread, or a goroutine, for each connection.
 *
 * The server is an echo over loopback: whoever accepts makes a worker for the connection,
 * which reads and writes until the other end closes. Threads and processes block in read();
 * goroutines park in go_read(). The client (echo_load.c) is a process of its own, the same for both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crew.h"
#include "echo_load.h"
#include "experiment.h"
#include "forked.h"
#include "histogram.h"
#include "memuse.h"
#include "peer_load.h"
#include "thread_limits.h"

#define ACCEPT_SECONDS	20
#define OWN_FILES	64
#define MAX_STEPS	4
/* More are the machine's end before they are a server. */
#define MOST_PROCESSES	1000
#define MEASURE_NS	(200 * 1000000LL)
#define MEASURE_QUICK_NS (60 * 1000000LL)

enum { RATE, P50, P99, CPU, SWITCHES, BYTES, EACH_STEP };

/* The steps of this run: numbers of connections. */
struct steps {
	uint64_t n[MAX_STEPS];
	char name[MAX_STEPS][EACH_STEP][32], label[MAX_STEPS][EACH_STEP][64];
	size_t nr;
	struct histogram *latency;
};

static int64_t measure_ns(const struct plan *p)
{
	return p->o->quick ? MEASURE_QUICK_NS : MEASURE_NS;
}

/* --------------------------------------------------------------------- server */

/**
 * struct server - the accepting side
 * @s: what its workers are
 * @listener: where connections come in
 * @fd: the connections, one for each worker
 */
struct server {
	enum side s;
	int listener;
	int *fd;
};

static ssize_t server_read(const struct server *v, int fd, char *text)
{
	return v->s == SIDE_GOROUTINE ? go_read(fd, text, ECHO_BYTES) : read(fd, text, ECHO_BYTES);
}

static ssize_t server_write(const struct server *v, int fd, const char *text, size_t n)
{
	return v->s == SIDE_GOROUTINE ? go_write(fd, text, n) : write(fd, text, n);
}

static void server_close(const struct server *v, int fd)
{
	if (v->s == SIDE_GOROUTINE)
		go_fd_close(fd);
	else
		close(fd);
}

static void serve(void *arg, uint64_t i)
{
	struct server *v = arg;
	char text[ECHO_BYTES];
	ssize_t got;

	while ((got = server_read(v, v->fd[i], text)) > 0) {
		if (server_write(v, v->fd[i], text, got) != got)
			break;
	}
	server_close(v, v->fd[i]);
}

/*
 * A listening socket on a free port. A client that died makes nobody wait for ever.
 * Return: the port, or a negative errno.
 */
static int listen_on(struct server *v)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = ACCEPT_SECONDS };
	socklen_t len = sizeof(at);

	v->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (v->listener < 0 ||
	    setsockopt(v->listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    bind(v->listener, (struct sockaddr *)&at, sizeof(at)) || listen(v->listener, 1024) ||
	    getsockname(v->listener, (struct sockaddr *)&at, &len))
		return -errno;
	return ntohs(at.sin_port);
}

static int accept_one(const struct server *v)
{
	int one = 1, fd;

	if (v->s == SIDE_GOROUTINE) {
		go_fd_deadline(v->listener, go_now() + ACCEPT_SECONDS * NSEC_PER_SEC);
		fd = go_accept4(v->listener, NULL, NULL, SOCK_CLOEXEC);
	} else {
		fd = accept4(v->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* A worker for each connection that comes. */
static int accept_all(struct server *v, struct rep *rep, struct crew *crew, uint64_t n)
{
	int err = 0;

	while (crew->nr < n && !err) {
		int fd = accept_one(v);

		if (fd < 0)
			return fd;
		v->fd[crew->nr] = fd;
		err = crew_add(crew, rep);
		/* A process has its own. */
		if (err || v->s == SIDE_PROCESS)
			server_close(v, fd);
	}
	return err;
}

/*
 * What processes did is told when they have ended: in sum, so with what they did before it was
 * measured, which is two requests of each connection, and with their beginning and their end.
 */
static void set_processes(struct rep *rep, size_t first, uint64_t requests,
			  const struct rusage *from)
{
	struct rusage to;

	getrusage(RUSAGE_CHILDREN, &to);
	rep_set(rep, first + SWITCHES,
		(double)(to.ru_nvcsw - from->ru_nvcsw + to.ru_nivcsw - from->ru_nivcsw) / requests);
	rep_set(rep, first + CPU, (double)(usage_ns(&to) - usage_ns(from)) / requests);
}

/* What this process did since @from: threads, or goroutines, are in it. */
static void set_counts(struct rep *rep, size_t first, const struct echo_load *l,
		       const struct counters *from)
{
	struct counters to;

	rep_switches(rep, first + SWITCHES, from, l->requests);
	if (!counters_now(&to) && counters_have(&to, CTR_RUN_NS))
		rep_set(rep, first + CPU,
			(double)(to.v[CTR_RUN_NS] - from->v[CTR_RUN_NS]) / l->requests);
}

static void set_load(struct rep *rep, size_t first, const struct echo_load *l)
{
	rep_set(rep, first + RATE, l->requests * 1e9 / l->ns);
	rep_set(rep, first + P50, echo_load_percentile(l, 0.5));
	rep_set(rep, first + P99, echo_load_percentile(l, 0.99));
}

/*
 * All connections are there: how much memory is taken, then the load. What is counted ends
 * while they still are: that thousands of workers end is no part of a request.
 */
static int under_load(const struct plan *p, struct rep *rep, size_t step, struct echo_load *l,
		      const struct memuse *before, struct crew *crew)
{
	uint64_t n = ((const struct steps *)p->arg)->n[step];
	size_t first = step * EACH_STEP;
	struct memuse now, each;
	struct counters from;
	struct rusage ended;
	int err;

	getrusage(RUSAGE_CHILDREN, &ended);
	while (!__atomic_load_n(&l->connected, __ATOMIC_ACQUIRE))
		go_sleep(1000000);
	err = l->err ? l->err : crew_memuse(crew, &now);
	if (err)
		return err;
	each = memuse_each(before, &now, n);
	__atomic_store_n(&l->go_on, ECHO_MEASURE, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&l->warm, __ATOMIC_ACQUIRE))
		go_sleep(1000000);
	counters_now(&from);
	/* It takes as long at least: to look for its end before would be counted, too. */
	go_sleep(measure_ns(p));
	while (!__atomic_load_n(&l->over, __ATOMIC_ACQUIRE))
		go_sleep(1000000);
	if (l->err)
		return l->err;
	if (crew->s != SIDE_PROCESS)
		set_counts(rep, first, l, &from);
	__atomic_store_n(&l->go_on, ECHO_CLOSE, __ATOMIC_RELEASE);
	/* They end when the client has; it is waited for after that. */
	crew_wait(crew);
	if (crew->s == SIDE_PROCESS)
		set_processes(rep, first, l->requests + 2 * n, &ended);
	set_load(rep, first, l);
	rep_set(rep, first + BYTES, memuse_committed(&each));
	return 0;
}

/* What a failure leaves behind ends with this process. */
static int step(const struct plan *p, struct rep *rep, size_t i, struct echo_load *l)
{
	const struct steps *steps = p->arg;
	uint64_t n = steps->n[i];
	struct server v = { .s = p->s, .fd = calloc(n, sizeof(*v.fd)) };
	struct memuse before;
	pid_t pid;
	struct crew crew;
	int port, err;

	if (!v.fd)
		return -ENOMEM;
	echo_load_clear(l);
	port = listen_on(&v);
	err = port < 0 ? port : 0;
	if (!err)
		err = crew_begin(&crew, p->s, n, serve, &v);
	if (!err)
		err = memuse_read(&before);
	if (err)
		return err;
	/* What this process takes is none of theirs; kernel stacks are the system's. */
	if (p->s == SIDE_PROCESS)
		before = (struct memuse){ .kernel_stacks = before.kernel_stacks };
	pid = echo_load_start(l, n, port, measure_ns(p));
	if (pid < 0)
		return pid;
	err = accept_all(&v, rep, &crew, n);
	if (!err)
		err = under_load(p, rep, i, l, &before, &crew);
	if (err) {
		kill(pid, SIGKILL);
		return err;
	}
	wait_for_child(pid, NULL);
	server_close(&v, v.listener);
	free(v.fd);
	return 0;
}

/* May there be so many? Else *why says why not. */
static bool room_for(enum side s, uint64_t n, char *why)
{
	struct thread_limit limits[LIMIT_NR];
	struct rlimit files = { .rlim_cur = 0 };
	char text[TEXT_SIZE], value[TEXT_SIZE], limit[LIMIT_TEXT];
	enum limit which;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (n + OWN_FILES > files.rlim_max) {
		snprintf(why, WHY_SIZE, "%s connections are too many (limit: RLIMIT_NOFILE = %s)",
			 text_count(text, n), text_count(value, files.rlim_max));
		return false;
	}
	if (s == SIDE_GOROUTINE)
		return true;
	if (s == SIDE_PROCESS && n > MOST_PROCESSES) {
		snprintf(why, WHY_SIZE, "processes: %s are not made, %s at most",
			 text_count(text, n), text_count(value, MOST_PROCESSES));
		return false;
	}
	limits_read(limits);
	if (limits_safe(limits, &which) >= n)
		return true;
	snprintf(why, WHY_SIZE, "%s: %s are too many (limit: %s)", side_plural[s], text_count(text, n),
		 limit_text(limit, limits, which));
	return false;
}

static void add_latencies(struct histogram *h, enum side s, const struct echo_load *l)
{
	for (int i = 0; i < ECHO_PLACES; i++) {
		if (l->place[i])
			histogram_add(h, s, echo_load_value(i), l->place[i]);
	}
}

/* Whose latencies are shown one by one: a number that all sides reach. */
static size_t shown_step(const struct steps *s)
{
	return s->nr > 1 ? 1 : 0;
}

static void side(const struct plan *p, struct rep *rep)
{
	struct echo_load *l = echo_load_make();
	const struct steps *steps = p->arg;
	char why[WHY_SIZE] = "";
	int err = l ? 0 : -ENOMEM;

	for (size_t i = 0; i < steps->nr && !err; i++) {
		if (!room_for(p->s, steps->n[i], why))
			break;
		err = step(p, rep, i, l);
		if (!err && i == shown_step(steps))
			add_latencies(steps->latency, p->s, l);
	}
	if (err)
		snprintf(why, sizeof(why), "%s: %s", side_plural[p->s], strerror(-err));
	rep_fail(rep, steps->nr * EACH_STEP, "%s", why);
}

/* -------------------------------------------- servers in other languages */

static int peer_step(const struct plan *p, struct rep *rep, size_t i, struct peer_process *x,
		     int port, struct echo_load *l)
{
	const struct steps *steps = p->arg;
	size_t first = i * EACH_STEP;
	struct peer_load took;
	int err;

	echo_load_clear(l);
	err = peer_load(x, port, l, steps->n[i], measure_ns(p), &took);
	if (err)
		return err;
	set_load(rep, first, l);
	rep_set(rep, first + CPU, took.cpu_ns / l->requests);
	rep_set(rep, first + BYTES, took.bytes);
	if (took.switches >= 0)
		rep_set(rep, first + SWITCHES, took.switches / l->requests);
	else
		rep_missing(rep, first + SWITCHES,
			    "%s: its threads took the count of their switches with them",
			    x->peer->name);
	return 0;
}

/* It says where it listens; the clients are ours. Java has a thread for each connection. */
static void talk(const struct plan *p, const struct result *r, struct peer_process *x,
		 struct rep *rep)
{
	enum side like = x->peer->language == LANG_JAVA ? SIDE_THREAD : SIDE_GOROUTINE;
	/* For all repetitions of all peers. */
	static struct echo_load *l;
	const struct steps *steps = p->arg;
	char line[PEER_LINE], why[WHY_SIZE] = "";
	struct rlimit files;
	int port = 0, err;

	if (!l)
		l = echo_load_make();
	err = l ? 0 : -ENOMEM;
	while (!port && peer_line(x, line)) {
		if (sscanf(line, "port %d", &port) != 1 && !peer_understand(x, r, line, rep))
			break;
	}
	if (!port)
		return;
	getrlimit(RLIMIT_NOFILE, &files);
	for (size_t i = 0; i < steps->nr && !err && room_for(like, steps->n[i], why); i++)
		err = peer_step(p, rep, i, x, port, l);
	setrlimit(RLIMIT_NOFILE, &files);
	if (err)
		peer_fault(x, "as a server: %s", strerror(-err));
	rep_fail(rep, r->nr_metrics, "%s: %.150s", x->peer->name, why);
}

static void choose_steps(struct steps *s, struct metric_def *defs, uint64_t most)
{
	static const struct metric_def def[EACH_STEP] = {
		[RATE] = { "rate_%lu", "count", "%s connections: requests a second" },
		[P50] = { "p50_%lu_ns", "ns", "  a request takes, the median" },
		[P99] = { "p99_%lu_ns", "ns", "  99 of 100 take at most" },
		[CPU] = { "cpu_%lu_ns", "ns", "  CPU time of the server for each" },
		[SWITCHES] = { "switches_%lu", "switches", "  kernel switches for each" },
		[BYTES] = { "bytes_%lu", "bytes", "  memory for a connection" },
	};
	char text[TEXT_SIZE];

	memset(s, 0, sizeof(*s));
	for (uint64_t n = 10; n < most && s->nr < MAX_STEPS - 1; n *= 10)
		s->n[s->nr++] = n;
	s->n[s->nr++] = most;
	for (size_t i = 0; i < s->nr; i++) {
		text_count(text, s->n[i]);
		for (int k = 0; k < EACH_STEP; k++) {
			snprintf(s->name[i][k], sizeof(s->name[i][k]), def[k].name, s->n[i]);
			snprintf(s->label[i][k], sizeof(s->label[i][k]), def[k].label, text);
			defs[i * EACH_STEP + k] = (struct metric_def){ s->name[i][k], def[k].unit,
								       s->label[i][k] };
		}
	}
}

static int run(struct result *r, const struct options *o)
{
	/* Metrics point to their names, so these live as long as the program. */
	static struct steps s;
	struct metric_def defs[MAX_STEPS * EACH_STEP];
	uint64_t most = experiment_n(o, 10000, 1000);
	char last[EACH_STEP][32];
	static char title[80];
	struct plan p;
	int err;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.side[SIDE_PROCESS] = side;
	choose_steps(&s, defs, most);
	s.latency = histogram_make();
	p.arg = &s;
	p.talk = talk;
	p.asked = most;
	for (size_t i = 0; i < s.nr; i++) {
		for (int k = 0; k < EACH_STEP; k++)
			p.n[i * EACH_STEP + k] = s.n[i];
	}
	for (int k = 0; k < EACH_STEP; k++)
		memcpy(last[k], s.name[s.nr - 1][k], sizeof(last[k]));

	const struct expectation expected[] = {
		/* Not the rate: of that others who use the machine decide, and the client. */
		{ EXPECT_RATIO_MIN, last[CPU], SIDE_THREAD, 1 },
		{ EXPECT_RATIO_MIN, last[SWITCHES], SIDE_THREAD, 2 },
		{ EXPECT_RATIO_MIN, last[BYTES], SIDE_THREAD, 2 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};

	err = experiment_finish(r, &p, defs, s.nr * EACH_STEP, expected, ARRAY_SIZE(expected));
	snprintf(title, sizeof(title), "Latency of a request, %lu connections",
		 s.n[shown_step(&s)]);
	histogram_finish(s.latency, r, "latency", title);
	return err;
}

static const char about[] =
	"An echo server over loopback makes a worker for each of 10, 100, 1,000, ... --n connections:\n"
	"threads block in read(), goroutines park in go_read(). The client is another process, one\n"
	"thread with epoll, the same for both; each connection has one request of 32 bytes under\n"
	"way at any time. Only the server's process is counted. Memory is what it takes more when\n"
	"all connections are there and have been served once.\n"
	"\n"
	"Read: few connections wait for each other; with many, the kernel has to switch for each\n"
	"request where threads serve them, and goroutines are found by one look at epoll. The\n"
	"time that a request takes grows with the number: all of them want an answer at once.\n"
	"\n"
	"Distorts: client and server share the CPUs, so neither has them alone; with two CPUs the\n"
	"client takes as much as the server. The kernel's own memory for sockets is not counted.\n";

const struct experiment experiment_server = {
	.name = "server",
	.claim = "A goroutine for each connection, where a thread for each is too much",
	.about = about,
	.n_means = "the most connections",
	.n_max = 10000,
	.run = run,
};
