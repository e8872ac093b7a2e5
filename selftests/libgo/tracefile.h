/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracefile.h - what has to be true of each file that LIBGO_TRACE makes.
 */
#ifndef LIBGO_TRACEFILE_H
#define LIBGO_TRACEFILE_H

#include "json.h"

#define FIRST_P	10000000

struct slice {
	long long track, goroutine, begin, end;
};

struct arrow {
	long long id, track, ts;
};

struct list {
	size_t n, cap, size;
	void *data;
};

static noinline void *list_add(struct list *l, size_t size)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		l->data = realloc(l->data, l->cap * size);
		CHECK(l->data);
	}
	return (char *)l->data + l->n++ * size;
}

/* What a trace holds: counted by its events; of_* by what the library says that it counted. */
struct trace {
	struct json *events;
	uint64_t slices, resumed, parks, created, steals, handoffs, preempts, arrows, kernel;
	uint64_t timers, threads, gaps, lost;
	uint64_t of_created, of_switches, of_parks, of_steals, of_handoffs, of_preemptions, runs;
	struct list goroutine;		/* slices of goroutines, on Ps */
	struct list thread;		/* slices of threads */
	struct list any;		/* slices that an arrow may begin at */
	struct list from, to;		/* ends of arrows */
	struct list named;		/* tracks */
};

/* Microseconds with three decimals, as nanoseconds. */
static long long ns_of(const struct json *e, const char *key)
{
	const struct json *v = json_get(e, key);
	long long us;
	int ns, used = 0;

	CHECK(v && v->type == JSON_NUMBER);
	CHECK_EQ(2, sscanf(v->text, "%lld.%3d%n", &us, &ns, &used));
	CHECK(!v->text[used] && strlen(strchr(v->text, '.')) == 4 && us >= 0);
	return us * 1000 + ns;
}

static bool is_park(const char *left)
{
	static const char *const no_park[] = {
		"yield",	"exit",		 "preempted",	  "blocked in the kernel",
		"the run ends", "not known",	 "blocking call", "still runs",
	};
	size_t i;

	for (i = 0; i < sizeof(no_park) / sizeof(no_park[0]); i++)
		if (!strcmp(left, no_park[i]))
			return false;
	CHECK(left[0]);
	return true;
}

static void see_slice(struct trace *t, const struct json *e)
{
	const struct json *args = json_get(e, "args");
	const char *cat = json_text(e, "cat");
	struct slice s = { .track = json_int(e, "tid"), .begin = ns_of(e, "ts") };

	s.end = s.begin + ns_of(e, "dur");
	*(struct slice *)list_add(&t->any, sizeof(s)) = s;
	if (!strcmp(cat, "goroutine")) {
		CHECK(s.track >= FIRST_P);
		s.goroutine = json_int(args, "goroutine");
		CHECK(s.goroutine > 0 && json_int(args, "thread") > 0);
		t->slices++;
		t->resumed += json_get(args, "resumed") != NULL;
		t->parks += is_park(json_text(args, "left"));
		*(struct slice *)list_add(&t->goroutine, sizeof(s)) = s;
	} else if (!strcmp(cat, "P") || !strcmp(cat, "without a P")) {
		CHECK(s.track < FIRST_P);
		t->gaps += cat[0] == 'w';
		*(struct slice *)list_add(&t->thread, sizeof(s)) = s;
	} else {
		CHECK(!strcmp(cat, "runtime"));
		t->timers += !strcmp(json_text(e, "name"), "runtime");
		t->threads += !strcmp(json_text(e, "name"), "thread");
	}
}

static void see_instant(struct trace *t, const struct json *e)
{
	const struct json *args = json_get(e, "args");
	const char *name = json_text(e, "name");

	t->created += !strcmp(name, "go");
	t->handoffs += !strcmp(name, "handoff");
	t->preempts += !strcmp(name, "preempt");
	t->kernel += !strcmp(name, "preempted by the kernel");
	if (!strcmp(name, "steal"))
		t->steals += json_int(args, "goroutines");
	if (!strcmp(name, "lost"))
		t->lost += json_int(args, "records");
	if (!strcmp(name, "go_stats")) {
		t->runs++;
		t->of_created += json_int(args, "created");
		t->of_switches += json_int(args, "switches");
		t->of_parks += json_int(args, "parks");
		t->of_steals += json_int(args, "steals");
		t->of_handoffs += json_int(args, "handoffs");
		t->of_preemptions += json_int(args, "preemptions");
	}
}

static void see(struct trace *t, const struct json *e, long long pid)
{
	const char *ph = json_text(e, "ph");

	CHECK_EQ(JSON_OBJECT, e->type);
	CHECK_EQ(pid, json_int(e, "pid"));
	CHECK(json_text(e, "name")[0]);
	if (!strcmp(ph, "M")) {
		if (!strcmp(json_text(e, "name"), "thread_name"))
			*(long long *)list_add(&t->named, sizeof(long long)) = json_int(e, "tid");
		return;
	}
	if (!strcmp(ph, "X")) {
		see_slice(t, e);
	} else if (!strcmp(ph, "i")) {
		ns_of(e, "ts");
		see_instant(t, e);
	} else {
		struct arrow a = { json_int(e, "id"), json_int(e, "tid"), ns_of(e, "ts") };

		CHECK(!strcmp(ph, "s") || !strcmp(ph, "f"));
		CHECK(ph[0] == 's' || !strcmp(json_text(e, "bp"), "e"));
		*(struct arrow *)list_add(ph[0] == 's' ? &t->from : &t->to, sizeof(a)) = a;
	}
}

