// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_locale.c - newlocale(), uselocale(), freelocale(): a thread's locale stays its
 * goroutine's as long as that calls nothing of libgo's.
 */
#include "torture.h"
#include <langinfo.h>
#include <locale.h>
#include <wchar.h>

/* Two bytes and three in UTF-8: characters only there. */
static const char text[] = "\xc3\xa9t\xe2\x82\xac";

static void speaks(int me)
{
	const bool utf8 = me % 2;
	size_t i, n = scaled(200);

	for (i = 0; i < n; i++) {
		locale_t l = newlocale(LC_ALL_MASK, utf8 ? "C.UTF-8" : "C", NULL);
		locale_t old, copy;
		char buf[32];
		struct tm tm = { .tm_mon = me % 12, .tm_mday = 1 };

		CHECK(l);
		old = uselocale(l);
		CHECK(old == LC_GLOBAL_LOCALE);
		CHECK_EQ(utf8, !strcmp(nl_langinfo(CODESET), "UTF-8"));
		CHECK_EQ(utf8 ? 3 : -1, (int)mbstowcs(NULL, text, 0));
		CHECK(strftime(buf, sizeof(buf), "%B", &tm) > 0);
		CHECK(!strcmp(buf, nl_langinfo_l(MON_1 + me % 12, l)));
		CHECK(!strcmp(setlocale(LC_ALL, NULL), "C"));
		copy = duplocale(l);
		CHECK(copy);
		CHECK(uselocale(old) == l);
		freelocale(l);
		CHECK_EQ(utf8, !strcmp(nl_langinfo_l(CODESET, copy), "UTF-8"));
		freelocale(copy);
	}
}

static const char *why_not(void)
{
	locale_t l = newlocale(LC_ALL_MASK, "C.UTF-8", NULL);

	if (!l)
		return "this libc has no locale C.UTF-8";
	freelocale(l);
	return UNSEEN_LOCKS;
}

TORTURE(locales, why_not(), speaks)

TEST_HARNESS_MAIN
