// SPDX-License-Identifier: GPL-2.0-only
/*
 * kswitch.c - the kernel's switches of a command's threads, by perf_event_open(2).
 *
 * One event that counts nothing (a dummy) for each CPU, inherited by all that the process
 * makes, with a record for each switch to and from it, by CLOCK_MONOTONIC: the clock of
 * libgo's trace. Such records tell nothing of other processes, so they need no privilege but a
 * perf_event_paranoid of 2 or less.
 *
 * Ideas:
 *
 * - A CPU's buffer has its records in order, and a stay on a CPU begins and ends on that CPU.
 *   So stays are made from one buffer, and no two have to be merged for it. A thread that ends
 *   has no last switch (its events are gone by then): its exit is recorded.
 * - Stays go to a file without a name, a chunk of one CPU at a time. Memory holds a chunk for
 *   each CPU, where the chunks lie, and a line for each thread.
 * - Each CPU's chunks are in order, so that reading is a merge of as many streams as CPUs.
 *
 * What was lost is counted. The stay that was going on then is left out, as nobody knows when
 * it ended; so a stay that is told was one.
 *
 * Rejected: tracepoints (sched_switch has the reason, and who was woken by whom): they need
 * CAP_PERFMON, and tracefs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gvt.h"
#include "kswitch.h"

#define CHUNK		256	/* stays */
#define MOST_PAGES	128	/* of a buffer: what anybody may lock (perf_event_mlock_kb) */
#define LEAST_PAGES	8
#define LOOK_MS		50

/* Behind each record: PERF_SAMPLE_TID, _TIME, _CPU. */
struct trailer {
	uint32_t pid, tid;
	uint64_t time;
	uint32_t cpu, reserved;
};

/**
 * struct buffer - of one CPU
 * @fd: its event; -1: the CPU is off
 * @map: what the kernel writes
 * @size: of its data, a power of two
 * @open: a stay goes on
 * @tid: whose
 * @begin: since when
 * @stay: those that are not in the file yet
 * @n: how many
 * @chunk: where the others are, in chunks
 * @chunks: how many
 * @at: of them, or of @stay, which is read next
 * @read: stays of the chunk that is read
 * @from: which of them is next
 * @left: how many there are
 */
struct buffer {
	int fd;
	struct perf_event_mmap_page *map;
	size_t size;
	bool open;
	uint32_t tid;
	uint64_t begin;
	struct kswitch_stay stay[CHUNK];
	size_t n;
	uint32_t *chunk;
	size_t chunks, at;
	struct kswitch_stay *read;
	size_t from, left;
};

struct kswitch {
	pid_t pid;
	uint64_t opened;
	struct buffer *buffer;
	int cpus;
	int spool, err;
	uint32_t spooled;	/* chunks */
	uint64_t lost, odd;
	struct kswitch_thread *thread;
	size_t threads;
	pthread_t reader;
	bool has_reader, stop;
	int wake[2];
};

/* ------------------------------------------------------------------- threads */

static struct kswitch_thread *place(const struct kswitch *k, uint32_t tid)
{
	size_t i = tid * 2654435761u % KSWITCH_THREADS;

	while (k->thread[i].tid && k->thread[i].tid != tid)
		i = (i + 1) % KSWITCH_THREADS;
	return &k->thread[i];
}

/* NULL: there are too many. */
static struct kswitch_thread *thread_of(struct kswitch *k, uint32_t tid, uint32_t pid)
{
	struct kswitch_thread *t = place(k, tid);

	if (!t->tid && k->threads >= KSWITCH_THREADS / 4 * 3)
		return NULL;
	if (!t->tid)
		k->threads++;
	t->tid = tid;
	t->pid = pid;
	return t;
}

const struct kswitch_thread *kswitch_thread(const struct kswitch *k, uint32_t tid)
{
	const struct kswitch_thread *t = place(k, tid);

	return t->tid ? t : NULL;
}

const struct kswitch_thread *kswitch_next(const struct kswitch *k, size_t *at)
{
	while (*at < KSWITCH_THREADS) {
		const struct kswitch_thread *t = &k->thread[(*at)++];

		if (t->tid)
			return t;
	}
	return NULL;
}

uint64_t kswitch_lost(const struct kswitch *k)
{
	return k->lost;
}

uint64_t kswitch_odd(const struct kswitch *k)
{
	return k->odd;
}

