/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lines.h - file and line of a code address: lines.c */
#ifndef GVTGO_LINES_H
#define GVTGO_LINES_H

#include "rt.h"

/* A process that knows the lines of one file of code. */
struct lines_helper {
	uintptr_t base;			/* where that is loaded */
	pid_t pid;
	int fd;				/* to ask it */
};

struct lines {
	bool on;			/* LIBGO_DEBUG says so */
	uint32_t n;
	struct lines_helper helper[8];
};

void lines_begin(struct lines *l);
void lines_add(struct lines *l, const void *addr, char *buf, size_t size);
void lines_end(struct lines *l);

#endif /* GVTGO_LINES_H */
