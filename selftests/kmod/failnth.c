// SPDX-License-Identifier: GPL-2.0-only
/*
 * failnth - what gvt.ko does when the kernel runs short of memory at any one point.
 *
 * /proc/self/fail-nth makes the n-th allocation (or copy from or to user space) of one
 * task fail. Each operation here is done with n = 1, 2, ... until it ends before the n-th.
 * Whatever n was, the operation either worked or changed nothing, the same done again
 * without a fault works, and so does everything else. That nothing leaked is not seen here
 * but by kmemleak, which whoever calls this asks (scripts/debug.d/guest does).
 *
 * Wants root, gvt.ko loaded, and a kernel with CONFIG_FAULT_INJECTION. Arguments choose
 * operations by how their names begin.
 */
#include <linux/gvt.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "counters.h"
#include "child.h"

#define PAGE		GVT_RUNTIME_SIZE
#define MAX_FAULTS	10000	/* an operation in which there is always one more is broken */

static const char *failure;	/* why the try that is under way is none to be content with */
static int fail_nth = -1;

static void broken(const char *fmt, ...)
{
	static char text[512];
	va_list args;

	if (failure)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	failure = text;
}

/* From here on the n-th fails. Writing it may not be what fails: nothing is armed yet. */
static void arm(unsigned int n)
{
	char number[16];
	int len = snprintf(number, sizeof(number), "%u", n);

	if (pwrite(fail_nth, number, len, 0) != len)
		broken("cannot write %s to fail-nth: %s", number, strerror(errno));
}

/*
 * No more. True: there was a fault. To read how many are left is itself a copy to the
 * user: if that is what fails, none had before. To write is one, too.
 */
static bool disarm(void)
{
	char left[16] = "";
	ssize_t len = pread(fail_nth, left, sizeof(left) - 1, 0);
	bool fault = len > 0 && !atoi(left);

	while (pwrite(fail_nth, "0", 1, 0) != 1)
		;
	return fault;
}

/* ------------------------------------------------------------------- the module */

static void *ko;
static size_t ko_size;

static bool load_ko(void)
{
	const char *path = getenv("GVT_KO"), *o = getenv("GVT_O");
	struct utsname uts;
	struct stat st;
	char text[512];
	int fd;

	uname(&uts);
	if (!path) {
		snprintf(text, sizeof(text), "%s/kmod/%s/gvt.ko", o ?: "../../..", uts.release);
		path = text;
	}
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		return false;
	ko_size = st.st_size;
	ko = malloc(ko_size);
	return ko && read(fd, ko, ko_size) == (ssize_t)ko_size && !close(fd);
}

/* From memory: no file system has a part in it. */
static int insert(void)
{
	return syscall(SYS_init_module, ko, ko_size, "") ? -errno : 0;
}

static int take_away(void)
{
	return syscall(SYS_delete_module, "gvt", O_NONBLOCK) ? -errno : 0;
}

static bool loaded(void)
{
	return !access("/sys/module/gvt", F_OK) || !access("/proc/gvt", F_OK);
}

/* --------------------------------------------------------- what has to hold always */

static const char *const files[] = {
	"stat", "cpu", "process", "thread", "hist/creation", "hist/runqueue", "hist/slice",
	"watch", "control",
};

static void try_file(const char *name)
{
	char path[64], *text;

	snprintf(path, sizeof(path), GVT_DIR "%s", name);
	text = read_file(path);
	if (!text)
		broken("cannot read %s afterwards: %s", path, strerror(errno));
	else if (strncmp(text, "version 1\n", 10))
		broken("%s begins afterwards with '%.20s'", path, text);
	free(text);
}

static bool watched(int pid)
{
	char *text = read_file(GVT_DIR "watch"), number[16];
	bool found;

	if (!text)
		return false;
	snprintf(number, sizeof(number), "%d", pid);
	found = find_row(text, NULL, "pid", number);
	free(text);
	return found;
}

/* A process can be watched, counted and left alone again; nobody is watched otherwise. */
static void check_usable(void)
{
	int ret;

	try_file("stat");
	if (gvt_stat("processes_watched"))
		broken("%ld processes are watched afterwards", gvt_stat("processes_watched"));
	ret = watch("self");
	if (ret || !has_row(getpid(), "live"))
		broken("cannot watch afterwards: %d", ret);
	ret = watch("-self");
	if (ret || watched(getpid()))
		broken("cannot stop watching afterwards: %d", ret);
}

