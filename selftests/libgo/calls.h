/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls.h - in which order calls ran: each one that counts notes a letter.
 *
 * One goroutine at a time writes, and who reads waits for it.
 */
#ifndef LIBGO_CALLS_H
#define LIBGO_CALLS_H

#include "mover.h"

static char ran[64];
static size_t nran;

static void note(void *letter)
{
	CHECK(nran < sizeof(ran) - 1);
	ran[nran++] = (char)(intptr_t)letter;
	ran[nran] = '\0';
}

#define L(letter) ((void *)(intptr_t)(letter))

/* Exactly @want ran since this was asked last. */
static void expect(const char *want)
{
	if (strcmp(ran, want)) {
		dprintf(2, "# ran \"%s\", not \"%s\"\n", ran, want);
		_exit(1);
	}
	nran = 0;
	ran[0] = '\0';
}

static struct go_chan *over;

struct work {
	void (*fn)(void *);
	void *arg;
};

static void tell(void *arg)
{
	go_close(over);
}

static void does(void *arg)
{
	const struct work *w = arg;

	/* The first to be deferred: the last to run. */
	go_defer(tell, NULL);
	w->fn(w->arg);
}

/* In a goroutine of its own, which is waited for. */
static void in_goroutine(void (*fn)(void *), void *arg)
{
	struct work w = { fn, arg };

	over = make_chan(0, 0);
	start(does, &w);
	CHECK(!go_recv(over, NULL));
	go_chan_free(over);
}

#endif /* LIBGO_CALLS_H */
