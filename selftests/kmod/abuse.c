// SPDX-License-Identifier: GPL-2.0-only
/*
 * What nobody should do to /proc/gvt, and many will: random writes to its commands, all
 * files read by a crowd while processes come and go, and ten thousand short lives to be
 * watched. The kernel has to stay silent (the lab machine looks at its log), memory
 * bounded, and the numbers right.
 */
#include <sys/mman.h>
#include <sys/random.h>

#include "counters.h"
#include "child.h"

static const char *const files[] = {
	"stat",	 "cpu",	    "process",	     "thread",	      "watch",
	"control", "hist/creation", "hist/runqueue", "hist/slice",
};

/* ------------------------------------------------------------------- fuzz */

#define WRITERS	4
#define WRITES	3000

/* A generator of our own, so that a seed that is printed can be tried again. */
static unsigned int next(unsigned long *state)
{
	*state = *state * 6364136223846793005ul + 1442695040888963407ul;
	return *state >> 33;
}

static const char *const words[] = {
	"self", "self+", "-self", "1", "1+", "-1", "2", "0", "-0", "+", "-", "99999999999",
	"4294967297", "-4294967295", "reset", "hist on", "hist off", "watch_all on",
	"watch_all off", " ", "\n", "\t", "++", "--", "0x1", "1e9", "%s%n", "\377\376",
};

/* A word, words run together, one with a byte changed, or no word at all; its length. */
static size_t make_text(unsigned long *state, char *text)
{
	unsigned int kind = next(state) % 8, i;
	size_t n = 0;

	if (kind == 7) {
		n = next(state) % 4096;
		for (i = 0; i < n; i++)
			text[i] = next(state);
		return n;
	}
	for (i = next(state) % 3 + (kind > 1); i; i--)
		n += sprintf(text + n, "%s", words[next(state) % ARRAY_SIZE(words)]);
	if (kind == 6 && n)
		text[next(state) % n] = next(state);
	return n;
}

/* A write is taken whole or refused with one of these (ESPIPE: pwrite). */
static bool answer_is_known(ssize_t ret, size_t n)
{
	if (ret >= 0)
		return (size_t)ret == n;
	return errno == EINVAL || errno == E2BIG || errno == ESRCH || errno == EPERM ||
	       errno == ENOSPC || errno == ENOMEM || errno == ESPIPE;
}

static bool write_once(unsigned long *state, int fd)
{
	static char text[4096];
	size_t n = make_text(state, text);
	ssize_t ret;

	switch (next(state) % 4) {
	case 0:	/* there is no place in the file to write to */
		ret = pwrite(fd, text, n, next(state));
		break;
	case 1:
		lseek(fd, next(state), SEEK_SET);
		ret = write(fd, text, n);
		break;
	case 2:	/* split: each half is a command of its own */
		ret = write(fd, text, n / 2);
		if (!answer_is_known(ret, n / 2))
			return false;
		n -= n / 2;
		ret = write(fd, text, n);
		break;
	default:
		ret = write(fd, text, n);
	}
	return answer_is_known(ret, n);
}

static void writer(struct child *me, void *arg)
{
	unsigned long state = *(unsigned long *)arg + me->pid;
	unsigned int i;
	int fd[2];

	fd[0] = open(GVT_DIR "watch", O_RDWR);
	fd[1] = open(GVT_DIR "control", O_RDWR);
	if (fd[0] < 0 || fd[1] < 0)
		_exit(97);
	say(me);
	hear(me);
	for (i = 0; i < WRITES; i++) {
		if (!write_once(&state, fd[next(&state) % 2])) {
			fprintf(stderr, "# write %u: errno %d\n", i, errno);
			_exit(1);
		}
	}
	_exit(0);
}

TEST(random_commands)
{
	struct child c[WRITERS];
	unsigned long seed;
	unsigned int i;

	ASSERT_EQ(sizeof(seed), getrandom(&seed, sizeof(seed), 0));
	TH_LOG("seed %lu", seed);
	for (i = 0; i < WRITERS; i++) {
		c[i] = child_start(writer, &seed);
		ASSERT_TRUE(hear(&c[i]));
	}
	for (i = 0; i < WRITERS; i++)
		say(&c[i]);
	for (i = 0; i < WRITERS; i++)
		EXPECT_EQ(0, child_wait(&c[i]));

	/* As good as new. */
	EXPECT_EQ(0, write_bytes(GVT_DIR "control", "watch_all off", 13));
	EXPECT_EQ(0, write_bytes(GVT_DIR "control", "hist off", 8));
	EXPECT_EQ(0, watch("self"));
	run_threads(3);
	EXPECT_EQ(3, process_number(getpid(), "live", "thread_creations"));
	EXPECT_EQ(0, watch("-self"));
	/* Somebody may have watched process 1; that is for root to end. */
	watch("-1");
}

/* ------------------------------------------------------------------ crowd */

#define READERS	64
#define READS	40

static bool adds_up(const char *stat)
{
	long sum = find_key(stat, "voluntary_ctxt_switches");

	sum += find_key(stat, "nonvoluntary_ctxt_switches");
	sum += find_key(stat, "idle_ctxt_switches");
	return sum == find_key(stat, "ctxt_switches");
}