static void check_all_usable(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		try_file(files[i]);
	check_usable();
}

/* Files that were opened, or failed to be, are all given back: there is room for the most. */
static void check_all_files(void)
{
	long max = module_param("max_watch"), count;
	int fds[4096];

	for (count = 0; count < max; count++) {
		fds[count] = open(GVT_RUNTIME_FILE, O_RDWR);
		if (fds[count] < 0) {
			broken("only %ld of %ld can be open now: %s", count, max, strerror(errno));
			break;
		}
	}
	while (count)
		close(fds[--count]);
}

/* ---------------------------------------------------------------- the operations */

/* Each does its thing once, the n-th allocation failing; returns whether one did. */

static bool try_open_as(const char *path, int flags, unsigned int n)
{
	int fd, err;
	bool fault;

	arm(n);
	fd = open(path, flags);
	err = errno;
	fault = disarm();
	if (fd < 0 && !fault)
		broken("open failed without a fault: %s", strerror(err));
	if (fd >= 0)
		close(fd);
	return fault;
}

static bool try_open(const char *path, unsigned int n)
{
	return try_open_as(path, O_RDONLY, n);
}

static bool try_open_runtime(const char *path, unsigned int n)
{
	bool fault = try_open_as(path, O_RDWR, n);

	if (!fault)
		check_all_files();
	return fault;
}

/* A reading that failed is begun anew through the same file. */
static bool try_read(const char *path, unsigned int n)
{
	int fd = open(path, O_RDONLY);
	char first[10], text[4096];
	ssize_t len;
	bool fault;

	arm(n);
	do {
		len = read(fd, text, sizeof(text));
	} while (len > 0);
	fault = disarm();
	if (len && !fault)
		broken("read failed without a fault: %s", strerror(errno));
	if (lseek(fd, 0, SEEK_SET) || read(fd, first, 10) != 10 || memcmp(first, "version 1\n", 10))
		broken("cannot be read again");
	close(fd);
	return fault;
}

static bool try_write(const char *path, const char *command, unsigned int n, int *ret)
{
	int fd = open(path, O_WRONLY);
	bool fault;

	arm(n);
	*ret = write(fd, command, strlen(command)) < 0 ? -errno : 0;
	fault = disarm();
	if (*ret && !fault)
		broken("'%s' failed without a fault: %s", command, strerror(-*ret));
	close(fd);
	return fault;
}

/* Watches this process; the argument is how. */
static bool try_watch(const char *command, unsigned int n)
{
	int ret;
	bool fault = try_write(GVT_DIR "watch", command, n, &ret);

	if (watched(getpid()) != !ret)
		broken("'%s' said %d, but did the opposite", command, ret);
	if (ret && watch(command))
		broken("'%s' does not work afterwards", command);
	if (watch("-self"))
		broken("cannot be undone");
	return fault;
}

/* A fork while its parent is watched: the kernel may be short of memory, the module not. */
static bool try_fork(const char *command, unsigned int n)
{
	bool fault;
	int pid;

	if (watch(command))
		broken("cannot watch");
	arm(n);
	pid = fork();
	if (!pid)
		_exit(0);
	fault = disarm();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (watch("-self"))
		broken("cannot be undone");
	return fault;
}

static bool try_unwatch(const char *command, unsigned int n)
{
	bool fault;
	int ret;

	if (watch(command))
		broken("cannot watch");
	fault = try_write(GVT_DIR "watch", "-self", n, &ret);
	if (watched(getpid()) != !!ret)
		broken("'-self' said %d, but did the opposite", ret);
	if (ret && watch("-self"))
		broken("'-self' does not work afterwards");
	return fault;
}

static bool is_on(const char *switch_name)
{
	char *text = read_file(GVT_DIR "control"), line[64];
	bool on;

	snprintf(line, sizeof(line), "\n%s on\n", switch_name);
	on = text && strstr(text, line);
	free(text);
	return on;
}

