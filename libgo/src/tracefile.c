// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tracefile.c - the file of LIBGO_TRACE: JSON in Chrome's trace event format, which Perfetto
 * reads too. What is recorded, and how, is in trace.c.
 *
 * A thread of its own empties the rings, every 20 ms and when one fills up. It waits for
 * nobody and nobody for it; where the disk is slower than the program, records are lost.
 *
 * Tracks: one for each P, on which goroutines are slices; one for each M, with slices for the
 * Ps that it has, and for the time in which it runs a goroutine without one. An M's is its
 * thread's number, a P's is 10,000,000 and its own: no thread has such a number (the kernel's
 * limit is 4,194,304). Times are CLOCK_MONOTONIC in microseconds with three decimals, so
 * nothing is rounded. An arrow is a pair of flow events, written together.
 *
 * The file is JSON at all times: each piece that is written ends in a tail (the slices that are
 * still open, as if they ended now, and what closes the file), and the next piece begins over
 * that. Only a process that is killed within the write leaves a file that ends in the midst of
 * it; the readers of this format take that. Who ends the process (exit(), panic, deadlock,
 * SIGQUIT) writes the rest first.
 *
 * Rings are read up to one moment, the same for all of them, though they grow meanwhile: what
 * is written tells all that had happened by then. So who readied somebody is there too.
 *
 * One process writes one file, however many runs it has. The file is locked while that goes
 * on: where another process has it (the child of a fork(), a program that was started by this
 * one and found the same setting), FILE.PID is written.
 *
 * Nothing here takes memory from malloc(), or a lock of libc's but the loader's, for names:
 * a thread that is held or suspended may have it.
 */
#include "tracefile.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVERY		(20 * NSEC_PER_MSEC)	/* the rings are read */
#define LOOK_EVERY	(50 * NSEC_PER_MSEC)	/* at the kernel's counters */

static struct file *file;
static uint32_t lock;		/* held while rings are read */
static uint32_t kicked;		/* futex */
static uint32_t stopping;
static bool has_thread;
static pthread_t thread;

/* Where the last run of this process wrote, for the next one. */
static struct {
	char wanted[512], path[512];	/* by the setting, and what it became */
	uint32_t pid;
	off_t end;
	uint64_t lost, arrows;
	bool empty;
} before;

/* -------------------------------------------------------------------- writing */

static void complain(const struct file *f, int err)
{
	char text[sizeof(f->path) + 128];
	int n = snprintf(text, sizeof(text), "gvt: LIBGO_TRACE: %s: %s\n", f->path,
			 strerror(err));

	/* Whether anybody reads it is not ours to deal with. */
	if (write(STDERR_FILENO, text, (size_t)n) < 0)
		return;
}

static NOINLINE int write_all(int fd, const char *at, size_t n, off_t to)
{
	while (n) {
		ssize_t got = pwrite(fd, at, n, to);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? errno : EIO;
		at += got;
		n -= (size_t)got;
		to += got;
	}
	return 0;
}

void trace_flush(struct file *f)
{
	int err = f->failed ? 0 : write_all(f->fd, f->out, f->n, f->at);

	if (err) {
		complain(f, err);
		f->failed = true;
	}
	f->at += (off_t)f->n;
	f->n = 0;
}

/*
 * What has come together is written, and the tail: mostly in one system call. Slices that are open end at @now; 0: when
 * their P was last heard of, since not all has been read yet.
 */
static void commit(struct file *f, uint64_t now)
{
	bool empty = f->empty;

	f->end = f->at + (off_t)f->n;
	f->dirty = false;
	for (uint32_t i = 0; i < GO_MAXPROCS_LIMIT; i++) {
		struct track *t = &f->track[i];
		bool open = t->open, stays = t->stays;

		json_end_p(f, i, LEFT_OPEN, now ? now : t->last);
		t->open = open;
		t->stays = stays;
	}
	if (f->n > OUT_BYTES - EVENT_BYTES)
		trace_flush(f);
	f->n += (size_t)snprintf(f->out + f->n, EVENT_BYTES,
				 "\n],\"displayTimeUnit\":\"ns\",\"otherData\":{\"pid\":%u,\"clock\":\"CLOCK_MONOTONIC\",\"records_lost\":%llu,\"kernel_preemptions\":\"%s\"}}\n",
				 f->pid, (unsigned long long)f->lost, f->counts_from);
	/* The last tail may have been longer. */
	while (f->at + (off_t)f->n < f->size) {
		if (f->n == OUT_BYTES)
			trace_flush(f);
		f->out[f->n++] = ' ';
	}
	trace_flush(f);
	f->size = f->at;
	f->at = f->end;
	f->empty = empty;
}

