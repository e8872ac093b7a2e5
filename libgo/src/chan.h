/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* chan.h - a channel from the inside: for chan.c and select.c. */
#ifndef GVTGO_CHAN_H
#define GVTGO_CHAN_H

#include "rt.h"

/* Whose memory it was, when it was freed. */
enum chan_freed { CHAN_LIVES, CHAN_FREED, CHAN_FREED_CONTEXT };

/*
 * struct go_chan - @lock protects everything. At most one of the two queues has
 * waiters, unless the same goroutine waits in both (select). Receivers wait only
 * while nothing is buffered, senders only while the buffer is full. Zero-filled it is
 * an unbuffered channel of elements without a size (context.c).
 *
 * Who frees it leaves it locked and @freed: who uses it afterwards, while the memory is
 * nobody else's yet, finds the lock taken, looks why, and is told, which costs others nothing.
 * So @freed lies behind the first 16 bytes, which are malloc's then; what that writes over the
 * lock is no 0.
 */
struct go_chan {
	uint32_t lock;
	bool closed;
	bool timed;		/* a timer lies behind the buffer: go_after() */
	bool shared;		/* somebody has waited whom others may wake: struct wait_any */
	size_t elem_size;
	size_t cap;
	size_t count;		/* values in the buffer */
	size_t head;		/* the oldest one's place */
	struct waitq receivers;
	struct waitq senders;
	uint8_t freed;		/* an enum chan_freed */
	char buf[] __attribute__((__aligned__(16)));
};

void chan_lock_slow(struct go_chan *c);

static inline void chan_lock(struct go_chan *c)
{
	if (unlikely(!spin_trylock(&c->lock)))
		chan_lock_slow(c);
}

/* The lock is held, or nobody has the channel any more. */
static inline void chan_mark_freed(struct go_chan *c, enum chan_freed what)
{
	store_relaxed(&c->lock, 1);
	/* By atomics: the compiler knows that nobody reads what is freed. */
	store_release(&c->freed, what);
}

/* One value, from one place to the other. Eight bytes are the common case. */
static inline void chan_copy(const struct go_chan *c, void *to, const void *from)
{
	if (likely(c->elem_size == 8))
		memcpy(to, from, 8);
	else if (c->elem_size)
		memcpy(to, from, c->elem_size);
}

/*
 * Without the lock: would an operation go through? A hint, for the moment at which it is
 * asked: who is told no has to ask under the lock.
 */
static inline bool chan_seems_ready(const struct go_chan *c, bool send)
{
	if (load_relaxed(&c->closed))
		return true;
	if (send)
		return load_relaxed(&c->receivers.first) || load_relaxed(&c->count) < c->cap;
	return load_relaxed(&c->count) || load_relaxed(&c->senders.first);
}

static inline char *chan_slot(struct go_chan *c, size_t i)
{
	return c->buf + i * c->elem_size;
}

/* A value into the buffer, which has room; @copy: as chan_copy(). */
static ALWAYS_INLINE inline void
chan_put(struct go_chan *c, const void *elem,
	 void (*copy)(const struct go_chan *c, void *to, const void *from))
{
	size_t tail = c->head + c->count;

	if (tail >= c->cap)
		tail -= c->cap;
	copy(c, chan_slot(c, tail), elem);
	store_relaxed(&c->count, c->count + 1);
}

/* The oldest one out of the buffer, which has one and for which nobody waits to send. */
static ALWAYS_INLINE inline void
chan_get(struct go_chan *c, void *elem,
	 void (*copy)(const struct go_chan *c, void *to, const void *from))
{
	if (elem)
		copy(c, elem, chan_slot(c, c->head));
	if (++c->head == c->cap)
		c->head = 0;
	store_relaxed(&c->count, c->count - 1);
}

/*
 * With c->lock held: 0, -EAGAIN where it would block, -EPIPE where the channel is
 * closed. *@w is who has to be woken, after unlocking.
 */
static ALWAYS_INLINE inline int chan_send_locked(struct go_chan *c, const void *elem,
						 struct waiter **w)
{
	*w = NULL;
	if (unlikely(c->closed))
		return -EPIPE;
	*w = waitq_take(&c->receivers);
	if (*w) {
		/* Straight into the receiver's variable, on its stack. */
		if ((*w)->elem)
			chan_copy(c, (*w)->elem, elem);
		(*w)->ok = true;
		return 0;
	}
	if (c->count == c->cap)
		return -EAGAIN;
	chan_put(c, elem, chan_copy);
	return 0;
}

static ALWAYS_INLINE inline int chan_recv_locked(struct go_chan *c, void *elem, struct waiter **w)
{
	if (c->count) {
		char *slot = chan_slot(c, c->head);

		if (elem)
			chan_copy(c, elem, slot);
		if (++c->head == c->cap)
			c->head = 0;
		/* The buffer was full if somebody waits to send: the freed slot is the last. */
		*w = waitq_take(&c->senders);
		if (*w) {
			chan_copy(c, slot, (*w)->elem);
			(*w)->ok = true;
		} else {
			store_relaxed(&c->count, c->count - 1);
		}
		return 0;
	}
	*w = waitq_take(&c->senders);
	if (*w) {
		if (elem)
			chan_copy(c, elem, (*w)->elem);
		(*w)->ok = true;
		return 0;
	}
	if (!c->closed)
		return -EAGAIN;
	if (elem && c->elem_size)
		memset(elem, 0, c->elem_size);
	return -EPIPE;
}

/*
 * With c->lock held: closes it. Those who waited are moved to @all, and are to be woken
 * after unlocking, by chan_wake_closed(). Where nobody else may wake them, their records are not
 * looked at here: each is in a page of its own, and cold, if there are many.
 */
static inline void chan_close_locked(struct go_chan *c, struct waitq *all)
{
	struct waiter *w;

	store_relaxed(&c->closed, true);
	if (likely(!c->shared)) {
		/* One of them is empty. */
		*all = c->receivers.first ? c->receivers : c->senders;
		store_relaxed(&c->receivers.first, NULL);
		store_relaxed(&c->senders.first, NULL);
		c->receivers.last = c->senders.last = NULL;
		return;
	}
	while ((w = waitq_take(&c->receivers)) != NULL)
		waitq_add(all, w);
	while ((w = waitq_take(&c->senders)) != NULL)
		waitq_add(all, w);
}

/* With c->lock held: queues @w, whose @any others may fire, too. */
static inline void chan_add_any(struct go_chan *c, struct waiter *w)
{
	c->shared = true;
	waitq_add(w->send ? &c->senders : &c->receivers, w);
}

/* Cases of a select that fit on its stack. Of more the waiters begin a piece of malloc()'s. */
#define SELECT_FEW	8

struct go_chan *chan_make(size_t elem_size, size_t cap, size_t more);
void chan_stop_timer(struct go_chan *c);
void chan_wake_closed(struct m *m, struct waiter *first, size_t elem_size);

#define SEND_ON_CLOSED	"send on closed channel"

#endif /* GVTGO_CHAN_H */
