// SPDX-License-Identifier: GPL-2.0-only
/*
 * sample_read.c - samples from /proc/PID/task/TID/{status,schedstat}.
 *
 * Two files for each thread, read without allocating: a machine may have tens of
 * thousands. Which processes there are, and which threads, changes while it is read;
 * what is gone when its turn comes is left out.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counters_source.h"
#include "gvt.h"
#include "sample.h"

/* A status file has less than 2 KiB, but for its lists of CPUs and of memory nodes. */
#define STATUS_SIZE	8192

/* A number at the beginning of a name; 0: it has something else. */
static pid_t number_of(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);

	return isdigit((unsigned char)*name) && !*end && n <= INT_MAX ? n : 0;
}

/* A small file of one thread. Return: its length, or a negative errno. */
static ssize_t read_at(int dir, pid_t tid, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t got, len = 0;
	int fd;

	snprintf(path, sizeof(path), "%d/%s", tid, file);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((got = read(fd, text + len, size - 1 - len)) > 0)
		len += got;
	if (got < 0)
		len = -errno;
	close(fd);
	if (len >= 0)
		text[len] = '\0';
	return len;
}

/* The value of a key of a status file; NULL: it has none. */
static const char *value_of(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (text && *text) {
		if (!strncmp(text, key, len) && text[len] == ':')
			return text + len + 1 + strspn(text + len + 1, "\t ");
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

static uint64_t count_of(const char *text, const char *key)
{
	const char *value = value_of(text, key);

	return value ? strtoull(value, NULL, 10) : 0;
}

/* Whatever its owner put into a name, a terminal gets nothing but letters. */
static void copy_name(char name[SAMPLE_NAME], const char *from)
{
	size_t i;

	for (i = 0; i < SAMPLE_NAME - 1 && from && from[i] && from[i] != '\n'; i++)
		name[i] = from[i] >= ' ' && from[i] < 0x7f ? from[i] : '?';
	name[i] = '\0';
}

/* Return: 0; a negative errno: it is gone. */
static int read_thread(int dir, pid_t tid, struct process_sample *s, struct thread_sample *t)
{
	char text[STATUS_SIZE];
	const char *state;
	unsigned long long run, wait;
	ssize_t len = read_at(dir, tid, "status", text, sizeof(text));

	if (len < 0)
		return len;
	memset(t, 0, sizeof(*t));
	t->tid = tid;
	copy_name(t->name, value_of(text, "Name"));
	state = value_of(text, "State");
	t->state = state ? *state : '?';
	t->voluntary = count_of(text, "voluntary_ctxt_switches");
	t->nonvoluntary = count_of(text, "nonvoluntary_ctxt_switches");
	s->tgid = count_of(text, "Tgid");
	s->peak_rss = count_of(text, "VmHWM") * 1024;

	len = read_at(dir, tid, "schedstat", text, sizeof(text));
	if (len > 0 && sscanf(text, "%llu %llu", &run, &wait) == 2) {
		t->run_ns = run;
		t->wait_ns = wait;
		s->times = true;
	}
	return 0;
}

static int compare_threads(const void *a, const void *b)
{
	pid_t x = ((const struct thread_sample *)a)->tid, y = ((const struct thread_sample *)b)->tid;

	return (x > y) - (x < y);
}

static int read_threads(DIR *dir, struct process_sample *s)
{
	size_t room = 0;
	struct dirent *d;

	while ((d = readdir(dir))) {
		pid_t tid = number_of(d->d_name);

		if (!tid)
			continue;
		if (s->nr == room) {
			size_t more = room ? 2 * room : 1;
			void *p = realloc(s->threads, more * sizeof(*s->threads));

			if (!p)
				return -ENOMEM;
			s->threads = p;
			room = more;
		}
		if (!read_thread(dirfd(dir), tid, s, &s->threads[s->nr]))
			s->nr++;
	}
	return s->nr ? 0 : -ESRCH;
}

int process_read(pid_t pid, struct process_sample *s)
{
	char path[64];
	DIR *dir;
	int err;

	memset(s, 0, sizeof(*s));
	s->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	err = read_threads(dir, s);
	closedir(dir);
	if (err) {
		process_free(s);
		return err;
	}
	qsort(s->threads, s->nr, sizeof(*s->threads), compare_threads);
	return 0;
}

static int compare_processes(const void *a, const void *b)
{
	pid_t x = ((const struct process_sample *)a)->pid;
	pid_t y = ((const struct process_sample *)b)->pid;

	return (x > y) - (x < y);
}

/* Those that can't be read, as they went or are hidden, are left out. */
static int add_process(struct snapshot *s, size_t *room, pid_t pid)
{
	int err;

	if (s->nr == *room) {
		size_t more = *room ? 2 * *room : 64;
		void *p = realloc(s->processes, more * sizeof(*s->processes));

		if (!p)
			return -ENOMEM;
		s->processes = p;
		*room = more;
	}
	err = process_read(pid, &s->processes[s->nr]);
	if (!err)
		s->nr++;
	return err == -ENOMEM ? err : 0;
}

static int add_all(struct snapshot *s, size_t *room)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (d = readdir(dir))) {
		pid_t pid = number_of(d->d_name);

		if (pid)
			err = add_process(s, room, pid);
	}
	closedir(dir);
	return err;
}

static int compare_rows(const void *a, const void *b)
{
	pid_t x = ((const struct counters_row *)a)->pid, y = ((const struct counters_row *)b)->pid;

	return (x > y) - (x < y);
}

/* Numbers of processes that ended may be those of others by now. */
static int add_rows(struct snapshot *s)
{
	size_t live = 0;
	int err = counters_rows(&s->rows, &s->nr_rows);

	if (err)
		return err == -ENOSYS ? 0 : err;
	for (size_t i = 0; i < s->nr_rows; i++) {
		if (s->rows[i].state == ROW_LIVE)
			s->rows[live++] = s->rows[i];
	}
	s->nr_rows = live;
	if (live)
		qsort(s->rows, live, sizeof(*s->rows), compare_rows);
	return 0;
}

int snapshot_take(struct snapshot *s, const pid_t *only, size_t nr_only)
{
	size_t room = 0;
	int err = 0;

	memset(s, 0, sizeof(*s));
	s->when = now_ns();
	err = system_switches(&s->switches);
	if (err)
		return err;
	if (!nr_only)
		err = add_all(s, &room);
	for (size_t i = 0; i < nr_only && !err; i++)
		err = add_process(s, &room, only[i]);
	if (!err)
		err = add_rows(s);
	if (err) {
		snapshot_free(s);
		return err;
	}
	if (s->nr)
		qsort(s->processes, s->nr, sizeof(*s->processes), compare_processes);
	return 0;
}
