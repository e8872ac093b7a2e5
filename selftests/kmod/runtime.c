// SPDX-License-Identifier: GPL-2.0-only
/* /proc/gvt/runtime: what a user-space runtime publishes through its page. */
#include <linux/gvt.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "counters.h"
#include "child.h"

#define PAGE	GVT_RUNTIME_SIZE

static int open_runtime(void)
{
	return open(GVT_RUNTIME_FILE, O_RDWR | O_CLOEXEC);
}

static struct gvt_runtime_page *map_runtime(int fd)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

/* Some numbers in some slots, the first and the last among them. */
static void publish(struct gvt_runtime_page *p)
{
	static const unsigned int used[] = { 0, 1, 17, GVT_RUNTIME_SLOTS - 1 };
	unsigned int i;

	p->version = GVT_RUNTIME_VERSION;
	p->nslots = GVT_RUNTIME_SLOTS;
	p->goroutine_peak = 77;
	for (i = 0; i < ARRAY_SIZE(used); i++) {
		p->slot[used[i]] = (struct gvt_runtime_slot){
			.goroutine_creations = 100,
			.goroutine_exits = 60,
			.goroutine_switches = 1000000,
			.goroutine_parks = 300,
			.goroutine_steals = 20,
			.goroutine_handoffs = 3,
			.goroutine_preemptions = 2,
		};
	}
	__atomic_store_n(&p->magic, GVT_RUNTIME_MAGIC, __ATOMIC_RELEASE);
}

struct user_side {
	long creations, exits, switches, parks, steals, handoffs, preemptions;
};

static struct user_side read_user_side(void)
{
	char *text = read_file(GVT_DIR "stat");
	struct user_side u = {
		find_key(text, "goroutine_creations"), find_key(text, "goroutine_exits"),
		find_key(text, "goroutine_switches"), find_key(text, "goroutine_parks"),
		find_key(text, "goroutine_steals"), find_key(text, "goroutine_handoffs"),
		find_key(text, "goroutine_preemptions"),
	};

	free(text);
	return u;
}

static void check_added(struct __test_metadata *_metadata, struct user_side a, struct user_side b)
{
	EXPECT_EQ(400, b.creations - a.creations);
	EXPECT_EQ(240, b.exits - a.exits);
	EXPECT_EQ(4000000, b.switches - a.switches);
	EXPECT_EQ(1200, b.parks - a.parks);
	EXPECT_EQ(80, b.steals - a.steals);
	EXPECT_EQ(12, b.handoffs - a.handoffs);
	EXPECT_EQ(8, b.preemptions - a.preemptions);
}

static void check_row(struct __test_metadata *_metadata, int pid, const char *state)
{
	long kernel, ratio;
	struct row row;

	ASSERT_TRUE(get_row(&row, pid, state));
	EXPECT_EQ(160, row_number(&row, "goroutines_alive"));
	EXPECT_EQ(77, row_number(&row, "goroutines_peak"));
	EXPECT_EQ(400, row_number(&row, "goroutine_creations"));
	EXPECT_EQ(4000000, row_number(&row, "goroutine_switches"));
	EXPECT_EQ(1200, row_number(&row, "goroutine_parks"));
	EXPECT_EQ(80, row_number(&row, "goroutine_steals"));
	kernel = row_number(&row, "voluntary_ctxt_switches") +
		 row_number(&row, "nonvoluntary_ctxt_switches");
	if (kernel) {
		ratio = row_number(&row, "goroutine_switches_per_kernel_switch");
		EXPECT_EQ(4000000 / kernel, ratio);
	} else {
		EXPECT_STREQ("-", row_text(&row, "goroutine_switches_per_kernel_switch"));
	}
	put_row(&row);
}

static void publisher(struct child *me, void *arg)
{
	struct gvt_runtime_page *p = map_runtime(open_runtime());

	if (!p)
		_exit(98);
	say(me);
	hear(me);
	publish(p);
	say(me);
	hear(me);
	if (p->state != GVT_RUNTIME_LIVE)
		_exit(97);
}

