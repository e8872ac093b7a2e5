// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tracejson.c - records of a trace as events in Chrome's trace event format: see tracefile.c.
 *
 * Each event is put together by hand: it is what the writer spends its time with, and a
 * printf() for each would keep up with a third of what this does.
 */
#include "tracefile.h"

#include <stdio.h>

/* ---------------------------------------------------------------------- text */

void json_text(struct file *f, const char *s)
{
	size_t n = strlen(s);

	memcpy(f->out + f->n, s, n);
	f->n += n;
}

void json_number(struct file *f, uint64_t v)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		f->out[f->n++] = digits[--n];
}

/* Nanoseconds as microseconds. */
void json_us(struct file *f, uint64_t ns)
{
	uint64_t rest = ns % 1000;

	json_number(f, ns / 1000);
	f->out[f->n++] = '.';
	f->out[f->n++] = (char)('0' + rest / 100);
	f->out[f->n++] = (char)('0' + rest / 10 % 10);
	f->out[f->n++] = (char)('0' + rest % 10);
}

/* How many bytes at @s, of @n, are one character in UTF-8; 0: they are none. */
static size_t utf8(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 :
		     s[0] < 0xf5 ? 4 : 0;

	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Too long for what they say, halves of pairs, beyond the last one. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return len;
}

/* The @n bytes at @s as they stand in a string of JSON. */
void json_string(char *to, size_t size, const char *s, size_t n)
{
	const char *end = to + size - 8;

	while (n && to < end) {
		size_t len = utf8((const unsigned char *)s, n);

		if (!len) {
			to += sprintf(to, "\\ufffd");
			len = 1;
		} else if (len == 1 && (unsigned char)*s < ' ') {
			to += sprintf(to, "\\u%04x", *s);
		} else {
			if (*s == '"' || *s == '\\')
				*to++ = '\\';
			memcpy(to, s, len);
			to += len;
		}
		s += len;
		n -= len;
	}
	*to = '\0';
}

static const char *function(struct file *f, uint64_t fn)
{
	struct symbol *s = &f->symbol[(fn * 0x9e3779b97f4a7c15u) >> 32 & (SYMBOLS - 1)];
	char name[NAME_BYTES / 2];

	if (s->fn != fn) {
		symbol_name((const void *)(uintptr_t)fn, name, sizeof(name));
		json_string(s->name, sizeof(s->name), name, strlen(name));
		s->fn = fn;
	}
	return s->name;
}

static const char *reason(unsigned int why)
{
	switch (why) {
	case LEFT_YIELD:
		return "yield";
	case LEFT_EXIT:
		return "exit";
	case LEFT_PREEMPTED:
		return "preempted";
	case LEFT_TAKEN:
		return "blocked in the kernel";
	case LEFT_STOP:
		return "the run ends";
	case LEFT_OPEN:
		return "still runs";
	}
	return why && why < NR_WAIT_WHY ? wait_names[why] : "not known";
}

/* --------------------------------------------------------------------- events */

/* An event begins. */
void json_event(struct file *f, const char *phase, const char *name, const char *category)
{
	if (f->n > OUT_BYTES - EVENT_BYTES)
		trace_flush(f);
	json_text(f, f->empty ? "\n{\"ph\":\"" : ",\n{\"ph\":\"");
	f->empty = false;
	f->dirty = true;
	json_text(f, phase);
	json_text(f, "\",\"name\":\"");
	json_text(f, name);
	if (category) {
		json_text(f, "\",\"cat\":\"");
		json_text(f, category);
	}
	json_text(f, "\",\"pid\":");
	json_number(f, f->pid);
}

void json_at(struct file *f, uint32_t tid, uint64_t ns)
{
	json_text(f, ",\"tid\":");
	json_number(f, tid);
	json_text(f, ",\"ts\":");
	json_us(f, ns);
}

static void slice(struct file *f, const char *name, const char *category, uint32_t tid,
		  uint64_t begin, uint64_t end)
{
	json_event(f, "X", name, category);
	json_at(f, tid, begin);
	json_text(f, ",\"dur\":");
	json_us(f, end > begin ? end - begin : 0);
}

void json_instant(struct file *f, const char *name, const char *category, uint32_t tid,
		  uint64_t when)
{
	json_event(f, "i", name, category);
	json_at(f, tid, when);
	json_text(f, ",\"s\":\"t\"");
}

