/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tracefile.h - between the parts that make the file of LIBGO_TRACE: tracefile.c has the file,
 * its thread, its beginning and end; tracejson.c makes events of records; tracekernel.c looks
 * at the kernel's counters.
 */
#ifndef GVTGO_TRACEFILE_H
#define GVTGO_TRACEFILE_H

#include "trace.h"

#include <sys/types.h>

#define LOOK_THREADS	32			/* at the kernel's counters of so many threads */
#define FIRST_P		10000000u
#define SYMBOLS		256			/* names remembered; a power of two */
#define NAME_BYTES	160			/* one of them, as JSON */
#define OUT_BYTES	(64u << 10)
#define EVENT_BYTES	2048			/* one record, as JSON, at the most */

struct symbol {
	uint64_t fn;
	char name[NAME_BYTES];
};

/* What is known of a P so far. */
struct track {
	bool named, open, stays;
	uint32_t tid, flags;		/* of the slice that is open */
	uint64_t id, begin, last;
	char name[NAME_BYTES];
	uint32_t stay_tid;		/* the M that has it, */
	uint64_t stay_begin;		/* since then */
};

/* The kernel's counters of a thread. */
struct kernel_counts {
	uint32_t tid;
	uint64_t times, waited, at;
};

struct file {
	char wanted[512], path[512];
	int fd;				/* -1: none is written */
	bool failed;
	uint32_t pid;
	off_t end;			/* of what stays: where the next piece begins */
	off_t at;			/* what is in out goes there */
	off_t size;			/* of the file, with the last tail */
	uint64_t cut;			/* records up to then are read */
	bool empty;			/* no event yet */
	bool dirty;
	uint64_t lost, arrows;
	size_t n;
	char out[OUT_BYTES];
	char procfs[4096], gvt[32 << 10];	/* what the kernel's files say */
	struct track track[GO_MAXPROCS_LIMIT + 1];
	bool thread_named[TRACE_NTHREADS];
	struct symbol symbol[SYMBOLS];
	struct kernel_counts counts[LOOK_THREADS];
	int64_t next_look;
	const char *counts_from;
};

/* tracefile.c */
void trace_flush(struct file *f);

/* tracejson.c */
void json_string(char *to, size_t size, const char *s, size_t n);
void json_text(struct file *f, const char *s);
void json_number(struct file *f, uint64_t v);
void json_us(struct file *f, uint64_t ns);
void json_event(struct file *f, const char *phase, const char *name, const char *category);
void json_at(struct file *f, uint32_t tid, uint64_t ns);
void json_instant(struct file *f, const char *name, const char *category, uint32_t tid,
		  uint64_t when);
void json_name_track(struct file *f, uint32_t tid, const char *name, uint32_t sort);
void json_record(struct file *f, uint32_t p, const uint64_t *w);
void json_end_p(struct file *f, uint32_t p, unsigned int why, uint64_t end);

/* tracekernel.c */
void trace_look_at_kernel(struct file *f);

#endif /* GVTGO_TRACEFILE_H */
