// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump.c - go_dump(): each goroutine with its number, state, name, entry function, frames
 * and creator; while the runtime goes on, from anywhere.
 *
 * Functions are not static, so that their names can be looked up.
 */
#include "dumptext.h"

#include <alloca.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/mman.h>

#define keep(x) __asm__ volatile("" : : "r"(x) : "memory")

#define WAITS "[chan receive"

static struct go_chan *ch, *full;
static struct go_waitgroup wg;
static struct go_mutex mutex, cond_mutex;
static struct go_rwmutex written, read_by;
static struct go_cond cond;
static struct go_sem sem;

/* The part on goroutine @id, up to the next empty line; NULL: it isn't there. */
static char *part(uint64_t id)
{
	static char buf[1 << 14];
	char head[64];
	const char *at, *end;

	snprintf(head, sizeof(head), "goroutine %" PRIu64 " [", id);
	at = find_line(text, head);
	if (!at)
		return NULL;
	end = strstr(at, "\n\n");
	snprintf(buf, sizeof(buf), "%.*s\n", end ? (int)(end - at) : (int)strlen(at), at);
	return buf;
}

static void must(uint64_t id, const char *head, const char *what)
{
	char *p = part(id);
	char want[256];

	snprintf(want, sizeof(want), "goroutine %" PRIu64 " %s\n", id, head);
	if (p && !strncmp(p, want, strlen(want)) && strstr(p, what))
		return;
	dprintf(2, "# goroutine %" PRIu64 ": not \"%s\" with \"%s\", in:\n%s\n", id, head, what,
		text);
	_exit(1);
}

/* Frame @name is there, @n times. */
static void has_frames(uint64_t id, const char *name, int n)
{
	const char *at = part(id);
	char want[64];
	int seen = 0;

	snprintf(want, sizeof(want), "\t%s+0x", name);
	for (; at && (at = strstr(at, want)); at++)
		seen++;
	if (seen == n)
		return;
	dprintf(2, "# goroutine %" PRIu64 ": %s is there %d times, not %d, in:\n%s\n", id, name,
		seen, n, text);
	_exit(1);
}

/* ------------------------------------------------------------ all the states */

struct waiter {
	void (*fn)(void *);
	const char *head, *frame;
};

static uint64_t waiter_id[13];

#define WAITER(name, ...)						\
void name(void *arg);							\
void name(void *arg)							\
{									\
	wr(*(uint64_t *)arg, go_id());					\
	__VA_ARGS__;							\
	keep(arg);							\
}

WAITER(du_recv, go_recv(ch, NULL))
WAITER(du_send, go_send(full, &ch))
WAITER(du_recv_nil, go_recv(NULL, NULL))
WAITER(du_send_nil, go_send(NULL, NULL))
WAITER(du_select, struct go_case c = { .op = GO_RECV, .chan = ch }; go_select(&c, 1))
WAITER(du_none, go_select(NULL, 0))
WAITER(du_sleep, go_sleep(INT64_MAX / 2))
WAITER(du_wait, go_wg_wait(&wg))
WAITER(du_lock, go_mutex_lock(&mutex))
WAITER(du_read, go_rwmutex_rdlock(&written))
WAITER(du_write, go_rwmutex_lock(&read_by))
WAITER(du_cond, go_mutex_lock(&cond_mutex); go_cond_wait(&cond, &cond_mutex))
WAITER(du_sem, go_sem_acquire(&sem, 1))

static struct waiter waiters[] = {
	{ du_recv, "[chan receive]: du_recv", "go_recv" },
	{ du_send, "[chan send]: du_send", "go_send" },
	{ du_recv_nil, "[chan receive (nil chan)]: du_recv_nil", "go_recv" },
	{ du_send_nil, "[chan send (nil chan)]: du_send_nil", "go_send" },
	{ du_select, "[select]: du_select", "go_select" },
	{ du_none, "[select (no cases)]: du_none", "go_select" },
	{ du_sleep, "[sleep]: du_sleep", "go_sleep" },
	{ du_wait, "[sync.WaitGroup.Wait]: du_wait", "go_wg_wait" },
	{ du_lock, "[sync.Mutex.Lock]: du_lock", "go_mutex_lock" },
	{ du_read, "[sync.RWMutex.RLock]: du_read", "go_rwmutex_rdlock" },
	{ du_write, "[sync.RWMutex.Lock]: du_write", "go_rwmutex_lock" },
	{ du_cond, "[sync.Cond.Wait]: du_cond", "go_cond_wait" },
	{ du_sem, "[semacquire]: du_sem", "go_sem_acquire" },
};

/*
 * Until @n goroutines have said who they are, and are in @state. One that is just
 * going to park already says so, but what is shown of its frames is older.
 */
