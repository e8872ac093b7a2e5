/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dumptext.h - what go_dump() writes, as a string.
 */
#ifndef LIBGO_DUMPTEXT_H
#define LIBGO_DUMPTEXT_H

#include "test.h"

static char *text;

/* Into text, in place of what was there. */
static void dump(void)
{
	FILE *f = tmpfile();
	size_t n;

	CHECK(f);
	CHECK_EQ(0, go_dump(fileno(f)));
	n = (size_t)lseek(fileno(f), 0, SEEK_END);
	free(text);
	text = malloc(n + 1);
	CHECK(text);
	CHECK_EQ(n, pread(fileno(f), text, n, 0));
	text[n] = '\0';
	fclose(f);
}

#endif /* LIBGO_DUMPTEXT_H */
