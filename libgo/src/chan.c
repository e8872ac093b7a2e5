// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * chan.c - channels.
 *
 * One value is copied once: from the sender's variable to the receiver's, where one
 * of them waits, else through the buffer. A waiter's record lies on its own stack, so
 * waiting allocates nothing. Waiters are served first come, first served.
 *
 * Who wakes somebody does so after releasing the lock, and touches the channel no
 * more: whoever received the last value may free it.
 */
#include "chan.h"
#include "runq.h"

#include <stdlib.h>

/* With room for @more bytes behind the buffer. */
struct go_chan *chan_make(size_t elem_size, size_t cap, size_t more)
{
	struct go_chan *c;
	size_t size;

	if (__builtin_mul_overflow(elem_size, cap, &size) ||
	    __builtin_add_overflow(size, sizeof(*c) + more, &size) || size > PTRDIFF_MAX)
		return NULL;
	c = malloc(size);
	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->elem_size = elem_size;
	c->cap = cap;
	return c;
}

struct go_chan *go_chan_make(size_t elem_size, size_t cap)
{
	return chan_make(elem_size, cap, 0);
}

void go_chan_free(struct go_chan *c)
{
	bool waited_on;

	if (!c)
		return;
	if (c->timed && !load_relaxed(&c->freed))
		chan_stop_timer(c);
	chan_lock(c);
	waited_on = c->receivers.first || c->senders.first;
	if (waited_on) {
		spin_unlock(&c->lock);
		go_panic("free of a channel on which goroutines wait");
	}
	chan_mark_freed(c, CHAN_FREED);
	free(c);
}

/* No panic: who is at fault can't go on, nor tell whose memory it is now. */
NOINLINE void chan_lock_slow(struct go_chan *c)
{
	do {
		const uint8_t freed = load_acquire(&c->freed);

		if (unlikely(freed))
			fatal_here(freed == CHAN_FREED_CONTEXT ? "use of a freed context" :
								 "use of a freed channel");
	} while (!spin_some(&c->lock));
}

/* One operation; on a thread that is no goroutine @m is NULL. Result as of chan.h. */
static inline int try_op(struct m *m, struct go_chan *c, void *elem, bool send)
{
	struct waiter *w;
	int ret;

	chan_lock(c);
	ret = send ? chan_send_locked(c, elem, &w) : chan_recv_locked(c, elem, &w);
	spin_unlock(&c->lock);
	if (w)
		wait_wake_here(m, w);
	return ret;
}

/*
 * A thread that is no goroutine. While it is inside, the runtime does not end; while
 * it waits, it is not inside, and is found by whoever does the other half.
 */
static NOINLINE int foreign_op(struct go_chan *c, void *elem, bool send, bool block)
{
	struct waiter self = { .elem = elem }, *w;
	int ret;

	foreign_enter();
	chan_lock(c);
	ret = send ? chan_send_locked(c, elem, &w) : chan_recv_locked(c, elem, &w);
	if (ret == -EAGAIN && block) {
		foreign_exit();
		self.chan = c;
		self.send = send;
		waitq_add(send ? &c->senders : &c->receivers, &self);
		wait_one(NULL, &self, &c->lock, send ? WAIT_CHAN_SEND : WAIT_CHAN_RECV);
		return self.ok ? 0 : -EPIPE;
	}
	spin_unlock(&c->lock);
	if (w)
		wait_wake(NULL, w);
	foreign_exit();
	return ret;
}

/* -------------------------------------------------------------- go_send(), go_recv() */

/*
 * Each does by itself what is done most often: it waits, or it moves a value of 8 bytes or none,
 * the lock being free, and who waits at the other end, if anybody, not being woken by somebody
 * else. Nothing that it holds in a register is needed after a call, so none has to be saved.
 * All the rest is done by *_long(). It waits by itself, and not by a function in between, because
 * each return after a switch is one that the processor may guess wrongly.
 */
static inline bool is_short(const struct go_chan *c)
{
	return !(c->elem_size & ~(size_t)8);
}

static inline void copy_short(const struct go_chan *c, void *to, const void *from)
{
	if (c->elem_size)
		memcpy(to, from, 8);
}

