// SPDX-License-Identifier: GPL-2.0-only
/*
 * where.c - finds scripts/vm, which boots the lab machine, loads the module and runs a
 * command there.
 *
 * The guest reads the files of this machine, so it runs this very program with the same
 * arguments; that it is there it sees by GVT_VM, which scripts/vm sets to how the machine
 * runs. Outside, GVT_VM may name the script: a path has a slash, those words have none.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gvt.h"
#include "where.h"

/* All experiments in an emulated machine, and then some: seconds. */
#define VM_TIMEOUT	"7200"

/* As scripts/vm says it: the machine failed, not the command. */
#define EXIT_VM		125

const char *where_am_i(void)
{
	const char *vm = getenv("GVT_VM");

	return vm && *vm && !strchr(vm, '/') ? "vm" : "here";
}

/* In a checkout: scripts/vm, and build/ with this program in it. */
static bool beside(const char *self, char *script, size_t size)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", self);
	if (snprintf(script, size, "%s/../scripts/vm", dirname(dir)) >= (int)size ||
	    access(script, X_OK))
		return false;
	/* The same build folder, whatever it is called. */
	snprintf(dir, sizeof(dir), "%s", self);
	setenv("O", dirname(dir), 1);
	return true;
}

int where_vm(char **argv)
{
	static char timeout[] = VM_TIMEOUT, t[] = "-t", dashes[] = "--";
	static char pass_signals[] = "--pass-signals";
	const char *named = getenv("GVT_VM");
	char self[PATH_MAX], script[PATH_MAX + 32];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char **args;
	size_t n = 0;

	self[len > 0 ? len : 0] = '\0';
	if (named && strchr(named, '/')) {
		if (access(named, X_OK)) {
			complain("GVT_VM", "%s: %s; it names the scripts/vm of a checkout", named,
				 strerror(errno));
			return EXIT_VM;
		}
		snprintf(script, sizeof(script), "%s", named);
	} else if (!beside(self, script, sizeof(script))) {
		complain("--where vm",
			 "no lab machine is beside %s; run build/gvt of a checkout, or let GVT_VM "
			 "name its scripts/vm",
			 self);
		return EXIT_VM;
	}
	while (argv[n])
		n++;
	args = calloc(n + 7, sizeof(*args));
	if (!args) {
		complain("--where vm", "%s", strerror(ENOMEM));
		return EXIT_FAILURE;
	}
	args[0] = script;
	args[1] = t;
	args[2] = timeout;
	args[3] = pass_signals;
	args[4] = dashes;
	args[5] = self;
	memcpy(args + 6, argv, n * sizeof(*args));
	fflush(NULL);
	execv(script, args);
	complain(script, "%s", strerror(errno));
	free(args);
	return EXIT_VM;
}
