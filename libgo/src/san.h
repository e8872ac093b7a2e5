/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * san.h - telling the sanitizers that the stack changes.
 *
 * ASan has to know which stack is in use, TSan which "fiber". Both are told just
 * before each switch, and ASan once more just after it. A fiber belongs to a
 * stack, not to a goroutine: TSan only takes some thousands of them, and so they
 * are made once and reused. Switches of fibers order the two sides (flag 0), since
 * the runtime's per-P state passes from one to the other.
 *
 * Valgrind guesses from how far the stack pointer moves whether that is another stack,
 * and has to know where ours are. Asking it costs five instructions where it isn't there,
 * once in a stack's life.
 */
#ifndef GVTGO_SAN_H
#define GVTGO_SAN_H

#include "rt.h"

#if __has_include("valgrind/valgrind.h")
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_STACK_REGISTER(lo, hi) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SAN_ADDRESS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SAN_ADDRESS 1
#endif
#endif
#if defined(SAN_THREAD)	/* rcu.c, see there */
#elif defined(__SANITIZE_THREAD__)
#define SAN_THREAD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SAN_THREAD 1
#endif
#endif

#ifdef SAN_ADDRESS
void __sanitizer_start_switch_fiber(void **fake, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *fake, const void **old_bottom, size_t *old_size);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);
void __asan_handle_no_return(void);
#endif
#ifdef SAN_THREAD
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned int flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned int flags);
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#endif

/*
 * For functions that are left without returning: TSan counts calls and returns on each
 * fiber, and would run out of room.
 */
#if defined(SAN_THREAD) && defined(__clang__)
#define NO_TSAN __attribute__((__disable_sanitizer_instrumentation__))
#elif defined(SAN_THREAD)
#define NO_TSAN __attribute__((__no_sanitize_thread__))
#else
#define NO_TSAN
#endif

/* For what such a function calls, and TSan has to see: it would vanish in it by inlining. */
#ifdef SAN_THREAD
#define IN_TSAN NOINLINE
#else
#define IN_TSAN inline
#endif

/* @fake: where to keep the state of the one that is left; NULL: it never comes back. */
static inline ALWAYS_INLINE void san_leave_for(void **fake, struct m *m, struct g *next)
{
	(void)fake;
	(void)m;
	(void)next;
#ifdef SAN_ADDRESS
	if (next)
		__sanitizer_start_switch_fiber(fake, next->stack->lo,
					       (size_t)((char *)next->stack - next->stack->lo));
	else
		__sanitizer_start_switch_fiber(fake, m->g0_lo, m->g0_size);
#endif
#ifdef SAN_THREAD
	__tsan_switch_to_fiber(next ? next->stack->fiber : m->g0_fiber, 0);
#endif
}

static inline ALWAYS_INLINE void san_arrived(void *fake)
{
	(void)fake;
#ifdef SAN_ADDRESS
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
}

/*
 * Valgrind looks by itself at what a system call is given, and dies where it meets a guard
 * that it has not heard of, as those of MADV_GUARD_INSTALL.
 */
static inline bool san_reads_for_calls(void)
{
	return RUNNING_ON_VALGRIND;
}

/* @s is new. */
static inline void san_stack_made(struct stack *s)
{
	(void)s;
#ifndef SAN_THREAD
	s->registered = VALGRIND_STACK_REGISTER(s->lo, (char *)s - 1);
#endif
}

/* @s is begun. Who ran on it before may have left without returning: nothing is poisoned. */
static inline void san_stack_used(struct stack *s)
{
	(void)s;
#ifdef SAN_ADDRESS
	__asan_unpoison_memory_region(s->lo, (size_t)(s->top - s->lo));
#endif
#ifdef SAN_THREAD
	if (s->left) {
		__tsan_destroy_fiber(s->fiber);
		s->fiber = NULL;
		s->left = 0;
	}
	if (!s->fiber)
		s->fiber = __tsan_create_fiber(0);
#endif
}

/* Frames of this stack are left without returning, TSan's way or gvtgo_unwind(): nothing stays poisoned. */
static inline void san_frames_left(void)
{
#ifdef SAN_ADDRESS
	__asan_handle_no_return();
#endif
}

/* The frames on @s are about to be left without returning: go_exit(). */
static inline void san_stack_left(struct stack *s)
{
	s->left = 1;
}

/* Frames were left on @s without returning, and it is begun anew: nothing is poisoned any more. */
static inline void san_restart(struct m *m, struct stack *s)
{
	(void)m;
	(void)s;
#ifdef SAN_ADDRESS
	__asan_unpoison_memory_region(s->lo, (size_t)(s->top - s->lo));
	__sanitizer_start_switch_fiber(NULL, s->lo, (size_t)((char *)s - s->lo));
#endif
#ifdef SAN_THREAD
	void *old = s->fiber;

	s->fiber = __tsan_create_fiber(0);
	s->left = 0;
	__tsan_switch_to_fiber(s->fiber, 0);
	__tsan_destroy_fiber(old);
#endif
}

/* The thread is on its own stack, which a goroutine left by the back door: pthread_exit(). */
static inline void san_thread_ends(struct m *m)
{
	(void)m;
#ifdef SAN_ADDRESS
	char *sp = __builtin_frame_address(0);

	__sanitizer_start_switch_fiber(NULL, m->g0_lo, m->g0_size);
	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
	if (sp > m->g0_lo && sp < m->g0_lo + m->g0_size)
		__asan_unpoison_memory_region(m->g0_lo, (size_t)(sp - m->g0_lo));
#endif
}

/* @s is given back: what is mapped there next isn't poisoned by frames that never returned. */
static inline void san_stack_gone(struct stack *s)
{
	(void)s;
#ifndef SAN_THREAD
	VALGRIND_STACK_DEREGISTER(s->registered);
#endif
#ifdef SAN_ADDRESS
	__asan_unpoison_memory_region(s->lo, (size_t)(s->top - s->lo));
#endif
#ifdef SAN_THREAD
	if (s->fiber)
		__tsan_destroy_fiber(s->fiber);
	s->fiber = NULL;
#endif
}

/* A full fence. TSan's compilers refuse one; there a locked instruction does on x86. */
static inline void full_fence(void)
{
#ifdef SAN_THREAD
	uint32_t any = 0;

	__atomic_exchange_n(&any, 1, __ATOMIC_SEQ_CST);
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

static inline void san_acquire(void *p)
{
	(void)p;
#ifdef SAN_THREAD
	__tsan_acquire(p);
#endif
}

static inline void san_release(void *p)
{
	(void)p;
#ifdef SAN_THREAD
	__tsan_release(p);
#endif
}

#endif /* GVTGO_SAN_H */
