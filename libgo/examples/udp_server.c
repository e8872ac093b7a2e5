// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * udp_server [PORT] - answers each datagram with the same, after a tenth of a second, and takes
 * the next ones meanwhile.
 */
#include "example.h"

#include <netinet/in.h>

struct datagram {
	struct sockaddr_in6 from;
	socklen_t len;
	size_t size;
	char data[1500];
};

static int fd;

static void answer(void *arg)
{
	struct datagram *d = arg;

	go_sleep(100000000);
	go_sendto(fd, d->data, d->size, 0, (struct sockaddr *)&d->from, d->len);
	free(d);
}

static void run(void *arg)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };

	any.sin6_port = htons((uint16_t)from_arg(arg));
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		must("bind", -errno);
	printf("listening on port %d\n", from_arg(arg));
	fflush(stdout);
	for (;;) {
		struct datagram *d = malloc(sizeof(*d));

		if (!d)
			must("datagram", -ENOMEM);
		d->len = sizeof(d->from);
		d->size = (size_t)must("receive", go_recvfrom(fd, d->data, sizeof(d->data), 0,
							      (struct sockaddr *)&d->from,
							      &d->len));
		must("go", go(answer, d));
	}
}

int main(int argc, char **argv)
{
	return must("go_run", go_run(run, as_arg(argument(argc, argv, 1, 7001))));
}
