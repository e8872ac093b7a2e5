// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the command gvt: finds the subcommand.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gvt.h"
#include "suggest.h"

static int cmd_help(int argc, char **argv);

static int cmd_version(int argc, char **argv)
{
	if (argc > 1) {
		complain(argv[1], "%s takes no arguments", argv[0]);
		return EXIT_USAGE;
	}
	puts("gvt " GVT_VERSION);
	return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}

/**
 * struct command - a subcommand
 * @name: what is typed
 * @run: does it
 * @reads_proc: what it shows comes from /proc
 */
static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	bool reads_proc;
} commands[] = {
	{ "list", cmd_list, false },
	{ "run", cmd_run, true },
	{ "stat", cmd_stat, true },
	{ "top", cmd_top, true },
	{ "trace", cmd_trace, true },
	{ "doctor", cmd_doctor, true },
	{ "bench", cmd_bench, true },
	{ "complete", cmd_complete, false },
	{ "report", cmd_report, false },
	{ "help", cmd_help, false },
	{ "--help", cmd_help, false },
	{ "-h", cmd_help, false },
	{ "version", cmd_version, false },
	{ "--version", cmd_version, false },
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

static bool is_help(const char *word)
{
	return !strcmp(word, "-h") || !strcmp(word, "--help");
}

/*
 * Where one of the three is closed, what is opened next would take its number, and what is
 * meant for the one would be written to the other. Now it is there, and can't be used.
 */
static void keep_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			exit(EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	struct suggestion s;

	keep_standard_fds();
	/* Characters as the user's terminal has them, numbers as programs read them. */
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		complain("command", "none given; `gvt help` lists them");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		/* Of each that has a help, also where it takes no other option. */
		if (argc == 3 && is_help(argv[2]) && print_help(argv[1]))
			return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
		if (commands[i].reads_proc && access("/proc/self/stat", R_OK)) {
			complain("/proc", "is not mounted; what the kernel counts is read there: "
					  "mount -t proc none /proc");
			return EXIT_FAILURE;
		}
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
