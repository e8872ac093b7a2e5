// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm - the other side of loadloop: uses all of /proc/gvt while it comes and goes.
 *
 *	storm create		makes threads and processes, without end
 *	storm watch		watches itself with all its children, and forks
 *	storm read		reads every file, a little at a time
 *	storm map		maps the runtime page, counts into it; status 1 when the
 *				module went and did not say so in the page
 *	storm hold FILE		opens and maps all, creates FILE, and waits: status 0 when
 *				the module has gone, said so, and nothing else happened
 *
 * Ends, with status 0, when its standard input does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/gvt.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define GVT_DIR	"/proc/gvt/"

static const char *const files[] = {
	"stat",	 "cpu",	    "process",	     "thread",	      "watch",
	"control", "hist/creation", "hist/runqueue", "hist/slice",
};

#define NR_FILES	(sizeof(files) / sizeof(files[0]))

/* Also the pace: a storm, but one in which rmmod gets a turn on two slow CPUs. */
static int told_to_end(void)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };

	return poll(&p, 1, 1) > 0;
}

static void *no_work(void *arg)
{
	return arg;
}

static void create_some(void)
{
	pthread_t t[8];
	unsigned int i;
	int pid;

	for (i = 0; i < 8; i++) {
		if (pthread_create(&t[i], NULL, no_work, NULL))
			exit(1);
	}
	for (i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	pid = fork();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	pid = vfork();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static int open_file(const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), GVT_DIR "%s", name);
	return open(path, flags | O_CLOEXEC);
}

/* Errors are what this is about: the file may go at any time. */
static void watch_some(void)
{
	static const char *const commands[] = { "self+", "self", "-self" };
	static unsigned int turn;
	int fd = open_file("watch", O_WRONLY);
	const char *command = commands[turn++ % 3];

	if (fd < 0)
		return;
	if (write(fd, command, strlen(command)) > 0)
		create_some();
	close(fd);
}

static void read_some(void)
{
	char text[7];
	unsigned int i;
	int fd;

	for (i = 0; i < NR_FILES; i++) {
		fd = open_file(files[i], O_RDONLY);
		if (fd < 0)
			continue;
		while (read(fd, text, sizeof(text)) > 0)
			;
		close(fd);
	}
}

static struct gvt_runtime_page *map(int fd)
{
	void *page = mmap(NULL, GVT_RUNTIME_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

static void map_some(void)
{
	int fd = open_file("runtime", O_RDWR);
	struct gvt_runtime_page *page;
	unsigned int i;

	if (fd < 0)
		return;
	page = map(fd);
	if (page) {
		page->version = GVT_RUNTIME_VERSION;
		__atomic_store_n(&page->magic, GVT_RUNTIME_MAGIC, __ATOMIC_RELEASE);
		for (i = 0; i < 1000; i++)
			page->slot[i % GVT_RUNTIME_SLOTS].goroutine_switches++;
		/* Who goes first is left to chance. */
		if (i & getpid())
			close(fd);
		munmap(page, GVT_RUNTIME_SIZE);
	}
	close(fd);
}

static int fail(const char *what)
{
	fprintf(stderr, "storm: hold: %s\n", what);
	return 1;
}

static int hold(const char *ready)
{
	int fd = open_file("runtime", O_RDWR), held[NR_FILES];
	volatile struct gvt_runtime_page *page = map(fd);
	unsigned int i, tries = 0;
	char byte;

	if (!page)
		return fail("cannot map /proc/gvt/runtime");
	if (page->state != GVT_RUNTIME_LIVE)
		return fail("the page is not live at first");
	page->version = GVT_RUNTIME_VERSION;
	page->magic = GVT_RUNTIME_MAGIC;
	for (i = 0; i < NR_FILES; i++) {
		held[i] = open_file(files[i], O_RDONLY);
		if (held[i] < 0 || read(held[i], &byte, 1) != 1)
			return fail("cannot read a file that is there");
	}
	close(open(ready, O_CREAT | O_WRONLY, 0600));
	/* Until it is told, or the files are gone for long and it still isn't. */
	while (page->state == GVT_RUNTIME_LIVE && !told_to_end()) {
		page->slot[0].goroutine_switches++;
		if (access(GVT_DIR "stat", F_OK) && ++tries > 10000)
			break;
	}
	if (page->state != GVT_RUNTIME_DEAD)
		return fail("the page was not told that the module has gone");
	/* The page is told while the files are being taken away, one by one. */
	for (i = 0; i < NR_FILES; i++) {
		while (read(held[i], &byte, 1) >= 0) {
			if (told_to_end() || ++tries > 60000)
				return fail("a file can be read after the module has gone");
		}
	}
	if (map(fd))
		return fail("the page can be mapped after the module has gone");
	/* The memory stays ours. */
	page->slot[0].goroutine_switches = 42;
	return page->slot[0].goroutine_switches == 42 ? 0 : fail("the page has gone too");
}

int main(int argc, char **argv)
{
	void (*some)(void) = NULL;

	if (argc == 3 && !strcmp(argv[1], "hold"))
		return hold(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "create"))
		some = create_some;
	else if (argc == 2 && !strcmp(argv[1], "watch"))
		some = watch_some;
	else if (argc == 2 && !strcmp(argv[1], "read"))
		some = read_some;
	else if (argc == 2 && !strcmp(argv[1], "map"))
		some = map_some;
	if (!some) {
		fprintf(stderr, "usage: storm create|watch|read|map, storm hold FILE\n");
		return 2;
	}
	while (!told_to_end())
		some();
	return 0;
}
