// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_stress.c - connections that come and go for long: closed at random by either side, with
 * deadlines that pass, cancelled in the midst of a call. Every byte is accounted for, and when all
 * is over no descriptor, goroutine or byte of memory is left.
 *
 * A client sends frames, each a number of bytes that follow from the connection's seed, and
 * reads them back. The server sends what it reads. So at any moment what came back is the beginning
 * of what was sent: each byte is compared. A client that ends in peace has got all of them.
 */
#include "stress.h"
#include "fdtest.h"

#include <malloc.h>
#include <sys/resource.h>

#define AT_ONCE	50		/* in the listener's queue */

static struct go_waitgroup clients, servers;
static struct go_chan *dialling, *places, *own_numbers;
static int listener, port, unix_listener;
static char unix_name[64];
static size_t nclients;
static uint64_t sent, returned, connections, in_peace, cancelled, timed_out, cut;

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
		m = go_write(fd, buf, (size_t)n);
		if (m != n)
			break;
	}
	/* The end; or the client left with bytes unread. */
	CHECK(n == 0 || n == -ECONNRESET || (n > 0 && m != n));
	CHECK_EQ(0, go_fd_close(fd));
	go_recv(places, NULL);
	go_wg_done(&servers);
}

static void serve(void *arg)
{
	int l = (int)(intptr_t)arg, fd;

	while ((fd = go_accept4(l, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		go_wg_add(&servers, 1);
		start(echo, (void *)(intptr_t)fd);
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

/* By many addresses: one has ports for some hundred connections a second. */
static int dial(uint64_t seed)
{
	char host[32];
	int fd;

	snprintf(host, sizeof(host), "127.1.%d.%d", (int)(seed >> 8 & 0xff), (int)(seed >> 16 & 0x7f) + 1);
	go_send(places, NULL);
	go_send(dialling, NULL);
	fd = seed % 4 ? go_tcp_dial(host, port) : go_unix_dial(unix_name);
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

static void one_connection(uint64_t seed)
{
	uint64_t own = seed | 1, out = 0, in = 0;
	int how = (int)(random_next(&own) % NR_ENDS);
	struct killer k = { .fd = dial(own) };
	unsigned char buf[700];
	ssize_t n = 1;
	int frames, f;

	CHECK(k.fd >= 0);
	add(&connections, 1);
	if (how == KILLED) {
		k.fd = by_own_number(k.fd);
		k.after = (int64_t)(random_next(&own) % (3 * MS));
		go_wg_add(&k.done, 1);
		start(kills, &k);
	} else if (how == OUT_OF_TIME) {
		CHECK_EQ(0, go_fd_deadline(k.fd, go_now() + (int64_t)(random_next(&own) % (2 * MS))));
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
		if (random_next(&own) % 8 == 0)
			go_sleep((int64_t)(random_next(&own) % MS));
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
	add(&sent, out);
	add(&returned, in);
	if (n == -ECANCELED || n == -EBADF)
		add(&cancelled, 1);
	else if (n == -ETIMEDOUT)
		add(&timed_out, 1);
	else if (in == out)
		add(&in_peace, 1);
	else
		add(&cut, 1);
	/* Nothing is lost but where the connection was given up. */
	CHECK(in <= out);
	CHECK(in == out || how == CLOSED_EARLY || how == KILLED || how == OUT_OF_TIME);
	if (how == KILLED) {
		go_wg_wait(&k.done);
		go_send(own_numbers, &k.fd);
	} else {
		CHECK_EQ(0, go_fd_close(k.fd));
	}
}

static void client(void *arg)
{
	uint64_t seed = seed_of((unsigned long)arg);

	while (!over()) {
		one_connection(random_next(&seed));
		moved((unsigned int)(uintptr_t)arg);
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
	go_chan_free(own_numbers);
}

/*
 * Both ends are here: two descriptors for each connection, and the own numbers above. With a second
 * to spend there are few: many would not come to their turn.
 */
static void clients_and_servers(void)
{
	size_t room = may_open() - 300;
	int before, i;

	nclients = stress_ns < 5000 * MS ? scaled(500) : scaled(10000);
	if (nclients > room * 4 / 9) {
		nclients = room * 4 / 9;
		dprintf(2, "# RLIMIT_NOFILE may not be raised: %zu connections at once\n", nclients);
	}
	places = make_chan(0, nclients);
	own_numbers = make_chan(sizeof(int), nclients / 4 + 1);
	for (i = 0; i < (int)go_chan_cap(own_numbers); i++)
		go_send(own_numbers, &(int){ 2 * (int)nclients + 250 + i });
	connections = in_peace = cut = cancelled = timed_out = sent = returned = 0;
	listen_here();
	before = count_entries("/proc/self/fd");
	go_wg_add(&clients, (int64_t)nclients);
	for (size_t i = 0; i < nclients; i++)
		start(client, (void *)i);
	let_them_work();
	go_wg_wait(&clients);
	/* The servers' ends see it a moment later; those two that listen stay. */
	while (go_num() > 3)
		go_sleep(MS);
	CHECK_EQ(before, count_entries("/proc/self/fd"));
	hang_up();
	dprintf(2, "# %" PRIu64 " connections: %" PRIu64 " in peace, %" PRIu64 " cut", connections,
		in_peace, cut);
	dprintf(2, ", %" PRIu64 " cancelled, %" PRIu64 " timed out; ", cancelled, timed_out);
	dprintf(2, "%" PRIu64 " bytes sent, %" PRIu64 " came back\n", sent, returned);
	CHECK(in_peace > 0);
	CHECK_EQ(connections, in_peace + cut + cancelled + timed_out);
}

STRESS(come_and_go)
{
	clients_and_servers();
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
	EXPECT_LT(after[2], after[1] + 8 * connections);
}

STRESS_MAIN
