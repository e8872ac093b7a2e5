// SPDX-License-Identifier: GPL-2.0-only
/*
 * crawl.c - a bounded pool that fetches pages, and the pages that these name.
 *
 * The site is a process of its own on this machine: page i names 2i + 1 and 2i + 2, and
 * comes after a delay, as pages from afar do. So fetching is waiting, and many can wait at
 * the same time. Both sides have a pool of as many workers, which bounds how many do.
 *
 * The site is forked in the midst of a run, where no other thread of the process exists: it
 * makes system calls, and uses memory that was there before.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crew.h"
#include "experiment.h"
#include "forked.h"

#define POOL		32
#define DELAY_NS	(2 * 1000000LL)
#define NO_PAGE		UINT32_MAX

enum { ALONE, POOLED, PAGES, AT_ONCE, THREADS, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[ALONE] = { "alone_ns", "ns", "a page, one fetched after the other" },
	[POOLED] = { "pool_ns", "ns", "a page, by a pool of 32" },
	[PAGES] = { "pages", "count", "  pages fetched" },
	[AT_ONCE] = { "at_once", "count", "  most fetches at the same time" },
	[THREADS] = { "threads_alive", "count", "  kernel threads alive then" },
};

/* What a page says. */
struct page {
	uint32_t number, link[2];
};

/* ----------------------------------------------------------------------- site */

/* Requests that wait for their time, first come, first served: all wait as long. */
struct waiting {
	struct {
		int fd;
		uint32_t page;
		int64_t due;
	} at[2 * POOL];
	uint32_t first, next;
};

static void take_request(struct waiting *w, int fd)
{
	uint32_t i = w->next % ARRAY_SIZE(w->at);

	if (w->next - w->first == ARRAY_SIZE(w->at) ||
	    recv(fd, &w->at[i].page, sizeof(w->at[i].page), MSG_WAITALL) != sizeof(w->at[i].page)) {
		close(fd);
		return;
	}
	w->at[i].fd = fd;
	w->at[i].due = now_ns() + DELAY_NS;
	w->next++;
}

static void answer_due(struct waiting *w, uint32_t pages)
{
	while (w->first != w->next) {
		uint32_t i = w->first % ARRAY_SIZE(w->at), number = w->at[i].page;
		struct page page = { number, { NO_PAGE, NO_PAGE } };

		if (w->at[i].due > now_ns())
			return;
		for (uint32_t k = 0; k < 2; k++) {
			if (2 * number + 1 + k < pages)
				page.link[k] = 2 * number + 1 + k;
		}
		send(w->at[i].fd, &page, sizeof(page), MSG_NOSIGNAL);
		close(w->at[i].fd);
		w->first++;
	}
}

/* A request comes with its connection, so it is read as soon as that is there. */
static void site(int listener, uint32_t pages)
{
	struct epoll_event e = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), fd;
	struct waiting w = { .first = 0 };

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e))
		_exit(1);
	for (;;) {
		int timeout = w.first != w.next ? 1 : -1;

		if (epoll_wait(epoll, &e, 1, timeout) > 0) {
			fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0)
				take_request(&w, fd);
		}
		answer_due(&w, pages);
	}
}

/* Return: its pid, or a negative errno. */
static pid_t open_site(uint32_t pages, int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);
	pid_t pid;

	if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 1024) || getsockname(listener, (struct sockaddr *)&at, &len))
		return -errno;
	*port = ntohs(at.sin_port);
	pid = fork_child();
	if (pid < 0)
		return -errno;
	if (!pid)
		site(listener, pages);
	close(listener);
	return pid;
}

static void close_site(pid_t pid)
{
	kill(pid, SIGKILL);
	wait_for_child(pid, NULL);
}

/* -------------------------------------------------------------------- crawler */

/**
 * struct crawl - one visit of the whole site
 * @s: who visits
 * @port: of the site
 * @todo: numbers of pages
 * @left: pages that were named and not fetched yet
 * @fetched: pages that were
 * @now: fetches under way
 * @most: the most of them at once
 * @threads: kernel threads alive, half-way
 * @pages: of the site
 * @err: what kept one from being fetched
 */
struct crawl {
	enum side s;
	int port;
	struct link todo;
	uint64_t left, fetched, now, most, threads, pages;
	int err;
};

static int talk(enum side s, int fd, const struct sockaddr_in *to, uint32_t number,
		struct page *page)
{
	size_t len = 0;
	ssize_t got;
	int err;

	if (s == SIDE_GOROUTINE) {
		err = go_connect(fd, (const struct sockaddr *)to, sizeof(*to));
		if (err)
			return err;
		if (go_write(fd, &number, sizeof(number)) != sizeof(number))
			return -EPIPE;
	} else {
		if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
			return -errno;
		if (write(fd, &number, sizeof(number)) != sizeof(number))
			return -EPIPE;
	}
	while (len < sizeof(*page)) {
		char *at = (char *)page + len;

		got = s == SIDE_GOROUTINE ? go_read(fd, at, sizeof(*page) - len) :
					    read(fd, at, sizeof(*page) - len);
		if (got <= 0)
			return -EPIPE;
		len += got;
	}
	return page->number == number ? 0 : -EBADMSG;
}

