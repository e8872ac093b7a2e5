/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test.h - what the tests of libgo share
 *
 * The harness runs each TEST in a child process and judges it by its exit
 * status. Its ASSERT_*() macros leave a test by longjmp(), which must not cross
 * stacks: they are for the body of a TEST, which runs on the thread's own stack.
 * Inside goroutines (and foreign threads) CHECK*() is used: it says what was
 * wrong and ends the whole child at once, so that nothing runs on with wrong
 * values and no failure can turn into a hang.
 *
 * No test asserts on time. Where something has to come to pass sooner or later,
 * it is polled for without a limit, and the harness' timeout is the limit.
 */
#ifndef LIBGO_TEST_H
#define LIBGO_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <kselftest_harness.h>
#include <libgo.h>

#if defined(__SANITIZE_ADDRESS__)
#define TEST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_TSAN 1
#endif
#endif
#if __has_include("valgrind/valgrind.h")
#include <valgrind/valgrind.h>
#define TEST_VALGRIND ((int)RUNNING_ON_VALGRIND)
#else
#define TEST_VALGRIND 0
#endif
#ifndef TEST_ASAN
#define TEST_ASAN 0
#endif
#ifndef TEST_TSAN
#define TEST_TSAN 0
#endif

/*
 * The longest that any one test may take, on a loaded machine; a guard against hangs, of
 * which a broken library has many, so no longer than it must be.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT (TEST_ASAN || TEST_TSAN ? 300 : 100)

#define __maybe_unused __attribute__((__unused__))
#define noinline __attribute__((__noinline__))

/*
 * Sizes that cannot be had are asked for on purpose: NULL, as malloc() answers. TSan
 * sleeps a second before each exit otherwise; many tests are several processes.
 */
#if TEST_ASAN
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
#endif
#if TEST_TSAN
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1:atexit_sleep_ms=0";
}
#endif

#define MS	(INT64_C(1000000))

/* This thread's errno, at an address that no compiler remembers over a wait. */
static noinline __maybe_unused int get_errno(void)
{
	int e = errno;

	__asm__ volatile("" : "+r"(e) : : "memory");
	return e;
}

static noinline __maybe_unused void set_errno(int e)
{
	__asm__ volatile("" : "+r"(e) : : "memory");
	errno = e;
}

#define rd(x)		__atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define wr(x, v)	__atomic_store_n(&(x), (v), __ATOMIC_RELEASE)
#define inc(x)		__atomic_add_fetch(&(x), 1, __ATOMIC_ACQ_REL)

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		dprintf(2, "# %s:%d: %s: not so: %s\n", __FILE__,	\
			__LINE__, __func__, #cond);			\
		_exit(1);						\
	}								\
} while (0)

#define CHECK_EQ(expected, seen) do {					\
	intmax_t e_ = (intmax_t)(expected), s_ = (intmax_t)(seen);	\
	if (e_ != s_) {							\
		dprintf(2, "# %s:%d: %s: %s is %jd, not %s (%jd)\n",	\
			__FILE__, __LINE__, __func__, #seen, s_,	\
			#expected, e_);					\
		_exit(1);						\
	}								\
} while (0)

/* In a goroutine: wait until @cond holds, letting others run. */
#define until(cond) do { while (!(cond)) go_yield(); } while (0)

/* On a plain thread: the same. */
#define thread_until(cond) do { while (!(cond)) usleep(200); } while (0)

/* In the lab virtual machine, which scripts/vm says, where that is emulated. */
static inline __maybe_unused bool in_emulated_vm(void)
{
	const char *vm = getenv("GVT_VM");

	return vm && strcmp(vm, "kvm") != 0;
}

/* How often to do something that is done often: sanitizers and emulators cost a factor. */
static inline __maybe_unused size_t scaled(size_t n)
{
	/* Valgrind runs one thread at a time, slowly: much is cut more than little. */
	const size_t much = n > 1000 ? 100 : 10;
	const size_t by = TEST_VALGRIND ? much : TEST_TSAN ? 10 :
			  TEST_ASAN || in_emulated_vm() ? 4 : 1;

	return n > by ? n / by : 1;
}

/*
 * What the harness' main() calls. The limits stand in constants, and under Valgrind, which
 * is found out while it runs, what is large takes longer.
 */
static inline __maybe_unused int run_tests(int argc, char **argv)
{
	struct __test_metadata *t;

	for (t = _fixture_global.tests; TEST_VALGRIND && t; t = t->next)
		t->timeout *= 10;
	return test_harness_run(argc, argv);
}

#define test_harness_run run_tests

static inline __maybe_unused struct go_chan *make_chan(size_t elem_size, size_t cap)
{
	struct go_chan *c = go_chan_make(elem_size, cap);

	CHECK(c);
	return c;
}

static inline __maybe_unused void start(void (*fn)(void *), void *arg)
{
	CHECK_EQ(0, go(fn, arg));
}

static inline __maybe_unused void start_n(int n, void (*fn)(void *))
{
	int i;

	for (i = 0; i < n; i++)
		start(fn, (void *)(intptr_t)i);
}

static inline __maybe_unused pthread_t start_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	CHECK_EQ(0, pthread_create(&t, NULL, fn, arg));
	return t;
}

