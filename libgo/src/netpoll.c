// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netpoll.c - goroutines that wait for descriptors.
 *
 * A call first tries. Only where the kernel says EAGAIN, the descriptor is registered with
 * epoll, once, for both directions and edge-triggered, and the goroutine waits in the
 * descriptor's own queue. Each descriptor has a struct netfd, found by its number.
 *
 * No edge is lost: who tries notes the count of edges (side->events) before, and under the
 * lock waits only if it is still the same. An edge wakes the first who waits to read (or to
 * write), and all that wait in go_poll_fd(), which take nothing. Whoever has got something
 * wakes the next one, who gets something or finds that nothing is left. So everybody is
 * woken for whom there is something, in order, and no crowd for one.
 *
 * Who looks: an M that finds nothing to do, before it steals. Of the Ms that sleep one is
 * the poller: it sleeps in epoll_wait() in place of a futex, and is woken by an eventfd
 * (idle.c). Where all Ps are busy, each looks every NET_TICKS switches, from its thread's own
 * stack: who is about to wait holds a descriptor's lock. And the monitor looks, where
 * nobody has for 10 ms.
 *
 * Numbers are used again. A call of a goroutine counts in d->refs, and go_fd_close() wakes who
 * waits, waits until the last one has left, and only then closes: no call is made on a
 * number that means another file by now. What epoll still says of a file that is gone
 * carries its old number of the series (d->seq) and is dropped.
 *
 * Several that are ready at once are work for another P, if there is a CPU for that. Where others
 * have them all (the clients of a server on the same machine, say), its thread takes turns with
 * them, and each turn costs more than it does for a request: 2,300 switches a second in place of
 * 5,000, and 10 % more requests (echo, 100 connections, 2 CPUs). So nobody is woken for them then;
 * should the P not get to them, the monitor sees that its queue doesn't move.
 *
 * A program that closes with close() is not seen doing it. The kernel drops the registration,
 * and whoever gets the number next would wait for ever. So what libgo itself makes
 * (go_accept4(), go_connect(), ...) starts afresh, whatever is remembered of its number; and
 * the monitor asks for each descriptor that has long been waited for, once, whether it is
 * registered still; for some of them again each time that all falls asleep (netpoll_sweep()).
 *
 * A program that has no goroutine waiting for a descriptor pays one test of netpoll.on
 * where an M goes idle, and one in 64 switches: the monitor, when it finds that nobody has
 * waited for a while, switches it off, and who waits switches it on. It reads OFF only if
 * nobody waits: the monitor sets ASKING, then looks at all; who registers or waits after
 * that finds ASKING, and sets ON, so that the exchange of ASKING by OFF fails.
 *
 * Rejected: EPOLLONESHOT (a system call for each wait); one epoll instance for each P (an edge
 * would wait for that P); io_uring (a third of the kernels that this runs on forbid it;
 * and who waits for 10,000 connections pins 10,000 requests); O_NONBLOCK on what the
 * program opened (see fd.c).
 */
#include "netpoll.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runq.h"
#include "san.h"

#define CHUNK		1024		/* descriptors: 128 KiB of address space */
#define CHUNKS		4096
#define WAKE		UINT64_MAX	/* tag of the eventfd */
#define EDGES		(EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET)
#define ENDS		(EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)
#define LOOK_EVERY	(10 * NSEC_PER_MSEC)
#define SWEEP_EVERY	(20 * NSEC_PER_MSEC)
#define ASK_AGAIN	64

enum { NET_OFF, NET_ON, NET_ASKING };

struct netpoll netpoll = { .epoll = -1, .wake = -1, .loadavg = -1 };

static struct netfd *chunks[CHUNKS];	/* never given back */
static uint32_t open_lock;
static bool no_pwait2;

/* -------------------------------------------------------------------- descriptors */

/* NULL: no such number, or no memory. */
struct netfd *netfd_find(int fd)
{
	struct netfd **at, *c, *none = NULL;
	long ret;

