// SPDX-License-Identifier: GPL-2.0-only
/*
 * panic.c - misuse panics, in Go's words: the text, the goroutine, status 2.
 *
 * Each misuse is committed in a process of its own, which has to die of it.
 */
#include "test.h"

static struct go_chan *ch;

/* --------------------------------------------------------- closed channels */

static struct go_chan *closed_chan(size_t cap)
{
	struct go_chan *c = make_chan(sizeof(int), cap);

	go_close(c);
	return c;
}

static void send_closed(void *arg)
{
	int v = 1;

	go_send(closed_chan((uintptr_t)arg), &v);
}

static void try_send_closed(void *arg)
{
	int v = 1;

	go_try_send(closed_chan((uintptr_t)arg), &v);
}

static void send_until_closed(void *arg)
{
	int v = 1;

	go_send_until(closed_chan((uintptr_t)arg), &v, 1);
}

static void select_send_closed(void *arg)
{
	int v = 1;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = make_chan(0, 0) },
		{ .op = GO_SEND, .chan = closed_chan((uintptr_t)arg), .elem = &v },
	};

	go_select(c, 2);
}

static void select_send_closed_default(void *arg)
{
	int v = 1;
	struct go_case c[] = {
		{ .op = GO_DEFAULT },
		{ .op = GO_SEND, .chan = closed_chan((uintptr_t)arg), .elem = &v },
	};

	go_select(c, 2);
}

static void closes_later(void *arg)
{
	go_sleep(2 * MS);
	go_close(ch);
}

static void waiting(void *arg)
{
	int v = 1;

	ch = make_chan(sizeof(int), (uintptr_t)arg);
	while (go_chan_len(ch) < (uintptr_t)arg)
		go_send(ch, &v);
	start(closes_later, NULL);
}

static void send_then_closed(void *arg)
{
	int v = 1;

	waiting(arg);
	go_send(ch, &v);
}

static void send_until_then_closed(void *arg)
{
	int v = 1;

	waiting(arg);
	go_send_until(ch, &v, go_now() + 3600000 * MS);
}

static void select_send_then_closed(void *arg)
{
	int v = 1;
	struct go_case c[] = {
		{ .op = GO_SEND, .chan = NULL, .elem = &v },
		{ .op = GO_SEND, .elem = &v },
		{ .op = GO_RECV, .chan = make_chan(0, 0) },
	};

	waiting(arg);
	c[1].chan = ch;
	go_select(c, 3);
}

struct misuse {
	void (*fn)(void *);
	void *arg;
	int procs;
};

static void commit(void *arg)
{
	const struct misuse *m = arg;

	run_on(m->procs, m->fn, m->arg);
	dprintf(2, "went on\n");
}

static bool goes_wrong(void (*fn)(void *), size_t arg, const char *text)
{
	struct misuse m = { .fn = fn, .arg = (void *)arg, .procs = 1 };

	if (!panics(commit, &m, text))
		return false;
	m.procs = 4;
	return panics(commit, &m, text);
}

TEST(send_on_closed_channel)
{
	static void (*const fns[])(void *) = {
		send_closed,
		try_send_closed,
		send_until_closed,
		select_send_closed,
		select_send_closed_default,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fns); i++) {
		ASSERT_TRUE(goes_wrong(fns[i], 0, "send on closed channel"))
			TH_LOG("way %zu, unbuffered", i);
		ASSERT_TRUE(goes_wrong(fns[i], 2, "send on closed channel"))
			TH_LOG("way %zu, buffered", i);
	}
}

TEST(closed_while_sender_waits)
{
	static void (*const fns[])(void *) = {
		send_then_closed,
		send_until_then_closed,
		select_send_then_closed,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fns); i++) {
		ASSERT_TRUE(goes_wrong(fns[i], 0, "send on closed channel"))
			TH_LOG("way %zu, unbuffered", i);
		ASSERT_TRUE(goes_wrong(fns[i], 2, "send on closed channel"))
			TH_LOG("way %zu, buffered", i);
	}
}

static void close_twice(void *arg)
{
	go_close(closed_chan((uintptr_t)arg));
}

