// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_stress.c - connections that come and go for long: closed at random by either side, with
 * deadlines that pass, cancelled in the midst of a call. Every byte is accounted for, and when all
 * is over no descriptor, goroutine or byte of memory is left.
 *
 * A client sends frames, each a number of bytes that follow from the connection's seed, and
 * reads them back. The server sends what it reads. So at any moment what came back is the beginning
 * of what was sent: each byte is compared. A client that ends in peace has got all of them.
 *
 * come_and_go has both ends in one process; ten_thousand_at_once has the clients in one of
 * their own, this program run once more, so that there are descriptors for 10,000 connections
 * at the same moment on either side. What the two have counted has to agree.
 */
#include "stress.h"
#include "fdtest.h"

#include <malloc.h>
#include <spawn.h>
#include <sys/resource.h>

/* Connections that are just being made. */
#define AT_ONCE	(split ? 500 : 50)
/* With less time than this to spend all goes faster, and there are fewer. */
#define LONG	(5000 * MS)

static bool split;		/* the other ends are in another process */
static int64_t pause_most = MS;	/* between frames, and (twice that) before a client is cancelled */
static int pause_one_in = 8;
static struct go_waitgroup clients, servers, connected;
static struct go_chan *dialling, *places, *own_numbers;
static int listener, port, unix_listener;
static char unix_name[64];

/* What the clients did, in this order on their standard output; what the servers saw. */
static struct {
	uint64_t connections, in_peace, cut, cancelled, timed_out, sent, returned;
} did;
static struct {
	uint64_t accepted, got, gave, open, most;
} seen;