	if (fd < 0 || fd >= CHUNK * CHUNKS)
		return NULL;
	at = &chunks[fd / CHUNK];
	c = load_acquire(at);
	if (unlikely(!c)) {
		ret = SYS(mmap, NULL, CHUNK * sizeof(*c), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1);
		if (ret < 0 && ret > -4096)
			return NULL;
		c = (struct netfd *)ret;
		if (!__atomic_compare_exchange_n(at, &none, c, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			SYS(munmap, c, CHUNK * sizeof(*c));
			c = none;
		}
	}
	return &c[fd % CHUNK];
}

/* With d->lock held: nothing is known of it. */
static void forget(struct netfd *d, enum fd_kind kind)
{
	store_relaxed(&d->seq, d->seq + 1);
	store_relaxed(&d->kind, kind);
	store_relaxed(&d->registered, false);
	store_relaxed(&d->ended, false);
	d->waits = 0;
	d->deadline = 0;
	for (int i = 0; i < 2; i++)
		store_relaxed(&d->side[i].dry, d->side[i].events - 1);
}

/* With d->lock held: what was waited for in an earlier run is gone with it. */
static void renew(struct netfd *d)
{
	forget(d, FD_UNKNOWN);
	store_relaxed(&d->refs, 0);
	d->closer = NULL;
	for (int i = 0; i < 2; i++) {
		d->side[i].queue = (struct waitq){ NULL, NULL };
		d->side[i].polls = (struct waitq){ NULL, NULL };
	}
	store_release(&d->gen, load_relaxed(&sched.gen));
}

/* From any thread. Returns its M, NULL: none; the runtime stays as it is until unlock(). */
static struct m *lock(struct netfd *d)
{
	struct m *m = m_enter();

