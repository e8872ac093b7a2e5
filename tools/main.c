// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the command gvt: finds the subcommand.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "suggest.h"

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
	{ "trace", cmd_trace },
	{ "doctor", cmd_doctor },
	{ "bench", cmd_bench },
	{ "complete", cmd_complete },
	{ "report", cmd_report },
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
	struct suggestion s;

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
	s = (struct suggestion){ .typed = argv[1] };
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		suggestion_try(&s, commands[i].name);
	if (s.best)
		complain(argv[1], "no such command; did you mean `%s`? `gvt help` lists all", s.best);
	else
		complain(argv[1], "no such command; `gvt help` lists them");
	return EXIT_USAGE;
}