static void close_nil(void *arg)
{
	go_close(NULL);
}

TEST(close_of_closed_channel)
{
	ASSERT_TRUE(goes_wrong(close_twice, 0, "close of closed channel"));
	ASSERT_TRUE(goes_wrong(close_twice, 3, "close of closed channel"));
}

TEST(close_of_nil_channel)
{
	ASSERT_TRUE(goes_wrong(close_nil, 0, "close of nil channel"));
}

/* -------------------------------------------------------------- package sync */

static struct go_waitgroup wg;
static struct go_mutex mutex;

static void negative_at_once(void *arg)
{
	go_wg_add(&wg, -1);
}

static void negative_in_the_end(void *arg)
{
	go_wg_add(&wg, 2);
	go_wg_done(&wg);
	go_wg_done(&wg);
	go_wg_done(&wg);
}

static void negative_by_more(void *arg)
{
	go_wg_add(&wg, 5);
	go_wg_add(&wg, -7);
}

TEST(negative_waitgroup_counter)
{
	const char *text = "sync: negative WaitGroup counter";

	ASSERT_TRUE(goes_wrong(negative_at_once, 0, text));
	ASSERT_TRUE(goes_wrong(negative_in_the_end, 0, text));
	ASSERT_TRUE(goes_wrong(negative_by_more, 0, text));
}

static void unlock_fresh(void *arg)
{
	go_mutex_unlock(&mutex);
}

static void unlock_twice(void *arg)
{
	go_mutex_lock(&mutex);
	go_mutex_unlock(&mutex);
	go_mutex_unlock(&mutex);
}

TEST(unlock_of_unlocked_mutex)
{
	const char *text = "sync: unlock of unlocked mutex";

	ASSERT_TRUE(goes_wrong(unlock_fresh, 0, text));
	ASSERT_TRUE(goes_wrong(unlock_twice, 0, text));
}

/* ------------------------------------------------- misuse without words of Go's */

static void waits_on_ch(void *arg)
{
	if (arg)
		go_recv(ch, NULL);
	else
		go_send(ch, &arg);
}

static void free_with_waiter(void *arg)
{
	struct go_stats before, now;

	ch = make_chan(sizeof(void *), 0);
	go_stats(&before);
	start(waits_on_ch, arg);
	/* It is in the queue when it has parked. */
	do {
		go_yield();
		go_stats(&now);
	} while (now.parks == before.parks);
	go_chan_free(ch);
}

static void two_defaults(void *arg)
{
	struct go_case c[] = { { .op = GO_DEFAULT }, { .op = GO_DEFAULT } };

	go_select(c, 2);
}

TEST(free_of_a_channel_waited_on)
{
	ASSERT_TRUE(goes_wrong(free_with_waiter, 0, NULL));
	ASSERT_TRUE(goes_wrong(free_with_waiter, 1, NULL));
}

TEST(two_defaults_in_select)
{
	ASSERT_TRUE(goes_wrong(two_defaults, 0, NULL));
}

/* -------------------------------------------------------------- the message */

void panicking_entry(void *arg)
{
	dprintf(2, "number %d\n", (int)go_id());
	go_panic("the %s of %d", "answer", 42);
}

static void loops(void *arg)
{
	for (;;)
		inc(*(unsigned long *)arg);
}

static void panic_among_others(void *arg)
{
	static unsigned long ticks;

	if (go_maxprocs(0) > 1)
		start(loops, &ticks);
	start(waits_on_ch, (void *)1);
	start(waits_on_ch, (void *)1);
	go_yield();
	start(panicking_entry, NULL);
	for (;;)
		go_yield();
}

static void run_panic_among_others(void *arg)
{
	run_on((uintptr_t)arg, panic_among_others, NULL);
}

