// SPDX-License-Identifier: GPL-2.0-only
/*
 * switch.c - what the switches of a matrix add up to.
 *
 * Two full partitions of the same cells: by reason (voluntary, nonvoluntary,
 * idle, and the reasons one by one) and by what changed. Pure.
 */
#include "switch.h"

/* Where the row of a reason is shown by itself, and the sum that it is part of. */
static const struct {
	enum gvt_key own;
	enum gvt_key sum;
} reason_keys[] = {
	[GVT_FROM_IDLE]		= { GVT_KEY_IDLE,	GVT_KEY_IDLE },
	[GVT_RUNNABLE]		= { GVT_KEY_RUNNABLE,	GVT_KEY_NONVOLUNTARY },
	[GVT_PREEMPTED]		= { GVT_KEY_PREEMPTED,	GVT_KEY_NONVOLUNTARY },
	[GVT_SLEEP]		= { GVT_KEY_SLEEP,	GVT_KEY_VOLUNTARY },
	[GVT_DISK_SLEEP]	= { GVT_KEY_DISK_SLEEP,	GVT_KEY_VOLUNTARY },
	[GVT_STOP]		= { GVT_KEY_STOP,	GVT_KEY_VOLUNTARY },
	[GVT_EXIT]		= { GVT_KEY_EXIT,	GVT_KEY_VOLUNTARY },
};

static_assert(ARRAY_SIZE(reason_keys) == GVT_NR_REASONS, "keys for each reason");

static const enum gvt_key space_keys[] = {
	[GVT_SAME_PROCESS]	= GVT_KEY_SAME_PROCESS,
	[GVT_SAME_MM]		= GVT_KEY_SAME_MM,
	[GVT_OTHER_MM]		= GVT_KEY_OTHER_MM,
	[GVT_TO_KTHREAD]	= GVT_KEY_TO_KTHREAD,
	[GVT_TO_IDLE]		= GVT_KEY_TO_IDLE,
};

static_assert(ARRAY_SIZE(space_keys) == GVT_NR_SPACES, "a key for each");

void gvt_switch_keys(const struct gvt_cells *cells, unsigned long key[GVT_NR_KEYS])
{
	unsigned int reason, space;

	for (reason = 0; reason < GVT_NR_REASONS; reason++) {
		key[reason_keys[reason].own] = 0;
		key[reason_keys[reason].sum] = 0;
	}
	for (space = 0; space < GVT_NR_SPACES; space++)
		key[space_keys[space]] = 0;
	key[GVT_KEY_SWITCHES] = 0;

	for (reason = 0; reason < GVT_NR_REASONS; reason++) {
		for (space = 0; space < GVT_NR_SPACES; space++) {
			unsigned long n = cells->switches[reason][space];

			key[GVT_KEY_SWITCHES] += n;
			key[space_keys[space]] += n;
			key[reason_keys[reason].sum] += n;
			if (reason_keys[reason].own != reason_keys[reason].sum)
				key[reason_keys[reason].own] += n;
		}
	}
}