static void settle(const uint64_t *id, size_t n, const char *state)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *p;

		until(rd(id[i]));
		do {
			go_yield();
			dump();
			p = part(id[i]);
			p = p && strstr(p, state) ? strstr(p, "\n\tdu_") : NULL;
		} while (!p);
	}
}

void du_main(void *arg);
void du_main(void *arg)
{
	size_t i;

	ch = make_chan(0, 0);
	full = make_chan(sizeof(void *), 1);
	go_send(full, &ch);
	go_wg_add(&wg, 1);
	go_mutex_lock(&mutex);
	go_rwmutex_lock(&written);
	go_rwmutex_rdlock(&read_by);
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		start(waiters[i].fn, &waiter_id[i]);
	settle(waiter_id, ARRAY_SIZE(waiters), "[");
	dump();
	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		const struct waiter *w = &waiters[i];

		must(waiter_id[i], w->head, "\ncreated by du_main+0x");
		has_frames(waiter_id[i], w->frame, 1);
		has_frames(waiter_id[i], strstr(w->head, "du_"), 1);
	}
	must(go_id(), "[running]: main: du_main", "\n\tdu_main+0x");
	has_frames(go_id(), "go_dump", 1);
	CHECK(!strstr(part(go_id()), "created by"));
}

TEST(states)
{
	run_on(1, du_main, NULL);
}

/* -------------------------------------------------------------------- frames */

static uint64_t deep_id, odd_id, libc_id, own_id, fresh_id, pinned_id, yielded_id;

void du_deep_inner(int n);
noinline void du_deep_inner(int n)
{
	char room[64];

	keep(room);
	if (n)
		du_deep_inner(n - 1);
	else
		go_recv(ch, NULL);
	keep(room);
}

WAITER(du_deep, du_deep_inner(9))

/* A stack that is aligned anew, and one whose frame's size nobody knows. */
void du_odd_inner(size_t n);
noinline void du_odd_inner(size_t n)
{
	char line[256] __attribute__((__aligned__(128)));
	char *some = alloca(n);

	keep(line);
	keep(some);
	go_recv(ch, NULL);
	keep(line);
	keep(some);
}

WAITER(du_odd, du_odd_inner((size_t)go_id() % 1000 + 1))

int du_compare(const void *a, const void *b);
int du_compare(const void *a, const void *b)
{
	go_recv(ch, NULL);
	keep(a);
	return 0;
}

WAITER(du_libc, int n[3] = { 3, 1, 2 }; qsort(n, 3, sizeof(n[0]), du_compare))
WAITER(du_own, du_deep_inner(2))
WAITER(du_fresh)
WAITER(du_pinned, go_recv(ch, NULL))

void du_yielded(void *arg);
void du_yielded(void *arg)
{
	wr(yielded_id, go_id());
	for (;;) {
		go_yield();
		keep(arg);
	}
}

static void frames_main(void *arg)
{
	const struct go_attr small = { .stack_size = 32 << 10, .name = "a small one" };
	const struct go_attr pinned = { .flags = GO_PINNED };

	ch = make_chan(0, 0);
	start(du_deep, &deep_id);
	start(du_odd, &odd_id);
	start(du_libc, &libc_id);
	CHECK_EQ(0, go_with(&small, du_own, &own_id));
	CHECK_EQ(0, go_with(&pinned, du_pinned, &pinned_id));
	start(du_yielded, NULL);
	settle(&deep_id, 1, WAITS);
	settle(&odd_id, 1, WAITS);
	settle(&libc_id, 1, WAITS);
	settle(&own_id, 1, WAITS);
	settle(&pinned_id, 1, WAITS);
	settle(&yielded_id, 1, "[runnable]");
	start(du_fresh, &fresh_id);
	dump();
	has_frames(deep_id, "du_deep_inner", 10);
	has_frames(deep_id, "du_deep", 1);
	has_frames(odd_id, "du_odd_inner", 1);
	has_frames(odd_id, "du_odd", 1);
	has_frames(libc_id, "du_compare", 1);
	has_frames(libc_id, "du_libc", 1);
	must(own_id, "[chan receive]: a small one: du_own", "\n\tgo_recv+0x");
	has_frames(own_id, "du_deep_inner", 3);
	must(pinned_id, "[chan receive, locked to thread]: du_pinned", "\n\tdu_pinned+0x");
	/* It has not started, so its number is not known here. */
	CHECK(strstr(text, "[runnable]: du_fresh\ncreated by "));
	must(yielded_id, "[runnable]: du_yielded", "\n\tgo_yield+0x");
	has_frames(yielded_id, "du_yielded", 1);
	/* The runtime's own frames are left out, where it is a library of its own. */
	CHECK(!strstr(text, "sched_park") && !strstr(text, "gvtgo_"));
}

