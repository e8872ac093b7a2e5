// SPDX-License-Identifier: GPL-2.0-only
/* torture_dl.c - the dynamic loader: dlopen(), dlsym(), a call, dladdr(), dlclose(). */
#include "torture.h"
#include <dlfcn.h>
#include <link.h>

static int count_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	++*(int *)arg;
	return 0;
}

static void loads(int me)
{
	size_t i, n = scaled(100);

	for (i = 0; i < n; i++) {
		void *lib = dlopen("./plugin.so", i % 2 ? RTLD_NOW : RTLD_LAZY);
		int (*add)(int a, int b), objects = 0;
		Dl_info info;

		if (!lib)
			dprintf(2, "# %s\n", dlerror());
		CHECK(lib);
		add = (int (*)(int, int))dlsym(lib, "plugin_add");
		CHECK(add);
		CHECK_EQ(me + (int)i, add(me, i));
		CHECK(!dlsym(lib, "no such symbol"));
		CHECK(dlerror());
		CHECK(dladdr((void *)add, &info));
		CHECK(!strcmp(info.dli_sname, "plugin_add"));
		dl_iterate_phdr(count_object, &objects);
		CHECK(objects > 2);
		CHECK_EQ(0, dlclose(lib));
	}
}

TORTURE(loader, UNSEEN_LOCKS, loads)

TEST_HARNESS_MAIN
