/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * forked.h - processes that gvt, or one that measures for it, makes.
 */
#ifndef GVT_TOOLS_FORKED_H
#define GVT_TOOLS_FORKED_H

#include <sys/types.h>

/*
 * fork_child() - fork(), of a process that doesn't outlive the thread that made it
 *
 * Return: as fork().
 */
pid_t fork_child(void);

/* Wait for its end, whatever signals come. Return: 0, or a negative errno. @status: or NULL. */
int wait_for_child(pid_t pid, int *status);

/*
 * In a process that is to become another program: what would change how the runtime of a
 * language works is not handed on, so all run as they come.
 */
void unset_runtimes(void);

#endif /* GVT_TOOLS_FORKED_H */
