/* SPDX-License-Identifier: GPL-2.0-only */
/* proc.h - the files of /proc/gvt. */
#ifndef GVT_PROC_H
#define GVT_PROC_H

#include <linux/seq_file.h>

struct gvt_row;

/* First line of each file; raised when a key changes its meaning or goes away. */
#define GVT_PROC_VERSION	"version 1\n"

/* The process's number where the file is read, 0: not to be seen there. */
int gvt_proc_pid(struct seq_file *m, const struct gvt_row *row);

/* process.c */
int gvt_process_open(struct inode *inode, struct file *file);
int gvt_watch_open(struct inode *inode, struct file *file);

int gvt_proc_init(void);
void gvt_proc_exit(void);

#endif /* GVT_PROC_H */
