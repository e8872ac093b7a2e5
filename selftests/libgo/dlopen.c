// SPDX-License-Identifier: GPL-2.0-only
/*
 * dlopen.c - libgo as a library that is loaded later. This program is not linked with it.
 * Once loaded it stays: threads, handlers and keys of a run refer to its code.
 */
#include "test.h"
#include <dlfcn.h>

/* In full: a sanitizer's dlopen() doesn't know where this program looks. */
#define LIBGO LIBGO_DIR "/libgvtgo.so.0"

static int (*do_run)(void (*fn)(void *), void *arg);
static int (*do_go)(void (*fn)(void *), void *arg);
static void (*do_yield)(void);
static uint64_t (*do_id)(void);

static void *lookup(void *lib, const char *name)
{
	void *p = dlsym(lib, name);

	CHECK(p);
	return p;
}

static void *load(void)
{
	void *lib = dlopen(LIBGO, RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		dprintf(2, "# %s\n", dlerror());
	CHECK(lib);
	do_run = lookup(lib, "go_run");
	do_go = lookup(lib, "go");
	do_yield = lookup(lib, "go_yield");
	do_id = lookup(lib, "go_id");
	return lib;
}

static int count;

static void counts(void *arg)
{
	CHECK(do_id() > 1);
	do_yield();
	inc(count);
}

static void starts(void *arg)
{
	int i;

	for (i = 0; i < 10; i++)
		CHECK_EQ(0, do_go(counts, NULL));
	while (rd(count) < 10)
		do_yield();
	wr(count, 0);
}

TEST(runs)
{
	load();
	ASSERT_EQ(0, do_run(starts, NULL));
	ASSERT_EQ(0, do_run(starts, NULL));
}

TEST(stays)
{
	int i;

	ASSERT_TRUE(!dlopen(LIBGO, RTLD_NOW | RTLD_NOLOAD));
	for (i = 0; i < 3; i++) {
		void *lib = load();

		ASSERT_EQ(0, do_run(starts, NULL));
		ASSERT_EQ(0, dlclose(lib));
		/* What was looked up is still there. */
		ASSERT_TRUE(!!dlopen(LIBGO, RTLD_NOW | RTLD_NOLOAD));
		ASSERT_EQ(0, do_run(starts, NULL));
	}
}

TEST_HARNESS_MAIN
