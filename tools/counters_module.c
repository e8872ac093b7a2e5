// SPDX-License-Identifier: GPL-2.0-only
/*
 * counters_module.c - gvt.ko's /proc/gvt as the source.
 *
 * A process is counted from the moment its pid is written to /proc/gvt/watch; its
 * row is in /proc/gvt/process, also for a while after its end. Columns are found by
 * their name in the header row, so that a newer module's further ones do no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "counters_source.h"

#define PROC_PROCESS	"/proc/gvt/process"
#define PROC_WATCH	"/proc/gvt/watch"

#define MAX_COLUMNS	64

/**
 * struct rows - /proc/gvt/process, being read
 * @text: all of it
 * @next: the first row not read yet
 * @column: counter that each column holds, -1 for none
 * @columns: how many there are
 * @pid_column: where the pid stands
 * @root_column: where the root's pid stands
 */
struct rows {
	char *text, *next;
	int column[MAX_COLUMNS];
	int columns;
	int pid_column, root_column;
};

/* What a row is about. */
struct row_ids {
	pid_t pid, root;
};

static char *next_line(struct rows *r)
{
	char *line = r->next, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	if (end) {
		*end = '\0';
		r->next = end + 1;
	} else {
		r->next = NULL;
	}
	return line;
}

static int counter_by_name(const char *name)
{
	for (int i = 0; i < CTR_NR; i++) {
		if (!strcmp(counter_info[i].name, name))
			return i;
	}
	return -1;
}

static void rows_exit(struct rows *r)
{
	free(r->text);
	r->text = NULL;
}

static int rows_init(struct rows *r)
{
	char *line, *word, *save = NULL;
	unsigned int version;

	memset(r, 0, sizeof(*r));
	r->pid_column = r->root_column = -1;
	r->text = read_file(PROC_PROCESS);
	if (!r->text)
		return -errno;
	r->next = r->text;

	line = next_line(r);
	if (!line || sscanf(line, "version %u", &version) != 1 || version != 1)
		goto err_form;
	line = next_line(r);
	if (!line)
		goto err_form;
	for (word = strtok_r(line, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (r->columns == MAX_COLUMNS)
			break;
		if (!strcmp(word, "pid"))
			r->pid_column = r->columns;
		if (!strcmp(word, "root"))
			r->root_column = r->columns;
		r->column[r->columns++] = counter_by_name(word);
	}
	if (r->pid_column < 0 || r->root_column < 0)
		goto err_form;
	return 0;

err_form:
	rows_exit(r);
	return -EPROTO;
}

/*
 * The next row's pids and counts; false after the last. A process that runs no runtime
 * may have something else than a number in the runtime's columns: that is 0 of them.
 */
static bool rows_next(struct rows *r, struct row_ids *ids, struct counters *c)
{
	char *line = next_line(r), *word, *save = NULL, *end;
	int i = 0;

	if (!line)
		return false;
	memset(c, 0, sizeof(*c));
	memset(ids, 0, sizeof(*ids));
	for (word = strtok_r(line, " \t", &save); word && i < r->columns;
	     word = strtok_r(NULL, " \t", &save), i++) {
		uint64_t value = strtoull(word, &end, 10);

		bool number = end != word && !*end;

		if (i == r->pid_column)
			ids->pid = value;
		else if (i == r->root_column)
			ids->root = value;
		else if (r->column[i] >= 0 && (number || counter_is(r->column[i], COUNTER_RUNTIME)))
			counters_set(c, r->column[i], number ? value : 0);
	}
	return true;
}

static int write_watch(const char *text)
{
	int fd = open(PROC_WATCH, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static bool module_present(void)
{
	return !access(PROC_PROCESS, R_OK) && !access(PROC_WATCH, W_OK);
}

static int module_begin(void)
{
	return write_watch("self");
}

/* Live rows come first, so the first one with our pid is ours. */
static int module_read(struct counters *c)
{
	struct row_ids ids;
	struct rows r;
	int err = rows_init(&r);

	if (err)
		return err;
	err = -ESRCH;
	while (rows_next(&r, &ids, c)) {
		if (ids.pid == getpid()) {
			err = 0;
			break;
		}
	}
	rows_exit(&r);
	return err;
}

static int module_watch_tree(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d+", pid);
	return write_watch(text);
}

/*
 * A row's root is who was watched with `+` and brought it in. Rows that were pushed out
 * to make room are one more row of their root, so the sum misses none.
 */
static int module_tree(const struct tree_mark *m, pid_t root, const struct rusage *ru,
		       struct counters *sum)
{
	struct counters c;
	struct rows r;
	struct row_ids ids;
	bool seen = false;
	int err = rows_init(&r);

	(void)m;
	(void)ru;
	if (err)
		return err;
	memset(sum, 0, sizeof(*sum));
	while (rows_next(&r, &ids, &c)) {
		if (ids.root != root)
			continue;
		seen = true;
		counters_add(sum, &c);
	}
	rows_exit(&r);
	return seen ? 0 : -ESRCH;
}

const struct counter_source source_module = {
	.name = "gvt",
	.note = "",
	.present = module_present,
	.begin = module_begin,
	.read = module_read,
	.watch_tree = module_watch_tree,
	.tree = module_tree,
};
