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
	if (c->timed)
		chan_stop_timer(c);
	spin_lock(&c->lock);
	waited_on = c->receivers.first || c->senders.first;
	spin_unlock(&c->lock);
	if (waited_on)
		go_panic("free of a channel on which goroutines wait");
	free(c);
}

/* One operation; on a thread that is no goroutine @m is NULL. Result as of chan.h. */
static inline int try_op(struct m *m, struct go_chan *c, void *elem, bool send)
{
	struct waiter *w;
	int ret;

	spin_lock(&c->lock);
	ret = send ? chan_send_locked(c, elem, &w) : chan_recv_locked(c, elem, &w);
	spin_unlock(&c->lock);
	if (w)
		wait_wake_here(m, w);
	return ret;
}

/* Queues the caller, who holds c->lock, and waits. Returns the M on which it goes on. */
static ALWAYS_INLINE inline struct m *wait_here(struct m *m, struct go_chan *c, struct waiter *w,
						bool send)
{
	w->g = m ? m->cur : NULL;
	w->any = NULL;
	w->chan = c;
	w->futex = 0;
	w->ok = false;
	w->send = send;
	waitq_add(send ? &c->senders : &c->receivers, w);
	return wait_one(m, w, &c->lock, send ? WAIT_CHAN_SEND : WAIT_CHAN_RECV);
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
	spin_lock(&c->lock);
	ret = send ? chan_send_locked(c, elem, &w) : chan_recv_locked(c, elem, &w);
	if (ret == -EAGAIN && block) {
		foreign_exit();
		wait_here(NULL, c, &self, send);
		return self.ok ? 0 : -EPIPE;
	}
	spin_unlock(&c->lock);
	if (w)
		wait_wake(NULL, w);
	foreign_exit();
	return ret;
}

void go_send(struct go_chan *c, const void *elem)
{
	struct m *m = m_enter();
	struct waiter self, *w;
	int ret;

	if (unlikely(!c))
		wait_forever(m, WAIT_CHAN_SEND_NIL);
	if (unlikely(!m)) {
		if (foreign_op(c, (void *)elem, true, true))
			go_panic(SEND_ON_CLOSED);
		return;
	}
	spin_lock(&c->lock);
	ret = chan_send_locked(c, elem, &w);
	if (ret == -EAGAIN) {
		self.elem = (void *)elem;
		m = wait_here(m, c, &self, true);
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

bool go_recv(struct go_chan *c, void *elem)
{
	struct m *m = m_enter();
	struct waiter self, *w;
	int ret;

	if (unlikely(!c))
		wait_forever(m, WAIT_CHAN_RECV_NIL);
	if (unlikely(!m)) {
		ret = foreign_op(c, elem, false, true);
		goto out;
	}
	spin_lock(&c->lock);
	ret = chan_recv_locked(c, elem, &w);
	if (ret == -EAGAIN) {
		self.elem = elem;
		m = wait_here(m, c, &self, false);
		ret = self.ok ? 0 : -EPIPE;
	} else {
		spin_unlock(&c->lock);
		if (w)
			wait_wake_here(m, w);
	}
	m_leave(m);
out:
	return !ret;
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

void go_close(struct go_chan *c)
{
	struct m *m = m_enter();
	struct waitq all = { NULL, NULL };
	struct waiter *w, *next;

	if (!c)
		go_panic("close of nil channel");
	if (!m)
		foreign_enter();
	spin_lock(&c->lock);
	if (c->closed) {
		spin_unlock(&c->lock);
		if (!m)
			foreign_exit();
		go_panic("close of closed channel");
	}
	chan_close_locked(c, &all);
	spin_unlock(&c->lock);
	for (w = all.first; w; w = next) {
		next = w->next;
		wait_wake_here(m, w);
	}
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

/* The run ends, and with it the one who waits in the @w->siblings waiters from @w on. */
void chan_drop_waiters(struct waiter *w)
{
	for (uint32_t i = 0; i < w->siblings; i++) {
		struct go_chan *c = w[i].chan;

		if (!c)
			continue;
		spin_lock(&c->lock);
		if (w[i].queued)
			waitq_del(w[i].send ? &c->senders : &c->receivers, &w[i]);
		spin_unlock(&c->lock);
	}
}
