/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gslab.h - slabs of goroutine descriptors: made and listed in rcu.c, used in g.c. */
#ifndef GVTGO_GSLAB_H
#define GVTGO_GSLAB_H

struct g;
struct gslab;

#define GSLAB_SIZE	(64UL << 10)
#define GSLAB_GS	(GSLAB_SIZE / 128 - 1)

struct gslab *rcu_new_slab(void);
struct g *rcu_carve(struct gslab *s);

#endif /* GVTGO_GSLAB_H */