void json_name_track(struct file *f, uint32_t tid, const char *name, uint32_t sort)
{
	json_event(f, "M", "thread_name", NULL);
	json_text(f, ",\"tid\":");
	json_number(f, tid);
	json_text(f, ",\"args\":{\"name\":\"");
	json_text(f, name);
	json_text(f, "\"}}");
	json_event(f, "M", "thread_sort_index", NULL);
	json_text(f, ",\"tid\":");
	json_number(f, tid);
	json_text(f, ",\"args\":{\"sort_index\":");
	json_number(f, sort);
	json_text(f, "}}");
}

/* -------------------------------------------------------------------- records */

static const char *goroutine_name(struct file *f, const uint64_t *w, char *buf, size_t size)
{
	size_t len = w[1] >> 24 & 0x3f;
	const char *name = buf;

	if (len)
		json_string(buf, size, (const char *)&w[5], len);
	else
		name = function(f, w[3]);
	return name;
}

static void name_goroutine(struct file *f, const uint64_t *w, char *name)
{
	char buf[NAME_BYTES - 24];

	snprintf(name, NAME_BYTES, "%.*s #%llu", NAME_BYTES - 24,
		 goroutine_name(f, w, buf, sizeof(buf)), (unsigned long long)w[2]);
}

static void close_slice(struct file *f, uint32_t p, unsigned int why, uint64_t end)
{
	struct track *t = &f->track[p];

	if (!t->open)
		return;
	t->open = false;
	slice(f, t->name, "goroutine", FIRST_P + p, t->begin, end);
	json_text(f, ",\"args\":{\"goroutine\":");
	json_number(f, t->id);
	json_text(f, ",\"thread\":");
	json_number(f, t->tid);
	json_text(f, ",\"left\":\"");
	json_text(f, reason(why));
	json_text(f, t->flags & TRACE_RESUMED ? "\",\"resumed\":true}}" : "\"}}");
}

static void close_stay(struct file *f, uint32_t p, uint64_t end)
{
	struct track *t = &f->track[p];
	char name[16];

	if (!t->stays)
		return;
	t->stays = false;
	snprintf(name, sizeof(name), "P %u", p);
	slice(f, name, "P", t->stay_tid, t->stay_begin, end);
	json_text(f, "}");
}

static void begin_stay(struct track *t, uint32_t tid, uint64_t when)
{
	t->stays = true;
	t->stay_tid = tid;
	t->stay_begin = when;
}

/* An end of an arrow. */
static void flow(struct file *f, const char *phase, bool first, uint32_t tid, uint64_t when)
{
	json_event(f, phase, first ? "go" : "wake", "wake");
	json_text(f, ",\"id\":");
	json_number(f, f->arrows);
	json_at(f, tid, when);
}

/* The track of a thread that readied somebody, or made one. */
static uint32_t thread_track(struct file *f, uint32_t by)
{
	uint32_t i = by - TRACE_THREADS, tid = load_relaxed(&trace_thread[i]);
	char name[64];

	/* It has a name of its own. */
	if (tid & TRACE_M)
		return tid & ~TRACE_M;
	if (!f->thread_named[i]) {
		f->thread_named[i] = true;
		if (tid)
			snprintf(name, sizeof(name), "thread %u, no goroutine", tid);
		else
			snprintf(name, sizeof(name), "other threads");
		json_name_track(f, tid, name, 20000);
	}
	return tid;
}

/* From who readied a goroutine to where it runs. */
static void arrow(struct file *f, uint64_t woken, bool first, uint32_t to, uint64_t when)
{
	uint32_t by = woken & ((1u << TRACE_BY_BITS) - 1), from = FIRST_P + by;
	uint64_t then = (uint64_t)trace_base + (woken >> TRACE_BY_BITS) - 1;
	const char *what = NULL;

	if (by >= TRACE_THREADS) {
		from = thread_track(f, by);
		what = "thread";
	} else if (by >= TRACE_RUNTIME) {
		from -= TRACE_RUNTIME;
		what = "runtime";
	}
	/* An arrow begins at a slice; who is no goroutine has none. */
	if (what) {
		slice(f, what, "runtime", from, then, then);
		json_text(f, "}");
	}
	f->arrows++;
	flow(f, "s", first, from, then);
	json_text(f, "}");
	flow(f, "f", first, to, when);
	json_text(f, ",\"bp\":\"e\"}");
}

