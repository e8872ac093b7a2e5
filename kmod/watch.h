/* SPDX-License-Identifier: GPL-2.0-only */
/* watch.h - who is watched, since when, for how long. */
#ifndef GVT_WATCH_H
#define GVT_WATCH_H

#include <linux/jump_label.h>
#include <linux/sched.h>

#include "cells.h"

struct file;
struct gvt_row;

/* A command to `watch` is at most this long. */
#define GVT_WATCH_MAX_TEXT	64

/* On while anybody may be watched; else the probes don't even look. */
DECLARE_STATIC_KEY_FALSE(gvt_watch_key);

/* From the probes. */
void gvt_watch_switch(const struct task_struct *prev, enum gvt_reason reason,
		      enum gvt_space space);
void gvt_watch_newtask(struct task_struct *child, enum gvt_kind kind, bool thread);
void gvt_watch_exit_task(const struct task_struct *task, enum gvt_exit which, bool group_dead);

/* command.c */
int gvt_watch_command(const struct file *file, char *text);
bool gvt_watch_may(const struct file *file, struct task_struct *task);

/* From the files. */
int gvt_watch_start(struct task_struct *task, bool tree);
int gvt_watch_stop(const struct file *file, int nr);
struct gvt_row *gvt_watch_add(struct task_struct *task, bool tree, struct gvt_row **spare);
void gvt_watch_wake(void);
unsigned int gvt_watch_limit(void);
unsigned int gvt_watch_live(void);
unsigned long gvt_watch_dropped(void);

int gvt_watch_init(void);
void gvt_watch_exit(void);

#endif /* GVT_WATCH_H */