static void read_ring(struct file *f, uint32_t p, struct trace_ring *r)
{
	uint64_t tail = r->tail, head = load_acquire(&r->head);

	if (p < GO_MAXPROCS_LIMIT && !f->track[p].named) {
		char name[16];

		f->track[p].named = true;
		snprintf(name, sizeof(name), "P %u", p);
		json_name_track(f, FIRST_P + p, name, p);
	}
	while (tail != head) {
		uint64_t w[TRACE_WORDS];
		uint32_t n = r->word[(tail + 1) & r->mask] >> 8 & 0xff;

		if (r->word[tail & r->mask] > f->cut)
			break;
		for (uint32_t i = 0; i < n; i++)
			w[i] = r->word[(tail + i) & r->mask];
		/* Before one record, not in the midst of it. */
		if (f->n > OUT_BYTES / 2)
			commit(f, 0);
		json_record(f, p, w);
		tail += n;
		store_release(&r->tail, tail);
	}
}

/* All rings, up to @cut. */
static void drain(struct file *f, uint64_t cut)
{
	f->cut = cut;
	for (uint32_t i = 0; i < ARRAY_SIZE(trace_ring); i++) {
		struct trace_ring *r = load_acquire(&trace_ring[i]);

		if (r)
			read_ring(f, i, r);
	}
}

/* --------------------------------------------------------------------- thread */

static void *writer(void *arg)
{
	struct file *f = arg;

	while (!load_acquire(&stopping)) {
		int64_t now = go_now();

		store_seq(&kicked, 0);
		if (spin_trylock(&lock)) {
			if (f->fd >= 0 && now >= f->next_look) {
				trace_look_at_kernel(f);
				f->next_look = now + LOOK_EVERY;
			}
			if (f->fd >= 0)
				drain(f, (uint64_t)now);
			if (f->dirty)
				commit(f, (uint64_t)now);
			spin_unlock(&lock);
		}
		if (!load_acquire(&stopping))
			futex_wait(&kicked, 0, now + EVERY);
	}
	return NULL;
}

void tracefile_kick(void)
{
	if (!load_relaxed(&kicked)) {
		store_seq(&kicked, 1);
		futex_wake(&kicked, 1);
	}
}

/* Is there a thread of ours, beside those that the runtime always has? */
int trace_threads(void)
{
	return has_thread;
}

/* --------------------------------------------------------------- begin and end */

/* Opens @f->path; if another process writes that, or did and is our parent, FILE.PID. */
static int open_locked(struct file *f)
{
	bool theirs = before.pid && before.pid != f->pid && !strcmp(before.wanted, f->wanted);
	int fd;

	for (bool own = theirs;; own = true) {
		int n = own ? snprintf(f->path, sizeof(f->path), "%s.%u", f->wanted, f->pid) :
			      snprintf(f->path, sizeof(f->path), "%s", f->wanted);

		if (n >= (int)sizeof(f->path))
			return -ENAMETOOLONG;
		fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0)
			return -errno;
		/* Where locks don't work there is none. */
		if (!flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK || own)
			return fd;
		close(fd);
	}
}

/* The file is new, or it goes on where the last run of this process ended. */
static int start_file(struct file *f)
{
	static const char head[] = "{\"traceEvents\":[";
	struct stat st;

	f->fd = open_locked(f);
	if (f->fd < 0)
		return -f->fd;
	if (fstat(f->fd, &st))
		return errno;
	if (before.pid == f->pid && !strcmp(before.path, f->path) && st.st_size >= before.end) {
		f->at = f->end = before.end;
		f->size = st.st_size;
		f->lost = before.lost;
		f->arrows = before.arrows;
		f->empty = before.empty;
		return 0;
	}
	/* What can't be written to twice at the same place will say so. */
	if (S_ISREG(st.st_mode) && ftruncate(f->fd, 0))
		return errno;
	f->empty = true;
	json_text(f, head);
	return 0;
}

/* FILE, in which %p stands for the number of the process. False: too long. */
static bool set_path(struct file *f, const char *from)
{
	size_t n = 0;

	for (; *from; from++) {
		bool pid = from[0] == '%' && from[1] == 'p';
		size_t room = sizeof(f->wanted) - n;
		int len = pid ? snprintf(f->wanted + n, room, "%u", f->pid) :
				snprintf(f->wanted + n, room, "%c", *from);

		if (len >= (int)room)
			return false;
		n += (size_t)len;
		from += pid;
	}
	return true;
}

