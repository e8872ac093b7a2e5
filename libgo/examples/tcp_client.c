// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tcp_client [HOST [PORT]] - sends its standard input, prints what comes back. Two goroutines:
 * neither waits for the other.
 */
#include "example.h"

#include <unistd.h>

static const char *host;
static int port, fd;

static void sends(void *arg)
{
	char buf[4096];
	ssize_t n;

	(void)arg;
	while ((n = go_read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		must("send", go_write(fd, buf, (size_t)n));
	must("standard input", n);
	/* That was all; the answers still come. */
	shutdown(fd, SHUT_WR);
}

static void run(void *arg)
{
	char buf[4096];
	ssize_t n;

	(void)arg;
	fd = must(host, go_tcp_dial(host, port));
	must("go", go(sends, NULL));
	while ((n = go_read(fd, buf, sizeof(buf))) > 0)
		must("standard output", go_write(STDOUT_FILENO, buf, (size_t)n));
	must("receive", n);
	go_fd_close(fd);
}

int main(int argc, char **argv)
{
	host = argc > 1 ? argv[1] : "localhost";
	port = argument(argc, argv, 2, 7000);
	return must("go_run", go_run(run, NULL));
}
