// SPDX-License-Identifier: GPL-2.0-only
/*
 * go.c - finds the program that does Go's side. `make bench` builds it from tools/peers/go-bench,
 * beside gvt; GVT_PEERS names another folder.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "interrupt.h"

static bool own_folder(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);

	if (len < 0)
		return false;
	path[len] = '\0';
	dirname(path);
	return true;
}

bool bench_find_go(struct bench *b)
{
	char version[] = "version", folder[sizeof(b->go_program) - 32];
	char *const argv[] = { b->go_program, version, NULL };
	const char *peers = getenv("GVT_PEERS");

	if (peers && *peers)
		snprintf(b->go_program, sizeof(b->go_program), "%s/bench-go", peers);
	else if (own_folder(folder, sizeof(folder)))
		snprintf(b->go_program, sizeof(b->go_program), "%s/peers/bench-go", folder);
	if (access(b->go_program, X_OK)) {
		complain("bench",
			 "no Go here, %s is not there: its column stays empty, the rest runs; install "
			 "Go (package golang-go: scripts/setup --bench), then `make bench`",
			 b->go_program);
	} else if (bench_child(argv, b->go_version, sizeof(b->go_version))) {
		if (!interrupted())
			complain(b->go_program, "%s; its column stays empty", b->go_version);
	} else {
		return true;
	}
	b->go_program[0] = '\0';
	return false;
}
