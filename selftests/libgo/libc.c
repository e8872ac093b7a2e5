// SPDX-License-Identifier: GPL-2.0-only
/*
 * libc.c - what libc does deep down has room on a default stack, in many goroutines at
 * once and on several threads.
 */
#include "test.h"
#include <alloca.h>
#include <dlfcn.h>
#include <netdb.h>
#include <regex.h>
#include <arpa/inet.h>

static struct go_waitgroup wg;

static void run_all(void (*fn)(void *), int n)
{
	go_wg_add(&wg, n);
	start_n(n, fn);
	go_wg_wait(&wg);
}

static void prints_floats(void *arg)
{
	char text[512];

	/* Hundreds of digits: the widest that printf has to work with. */
	CHECK_EQ(309 + 7, snprintf(text, sizeof(text), "%f", 1.7976931348623157e308));
	CHECK(!strncmp(text, "179769313486231570814", 21));
	go_yield();
	snprintf(text, sizeof(text), "%.17g %a %.10Lf %'d %s", 0.1, 1.5, 2.25L, 1234567, "end");
	CHECK(!strncmp(text, "0.10000000000000001 0x1.8p+0 2.2500000000", 41));
	CHECK(strtod("1.7976931348623157e308", NULL) == 1.7976931348623157e308);
	go_wg_done(&wg);
}

static void floats(void *arg)
{
	run_all(prints_floats, 100);
}

static void looks_up(const char *name, const char *address)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char text[INET_ADDRSTRLEN];
	int err = getaddrinfo(name, "80", &hints, &found);

	if (err)
		dprintf(2, "# %s: %s\n", name, gai_strerror(err));
	CHECK_EQ(0, err);
	CHECK(inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, text,
			sizeof(text)));
	CHECK(!strcmp(text, address));
	freeaddrinfo(found);
}

static void looks_up_number(void *arg)
{
	looks_up("127.0.0.2", "127.0.0.2");
	go_yield();
	looks_up("10.20.30.40", "10.20.30.40");
	go_wg_done(&wg);
}

static void looks_up_localhost(void *arg)
{
	looks_up("localhost", "127.0.0.1");
	go_yield();
	looks_up("localhost", "127.0.0.1");
	go_wg_done(&wg);
}

static void numbers(void *arg)
{
	run_all(looks_up_number, 50);
}

static void localhost(void *arg)
{
	run_all(looks_up_localhost, 20);
}

/* Is there a line for @name in /etc/hosts? Else the answer is a network's, or nobody's. */
static bool in_hosts(const char *name)
{
	FILE *f = fopen("/etc/hosts", "r");
	char line[512], *at, *word;
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "127.0.0.1", 9))
			continue;
		for (at = line; (word = strsep(&at, " \t\n"));)
			found |= !strcmp(word, name);
	}
	if (f)
		fclose(f);
	return found;
}

#define NUMBERS 5000

static int compare(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static void sorts(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	int v[NUMBERS], i;

	for (i = 0; i < NUMBERS; i++)
		v[i] = (int)random_next(&seed);
	go_yield();
	qsort(v, NUMBERS, sizeof(v[0]), compare);
	for (i = 1; i < NUMBERS; i++)
		CHECK(v[i - 1] <= v[i]);
	go_wg_done(&wg);
}

static void sorted(void *arg)
{
	run_all(sorts, 50);
}

static void allocates(void *arg)
{
	size_t n = 200 * 1024, i;
	unsigned char me = (intptr_t)arg + 1, *p = alloca(n);

	for (i = 0; i < n; i += 64)
		p[i] = me;
	__asm__ volatile("" : : "r"(p) : "memory");
	go_yield();
	for (i = 0; i < n; i += 64)
		CHECK_EQ(me, p[i]);
	go_wg_done(&wg);
}

static void allocated(void *arg)
{
	run_all(allocates, 50);
}

static void tells_time(void *arg)
{
	time_t t = 1000000000 + (intptr_t)arg;
	struct tm tm;
	char text[64];

	CHECK(localtime_r(&t, &tm));
	go_yield();
	CHECK(strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z %A %c", &tm) > 20);
	CHECK(!strncmp(text, "2001-09-", 8));
	CHECK_EQ(t, mktime(&tm));
	go_wg_done(&wg);
}

static void told_time(void *arg)
{
	run_all(tells_time, 50);
}

static void matches(void *arg)
{
	regmatch_t m[3];
	regex_t re;

	CHECK_EQ(0, regcomp(&re, "^(([a-z]+)[0-9]{1,5})+(x|y|z)*$", REG_EXTENDED));
	go_yield();
	CHECK_EQ(0, regexec(&re, "abc12def345ghi6xyzzy", 3, m, 0));
	CHECK_EQ(0, m[0].rm_so);
	CHECK_EQ(REG_NOMATCH, regexec(&re, "12abc", 3, m, 0));
	regfree(&re);
	go_wg_done(&wg);
}

static void matched(void *arg)
{
	run_all(matches, 50);
}

static void loads(void *arg)
{
	double (*cosine)(double);
	void *lib = dlopen("libm.so.6", RTLD_NOW);

	CHECK(lib);
	go_yield();
	cosine = (double (*)(double))dlsym(lib, "cos");
	CHECK(cosine && cosine(0) == 1);
	dlclose(lib);
	lib = dlopen("libresolv.so.2", RTLD_LAZY);
	CHECK(lib);
	dlclose(lib);
	go_wg_done(&wg);
}

static void loaded(void *arg)
{
	run_all(loads, 20);
}

TEST(printf_floats)
{
	run_on(1, floats, NULL);
	run_on(4, floats, NULL);
}

TEST(getaddrinfo_numeric)
{
	run_on(1, numbers, NULL);
	run_on(4, numbers, NULL);
}

TEST(getaddrinfo_hosts)
{
	if (!in_hosts("localhost"))
		SKIP(return, "/etc/hosts has no localhost at 127.0.0.1");
	run_on(1, localhost, NULL);
	run_on(4, localhost, NULL);
}

TEST(qsort_5000)
{
	run_on(1, sorted, NULL);
	run_on(4, sorted, NULL);
}

TEST(alloca_200_kib)
{
	run_on(1, allocated, NULL);
	run_on(4, allocated, NULL);
}

TEST(strftime_localtime)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	run_on(1, told_time, NULL);
	run_on(4, told_time, NULL);
}

TEST(regcomp_regexec)
{
	run_on(1, matched, NULL);
	run_on(4, matched, NULL);
}

TEST(dlopen_dlclose)
{
	if (TEST_TSAN)
		SKIP(return, "TSan does not see the locks of the dynamic loader");
	run_on(1, loaded, NULL);
	run_on(4, loaded, NULL);
}

TEST_HARNESS_MAIN
