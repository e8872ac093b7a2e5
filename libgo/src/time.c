// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * time.c - package time: timers that call a function, channels that get the time, tickers.
 *
 * All three are a struct timer (timer.c) with a function of a few lines, which runs in the
 * scheduler with the lock of the timer's heap held: it makes a goroutine, or sends to a
 * channel that has room or a waiter.
 *
 * The order of locks is that of the channel before that of the heap: a receiver with a
 * deadline holds the first while it sets a timer. So here the channel's is only tried. It is
 * held for some instructions; whoever finds it held is called again a moment later.
 *
 * A timer that fired is touched no more once its goroutine, or its receiver, may run: they
 * may free it. One that is pending when its run ends is forgotten, not looked at: the
 * memory in which it is may be gone (see @gen in struct timer).
 *
 * Rejected: calling the function of a go_timer without a goroutine, on the P that finds it due.
 * It may wait, and whatever else is due would wait for it. A goroutine that never has
 * to leave its stack to anybody costs some 30 ns more.
 */
#include "chan.h"
#include "rt.h"

#include <stdlib.h>

#define BUSY_AGAIN	NSEC_PER_USEC		/* after so long, where a channel's lock was held */
#define SHORT_AGAIN	NSEC_PER_MSEC		/* where there was no memory for a goroutine */

struct ticker {
	struct timer timer;
	struct go_chan *chan;		/* NULL: it doesn't tick */
	int64_t period;
	int64_t next;			/* when the next tick is due */
};

_Static_assert(sizeof(struct func_timer) == sizeof(struct go_timer), "what libgo.h has room for");
_Static_assert(sizeof(struct ticker) == sizeof(struct go_ticker), "what libgo.h has room for");

/* False: no runtime runs. Either way leave() has to follow. */
static bool enter(struct m **m)
{
	*m = m_enter();
	return *m || foreign_enter();
}

static void leave(struct m *m)
{
	if (m)
		m_leave(m);
	else
		foreign_exit();
}

/* ------------------------------------------------------------------ struct go_timer */

static void start_goroutine(struct m *m, struct timer *t)
{
	const struct func_timer *f = container_of(t, struct func_timer, timer);

	/* Where there can be none now, it fires late. */
	if (run_start_last(m, f->fn, t->arg, (const void *)(uintptr_t)go_timer_start))
		timer_again(t, go_now() + SHORT_AGAIN);
}

static void fill(struct func_timer *t, void (*fn)(void *), void *arg)
{
	t->timer.fn = start_goroutine;
	t->timer.arg = arg;
	store_relaxed(&t->fn, fn);
}

/* Where @t does not belong to the own heap. */
static NOINLINE bool start_anew(struct m *m, struct func_timer *t, int64_t when,
				void (*fn)(void *), void *arg)
{
	bool pending = timer_hold(&t->timer);

	fill(t, fn, arg);
	timer_set(m, &t->timer, when);
	return pending;
}

bool func_timer_start(struct m *m, struct func_timer *t, int64_t when, void (*fn)(void *),
		      void *arg)
{
	struct timer_heap *h = m ? timer_lock_own(m, &t->timer) : NULL;

	if (unlikely(!h))
		return start_anew(m, t, when, fn, arg);
	fill(t, fn, arg);
	return timer_put(h, &t->timer, when);
}

/* go_timer_start() by who has not come in the short way. */
static NOINLINE void start_slow(struct func_timer *f, int64_t when, void (*fn)(void *), void *arg)
{
	struct m *m;

	if (enter(&m)) {
		func_timer_start(m, f, when, fn, arg);
	} else {
		/* It may be reset when one runs. */
		timer_hold(&f->timer);
		fill(f, fn, arg);
		timer_release(&f->timer);
	}
	leave(m);
}

void go_timer_start(struct go_timer *t, int64_t ns, void (*fn)(void *), void *arg)
{
	struct func_timer *f = (struct func_timer *)t;
	int64_t when = timer_in(ns);
	struct m *m;

	if (unlikely(!fn))
		go_panic("go_timer_start: no function");
	m = m_enter_short();
	if (unlikely(!m)) {
		start_slow(f, when, fn, arg);
		return;
	}
	func_timer_start(m, f, when, fn, arg);
	m_leave(m);
}

static NOINLINE bool stop_slow(struct func_timer *f)
{
	struct m *m;
	bool pending = enter(&m) && func_timer_stop(f);

	leave(m);
	return pending;
}

bool go_timer_stop(struct go_timer *t)
{
	struct func_timer *f = (struct func_timer *)t;
	struct m *m = m_enter_short();
	bool pending;

	if (unlikely(!m))
		return stop_slow(f);
	pending = func_timer_stop(f);
	m_leave(m);
	return pending;
}

bool go_timer_reset(struct go_timer *t, int64_t ns)
{
	struct func_timer *f = (struct func_timer *)t;
	int64_t when = timer_in(ns);
	bool pending = false;
	struct m *m;

	if (!load_relaxed(&f->fn))
		go_panic("time: Reset called on uninitialized Timer");
	if (enter(&m))
		pending = timer_start(m, &f->timer, when);
	leave(m);
	return pending;
}

/* ------------------------------------------------------- channels that get the time */

/*
 * Sends @now to @c, whose lock is held and released, if there is room. From then on the
 * channel may be gone.
 */