TEST(published_read_and_kept)
{
	struct child c = child_start(publisher, NULL);
	struct user_side before;

	ASSERT_TRUE(hear(&c));
	/* Mapping it watches the process; until the magic is there it says nothing. */
	EXPECT_EQ(NONE, process_number(c.pid, "live", "goroutines_alive"));
	ASSERT_TRUE(has_row(c.pid, "live"));
	before = read_user_side();
	say(&c);
	ASSERT_TRUE(hear(&c));
	check_row(_metadata, c.pid, "live");
	check_added(_metadata, before, read_user_side());
	say(&c);
	EXPECT_EQ(0, child_wait(&c));
	check_row(_metadata, c.pid, "ended");
	check_added(_metadata, before, read_user_side());
	/* Also when its row goes. */
	ASSERT_EQ(0, watch_pid("-", c.pid, ""));
	check_added(_metadata, before, read_user_side());
}

TEST(closed_unmapped_and_opened_again)
{
	struct user_side before = read_user_side();
	struct gvt_runtime_page *p;
	unsigned int i;
	int fd;

	/* More often than there may be pages at a time. */
	for (i = 0; i < 300; i++) {
		fd = open_runtime();
		p = map_runtime(fd);
		ASSERT_NE(NULL, p);
		p->slot[0].goroutine_creations = 2;
		p->slot[0].goroutine_exits = 1;
		p->version = GVT_RUNTIME_VERSION;
		p->magic = GVT_RUNTIME_MAGIC;
		/* Either may come first: the mapping holds the file. */
		if (i & 1)
			close(fd);
		munmap(p, PAGE);
		if (!(i & 1))
			close(fd);
	}
	EXPECT_EQ(600, read_user_side().creations - before.creations);
	EXPECT_EQ(600, process_number(getpid(), "live", "goroutine_creations"));
	EXPECT_EQ(300, process_number(getpid(), "live", "goroutines_alive"));
}

TEST(row_taken_away_under_the_page)
{
	struct gvt_runtime_page *p = map_runtime(open_runtime());
	struct user_side before = read_user_side();

	ASSERT_NE(NULL, p);
	publish(p);
	ASSERT_EQ(0, watch("-self"));
	check_added(_metadata, before, read_user_side());
	ASSERT_EQ(0, watch("self"));
	ASSERT_TRUE(has_row(getpid(), "live"));
	EXPECT_EQ(NONE, process_number(getpid(), "live", "goroutines_alive"));
	munmap(p, PAGE);
	check_added(_metadata, before, read_user_side());
}

TEST(not_in_use)
{
	static const struct { __u32 magic, version; } bad[] = {
		{ 0, GVT_RUNTIME_VERSION },
		{ GVT_RUNTIME_MAGIC + 1, GVT_RUNTIME_VERSION },
		{ 0xffffffff, GVT_RUNTIME_VERSION },
		{ GVT_RUNTIME_MAGIC, 0 },
		{ GVT_RUNTIME_MAGIC, GVT_RUNTIME_VERSION + 1 },
	};
	struct gvt_runtime_page *p = map_runtime(open_runtime());
	struct user_side before = read_user_side();
	unsigned int i;

	ASSERT_NE(NULL, p);
	publish(p);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		p->magic = bad[i].magic;
		p->version = bad[i].version;
		EXPECT_EQ(before.creations, read_user_side().creations);
		EXPECT_EQ(NONE, process_number(getpid(), "live", "goroutine_creations"));
	}
}