	if (!m)
		foreign_enter();
	spin_lock(&d->lock);
	if (d->gen != load_relaxed(&sched.gen))
		renew(d);
	return m;
}

/* Each of @all is gone as soon as it is woken. @m NULL: they go to the global queue. */
static void wake_taken(struct m *m, const struct waitq *all)
{
	for (struct waiter *w = all->first, *next; w; w = next) {
		next = w->next;
		if (m)
			sched_ready_last(m, w->g);
		else
			sched_ready(NULL, w->g);
	}
}

static void unlock(struct m *m, struct netfd *d, const struct waitq *woken)
{
	spin_unlock(&d->lock);
	wake_taken(m, woken);
	if (m)
		m_leave(m);
	else
		foreign_exit();
}

static const struct waitq nobody;

/*
 * By a goroutine: a call on @fd begins, and netfd_put() ends it. -ECANCELED: it is being closed;
 * -ENOMEM: nothing can be kept of it.
 */
int netfd_get(int fd, struct netfd **dp)
{
	struct netfd *d = netfd_find(fd);

	if (unlikely(!d))
		return -ENOMEM;
	if (unlikely(load_acquire(&d->gen) != load_relaxed(&sched.gen)))
		unlock(lock(d), d, &nobody);
	if (unlikely(add_seq(&d->refs, 1) & FD_CLOSING)) {
		netfd_put(d);
		return -ECANCELED;
	}
	*dp = d;
	return 0;
}

/* The last call has left a descriptor that is being closed. */
NOINLINE void netfd_put_closing(struct netfd *d)
{
	struct m *m = lock(d);
	struct waitq woken = { NULL, NULL };

	if (d->closer && load_relaxed(&d->refs) == FD_CLOSING) {
		waitq_add(&woken, d->closer);
		d->closer = NULL;
	}
	unlock(m, d, &woken);
}

/* ------------------------------------------------------------------------- waking */

/* With d->lock held: those who are to be woken are moved to @all. */
static void take_first(struct waitq *q, struct waitq *all)
{
	struct waiter *w = waitq_take(q);

	if (w) {
		waitq_add(all, w);
		w->queued = false;
	}
}

static void take_all(struct waitq *q, struct waitq *all)
{
	while (q->first)
		take_first(q, all);
}

static void take_everybody(struct netfd *d, struct waitq *all)
{
	for (int i = 0; i < 2; i++) {
		take_all(&d->side[i].queue, all);
		take_all(&d->side[i].polls, all);
	}
}

/* With d->lock held: an edge. */
static void edge(struct netfd *d, int side, struct waitq *all)
{
	struct fd_side *s = &d->side[side];

	store_release(&s->events, s->events + 1);
	take_first(&s->queue, all);
	take_all(&s->polls, all);
}

/* What epoll said of @fd, as it was when that was number @seq of those called so. */
static void told(int fd, uint32_t seq, uint32_t what, struct waitq *woken)
{
	struct netfd *d = netfd_find(fd);

	spin_lock(&d->lock);
	if (d->seq == seq && d->gen == load_relaxed(&sched.gen)) {
		if (what & ENDS)
			store_relaxed(&d->ended, true);
		if (what & (EPOLLIN | ENDS))
			edge(d, FD_READ, woken);
		if (what & (EPOLLOUT | EPOLLHUP | EPOLLERR))
			edge(d, FD_WRITE, woken);
	}
	spin_unlock(&d->lock);
}

/* Is there a CPU for one more of the Ps? Where half of one is, there is. */
static bool cpu_for_another(void)
{
	uint32_t busy = busy_ps();
	uint32_t cpus = netpoll.cpus;

	return !cpus || 16 * (busy + 1) + load_relaxed(&netpoll.taken) <= 16 * cpus + 8;
}

/*
 * Readies whoever @ev is for. @m has a P, and is about to look into its queue: one goroutine is
 * its own affair, more are others' too, where there is a CPU for them, or more is to come than fits into
 * @ev. NULL: the caller has no P.
 */
void netpoll_ready(struct m *m, const struct net_events *ev)
{
	struct waitq woken = { NULL, NULL };

	for (int i = 0; i < ev->n; i++) {
		uint64_t tag = ev->e[i].data.u64;

		if (tag != WAKE)
			told((int)(uint32_t)tag, (uint32_t)(tag >> 32), ev->e[i].events, &woken);
	}
	if (!m) {
		wake_taken(NULL, &woken);
		return;
	}
	for (struct waiter *w = woken.first, *next; w; w = next) {
		next = w->next;
		sched_ready_quiet(m, w->g);
	}
	if (runq_len(m->p) <= 1)
		return;
	store_relaxed(&netpoll.crowds, load_relaxed(&netpoll.crowds) + 1);
	if (ev->n == ARRAY_SIZE(ev->e) || cpu_for_another()) {
		/* Pairs with that of who goes idle: see idle.c. */
		full_fence();
		idle_wake();
	}
}

/* Who got something from @d leaves: is there some for the next one? */
NOINLINE void netfd_pass(struct netfd *d, int side)
{
	struct waitq woken = { NULL, NULL };
	struct m *m = lock(d);

	take_first(&d->side[side].queue, &woken);
	unlock(m, d, &woken);
}

/* ------------------------------------------------------------------------ looking */

static void poll_now(struct net_events *ev, const struct timespec *t)
{
	long n = -ENOSYS;

	store_relaxed(&netpoll.looks, load_relaxed(&netpoll.looks) + 1);
	if (!load_relaxed(&no_pwait2)) {
		n = SYS(epoll_pwait2, netpoll.epoll, ev->e, ARRAY_SIZE(ev->e), t, NULL, 0);
		if (n == -ENOSYS)
			store_relaxed(&no_pwait2, true);
	}
	if (n == -ENOSYS) {
		int64_t ms = t ? t->tv_sec * 1000 + (t->tv_nsec + 999999) / 1000000 : -1;

		n = SYS(epoll_pwait, netpoll.epoll, ev->e, ARRAY_SIZE(ev->e),
			ms < INT_MAX ? ms : INT_MAX, NULL, 0);
	}
	if (n < 0 && n != -EINTR)
		fatal("epoll_wait: error %ld on the runtime's own descriptor; was it closed?", -n);
	ev->n = n < 0 ? 0 : (int)n;
}

/* Without waiting; from the thread's own stack. @m NULL: the caller has no P. */
void netpoll_look(struct m *m)
{
	static const struct timespec zero;
	struct net_events ev;

	poll_now(&ev, &zero);
	netpoll_ready(m, &ev);
}

/* The poller sleeps, until @until (0: none), an edge, or netpoll_interrupt(). */
void netpoll_wait(struct net_events *ev, int64_t until)
{
	struct timespec t = { 0, 0 };
	uint64_t count;

	if (until) {
		int64_t ns = until - go_now();

		if (ns > 0)
			t = (struct timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
	}
	poll_now(ev, until ? &t : NULL);
	for (int i = 0; i < ev->n; i++)
		if (ev->e[i].data.u64 == WAKE)
			SYS(read, netpoll.wake, &count, sizeof(count));
}

/* Wakes the poller. */
void netpoll_interrupt(void)
{
	const uint64_t one = 1;

	SYS(write, netpoll.wake, &one, sizeof(one));
}

/* ------------------------------------------------------------------ who waits where */

/* The first descriptor that somebody waits for. */
static NOINLINE int open_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = WAKE };
	long ep, ev, err = 0;

