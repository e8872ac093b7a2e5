// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * waits.c - in a dump, what a goroutine waits for: the object's address, by which one finds the
 * others that have to do with it, and who these are where the object knows: the waiters
 * of a channel, the owner of a mutex.
 *
 * Nothing is locked. Records of waiters lie on the waiters' stacks, objects in the user's
 * memory; any of them may be gone. So all is read by the kernel (dump_peek()), each pointer
 * that was found is only followed that way, and not far: what went on meanwhile shows as it
 * was when it was looked at, or not at all.
 *
 * Nobody knows who could send to a channel, or would count a waitgroup down: in C any code
 * may that has the pointer.
 */
#include "chan.h"
#include "dump.h"

#define NAMED		4	/* waiters that are named */
#define CASES		8	/* of a select, that are shown */

/* Where @member would lie; by number, as the pointer may be no pointer any more, misaligned too. */
#define MEMBER_AT(at, type, member)	((const void *)((uintptr_t)(at) + offsetof(type, member)))

static void say_waiters(struct dump *d, const char *what, const struct waiter *at)
{
	for (int i = 0; at; i++) {
		struct waiter w;
		uint64_t id = 0;

		if (!dump_peek(d, at, &w, sizeof(w)) ||
		    (w.g && !dump_peek(d, MEMBER_AT(w.g, struct g, id), &id, sizeof(id))))
			return;
		dump_say(d, "%s", i ? ", " : what);
		if (i == NAMED) {
			dump_say(d, "...");
			return;
		}
		if (id)
			dump_say(d, "%llu", (unsigned long long)id);
		else
			dump_say(d, "a thread");
		at = w.next;
	}
}

static void say_chan(struct dump *d, const char *verb, const struct go_chan *at)
{
	struct go_chan c;

	dump_say(d, "\t%s chan %p", verb, (const void *)at);
	if (dump_peek(d, at, &c, sizeof(c))) {
		dump_say(d, ": %zu of %zu values", c.count, c.cap);
		say_waiters(d, "; receive: ", c.receivers.first);
		say_waiters(d, "; send: ", c.senders.first);
	}
	dump_say(d, "\n");
}

static void say_select(struct dump *d, const struct waiter *first, uint32_t n)
{
	for (uint32_t i = 0; i < n && i < CASES; i++) {
		struct waiter w;
		uint8_t send;

		if (!dump_peek(d, (const void *)((uintptr_t)first + i * sizeof(w)), &w, sizeof(w)))
			return;
		/* No record may be there any more, and so anything in place of a bool. */
		memcpy(&send, &w.send, sizeof(send));
		if (w.chan)
			say_chan(d, send ? "may send to" : "may receive from", w.chan);
	}
	if (n > CASES)
		dump_say(d, "\tand %u cases more\n", n - CASES);
}

/* Who holds @at, a mutex; @what: the words before. */
static void say_owner(struct dump *d, const char *what, const void *at)
{
	struct go_mutex mu;

	if (!dump_peek(d, at, &mu, sizeof(mu)) || !mu._owner)
		return;
	if (MUTEX_OWNER(mu._owner) != MUTEX_BY_THREAD)
		dump_say(d, "%sgoroutine %llu", what, (unsigned long long)MUTEX_OWNER(mu._owner));
	else
		dump_say(d, "%sa thread", what);
}

/* What @q is the end of; as above. */
#define OBJECT(type)	((const type *)((uintptr_t)q - offsetof(type, _lock)))

static void say_sync(struct dump *d, enum wait_why why, const struct waiter *w)
{
	const struct syncq *q = w->q;
	struct go_waitgroup wg;

	if (!q)
		return;
	switch (why) {
	case WAIT_MUTEX:
		dump_say(d, "\twaits for mutex %p", (const void *)OBJECT(struct go_mutex));
		say_owner(d, ", held by ", OBJECT(struct go_mutex));
		break;
	case WAIT_RWMUTEX_LOCK:
	case WAIT_RWMUTEX_RLOCK:
		dump_say(d, "\twaits for rwmutex %p", (const void *)OBJECT(struct go_rwmutex));
		say_owner(d, ", writer: ",
			  MEMBER_AT(OBJECT(struct go_rwmutex), struct go_rwmutex, _w));
		break;
	case WAIT_WAITGROUP:
		dump_say(d, "\twaits for waitgroup %p", (const void *)OBJECT(struct go_waitgroup));
		if (dump_peek(d, OBJECT(struct go_waitgroup), &wg, sizeof(wg)))
			dump_say(d, ": %d left", (int)wg_left(wg._state, OBJECT(struct go_waitgroup), wg._tag));
		break;
	case WAIT_COND:
		dump_say(d, "\twaits for cond %p", (const void *)OBJECT(struct go_cond));
		break;
	case WAIT_SEM:
		dump_say(d, "\twaits for semaphore %p", (const void *)OBJECT(struct go_sem));
		break;
	default:
		return;
	}
	dump_say(d, "\n");
}

/* A goroutine that waits for @why, in the record at @at. */
void dump_waits(struct dump *d, enum wait_why why, const struct waiter *at)
{
	struct waiter w;

	if (!dump_peek(d, at, &w, sizeof(w)))
		return;
	if (why == WAIT_SELECT)
		say_select(d, at, w.siblings);
	else if (why == WAIT_CHAN_RECV || why == WAIT_CHAN_SEND)
		say_chan(d, "waits for", w.chan);
	else
		say_sync(d, why, &w);
}