/* Whatever it says is a number; more than the page has room for isn't looked at. */
TEST(garbage)
{
	struct gvt_runtime_page *p = map_runtime(open_runtime());
	struct row row;
	unsigned int i;

	ASSERT_NE(NULL, p);
	for (i = 0; i < 16; i++) {
		memset(p, i * 0x11, PAGE);
		p->version = GVT_RUNTIME_VERSION;
		p->nslots = 0xffffffff - i;
		p->magic = GVT_RUNTIME_MAGIC;
		ASSERT_TRUE(get_row(&row, getpid(), "live"));
		EXPECT_NE(NONE, row_number(&row, "goroutines_alive"));
		EXPECT_EQ(getpid(), row_number(&row, "root"));
		put_row(&row);
		EXPECT_NE(NONE, gvt_stat("goroutine_exits"));
	}
	/* More exits than creations: none alive, not 2^64. */
	memset(p->slot, 0, sizeof(p->slot));
	p->slot[3].goroutine_exits = 5;
	EXPECT_EQ(0, process_number(getpid(), "live", "goroutines_alive"));
	/* Leave the totals as they were. */
	p->magic = 0;
}

static int map_answer(int fd, size_t size, int prot, int flags, off_t offset)
{
	void *page = mmap(NULL, size, prot, flags, fd, offset);

	if (page == MAP_FAILED)
		return -errno;
	munmap(page, size);
	return 0;
}

TEST(mappings_refused)
{
	int rw = PROT_READ | PROT_WRITE, fd = open_runtime();
	long watched = gvt_stat("processes_watched");

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, map_answer(fd, PAGE, rw, MAP_PRIVATE, 0));
	EXPECT_EQ(-EINVAL, map_answer(fd, 2 * PAGE, rw, MAP_SHARED, 0));
	EXPECT_EQ(-EINVAL, map_answer(fd, PAGE, rw, MAP_SHARED, PAGE));
	EXPECT_EQ(-EPERM, map_answer(fd, PAGE, rw | PROT_EXEC, MAP_SHARED, 0));
	/* None of them watched anybody, or used the file up. */
	EXPECT_EQ(watched, gvt_stat("processes_watched"));
	EXPECT_FALSE(has_row(getpid(), "live"));
	EXPECT_EQ(0, map_answer(fd, PAGE, rw, MAP_SHARED, 0));
	EXPECT_EQ(-EBUSY, map_answer(fd, PAGE, rw, MAP_SHARED, 0));
	close(fd);
	fd = open(GVT_RUNTIME_FILE, O_RDONLY);
	EXPECT_EQ(-EACCES, map_answer(fd, PAGE, rw, MAP_SHARED, 0));
}

TEST(mapped_twice)
{
	int fd = open_runtime();

	ASSERT_NE(NULL, map_runtime(fd));
	EXPECT_EQ(NULL, map_runtime(fd));
	EXPECT_EQ(EBUSY, errno);
}

TEST(a_few_pages_for_one_process)
{
	unsigned int n;

	for (n = 0; n < 100 && map_runtime(open_runtime()); n++)
		;
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(4, n);
}

TEST(files_are_bounded)
{
	long max = module_param("max_watch"), n;
	int last = -1, fd;

	for (n = 0; n <= max; n++) {
		fd = open_runtime();
		if (fd < 0)
			break;
		last = fd;
	}
	EXPECT_GT(0, fd);
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(max, n);
	close(last);
	fd = open_runtime();
	EXPECT_LE(0, fd);
}

static void map_and_end(struct child *me, void *arg)
{
	_exit(!map_runtime(open_runtime()));
}

/* They come faster than rows are tended: whoever opens the file makes room for one more. */
TEST(rows_of_those_who_map_are_bounded)
{
	long max_ended = module_param("max_ended"), n = 0;
	const char *line = NULL;
	struct child c;
	unsigned int i;
	char *text;

	for (i = 0; i < 200; i++) {
		c = child_start(map_and_end, NULL);
		ASSERT_EQ(0, child_wait(&c));
	}
	text = read_file(GVT_DIR "process");
	while ((line = find_row(text, line, "state", "ended")))
		n++;
	free(text);
	EXPECT_LT(0, n);
	/* And the one that came last. */
	EXPECT_LE(n, max_ended + 1);
}