TEST(names_the_goroutine)
{
	static struct child c;
	const char *line, *text;
	int procs, id;
	char want[64];

	for (procs = 1; procs <= 4; procs *= 4) {
		run_child(&c, run_panic_among_others, (void *)(intptr_t)procs);
		ASSERT_TRUE(exited_with(&c, 2))
			show_child(&c);
		text = find_whole_line(c.err, "panic: the answer of 42");
		line = find_line(c.err, "number ");
		ASSERT_TRUE(text && line && sscanf(line, "number %d", &id) == 1)
			show_child(&c);
		snprintf(want, sizeof(want), "goroutine %d [running]:", id);
		line = find_line(text, want);
		ASSERT_TRUE(!!line)
			show_child(&c);
		ASSERT_TRUE(!!strstr(line, "panicking_entry"))
			show_child(&c);
	}
}

static void named(void *arg)
{
	const struct go_attr attr = { .name = "the culprit" };

	CHECK_EQ(0, go_with(&attr, panicking_entry, NULL));
	for (;;)
		go_yield();
}

static void run_named(void *arg)
{
	run_on(2, named, NULL);
}

TEST(shows_the_name)
{
	static struct child c;
	const char *line;

	run_child(&c, run_named, NULL);
	line = find_line(c.err, "goroutine ");
	ASSERT_TRUE(exited_with(&c, 2) && line && strstr(line, "the culprit"))
		show_child(&c);
}

static void long_text(void *arg)
{
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	go_panic("%s", text);
}

/* At least as much as a struct go_panic's 512 bytes hold, and no overrun. */
TEST(long_texts_are_no_problem)
{
	static struct child c;
	struct misuse m = { .fn = long_text, .procs = 1 };
	char want[512];

	memset(want, 'x', sizeof(want));
	memcpy(want, "panic: ", 7);
	want[500] = '\0';
	run_child(&c, commit, &m);
	ASSERT_TRUE(exited_with(&c, 2) && find_line(c.err, want))
		show_child(&c);
}

static void close_nil_on_thread(void *arg)
{
	go_close(NULL);
}

static void *panics_on_thread(void *arg)
{
	go_panic("from a thread");
}

static void thread_among_goroutines(void *arg)
{
	start_thread(panics_on_thread, NULL);
	for (;;)
		go_yield();
}

static void run_thread_among_goroutines(void *arg)
{
	run_on(2, thread_among_goroutines, NULL);
}

TEST(on_a_thread)
{
	static struct child c;

	run_child(&c, close_nil_on_thread, NULL);
	ASSERT_TRUE(exited_with(&c, 2) && find_whole_line(c.err, "panic: close of nil channel"))
		show_child(&c);
	run_child(&c, run_thread_among_goroutines, NULL);
	ASSERT_TRUE(exited_with(&c, 2) && find_whole_line(c.err, "panic: from a thread"))
		show_child(&c);
	/* What called the thread's first function is no frame. */
	ASSERT_TRUE(strstr(c.err, "panics_on_thread+") && !strstr(c.err, "0xffffffffffffffff"))
		show_child(&c);
}

/* ------------------------------------------------------- functions that aren't there */

static void once_without(void *arg)
{
	static struct go_once once;

	go_once_do(&once, NULL, NULL);
}

static void group_without(void *arg)
{
	static struct go_group group;

	go_group_go(&group, NULL, NULL);
}

static void group_try_without(void *arg)
{
	static struct go_group group;

	go_group_try_go(&group, NULL, NULL);
}

static void after_without(void *arg)
{
	go_ctx_after(go_ctx_background(), NULL, NULL);
}

static void timer_without(void *arg)
{
	static struct go_timer timer;

	go_timer_start(&timer, 1, NULL, NULL);
}

/* In the caller, who can be seen; not where it would have been called. */
TEST(no_function)
{
	ASSERT_TRUE(goes_wrong(once_without, 0, "go_once_do: no function"));
	ASSERT_TRUE(goes_wrong(group_without, 0, "errgroup: no function"));
	ASSERT_TRUE(goes_wrong(group_try_without, 0, "errgroup: no function"));
	ASSERT_TRUE(goes_wrong(after_without, 0, "go_ctx_after: no function"));
	ASSERT_TRUE(goes_wrong(timer_without, 0, "go_timer_start: no function"));
}

/* ------------------------------------------------------------------- freed channels */

