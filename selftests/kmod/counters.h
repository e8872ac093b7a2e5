/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counters.h - read /proc/gvt and the kernel's own counters of the same things.
 *
 * Counters of a running machine never stand still, so two sources are compared by
 * readings one inside the other: between an inner pair of readings no more can
 * have happened than between an outer pair. Where an event raises both counters
 * one after the other, settle() between inner and outer lets it come to an end.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define GVT_DIR		"/proc/gvt/"
#define NONE		(-1l)	/* no such number */

/* Before anything else: a machine on which these tests say nothing. */
static void __attribute__((constructor)) need_module(void)
{
	if (access(GVT_DIR "stat", R_OK))
		ksft_exit_skip("gvt.ko is not loaded (sudo make load, or scripts/vm)\n");
	if (geteuid())
		ksft_exit_skip("needs to be root\n");
}

/* A whole file, read @step bytes at a time; NULL, with errno. */
static inline char *read_steps(const char *path, size_t step)
{
	size_t size = 1 << 16, used = 0;
	char *text = malloc(size);
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0 || !text)
		return NULL;
	while ((n = read(fd, text + used, step)) > 0) {
		used += n;
		if (used + step >= size)
			text = realloc(text, size *= 2);
	}
	close(fd);
	text[used] = '\0';
	return n ? NULL : text;
}

static inline char *read_file(const char *path)
{
	return read_steps(path, 4096);
}

/* The number in the line "KEY NUMBER", or "KEY:<blanks>NUMBER"; NONE. */
static inline long find_key(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *line;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && strchr(" :", line[len]))
			return strtol(line + len + 1, NULL, 10);
	}
	return NONE;
}

static inline long read_key(const char *path, const char *key)
{
	char *text = read_file(path);
	long value = text ? find_key(text, key) : NONE;

	free(text);
	return value;
}

static inline long gvt_stat(const char *key)
{
	return read_key(GVT_DIR "stat", key);
}

/* Column @name of a blank-separated @line under @header; an empty string: none. */
static inline void find_column(const char *header, const char *line, const char *name, char *value,
			       size_t size)
{
	size_t len = strlen(name), n;

	*value = '\0';
	while (*header && *header != '\n' && *line && *line != '\n') {
		n = strcspn(line, " \n");
		if (!strncmp(header, name, len) && strchr(" \n", header[len])) {
			snprintf(value, size, "%.*s", (int)n, line);
			return;
		}
		line += n + (line[n] == ' ');
		n = strcspn(header, " \n");
		header += n + (header[n] == ' ');
	}
}

/* A table's line of which column @name is @value, from @from on; NULL: there is none. */
static inline const char *find_row(const char *text, const char *from, const char *name,
				   const char *value)
{
	const char *header = strchr(text, '\n') + 1, *line;
	char seen[64];

	for (line = strchr(from ?: header, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		find_column(header, line, name, seen, sizeof(seen));
		if (!strcmp(seen, value))
			return line;
	}
	return NULL;
}

/* One row of /proc/gvt/process, as read once. */
struct row {
	char *text;
	const char *line;
};

static inline bool get_row(struct row *row, int pid, const char *state)
{
	char number[16], seen[16];

	snprintf(number, sizeof(number), "%d", pid);
	row->line = NULL;
	row->text = read_file(GVT_DIR "process");
	if (!row->text)
		return false;
	do {
		row->line = find_row(row->text, row->line, "pid", number);
		if (!row->line)
			break;
		find_column(strchr(row->text, '\n') + 1, row->line, "state", seen, sizeof(seen));
	} while (strcmp(seen, state));
	if (!row->line)
		free(row->text);
	return row->line;
}

static inline void put_row(struct row *row)
{
	free(row->text);
}

static inline const char *row_text(const struct row *row, const char *column)
{
	static char value[64];

	find_column(strchr(row->text, '\n') + 1, row->line, column, value, sizeof(value));
	return value;
}

static inline long row_number(const struct row *row, const char *column)
{
	const char *text = row_text(row, column);

	return isdigit(*text) ? strtol(text, NULL, 10) : NONE;
}

static inline bool has_row(int pid, const char *state)
{
	struct row row;
	bool has = get_row(&row, pid, state);

	if (has)
		put_row(&row);
	return has;
}

/* One number of one row; NONE: no such row. */
static inline long process_number(int pid, const char *state, const char *column)
{
	struct row row;
	long n;

	if (!get_row(&row, pid, state))
		return NONE;
	n = row_number(&row, column);
	put_row(&row);
	return n;
}

/* The sum of a column over the rows of one root: NONE where there is no row. */
static inline long family_number(int root, const char *column, unsigned int *rows)
{
	char *text = read_file(GVT_DIR "process"), number[16], value[64];
	const char *line = NULL;
	long sum = NONE;

	snprintf(number, sizeof(number), "%d", root);
	*rows = 0;
	while ((line = find_row(text, line, "root", number))) {
		find_column(strchr(text, '\n') + 1, line, column, value, sizeof(value));
		sum = (sum == NONE ? 0 : sum) + strtol(value, NULL, 10);
		++*rows;
	}
	free(text);
	return sum;
}

/* What a write to a file answers: 0 or -errno. */
static inline int write_bytes(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, bytes, n) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static inline int watch(const char *command)
{
	return write_bytes(GVT_DIR "watch", command, strlen(command));
}

static inline int control(const char *command)
{
	return write_bytes(GVT_DIR "control", command, strlen(command));
}

static inline int watch_pid(const char *before, int pid, const char *after)
{
	char text[32];

	snprintf(text, sizeof(text), "%s%d%s", before, pid, after);
	return watch(text);
}

static inline long module_param(const char *name)
{
	char path[128], *text;
	long value;

	snprintf(path, sizeof(path), "/sys/module/gvt/parameters/%s", name);
	text = read_file(path);
	value = text ? strtol(text, NULL, 10) : NONE;
	free(text);
	return value;
}

/*
 * A context switch raises the kernel's counter and ours with interrupts off. Who
 * has run on every CPU since knows that those begun before are through.
 */
static inline void settle(void)
{
	cpu_set_t all, one;
	int cpu;

	sched_getaffinity(0, sizeof(all), &all);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

/* Linux 6.12 takes back a sleep that a signal cancelled, and counts it all the same. */
static inline bool sleeps_are_taken_back(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	return major > 6 || (major == 6 && minor >= 12);
}

#endif /* COUNTERS_H */
