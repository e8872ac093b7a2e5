/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * atomic_file.h - a file that is there as a whole, or as it was before.
 *
 * It is written beside its place under another name, and renamed. What is no regular file (a
 * terminal, a pipe, /dev/full) is written to as it is.
 */
#ifndef GVT_TOOLS_ATOMIC_FILE_H
#define GVT_TOOLS_ATOMIC_FILE_H

#include <stdio.h>

/**
 * struct atomic_file - a file that is being written
 * @to: write here
 * @path: what it will be called
 * @temp: what it is called so far; NULL: it is written where it is
 */
struct atomic_file {
	FILE *to;
	char *path, *temp;
};

/* "-": standard output. Return: 0, or a negative errno. */
int atomic_file_open(struct atomic_file *a, const char *path);

/* All of it has been written. Return: 0, or a negative errno, and there is no new file. */
int atomic_file_commit(struct atomic_file *a);

/* Forget it. Also after a failure of atomic_file_open(). */
void atomic_file_abort(struct atomic_file *a);

#endif /* GVT_TOOLS_ATOMIC_FILE_H */