static void add(uint64_t *what, uint64_t n)
{
	__atomic_add_fetch(what, n, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------------ the server */

static void echo(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[512];
	ssize_t n, m = 0;

	while ((n = go_read(fd, buf, sizeof(buf))) > 0) {
		add(&seen.got, (uint64_t)n);
		m = go_write(fd, buf, (size_t)n);
		if (m > 0)
			add(&seen.gave, (uint64_t)m);
		if (m != n)
			break;
		moved((unsigned int)fd);
	}
	/* The end; or the client left with bytes unread. */
	CHECK(n == 0 || n == -ECONNRESET || (n > 0 && m != n));
	CHECK_EQ(0, go_fd_close(fd));
	add(&seen.open, (uint64_t)-1);
	go_recv(places, NULL);
	go_wg_done(&servers);
}

static void accepted(void)
{
	uint64_t open = inc(seen.open), most = rd(seen.most);

	add(&seen.accepted, 1);
	while (open > most && !__atomic_compare_exchange_n(&seen.most, &most, open, false,
							   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* A place for a connection is taken by whoever begins one: here that is the other process. */
static void take_place(bool here)
{
	if (here)
		go_send(places, NULL);
}

static void serve(void *arg)
{
	int l = (int)(intptr_t)arg, fd;

	take_place(split);
	while ((fd = go_accept4(l, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		accepted();
		go_wg_add(&servers, 1);
		start(echo, (void *)(intptr_t)fd);
		take_place(split);
	}
	CHECK_EQ(-ECANCELED, fd);
	go_wg_done(&servers);
}

/* ----------------------------------------------------------------------- the clients */

/* The byte at @at of a connection. */
static inline unsigned char byte_of(uint64_t seed, uint64_t at)
{
	return (unsigned char)((seed + at) * 0x9e3779b97f4a7c15 >> 56);
}

struct killer {
	int fd;
	int64_t after;
	struct go_waitgroup done;
};

static void kills(void *arg)
{
	struct killer *k = arg;

	go_sleep(k->after);
	CHECK_EQ(0, go_fd_close(k->fd));
	go_wg_done(&k->done);
}

/* Reads back up to @want bytes. Return: what the last read said. */
static ssize_t take(int fd, uint64_t seed, uint64_t *at, size_t want)
{
	unsigned char buf[256];
	ssize_t n = 1, i;

	while (want && n > 0) {
		n = go_read(fd, buf, want < sizeof(buf) ? want : sizeof(buf));
		for (i = 0; i < n; i++, (*at)++)
			CHECK_EQ(byte_of(seed, *at), buf[i]);
		if (n > 0)
			want -= (size_t)n;
	}
	return n;
}

/* How a connection ends. */
enum { IN_PEACE, CLOSED_EARLY, HALF_CLOSED, KILLED, OUT_OF_TIME, NR_ENDS };

/* The first byte comes back: the other process has the connection, too. */
static void shake_hands(int fd, uint64_t seed)
{
	unsigned char c = byte_of(seed, 0);
	uint64_t at = 0;

	CHECK_EQ(1, go_write(fd, &c, 1));
	CHECK_EQ(1, take(fd, seed, &at, 1));
}

/*
 * By many addresses: one has ports for some hundred connections a second. @data is the seed of
 * the connection's bytes.
 */
static int dial(uint64_t seed, uint64_t data)
{
	char host[32];
	int fd;

	snprintf(host, sizeof(host), "127.1.%d.%d", (int)(seed >> 8 & 0xff), (int)(seed >> 16 & 0x7f) + 1);
	take_place(true);
	go_send(dialling, NULL);
	fd = seed % 4 ? go_tcp_dial(host, port) : go_unix_dial(unix_name);
	CHECK(fd >= 0);
	if (split)
		shake_hands(fd, data);
	go_recv(dialling, NULL);
	return fd;
}

/*
 * The same connection by a number that nobody else gets meanwhile: who is to be cancelled may come
 * to its next call after that, and must not find another connection there.
 */
static int by_own_number(int fd)
{
	int own;

	go_recv(own_numbers, &own);
	CHECK_EQ(own, fcntl(fd, F_DUPFD_CLOEXEC, own));
	CHECK_EQ(0, go_fd_close(fd));
	return own;
}

static void one_connection(uint64_t seed, bool first)
{
	uint64_t own = seed | 1, out = split, in = split;
	int how = (int)(random_next(&own) % NR_ENDS);
	struct killer k = { .fd = dial(own, seed) };
	unsigned char buf[700];
	ssize_t n = 1;
	int frames, f;

	add(&did.connections, 1);
	if (first) {
		go_wg_done(&connected);
		go_wg_wait(&connected);
	}
	if (how == KILLED) {
		k.fd = by_own_number(k.fd);
		k.after = (int64_t)(random_next(&own) % (uint64_t)(2 * pause_most));
		go_wg_add(&k.done, 1);
		start(kills, &k);
	} else if (how == OUT_OF_TIME) {
		CHECK_EQ(0, go_fd_deadline(k.fd, go_now() + (int64_t)(random_next(&own) %
								      (uint64_t)(2 * pause_most))));
	}
	frames = (int)(random_next(&own) % 12);
	for (f = 0; f < frames && n > 0; f++) {
		size_t len = random_next(&own) % sizeof(buf) + 1, i;

		for (i = 0; i < len; i++)
			buf[i] = byte_of(seed, out + i);
		n = go_write(k.fd, buf, len);
		if (n > 0)
			out += (uint64_t)n;
		/* Sometimes more than one frame is on its way. */
		if (n == (ssize_t)len && random_next(&own) % 3)
			n = take(k.fd, seed, &in, out - in);
		if (random_next(&own) % (uint64_t)pause_one_in == 0 && (!split || !over()))
			go_sleep((int64_t)(random_next(&own) % (uint64_t)pause_most));
	}
	if (n > 0 && how == HALF_CLOSED) {
		if (shutdown(k.fd, SHUT_WR))
			n = -errno;
		else
			n = take(k.fd, seed, &in, SIZE_MAX);
		CHECK_EQ(0, n);
		CHECK_EQ(out, in);
	} else if (n > 0 && how != CLOSED_EARLY) {
		n = take(k.fd, seed, &in, out - in);
	}
	add(&did.sent, out);
	add(&did.returned, in);
	if (n == -ECANCELED || n == -EBADF)
		add(&did.cancelled, 1);
	else if (n == -ETIMEDOUT)
		add(&did.timed_out, 1);
	else if (in == out)
		add(&did.in_peace, 1);
	else
		add(&did.cut, 1);
	/* Nothing is lost but where the connection was given up. */
	CHECK(in <= out);
	CHECK(in == out || how == CLOSED_EARLY || how == KILLED || how == OUT_OF_TIME);
	if (how == KILLED) {
		go_wg_wait(&k.done);
		go_send(own_numbers, &k.fd);
	} else {
		CHECK_EQ(0, go_fd_close(k.fd));
	}
	if (split)
		go_recv(places, NULL);
}

static void client(void *arg)
{
	uint64_t seed = seed_of((unsigned long)arg);
	bool first = split;

	while (first || !over()) {
		one_connection(random_next(&seed), first);
		moved((unsigned int)(uintptr_t)arg);
		first = false;
	}
	go_wg_done(&clients);
}

/* ------------------------------------------------------------------------ the balance */

static size_t memory_in_use(void)
{
	return mallinfo2().uordblks;
}

/* How many descriptors there may be. */
static size_t may_open(void)
{
	struct rlimit l;

	CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &l));
	l.rlim_max = l.rlim_max < 50000 ? 50000 : l.rlim_max;
	l.rlim_cur = 50000;
	if (setrlimit(RLIMIT_NOFILE, &l)) {
		CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &l));
		l.rlim_cur = l.rlim_max;
		CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &l));
	}
	return l.rlim_cur;
}

static void listen_here(void)
{
	uint64_t before = parks();

	snprintf(unix_name, sizeof(unix_name), "@gvt-net_stress-%d", getpid());
	listener = go_tcp_listen("0.0.0.0", 0);
	CHECK(listener >= 0);
	port = port_of(listener);
	unix_listener = go_unix_listen(unix_name);
	CHECK(unix_listener >= 0);
	dialling = make_chan(0, AT_ONCE);
	go_wg_add(&servers, 2);
	start(serve, (void *)(intptr_t)listener);
	start(serve, (void *)(intptr_t)unix_listener);
	/* What the runtime itself opens is open then. */
	until_parked(before, 2);
}

static void hang_up(void)
{
	CHECK_EQ(0, go_fd_close(listener));
	CHECK_EQ(0, go_fd_close(unix_listener));
	go_wg_wait(&servers);
	go_chan_free(dialling);
	go_chan_free(places);
}

/* @n of them; @from: their own numbers, which nothing else here reaches. */
static void begin_clients(size_t n, int from)
{
	own_numbers = make_chan(sizeof(int), n / 4 + 1);
	for (int i = 0; i < (int)go_chan_cap(own_numbers); i++)
		go_send(own_numbers, &(int){ from + i });
	go_wg_add(&clients, (int64_t)n);
	if (split)
		go_wg_add(&connected, (int64_t)n);
	for (size_t i = 0; i < n; i++)
		start(client, (void *)i);
}

static void end_clients(void)
{
	go_wg_wait(&clients);
	go_chan_free(own_numbers);
}

static void tell(void)
{
	dprintf(2, "# %" PRIu64 " connections: %" PRIu64 " in peace, %" PRIu64 " cut",
		did.connections, did.in_peace, did.cut);
	dprintf(2, ", %" PRIu64 " cancelled, %" PRIu64 " timed out; ", did.cancelled, did.timed_out);
	dprintf(2, "%" PRIu64 " bytes sent, %" PRIu64 " came back; at most %" PRIu64 " at once\n",
		did.sent, did.returned, seen.most);
}

/* The two ends agree. What was sent and not read, or read and not sent back, was cut off. */
static void balance(void)
{
	tell();
	CHECK(did.in_peace > 0);
	CHECK_EQ(did.connections, did.in_peace + did.cut + did.cancelled + did.timed_out);
	CHECK_EQ(did.connections, seen.accepted);
	CHECK_EQ(0, seen.open);
	CHECK(did.sent >= seen.got);
	CHECK(seen.got >= seen.gave);
	CHECK(seen.gave >= did.returned);
}

/* All that the servers had to do is done; those two that listen stay. */
static void settle(int before)
{
	while (rd(seen.accepted) != did.connections || go_num() > 3)
		go_sleep(MS);
	CHECK_EQ(before, count_fds());
}

/*
 * Both ends are here: two descriptors for each connection, and the own numbers above. With a second
 * to spend there are few: many would not come to their turn.
 */
static void clients_and_servers(void)
{
	size_t room = may_open() - 300, n = stress_ns < LONG ? scaled(500) : scaled(10000);
	int before;

	if (n > room * 4 / 9) {
		n = room * 4 / 9;
		dprintf(2, "# RLIMIT_NOFILE may not be raised: %zu connections at once\n", n);
	}
	memset(&did, 0, sizeof(did));
	memset(&seen, 0, sizeof(seen));
	places = make_chan(0, n);
	listen_here();
	before = count_fds();
	begin_clients(n, 2 * (int)n + 250);
	let_them_work();
	end_clients();
	settle(before);
	hang_up();
	balance();
}

STRESS(come_and_go)
{
	clients_and_servers();
}

/* ------------------------------------------------------------------- in two processes */

static void choose_pace(void)
{
	split = true;
	if (stress_ns >= LONG) {
		pause_most = 2500 * MS;
		pause_one_in = 2;
	}
}

static void waits_for_a_byte(void *arg)
{
	char c;

	CHECK_EQ(1, go_read(*(int *)arg, &c, 1));
	go_wg_done(&clients);
}

/* What the runtime itself opens is open then. */
static void wait_once(void)
{
	uint64_t before = parks();
	int p[2];

	make_pipe(p, 0);
	go_wg_add(&clients, 1);
	start(waits_for_a_byte, &p[0]);
	until_parked(before, 1);
	CHECK_EQ(1, go_write(p[1], "", 1));
	go_wg_wait(&clients);
	close_both(p);
}

static void clients_alone(void *arg)
{
	size_t n = *(size_t *)arg;
	int before;

	CHECK(may_open() > n * 5 / 4 + 400);
	wait_once();
	before = count_fds();
	places = make_chan(0, n);
	dialling = make_chan(0, AT_ONCE);
	begin_clients(n, (int)n + 300);
	let_them_work();
	end_clients();
	go_chan_free(dialling);
	go_chan_free(places);
	while (go_num() > 1)
		go_sleep(MS);
	CHECK_EQ(before, count_fds());
}

/* This program run as PROGRAM --clients PORT NAME N NANOSECONDS SEED PROCS. */
static int clients_main(char **argv)
{
	size_t n = strtoull(argv[4], NULL, 10);

	port = atoi(argv[2]);
	snprintf(unix_name, sizeof(unix_name), "%s", argv[3]);
	stress_ns = atoll(argv[5]);
	stress_seed = strtoull(argv[6], NULL, 10);
	stress_procs = atoi(argv[7]);
	choose_pace();
	pthread_detach(start_thread(stress_watch, (void *)"the clients"));
	run_on(stress_procs, clients_alone, &n);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
	       did.connections, did.in_peace, did.cut, did.cancelled, did.timed_out, did.sent,
	       did.returned);
	return 0;
}

