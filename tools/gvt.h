/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gvt.h - what every file of the command shares: its exit statuses, its way to
 * say what went wrong, and its subcommands.
 */
#ifndef GVT_TOOLS_GVT_H
#define GVT_TOOLS_GVT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit statuses. `gvt stat` passes on those of the command that it runs. */
#define EXIT_USAGE	2
#define EXIT_CANNOT_RUN	126
#define EXIT_NOT_FOUND	127

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define NSEC_PER_SEC	1000000000LL

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV, FORMAT_OPENMETRICS };

/**
 * struct options - what `gvt run` was asked for
 * @format: how to print
 * @quick: smaller numbers and shorter measurements
 * @pin: bind each measuring process to one CPU
 * @vm: in the lab virtual machine, not here
 * @procs: Ps of the goroutine side; 0: libgo's own default
 * @n: how many, in place of what an experiment chooses; 0: let it choose
 * @svg: draw the timelines into this file; NULL: don't
 * @peers: languages that do the same: a bit for each enum language
 */
struct options {
	enum format format;
	bool quick;
	bool pin;
	bool vm;
	int procs;
	uint64_t n;
	const char *svg;
	unsigned int peers;
};

/* "gvt: WHAT: WHY" to stderr */
void complain(const char *what, const char *why, ...) __attribute__((format(printf, 2, 3)));

/**
 * parse_number() - read a whole number in a range, or say what is wrong with it
 * @what: the option, for the message
 * @text: what was typed
 * @min: the least that is allowed
 * @max: the most
 * @out: where to put it
 *
 * Return: true; false after a message on stderr.
 */
bool parse_number(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* The same for a number of seconds, which may have a fraction. */
bool parse_seconds(const char *what, const char *text, double min, double max, double *out);

/**
 * parse_pids() - read a list of process numbers, with commas between them
 * @what: the option, for the message
 * @text: what was typed
 * @pids: where to put them, each once; to be freed
 * @nr: how many
 *
 * Return: true; false after a message on stderr.
 */
bool parse_pids(const char *what, const char *text, pid_t **pids, size_t *nr);

/**
 * option_word() - the option that getopt_long() complains of, as it was typed
 * @c: what it returned: '?' or ':'
 * @argv: what it was given
 *
 * Of several letters in one word it is the one.
 */
const char *option_word(int c, char **argv);

/* How many bytes the character at @text has, in UTF-8; 0: there is none, or that is no UTF-8. */
size_t utf8_length(const char *text);

/*
 * flush_stdout() - write out what is buffered; a full disk or a closed pipe must
 * not look like success. Return: true; false after a message.
 */
bool flush_stdout(void);

int64_t now_ns(void);

/**
 * read_file() - a whole file; of /proc in one open, which is one snapshot
 * @path: the file
 *
 * Return: its text, to be freed; NULL with errno set.
 */
char *read_file(const char *path);

/* Where files go that nobody asked for: TMPDIR, or /tmp. */
const char *temporary_folder(void);

/* A file in that folder that has no name, and is gone when it is closed, or a negative errno. */
int temporary_file(const char *folder);

/* The first program of that name in PATH, to be freed; NULL: there is none. */
char *find_program(const char *name);

/* The subcommands: argv[0] is the subcommand's name. Return: an exit status. */
int cmd_list(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_complete(int argc, char **argv);
int cmd_report(int argc, char **argv);

/* The text of `gvt help NAME`, to stdout. Return: false where there is no such command. */
bool print_help(const char *name);

#endif /* GVT_TOOLS_GVT_H */