TEST(frames)
{
	/* The one that has not begun would, where main loses its P. */
	setenv("LIBGO_DEBUG", "preempt=0", 1);
	run_on(1, frames_main, NULL);
}

/* ---------------------------------------------------------- from other places */

static int flag;
static pid_t spin_tid;

void du_spin(void *arg);
void du_spin(void *arg)
{
	wr(spin_tid, (pid_t)syscall(SYS_gettid));
	wr(*(uint64_t *)arg, go_id());
	wr(flag, 1);
	while (rd(flag) == 1)
		;
}

static void running_main(void *arg)
{
	uint64_t id;
	char want[128];

	start(du_spin, &id);
	until(rd(flag));
	dump();
	snprintf(want, sizeof(want), "\n\tgoroutine running on thread %d; stack unavailable\n",
		 (int)spin_tid);
	must(id, "[running]: du_spin", want);
	wr(flag, 2);
}

TEST(one_that_runs_elsewhere)
{
	run_on(2, running_main, NULL);
}

void *du_block(void *arg);
void *du_block(void *arg)
{
	wr(flag, 1);
	while (rd(flag) == 1)
		usleep(100);
	return NULL;
}

void du_blocks(void *arg);
void du_blocks(void *arg)
{
	*(uint64_t *)arg = go_id();
	go_blocking(du_block, NULL);
	wr(flag, 3);
	until(rd(flag) == 4);
}

static void blocking_main(void *arg)
{
	uint64_t id;

	wr(flag, 0);
	start(du_blocks, &id);
	until(rd(flag) == 1);
	dump();
	must(id, "[blocking call]: du_blocks", "\n\tgoroutine running on thread ");
	wr(flag, 2);
	until(rd(flag) == 3);
	dump();
	CHECK(!strstr(text, "blocking call"));
	wr(flag, 4);
}

TEST(one_in_a_blocking_call)
{
	run_on(1, blocking_main, NULL);
	run_on(2, blocking_main, NULL);
}

static void *dump_on_thread(void *arg)
{
	do
		dump();
	while (!strstr(text, "[chan receive]: main: foreign_main\n\tgo_recv+0x"));
	go_send(ch, NULL);
	return NULL;
}

void foreign_main(void *arg);
void foreign_main(void *arg)
{
	pthread_t t;

	ch = make_chan(0, 0);
	t = start_thread(dump_on_thread, NULL);
	go_recv(ch, NULL);
	pthread_join(t, NULL);
}

TEST(from_a_thread)
{
	EXPECT_EQ(-EPERM, go_dump(2));
	run_on(2, foreign_main, NULL);
	EXPECT_EQ(-EPERM, go_dump(2));
}

static void errors_main(void *arg)
{
	int fd = open("/dev/full", O_WRONLY);

	CHECK_EQ(-EBADF, go_dump(-1));
	CHECK(fd >= 0);
	CHECK_EQ(-ENOSPC, go_dump(fd));
	close(fd);
}

TEST(errors)
{
	run_on(1, errors_main, NULL);
}

/* A name that is gone, and one that ends with the last page there is. */
static void names_main(void *arg)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	struct go_attr gone = { .name = two }, last = { .name = two + 2 * page - 5 };
	struct go_attr over = { .name = two + page - 2 };
	uint64_t ids[3] = { 0 };

	CHECK(two != MAP_FAILED);
	ch = make_chan(0, 0);
	strcpy(two, "gone");
	strcpy(two + page - 2, "over");
	strcpy(two + 2 * page - 5, "last");
	CHECK_EQ(0, go_with(&gone, du_recv, &ids[0]));
	CHECK_EQ(0, go_with(&last, du_recv, &ids[1]));
	CHECK_EQ(0, go_with(&over, du_recv, &ids[2]));
	settle(ids, 3, WAITS);
	CHECK_EQ(0, munmap(two + 2 * page, page));
	dump();
	must(ids[0], "[chan receive]: gone: du_recv", "\tdu_recv+0x");
	must(ids[1], "[chan receive]: last: du_recv", "\tdu_recv+0x");
	must(ids[2], "[chan receive]: over: du_recv", "\tdu_recv+0x");
	CHECK_EQ(0, munmap(two, 2 * page));
	dump();
	must(ids[0], "[chan receive]: du_recv", "\tdu_recv+0x");
}

TEST(names)
{
	run_on(1, names_main, NULL);
}

/* ------------------------------------------------------------- while it goes on */

static int churning;
static uint64_t any_id;	/* of one that has run: who made it may have ended first */

