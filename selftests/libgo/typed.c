// SPDX-License-Identifier: GPL-2.0-only
/*
 * typed.c - channels whose element type the compiler knows. What it has to refuse is in
 * typed.sh; the same from C++ in parts/typed.cpp.
 */
#include "test.h"
#include "parts/typed.h"

struct point {
	int x, y;
	char name[20];
};

enum colour { RED, GREEN };

/* The same type wherever it is written, so that functions can take it. */
static void produces(GO_CHAN(int) c, int n)
{
	int i;

	for (i = 0; i < n; i++)
		GO_CHAN_SEND(c, i);
	GO_CHAN_CLOSE(c);
}

static void producer(void *arg)
{
	produces(GO_CHAN_AS(int, arg), 100);
}

static void there_and_back(void *arg)
{
	GO_CHAN(int) c = GO_CHAN_MAKE(int, 3);
	int v, n = 0;

	CHECK(c);
	CHECK_EQ(3, GO_CHAN_CAP(c));
	start(producer, GO_CHAN_PLAIN(c));
	CHECK_EQ(0, GO_CHAN_RECV(c));
	CHECK(GO_CHAN_RECV_OK(c, &v));
	CHECK_EQ(1, v);
	GO_CHAN_RANGE(each, c) {
		CHECK_EQ(2 + n, each);
		n++;
	}
	CHECK_EQ(98, n);
	CHECK_EQ(0, GO_CHAN_RECV(c));
	CHECK(!GO_CHAN_RECV_OK(c, &v));
	CHECK_EQ(-EPIPE, GO_CHAN_TRY_RECV(c, &v));
	CHECK_EQ(0, GO_CHAN_LEN(c));
	GO_CHAN_FREE(c);
}

TEST(there_and_back_again)
{
	run_on(1, there_and_back, NULL);
	run_on(4, there_and_back, NULL);
}

#define SENT(T, value) do {						\
	GO_CHAN(T) c = GO_CHAN_MAKE(T, 1);				\
	T seen;								\
									\
	CHECK(c);							\
	GO_CHAN_SEND(c, value);						\
	CHECK_EQ(1, GO_CHAN_LEN(c));					\
	seen = GO_CHAN_RECV(c);						\
	CHECK(seen == (T)(value));					\
	GO_CHAN_FREE(c);						\
} while (0)

TEST(values_of_all_kinds)
{
	static const char text[] = "text";
	int i = 7;
	const int ci = 8;
	bool more = i > 3;
	double d = 0.5;
	char letter = 'x';
	enum colour colour = GREEN;
	const char *p = text;
	int64_t big = INT64_MIN;

	SENT(int, i);
	SENT(int, ci);
	SENT(int, -1);
	SENT(int, i + 1);
	SENT(long, 1);
	SENT(uint8_t, 255);
	SENT(int8_t, -128);
	SENT(size_t, sizeof(i));
	SENT(int64_t, big);
	SENT(uint64_t, 1);
	SENT(bool, true);
	SENT(bool, more);
	SENT(bool, i > 3);
	SENT(char, 'x');
	SENT(char, letter);
	SENT(double, d);
	SENT(double, 1.5);
	SENT(double, 1);
	SENT(enum colour, RED);
	SENT(enum colour, colour);
	SENT(const char *, p);
	SENT(const char *, text);
	SENT(void *, &i);
	SENT(int *, &i);
	SENT(int *, NULL);
	SENT(struct point *, NULL);
}

TEST(structures)
{
	GO_CHAN(struct point) c = GO_CHAN_MAKE(struct point, 2);
	struct point p = { 1, 2, "one" }, q;

	CHECK(c);
	GO_CHAN_SEND(c, p);
	GO_CHAN_SEND(c, (struct point){ 3, 4, "two" });
	q = GO_CHAN_RECV(c);
	ASSERT_EQ(0, memcmp(&p, &q, sizeof(p)));
	ASSERT_TRUE(GO_CHAN_RECV_OK(c, &q));
	ASSERT_EQ(3, q.x);
	ASSERT_EQ(0, strcmp("two", q.name));
	GO_CHAN_FREE(c);
}

/* What GO_CHAN() makes is a type: in a structure, of a channel, as a result. */
struct request {
	int number;
	GO_CHAN(long) answer;
};