static void run(struct file *f, uint32_t p, const uint64_t *w, unsigned int why, uint32_t tid)
{
	struct track *t = &f->track[p];

	close_slice(f, p, why, w[0]);
	/* What said so was lost. */
	if (!t->stays)
		begin_stay(t, tid, w[0]);
	t->open = true;
	t->begin = w[0];
	t->id = w[2];
	t->tid = tid;
	t->flags = w[1] >> 24 & (TRACE_FIRST | TRACE_RESUMED);
	name_goroutine(f, w, t->name);
	if (w[4])
		arrow(f, w[4], t->flags & TRACE_FIRST, FIRST_P + p, w[0]);
}

/* @tid ran a goroutine without a P, and now has one again, or leaves the goroutine. */
static void gap(struct file *f, const uint64_t *w, uint32_t tid)
{
	char name[NAME_BYTES];

	if (!w[4])
		return;
	name_goroutine(f, w, name);
	slice(f, name, "without a P", tid, w[4], w[0]);
	json_text(f, ",\"args\":{\"goroutine\":");
	json_number(f, w[2]);
	json_text(f, "}}");
}

static void created(struct file *f, uint32_t p, const uint64_t *w, uint32_t by)
{
	uint32_t tid = p < GO_MAXPROCS_LIMIT ? FIRST_P + p : thread_track(f, by);
	char buf[NAME_BYTES];

	json_instant(f, "go", "goroutine", tid, w[0]);
	json_text(f, ",\"args\":{\"goroutine\":");
	json_number(f, w[2]);
	json_text(f, ",\"name\":\"");
	json_text(f, goroutine_name(f, w, buf, sizeof(buf)));
	json_text(f, "\",\"function\":\"");
	json_text(f, function(f, w[3]));
	json_text(f, "\"}}");
}

static void new_thread(struct file *f, uint32_t tid, uint64_t number, bool main)
{
	char name[64];

	snprintf(name, sizeof(name), "M %llu%s", (unsigned long long)number,
		 main ? " (go_run)" : "");
	json_name_track(f, tid, name, 10000 + (uint32_t)number);
}

static void lost(struct file *f, uint32_t p, const uint64_t *w, uint32_t n)
{
	f->lost += n;
	if (p < GO_MAXPROCS_LIMIT) {
		close_slice(f, p, LEFT_UNKNOWN, w[0]);
		close_stay(f, p, w[0]);
	}
	json_instant(f, "lost", "trace", p < GO_MAXPROCS_LIMIT ? FIRST_P + p : f->pid, w[0]);
	json_text(f, ",\"args\":{\"records\":");
	json_number(f, n);
	json_text(f, "}}");
}

void json_record(struct file *f, uint32_t p, const uint64_t *w)
{
	unsigned int why = w[1] >> 16 & 0xff;
	uint32_t value = (uint32_t)(w[1] >> 32);

	f->track[p].last = w[0];
	switch ((enum trace_type)(w[1] & 0xff)) {
	case REC_RUN:
		run(f, p, w, why, value);
		break;
	case REC_END:
		close_slice(f, p, why, w[0]);
		break;
	case REC_TAKE:
		close_stay(f, p, w[0]);
		begin_stay(&f->track[p], value, w[0]);
		if ((w[1] >> 8 & 0xff) > 2)
			gap(f, w, value);
		break;
	case REC_DROP:
		close_stay(f, p, w[0]);
		break;
	case REC_GAP:
		gap(f, w, value);
		break;
	case REC_CREATE:
		created(f, p, w, value);
		break;
	case REC_STEAL:
		json_instant(f, "steal", "scheduler", FIRST_P + p, w[0]);
		json_text(f, ",\"args\":{\"from\":");
		json_number(f, value);
		json_text(f, ",\"goroutines\":");
		json_number(f, w[2]);
		json_text(f, "}}");
		break;
	case REC_PREEMPT:
	case REC_HANDOFF:
		json_instant(f, (w[1] & 0xff) == REC_PREEMPT ? "preempt" : "handoff", "scheduler",
			     FIRST_P + p, w[0]);
		json_text(f, "}");
		break;
	case REC_LOST:
		lost(f, p, w, value);
		break;
	case REC_THREAD:
		new_thread(f, value, w[2], why);
		break;
	}
}

/* A slice of a P ends at @end. */
void json_end_p(struct file *f, uint32_t p, unsigned int why, uint64_t end)
{
	close_slice(f, p, why, end);
	close_stay(f, p, end);
}
