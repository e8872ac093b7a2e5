// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * unix_client [PATH [LINES [CLIENTS]]] - CLIENTS goroutines send LINES lines each to unix_server, and
 * print the last number that each of them got.
 */
#include "example.h"

static const char *path;
static int lines;
static struct go_waitgroup done;

static void client(void *arg)
{
	int fd = must(path, go_unix_dial(path));
	char buf[64] = "";
	ssize_t n = 0;

	for (int i = 0; i < lines; i++) {
		must("send", go_write(fd, "line\n", 5));
		/* An answer is short, and comes as one piece. */
		n = must("receive", go_read(fd, buf, sizeof(buf) - 1));
		buf[n] = '\0';
	}
	printf("client %d: %s", from_arg(arg), n ? buf : "no answer\n");
	go_fd_close(fd);
	go_wg_done(&done);
}

static void run(void *arg)
{
	int clients = from_arg(arg);

	go_wg_add(&done, clients);
	for (int i = 0; i < clients; i++)
		must("go", go(client, as_arg(i)));
	go_wg_wait(&done);
}

int main(int argc, char **argv)
{
	path = argc > 1 ? argv[1] : "/tmp/libgo-example.socket";
	lines = argument(argc, argv, 2, 10);
	return must("go_run", go_run(run, as_arg(argument(argc, argv, 3, 3))));
}