static void send_now(struct m *m, struct go_chan *c, int64_t now)
{
	struct waiter *w;

	chan_send_locked(c, &now, &w);
	spin_unlock(&c->lock);
	if (!w)
		return;
	if (w->g)
		sched_ready_quiet(m, w->g);
	else
		wait_wake(m, w);
}

/* Behind the buffer of one value. */
struct once_timer {
	struct timer timer;
	int64_t fired;	/* 0: not yet */
};

/*
 * Where the channel's lock is held (by who is about to wait for it, and looks for what runs
 * next), the time is still that of the first attempt: those of two channels are in order.
 */
static void send_once(struct m *m, struct timer *t)
{
	struct once_timer *a = container_of(t, struct once_timer, timer);
	struct go_chan *c = t->arg;
	int64_t now = go_now();

	if (!a->fired)
		a->fired = now;
	if (spin_trylock(&c->lock))
		send_now(m, c, a->fired);
	else
		timer_again(t, now + BUSY_AGAIN);
}

static struct timer *timer_of(struct go_chan *c)
{
	return &((struct once_timer *)(c->buf + sizeof(int64_t)))->timer;
}

struct go_chan *go_after(int64_t ns)
{
	int64_t when = timer_in(ns);
	struct go_chan *c = chan_make(sizeof(int64_t), 1, sizeof(struct once_timer));
	struct timer *t;
	struct m *m;

	if (!c)
		return NULL;
	t = timer_of(c);
	*container_of(t, struct once_timer, timer) =
		(struct once_timer){ .timer = { .fn = send_once, .arg = c } };
	c->timed = true;
	if (enter(&m)) {
		timer_start(m, t, when);
	} else {
		free(c);
		c = NULL;
	}
	leave(m);
	return c;
}

/* @c is freed. Whoever does that without having received ends the timer, too. */
NOINLINE void chan_stop_timer(struct go_chan *c)
{
	struct m *m;

	if (enter(&m))
		timer_stop(timer_of(c));
	leave(m);
}

void go_after_cancel(struct go_chan *c)
{
	if (c && !c->timed)
		go_panic("go_after_cancel: not a channel of go_after()");
	go_chan_free(c);
}

/* ----------------------------------------------------------------- struct go_ticker */

static void tick(struct m *m, struct timer *t)
{
	struct ticker *k = container_of(t, struct ticker, timer);
	struct go_chan *c = k->chan;
	int64_t now = go_now(), late = now - k->next, next;

	if (!spin_trylock(&c->lock)) {
		timer_again(t, now + BUSY_AGAIN);
		return;
	}
	/* The next one that is still to come. */
	if (__builtin_add_overflow(k->next, k->period * (1 + late / k->period), &next))
		next = NEVER - 1;
	k->next = next;
	timer_again(t, next);
	send_now(m, c, now);
}

/* Ends timer_hold(). */
static void set_ticker(struct m *m, struct ticker *k, int64_t first, int64_t period)
{
	k->timer.fn = tick;
	k->period = period;
	k->next = first;
	timer_set(m, &k->timer, first);
}

int go_ticker_start(struct go_ticker *ticker, int64_t ns)
{
	struct ticker *k = (struct ticker *)ticker;
	int64_t first = timer_in(ns);
	struct go_chan *c;
	struct m *m;
	int err = 0;

	if (ns <= 0)
		go_panic("non-positive interval for NewTicker");
	c = go_chan_make(sizeof(int64_t), 1);
	if (!c)
		return -ENOMEM;
	if (enter(&m)) {
		/* Without a channel it belongs to no heap. */
		spin_lock(&k->timer.lock);
		if (k->chan) {
			err = -EBUSY;
			timer_release(&k->timer);
		} else {
			store_relaxed(&k->chan, c);
			set_ticker(m, k, first, ns);
		}
	} else {
		err = -EPERM;
	}
	leave(m);
	if (err)
		go_chan_free(c);
	return err;
}

struct go_chan *go_ticker_chan(const struct go_ticker *ticker)
{
	return load_relaxed(&((const struct ticker *)ticker)->chan);
}

void go_ticker_reset(struct go_ticker *ticker, int64_t ns)
{
	struct ticker *k = (struct ticker *)ticker;
	int64_t first = timer_in(ns);
	struct go_chan *c = NULL;
	struct m *m;

	if (ns <= 0)
		go_panic("non-positive interval for Ticker.Reset");
	if (enter(&m)) {
		timer_hold(&k->timer);
		c = k->chan;
		if (c) {
			/* No tick of the old period comes any more. */
			spin_lock(&c->lock);
			store_relaxed(&c->count, 0);
			spin_unlock(&c->lock);
			set_ticker(m, k, first, ns);
		} else {
			timer_release(&k->timer);
		}
	}
	leave(m);
	if (!c)
		go_panic("time: Reset called on uninitialized Ticker");
}

void go_ticker_stop(struct go_ticker *ticker)
{
	struct ticker *k = (struct ticker *)ticker;
	struct go_chan *c;
	struct m *m;

	/* Where no runtime runs it doesn't tick, and still has its channel. */
	enter(&m);
	timer_hold(&k->timer);
	c = k->chan;
	store_relaxed(&k->chan, NULL);
	timer_release(&k->timer);
	leave(m);
	go_chan_free(c);
}