static int fetch(const struct crawl *c, uint32_t number, struct page *page)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(c->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -EMFILE;
	err = talk(c->s, fd, &to, number, page);
	if (c->s == SIDE_GOROUTINE)
		go_fd_close(fd);
	else
		close(fd);
	return err;
}

static void note_at_once(struct crawl *c)
{
	uint64_t now = __atomic_add_fetch(&c->now, 1, __ATOMIC_SEQ_CST);
	uint64_t most = __atomic_load_n(&c->most, __ATOMIC_SEQ_CST);

	while (most < now && !__atomic_compare_exchange_n(&c->most, &most, now, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

/* The queue has room for all pages, so nobody waits who is to take from it. */
static void visit(struct crawl *c, uint32_t number)
{
	struct page page;
	int err;

	note_at_once(c);
	err = fetch(c, number, &page);
	__atomic_sub_fetch(&c->now, 1, __ATOMIC_SEQ_CST);
	if (err) {
		__atomic_store_n(&c->err, err, __ATOMIC_SEQ_CST);
	} else {
		if (__atomic_add_fetch(&c->fetched, 1, __ATOMIC_SEQ_CST) == c->pages / 2)
			c->threads = threads_alive();
		for (int k = 0; k < 2; k++) {
			if (page.link[k] == NO_PAGE)
				continue;
			__atomic_add_fetch(&c->left, 1, __ATOMIC_SEQ_CST);
			link_send(&c->todo, page.link[k]);
		}
	}
	/* Those that it names were added before it is taken away: 0 is the end. */
	if (!__atomic_sub_fetch(&c->left, 1, __ATOMIC_SEQ_CST))
		link_close(&c->todo);
}

static void crawler(void *arg, uint64_t i)
{
	struct crawl *c = arg;
	int64_t number;

	(void)i;
	while (link_recv(&c->todo, &number))
		visit(c, number);
}

static int crawl(const struct plan *p, struct rep *rep, uint64_t pages, uint64_t pool,
		 struct crawl *c)
{
	struct crew crew;
	pid_t pid;
	int err;

	memset(c, 0, sizeof(*c));
	c->s = p->s;
	c->pages = pages;
	c->left = 1;
	pid = open_site(pages, &c->port);
	if (pid < 0)
		return pid;
	err = link_init(&c->todo, p->s, pages);
	if (!err) {
		/* The whole pool is there before the first page: so its threads can be counted. */
		err = crew_start(&crew, rep, p->s, pool, crawler, c);
		if (err)
			link_close(&c->todo);
		else
			link_send(&c->todo, 0);
		crew_wait(&crew);
		link_exit(&c->todo);
	}
	close_site(pid);
	return err ? err : c->err;
}

static void side(const struct plan *p, struct rep *rep)
{
	struct crawl c;
	int64_t t0;
	int err = crawl(p, rep, 4, POOL, &c);

	t0 = now_ns();
	if (!err)
		err = crawl(p, rep, p->n[ALONE], 1, &c);
	if (!err) {
		rep_set(rep, ALONE, elapsed_ns(t0) / p->n[ALONE]);
		t0 = now_ns();
		err = crawl(p, rep, p->n[POOLED], POOL, &c);
	}
	if (err) {
		side_fail(p, rep, NR_METRICS, err);
		return;
	}
	rep_set(rep, POOLED, elapsed_ns(t0) / p->n[POOLED]);
	rep_set(rep, PAGES, c.fetched);
	rep_set(rep, AT_ONCE, c.most);
	rep_set(rep, THREADS, c.threads);
}

static int run(struct result *r, const struct options *o)
{
	uint64_t n = experiment_n(o, 2000, 500);
	const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "pages", SIDE_GOROUTINE, n },
		{ EXPECT_SIDE_MAX, "at_once", SIDE_GOROUTINE, POOL },
		/* It needs no thread for one that waits. */
		{ EXPECT_SIDE_MAX, "threads_alive", SIDE_GOROUTINE, POOL / 2 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	for (int i = 0; i < NR_METRICS; i++)
		p.n[i] = n;
	/* One after the other: a few tell what one takes. */
	p.n[ALONE] = n < 20 ? n : 20;
	p.asked = n;
	result_param(r, "pool", POOL);
	result_param(r, "delay_us", DELAY_NS / 1000);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"A site on this machine, a process of its own, has --n pages, each of which names two others\n"
	"and comes 2 ms after it was asked for. 20 are fetched one after the other; then all of\n"
	"them by a pool of 32 workers, who put what a page names into the queue that they take\n"
	"from. Every page has to be fetched once.\n"
	"\n"
	"Read: 32 who wait at the same time are 32 times as fast, whatever they are: waiting needs\n"
	"no CPU. Threads are 32 of the kernel's for it, goroutines a few. The pool bounds how many\n"
	"fetch at once: the site is not overrun.\n"
	"\n"
	"Distorts: others who compute: then the site answers late.\n";

const struct experiment experiment_crawl = {
	.name = "crawl",
	.claim = "A bounded pool of goroutines waits for many pages on a few threads",
	.about = about,
	.n_means = "pages",
	.n_max = 1000000,
	.run = run,
};
