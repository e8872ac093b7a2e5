/* SPDX-License-Identifier: GPL-2.0-only */
/* What the supervisor (host.c) is made of: QEMU's process, the terminal, and text. */
#ifndef GVT_VM_HOST_H
#define GVT_VM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Text that grows at its end and, over its limit, forgets its beginning. */
struct text {
	char	*data;
	size_t	len;
	size_t	limit;		/* 0: none */
};

void text_add(struct text *text, const char *data, size_t len);
char *text_end(struct text *text);	/* as a string: zero bytes in it are made blanks */
void show_tail(const char *what, struct text *text);	/* its last lines, to stderr */

void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/*
 * QEMU under @accel, in a process that dies with this one; three descriptors to read.
 * @at_once: emulated processors run in a thread each, not in turn (qemu.sh).
 */
pid_t guest_start(char **qemu, const char *accel, bool at_once, const char *append,
		  int *port, int *console, int *errors);
int guest_kill(pid_t pid);	/* its wait status: where it had ended, its own */

void terminal_raw(void);
void terminal_restore(void);

#endif