/* Return: what it will write its counts to. */
static int start_clients(size_t n, pid_t *pid)
{
	char text[5][32], *argv[] = { "net_stress", "--clients", text[0], unix_name, text[1], text[2],
				      text[3],	    text[4],	   NULL };
	posix_spawn_file_actions_t files;
	int fds[2];

	snprintf(text[0], sizeof(text[0]), "%d", port);
	snprintf(text[1], sizeof(text[1]), "%zu", n);
	snprintf(text[2], sizeof(text[2]), "%" PRId64, stress_ns);
	snprintf(text[3], sizeof(text[3]), "%" PRIu64, stress_seed);
	snprintf(text[4], sizeof(text[4]), "%d", stress_procs);
	make_pipe(fds, 0);
	CHECK_EQ(0, posix_spawn_file_actions_init(&files));
	CHECK_EQ(0, posix_spawn_file_actions_adddup2(&files, fds[1], 1));
	CHECK_EQ(0, posix_spawn(pid, "/proc/self/exe", &files, NULL, argv, environ));
	posix_spawn_file_actions_destroy(&files);
	CHECK_EQ(0, close(fds[1]));
	return fds[0];
}

/* Their counts, when they have ended well. */
static void end_of_clients(int fd, pid_t pid)
{
	char text[512] = "";
	size_t len = 0;
	int status;
	ssize_t n;

	while ((n = go_read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	CHECK_EQ(0, n);
	CHECK_EQ(0, go_fd_close(fd));
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	CHECK_EQ(0, status);
	CHECK_EQ(7, sscanf(text,
			   "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %" SCNu64,
			   &did.connections, &did.in_peace, &did.cut, &did.cancelled,
			   &did.timed_out, &did.sent, &did.returned));
}

static void servers_alone(void)
{
	size_t room, n = stress_ns < LONG ? scaled(500) : scaled(10000);
	int before, fd;
	pid_t pid;

	choose_pace();
	room = may_open() - 300;
	if (n > room * 3 / 4 - 100) {
		n = room * 3 / 4 - 100;
		dprintf(2, "# RLIMIT_NOFILE may not be raised: %zu connections at once\n", n);
	}
	/* The server's ends may last a little longer. */
	places = make_chan(0, room);
	listen_here();
	before = count_fds();
	fd = start_clients(n, &pid);
	let_them_work();
	end_of_clients(fd, pid);
	settle(before);
	hang_up();
	balance();
	CHECK(seen.most >= n);
}

STRESS_UNLESS(ten_thousand_at_once, TEST_VALGRIND || (has_hidden_thread() && !TEST_TSAN),
	      "what it starts, itself once more, would not run in the emulator")
{
	servers_alone();
}

static void run_come_and_go(void *arg)
{
	clients_and_servers();
}

/*
 * What one run has taken from malloc() it has given back. The C library's caches, which count as
 * in use, hold a bit more or less each time; of each connection a few bytes would be more.
 */
TEST(no_memory_is_left)
{
	size_t after[3];
	int i;

	if (TEST_ASAN || TEST_TSAN || TEST_VALGRIND)
		SKIP(return, "this tool has a malloc() of its own, and finds leaks by itself");
	stress_ns = 200 * MS;
	for (i = 0; i < 3; i++) {
		wr(stress_over, false);
		run_on(4, run_come_and_go, NULL);
		after[i] = memory_in_use();
	}
	EXPECT_LT(after[2], after[1] + 8 * did.connections);
}

int main(int argc, char **argv)
{
	if (argc == 8 && !strcmp(argv[1], "--clients"))
		return clients_main(argv);
	return stress_main(argc, argv);
}
