// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer_table.c - which experiments have no meaning in a language, and why.
 */
#include <stdio.h>
#include <string.h>

#include "peer.h"

#define ALL(text)	{ text, text, text, text }

/**
 * struct senseless - an experiment that some languages have no program for
 * @experiment: its name
 * @why: by language; NULL: there is a program
 */
static const struct senseless {
	const char *experiment;
	const char *why[LANGUAGES];
} table[] = {
	{ "stack", ALL("only libgo tells how much of a stack is there") },
	{ "mn", ALL("no program: its kernel threads are counted in every experiment") },
	{ "steal", ALL("only libgo tells who took whose work") },
	{ "crawl", ALL("no program: `server` and `jobs` show what it would") },
	{ "order", { [LANG_NODE] = "its queue of callbacks has one order, the language says so" } },
	{ "channel", { [LANG_NODE] = "no channels: one thread needs none" } },
	{ "race", { [LANG_NODE] = "its threads share no variables" } },
	{ "leak", { [LANG_NODE] = "a promise that nobody can resolve is garbage, and collected" } },
	{ "preempt", { [LANG_NODE] = "nothing preempts a callback: see `eventloop`" } },
	{ "block", { [LANG_NODE] = "whoever blocks the one thread blocks all: see `eventloop`" } },
	{ "parallel", { [LANG_JAVA] = "it can't bind itself to one CPU" } },
};

const char *peer_senseless(const char *experiment, enum language language)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!strcmp(table[i].experiment, experiment))
			return table[i].why[language];
	}
	return NULL;
}

void peer_print_help(const char *experiment)
{
	bool all = true;

	printf("\n--peers:");
	for (int i = 0; i < LANGUAGES; i++) {
		if (peer_senseless(experiment, i))
			all = false;
		else
			printf(" %s", language_name[i]);
	}
	printf("\n");
	for (int i = 0; !all && i < LANGUAGES; i++) {
		const char *why = peer_senseless(experiment, i);

		if (why)
			printf("  not %s: %s\n", language_name[i], why);
	}
}
