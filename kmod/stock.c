// SPDX-License-Identifier: GPL-2.0-only
/*
 * stock.c - spare rows for the fork probe, which can't allocate.
 *
 * A few slots, filled in process context while somebody's children are watched, and
 * emptied by xchg() in the probe: no lock, and no row for two. A row that was taken
 * and could not be used goes to a list and is freed later, for the probe can't free
 * either.
 */
#include <linux/llist.h>

#include "stock.h"
#include "table.h"

static struct gvt_row *spares[GVT_SPARES];	/* xchg, store release */
static LLIST_HEAD(returned);

/* In the fork probe. */
struct gvt_row *gvt_stock_take(void)
{
	struct gvt_row *row;
	unsigned int i;

	for (i = 0; i < GVT_SPARES; i++) {
		if (!READ_ONCE(spares[i]))
			continue;
		row = xchg(&spares[i], NULL);
		if (row)
			return row;
	}
	return NULL;
}

/* The same. Not to a slot: none may be free. */
void gvt_stock_return(struct gvt_row *row)
{
	llist_add(&row->returned, &returned);
}

void gvt_stock_free_returned(void)
{
	struct gvt_row *row, *next;

	llist_for_each_entry_safe(row, next, llist_del_all(&returned), returned)
		gvt_row_free(row);
}

/* One caller at a time. Short of memory, the stock stays short; the caller comes again. */
void gvt_stock_fill(void)
{
	struct gvt_row *row;
	unsigned int i;

	for (i = 0; i < GVT_SPARES; i++) {
		if (READ_ONCE(spares[i]))
			continue;
		row = gvt_row_alloc(GFP_KERNEL_ACCOUNT);
		if (!row)
			return;
		/* Full before a fork probe can take it: xchg() there pairs. */
		smp_store_release(&spares[i], row);
	}
}

void gvt_stock_free(void)
{
	unsigned int i;

	for (i = 0; i < GVT_SPARES; i++)
		gvt_row_free(xchg(&spares[i], NULL));
	gvt_stock_free_returned();
}
