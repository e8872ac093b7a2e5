// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace_read.c - reads traces as libgo and `gvt trace` write them.
 *
 * Line by line, so that memory doesn't grow with the file. Every line has to be JSON, by a
 * parser that takes nothing else: a program that was killed while it wrote leaves a line that
 * is not, and what such a line says is nothing.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "trace_read.h"

/* Longer than any line that either writes. */
#define LINE_BYTES	(64 << 10)

static const char begin[] = "{\"traceEvents\":[";

struct json_object *trace_get(struct json_object *e, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(e, key, &value);
	return value;
}

const char *trace_text(struct json_object *e, const char *key)
{
	struct json_object *value = trace_get(e, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

int64_t trace_number(struct json_object *e, const char *key)
{
	return json_object_get_int64(trace_get(e, key));
}

uint64_t trace_ns(struct json_object *e, const char *key)
{
	/* As it is written: a double of a clock that has run for months has no nanoseconds. */
	const char *text = json_object_get_string(trace_get(e, key));
	uint64_t ns;
	char *end;
	int digits = 0;

	if (!text || *text < '0' || *text > '9')
		return 0;
	ns = strtoull(text, &end, 10);
	/* In microseconds these are three centuries: no clock says that, and sums stay in range. */
	if (ns > 10000000000000000)
		return 0;
	if (*end == '.')
		end++;
	for (; digits < 3; digits++)
		ns = 10 * ns + (*end >= '0' && *end <= '9' ? *end++ - '0' : 0);
	return ns;
}

static struct json_object *parse(struct json_tokener *tok, const char *text, size_t len)
{
	struct json_object *o;

	json_tokener_reset(tok);
	o = json_tokener_parse_ex(tok, text, len);
	if (o && json_tokener_get_parse_end(tok) == len && json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	return NULL;
}

/* What comes after the events: ],"displayTimeUnit":"ns","otherData":{...}} */
static void read_tail(struct trace_reader *t, struct json_tokener *tok, const char *line)
{
	static const char key[] = "\"otherData\":";
	const char *at = strstr(line, key), *end = strchrnul(line, '\n');

	if (!at || t->other)
		return;
	at += strlen(key);
	/* The last brace is the file's own. */
	while (end > at && end[-1] == ' ')
		end--;
	if (end > at)
		t->other = parse(tok, at, end - at - 1);
}

static int read_line(struct trace_reader *t, struct json_tokener *tok, const char *line)
{
	size_t len = strcspn(line, "\n");
	struct json_object *e;
	int err;

	while (len && line[len - 1] == ' ')
		len--;
	if (len && line[len - 1] == ',')
		len--;
	if (!len)
		return 0;
	if (*line == ']') {
		read_tail(t, tok, line);
		return 0;
	}
	e = parse(tok, line, len);
	if (!e || !*trace_text(e, "ph")) {
		json_object_put(e);
		t->broken++;
		return 0;
	}
	err = t->event(t->arg, e, line, len);
	json_object_put(e);
	return err;
}

int trace_read(struct trace_reader *t, FILE *f)
{
	struct json_tokener *tok = json_tokener_new();
	char *line = malloc(LINE_BYTES);
	bool whole = true, known = false;
	int err = 0;

	t->other = NULL;
	t->broken = 0;
	if (!tok || !line) {
		err = -ENOMEM;
		goto out;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	rewind(f);
	while (!err && fgets(line, LINE_BYTES, f)) {
		bool first = whole && !known;

		if (first && strncmp(line, begin, strlen(begin)))
			break;
		if (first)
			known = true;
		else if (whole)
			err = read_line(t, tok, line);
		/* The rest of a line that is too long. */
		whole = strchr(line, '\n');
	}
	if (!err && ferror(f))
		err = -EIO;
	else if (!err && !known)
		err = -EINVAL;
out:
	if (tok)
		json_tokener_free(tok);
	free(line);
	return err;
}
