// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeline.c - timelines, made of what a scheduler recorded, and drawn as text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "timeline.h"
#include "trace_read.h"

/* Of the text. */
#define WIDTH		72
#define ROWS		8

#define MAX_TASKS	64
#define MAIN		1	/* number of the main goroutine */

/**
 * struct making - a timeline that is being made of a trace
 * @s: it
 * @begin: of the time that is looked at
 * @end: of it
 * @id: goroutines in it
 * @ids: how many
 * @add: they are known: rows are made
 */
struct making {
	struct series *s;
	uint64_t begin, end;
	int64_t id[MAX_TASKS];
	size_t ids;
	bool add;
};

static void task_name(char text[SERIES_TEXT], size_t task)
{
	if (task < 26)
		snprintf(text, SERIES_TEXT, "task %c", (char)('A' + task));
	else
		snprintf(text, SERIES_TEXT, "task %zu", task + 1);
}

static size_t place_of(const struct making *m, int64_t id)
{
	size_t i = 0;

	while (i < m->ids && m->id[i] != id)
		i++;
	return i;
}

static void add_slice(struct making *m, int64_t p, int64_t id, uint64_t begin, uint64_t end)
{
	char track[SERIES_TEXT], what[SERIES_TEXT];

	snprintf(track, sizeof(track), "P %d", (int)p);
	if (id == MAIN)
		snprintf(what, sizeof(what), "main");
	else
		task_name(what, place_of(m, id));
	series_add(m->s, track, begin - m->begin, end - m->begin, what);
}

static int slice(void *arg, struct json_object *e, const char *line, size_t len)
{
	struct making *m = arg;
	uint64_t begin = trace_ns(e, "ts"), end = begin + trace_ns(e, "dur");
	int64_t id;

	(void)line;
	(void)len;
	if (strcmp(trace_text(e, "ph"), "X") || strcmp(trace_text(e, "cat"), "goroutine") ||
	    end <= m->begin || begin >= m->end)
		return 0;
	id = trace_number(trace_get(e, "args"), "goroutine");
	if (m->add)
		add_slice(m, trace_number(e, "tid") - TRACK_P, id,
			  begin > m->begin ? begin : m->begin, end < m->end ? end : m->end);
	else if (id != MAIN && place_of(m, id) == m->ids && m->ids < MAX_TASKS)
		m->id[m->ids++] = id;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int timeline_from_trace(struct series *s, FILE *trace, uint64_t begin, uint64_t end)
{
	struct making m = { .s = s, .begin = begin, .end = end };
	struct trace_reader r = { .event = slice, .arg = &m };
	int err = trace_read(&r, trace);

	json_object_put(r.other);
	if (err)
		return err;
	qsort(m.id, m.ids, sizeof(m.id[0]), by_number);
	m.add = true;
	err = trace_read(&r, trace);
	json_object_put(r.other);
	return err;
}

void timeline_from_spans(struct series *s, const struct span *span, size_t n, const char *where,
			 uint64_t begin, uint64_t end)
{
	char track[SERIES_TEXT], what[SERIES_TEXT];

	for (size_t i = 0; i < n; i++) {
		uint64_t from = span[i].begin > begin ? span[i].begin : begin;
		uint64_t to = span[i].end < end ? span[i].end : end;

		if (from >= to)
			continue;
		snprintf(track, sizeof(track), "%.16s %u", where, span[i].where);
		task_name(what, span[i].task);
		series_add(s, track, from - begin, to - begin, what);
	}
}

/* ---------------------------------------------------------------------- text */

static int row_of(const char *(*names)[ROWS], int *rows, const char *name)
{
	int i = 0;

	while (i < *rows && strcmp((*names)[i], name))
		i++;
	if (i == *rows && *rows < ROWS)
		(*names)[(*rows)++] = name;
	return i < ROWS ? i : -1;
}

static int in_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A task's letter; 'm' for main. */
static char letter(const char *what)
{
	return strncmp(what, "task ", 5) ? what[0] : what[5];
}

void timeline_draw(const struct series *s, char *to, size_t room)
{
	const char *names[ROWS];
	float most[ROWS][WIDTH];
	char row[ROWS][WIDTH];
	double last = 1;
	int rows = 0;
	size_t len;

	memset(row, '.', sizeof(row));
	memset(most, 0, sizeof(most));
	for (size_t i = 0; i < s->nr; i++) {
		row_of(&names, &rows, s->row[i].of);
		if (s->row[i].y > last)
			last = s->row[i].y;
	}
	qsort(names, rows, sizeof(names[0]), in_order);
	for (size_t i = 0; i < s->nr; i++) {
		double a = s->row[i].x * WIDTH / last, b = s->row[i].y * WIDTH / last;
		int r = row_of(&names, &rows, s->row[i].of);

		/* The longest of those in a column is what it shows. */
		for (int c = a; r >= 0 && c < WIDTH && c <= b; c++) {
			float part = (b < c + 1 ? b : c + 1) - (a > c ? a : c);

			if (part >= most[r][c]) {
				most[r][c] = part;
				row[r][c] = letter(s->row[i].what);
			}
		}
	}
	len = snprintf(to, room, "  %s: %.1f ms\n", s->title, last / 1e6);
	for (int r = 0; r < rows && len < room; r++)
		len += snprintf(to + len, room - len, "    %-9s|%.*s|\n", names[r], WIDTH, row[r]);
}