static void name_process(struct file *f)
{
	char name[NAME_BYTES];

	json_string(name, sizeof(name), program_invocation_short_name,
		    strlen(program_invocation_short_name));
	json_event(f, "M", "process_name", NULL);
	json_text(f, ",\"tid\":");
	json_number(f, f->pid);
	json_text(f, ",\"args\":{\"name\":\"");
	json_text(f, name);
	json_text(f, "\"}}");
	json_name_track(f, f->pid, "main thread", 10000);
}

static int start_thread(struct file *f)
{
	sigset_t all, old;
	int err;

	store_relaxed(&stopping, 0);
	store_relaxed(&kicked, 0);
	/* The program's signals are none of its business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, NULL, writer, f);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	has_thread = !err;
	if (!err)
		__atomic_add_fetch(&sched.threads_started, 1, __ATOMIC_RELAXED);
	return err;
}

/* A run begins. False: nothing is to be written, or can be, which is said. */
bool tracefile_begin(void)
{
	/* Not for a program that has more rights than who started it: it writes a file. */
	const char *path = secure_getenv("LIBGO_TRACE");
	struct file *f;
	int err = ENAMETOOLONG;

	if (!path || !*path)
		return false;
	f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (f == MAP_FAILED)
		return false;
	f->pid = (uint32_t)getpid();
	f->fd = -1;
	f->counts_from = "not known";
	snprintf(f->path, sizeof(f->path), "%s", path);
	if (set_path(f, path))
		err = start_file(f);
	if (err)
		goto err_file;
	trace_base = go_now();
	name_process(f);
	commit(f, (uint64_t)trace_base);
	lock = 0;
	memset(trace_thread, 0, sizeof(trace_thread));
	err = start_thread(f);
	if (err)
		goto err_file;
	file = f;
	return true;

err_file:
	complain(f, err);
	if (f->fd >= 0)
		close(f->fd);
	munmap(f, sizeof(*f));
	return false;
}

/* How the counters stand at the end. */
static void put_stats(struct file *f)
{
	struct gvt_runtime_slot sum;
	const uint64_t *value = (const uint64_t *)&sum;
	static const char *const names[] = { "created", "ended", "switches", "parks", "steals",
					     "handoffs", "preemptions" };

	stats_sum(&sum);
	json_event(f, "i", "go_stats", "trace");
	json_at(f, f->pid, (uint64_t)go_now());
	json_text(f, ",\"s\":\"p\",\"args\":{");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_text(f, i ? ",\"" : "\"");
		json_text(f, names[i]);
		json_text(f, "\":");
		json_number(f, value[i]);
	}
	json_text(f, "}}");
}

/* With the lock: all that there is, and what is still going on ends now. */
static void finish(struct file *f)
{
	uint64_t now = (uint64_t)go_now();

	drain(f, now);
	for (uint32_t i = 0; i < GO_MAXPROCS_LIMIT; i++) {
		struct trace_ring *r = load_acquire(&trace_ring[i]);

		if (!r)
			continue;
		json_end_p(f, i, LEFT_STOP, now);
		/* Not said in the ring yet. */
		f->lost += load_relaxed(&r->lost);
	}
	put_stats(f);
	commit(f, now);
	memcpy(before.wanted, f->wanted, sizeof(before.wanted));
	memcpy(before.path, f->path, sizeof(before.path));
	before.pid = f->pid;
	before.end = f->end;
	before.lost = f->lost;
	before.arrows = f->arrows;
	before.empty = f->empty;
	close(f->fd);
	f->fd = -1;
}

void tracefile_end(void)
{
	struct file *f = file;

	store_release(&stopping, 1);
	store_seq(&kicked, 1);
	futex_wake(&kicked, 1);
	if (has_thread)
		pthread_join(thread, NULL);
	has_thread = false;
	spin_lock(&lock);
	if (f->fd >= 0)
		finish(f);
	spin_unlock(&lock);
	file = NULL;
	munmap(f, sizeof(*f));
}

/*
 * The process ends, while goroutines may run. Whoever has the lock gives it back, unless
 * it was in need of what the caller has: then the file ends a little earlier.
 */
NOINLINE void trace_die(void)
{
	struct file *f = file;
	int64_t until;

	if (!trace_on || !f || f->pid != (uint32_t)getpid())
		return;
	for (until = go_now() + 2 * NSEC_PER_SEC; !spin_trylock(&lock); usleep(100))
		if (go_now() > until)
			return;
	if (f->fd >= 0)
		finish(f);
	spin_unlock(&lock);
}

/* exit() in a goroutine, or in a thread beside them. */
static __attribute__((__destructor__)) void trace_at_exit(void)
{
	trace_die();
}

/* The child of a fork() made while goroutines ran: the file is its parent's. */
void trace_in_child(void)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	file = NULL;
	has_thread = false;
	lock = 0;
	trace_on = 0;
}
