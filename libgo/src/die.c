// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * die.c - the ways to die: a panic that nobody recovered, fatal() for states from which the
 * runtime can't go on, and fatal_here() for those that the caller is to blame for. All end the
 * process with status 2, as Go does, at once: other goroutines may hold stdio's locks, so
 * nothing is flushed.
 */
#include "panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "dump.h"

/* A message may come in pieces, from several goroutines that die at once: one writes. */
void die_alone(void)
{
	static uint32_t dying;

	if (!cas_seq(&dying, 0, 1))
		for (;;)
			pause();
}

/* After all has been said. */
void die_now(void)
{
	trace_die();
	_exit(2);
}

void fatal(const char *fmt, ...)
{
	va_list args;
	char buf[512];

	die_alone();
	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	dprintf(STDERR_FILENO, "fatal error: %s\n", buf);
	die_now();
}

/* Lines after the first are set in, so that none looks like one of ours. */
static void say_text(struct dump *d, const char *text)
{
	for (;;) {
		const char *end = strchrnul(text, '\n');

		dump_say(d, "%.*s", (int)(end - text), text);
		if (!*end)
			return;
		dump_say(d, "\n\t");
		text = end + 1;
	}
}

/* @p, behind those in whose deferred calls it began. */
static void say_panic(struct dump *d, const struct panic *p)
{
	if (p->link) {
		say_panic(d, p->link);
		if (!p->link->goexit)
			dump_say(d, "\t");
	}
	if (p->goexit)
		return;
	dump_say(d, "panic: ");
	say_text(d, p->text);
	dump_say(d, "%s\n", p->recovered ? " [recovered]" : "");
}

/* "@error: @text", or what @p says; then where the caller is, whose M is inside the runtime. */
static GO_NORETURN void die_here(struct m *m, const struct panic *p, const char *error,
				 const char *text)
{
	const struct g *g = m ? m->cur : NULL;
	struct dump *d;

	die_alone();
	d = dump_begin(STDERR_FILENO, g);
	if (!d) {
		dprintf(STDERR_FILENO, "%s: %s\n\ngoroutine %llu [running]:\n", error, text,
			(unsigned long long)(g ? g->id : 0));
		die_now();
	}
	if (p)
		say_panic(d, p);
	else
		dump_say(d, "%s: %s\n", error, text);
	dump_say(d, "\n");
	dump_self(d);
	dump_end(d);
	die_now();
}

void panic_die(const struct panic *p)
{
	die_here(m_enter(), p, "panic", p->text);
}

void fatal_here(const char *text)
{
	die_here(arch_m(), NULL, "fatal error", text);
}