/* --------------------------------------------------------------------- stays */

static void spool(struct kswitch *k, struct buffer *b)
{
	const size_t size = sizeof(b->stay);
	uint32_t *more = b->chunk;
	ssize_t put;

	/* Room for twice as many, each time that their number is a power of two. */
	if (!(b->chunks & (b->chunks - 1)))
		more = reallocarray(b->chunk, b->chunks ? 2 * b->chunks : 1, sizeof(*more));
	if (!more) {
		k->err = -ENOMEM;
		goto out;
	}
	b->chunk = more;
	put = pwrite(k->spool, b->stay, size, (off_t)k->spooled * size);
	if (put != (ssize_t)size) {
		k->err = put < 0 ? -errno : -ENOSPC;
		goto out;
	}
	b->chunk[b->chunks++] = k->spooled++;
out:
	if (k->err)
		k->lost += CHUNK;
	b->n = 0;
}

static void close_stay(struct kswitch *k, struct buffer *b, uint32_t pid, uint64_t end,
		       enum kswitch_left left)
{
	struct kswitch_thread *t = thread_of(k, b->tid, pid);
	struct kswitch_stay *s = &b->stay[b->n];

	b->open = false;
	if (!t) {
		k->odd++;
		return;
	}
	/* The clock that an interrupt can read may go back by a little. */
	if (end < b->begin)
		end = b->begin;
	*s = (struct kswitch_stay){ b->begin, end, b->tid, b - k->buffer, left };
	t->waited += left == KSWITCH_WAITED;
	t->preempted += left == KSWITCH_PREEMPTED;
	t->on_ns += end - b->begin;
	if (!t->begin)
		t->begin = b->begin;
	if (end > t->end)
		t->end = end;
	if (++b->n == CHUNK)
		spool(k, b);
}

static void switched(struct kswitch *k, struct buffer *b, const struct perf_event_header *h,
		     const struct trailer *t)
{
	bool out = h->misc & PERF_RECORD_MISC_SWITCH_OUT;

	if (!out) {
		k->odd += b->open;
		b->open = true;
		b->tid = t->tid;
		b->begin = t->time;
		return;
	}
	/* It was on its CPU when the event came to it. */
	if (!b->open && t->tid == (uint32_t)k->pid && !place(k, t->tid)->begin) {
		b->open = true;
		b->tid = t->tid;
		b->begin = k->opened < t->time ? k->opened : t->time;
	}
	if (b->open && b->tid == t->tid)
		close_stay(k, b, t->pid, t->time,
			   h->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT ? KSWITCH_PREEMPTED :
									   KSWITCH_WAITED);
	else
		k->odd++;
	b->open = false;
}

/* ------------------------------------------------------------------- records */

union record {
	struct perf_event_header h;
	struct {
		struct perf_event_header h;
		uint32_t pid, ppid, tid, ptid;
	} task;
	struct {
		struct perf_event_header h;
		uint32_t pid, tid;
		char comm[16];
	} comm;
	struct {
		struct perf_event_header h;
		uint64_t id, lost;
	} lost;
	char bytes[128];
};

static void named(struct kswitch *k, uint32_t pid, uint32_t tid, const char *comm, bool always)
{
	struct kswitch_thread *t = thread_of(k, tid, pid);

	if (!t || (t->comm[0] && !always))
		return;
	snprintf(t->comm, sizeof(t->comm), "%.15s", comm);
}

static void record(struct kswitch *k, struct buffer *b, const union record *r,
		   const struct trailer *t)
{
	const struct kswitch_thread *parent;

	switch (r->h.type) {
	case PERF_RECORD_SWITCH:
		switched(k, b, &r->h, t);
		break;
	case PERF_RECORD_FORK:
		/* Its name is its maker's until it has one of its own, which may be read first. */
		parent = kswitch_thread(k, r->task.ptid);
		named(k, r->task.pid, r->task.tid, parent ? parent->comm : "", false);
		break;
	case PERF_RECORD_EXIT:
		if (b->open && b->tid == r->task.tid)
			close_stay(k, b, r->task.pid, t->time, KSWITCH_EXITED);
		break;
	case PERF_RECORD_COMM:
		named(k, r->comm.pid, r->comm.tid, r->comm.comm, true);
		break;
	case PERF_RECORD_LOST:
		k->lost += r->lost.lost;
		b->open = false;
		break;
	}
}