/* Takes @w, the first of @q, which only those who have the lock may wake. */
static ALWAYS_INLINE inline void take_short(struct waitq *q, struct waiter *w)
{
	struct waiter *next = w->next;

	store_relaxed(&q->first, next);
	if (next)
		next->prev = NULL;
	else
		q->last = NULL;
	w->queued = false;
	w->ok = true;
}

static NOINLINE bool wake_long(struct m *m, struct waiter *w)
{
	wait_wake(m, w);
	m_leave(m);
	return true;
}

static NOINLINE bool wake_idle(struct m *m)
{
	idle_wake_unhushed(m->p);
	m_leave(m);
	return true;
}

/* Wakes @w, and leaves the runtime. True. */
static ALWAYS_INLINE inline bool wake_short(struct m *m, struct waiter *w)
{
	struct g *g = w->g;
	struct p *p = m->p;

	if (unlikely(!g || !g_plain(g) || p->runnext))
		return wake_long(m, w);
	store_relaxed(&g->state, G_RUNNABLE);
	probe2(ready, g->id, p->id);
	store_relaxed(&p->runnext, g);
	if (unlikely(load_seq(&sched.nidle)) && !hushed(p))
		return wake_idle(m);
	m_leave(m);
	return true;
}

/* Queues the caller, a goroutine that holds c->lock, and waits. Returns its M. */
static ALWAYS_INLINE inline struct m *park_here(struct m *m, struct go_chan *c, struct waiter *w,
						bool send)
{
	struct g *g = m->cur;

	w->g = g;
	w->any = NULL;
	w->chan = c;
	w->ok = false;
	w->send = send;
	w->siblings = 1;
	waitq_add(send ? &c->senders : &c->receivers, w);
	g->waiting = w;
	return sched_park(m, (uintptr_t)&c->lock | AFTER_UNLOCK,
			  send ? WAIT_CHAN_SEND : WAIT_CHAN_RECV);
}

/* @m NULL: from the beginning on. Else the lock is held. */
static NOINLINE void send_long(struct m *m, struct go_chan *c, const void *elem)
{
	struct waiter self, *w;
	int ret;

	if (!m) {
		m = m_enter();
		if (!c)
			wait_forever(m, WAIT_CHAN_SEND_NIL);
		if (!m) {
			if (foreign_op(c, (void *)elem, true, true))
				go_panic(SEND_ON_CLOSED);
			return;
		}
		chan_lock(c);
	}
	ret = chan_send_locked(c, elem, &w);
	if (ret == -EAGAIN) {
		self.elem = (void *)elem;
		m = park_here(m, c, &self, true);
		if (unlikely(!self.ok))
			go_panic(SEND_ON_CLOSED);
	} else {
		spin_unlock(&c->lock);
		if (unlikely(ret))
			go_panic(SEND_ON_CLOSED);
		if (w)
			wait_wake_here(m, w);
	}
	m_leave(m);
}

void go_send(struct go_chan *c, const void *elem)
{
	struct m *m = m_enter_short();
	struct waiter self, *w;

	if (unlikely(!m || !c || !spin_trylock(&c->lock))) {
		m = NULL;
		goto rest;
	}
	w = c->receivers.first;
	if (unlikely(c->closed))
		goto rest;
	if (!w && c->count == c->cap) {
		self.elem = (void *)elem;
		m = park_here(m, c, &self, true);
		if (unlikely(!self.ok))
			go_panic(SEND_ON_CLOSED);
		m_leave(m);
		return;
	}
	if (unlikely(!is_short(c)))
		goto rest;
	if (w) {
		if (unlikely(!waiter_claim(w)))
			goto rest;
		/* Straight into the receiver's variable, on its stack. */
		if (w->elem)
			copy_short(c, w->elem, elem);
		take_short(&c->receivers, w);
		spin_unlock(&c->lock);
		wake_short(m, w);
		return;
	}
	chan_put(c, elem, copy_short);
	spin_unlock(&c->lock);
	m_leave(m);
	return;
rest:
	send_long(m, c, elem);
	NO_TAIL_CALL();
}

