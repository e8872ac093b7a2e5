/* SPDX-License-Identifier: GPL-2.0-only */
/* runtime.h - pages through which user-space runtimes publish their counters. */
#ifndef GVT_RUNTIME_H
#define GVT_RUNTIME_H

#include <linux/list.h>
#include <linux/proc_fs.h>

/* What runtimes say: of one page, or the sum over several. */
struct gvt_goroutines {
	unsigned long pages;	/* that carried the magic: 0: nothing was said */
	unsigned long creations;
	unsigned long exits;
	unsigned long switches;
	unsigned long parks;
	unsigned long steals;
	unsigned long handoffs;
	unsigned long preemptions;
	unsigned long peak;
};

extern const struct proc_ops gvt_runtime_ops;

void gvt_goroutines_add(struct gvt_goroutines *sum, const struct gvt_goroutines *g);
unsigned long gvt_goroutines_alive(const struct gvt_goroutines *g);

/* The rest with gvt_table_mutex held. */
void gvt_runtime_read(const struct list_head *pages, struct gvt_goroutines *sum);
void gvt_runtime_detach(struct list_head *pages);
void gvt_runtime_total(struct gvt_goroutines *sum);
void gvt_runtime_reset(void);

/* Files that are open: while there are any, a process may become watched at once. */
int gvt_runtime_files(void);

#endif /* GVT_RUNTIME_H */
