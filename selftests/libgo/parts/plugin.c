// SPDX-License-Identifier: GPL-2.0-only
/* plugin.c - a library that is loaded and unloaded while goroutines run: dl.c, torture_dl.c. */
#include <libgo.h>

struct plugin_job {
	struct go_chan *in, *out;
};

int plugin_add(int a, int b);
void plugin_goroutine(void *arg);

int plugin_add(int a, int b)
{
	return a + b;
}

/* Waits, with this library's code on its stack. */
void plugin_goroutine(void *arg)
{
	struct plugin_job *j = arg;
	int v;

	while (go_recv(j->in, &v)) {
		v = plugin_add(v, 1);
		go_send(j->out, &v);
	}
}