	spin_lock(&open_lock);
	if (netpoll.epoll >= 0)
		goto out;
	/* It would report a call that it doesn't know. */
	if (RUNNING_ON_VALGRIND)
		store_relaxed(&no_pwait2, true);
	ep = err = SYS(epoll_create1, EPOLL_CLOEXEC);
	if (err < 0)
		goto out;
	ev = err = SYS(eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (err < 0)
		goto err_wake;
	err = SYS(epoll_ctl, ep, EPOLL_CTL_ADD, ev, &e);
	if (err < 0)
		goto err_add;
	netpoll.wake = (int)ev;
	/* Kept: a number that comes and goes might be the one that the program counts on to get. */
	err = SYS(openat, AT_FDCWD, "/proc/loadavg", O_RDONLY | O_CLOEXEC);
	store_relaxed(&netpoll.loadavg, err < 0 ? -1 : (int)err);
	err = 0;
	store_release(&netpoll.epoll, (int)ep);
out:
	spin_unlock(&open_lock);
	return err < 0 ? (int)err : 0;

err_add:
	SYS(close, ev);
err_wake:
	SYS(close, ep);
	goto out;
}

static long control(const struct netfd *d, int fd, int op)
{
	struct epoll_event e = { .events = EDGES,
				 .data.u64 = (uint64_t)d->seq << 32 | (uint32_t)fd };

	return SYS(epoll_ctl, netpoll.epoll, op, fd, &e);
}

/* With d->lock held. If it is ready, that is an edge. */
static NOINLINE int add_to_epoll(struct netfd *d, int fd)
{
	long err = 0;

	if (load_acquire(&netpoll.epoll) < 0)
		err = open_epoll();
	if (!err)
		err = control(d, fd, EPOLL_CTL_ADD);
	/* Known by its old tag: it was given up without being closed. */
	if (err == -EEXIST)
		err = control(d, fd, EPOLL_CTL_MOD);
	if (!err) {
		store_relaxed(&d->registered, true);
		/* Pairs with that of netpoll_sweep(): it sees this, or we see it asking. */
		full_fence();
	}
	return (int)err;
}

/*
 * The call found nothing, having seen @seen edges before. 0: try again. -ETIMEDOUT; -ECANCELED: it
 * was closed; or what epoll says to the descriptor, if it does not take it. @poll: for all of
 * @sides, and takes nothing; else there is one side.
 */
int netfd_wait(struct netfd *d, int fd, unsigned int sides, bool poll, const uint32_t seen[2],
	       uint32_t seq, int64_t deadline)
{
	struct wait_any any = { .fired = 0 };
	struct waiter w[2];
	uint64_t room[sizeof(struct unlocks) / 8 + 2];
	struct unlocks *u = (struct unlocks *)room;
	uint32_t n = 0, woke;
	struct m *m = m_enter();
	int ret = 0;

	timer_catch_up(m);
	spin_lock(&d->lock);
	ret = -ECANCELED;
	if (d->seq != seq)
		goto out;
	ret = 0;
	for (int i = 0; i < 2; i++)
		if ((sides & 1u << i) && d->side[i].events != seen[i])
			goto out;
	if (d->deadline && (!deadline || d->deadline < deadline))
		deadline = d->deadline;
	ret = -ETIMEDOUT;
	if (deadline && go_now() >= deadline)
		goto out;
	ret = 0;
	if (unlikely(!d->registered)) {
		ret = add_to_epoll(d, fd);
		if (ret)
			goto out;
	}
	for (int i = 0; i < 2; i++) {
		if (!(sides & 1u << i))
			continue;
		w[n] = (struct waiter){ .g = m->cur, .index = n };
		waitq_add(poll ? &d->side[i].polls : &d->side[i].queue, &w[n]);
		n++;
	}
	d->waits = 1;
	/* Under the lock, which netpoll_sweep() takes after it began to ask. */
	if (unlikely(load_relaxed(&netpoll.on) != NET_ON))
		store_seq(&netpoll.on, NET_ON);
	if (!deadline && n == 1) {
		m = wait_one(m, &w[0], &d->lock, WAIT_IO);
	} else {
		for (uint32_t i = 0; i < n; i++)
			w[i].any = &any;
		u->n = 1;
		u->lock[0] = &d->lock;
		m = wait_any(m, w, n, u, deadline, WAIT_IO, &woke);
		spin_lock(&d->lock);
		n = 0;
		for (int i = 0; i < 2; i++) {
			if (!(sides & 1u << i))
				continue;
			if (w[n].queued)
				waitq_del(poll ? &d->side[i].polls : &d->side[i].queue, &w[n]);
			n++;
		}
		spin_unlock(&d->lock);
	}
	ret = load_relaxed(&d->seq) == seq ? 0 : -ECANCELED;
	m_leave(m);
	return ret;

out:
	spin_unlock(&d->lock);
	m_leave(m);
	return ret;
}

/* ------------------------------------------------------------- changes from outside */

/* @fd is new: what is remembered of its number is of another file. */
void netfd_fresh(int fd, enum fd_kind kind)
{
	struct waitq woken = { NULL, NULL };
	struct netfd *d = netfd_find(fd);
	struct m *m;

	if (!d || fork_frozen())
		return;
	m = lock(d);
	forget(d, kind);
	take_everybody(d, &woken);
	unlock(m, d, &woken);
}

/*
 * What calls are made on @fd may be other ones from here on, though it is the same number, and the
 * same file perhaps: a socket that is connected.
 */
void netfd_again(struct netfd *d)
{
	struct m *m = lock(d);
	int64_t deadline = d->deadline;
	uint32_t seq = d->seq;

	if (!d->side[0].queue.first && !d->side[1].queue.first) {
		forget(d, FD_UNKNOWN);
		d->deadline = deadline;
		store_relaxed(&d->seq, seq);
	}
	unlock(m, d, &nobody);
}

/* Who waits looks at it anew. */
void netfd_set_deadline(struct netfd *d, int64_t t)
{
	struct waitq woken = { NULL, NULL };
	struct m *m = lock(d);

	store_relaxed(&d->deadline, t);
	take_everybody(d, &woken);
	unlock(m, d, &woken);
}

/* Until all calls of goroutines on @d have returned. */
static void wait_for_last(struct netfd *d)
{
	uint32_t gen = load_relaxed(&d->gen);
	struct m *m = m_enter();
	struct waiter self = { .g = m ? m->cur : NULL };

	if (!m) {
		/* They may be dropped with their run. */
		while (load_acquire(&d->refs) != FD_CLOSING && load_relaxed(&sched.gen) == gen)
			usleep(100);
		return;
	}
	spin_lock(&d->lock);
	if (load_acquire(&d->refs) != FD_CLOSING) {
		d->closer = &self;
		m = wait_one(m, &self, &d->lock, WAIT_IO);
	} else {
		spin_unlock(&d->lock);
	}
	m_leave(m);
}

int netfd_close(struct netfd *d, int fd)
{
	struct waitq woken = { NULL, NULL };
	struct m *m = lock(d);
	uint32_t refs = __atomic_fetch_or(&d->refs, FD_CLOSING, __ATOMIC_SEQ_CST);

	if (!(refs & FD_CLOSING)) {
		/* Not left to close(): there may be another descriptor of that file. */
		if (d->registered)
			control(d, fd, EPOLL_CTL_DEL);
		forget(d, FD_UNKNOWN);
		take_everybody(d, &woken);
	}
	unlock(m, d, &woken);
	if (refs & FD_CLOSING)
		return -EBADF;
	if (refs)
		wait_for_last(d);
	/*
	 * Before the number can be used again. Who still takes it for the old file's might as well
	 * do so a moment later.
	 */
	__atomic_fetch_and(&d->refs, ~FD_CLOSING, __ATOMIC_SEQ_CST);
	return close_seen(fd);
}

/* -------------------------------------------------------------------- for the monitor */

/*
 * Of those that somebody has waited for since the last sweep but one (@all: that somebody waits
 * for), is each registered still? What isn't is tried once more. False: nobody waits. Each wait is
 * asked for once; with @all, as many as cost little once more, as they may have been closed since.
 */
static bool sweep(bool all)
{
	bool anybody = false;
	int again = all ? ASK_AGAIN : 0;

	for (int i = 0; i < CHUNKS; i++) {
		struct netfd *c = load_acquire(&chunks[i]);

		for (int k = 0; c && k < CHUNK; k++) {
			struct netfd *d = &c[k];
			struct waitq woken = { NULL, NULL };
			long err;

			if (!load_relaxed(&d->registered))
				continue;
			spin_lock(&d->lock);
			if (d->gen != load_relaxed(&sched.gen) || !d->registered ||
			    !(d->side[0].queue.first || d->side[0].polls.first ||
			      d->side[1].queue.first || d->side[1].polls.first)) {
				spin_unlock(&d->lock);
				continue;
			}
			anybody = true;
			if (d->waits == 2 || (all && (d->waits || again-- > 0))) {
				d->waits = 0;
				/* Changes nothing where it is: EPOLL_CTL_MOD makes an edge of what is ready. */
				err = control(d, i * CHUNK + k, EPOLL_CTL_ADD);
				if (err != -EEXIST) {
					store_relaxed(&d->registered, !err);
					for (int s = 0; s < 2; s++)
						edge(d, s, &woken);
					take_everybody(d, &woken);
				}
			} else if (d->waits) {
				d->waits = 2;
			}
			spin_unlock(&d->lock);
			wake_taken(NULL, &woken);
		}
	}
	return anybody;
}

/* Nobody waits: it is switched off, and the poller need not be one. */
void netpoll_sweep(bool all)
{
	uint32_t on = NET_ON;
	bool anybody;

	if (!__atomic_compare_exchange_n(&netpoll.on, &on, NET_ASKING, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return;
	full_fence();
	anybody = sweep(all);
	on = NET_ASKING;
	if (__atomic_compare_exchange_n(&netpoll.on, &on, anybody ? NET_ON : NET_OFF, false,
					__ATOMIC_SEQ_CST, __ATOMIC_RELAXED) &&
	    !anybody)
		netpoll_interrupt();
}

/* How many CPUs have others, on the average of some looks: for cpu_for_another(). */
static void ask_for_cpus(int64_t now)
{
	static uint32_t crowds;
	static int64_t asked;
	uint32_t seen = load_relaxed(&netpoll.crowds), taken;

	if (seen == crowds || now - asked < LOOK_EVERY)
		return;
	crowds = seen;
	asked = now;
	taken = cpus_taken(load_relaxed(&netpoll.loadavg), busy_ps());
	store_relaxed(&netpoll.taken, (3 * netpoll.taken + 16 * taken) / 4);
}

/* At each of its looks, while netpoll.on. */
void netpoll_monitor(int64_t now)
{
	static uint32_t looks;
	static int64_t looked, swept;
	uint32_t seen = load_relaxed(&netpoll.looks);

	if (seen != looks || load_relaxed(&sched.poller)) {
		looks = seen;
		looked = now;
	} else if (now - looked >= LOOK_EVERY) {
		netpoll_look(NULL);
		looks = load_relaxed(&netpoll.looks);
		looked = now;
	}
	ask_for_cpus(now);
	if (now - swept >= SWEEP_EVERY) {
		netpoll_sweep(false);
		swept = now;
	}
}

/* A run begins. */
void netpoll_begin(void)
{
	netpoll.taken = 0;
	netpoll.cpus = (uint32_t)debug_number("cpus", cpus_online());
}

/* The run has ended: everything has stopped. */
void netpoll_exit(void)
{
	netpoll_in_child();
	store_relaxed(&netpoll.on, NET_OFF);
}

/* What a child has is its parent's epoll instance, too. */
void netpoll_in_child(void)
{
	if (netpoll.epoll >= 0) {
		SYS(close, netpoll.epoll);
		SYS(close, netpoll.wake);
		if (netpoll.loadavg >= 0)
			SYS(close, netpoll.loadavg);
	}
	netpoll.epoll = netpoll.wake = netpoll.loadavg = -1;
	open_lock = 0;
}
