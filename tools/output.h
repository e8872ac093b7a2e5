/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * output.h - results for people and for programs. All three are made from struct result
 * alone, and write to stdout.
 */
#ifndef GVT_TOOLS_OUTPUT_H
#define GVT_TOOLS_OUTPUT_H

#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>

#include "result.h"

/* A table is printed as each experiment ends; JSON is one document at the end. */
void table_host(void);
int table_result(const struct result *r);

/**
 * struct run_stop - what ended a run before its last experiment
 * @experiment: in which; NULL: nothing did
 * @signal: the signal's name; NULL: it was an error
 * @why: the error
 */
struct run_stop {
	const char *experiment, *signal, *why;
};

int json_results(const struct result *results, size_t n, const struct run_stop *stop);

/* One document at the end, as JSON is: a family of samples may not be interrupted. */
int openmetrics_results(const struct result *results, size_t n, const struct run_stop *stop);

void csv_header(void);
void csv_result(const struct result *r);

/* The last row, where something did. */
void csv_stopped(const struct run_stop *stop);

/* ------------------------------------------------- shared by other subcommands */

/* {"kernel", "cpus", "virtual", "governor", "where", "counters", "counters_note"} */
struct json_object *json_host(void);

/* A number with nine significant digits; null for what isn't a number. */
struct json_object *json_number(double value);

/* A text that may have any bytes in it: what is no UTF-8 becomes U+FFFD, as JSON wants it. */
struct json_object *json_text(const char *text);

/* Each counter, in order; null for what wasn't measured. */
struct json_object *json_counters(const struct counters *c);

/* Pretty, to @to, with a newline; frees @o. Return: 0, or a negative errno. */
int json_print(struct json_object *o, FILE *to);

/* Colour only for people who want it: a terminal, no NO_COLOR, no dumb one. */
bool want_colour(FILE *to);

/* A table without lines, at most 100 columns wide, printed to @to. NULL: no memory. */
struct libscols_table *table_new(FILE *to);

/* A counter's value as a text: a count or a time. */
char *text_counter(char text[TEXT_SIZE], enum counter i, uint64_t value);

/* Text, broken between words at 100 columns, following lines indented. */
void print_wrapped(FILE *to, const char *first, const char *indent, const char *text);

#endif /* GVT_TOOLS_OUTPUT_H */
