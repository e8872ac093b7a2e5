// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the command gvt: finds the subcommand, and what every subcommand needs.
 */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gvt.h"

void complain(const char *what, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	fprintf(stderr, "gvt: %s: ", what);
	vfprintf(stderr, why, ap);
	putc('\n', stderr);
	va_end(ap);
}

bool parse_number(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end) {
		complain(what, "`%s` is not a whole number; give one from %lu to %lu", text, min,
			 max);
		return false;
	}
	if (errno || value < min || value > max) {
		complain(what, "%s is out of range; give a number from %lu to %lu", text, min, max);
		return false;
	}
	*out = value;
	return true;
}

bool flush_stdout(void)
{
	static bool complained;

	if (!fflush(stdout) && !ferror(stdout))
		return true;
	if (!complained)
		complain("standard output", "%s", strerror(errno ? errno : EIO));
	complained = true;
	return false;
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static int cmd_help(int argc, char **argv);

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("gvt " GVT_VERSION);
	return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "list", cmd_list },
	{ "run", cmd_run },
	{ "stat", cmd_stat },
	{ "top", cmd_top },
	{ "doctor", cmd_doctor },
	{ "bench", cmd_bench },
	{ "help", cmd_help },
	{ "--help", cmd_help },
	{ "-h", cmd_help },
	{ "version", cmd_version },
	{ "--version", cmd_version },
};

static int cmd_help(int argc, char **argv)
{
	if (argc > 2) {
		complain(argv[2], "help takes one command, or experiment, at most");
		return EXIT_USAGE;
	}
	if (!print_help(argc == 2 ? argv[1] : "")) {
		complain(argv[1], "no such command or experiment; `gvt help` and `gvt list` list them");
		return EXIT_USAGE;
	}
	return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	/* Characters as the user's terminal has them, numbers as programs read them. */
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		complain("command", "none given; `gvt help` lists them");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	complain(argv[1], "no such command; `gvt help` lists them");
	return EXIT_USAGE;
}
