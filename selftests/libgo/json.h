/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - a strict reader of JSON (RFC 8259), for tests of what libgo writes.
 *
 * Whatever the grammar doesn't allow ends the test: a comma too many, a control character or
 * bytes that are no UTF-8 in a string, a number with leading zeroes, a key twice in one
 * object, anything after the value. Memory is never given back.
 */
#ifndef LIBGO_JSON_H
#define LIBGO_JSON_H

#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	const char *key;		/* in an object */
	const char *text;		/* string: what it means; number: as it stands there */
	struct json *first, *next;	/* of an array or an object; in one */
};

struct json_reader {
	const char *begin, *at, *end;
	int depth;
};

static noinline void json_fail(const struct json_reader *r, const char *why)
{
	size_t left = r->end - r->at;

	dprintf(2, "# JSON: %s at byte %td: %.*s\n", why, r->at - r->begin,
		(int)(left < 60 ? left : 60), r->at);
	_exit(1);
}

static void *json_memory(size_t n)
{
	static char *block;
	static size_t left;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (n > left) {
		left = n > 1 << 20 ? n : 1 << 20;
		block = malloc(left);
		CHECK(block);
	}
	p = block;
	block += n;
	left -= n;
	return p;
}

static void json_blanks(struct json_reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
		r->at++;
}

static bool json_take(struct json_reader *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n))
		return false;
	r->at += n;
	return true;
}

static unsigned int json_hex4(struct json_reader *r)
{
	unsigned int v = 0;
	int i;

	for (i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF", *d;

		d = r->at < r->end && *r->at ? strchr(digits, *r->at) : NULL;
		if (!d)
			json_fail(r, "\\u without four hexadecimal digits");
		v = v * 16 + (d - digits) % 16;
		r->at++;
	}
	return v;
}

static char *json_put_utf8(char *to, unsigned int c)
{
	if (c < 0x80) {
		*to++ = c;
	} else if (c < 0x800) {
		*to++ = 0xc0 | c >> 6;
		*to++ = 0x80 | (c & 0x3f);
	} else {
		*to++ = 0xe0 | c >> 12;
		*to++ = 0x80 | (c >> 6 & 0x3f);
		*to++ = 0x80 | (c & 0x3f);
	}
	return to;
}

/* One character as it stands there, or several bytes of one. */
static char *json_raw(struct json_reader *r, char *to)
{
	const unsigned char *s = (const unsigned char *)r->at;
	unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 }, v;
	int i, n;

	if (*s < ' ')
		json_fail(r, "a control character in a string");
	n = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 : *s >> 3 == 30 ? 4 : 0;
	if (!n || r->end - r->at < n)
		json_fail(r, "bytes that are no UTF-8");
	v = n == 1 ? *s : *s & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			json_fail(r, "bytes that are no UTF-8");
		v = v << 6 | (s[i] & 0x3f);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		json_fail(r, "bytes that are no UTF-8");
	memcpy(to, r->at, n);
	r->at += n;
	return to + n;
}

static const char *json_string(struct json_reader *r)
{
	static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *quote = r->at, *e;
	char *text, *to;

	if (!json_take(r, "\""))
		json_fail(r, "no string where one has to be");
	for (e = r->at; e < r->end && *e != '"'; e++)
		e += *e == '\\';
	if (e >= r->end)
		json_fail(r, "a string without an end");
	text = to = json_memory(e - quote + 1);
	while (*r->at != '"') {
		if (*r->at != '\\') {
			to = json_raw(r, to);
			continue;
		}
		r->at++;
		if (json_take(r, "u")) {
			to = json_put_utf8(to, json_hex4(r));
			continue;
		}
		e = *r->at ? strchr(from, *r->at) : NULL;
		if (!e)
			json_fail(r, "no such escape");
		*to++ = means[e - from];
		r->at++;
	}
	r->at++;
	*to = '\0';
	return text;
}

static size_t json_digits(struct json_reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return r->at - from;
}