void du_churn(void *arg);
void du_churn(void *arg)
{
	const struct go_attr own = { .stack_size = 16 << 10 };

	while (rd(churning)) {
		go_yield();
		go_with(&own, du_fresh, &any_id);
		go_sleep(0);
	}
}

/* Each line is of one of the shapes that there are. */
static void check_shape(void)
{
	const char *at = text;

	while (*at) {
		size_t len = strcspn(at, "\n");
		char line[512], state[64], rest[256];
		uint64_t id;
		int tid;

		snprintf(line, sizeof(line), "%.*s", (int)len, at);
		at += len + (at[len] == '\n');
		if (!*line || line[0] == '\t' ||
		    !strncmp(line, "created by ", 11) ||
		    sscanf(line, "goroutine %" SCNu64 " [%63[^]]]: %255s", &id, state, rest) == 3 ||
		    sscanf(line, "\tgoroutine running on thread %d;", &tid) == 1)
			continue;
		dprintf(2, "# what is this: %s\n", line);
		_exit(1);
	}
}

static void churn_main(void *arg)
{
	size_t i, n = scaled(40);

	ch = make_chan(0, 0);
	deep_id = 0;
	start(du_deep, &deep_id);
	settle(&deep_id, 1, WAITS);
	wr(churning, 1);
	start_n(8, du_churn);
	for (i = 0; i < n; i++) {
		dump();
		check_shape();
		/* Whatever the others do, one that waits is told as it is. */
		must(deep_id, "[chan receive]: du_deep", "created by ");
		has_frames(deep_id, "du_deep_inner", 10);
		go_yield();
	}
	wr(churning, 0);
	until(go_num() == 2);
}

TEST(while_others_come_and_go)
{
	if (has_hidden_thread() && !TEST_TSAN)
		SKIP(return, "qemu-user reads after it has asked: what is unmapped in between ends it");
	run_on(4, churn_main, NULL);
}

/* Two at once: each is whole. */
static int dumpers;

static void dump_twice(void *arg)
{
	char buf[1 << 14];
	int fd = memfd_create("dump", MFD_CLOEXEC);
	ssize_t n;

	CHECK(fd >= 0);
	CHECK_EQ(0, go_dump(fd));
	n = pread(fd, buf, sizeof(buf) - 1, 0);
	CHECK(n > 0);
	buf[n] = '\0';
	CHECK(strstr(buf, ": du_deep\n") && strstr(buf, "\tdu_deep+0x"));
	close(fd);
	inc(dumpers);
}

static void at_once_main(void *arg)
{
	ch = make_chan(0, 0);
	deep_id = 0;
	start(du_deep, &deep_id);
	settle(&deep_id, 1, WAITS);
	start_n(8, dump_twice);
	until(rd(dumpers) == 8);
}

TEST(several_at_once)
{
	run_on(4, at_once_main, NULL);
}

static void dump_waits(void *arg)
{
	go_recv(ch, NULL);
	keep(arg);
}

/* More than a pipe holds, and who reads it needs the only P. */
static void reads_pipe(void *arg)
{
	const int *fds = arg;
	char buf[4096];
	size_t all = 0;
	ssize_t n;

	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		all += (size_t)n;
	CHECK(all > 1 << 16);
	inc(dumpers);
}

static void to_a_pipe_main(void *arg)
{
	int fds[2], i;

	ch = make_chan(0, 0);
	CHECK_EQ(0, pipe(fds));
	for (i = 0; i < 1000; i++)
		start(dump_waits, NULL);
	start(reads_pipe, fds);
	CHECK_EQ(0, go_dump(fds[1]));
	close(fds[1]);
	until(rd(dumpers));
}

TEST(to_a_goroutine)
{
	run_on(1, to_a_pipe_main, NULL);
}

/* ------------------------------------- the unwinders of others, in a goroutine */

static void unwound_main(void *arg)
{
	void *frame[64];
	int n = backtrace(frame, 64);
	char **names = backtrace_symbols(frame, n);
	bool here = false;
	int i;

	CHECK(names && n > 1 && n < 10);
	for (i = 0; i < n; i++)
		here = here || strstr(names[i], "du_unwound");
	CHECK(here);
	/* The runtime's last frames are the end: nothing of libc's start, nothing made up. */
	CHECK(strstr(names[n - 1], "libgvtgo"));
	for (i = 0; i < n; i++)
		CHECK(!strstr(names[i], "__libc_start"));
	free(names);
}

void du_unwound(void *arg);
noinline void du_unwound(void *arg)
{
	unwound_main(arg);
	keep(arg);
}

TEST(backtrace_ends_at_the_entry)
{
	run_on(1, du_unwound, NULL);
}

TEST_HARNESS_MAIN