/* As send_long(). */
static NOINLINE bool recv_long(struct m *m, struct go_chan *c, void *elem)
{
	struct waiter self, *w;
	int ret;

	if (!m) {
		m = m_enter();
		if (!c)
			wait_forever(m, WAIT_CHAN_RECV_NIL);
		if (!m)
			return !foreign_op(c, elem, false, true);
		chan_lock(c);
	}
	ret = chan_recv_locked(c, elem, &w);
	if (ret == -EAGAIN) {
		self.elem = elem;
		m = park_here(m, c, &self, false);
		ret = self.ok ? 0 : -EPIPE;
	} else {
		spin_unlock(&c->lock);
		if (w)
			wait_wake_here(m, w);
	}
	m_leave(m);
	return !ret;
}

bool go_recv(struct go_chan *c, void *elem)
{
	struct m *m = m_enter_short();
	struct waiter self, *w;
	bool ok;

	if (unlikely(!m || !c || !spin_trylock(&c->lock))) {
		m = NULL;
		goto rest;
	}
	w = c->senders.first;
	if (!w && !c->count && likely(!c->closed)) {
		self.elem = elem;
		m = park_here(m, c, &self, false);
		m_leave(m);
		return self.ok;
	}
	if (unlikely(!is_short(c)))
		goto rest;
	if (c->count && !w) {
		chan_get(c, elem, copy_short);
		spin_unlock(&c->lock);
		m_leave(m);
		return true;
	}
	if (unlikely(!w || c->count || !waiter_claim(w)))
		goto rest;
	if (elem)
		copy_short(c, elem, w->elem);
	take_short(&c->senders, w);
	spin_unlock(&c->lock);
	return wake_short(m, w);
rest:
	ok = recv_long(m, c, elem);
	NO_TAIL_CALL();
	return ok;
}

static int try_one(struct go_chan *c, void *elem, bool send)
{
	struct m *m;
	int ret;

	if (!c)
		return -EAGAIN;
	m = m_enter();
	if (!m)
		return foreign_op(c, elem, send, false);
	ret = try_op(m, c, elem, send);
	m_leave(m);
	return ret;
}

int go_try_send(struct go_chan *c, const void *elem)
{
	int ret = try_one(c, (void *)elem, true);

	if (ret == -EPIPE)
		go_panic(SEND_ON_CLOSED);
	return ret;
}

int go_try_recv(struct go_chan *c, void *elem)
{
	return try_one(c, elem, false);
}

/*
 * Wakes those from @first on whom chan_close_locked() found. The channel, which may be gone, had
 * elements of @elem_size. Who received gets zeros, who sent panics (@ok is false since it began).
 */
void chan_wake_closed(struct m *m, struct waiter *first, size_t elem_size)
{
	struct waiter *w, *next;

	for (w = first; w; w = next) {
		next = w->next;
		w->queued = false;
		if (elem_size && !w->send && w->elem)
			memset(w->elem, 0, elem_size);
		wait_wake_here(m, w);
	}
}

void go_close(struct go_chan *c)
{
	struct m *m = m_enter();
	struct waitq all = { NULL, NULL };
	size_t elem_size;

	if (!c)
		go_panic("close of nil channel");
	if (!m)
		foreign_enter();
	chan_lock(c);
	if (c->closed) {
		spin_unlock(&c->lock);
		if (!m)
			foreign_exit();
		go_panic("close of closed channel");
	}
	chan_close_locked(c, &all);
	elem_size = c->elem_size;
	spin_unlock(&c->lock);
	chan_wake_closed(m, all.first, elem_size);
	if (m)
		m_leave(m);
	else
		foreign_exit();
}

size_t go_chan_len(const struct go_chan *c)
{
	return c ? load_relaxed(&c->count) : 0;
}

size_t go_chan_cap(const struct go_chan *c)
{
	return c ? c->cap : 0;
}

/*
 * The run ends, and with it the one who waits in the @w->siblings waiters from @w on; or was woken
 * from one of them: that one's channel may be gone. Everything has stopped.
 */
void chan_drop_waiters(struct waiter *w)
{
	for (uint32_t i = 0; i < w->siblings; i++) {
		struct go_chan *c = w[i].chan;

		if (!c || !w[i].queued)
			continue;
		chan_lock(c);
		waitq_del(w[i].send ? &c->senders : &c->receivers, &w[i]);
		spin_unlock(&c->lock);
	}
	/* A select's, which did not fit on its stack. */
	if (w->siblings > SELECT_FEW)
		free(w);
}
