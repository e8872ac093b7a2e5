// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadlock.c - when every goroutine waits for good: the report, one line for
 * each with its number, what it waits for, and its entry function; status 2.
 *
 * The entry functions are not static, so that their names can be looked up.
 */
#include "test.h"

static const char head[] = "fatal error: all goroutines are asleep - deadlock!";
static struct go_chan *ch, *full;
static struct go_waitgroup wg;
static struct go_mutex mutex;

struct waiter {
	const char *state, *name;
	void (*fn)(void *);
};

/* Says its number, so that the test can look for it. */
static void i_am(const char *name)
{
	dprintf(2, "%s is %d\n", name, (int)go_id());
}

#define WAITER(name, ...)						\
void name(void *arg);							\
void name(void *arg)							\
{									\
	i_am(#name);							\
	__VA_ARGS__;							\
}

WAITER(dl_recv, go_recv(ch, NULL))
WAITER(dl_send, go_send(ch, &ch))
WAITER(dl_send_full, go_send(full, &ch))
WAITER(dl_recv_nil, go_recv(NULL, NULL))
WAITER(dl_send_nil, go_send(NULL, NULL))
WAITER(dl_select, struct go_case c = { .op = GO_RECV, .chan = ch }; go_select(&c, 1))
WAITER(dl_select_none, go_select(NULL, 0))
WAITER(dl_wait, go_wg_wait(&wg))
WAITER(dl_lock, go_mutex_lock(&mutex))
WAITER(dl_recv_no_deadline, go_recv_until(ch, NULL, 0))

/* Those who send meet nobody: not together with receivers of the channel. */
static const struct waiter receivers[] = {
	{ "chan receive", "dl_recv", dl_recv },
	/* As Go has it: a select of two cases. */
	{ "select", "dl_recv_no_deadline", dl_recv_no_deadline },
	{ "chan send", "dl_send_full", dl_send_full },
	{ "chan receive (nil chan)", "dl_recv_nil", dl_recv_nil },
	{ "chan send (nil chan)", "dl_send_nil", dl_send_nil },
	{ "select", "dl_select", dl_select },
	{ "select (no cases)", "dl_select_none", dl_select_none },
	{ "sync.WaitGroup.Wait", "dl_wait", dl_wait },
	{ "sync.Mutex.Lock", "dl_lock", dl_lock },
};

static const struct waiter senders[] = {
	{ "chan send", "dl_send", dl_send },
	{ "chan send", "dl_send", dl_send },
};

struct scene {
	const struct waiter *waiters;
	size_t n;
	int procs;
};

void dl_main(void *arg);
void dl_main(void *arg)
{
	const struct scene *s = arg;
	size_t i;

	ch = make_chan(sizeof(void *), 0);
	full = make_chan(sizeof(void *), 1);
	go_send(full, &ch);
	go_wg_add(&wg, 1);
	go_mutex_lock(&mutex);
	i_am("dl_main");
	for (i = 0; i < s->n; i++)
		start(s->waiters[i].fn, NULL);
	go_wg_wait(&wg);
}

static void play(void *arg)
{
	const struct scene *s = arg;

	run_on(s->procs, dl_main, arg);
	dprintf(2, "go_run returned\n");
}

static size_t count_lines(const char *text, const char *prefix)
{
	size_t n = 0;

	while ((text = find_line(text, prefix))) {
		n++;
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
	return n;
}

/* The line "goroutine N [STATE]..." that also holds @name, N as said by @name. */
static bool has_goroutine(const char *report, const char *all, const char *name,
			  const char *state)
{
	const char *said = all, *line, *end, *at;
	char prefix[128];
	int id;

	snprintf(prefix, sizeof(prefix), "%s is ", name);
	while ((said = find_line(said, prefix))) {
		said += strlen(prefix);
		id = atoi(said);
		snprintf(prefix, sizeof(prefix), "goroutine %d [%s]", id, state);
		line = find_line(report, prefix);
		if (!line)
			return false;
		end = strchrnul(line, '\n');
		at = strstr(line, name);
		if (!at || at >= end)
			return false;
		snprintf(prefix, sizeof(prefix), "%s is ", name);
	}
	return true;
}

static void reported(struct __test_metadata *_metadata, const struct waiter *w, size_t n, int procs)
{
	static struct child c;
	struct scene s = { .waiters = w, .n = n, .procs = procs };
	const char *report;
	size_t i;

	run_child(&c, play, &s);
	ASSERT_TRUE(exited_with(&c, 2))
		show_child(&c);
	report = find_whole_line(c.err, head);
	ASSERT_TRUE(!!report)
		show_child(&c);
	ASSERT_TRUE(!find_line(c.err, "go_run returned"));
	/* Each once, nobody else. */
	ASSERT_EQ(n + 1, count_lines(report, "goroutine "))
		show_child(&c);
	ASSERT_EQ(n + 1, count_lines(c.err, "dl_"))
		show_child(&c);
	ASSERT_TRUE(has_goroutine(report, c.err, "dl_main", "sync.WaitGroup.Wait"))
		show_child(&c);
	for (i = 0; i < n; i++)
		ASSERT_TRUE(has_goroutine(report, c.err, w[i].name, w[i].state))
			show_child(&c);
}

TEST(main_alone)
{
	NEEDS_DEADLOCKS();
	reported(_metadata, NULL, 0, 1);
	reported(_metadata, NULL, 0, 4);
}

TEST(every_state)
{
	NEEDS_DEADLOCKS();
	reported(_metadata, receivers, ARRAY_SIZE(receivers), 1);
	reported(_metadata, receivers, ARRAY_SIZE(receivers), 4);
}

TEST(senders_too)
{
	NEEDS_DEADLOCKS();
	reported(_metadata, senders, ARRAY_SIZE(senders), 1);
	reported(_metadata, senders, ARRAY_SIZE(senders), 4);
}

/* The last to fall asleep notices, whichever that is: many times, many Ps. */
TEST(always_noticed)
{
	int i;

	NEEDS_DEADLOCKS();
	for (i = 0; i < 40; i++)
		reported(_metadata, receivers, i % ARRAY_SIZE(receivers), i % 8 + 1);
}

static void works(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++)
		go_yield();
	if ((intptr_t)arg % 3 == 0)
		go_sleep(5 * MS);
	go_send(ch, &arg);
}

void dl_late_main(void *arg);
void dl_late_main(void *arg)
{
	void *v;
	int i;

	ch = make_chan(sizeof(void *), 2);
	start_n(50, works);
	for (i = 0; i < 51; i++)
		go_recv(ch, &v);
}

static void run_late(void *arg)
{
	run_on((intptr_t)arg, dl_late_main, NULL);
}

/* After work on all Ps, and after timers: one value too few comes. */
TEST(after_much_work)
{
	static struct child c;
	const char *line;
	int i;

	NEEDS_DEADLOCKS();
	for (i = 1; i <= 8; i *= 2) {
		run_child(&c, run_late, (void *)(intptr_t)i);
		ASSERT_TRUE(exited_with(&c, 2) && find_whole_line(c.err, head))
			show_child(&c);
		line = find_line(c.err, "goroutine 1 [chan receive]");
		ASSERT_TRUE(line && strstr(line, "dl_late_main"))
			show_child(&c);
		ASSERT_EQ(1, count_lines(c.err, "goroutine "))
			show_child(&c);
	}
}

void dl_named(void *arg);
void dl_named(void *arg)
{
	go_recv(NULL, NULL);
}

static void name_main(void *arg)
{
	const struct go_attr attr = { .name = "patient one" };

	CHECK_EQ(0, go_with(&attr, dl_named, NULL));
	go_select(NULL, 0);
}

static void run_named(void *arg)
{
	run_on(2, name_main, NULL);
}

TEST(shows_names)
{
	static struct child c;

	NEEDS_DEADLOCKS();
	run_child(&c, run_named, NULL);
	ASSERT_TRUE(exited_with(&c, 2) && find_whole_line(c.err, head) &&
		    strstr(c.err, "patient one"))
		show_child(&c);
}

static void earlier(void *arg)
{
	struct go_chan *c = make_chan(0, 1);

	go_send(c, NULL);
	go_sleep(100000);
}

static void run_again(void *arg)
{
	int i;

	for (i = 0; i < 5; i++)
		run_on(i + 1, earlier, NULL);
	run_late(arg);
}

TEST(in_a_later_run)
{
	static struct child c;

	NEEDS_DEADLOCKS();
	run_child(&c, run_again, (void *)2);
	ASSERT_TRUE(exited_with(&c, 2) && find_whole_line(c.err, head))
		show_child(&c);
}

static void *goes_away(void *arg)
{
	usleep(100000);
	return NULL;
}

static void run_with_thread(void *arg)
{
	pthread_t t = start_thread(goes_away, NULL);

	pthread_detach(t);
	run_late((void *)2);
}

/* As long as the thread is there it might send; then nobody is left who could. */
TEST(when_the_last_foreign_thread_has_gone)
{
	static struct child c;

	NEEDS_DEADLOCKS();
	run_child(&c, run_with_thread, NULL);
	ASSERT_TRUE(exited_with(&c, 2) && find_whole_line(c.err, head))
		show_child(&c);
}

TEST_HARNESS_MAIN