static void serves(void *arg)
{
	GO_CHAN(struct request) requests = GO_CHAN_AS(struct request, arg);

	GO_CHAN_RANGE(r, requests)
		GO_CHAN_SEND(r.answer, (long)r.number * 2);
}

static void asks(void *arg)
{
	GO_CHAN(struct request) requests = GO_CHAN_MAKE(struct request, 0);
	GO_CHAN(long) answer = GO_CHAN_MAKE(long, 0);
	int i;

	start(serves, GO_CHAN_PLAIN(requests));
	for (i = 0; i < 10; i++) {
		GO_CHAN_SEND(requests, (struct request){ i, answer });
		CHECK_EQ(2 * i, GO_CHAN_RECV(answer));
	}
	GO_CHAN_CLOSE(requests);
	GO_CHAN_FREE(answer);
}

TEST(channels_in_structures)
{
	run_on(1, asks, NULL);
	run_on(4, asks, NULL);
}

TEST(what_does_not_wait)
{
	GO_CHAN(int) c = GO_CHAN_MAKE(int, 1), none = NULL;
	int v = 5;

	CHECK(c && !none);
	ASSERT_EQ(-EAGAIN, GO_CHAN_TRY_RECV(c, &v));
	ASSERT_EQ(-ETIMEDOUT, GO_CHAN_RECV_UNTIL(c, &v, 1));
	ASSERT_EQ(0, GO_CHAN_TRY_SEND(c, v));
	ASSERT_EQ(-EAGAIN, GO_CHAN_TRY_SEND(c, 6));
	ASSERT_EQ(-ETIMEDOUT, GO_CHAN_SEND_UNTIL(c, 6, 1));
	ASSERT_EQ(0, GO_CHAN_RECV_UNTIL(c, &v, 0));
	ASSERT_EQ(5, v);
	ASSERT_EQ(0, GO_CHAN_SEND_UNTIL(c, 7, 0));
	ASSERT_EQ(7, GO_CHAN_RECV(c));
	ASSERT_EQ(0, GO_CHAN_LEN(none));
	GO_CHAN_FREE(none);
	GO_CHAN_FREE(c);
}

TEST(select_of_typed_cases)
{
	GO_CHAN(int) ints = GO_CHAN_MAKE(int, 1);
	GO_CHAN(double) reals = GO_CHAN_MAKE(double, 1);
	const double half = 0.5;
	double d = 0;
	int v = 3;
	struct go_case cases[] = {
		GO_CASE_RECV(ints, &v),
		GO_CASE_SEND(reals, &half),
		GO_CASE_DEFAULT,
	};
	struct go_case back[] = { GO_CASE_RECV(reals, &d), GO_CASE_RECV(ints, (int *)NULL) };

	ASSERT_EQ(1, go_select(cases, 3));
	ASSERT_EQ(2, go_select(cases, 3));
	ASSERT_EQ(0, go_select(back, 2));
	ASSERT_TRUE(back[0].ok && d == 0.5);
	GO_CHAN_SEND(ints, 9);
	ASSERT_EQ(1, go_select(back, 2));
	GO_CHAN_FREE(ints);
	GO_CHAN_FREE(reals);
}

static int calls;

static GO_CHAN(int) counted(GO_CHAN(int) c)
{
	calls++;
	return c;
}

TEST(arguments_are_evaluated_once)
{
	GO_CHAN(int) c = GO_CHAN_MAKE(int, 4);
	int v[4] = { 0 }, *p = v, n = 0;

	GO_CHAN_SEND(counted(c), n++);
	ASSERT_EQ(1, calls);
	ASSERT_EQ(1, n);
	ASSERT_TRUE(GO_CHAN_RECV_OK(counted(c), p++));
	ASSERT_EQ(2, calls);
	ASSERT_EQ(1, p - v);
	GO_CHAN_SEND(counted(c), 8);
	ASSERT_EQ(8, GO_CHAN_RECV(counted(c)));
	ASSERT_EQ(4, calls);
	GO_CHAN_FREE(c);
}

TEST(from_cxx)
{
	ASSERT_EQ(0, typed_in_cxx());
}

TEST_HARNESS_MAIN
