// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_json.c - a file becomes JSON, and its values what they are expected to be.
 *
 * The file may be anything. What isn't as expected is told with the path to it, as
 * "experiments[2].metrics[0].thread: string, expected a number".
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gvt.h"
#include "report_json.h"

/* A result of everything is some 200 KiB, without timelines. */
#define MAX_FILE (64 << 20)

/* Figures beyond are no measurement, and whole numbers of C end there. */
#define MAX_FIGURE 1e18

const char *reader_shown(char text[SHOWN_SIZE], const char *from)
{
	size_t len = 0;

	while (*from && len < SHOWN_SIZE - 1) {
		unsigned char c = *from++;

		text[len++] = c < ' ' || c >= 127 ? '?' : c;
	}
	text[len] = '\0';
	return text;
}

bool reader_wrong(const struct reader *in, const char *key, const char *fmt, ...)
{
	char why[300], known[SHOWN_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	complain(in->file, "%s%s%s: %s", in->path, in->len && key[0] && key[0] != '[' ? "." : "",
		 reader_shown(known, key), why);
	return false;
}

size_t reader_down(struct reader *in, const char *key, size_t i)
{
	size_t was = in->len;
	char known[SHOWN_SIZE];
	int n;

	n = snprintf(in->path + was, sizeof(in->path) - was, "%s%s[%zu]", was ? "." : "",
		     reader_shown(known, key), i);
	in->len = was + n < sizeof(in->path) ? was + n : sizeof(in->path) - 1;
	return was;
}

void reader_up(struct reader *in, size_t was)
{
	in->len = was;
	in->path[was] = '\0';
}

/* ---------------------------------------------------------------------- values */

struct json_object *reader_get(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, key, &value);
	return value;
}

bool reader_want(const struct reader *in, const char *key, struct json_object *value,
		 enum json_type type, const char *what)
{
	if (json_object_is_type(value, type))
		return true;
	return reader_wrong(
		in, key, "%s, expected %s",
		value ? json_type_to_name(json_object_get_type(value)) : "missing or null", what);
}

bool reader_text(const struct reader *in, struct json_object *o, const char *key,
		 const char *otherwise, const char **to)
{
	struct json_object *value = reader_get(o, key);

	*to = otherwise;
	if (!value && otherwise)
		return true;
	if (!reader_want(in, key, value, json_type_string, "text"))
		return false;
	*to = json_object_get_string(value);
	return true;
}

bool reader_array(const struct reader *in, struct json_object *o, const char *key,
		  struct json_object **to)
{
	*to = reader_get(o, key);
	return reader_want(in, key, *to, json_type_array, "a list");
}

bool reader_object(const struct reader *in, struct json_object *o, const char *key,
		   struct json_object **to)
{
	*to = reader_get(o, key);
	return reader_want(in, key, *to, json_type_object, "an object");
}

bool reader_number(const struct reader *in, const char *key, struct json_object *value, double *to)
{
	if (!json_object_is_type(value, json_type_int) &&
	    !reader_want(in, key, value, json_type_double, "a number"))
		return false;
	*to = json_object_get_double(value);
	if (isfinite(*to) && *to >= 0 && *to <= MAX_FIGURE)
		return true;
	return reader_wrong(in, key, "%g is out of range, expected 0 to %g", *to, MAX_FIGURE);
}

bool reader_count(const struct reader *in, const char *key, struct json_object *value, bool *have,
		  uint64_t *to)
{
	double number;

	*have = false;
	*to = 0;
	if (!value)
		return true;
	if (!reader_want(in, key, value, json_type_int, "a whole number or null") ||
	    !reader_number(in, key, value, &number))
		return false;
	*to = json_object_get_uint64(value);
	*have = true;
	return true;
}

/* ------------------------------------------------------------------------ file */

/* All of a file, to be freed; NULL after a message. */
static char *read_all(const char *file, int fd, size_t *len)
{
	size_t room = 0;
	char *text = NULL, *more;
	ssize_t got = 1;

	*len = 0;
	while (got) {
		if (room - *len < 65536) {
			room = 2 * room + 131072;
			more = realloc(text, room);
			if (!more) {
				errno = ENOMEM;
				break;
			}
			text = more;
		}
		got = read(fd, text + *len, room - *len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		*len += got;
		if (*len > MAX_FILE) {
			errno = EFBIG;
			break;
		}
	}
	if (!got && *len)
		return text;
	complain(file, "%s",
		 !got		? "is empty; make a result with `gvt run --json ...`" :
		 errno == EFBIG ? "is larger than 64 MiB: no result of gvt" :
				  strerror(errno));
	free(text);
	return NULL;
}

/* A result as JSON; NULL after a message. Blanks may follow it, and nothing else. */
static struct json_object *parse(const char *file, const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o = NULL;
	enum json_tokener_error err;
	size_t at, line = 1;

	if (!tok) {
		complain(file, "%s", strerror(ENOMEM));
		return NULL;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, len);
	err = json_tokener_get_error(tok);
	at = json_tokener_get_parse_end(tok);
	for (size_t i = 0; i < at && i < len; i++)
		line += text[i] == '\n';
	if (err == json_tokener_continue)
		complain(file, "line %zu: the JSON ends before its end", line);
	else if (err != json_tokener_success)
		complain(file, "line %zu: no JSON: %s", line, json_tokener_error_desc(err));
	else if (!o)
		complain(file, "is no result of gvt: make one with `gvt run --json ...`");
	json_tokener_free(tok);
	return o;
}

struct json_object *reader_open(struct reader *in, const char *file)
{
	int fd = strcmp(file, "-") ? open(file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	struct json_object *o = NULL;
	size_t len;
	char *text;

	*in = (struct reader){ .file = strcmp(file, "-") ? file : "standard input" };
	if (fd < 0) {
		complain(file, "%s", strerror(errno));
		return NULL;
	}
	text = read_all(in->file, fd, &len);
	if (fd != STDIN_FILENO)
		close(fd);
	if (text)
		o = parse(in->file, text, len);
	free(text);
	return o;
}
