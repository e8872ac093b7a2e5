/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * switch.h - what the two files of the experiment switch share: its metrics.
 */
#ifndef GVT_TOOLS_EXPERIMENTS_SWITCH_H
#define GVT_TOOLS_EXPERIMENTS_SWITCH_H

#include "measure.h"

enum { YIELD, BY_SEM, BY_PIPE, KERNEL_SWITCHES, NR_METRICS };

/* The side of processes. */
void switch_processes(const struct plan *p, struct rep *rep);

#endif /* GVT_TOOLS_EXPERIMENTS_SWITCH_H */
