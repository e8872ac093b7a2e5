/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - between the parts of `gvt trace`: trace.c runs the command, trace_json.c makes one
 * trace of what was recorded, trace_text.c draws it.
 */
#ifndef GVT_TOOLS_TRACE_H
#define GVT_TOOLS_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "command.h"
#include "kswitch.h"

#define TRACE_NOTES	6

/**
 * struct trace - a command, and what was recorded of it
 * @command: it
 * @dir: where the runtimes in it write, a file each
 * @k: the kernel's switches; NULL: none
 * @no_kernel: they were not asked for
 * @kernel_err: why there are none, a negative errno
 * @kernel_kept: why not all could be kept, a negative errno
 * @files: processes that ran libgo
 * @broken: lines of theirs that are no events
 * @lost: records that their runtimes had no room for
 * @counts_from: where they read how often the kernel preempted threads
 * @note: what the reader should know
 * @notes: how many
 */
struct trace {
	struct command command;
	char *dir;
	struct kswitch *k;
	bool no_kernel;
	int kernel_err, kernel_kept;
	uint64_t files, broken, lost;
	char counts_from[40];
	char note[TRACE_NOTES][300];
	int notes;
};

/*
 * All of it as one file. Return: 0, or a negative errno: -EINTR where somebody doesn't want
 * to wait for that.
 */
int trace_json(struct trace *t, FILE *to);

/**
 * trace_draw() - draw a trace
 * @from: the file, of `gvt trace` or of libgo
 * @to: where to
 * @width: columns
 * @colour: with colours
 *
 * Return: 0; -EINVAL where it is no such trace, or another negative errno.
 */
int trace_draw(FILE *from, FILE *to, int width, bool colour);

#endif /* GVT_TOOLS_TRACE_H */
