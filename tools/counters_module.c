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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libgo.h>

#include "counters_source.h"
#include "gvt.h"

#define PROC_PROCESS	"/proc/gvt/process"
#define PROC_STAT	"/proc/gvt/stat"
#define PROC_WATCH	"/proc/gvt/watch"

#define MAX_COLUMNS	64

/* Columns that are no counters, by their name in the header row. */
enum { COL_PID, COL_ROOT, COL_STATE, COL_ALIVE, NR_COLS };

static const char *const column_name[NR_COLS] = { "pid", "root", "state", "goroutines_alive" };

/**
 * struct rows - /proc/gvt/process, being read
 * @text: all of it
 * @next: the first row not read yet
 * @column: counter that each column holds, -1 for none
 * @columns: how many there are
 * @at: where those that are no counters stand; -1: nowhere
 */
struct rows {
	char *text, *next;
	int column[MAX_COLUMNS];
	int columns;
	int at[NR_COLS];
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
	for (int i = 0; i < NR_COLS; i++)
		r->at[i] = -1;
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
		for (int i = 0; i < NR_COLS; i++) {
			if (!strcmp(word, column_name[i]))
				r->at[i] = r->columns;
		}
		r->column[r->columns++] = counter_by_name(word);
	}
	for (int i = 0; i < NR_COLS; i++) {
		if (r->at[i] < 0)
			goto err_form;
	}
	return 0;

err_form:
	rows_exit(r);
	return -EPROTO;
}

static enum row_state state_of(const char *word)
{
	return !strcmp(word, "live") ? ROW_LIVE : !strcmp(word, "ended") ? ROW_ENDED : ROW_FOLDED;
}

/*
 * The next row; false after the last. A process that runs no runtime may have something else
 * than a number in the runtime's columns: that is 0 of them.
 */
static bool rows_next(struct rows *r, struct counters_row *row)
{
	char *line = next_line(r), *word, *save = NULL, *end;
	int i = 0;

	if (!line)
		return false;
	memset(row, 0, sizeof(*row));
	for (word = strtok_r(line, " \t", &save); word && i < r->columns;
	     word = strtok_r(NULL, " \t", &save), i++) {
		uint64_t value = strtoull(word, &end, 10);
		bool number = end != word && !*end;
		int ctr = r->column[i];

		if (i == r->at[COL_PID])
			row->pid = value;
		else if (i == r->at[COL_ROOT])
			row->root = value;
		else if (i == r->at[COL_STATE])
			row->state = state_of(word);
		else if (i == r->at[COL_ALIVE])
			row->runtime = number;
		else if (ctr >= 0 && (number || counter_is(ctr, COUNTER_RUNTIME)))
			counters_set(&row->counters, ctr, number ? value : 0);
		if (i == r->at[COL_ALIVE])
			row->goroutines_alive = number ? value : 0;
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

/*
 * Our own runtime brings these to where the module reads them only now and then: a short
 * repetition had none. It tells us itself.
 */
static void set_parks(struct counters *c)
{
	struct go_stats stats = { .parks = 0 };

	go_stats(&stats);
	counters_set(c, CTR_GOROUTINE_PARKS, stats.parks);
}

/* Live rows come first, so the first one with our pid is ours. */
static int module_read(struct counters *c)
{
	struct counters_row row;
	struct rows r;
	int err = rows_init(&r);

	if (err)
		return err;
	err = -ESRCH;
	while (rows_next(&r, &row)) {
		if (row.pid == getpid()) {
			*c = row.counters;
			err = 0;
			break;
		}
	}
	rows_exit(&r);
	if (!err && counters_have(c, CTR_GOROUTINE_PARKS))
		set_parks(c);
	return err;
}

static int module_rows(struct counters_row **list, size_t *nr)
{
	struct counters_row row, *more;
	struct rows r;
	size_t room = 0;
	int err = rows_init(&r);

	*list = NULL;
	*nr = 0;
	if (err)
		return err;
	while (rows_next(&r, &row)) {
		if (*nr == room) {
			room = room ? 2 * room : 16;
			more = realloc(*list, room * sizeof(*more));
			if (!more)
				goto err_list;
			*list = more;
		}
		(*list)[(*nr)++] = row;
	}
	rows_exit(&r);
	return 0;

err_list:
	free(*list);
	*list = NULL;
	*nr = 0;
	rows_exit(&r);
	return -ENOMEM;
}

/* "key value" lines; those that are not known are skipped. */
static int module_mark(struct tree_mark *m)
{
	char *text = read_file(PROC_STAT), *line, *save = NULL;
	int found = 0;

	if (!text)
		return -errno;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		found += sscanf(line, "creation_to_run_ns_total %lu", &m->creation_ns);
		found += sscanf(line, "creation_to_run_count %lu", &m->creation_count);
		found += sscanf(line, "generation %lu", &m->generation);
	}
	free(text);
	m->have_creation = found == 3;
	return 0;
}

static int module_watch_tree(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d+", pid);
	return write_watch(text);
}

static int module_unwatch(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "-%d", pid);
	return write_watch(text);
}

/*
 * A row's root is who was watched with `+` and brought it in. Rows that were pushed out
 * to make room are one more row of their root, so the sum misses none.
 */
static int module_tree(const struct tree_mark *m, pid_t root, const struct rusage *ru,
		       struct counters *sum)
{
	struct counters_row row;
	struct rows r;
	bool seen = false;
	int err = rows_init(&r);

	(void)m;
	(void)ru;
	if (err)
		return err;
	memset(sum, 0, sizeof(*sum));
	while (rows_next(&r, &row)) {
		if (row.root != root)
			continue;
		seen = true;
		counters_add(sum, &row.counters);
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
	.rows = module_rows,
	.mark = module_mark,
	.watch_tree = module_watch_tree,
	.unwatch = module_unwatch,
	.tree = module_tree,
};
