/* SPDX-License-Identifier: GPL-2.0-only */
/* probe.h - the four tracepoints, and the cells of the whole system. */
#ifndef GVT_PROBE_H
#define GVT_PROBE_H

#include "cells.h"

/* The cells of one CPU, or of all of them: each call is one reading. */
void gvt_probe_read_cpu(int cpu, struct gvt_system *sum);
void gvt_probe_read(struct gvt_system *sum);
void gvt_probe_reset(void);

/* The tracepoints by number, from 0; NULL: no more. */
const char *gvt_probe_name(unsigned int i);

int gvt_probe_init(void);
int gvt_probe_attach(void);
void gvt_probe_detach(void);
void gvt_probe_exit(void);

#endif /* GVT_PROBE_H */
