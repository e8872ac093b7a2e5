/* SPDX-License-Identifier: GPL-2.0-only */
/* exceptions.h - between exceptions.c and exceptions.cpp. */
#ifndef LIBGO_EXCEPTIONS_H
#define LIBGO_EXCEPTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * @rounds times: throws what says @value, catches it, calls @wait in the catch block and in
 * one within that, and each time finds the own exceptions again. Else the process ends.
 */
void catch_and_wait(int value, void (*wait)(void), int rounds);

/* The same with @wait called by a destructor, while the exception is on its way. */
void wait_in_destructor(int value, void (*wait)(void));

/* Both are called in a catch block. */
void exit_in_catch(void (*wait)(void), void (*end)(void));
void throw_it(int value);

/* Is an exception handled here (1 or 0); how many are on their way. */
int exceptions_here(void);
int uncaught_here(void);

#ifdef __cplusplus
}
#endif

#endif /* LIBGO_EXCEPTIONS_H */
