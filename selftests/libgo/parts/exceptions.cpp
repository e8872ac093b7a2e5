// SPDX-License-Identifier: GPL-2.0-only
/*
 * exceptions.cpp - the C++ half of exceptions.c. That libgo.h compiles as C++, without
 * a warning, is a test too.
 *
 * What asks for a thread's state is never inlined: a compiler may remember where that is,
 * and the thread changes.
 */
#include <libgo.h>

#include <exception>
#include <stdexcept>
#include <string>

#include <stdio.h>
#include <unistd.h>

#include "exceptions.h"

#define NOINLINE __attribute__((__noinline__))

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		dprintf(2, "# %s:%d: %s: not so: %s\n", __FILE__,	\
			__LINE__, __func__, #cond);			\
		_exit(1);						\
	}								\
} while (0)

namespace {

struct failure : std::runtime_error {
	int value;

	explicit failure(int v) : std::runtime_error(std::to_string(v)), value(v) { }
};

/* The value of the exception that is handled now, got by throwing it once more. */
NOINLINE int current_value()
{
	try {
		throw;
	} catch (const failure &f) {
		return f.value;
	}
}

NOINLINE int value_of(const std::exception_ptr &p)
{
	try {
		std::rethrow_exception(p);
	} catch (const failure &f) {
		return f.value;
	}
}

NOINLINE void inner(int value, void (*wait)(void))
{
	try {
		throw failure(value + 1);
	} catch (const failure &f) {
		wait();
		CHECK(f.value == value + 1);
		CHECK(current_value() == value + 1);
		wait();
		/* Out of this block by another exception. */
		throw failure(value + 2);
	}
}

struct waits {
	int value;
	void (*wait)(void);

	~waits()
	{
		CHECK(uncaught_here() == 1);
		wait();
		CHECK(uncaught_here() == 1);
		/* One that comes and goes within. */
		try {
			throw failure(value + 1);
		} catch (const failure &f) {
			wait();
			CHECK(f.value == value + 1);
			CHECK(current_value() == value + 1);
		}
		CHECK(uncaught_here() == 1);
	}
};

} // namespace

void catch_and_wait(int value, void (*wait)(void), int rounds)
{
	for (int i = 0; i < rounds; i++) {
		const int v = 1000 * value + 10 * i;

		try {
			throw failure(v);
		} catch (const failure &f) {
			wait();
			CHECK(f.value == v);
			CHECK(current_value() == v);
			CHECK(value_of(std::current_exception()) == v);
			try {
				inner(v, wait);
			} catch (const failure &g) {
				wait();
				CHECK(g.value == v + 2);
				CHECK(current_value() == v + 2);
			}
			wait();
			CHECK(f.value == v && f.what() == std::to_string(v));
			CHECK(current_value() == v);
		}
		wait();
	}
}

void wait_in_destructor(int value, void (*wait)(void))
{
	try {
		waits w = { value, wait };

		throw failure(value);
	} catch (const failure &f) {
		CHECK(uncaught_here() == 0);
		wait();
		CHECK(f.value == value);
		CHECK(current_value() == value);
	}
}

void exit_in_catch(void (*wait)(void), void (*end)(void))
{
	try {
		throw failure(1);
	} catch (const failure &) {
		wait();
		end();
	}
}

void throw_it(int value)
{
	throw failure(value);
}

NOINLINE int exceptions_here()
{
	return std::current_exception() != nullptr;
}

NOINLINE int uncaught_here()
{
	return std::uncaught_exceptions();
}
