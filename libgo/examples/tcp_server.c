// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tcp_server [PORT] - sends back what it gets: a goroutine for each connection.
 */
#include "example.h"

static int port;

static void serve(void *arg)
{
	int fd = from_arg(arg);
	char buf[2048];
	ssize_t n;

	while ((n = go_read(fd, buf, sizeof(buf))) > 0)
		if (go_write(fd, buf, (size_t)n) != n)
			break;
	go_fd_close(fd);
}

static void run(void *arg)
{
	int listener = must("listen", go_tcp_listen(NULL, port));

	(void)arg;
	printf("listening on port %d\n", port_of(listener));
	fflush(stdout);
	for (;;) {
		int fd = go_accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		/* Out of descriptors, say: some connection will end. */
		if (fd < 0)
			go_sleep(10000000);
		else if (go(serve, as_arg(fd)) < 0)
			go_fd_close(fd);
	}
}

int main(int argc, char **argv)
{
	port = argument(argc, argv, 1, 7000);
	return must("go_run", go_run(run, NULL));
}
