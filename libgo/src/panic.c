// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * panic.c - the two ways to die: go_panic() for the program's mistakes, fatal() for
 * states from which the runtime can't go on. Both end the process with status 2, as
 * Go does, at once: other goroutines may hold stdio's locks, so nothing is flushed.
 */
#include "rt.h"

#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* A message may come in pieces, from several goroutines that die at once: one writes. */
void die_alone(void)
{
	static uint32_t dying;

	if (!cas_seq(&dying, 0, 1))
		for (;;)
			pause();
}

static GO_NORETURN void die(void)
{
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
	die();
}

void go_panic(const char *fmt, ...)
{
	struct m *m = m_enter();
	va_list args;
	char buf[512];
	void *frames[64];
	int n;

	die_alone();
	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	dprintf(STDERR_FILENO, "panic: %s\n\n", buf);
	if (m && m->cur)
		dprintf(STDERR_FILENO, "goroutine %llu [running]:\n%s%s%s\n",
			(unsigned long long)m->cur->id,
			m->cur->name ? m->cur->name : "", m->cur->name ? ": " : "",
			symbol_name((void *)(uintptr_t)m->cur->fn, buf, sizeof(buf)));
	else
		dprintf(STDERR_FILENO, "thread %d, no goroutine [running]:\n", gettid());
	n = backtrace(frames, ARRAY_SIZE(frames));
	/* Below this function. */
	for (int i = 1; i < n; i++)
		dprintf(STDERR_FILENO, "\t%s\n",
			symbol_name((char *)frames[i] - 1, buf, sizeof(buf)));
	die();
}
