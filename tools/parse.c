// SPDX-License-Identifier: GPL-2.0-only
/*
 * parse.c - what several subcommands read from their command line.
 */
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