static bool try_switch(const char *name, bool on, unsigned int n)
{
	char command[64], before[64];
	bool fault;
	int ret;

	snprintf(before, sizeof(before), "%s %s", name, on ? "off" : "on");
	snprintf(command, sizeof(command), "%s %s", name, on ? "on" : "off");
	if (control(before) || is_on(name) == on)
		broken("cannot say '%s'", before);
	fault = try_write(GVT_DIR "control", command, n, &ret);
	if (is_on(name) != (ret ? !on : on))
		broken("'%s' said %d, but did the opposite", command, ret);
	if (control(command) || is_on(name) != on)
		broken("'%s' does not work afterwards", command);
	snprintf(before, sizeof(before), "%s off", name);
	if (control(before))
		broken("cannot say '%s'", before);
	return fault;
}

static bool try_on(const char *name, unsigned int n)
{
	return try_switch(name, true, n);
}

static bool try_off(const char *name, unsigned int n)
{
	return try_switch(name, false, n);
}

static bool try_reset(const char *command, unsigned int n)
{
	long before = gvt_stat("generation");
	bool fault;
	int ret;

	fault = try_write(GVT_DIR "control", command, n, &ret);
	if (gvt_stat("generation") != before + !ret)
		broken("'%s' said %d, but did the opposite", command, ret);
	return fault;
}

/*
 * What could not be mapped can be mapped then: nothing was used up. Where nothing else
 * is, so that it takes page tables too.
 */
