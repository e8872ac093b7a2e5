/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dump.h - writing what goroutines do, in pieces: dump.c */
#ifndef GVTGO_DUMP_H
#define GVTGO_DUMP_H

#include "rt.h"

struct dump;

struct dump *dump_begin(int fd, const struct g *self);
void dump_say(struct dump *d, const char *fmt, ...) GO_PRINTF(2, 3);
void dump_self(struct dump *d);
void dump_where(struct dump *d, const struct g *g);
const char *dump_name(struct dump *d, const void *fn);
bool dump_peek(struct dump *d, const void *at, void *to, size_t n);

/* waits.c */
void dump_waits(struct dump *d, enum wait_why why, const struct waiter *w);
int dump_end(struct dump *d);

#endif /* GVTGO_DUMP_H */
