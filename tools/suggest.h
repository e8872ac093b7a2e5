/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * suggest.h - the name that somebody who mistyped meant.
 */
#ifndef GVT_TOOLS_SUGGEST_H
#define GVT_TOOLS_SUGGEST_H

#include <stddef.h>

/**
 * struct suggestion - the nearest of the names that were looked at
 * @typed: what was typed
 * @best: the nearest name that is near enough; NULL where none is
 * @distance: letters that differ
 */
struct suggestion {
	const char *typed, *best;
	size_t distance;
};

/* Look at one more name. */
void suggestion_try(struct suggestion *s, const char *name);

#endif /* GVT_TOOLS_SUGGEST_H */
