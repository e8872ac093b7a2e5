// SPDX-License-Identifier: GPL-2.0-only
/*
 * dl.c - a library whose functions goroutines run is loaded, and unloaded when none of
 * them is in it any more.
 */
#include "test.h"
#include <dlfcn.h>

static struct go_waitgroup wg;

struct plugin_job {
	struct go_chan *in, *out;
	void (*fn)(void *);
};

/*
 * The goroutine's own function is the program's: when this one says that it is done, the
 * goroutine is out of the library.
 */
static void calls(void *arg)
{
	struct plugin_job *j = arg;

	j->fn(j);
	go_wg_done(&wg);
}

static void loads(void *arg)
{
	int i, k, v, n = scaled(50);

	for (i = 0; i < n; i++) {
		void *lib = dlopen("./plugin.so", RTLD_NOW | RTLD_LOCAL);
		struct plugin_job j = {
			.in = make_chan(sizeof(int), 0),
			.out = make_chan(sizeof(int), 0),
		};

		if (!lib)
			dprintf(2, "# %s\n", dlerror());
		CHECK(lib);
		j.fn = (void (*)(void *))dlsym(lib, "plugin_goroutine");
		CHECK(j.fn);
		go_wg_add(&wg, 4);
		for (k = 0; k < 4; k++)
			start(calls, &j);
		for (k = 0; k < 20; k++) {
			go_send(j.in, &k);
			CHECK(go_recv(j.out, &v));
			CHECK_EQ(k + 1, v);
		}
		go_close(j.in);
		go_wg_wait(&wg);
		CHECK_EQ(0, dlclose(lib));
		/* It is really gone. */
		CHECK(!dlopen("./plugin.so", RTLD_NOW | RTLD_NOLOAD));
		go_chan_free(j.in);
		go_chan_free(j.out);
	}
}

TEST(a_library_with_goroutines_code)
{
	run_on(1, loads, NULL);
	run_on(4, loads, NULL);
}

TEST_HARNESS_MAIN