static int by_number(const void *a, const void *b)
{
	const long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static int by_track(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int order = (x->track > y->track) - (x->track < y->track);

	if (!order)
		order = (x->begin > y->begin) - (x->begin < y->begin);
	return order ? order : (x->end > y->end) - (x->end < y->end);
}

static int by_goroutine(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int order = (x->goroutine > y->goroutine) - (x->goroutine < y->goroutine);

	if (!order)
		order = (x->begin > y->begin) - (x->begin < y->begin);
	return order ? order : (x->end > y->end) - (x->end < y->end);
}

static void no_overlap(struct list *l, bool goroutines)
{
	struct slice *s = l->data;
	size_t i;

	if (l->n)
		qsort(s, l->n, sizeof(*s), goroutines ? by_goroutine : by_track);
	for (i = 1; i < l->n; i++) {
		if (goroutines ? s[i].goroutine != s[i - 1].goroutine : s[i].track != s[i - 1].track)
			continue;
		if (s[i].begin < s[i - 1].end) {
			dprintf(2, "# %s overlap on track %lld and %lld: %lld from %lld to %lld, %lld from %lld on\n",
				goroutines ? "runs of a goroutine" : "slices", s[i - 1].track,
				s[i].track, s[i - 1].goroutine, s[i - 1].begin, s[i - 1].end,
				s[i].goroutine, s[i].begin);
			_exit(1);
		}
	}
}

/* Is there a slice on @a's track that @a is in; @begin: begins with? */
static bool has_slice(const struct list *l, const struct arrow *a, bool begin)
{
	const struct slice *s = l->data;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (s[i].track == a->track &&
		    (begin ? s[i].begin == a->ts : s[i].begin <= a->ts && s[i].end >= a->ts))
			return true;
	return false;
}

static void check_arrows(struct trace *t)
{
	struct arrow *from = t->from.data, *to = t->to.data;
	/* All of them would take a square of time. */
	size_t i, step = t->from.n / 500 + 1;

	CHECK_EQ(t->from.n, t->to.n);
	if (!t->from.n)
		return;
	qsort(from, t->from.n, sizeof(*from), by_number);
	qsort(to, t->to.n, sizeof(*to), by_number);
	for (i = 0; i < t->from.n; i++) {
		CHECK_EQ(from[i].id, to[i].id);
		CHECK(!i || from[i].id != from[i - 1].id);
		CHECK(from[i].ts <= to[i].ts);
		if (i % step || t->lost)
			continue;
		CHECK(has_slice(&t->goroutine, &to[i], true));
		CHECK(has_slice(&t->any, &from[i], false));
	}
	t->arrows = t->from.n;
}

static bool is_named(const struct trace *t, long long track)
{
	return bsearch(&track, t->named.data, t->named.n, sizeof(track), by_number);
}

static void check_names(struct trace *t)
{
	const struct json *e;

	qsort(t->named.data, t->named.n, sizeof(long long), by_number);
	for (e = t->events->first; e; e = e->next) {
		if (is_named(t, json_int(e, "tid")))
			continue;
		dprintf(2, "# track %lld has no name\n", json_int(e, "tid"));
		_exit(1);
	}
}

/* Reads the file of process @pid. */
static __maybe_unused struct trace *read_trace(const char *path, pid_t pid)
{
	struct trace *t = calloc(1, sizeof(*t));
	struct json *doc = json_read(path), *e;

	CHECK(t);
	t->events = json_get(doc, "traceEvents");
	CHECK(t->events && t->events->type == JSON_ARRAY);
	CHECK_EQ(pid, json_int(json_get(doc, "otherData"), "pid"));
	for (e = t->events->first; e; e = e->next)
		see(t, e, pid);
	check_names(t);
	no_overlap(&t->goroutine, false);
	no_overlap(&t->goroutine, true);
	no_overlap(&t->thread, false);
	check_arrows(t);
	CHECK(t->lost <= (uint64_t)json_int(json_get(doc, "otherData"), "records_lost"));
	return t;
}

/* All of it was recorded, and the library counted the same. */
static __maybe_unused void check_counts(const struct trace *t)
{
	CHECK_EQ(0, t->lost);
	CHECK_EQ(t->of_created, t->created);
	CHECK_EQ(t->of_parks, t->parks);
	CHECK_EQ(t->of_steals, t->steals);
	CHECK_EQ(t->of_handoffs, t->handoffs);
	CHECK_EQ(t->of_preemptions, t->preempts);
	/* One that gets its P back may have been switched to, by its ticket, or not. */
	CHECK(t->of_switches <= t->slices && t->of_switches >= t->slices - t->resumed);
}

/* Slices of goroutines with that name; the number of the goroutine doesn't matter. */
static __maybe_unused uint64_t slices_of(const struct trace *t, const char *name)
{
	const struct json *e;
	size_t len = strlen(name);
	uint64_t n = 0;

	for (e = t->events->first; e; e = e->next)
		n += !strcmp(json_text(e, "ph"), "X") && !strcmp(json_text(e, "cat"), "goroutine") &&
		     !strncmp(json_text(e, "name"), name, len) &&
		     !strncmp(json_text(e, "name") + len, " #", 2);
	return n;
}

/* Slices that ended so. */
static __maybe_unused uint64_t slices_left(const struct trace *t, const char *left)
{
	const struct json *e;
	uint64_t n = 0;

	for (e = t->events->first; e; e = e->next)
		n += !strcmp(json_text(json_get(e, "args"), "left"), left);
	return n;
}

#endif /* LIBGO_TRACEFILE_H */
