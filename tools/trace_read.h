/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace_read.h - reads traces as libgo (LIBGO_TRACE) and `gvt trace` write them: JSON with a
 * line for each event.
 */
#ifndef GVT_TOOLS_TRACE_READ_H
#define GVT_TOOLS_TRACE_READ_H

#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

/*
 * How tracks are numbered: a thread's of the runtime is its own number; those of Ps, and of
 * what the kernel did with a thread, come after all numbers that threads can have.
 */
#define TRACK_P		10000000
#define TRACK_KERNEL	20000000

/**
 * struct trace_reader - what is done with a trace
 * @event: called for each event; @line has @len bytes and no comma at the end. Not 0: no more.
 * @arg: its argument
 * @other: what the file says of itself ("otherData"), to be given back; NULL: nothing
 * @broken: lines that are no event, as where the program was killed while it wrote
 */
struct trace_reader {
	int (*event)(void *arg, struct json_object *e, const char *line, size_t len);
	void *arg;
	struct json_object *other;
	uint64_t broken;
};

/*
 * From the beginning of @f. Return: 0; what t->event returned; -EINVAL where it is no such
 * trace, or another negative errno.
 */
int trace_read(struct trace_reader *t, FILE *f);

/* Members of an event: "" and 0 where there are none. */
struct json_object *trace_get(struct json_object *e, const char *key);
const char *trace_text(struct json_object *e, const char *key);
int64_t trace_number(struct json_object *e, const char *key);
/* Microseconds, with three decimals, as nanoseconds. */
uint64_t trace_ns(struct json_object *e, const char *key);

#endif /* GVT_TOOLS_TRACE_READ_H */
