// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace_json.c - one trace of a command: what the runtimes in it wrote, and the kernel's
 * switches, in Chrome's trace event format, which Perfetto reads too.
 *
 * libgo's events go through as they are, line by line; only the numbers of arrows become others
 * where several processes have some. For each thread there is one track more, on which it is
 * on a CPU or not; its number is the thread's and TRACK_KERNEL. Both use CLOCK_MONOTONIC, so
 * nothing has to be converted.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "trace.h"
#include "trace_read.h"

/* How often it is asked whether anybody still wants the file. */
#define ASK_EVERY	4096

#define FORM		(JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* Of what the command's name and arguments are told, at most. */
#define MAX_ARGS	16

/**
 * struct merge - a file that is being made
 * @t: of what
 * @to: where to
 * @empty: there is no event in it yet
 * @events: that were put there
 * @arrow: the highest number of an arrow
 * @arrow_base: added to those of the process whose file is read
 * @pid: processes that have a name
 * @pids: how many
 */
struct merge {
	struct trace *t;
	FILE *to;
	bool empty;
	uint64_t events, arrow, arrow_base;
	int64_t *pid;
	size_t pids;
};

static int put(struct merge *m, const char *text, size_t len)
{
	const char *between = m->empty ? "\n" : ",\n";

	if (fputs(between, m->to) == EOF || fwrite(text, 1, len, m->to) != len)
		return errno ? -errno : -EIO;
	m->empty = false;
	if (++m->events % ASK_EVERY == 0 && command_interrupted())
		return -EINTR;
	return 0;
}

/* And gives it back. */
static int put_object(struct merge *m, struct json_object *o)
{
	const char *text = json_object_to_json_string_ext(o, FORM);
	int err = text ? put(m, text, strlen(text)) : -ENOMEM;

	json_object_put(o);
	return err;
}

/* ------------------------------------------------------------------- libgo's */

static bool is_named(const struct merge *m, int64_t pid)
{
	for (size_t i = 0; i < m->pids; i++) {
		if (m->pid[i] == pid)
			return true;
	}
	return false;
}

