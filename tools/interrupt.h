/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * interrupt.h - SIGINT, SIGTERM and SIGHUP end a run, but not what it has found so far.
 */
#ifndef GVT_TOOLS_INTERRUPT_H
#define GVT_TOOLS_INTERRUPT_H

#include <sys/types.h>

/*
 * From now on the first of them is noted, and ends the process that is waited for; the second
 * one ends gvt at once. One that is ignored already stays so (nohup). Processes that lose
 * their parent become gvt's.
 */
void interrupt_begin(void);

/* The signal that came, or 0. */
int interrupted(void);

/* In a process that measures: what a terminal sends, gvt alone answers. */
void interrupt_in_child(void);

/* This child of gvt ends when a signal comes, and its process group, where it leads one. */
void interrupt_kills(pid_t pid);

/* To be called before that child is waited for: its number is free then. */
void interrupt_spares(void);

/* End all children, and those that become ours by that. Takes a moment for many threads. */
void interrupt_end_children(void);

#endif /* GVT_TOOLS_INTERRUPT_H */
