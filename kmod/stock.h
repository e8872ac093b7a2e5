/* SPDX-License-Identifier: GPL-2.0-only */
/* stock.h - spare rows for the fork probe, which can't allocate. */
#ifndef GVT_STOCK_H
#define GVT_STOCK_H

struct gvt_row;

#define GVT_SPARES	64

struct gvt_row *gvt_stock_take(void);
void gvt_stock_return(struct gvt_row *row);

void gvt_stock_fill(void);
void gvt_stock_free_returned(void);
void gvt_stock_free(void);

#endif /* GVT_STOCK_H */