static int note_named(struct merge *m, int64_t pid)
{
	int64_t *more;

	if (is_named(m, pid))
		return 0;
	more = reallocarray(m->pid, m->pids + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->pid = more;
	m->pid[m->pids++] = pid;
	return 0;
}

/* An end of an arrow, with a number that no other process's has. */
static int put_arrow(struct merge *m, struct json_object *e, const char *line, size_t len)
{
	uint64_t id = trace_number(e, "id") + m->arrow_base;

	if (id > m->arrow)
		m->arrow = id;
	if (!m->arrow_base)
		return put(m, line, len);
	/* Its other numbers stay as they were written. */
	json_object_object_add(e, "id", json_object_new_uint64(id));
	return put_object(m, json_object_get(e));
}

static int copy_event(void *arg, struct json_object *e, const char *line, size_t len)
{
	struct merge *m = arg;
	const char *ph = trace_text(e, "ph");

	if (*ph == 'M' && !strcmp(trace_text(e, "name"), "process_name") &&
	    note_named(m, trace_number(e, "pid")))
		return -ENOMEM;
	if (*ph == 's' || *ph == 'f')
		return put_arrow(m, e, line, len);
	return put(m, line, len);
}

static int copy_file(struct merge *m, const char *name)
{
	struct trace_reader r = { .event = copy_event, .arg = m };
	char *path;
	FILE *f;
	int err;

	if (asprintf(&path, "%s/%s", m->t->dir, name) < 0)
		return -ENOMEM;
	f = fopen(path, "re");
	err = f ? 0 : -errno;
	free(path);
	if (err)
		return err;
	m->arrow_base = m->arrow;
	err = trace_read(&r, f);
	fclose(f);
	m->t->broken += r.broken;
	/* It was killed before it wrote anything. */
	if (err == -EINVAL)
		return 0;
	m->t->files++;
	if (r.other) {
		m->t->lost += trace_number(r.other, "records_lost");
		snprintf(m->t->counts_from, sizeof(m->t->counts_from), "%s",
			 trace_text(r.other, "kernel_preemptions"));
	}
	json_object_put(r.other);
	return err;
}

static int is_trace(const struct dirent *d)
{
	return d->d_name[0] >= '0' && d->d_name[0] <= '9';
}

static int copy_files(struct merge *m)
{
	struct dirent **list;
	int n = scandir(m->t->dir, &list, is_trace, versionsort), err = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (!err)
			err = copy_file(m, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return err;
}

/* ------------------------------------------------------------------ the kernel's */

static int put_meta(struct merge *m, const char *what, uint32_t pid, uint32_t tid, const char *key,
		    struct json_object *value)
{
	struct json_object *e = json_object_new_object(), *args = json_object_new_object();

	json_object_object_add(args, key, value);
	json_object_object_add(e, "ph", json_object_new_string("M"));
	json_object_object_add(e, "name", json_object_new_string(what));
	json_object_object_add(e, "pid", json_object_new_int64(pid));
	json_object_object_add(e, "tid", json_object_new_int64(tid));
	json_object_object_add(e, "args", args);
	return put_object(m, e);
}

/* Names are bytes, and JSON is UTF-8. */
static const char *ascii(const char *comm, char *text)
{
	char *to = text;

	for (; *comm; comm++)
		*to++ = *comm >= ' ' && *comm < 127 ? *comm : '?';
	*to = '\0';
	return text;
}

static int name_threads(struct merge *m)
{
	const struct kswitch_thread *k;
	char comm[16], name[64];
	size_t at = 0;
	int err = 0;

	while (!err && (k = kswitch_next(m->t->k, &at)) != NULL) {
		if (!k->begin)
			continue;
		ascii(k->comm, comm);
		if (k->tid == k->pid && !is_named(m, k->pid))
			err = put_meta(m, "process_name", k->pid, k->pid, "name",
				       json_object_new_string(comm));
		snprintf(name, sizeof(name), "kernel: %u %s", k->tid, comm);
		if (!err)
			err = put_meta(m, "thread_name", k->pid, TRACK_KERNEL + k->tid, "name",
				       json_object_new_string(name));
		if (!err)
			err = put_meta(m, "thread_sort_index", k->pid, TRACK_KERNEL + k->tid,
				       "sort_index", json_object_new_int64(TRACK_KERNEL));
	}
	return err;
}

static const char *const left[] = {
	[KSWITCH_WAITED] = "waits",
	[KSWITCH_PREEMPTED] = "preempted",
	[KSWITCH_EXITED] = "exit",
	[KSWITCH_RUNS] = "still runs",
};

static int put_slice(struct merge *m, const char *name, const struct kswitch_thread *k,
		     uint64_t begin, uint64_t end, const char *args)
{
	char text[400];
	int len;

	len = snprintf(text, sizeof(text),
		       "{\"ph\":\"X\",\"name\":\"%s\",\"cat\":\"kernel\",\"pid\":%u,\"tid\":%u,"
		       "\"ts\":%lu.%03lu,\"dur\":%lu.%03lu,\"args\":{%s}}", name, k->pid,
		       TRACK_KERNEL + k->tid, begin / 1000, begin % 1000, (end - begin) / 1000,
		       (end - begin) % 1000, args);
	return put(m, text, len);
}

/* How long it had been off all CPUs, and then where it was. */
static int put_stay(void *arg, const struct kswitch_stay *s, const struct kswitch_thread *k)
{
	struct merge *m = arg;
	char name[32], args[64];
	int err = 0;

	if (k->last)
		err = put_slice(m, k->last_left == KSWITCH_PREEMPTED ? "off: preempted" :
								       "off: waits",
				k, k->last, s->begin, "");
	snprintf(name, sizeof(name), "CPU %u", s->cpu);
	snprintf(args, sizeof(args), "\"cpu\":%u,\"left\":\"%s\"", s->cpu, left[s->left]);
	return err ? err : put_slice(m, name, k, s->begin, s->end, args);
}

/* ---------------------------------------------------------------- about itself */

static void __attribute__((format(printf, 2, 3))) note(struct trace *t, const char *fmt, ...)
{
	va_list ap;

	if (t->notes == TRACE_NOTES)
		return;
	va_start(ap, fmt);
	vsnprintf(t->note[t->notes++], sizeof(t->note[0]), fmt, ap);
	va_end(ap);
}

static int paranoid(void)
{
	FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int value = 0;

	if (f && fscanf(f, "%d", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

static void note_kernel(struct trace *t)
{
	const char *instead = "";

	if (t->files)
		instead = "; how often it preempted the runtime's threads is there, every 50 ms";
	if (t->no_kernel)
		note(t, "the kernel's switches were not asked for (--no-kernel)%s", instead);
	else if (!t->k && (t->kernel_err == -EACCES || t->kernel_err == -EPERM))
		note(t, "the kernel's switches are missing: perf_event_open: %s: "
		     "kernel.perf_event_paranoid is %d, and 2 or less is needed%s",
		     strerror(-t->kernel_err), paranoid(), instead);
	else if (!t->k)
		note(t, "the kernel's switches are missing: perf_event_open: %s%s",
		     strerror(-t->kernel_err), instead);
	if (t->kernel_kept)
		note(t, "not all of the kernel's switches could be kept: %s",
		     strerror(-t->kernel_kept));
	if (t->k && kswitch_lost(t->k))
		note(t, "%lu records of the kernel's switches were lost", kswitch_lost(t->k));
}

static void make_notes(struct trace *t)
{
	t->notes = 0;
	if (!t->files)
		note(t, "no goroutines: the command did not run libgo%s",
		     t->k ? ", so there are tracks of kernel threads only" : "");
	note_kernel(t);
	if (t->lost)
		note(t,
		     "%lu records of libgo found no room in its rings and were lost; "
		     "LIBGO_DEBUG=tracebuf=KIBIBYTES makes them larger",
		     t->lost);
	if (t->broken)
		note(t, "%lu lines that were not written to their end are left out", t->broken);
}

/* What the file says of itself. */
static struct json_object *about(const struct trace *t)
{
	struct json_object *o = json_object_new_object(), *argv = json_object_new_array();
	struct json_object *notes = json_object_new_array();
	char arg[256];

	for (int i = 0; t->command.argv[i] && i < MAX_ARGS; i++) {
		snprintf(arg, sizeof(arg), "%s", t->command.argv[i]);
		/* Bytes that are no text in any language. */
		for (char *c = arg; *c; c++)
			*c = *c >= ' ' && *c < 127 ? *c : '?';
		json_object_array_add(argv, json_object_new_string(arg));
	}
	for (int i = 0; i < t->notes; i++)
		json_object_array_add(notes, json_object_new_string(t->note[i]));
	json_object_object_add(o, "made_by", json_object_new_string("gvt " GVT_VERSION));
	json_object_object_add(o, "command", argv);
	json_object_object_add(o, "clock", json_object_new_string("CLOCK_MONOTONIC"));
	json_object_object_add(o, "libgo_processes", json_object_new_uint64(t->files));
	json_object_object_add(o, "records_lost", json_object_new_uint64(t->lost));
	json_object_object_add(o, "lines_left_out", json_object_new_uint64(t->broken));
	json_object_object_add(o, "kernel_switches",
			       t->k ? json_object_new_string("perf_event_open") : NULL);
	json_object_object_add(o, "kernel_records_lost",
			       t->k ? json_object_new_uint64(kswitch_lost(t->k)) : NULL);
	json_object_object_add(o, "kernel_records_odd",
			       t->k ? json_object_new_uint64(kswitch_odd(t->k)) : NULL);
	json_object_object_add(o, "kernel_preemptions", t->files ?
			       json_object_new_string(t->counts_from) : NULL);
	json_object_object_add(o, "notes", notes);
	return o;
}

int trace_json(struct trace *t, FILE *to)
{
	struct merge m = { .t = t, .to = to, .empty = true };
	struct json_object *o;
	int err;

	t->files = t->broken = t->lost = 0;
	snprintf(t->counts_from, sizeof(t->counts_from), "not known");
	fputs("{\"traceEvents\":[", to);
	err = copy_files(&m);
	if (!err && t->k)
		err = name_threads(&m);
	if (!err && t->k)
		err = kswitch_each(t->k, put_stay, &m);
	free(m.pid);
	if (err)
		return err;
	make_notes(t);
	o = about(t);
	fprintf(to, "\n],\"displayTimeUnit\":\"ns\",\"otherData\":%s}\n",
		json_object_to_json_string_ext(o, FORM));
	json_object_put(o);
	return ferror(to) ? errno ? -errno : -EIO : 0;
}
