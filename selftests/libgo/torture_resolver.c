// SPDX-License-Identifier: GPL-2.0-only
/* torture_resolver.c - getaddrinfo() and the databases of users: locks, files, loading. */
#include "torture.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <pwd.h>

static bool local_known;

static void check_numeric(int me)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *a = NULL;
	char host[32], service[16], want[32], port[16];

	snprintf(want, sizeof(want), "10.1.2.%d", me);
	snprintf(port, sizeof(port), "%d", 1000 + me);
	CHECK_EQ(0, getaddrinfo(want, port, &hints, &a));
	CHECK_EQ(0, getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), service,
				sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV));
	CHECK(!strcmp(want, host) && !strcmp(port, service));
	freeaddrinfo(a);
}

static int resolve_local(void)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *a = NULL;
	const struct sockaddr_in *sin;
	int err = getaddrinfo("localhost", NULL, &hints, &a);

	if (err)
		return err;
	sin = (const void *)a->ai_addr;
	CHECK_EQ(127, ntohl(sin->sin_addr.s_addr) >> 24);
	freeaddrinfo(a);
	return 0;
}

static void resolves(int me)
{
	size_t i, n = scaled(100);
	struct passwd pw, *found;
	char buf[4096];

	for (i = 0; i < n; i++) {
		check_numeric(me);
		if (local_known)
			CHECK_EQ(0, resolve_local());
		/* Nobody has to be there: asking must work. */
		CHECK_EQ(0, getpwuid_r(0, &pw, buf, sizeof(buf), &found));
		CHECK(!found || found->pw_uid == 0);
	}
}

static const char *ask_once(void)
{
	local_known = !resolve_local();
	if (!local_known)
		dprintf(2, "# localhost is not known here: only numbers are looked up\n");
	return NULL;
}

TORTURE(resolver, ask_once(), resolves)

TEST_HARNESS_MAIN
