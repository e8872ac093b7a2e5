// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * udp_client [PORT [COUNT]] - sends COUNT datagrams to udp_server on this machine, at once, and waits
 * a second at most for each answer. Datagrams may be lost.
 */
#include "example.h"

#include <netinet/in.h>

static int port;

static void run(void *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int count = from_arg(arg), fd, got = 0;
	char text[64];
	ssize_t n;

	to.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		must("socket", -errno);
	must("connect", go_connect(fd, (struct sockaddr *)&to, sizeof(to)));
	for (int i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "datagram %d", i);
		must("send", go_write(fd, text, strlen(text)));
	}
	while (got < count) {
		go_fd_deadline(fd, go_now() + 1000000000);
		n = go_read(fd, text, sizeof(text) - 1);
		if (n < 0)
			break;
		text[n] = '\0';
		printf("%s\n", text);
		got++;
	}
	printf("%d of %d came back\n", got, count);
	go_fd_close(fd);
}

int main(int argc, char **argv)
{
	port = argument(argc, argv, 1, 7001);
	return must("go_run", go_run(run, as_arg(argument(argc, argv, 2, 5))));
}