/* Each in another way: whole, in small pieces, from the middle. */
static void reader(struct child *me, void *arg)
{
	unsigned int i, which = *(unsigned int *)arg;
	char path[64], *text;

	for (i = 0; i < READS; i++) {
		snprintf(path, sizeof(path), GVT_DIR "%s", files[(which + i) % ARRAY_SIZE(files)]);
		text = read_steps(path, i % 3 ? 4096 : 61);
		if (!text || strncmp(text, "version 1\n", 10))
			_exit(1);
		if (text[strlen(text) - 1] != '\n')
			_exit(2);
		if (!strcmp(path, GVT_DIR "stat") && !adds_up(text))
			_exit(3);
		free(text);
	}
	_exit(0);
}

static void storm_child(struct child *me, void *arg)
{
	unsigned int *turns = arg;
	int pid;

	for (;; ++*turns) {
		run_threads(4);
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

TEST(a_crowd_of_readers_in_a_storm)
{
	unsigned int *turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct child storm, c[READERS];
	unsigned int i;

	storm = child_start(storm_child, turns);
	ASSERT_EQ(0, watch_pid("", storm.pid, "+"));
	for (i = 0; i < READERS; i++)
		c[i] = child_start(reader, &i);
	for (i = 0; i < READERS; i++)
		EXPECT_EQ(0, child_wait(&c[i]));
	EXPECT_LT(0, *turns);
	kill(storm.pid, SIGKILL);
	child_wait(&storm);
	EXPECT_EQ(0, watch_pid("-", storm.pid, ""));
}

/* ----------------------------------------------------- nobody is left out */

#define IDLERS	40
#define BURST	60
#define LOOKERS	64
#define LOOKS	3

/* As many as there are spare rows for, all alive at once; again and again. */
static void bursts(struct child *me, void *arg)
{
	unsigned int i;
	int gate[2];
	char byte;

	for (;;) {
		if (pipe(gate))
			_exit(98);
		for (i = 0; i < BURST; i++) {
			if (!fork()) {
				close(gate[1]);
				_exit(read(gate[0], &byte, 1));
			}
		}
		close(gate[0]);
		close(gate[1]);
		while (wait(NULL) > 0)
			;
	}
}

/* Whoever is there all the time is in each reading. */
static void looker(struct child *me, void *arg)
{
	const struct child *idler = arg;
	char *text, number[16];
	unsigned int i, j;

	for (i = 0; i < LOOKS; i++) {
		text = read_file(GVT_DIR "process");
		for (j = 0; j < IDLERS; j++) {
			snprintf(number, sizeof(number), "%d", idler[j].pid);
			if (!text || !find_row(text, NULL, "pid", number))
				_exit(1);
		}
		free(text);
	}
	_exit(0);
}

TEST(nobody_is_left_out_while_others_come)
{
	struct child idler[IDLERS], c[LOOKERS], storm;
	unsigned int i;

	for (i = 0; i < IDLERS; i++) {
		idler[i] = child_start(idle_child, NULL);
		ASSERT_TRUE(hear(&idler[i]));
		ASSERT_EQ(0, watch_pid("", idler[i].pid, ""));
	}
	storm = child_start(bursts, NULL);
	ASSERT_EQ(0, watch_pid("", storm.pid, "+"));
	for (i = 0; i < LOOKERS; i++)
		c[i] = child_start(looker, idler);
	for (i = 0; i < LOOKERS; i++)
		EXPECT_EQ(0, child_wait(&c[i]));
	kill(storm.pid, SIGKILL);
	child_wait(&storm);
	EXPECT_EQ(0, watch_pid("-", storm.pid, ""));
	for (i = 0; i < IDLERS; i++) {
		say(&idler[i]);
		child_wait(&idler[i]);
	}
}

/* ------------------------------------------------------- ten thousand lives */

#define LIVES	10000

static void lives(struct child *me, void *arg)
{
	unsigned int i;
	int pid;

	say(me);
	hear(me);
	for (i = 0; i < LIVES; i++) {
		pid = vfork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	say(me);
	hear(me);
}

/* kB that per-CPU areas and slabs take. */
static long kernel_memory(void)
{
	return read_key("/proc/meminfo", "Percpu") + read_key("/proc/meminfo", "SUnreclaim");
}

static unsigned int count_lines(const char *path)
{
	char *text = read_file(path), *p;
	unsigned int n = 0;

	for (p = text; p && *p; p++)
		n += *p == '\n';
	free(text);
	return n;
}

TEST(ten_thousand_short_lives)
{
	struct child c = child_start(lives, NULL);
	long dropped, processes, memory;
	unsigned int rows;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, "+"));
	memory = kernel_memory();
	say(&c);
	ASSERT_TRUE(hear(&c));
	processes = family_number(c.pid, "processes", &rows);
	dropped = family_number(c.pid, "forks_dropped", &rows);
	memory = kernel_memory() - memory;
	TH_LOG("%ld of %d dropped, %u rows, %ld kB", dropped, LIVES, rows, memory);
	/* Every one is in a row, or in the row of those pushed out, or among the dropped. */
	EXPECT_EQ(LIVES, process_number(c.pid, "live", "vfork_creations"));
	EXPECT_EQ(1 + LIVES, processes + dropped);
	EXPECT_LT(1, processes);
	/* Rows are bounded, whatever comes: live, ended, and what came since the last tending. */
	EXPECT_GE(module_param("max_watch") + module_param("max_ended") + 2 * 64 + 3,
		  count_lines(GVT_DIR "process"));
	child_wait(&c);
	EXPECT_EQ(0, watch_pid("-", c.pid, ""));
}

TEST_HARNESS_MAIN