static bool try_mmap(const char *path, unsigned int n)
{
	void *where = (void *)(0x100000000000ul + n * (1ul << 39)), *page;
	int fd = open(path, O_RDWR), err;
	bool fault;

	arm(n);
	page = mmap(where, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	err = errno;
	fault = disarm();
	if (page == MAP_FAILED) {
		if (!fault)
			broken("mmap failed without a fault: %s", strerror(err));
		if (watched(getpid()))
			broken("mmap failed (%s), but watches the process", strerror(err));
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (page == MAP_FAILED)
		broken("cannot be mapped afterwards: %s", strerror(errno));
	else
		*(volatile char *)page = 0;
	if (!watched(getpid()))
		broken("mapped, but not watched");
	if (watch("-self"))
		broken("cannot be undone");
	munmap(page, PAGE);
	close(fd);
	if (!fault)
		check_all_files();
	return fault;
}

/* Short of memory it isn't loaded at all, and may be later. */
static bool try_insmod(const char *unused, unsigned int n)
{
	bool fault;
	int ret;

	ret = take_away();
	if (ret || loaded())
		broken("cannot be unloaded: %d", ret);
	arm(n);
	ret = insert();
	fault = disarm();
	if (ret && !fault)
		broken("not loaded without a fault: %s", strerror(-ret));
	if (loaded() != !ret)
		broken("insmod said %d, but did the opposite", ret);
	if (ret)
		ret = insert();
	if (ret)
		broken("cannot be loaded afterwards: %s", strerror(-ret));
	return fault;
}

/* To go takes no memory that may not be had. */
static bool try_rmmod(const char *unused, unsigned int n)
{
	bool fault;
	int ret;

	if (watch("self+"))
		broken("cannot watch");
	arm(n);
	ret = take_away();
	fault = disarm();
	if (ret && !fault)
		broken("not unloaded without a fault: %s", strerror(-ret));
	if (loaded() != !!ret)
		broken("rmmod said %d, but did the opposite", ret);
	if (ret)
		ret = take_away();
	if (ret)
		broken("cannot be unloaded afterwards: %s", strerror(-ret));
	ret = insert();
	if (ret)
		broken("cannot be loaded afterwards: %s", strerror(-ret));
	return fault;
}

static const struct operation {
	const char *name;
	bool (*try)(const char *what, unsigned int n);
	const char *what;
} operations[] = {
	{ "open stat",		try_open, GVT_DIR "stat" },
	{ "open cpu",		try_open, GVT_DIR "cpu" },
	{ "open process",	try_open, GVT_DIR "process" },
	{ "open thread",	try_open, GVT_DIR "thread" },
	{ "open hist/creation",	try_open, GVT_DIR "hist/creation" },
	{ "open hist/runqueue",	try_open, GVT_DIR "hist/runqueue" },
	{ "open hist/slice",	try_open, GVT_DIR "hist/slice" },
	{ "open watch",		try_open, GVT_DIR "watch" },
	{ "open control",	try_open, GVT_DIR "control" },
	{ "open runtime",	try_open_runtime, GVT_RUNTIME_FILE },
	{ "read stat",		try_read, GVT_DIR "stat" },
	{ "read cpu",		try_read, GVT_DIR "cpu" },
	{ "read process",	try_read, GVT_DIR "process" },
	{ "read thread",	try_read, GVT_DIR "thread" },
	{ "read hist/creation",	try_read, GVT_DIR "hist/creation" },
	{ "read hist/runqueue",	try_read, GVT_DIR "hist/runqueue" },
	{ "read hist/slice",	try_read, GVT_DIR "hist/slice" },
	{ "read watch",		try_read, GVT_DIR "watch" },
	{ "read control",	try_read, GVT_DIR "control" },
	{ "watch self",		try_watch, "self" },
	{ "watch self+",	try_watch, "self+" },
	{ "watch -self",	try_unwatch, "self" },
	{ "watch -self, a tree", try_unwatch, "self+" },
	{ "fork, watched",	try_fork, "self" },
	{ "fork, inherited",	try_fork, "self+" },
	{ "control reset",	try_reset, "reset" },
	{ "control hist on",	try_on, "hist" },
	{ "control hist off",	try_off, "hist" },
	{ "control watch_all on",  try_on, "watch_all" },
	{ "control watch_all off", try_off, "watch_all" },
	{ "mmap runtime",	try_mmap, GVT_RUNTIME_FILE },
	{ "insmod",		try_insmod, NULL },
	{ "rmmod",		try_rmmod, NULL },
};

static void run(const struct operation *op)
{
	unsigned int n = 0;
	bool fault;

	failure = NULL;
	do {
		n++;
		fault = op->try(op->what, n);
		check_usable();
	} while (fault && !failure && n < MAX_FAULTS);
	check_all_usable();
	if (fault && !failure)
		broken("there is no end of faults");
	if (n == 1 && !failure)
		broken("no fault could be made in it");
	if (failure)
		ksft_print_msg("%s, fault %u: %s\n", op->name, n, failure);
	else
		ksft_print_msg("%s: faults: %u\n", op->name, n - 1);
	ksft_test_result(!failure, "%s\n", op->name);
}

/* ------------------------------------------------------------------------ set-up */

static bool set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", name);
	return !write_bytes(path, value, strlen(value));
}

/* Without these only allocations that can't wait fail, and each of them is told at length. */
static bool set_up_faults(void)
{
	return set("failslab/ignore-gfp-wait", "N") && set("failslab/verbose", "0") &&
	       set("fail_page_alloc/ignore-gfp-wait", "N") &&
	       set("fail_page_alloc/ignore-gfp-highmem", "N") &&
	       set("fail_page_alloc/min-order", "0") && set("fail_page_alloc/verbose", "0") &&
	       set("fail_usercopy/verbose", "0");
}

/* Those whose names begin as one of the arguments; without arguments all. */
static bool wanted(const struct operation *op, char **names)
{
	bool any = !*names;

	for (; *names; names++)
		any |= !strncmp(op->name, *names, strlen(*names));
	return any;
}

int main(int argc, char **argv)
{
	unsigned int i, n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	fail_nth = open("/proc/self/fail-nth", O_RDWR);
	if (fail_nth < 0)
		ksft_exit_skip("no /proc/self/fail-nth: this kernel has no CONFIG_FAULT_INJECTION\n");
	if (!set_up_faults())
		ksft_exit_skip("cannot set up faults in /sys/kernel/debug: %s\n", strerror(errno));
	if (!load_ko())
		ksft_exit_skip("gvt.ko is not found, to be loaded again: set GVT_KO\n");
	for (i = 0; i < ARRAY_SIZE(operations); i++)
		n += wanted(&operations[i], argv + 1);
	ksft_set_plan(n);
	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		if (wanted(&operations[i], argv + 1))
			run(&operations[i]);
	}
	ksft_finished();
}
