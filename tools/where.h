/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * where.h - `gvt run --where vm`: the same command in the lab virtual machine.
 */
#ifndef GVT_TOOLS_WHERE_H
#define GVT_TOOLS_WHERE_H

/* "vm" in the lab machine, else "here". */
const char *where_am_i(void);

/**
 * where_vm() - do this command in the lab machine, with gvt.ko loaded there
 * @argv: the command: "run" and its arguments
 *
 * Becomes the program that runs the machine: its output and exit status are the command's,
 * and so is the first signal that is to end it.
 *
 * Return: an exit status, after a message: the machine isn't there.
 */
int where_vm(char **argv);

#endif /* GVT_TOOLS_WHERE_H */