static const char *json_number(struct json_reader *r)
{
	const char *from = r->at, *digits;
	char *text;
	size_t n;

	json_take(r, "-");
	digits = r->at;
	n = json_digits(r);
	if (!n || (n > 1 && *digits == '0'))
		json_fail(r, "no value");
	if (json_take(r, ".") && !json_digits(r))
		json_fail(r, "a point without digits");
	if (json_take(r, "e") || json_take(r, "E")) {
		if (!json_take(r, "+"))
			json_take(r, "-");
		if (!json_digits(r))
			json_fail(r, "an exponent without digits");
	}
	n = r->at - from;
	text = json_memory(n + 1);
	memcpy(text, from, n);
	text[n] = '\0';
	return text;
}

static struct json *json_value(struct json_reader *r);

static void json_members(struct json_reader *r, struct json *in, char end)
{
	struct json **last = &in->first, *v, *other;

	json_blanks(r);
	if (r->at < r->end && *r->at == end) {
		r->at++;
		return;
	}
	for (;;) {
		const char *key = NULL;

		json_blanks(r);
		if (in->type == JSON_OBJECT) {
			key = json_string(r);
			json_blanks(r);
			if (!json_take(r, ":"))
				json_fail(r, "no colon");
			for (other = in->first; other; other = other->next)
				if (!strcmp(other->key, key))
					json_fail(r, "a key twice");
		}
		v = json_value(r);
		v->key = key;
		*last = v;
		last = &v->next;
		json_blanks(r);
		if (json_take(r, ","))
			continue;
		if (r->at >= r->end || *r->at != end)
			json_fail(r, "neither a comma nor an end");
		r->at++;
		return;
	}
}

static struct json *json_value(struct json_reader *r)
{
	struct json *v = json_memory(sizeof(*v));

	memset(v, 0, sizeof(*v));
	json_blanks(r);
	if (++r->depth > 100)
		json_fail(r, "too deep");
	if (json_take(r, "null")) {
		v->type = JSON_NULL;
	} else if (json_take(r, "false")) {
		v->type = JSON_FALSE;
	} else if (json_take(r, "true")) {
		v->type = JSON_TRUE;
	} else if (json_take(r, "{")) {
		v->type = JSON_OBJECT;
		json_members(r, v, '}');
	} else if (json_take(r, "[")) {
		v->type = JSON_ARRAY;
		json_members(r, v, ']');
	} else if (r->at < r->end && *r->at == '"') {
		v->type = JSON_STRING;
		v->text = json_string(r);
	} else {
		v->type = JSON_NUMBER;
		v->text = json_number(r);
	}
	r->depth--;
	return v;
}

/* What stands in the file; anything that is no JSON ends the test. */
static __maybe_unused struct json *json_read(const char *path)
{
	struct json_reader r = { 0 };
	struct json *v;
	struct stat st;
	ssize_t n = 0, got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	CHECK(fd >= 0);
	CHECK_EQ(0, fstat(fd, &st));
	text = malloc(st.st_size + 1);
	CHECK(text);
	while (n < st.st_size && (got = read(fd, text + n, st.st_size - n)) > 0)
		n += got;
	text[n] = '\0';
	close(fd);
	r.begin = r.at = text;
	r.end = text + n;
	v = json_value(&r);
	json_blanks(&r);
	if (r.at != r.end)
		json_fail(&r, "something after the value");
	free(text);
	return v;
}

/* A member of an object, NULL: there is none. */
static __maybe_unused struct json *json_get(const struct json *in, const char *key)
{
	struct json *v;

	for (v = in && in->type == JSON_OBJECT ? in->first : NULL; v; v = v->next)
		if (!strcmp(v->key, key))
			return v;
	return NULL;
}

/* Its text; "" where there is none. */
static __maybe_unused const char *json_text(const struct json *in, const char *key)
{
	const struct json *v = json_get(in, key);

	return v && v->text ? v->text : "";
}

/* A whole number that has to be there. */
static __maybe_unused long long json_int(const struct json *in, const char *key)
{
	const struct json *v = json_get(in, key);
	char *end;
	long long n;

	CHECK(v && v->type == JSON_NUMBER);
	n = strtoll(v->text, &end, 10);
	CHECK(!*end);
	return n;
}

#endif /* LIBGO_JSON_H */
