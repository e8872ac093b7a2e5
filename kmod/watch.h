/* SPDX-License-Identifier: GPL-2.0-only */
/* watch.h - who is watched, since when, for how long. */
#ifndef GVT_WATCH_H
#define GVT_WATCH_H

#include <linux/jump_label.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "cells.h"

struct file;
struct gvt_row;

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

/*
 * Around commands and the tending of rows: removing rows, the static key. Outside
 * gvt_table_mutex, and never taken inside mmap_lock.
 */
extern struct mutex gvt_watch_mutex;

/* all.c */
bool gvt_watch_all(void);
int gvt_watch_all_start(void);
int gvt_watch_all_stop(void);

/* From the files. */
int gvt_watch_start(struct task_struct *task, bool tree);
int gvt_watch_stop(const struct file *file, int nr);
struct gvt_row *gvt_watch_add(struct task_struct *task, bool tree, struct gvt_row **spare);
void gvt_watch_wake(void);
void gvt_watch_expect(void);
void gvt_watch_remove(struct gvt_row *row);
unsigned int gvt_watch_limit(void);
unsigned int gvt_watch_limit_ended(void);
unsigned int gvt_watch_live(void);
unsigned long gvt_watch_dropped(void);
void gvt_watch_reset_dropped(void);

int gvt_watch_init(void);
void gvt_watch_exit(void);

#endif /* GVT_WATCH_H */