TEST(cannot_be_made_executable_or_larger)
{
	struct gvt_runtime_page *p = map_runtime(open_runtime());

	ASSERT_NE(NULL, p);
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	p->reserved[0] = 1;
}

TEST(no_read_no_write)
{
	char byte = 0;
	int fd = open_runtime();

	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(-1, write(fd, &byte, 1));
}

struct touched {
	struct gvt_runtime_page *page;
};

static void touch(struct child *me, void *arg)
{
	struct touched *t = arg;

	t->page->slot[0].goroutine_creations++;
}

/* A child of fork has no part in the page, and its parent none in what it does. */
TEST(fork_does_not_inherit_it)
{
	int fd = open_runtime();
	struct touched t = { map_runtime(fd) };
	struct child c;

	ASSERT_NE(NULL, t.page);
	publish(t.page);
	c = child_start(touch, &t);
	EXPECT_EQ(128 + SIGSEGV, child_wait(&c));
	EXPECT_FALSE(has_row(c.pid, "ended"));
	check_row(_metadata, getpid(), "live");
}

static void keeps_file(struct child *me, void *arg)
{
	say(me);
	hear(me);
}

/* An heir of the descriptor keeps the page, not the process: its last word stays. */
static void dies_with_an_heir(struct child *me, void *arg)
{
	struct gvt_runtime_page *p = map_runtime(open_runtime());
	struct child heir;

	if (!p)
		_exit(98);
	publish(p);
	heir = child_start(keeps_file, NULL);
	prctl(PR_SET_PDEATHSIG, 0);
	hear(&heir);
	*(int *)arg = heir.pid;
}

TEST(an_heir_of_the_descriptor)
{
	int *heir = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct child c = child_start(dies_with_an_heir, heir);

	EXPECT_EQ(0, child_wait(&c));
	check_row(_metadata, c.pid, "ended");
	ASSERT_EQ(0, watch_pid("-", c.pid, ""));
	EXPECT_FALSE(has_row(c.pid, "ended"));
}

static void killed(struct child *me, void *arg)
{
	struct gvt_runtime_page *p = map_runtime(open_runtime());

	if (!p)
		_exit(98);
	publish(p);
	say(me);
	pause();
}

TEST(killed_in_between)
{
	struct child c = child_start(killed, NULL);

	ASSERT_TRUE(hear(&c));
	kill(c.pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(&c));
	check_row(_metadata, c.pid, "ended");
}

static void execs(struct child *me, void *arg)
{
	struct gvt_runtime_page *p = map_runtime(open_runtime());

	if (!p)
		_exit(98);
	publish(p);
	execl("/bin/sleep", "sleep", "1000", NULL);
	_exit(97);
}

/* A new program has no goroutines; what the old one had is not forgotten. */
TEST(exec_unmaps_it)
{
	struct child c = child_start(execs, NULL);
	struct row row;
	unsigned int i;
	bool there = false;

	for (i = 0; i < 1000 && !there; i++) {
		usleep(10000);
		if (get_row(&row, c.pid, "live")) {
			there = !strcmp(row_text(&row, "comm"), "sleep");
			put_row(&row);
		}
	}
	ASSERT_TRUE(there);
	check_row(_metadata, c.pid, "live");
	kill(c.pid, SIGKILL);
	child_wait(&c);
	check_row(_metadata, c.pid, "ended");
}

#define NOBODY	65534

static void as_nobody(struct child *me, void *arg)
{
	if (setgid(NOBODY) || setuid(NOBODY))
		_exit(98);
	publisher(me, arg);
}

TEST(anybody_may)
{
	struct child c = child_start(as_nobody, NULL);

	ASSERT_TRUE(hear(&c));
	say(&c);
	ASSERT_TRUE(hear(&c));
	check_row(_metadata, c.pid, "live");
	say(&c);
	EXPECT_EQ(0, child_wait(&c));
}

TEST_HARNESS_MAIN
