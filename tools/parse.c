// SPDX-License-Identifier: GPL-2.0-only
/*
 * parse.c - what several subcommands read from their command line.
 */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"

bool parse_seconds(const char *what, const char *text, double min, double max, double *out)
{
	char *end = NULL;
	double value = 0;

	/* No sign, no hexadecimal digits, no "inf". */
	if (text[strspn(text, "0123456789.")] == '\0')
		value = strtod(text, &end);
	if (!end || end == text || *end) {
		complain(what, "`%s` is not a number of seconds; give one from %.10g to %.10g", text, min,
			 max);
		return false;
	}
	if (value < min || value > max) {
		complain(what, "%s is out of range; give a number of seconds from %.10g to %.10g", text,
			 min, max);
		return false;
	}
	*out = value;
	return true;
}

static bool contains(const pid_t *pids, size_t nr, pid_t pid)
{
	for (size_t i = 0; i < nr; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

bool parse_pids(const char *what, const char *text, pid_t **pids, size_t *nr)
{
	char *copy = strdup(text), *rest = copy, *word;
	uint64_t pid;

	/* As many as there are commas, and one. */
	*nr = 0;
	*pids = calloc(strlen(text) + 1, sizeof(**pids));
	if (!copy || !*pids) {
		complain(what, "no memory for the list");
		goto err;
	}
	while ((word = strsep(&rest, ","))) {
		if (!parse_number(what, word, 1, INT_MAX, &pid))
			goto err;
		if (!contains(*pids, *nr, pid))
			(*pids)[(*nr)++] = pid;
	}
	free(copy);
	return true;

err:
	free(copy);
	free(*pids);
	*pids = NULL;
	*nr = 0;
	return false;
}

const char *option_word(int c, char **argv)
{
	static char letter[3] = "-";
	const char *word = argv[optind - 1];

	/* A value that is missing was to come after the last word; --json=1 is one word. */
	if (c == ':' || optopt <= ' ' || optopt >= 127 || (!strncmp(word, "--", 2) && strchr(word, '=')))
		return word;
	letter[1] = optopt;
	return letter;
}

size_t utf8_length(const char *text)
{
	/* By the number of leading ones: what the first byte has of it, and the least that needs it. */
	static const struct {
		unsigned char first, mask;
		uint32_t least;
	} forms[] = { { 0x00, 0x80, 1 }, { 0xc0, 0xe0, 0x80 }, { 0xe0, 0xf0, 0x800 }, { 0xf0, 0xf8, 0x10000 } };
	const unsigned char *at = (const unsigned char *)text;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		uint32_t value = *at & ~forms[i].mask;

		if ((*at & forms[i].mask) != forms[i].first)
			continue;
		for (size_t k = 1; k <= i; k++) {
			if ((at[k] & 0xc0) != 0x80)
				return 0;
			value = value << 6 | (at[k] & 0x3f);
		}
		/* Written too long, half of a pair of UTF-16, or beyond all characters. */
		if (value < forms[i].least || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
			return 0;
		return i + 1;
	}
	return 0;
}
