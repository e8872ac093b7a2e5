// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * leaks.c - LIBGO_DEBUG=leaks: the goroutines that are alive when main returns. They are
 * dropped, so nobody would ever hear of them; in a program that means to wait for all of its
 * own, each one is a leak: it waits for something that nobody does.
 *
 * There may be a million, made at a few places: so they are counted by where they were made
 * (g->site, the address to which go() returned: one store for each goroutine), what they run
 * and what they wait for. Of each kind one is shown with its frames. Goroutines don't run
 * any more by then, but those that are suspended on other threads.
 */
#include "dump.h"

#include <stdlib.h>
#include <unistd.h>

#define KINDS	256

struct kind {
	const struct g *one;
	uint64_t n;
};

struct leaks {
	uint64_t n, others;		/* those of further kinds */
	size_t nkinds;
	struct kind kind[KINDS];
};

static const char *state_of(const struct g *g)
{
	/* Not set but while it is in such a call, or waits. */
	if (g->state == G_WAITING || g->why == WAIT_BLOCKING)
		return wait_names[g->why];
	return g->state == G_RUNNING ? "running" : "runnable";
}

static bool alike(const struct g *a, const struct g *b)
{
	return a->site == b->site && a->fn == b->fn && state_of(a) == state_of(b);
}

static void count_one(struct g *g, void *arg)
{
	struct leaks *l = arg;
	size_t i;

	if (g == sched.main_g)
		return;
	l->n++;
	for (i = 0; i < l->nkinds; i++)
		if (alike(l->kind[i].one, g))
			break;
	if (i == KINDS) {
		l->others++;
		return;
	}
	if (i == l->nkinds)
		l->kind[l->nkinds++] = (struct kind){ .one = g };
	l->kind[i].n++;
}

static int more_first(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return x->one->id > y->one->id ? 1 : -1;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void say(struct dump *d, const struct leaks *l)
{
	dump_say(d, "LIBGO_DEBUG=leaks: %llu goroutine%s alive when main returned\n",
		 (unsigned long long)l->n, plural(l->n));
	for (size_t i = 0; i < l->nkinds; i++) {
		const struct kind *k = &l->kind[i];

		dump_say(d, "\n%llu goroutine%s [%s]: %s\n", (unsigned long long)k->n,
			 plural(k->n), state_of(k->one),
			 dump_name(d, (const void *)(uintptr_t)k->one->fn));
		dump_where(d, k->one);
	}
	if (l->others)
		dump_say(d, "\n%llu goroutine%s of other kinds\n", (unsigned long long)l->others,
			 plural(l->others));
}

/* The run ends; nothing has been dropped yet. */
void leaks_report(void)
{
	struct leaks *l;
	struct dump *d;

	if (!debug_number("leaks", 0))
		return;
	l = calloc(1, sizeof(*l));
	d = dump_begin(STDERR_FILENO, NULL);
	if (l && d) {
		rcu_each_g(count_one, l);
		qsort(l->kind, l->nkinds, sizeof(l->kind[0]), more_first);
		if (l->n)
			say(d, l);
	}
	if (d)
		dump_end(d);
	free(l);
}
