// SPDX-License-Identifier: GPL-2.0-only
/*
 * openmetrics.c - the text format: heads of families, samples, labels.
 */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "openmetrics.h"

/* What is no UTF-8 becomes U+FFFD: a document may have nothing else. */
static void escaped(FILE *to, const char *text)
{
	for (size_t len; *text; text += len ? len : 1) {
		len = utf8_length(text);
		if (*text == '\\' || *text == '"')
			putc('\\', to);
		if (*text == '\n')
			fputs("\\n", to);
		else if (len)
			fwrite(text, 1, len, to);
		else
			fputs("\xef\xbf\xbd", to);
	}
}

static void head(FILE *to, struct om_family *f)
{
	if (f->begun)
		return;
	f->begun = true;
	fprintf(to, "# TYPE %s gauge\n", f->name);
	if (*f->unit)
		fprintf(to, "# UNIT %s %s\n", f->name, f->unit);
	fprintf(to, "# HELP %s ", f->name);
	escaped(to, f->help);
	putc('\n', to);
}

void om_sample(FILE *to, struct om_family *f, double value, ...)
{
	const char *label;
	char before = '{';
	va_list ap;

	if (!isfinite(value))
		return;
	head(to, f);
	fputs(f->name, to);
	va_start(ap, value);
	while ((label = va_arg(ap, const char *))) {
		fprintf(to, "%c%s=\"", before, label);
		escaped(to, va_arg(ap, const char *));
		putc('"', to);
		before = ',';
	}
	va_end(ap);
	/* Counts are exact up to 2^53. */
	fprintf(to, "%s %.15g\n", before == ',' ? "}" : "", value);
}

void om_name(char *name, size_t size, const char *prefix, const char *of)
{
	size_t len = strlen(of);

	if (len > 3 && !strcmp(of + len - 3, "_ns"))
		snprintf(name, size, "%s%.*s_seconds", prefix, (int)len - 3, of);
	else
		snprintf(name, size, "%s%s", prefix, of);
}

void om_counters(FILE *to, const char *prefix, const struct counters *const *counts,
		 const struct om_labels *values, const struct om_labels *names, size_t n)
{
	for (int i = 0; i < CTR_NR; i++) {
		bool time = counter_is(i, COUNTER_TIME);
		const char *label = counters_label(i);
		char name[96], help[128];
		struct om_family f = { name, time ? "seconds" : "", help, false };

		om_name(name, sizeof(name), prefix, counter_info[i].name);
		snprintf(help, sizeof(help), "Counted: %s.", label + strspn(label, " "));
		for (size_t k = 0; k < n; k++) {
			if (!counters_have(counts[k], i))
				continue;
			om_sample(to, &f, time ? counts[k]->v[i] / 1e9 : (double)counts[k]->v[i],
				  names->text[0], values[k].text[0], names->text[1],
				  values[k].text[1], NULL);
		}
	}
}

void om_end(FILE *to)
{
	fputs("# EOF\n", to);
}
