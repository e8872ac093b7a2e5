// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * debug.c - the settings in the environment's LIBGO_DEBUG: KEY=NUMBER, KEY=NUMBER, ...
 * like Go's GODEBUG. A key without a number is 1. They are read when a run begins; not by a
 * program that has more rights than who started it, who could have it run addr2line from anywhere.
 */
#include "rt.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const keys[] = {
	"cool",	   "cpus",	 "helpers", "leaks",	"lines", "nosteal",
	"preempt", "schedtrace", "tick",    "tracebuf",
};

static bool known(const char *key, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i]) == len && !memcmp(keys[i], key, len))
			return true;
	return false;
}

/* One setting, [@at, @end): its key's length, 0 where it is none; *@value is its number. */
static size_t parse(const char *at, const char *end, int64_t *value)
{
	const char *eq = memchr(at, '=', (size_t)(end - at));
	size_t len = (size_t)((eq ? eq : end) - at);

	*value = 1;
	if (!known(at, len))
		return 0;
	if (!eq)
		return len;
	if (++eq == end || end - eq > 15)
		return 0;
	for (*value = 0; eq < end; eq++) {
		if (*eq < '0' || *eq > '9')
			return 0;
		*value = *value * 10 + *eq - '0';
	}
	return len;
}

/* The number of @key, @dflt where it isn't there. */
int64_t debug_number(const char *key, int64_t dflt)
{
	const char *at = secure_getenv("LIBGO_DEBUG"), *end;

	for (; at && *at; at = *end ? end + 1 : end) {
		int64_t value;
		size_t len;

		end = strchrnul(at, ',');
		len = parse(at, end, &value);
		if (len && strlen(key) == len && !memcmp(key, at, len))
			dflt = value;
	}
	return dflt;
}

/* A setting that is none is said, once in a process. */
void debug_init(void)
{
	static bool said;
	const char *at = secure_getenv("LIBGO_DEBUG"), *end;

	for (; !said && at && *at; at = *end ? end + 1 : end) {
		int64_t value;

		end = strchrnul(at, ',');
		if (parse(at, end, &value))
			continue;
		dprintf(STDERR_FILENO,
			"gvt: LIBGO_DEBUG: %.*s is not a setting; there are cool=MILLISECONDS, cpus=NUMBER, helpers=THREADS, leaks, lines, nosteal, preempt=MICROSECONDS, schedtrace=MILLISECONDS, tick=NUMBER and tracebuf=KIBIBYTES\n",
			(int)(end - at), at);
		said = true;
	}
}