static inline __maybe_unused void run_on(int procs, void (*fn)(void *), void *arg)
{
	go_maxprocs(procs);
	CHECK_EQ(0, go_run(fn, arg));
}

/*
 * Orders are decided by the run queue alone only with one P, and only while no
 * goroutine lost it in the midst (a busy machine may stop a thread for long):
 * the library counts that, and the run is then repeated.
 * Return: false where no run was left alone.
 */
static inline __maybe_unused bool run_undisturbed(void (*fn)(void *), void *arg)
{
	struct go_stats s;
	int i;

	for (i = 0; i < 20; i++) {
		run_on(1, fn, arg);
		go_stats(&s);
		if (!s.preemptions && !s.handoffs)
			return true;
	}
	return false;
}

#define UNDISTURBED(fn, arg) do {					\
	if (!run_undisturbed(fn, arg))					\
		SKIP(return, "this machine is too busy to fix an order");	\
} while (0)

/* Entries of a directory of /proc: open descriptors, threads. */
static inline __maybe_unused int count_entries(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	CHECK(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* Descriptors. The monitor has one more open now and then, for a moment. */
static inline __maybe_unused int count_fds(void)
{
	int least = count_entries("/proc/self/fd"), i;

	for (i = 0; i < 4; i++) {
		int n = count_entries("/proc/self/fd");

		if (n < least)
			least = n;
		usleep(200);
	}
	return least;
}

/*
 * A thread in this process that the program didn't make: TSan's own, or qemu-user's.
 * Only to be asked before threads are made.
 */
static inline __maybe_unused bool has_hidden_thread(void)
{
	return count_entries("/proc/self/task") > 1;
}

/*
 * Any thread that is none of libgo's might still wake somebody. TSan makes one of its
 * own for each process that makes threads, which cannot be told from the program's.
 */
#define NEEDS_DEADLOCKS() do {						\
	if (TEST_TSAN)							\
		SKIP(return, "TSan's own thread looks like one that could wake somebody"); \
} while (0)

static inline __maybe_unused uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* -------------------------------------------- processes that are to die */

struct child {
	int status;		/* as of waitpid() */
	size_t len;
	char err[1 << 16];	/* what it wrote to stderr */
};

/*
 * Run @fn in a child process and collect how it ended. Only where this process
 * has no other threads yet. The child is stopped by SIGALRM if it hangs.
 */
static inline __maybe_unused void run_child(struct child *c, void (*fn)(void *), void *arg)
{
	const struct rlimit no_core = { 0, 0 };
	int fds[2];
	ssize_t n;
	pid_t pid;

	CHECK_EQ(0, pipe(fds));
	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		setrlimit(RLIMIT_CORE, &no_core);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		alarm(200);
		fn(arg);
		_exit(0);
	}
	close(fds[1]);
	c->len = 0;
	while ((n = read(fds[0], c->err + c->len, sizeof(c->err) - 1 - c->len)) > 0)
		c->len += n;
	c->err[c->len] = '\0';
	close(fds[0]);
	CHECK_EQ(pid, waitpid(pid, &c->status, 0));
}

static inline __maybe_unused void show_child(const struct child *c)
{
	const char *p = c->err, *end;

	if (WIFSIGNALED(c->status))
		fprintf(stderr, "# the child died of signal %d; it wrote:\n",
			WTERMSIG(c->status));
	else
		fprintf(stderr, "# the child's status was %d; it wrote:\n",
			WEXITSTATUS(c->status));
	for (; *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, '\n');
		fprintf(stderr, "#   %.*s\n", (int)(end - p), p);
	}
}

/* The first line of @text that begins with @prefix, or NULL. */
static inline __maybe_unused const char *find_line(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	while (*text) {
		if (!strncmp(text, prefix, len))
			return text;
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
	return NULL;
}

static inline __maybe_unused const char *find_whole_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	while ((text = find_line(text, line))) {
		if (text[len] == '\n' || !text[len])
			return text;
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
	return NULL;
}

static inline __maybe_unused bool exited_with(const struct child *c, int status)
{
	return WIFEXITED(c->status) && WEXITSTATUS(c->status) == status;
}

/*
 * True where @fn ends its process by a panic: status 2, the line "panic: @text"
 * (a NULL @text: any), after it a line that begins with "goroutine N [running]:".
 */
static inline __maybe_unused bool panics(void (*fn)(void *), void *arg, const char *text)
{
	static struct child c;
	const char *line;
	char want[256];
	unsigned long id;
	int used = 0;

	run_child(&c, fn, arg);
	snprintf(want, sizeof(want), "panic: %s", text ? text : "");
	line = text ? find_whole_line(c.err, want) : find_line(c.err, want);
	if (line)
		line = find_line(line, "goroutine ");
	if (exited_with(&c, 2) && line &&
	    sscanf(line, "goroutine %lu [running]:%n", &id, &used) == 1 && used)
		return true;
	show_child(&c);
	fprintf(stderr, "# expected status 2, \"%s\" and \"goroutine N [running]:\"\n", want);
	return false;
}

#endif /* LIBGO_TEST_H */
