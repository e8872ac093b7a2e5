/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * timeline.h - who computed where from when to when, as a series: made of what schedulers
 * recorded, drawn as text and as SVG.
 */
#ifndef GVT_TOOLS_TIMELINE_H
#define GVT_TOOLS_TIMELINE_H

#include <stdio.h>

#include "result.h"

/**
 * struct span - somebody was somewhere
 * @begin: CLOCK_MONOTONIC, in nanoseconds
 * @end: the same
 * @where: number of the CPU, or of the thread
 * @task: number of the task, from 0 on
 */
struct span {
	uint64_t begin, end;
	uint32_t where, task;
};

/**
 * timeline_from_trace() - goroutines on Ps, by libgo's own trace
 * @s: the series; times in it begin with @begin
 * @trace: what LIBGO_TRACE wrote
 * @begin: what was before is left out
 * @end: and what comes after
 *
 * The goroutines of that time are tasks A, B, C, ... in the order of their numbers; the main
 * one is "main".
 *
 * Return: 0, or a negative errno.
 */
int timeline_from_trace(struct series *s, FILE *trace, uint64_t begin, uint64_t end);

/* The same of @n spans, on tracks that are called "@where N". */
void timeline_from_spans(struct series *s, const struct span *span, size_t n, const char *where,
			 uint64_t begin, uint64_t end);

/* Lines of text: a row for each track, a letter for each task; at most @room bytes. */
void timeline_draw(const struct series *s, char *to, size_t room);

/*
 * All timelines of some results as one SVG. Return: how many there are; a negative errno
 * where they can't be written.
 */
int timeline_svg(const struct result *results, size_t n, FILE *to);

#endif /* GVT_TOOLS_TIMELINE_H */