/* The ways to use a channel, where the memory is nobody else's yet. */
enum {
	USE_SEND,
	USE_RECV,
	USE_TRY_SEND,
	USE_TRY_RECV,
	USE_SELECT,
	USE_UNTIL,
	USE_CLOSE,
	USE_FREE,
	USES
};

static noinline void use_freed(void *arg)
{
	const uintptr_t how = (uintptr_t)arg % USES, kind = (uintptr_t)arg / USES;
	struct go_chan *c = make_chan(8, kind ? 2 : 0);
	struct go_case one = { .op = GO_RECV, .chan = c };
	uint64_t v = 1;

	/* Empty, with a value, or closed. */
	if (kind == 1)
		go_send(c, &v);
	if (kind == 2)
		go_close(c);
	go_chan_free(c);
	switch (how) {
	case USE_SEND:
		go_send(c, &v);
		break;
	case USE_RECV:
		go_recv(c, &v);
		break;
	case USE_TRY_SEND:
		go_try_send(c, &v);
		break;
	case USE_TRY_RECV:
		go_try_recv(c, &v);
		break;
	case USE_SELECT:
		go_select(&one, 1);
		break;
	case USE_UNTIL:
		go_recv_until(c, &v, 1);
		break;
	case USE_CLOSE:
		go_close(c);
		break;
	case USE_FREE:
		go_chan_free(c);
		break;
	}
}

/* Not recovered: memory that may be another's has been used. */
static void recovers_all(void *arg)
{
	go_recover();
}

static void use_freed_and_recover(void *arg)
{
	go_defer(recovers_all, NULL);
	use_freed(arg);
}

static void run_use_freed(void *arg)
{
	run_on(2, use_freed_and_recover, arg);
}

TEST(use_of_a_freed_channel)
{
	static struct child c;
	uintptr_t how;

	if (TEST_ASAN || TEST_TSAN || TEST_VALGRIND)
		SKIP(return, "who looks at all memory says it first, in its own words");
	for (how = 0; how < 3 * USES; how++) {
		run_child(&c, run_use_freed, (void *)how);
		ASSERT_TRUE(exited_with(&c, 2) &&
			    find_whole_line(c.err, "fatal error: use of a freed channel") &&
			    strstr(c.err, "use_freed+"))
			show_child(&c);
	}
	/* On a thread that is no goroutine. */
	run_child(&c, use_freed, (void *)USE_FREE);
	ASSERT_TRUE(exited_with(&c, 2) &&
		    find_whole_line(c.err, "fatal error: use of a freed channel"))
		show_child(&c);
}

static noinline void use_freed_context(void *arg)
{
	struct go_ctx *c = go_ctx_with_cancel(go_ctx_background());
	uintptr_t how = (uintptr_t)arg;

	CHECK(c);
	/* With and without a deadline of its own, cancelled and not. */
	if (how & 4) {
		go_ctx_free(c);
		c = go_ctx_with_timeout(go_ctx_background(), 3600000 * MS);
	}
	if (how & 8)
		go_ctx_cancel(c);
	go_ctx_free(c);
	switch (how & 3) {
	case 0:
		go_ctx_cancel(c);
		break;
	case 1:
		go_ctx_free(c);
		break;
	case 2:
		go_recv(go_ctx_done(c), NULL);
		break;
	case 3:
		go_ctx_with_cancel(c);
		break;
	}
	/* No jump: this frame is looked for. */
	__asm__ volatile("");
}

static void run_use_freed_context(void *arg)
{
	run_on(2, use_freed_context, arg);
}

TEST(use_of_a_freed_context)
{
	static struct child c;
	uintptr_t how;

	if (TEST_ASAN || TEST_TSAN || TEST_VALGRIND)
		SKIP(return, "who looks at all memory says it first, in its own words");
	for (how = 0; how < 16; how++) {
		run_child(&c, run_use_freed_context, (void *)how);
		ASSERT_TRUE(exited_with(&c, 2) &&
			    find_whole_line(c.err, "fatal error: use of a freed context") &&
			    strstr(c.err, "use_freed_context+"))
			show_child(&c);
	}
}

TEST_HARNESS_MAIN
