/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_json.h - reads values of a JSON file that may be anything. All of these say on
 * standard error what is wrong, and where; then they return false, or NULL.
 */
#ifndef GVT_TOOLS_REPORT_JSON_H
#define GVT_TOOLS_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

/**
 * struct reader - where reading is
 * @file: for messages
 * @path: "experiments[2].metrics[0]"
 * @len: of it
 */
struct reader {
	const char *file;
	char path[200];
	size_t len;
};

/* A file, or "-" for standard input, as JSON; nothing but blanks may follow it. */
struct json_object *reader_open(struct reader *in, const char *file);

/* "gvt: FILE: PATH.KEY: WHY". Return: false. */
bool reader_wrong(const struct reader *in, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Text of the file, for a message: no controls, and not all of it. */
#define SHOWN_SIZE 64
const char *reader_shown(char text[SHOWN_SIZE], const char *from);

/* Go down to element @i of @key; then reader_up() with what this returned. */
size_t reader_down(struct reader *in, const char *key, size_t i);
void reader_up(struct reader *in, size_t was);

/* NULL: null, or there is none. Says nothing. */
struct json_object *reader_get(struct json_object *o, const char *key);

bool reader_want(const struct reader *in, const char *key, struct json_object *value,
		 enum json_type type, const char *what);

/* @otherwise: where there is none; NULL: there has to be one. */
bool reader_text(const struct reader *in, struct json_object *o, const char *key,
		 const char *otherwise, const char **to);
bool reader_array(const struct reader *in, struct json_object *o, const char *key,
		  struct json_object **to);
bool reader_object(const struct reader *in, struct json_object *o, const char *key,
		   struct json_object **to);

/* From 0 to 1e18. */
bool reader_number(const struct reader *in, const char *key, struct json_object *value, double *to);

/* A whole number; null: was not counted. */
bool reader_count(const struct reader *in, const char *key, struct json_object *value, bool *have,
		  uint64_t *to);

#endif /* GVT_TOOLS_REPORT_JSON_H */
