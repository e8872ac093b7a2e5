// SPDX-License-Identifier: GPL-2.0-only
/*
 * complete.c - `gvt complete -- WORD...`: what the last word may become, a line each. The
 * shells' completions ask this.
 *
 * All of it is read from the texts of `gvt help`, so an option is written down once: commands
 * are the lines "  gvt NAME", options those that begin with blanks and a dash, an option has an
 * argument where a word follows it, and "here|vm" are an argument's values. What else a
 * command takes is in the first line of its help: NAME, COMMAND, or files.
 *
 * Two lines are no words: ":files", and ":command N": from word N on it is another command.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "experiment.h"
#include "gvt.h"

/**
 * struct completing - what is to be completed
 * @help: of the command
 * @words: after the command; the last one is to be completed
 * @nr: how many
 */
struct completing {
	const char *help;
	char **words;
	int nr;
};

/* The text of `gvt help NAME`, to be freed; NULL where there is none. */
static char *help_text(const char *name)
{
	FILE *out = stdout;
	char *text = NULL;
	size_t size = 0;
	bool is;

	stdout = open_memstream(&text, &size);
	if (!stdout) {
		stdout = out;
		return NULL;
	}
	is = print_help(name);
	fclose(stdout);
	stdout = out;
	if (is)
		return text;
	free(text);
	return NULL;
}

/* The next line that begins with @start, from @at on; NULL after the last one. */
static const char *next_line(const char *at, const char *start)
{
	size_t len = strlen(start);

	while (at && *at) {
		if (!strncmp(at, start, len))
			return at;
		at = strchr(at, '\n');
		at += at != NULL;
	}
	return NULL;
}

static const char *line_after(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : NULL;
}

/* The next option, from @at on: at the dash after two blanks or more, with which its line begins. */
static const char *next_option(const char *at)
{
	while ((at = next_line(at, "  "))) {
		const char *dash = at + strspn(at, " ");

		if (*dash == '-')
			return dash;
		at = line_after(at);
	}
	return NULL;
}

static void commands(void)
{
	char *help = help_text("");
	const char *line = help;

	while ((line = next_line(line, "  gvt "))) {
		int len = strspn(line + 6, "abcdefghijklmnopqrstuvwxyz");

		if (len)
			printf("%.*s\n", len, line + 6);
		line = line_after(line);
	}
	puts("--version");
	free(help);
}

/*
 * An option: "-o, --output F   what it does". Its names and its argument end where
 * two blanks are. Return: whether @name is one of the names; *arg is the argument, or "".
 */
static bool option_line(const char *line, const char *name, char *arg, size_t size)
{
	const char *end = strstr(line, "  ");
	bool is = false;

	*arg = '\0';
	while (end && line < end) {
		size_t len = strcspn(line, ", ");

		if (*line != '-') {
			snprintf(arg, size, "%.*s", (int)(end - line), line);
			break;
		}
		is |= strlen(name) == len && !strncmp(line, name, len);
		line += len;
		line += strspn(line, ", ") < (size_t)(end - line) ? strspn(line, ", ") :
								    (size_t)(end - line);
	}
	return is;
}

/* Return: whether the command has this option, and that has an argument. */
static bool has_argument(const struct completing *c, const char *name, char *arg, size_t size)
{
	const char *line = c->help;

	while ((line = next_option(line))) {
		if (option_line(line, name, arg, size))
			return *arg;
		line = line_after(line);
	}
	return false;
}

/* Those that the first line names, as "[--json]". */
static void usage_options(const struct completing *c)
{
	const char *end = strstr(c->help, " - "), *at = c->help;

	while ((at = strstr(at, "[-")) && end && at < end) {
		int len = strcspn(++at, " ]");

		if (len > 1 && strncmp(at, "--]", 3))
			printf("%.*s\n", len, at);
	}
}