/* @n bytes at @at of a ring. */
static void copy(const struct buffer *b, uint64_t at, void *to, size_t n)
{
	const char *data = (const char *)b->map + b->map->data_offset;
	size_t from = at & (b->size - 1), first = b->size - from;

	if (first > n)
		first = n;
	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, n - first);
}

static void drain(struct kswitch *k, struct buffer *b)
{
	/* Acquire: the records before it are there. Release: they have been read. */
	uint64_t head = __atomic_load_n(&b->map->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = b->map->data_tail;

	while (at < head) {
		struct trailer t;
		union record r;
		size_t size;

		memset(&r, 0, sizeof(r));
		copy(b, at, &r.h, sizeof(r.h));
		size = r.h.size;
		if (size < sizeof(r.h) + sizeof(t)) {
			/* No record is: the kernel doesn't do that. */
			k->lost++;
			at = head;
			break;
		}
		copy(b, at, &r, size < sizeof(r) ? size : sizeof(r));
		copy(b, at + size - sizeof(t), &t, sizeof(t));
		record(k, b, &r, &t);
		at += size;
	}
	__atomic_store_n(&b->map->data_tail, at, __ATOMIC_RELEASE);
}

static void drain_all(struct kswitch *k)
{
	for (int i = 0; i < k->cpus; i++) {
		if (k->buffer[i].fd >= 0)
			drain(k, &k->buffer[i]);
	}
}

/* -------------------------------------------------------------- begin and end */

static int open_event(pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU,
		.inherit = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.task = 1,
		.comm = 1,
		.context_switch = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = 16384,
	};
	long fd = syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static int open_buffer(struct kswitch *k, int cpu)
{
	struct buffer *b = &k->buffer[cpu];
	size_t page = sysconf(_SC_PAGESIZE);

	b->fd = open_event(k->pid, cpu);
	/* There is no such CPU now. */
	if (b->fd == -ENODEV) {
		b->fd = -1;
		return 0;
	}
	if (b->fd < 0)
		return b->fd;
	for (size_t pages = MOST_PAGES; pages >= LEAST_PAGES; pages /= 2) {
		b->size = pages * page;
		b->map = mmap(NULL, b->size + page, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
		if (b->map != MAP_FAILED)
			return 0;
		b->map = NULL;
		if (errno != EPERM && errno != ENOMEM)
			break;
	}
	return -errno;
}

int kswitch_open(struct kswitch **kp, pid_t pid, const char *dir)
{
	struct kswitch *k = calloc(1, sizeof(*k));
	int err = -ENOMEM;

	if (!k)
		return err;
	k->pid = pid ? pid : getpid();
	k->spool = k->wake[0] = k->wake[1] = -1;
	k->cpus = sysconf(_SC_NPROCESSORS_CONF);
	k->buffer = calloc(k->cpus, sizeof(*k->buffer));
	for (int i = 0; k->buffer && i < k->cpus; i++)
		k->buffer[i].fd = -1;
	k->thread = calloc(KSWITCH_THREADS, sizeof(*k->thread));
	if (!k->buffer || !k->thread)
		goto err_close;
	k->opened = now_ns();
	for (int i = 0; i < k->cpus; i++) {
		err = open_buffer(k, i);
		if (err)
			goto err_close;
	}
	err = k->spool = temporary_file(dir);
	if (err < 0)
		goto err_close;
	*kp = k;
	return 0;

err_close:
	kswitch_close(k);
	return err;
}

static void *reader(void *arg)
{
	struct kswitch *k = arg;
	struct pollfd *pfd = calloc(k->cpus + 1, sizeof(*pfd));

	for (int i = 0; pfd && i < k->cpus; i++)
		pfd[i] = (struct pollfd){ .fd = k->buffer[i].fd, .events = POLLIN };
	if (pfd)
		pfd[k->cpus] = (struct pollfd){ .fd = k->wake[0], .events = POLLIN };
	while (!__atomic_load_n(&k->stop, __ATOMIC_ACQUIRE)) {
		if (poll(pfd, pfd ? k->cpus + 1 : 0, LOOK_MS) > 0) {
			/* The command has ended: its events have nothing more to tell. */
			for (int i = 0; i < k->cpus; i++) {
				if (pfd[i].revents & POLLHUP)
					pfd[i].fd = -1;
			}
		}
		drain_all(k);
	}
	free(pfd);
	return NULL;
}

int kswitch_start(struct kswitch *k)
{
	int err;

	if (pipe2(k->wake, O_CLOEXEC))
		return -errno;
	err = -pthread_create(&k->reader, NULL, reader, k);
	k->has_reader = !err;
	return err;
}

int kswitch_stop(struct kswitch *k)
{
	uint64_t now;

	if (k->has_reader) {
		__atomic_store_n(&k->stop, true, __ATOMIC_RELEASE);
		/* Its poll() ends; else it does by its time limit. */
		close(k->wake[1]);
		k->wake[1] = -1;
		pthread_join(k->reader, NULL);
		k->has_reader = false;
	}
	for (int i = 0; i < k->cpus; i++) {
		if (k->buffer[i].fd >= 0)
			ioctl(k->buffer[i].fd, PERF_EVENT_IOC_DISABLE, 0);
	}
	now = now_ns();
	drain_all(k);
	for (int i = 0; i < k->cpus; i++) {
		struct buffer *b = &k->buffer[i];
		const struct kswitch_thread *t = b->open ? kswitch_thread(k, b->tid) : NULL;

		if (b->open)
			close_stay(k, b, t ? t->pid : b->tid, now, KSWITCH_RUNS);
	}
	return k->err;
}

void kswitch_close(struct kswitch *k)
{
	size_t page = sysconf(_SC_PAGESIZE);

	for (int i = 0; k->buffer && i < k->cpus; i++) {
		struct buffer *b = &k->buffer[i];

		if (b->map)
			munmap(b->map, b->size + page);
		if (b->fd >= 0)
			close(b->fd);
		free(b->chunk);
		free(b->read);
	}
	for (int i = 0; i < 2; i++) {
		if (k->wake[i] >= 0)
			close(k->wake[i]);
	}
	if (k->spool >= 0)
		close(k->spool);
	free(k->buffer);
	free(k->thread);
	free(k);
}

/* ------------------------------------------------------------------- reading */

/* The next chunk of @b, or what never came to be one. Return: 0, or a negative errno. */
static int load(struct kswitch *k, struct buffer *b)
{
	const size_t size = sizeof(b->stay);
	ssize_t got;

	b->from = b->left = 0;
	if (b->at > b->chunks)
		return 0;
	if (b->at == b->chunks) {
		memcpy(b->read, b->stay, size);
		b->left = b->n;
	} else {
		got = pread(k->spool, b->read, size, (off_t)b->chunk[b->at] * size);
		if (got != (ssize_t)size)
			return got < 0 ? -errno : -EIO;
		b->left = CHUNK;
	}
	b->at++;
	return 0;
}

static int rewind_all(struct kswitch *k)
{
	int err = 0;

	for (int i = 0; i < k->cpus && !err; i++) {
		struct buffer *b = &k->buffer[i];

		if (!b->read)
			b->read = malloc(sizeof(b->stay));
		if (!b->read)
			return -ENOMEM;
		b->at = 0;
		err = load(k, b);
	}
	return err;
}

/* The one that begins first, of all that come next. NULL: there are no more. */
static struct buffer *first(const struct kswitch *k)
{
	struct buffer *best = NULL;

	for (int i = 0; i < k->cpus; i++) {
		struct buffer *b = &k->buffer[i];

		if (b->from < b->left &&
		    (!best || b->read[b->from].begin < best->read[best->from].begin))
			best = b;
	}
	return best;
}

int kswitch_each(struct kswitch *k,
		 int (*fn)(void *arg, const struct kswitch_stay *s, const struct kswitch_thread *t),
		 void *arg)
{
	int err = rewind_all(k);
	struct buffer *b;

	for (size_t i = 0; i < KSWITCH_THREADS; i++)
		k->thread[i].last = 0;
	while (!err && (b = first(k)) != NULL) {
		struct kswitch_stay s = b->read[b->from++];
		struct kswitch_thread *t = place(k, s.tid);

		/* By clocks of different CPUs, of which one may be ahead by a little. */
		if (s.begin < t->last)
			s.begin = t->last;
		if (s.end < s.begin)
			s.end = s.begin;
		err = fn(arg, &s, t);
		t->last = s.end;
		t->last_left = s.left;
		if (!err && b->from == b->left)
			err = load(k, b);
	}
	return err;
}
