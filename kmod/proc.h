/* SPDX-License-Identifier: GPL-2.0-only */
/* proc.h - the files of /proc/gvt. */
#ifndef GVT_PROC_H
#define GVT_PROC_H

#include <linux/proc_fs.h>
#include <linux/seq_file.h>

struct gvt_row;

/* First line of each file; raised when a key changes its meaning or goes away. */
#define GVT_PROC_VERSION	"version 1\n"

/* The process's number where the file is read, 0: not to be seen there. */
int gvt_proc_pid(struct seq_file *m, const struct gvt_row *row);

/* A space and a name, as one column. */
void gvt_proc_comm(struct seq_file *m, const char *comm);

/* A command to `watch` or `control` is at most this long. */
#define GVT_MAX_COMMAND	64

/* system.c */
extern const struct proc_ops gvt_stat_ops;
extern const struct proc_ops gvt_cpu_ops;

int gvt_system_init(struct proc_dir_entry *gvt_dir);
void gvt_system_reset(void);
unsigned long gvt_system_generation(void);

/* process.c, thread.c, control.c */
int gvt_process_open(struct inode *inode, struct file *file);
int gvt_watch_open(struct inode *inode, struct file *file);
int gvt_thread_open(struct inode *inode, struct file *file);
int gvt_control_open(struct inode *inode, struct file *file);
int gvt_control_command(const struct file *file, char *text);

int gvt_proc_init(void);
void gvt_proc_exit(void);

#endif /* GVT_PROC_H */