static void options(const struct completing *c)
{
	const char *line = c->help;

	usage_options(c);
	while ((line = next_option(line))) {
		const char *end = strstr(line, "  ");

		while (end && line < end && *line == '-') {
			int len = strcspn(line, ", \n");

			printf("%.*s\n", len, line);
			line += len;
			line += strspn(line, ", ");
		}
		line = line_after(line);
	}
}

/* An option's argument: values, files, or what only the user knows. */
static void values(const char *arg, const char *before)
{
	char text[256], *save = NULL;

	snprintf(text, sizeof(text), "%s", arg);
	if (!strchr(text, '|')) {
		if (!strcmp(text, "F") || strstr(text, "FILE") || strstr(text, "DIR"))
			puts(":files");
		return;
	}
	for (char *value = strtok_r(text, "|", &save); value; value = strtok_r(NULL, "|", &save))
		printf("%s%s\n", before, value);
}

/* The first word that is neither an option nor an option's argument; @nr: there is none. */
static int first_operand(const struct completing *c)
{
	char arg[64];

	for (int i = 0; i < c->nr - 1; i++) {
		if (!strcmp(c->words[i], "--"))
			return i + 1;
		if (c->words[i][0] != '-')
			return i;
		if (has_argument(c, c->words[i], arg, sizeof(arg)))
			/* bash takes "--where=vm" for three words */
			i += 1 + !strcmp(c->words[i + 1], "=");
	}
	return c->nr;
}

static void names(const char *command)
{
	bool help = !strcmp(command, "help");

	if (!strcmp(command, "bench")) {
		for (size_t i = 0; i < nr_workloads; i++)
			puts(workloads[i].name);
	} else {
		for (int i = 0; experiments[i]; i++)
			puts(experiments[i]->name);
	}
	if (help)
		commands();
	else
		puts("all");
}

static void operands(const struct completing *c, const char *command)
{
	const char *end = strstr(c->help, " - ");
	int len = end ? end - c->help : 0, first = first_operand(c);
	char usage[256];

	snprintf(usage, sizeof(usage), "%.*s", len, c->help);
	if (strstr(usage, "NAME"))
		names(command);
	else if (strstr(usage, "COMMAND"))
		printf(":command %d\n", (first < c->nr ? first : c->nr - 1) + 1);
	else if (strstr(usage, ".json") || strstr(usage, "FILE"))
		puts(":files");
}

static void complete(const struct completing *c, const char *command)
{
	const char *word = c->words[c->nr - 1], *last = c->nr > 1 ? c->words[c->nr - 2] : "";
	const char *end = strchr(word, '=');
	char arg[64], name[64];

	if (!strcmp(word, "="))
		word = "";
	else if (!strcmp(last, "=") && c->nr > 2)
		last = c->words[c->nr - 3];
	if (first_operand(c) < c->nr && !strstr(c->help, "NAME...")) {
		operands(c, command);
	} else if (has_argument(c, last, arg, sizeof(arg))) {
		values(arg, "");
	} else if (*word == '-' && end) {
		snprintf(name, sizeof(name), "%.*s", (int)(end - word), word);
		if (has_argument(c, name, arg, sizeof(arg))) {
			snprintf(name, sizeof(name), "%.*s", (int)(end - word) + 1, word);
			values(arg, name);
		}
	} else if (*word == '-') {
		options(c);
	} else {
		operands(c, command);
	}
}

int cmd_complete(int argc, char **argv)
{
	struct completing c = { .words = argv + 3, .nr = argc - 3 };
	char *help;

	if (argc < 3 || strcmp(argv[1], "--")) {
		complain("complete", "is for the completions of shells: gvt complete -- WORD...");
		return EXIT_USAGE;
	}
	if (argc == 3) {
		commands();
	} else {
		help = help_text(argv[2]);
		c.help = help;
		/* An experiment has a help, too, but is no command. */
		if (help && !experiment_find(argv[2]))
			complete(&c, argv[2]);
		free(help);
	}
	return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}
