/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libgo.h - goroutines, channels, select and the sync package for C.
 *
 * Compile and link with `pkg-config --cflags --libs libgo`.
 *
 * Conventions that hold for every call here:
 *
 * - A function that can fail returns 0 (or a count) or a negative errno value.
 *   libgo never reports through errno: a goroutine may continue on another
 *   thread, and compilers remember errno's address. Each goroutine's own errno
 *   value is carried along for the libc calls that you make.
 * - Times and durations are int64_t nanoseconds on CLOCK_MONOTONIC. A deadline
 *   is a time of go_now(); 0 is none; one that has passed tries once.
 * - Zero-filled memory is a usable mutex, rwmutex, waitgroup, once, cond, semaphore
 *   (of 0) and group, an idle timer and a stopped ticker.
 * - Misuse on which Go panics, panics here, in Go's words.
 * - "May block" means: the goroutine waits, its thread goes on with others. A
 *   thread that is no goroutine may call whatever does not say otherwise; it
 *   waits as a thread.
 */
#ifndef LIBGO_H
#define LIBGO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
/* go_stats() and struct go_stats have one name, as stat() and struct stat do. */
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
#endif

#if defined(__GNUC__)
#define GO_NORETURN __attribute__((__noreturn__))
#define GO_PRINTF(f, a) __attribute__((__format__(__printf__, f, a)))
#define GO_UNUSED	__attribute__((__unused__))
#else
#define GO_NORETURN
#define GO_PRINTF(f, a)
#define GO_UNUSED
#endif

/* ---------------------------------------------------------------- running */

/* struct go_attr.flags */
#define GO_PINNED	(1u << 0)	/* has a thread of its own, and always the same */

/**
 * struct go_attr - how a goroutine is made
 * @stack_size: bytes of address space for its stack; 0: the default, 256 KiB.
 *	Rounded up to whole pages, at least 16 KiB. Memory is taken as touched.
 * @name: shown in dumps and panics; may be NULL. Not copied: it has to live as
 *	long as the goroutine.
 * @flags: GO_PINNED or 0
 */
struct go_attr {
	size_t stack_size;
	const char *name;
	unsigned int flags;
};

/**
 * go_run() - start the runtime, run @fn as the main goroutine
 * @fn: the main goroutine
 * @arg: its argument
 *
 * The calling thread becomes one of the runtime's threads until @fn returns.
 * Goroutines that are still alive then are dropped: they never run again, no
 * deferred call of theirs runs, their memory is freed. One that is just then
 * running, or blocked in a system call, on another thread is suspended there
 * for good; so don't let main return while a goroutine holds a lock of libc's,
 * or of yours, that the rest of the program needs. May be called again
 * afterwards.
 *
 * Context: a thread that is no goroutine. Blocks until @fn returns.
 * Return: 0; -EBUSY where the runtime runs already; -EINVAL for a NULL @fn;
 *	-ENOMEM or -EAGAIN where memory or a thread could not be had.
 * Go: the start of main.main (runtime.main, src/runtime/proc.go).
 */
int go_run(void (*fn)(void *), void *arg);

/**
 * go() - start a goroutine
 * @fn: what it runs; it ends when @fn returns
 * @arg: its argument; what it points to has to be there for as long as @fn needs it, so no
 *	variable of a loop that goes on
 *
 * Context: a goroutine, or any thread while the runtime runs. Does not block.
 * Return: 0; -EPERM where no runtime runs; -EINVAL for a NULL @fn; -ENOMEM;
 *	-EAGAIN where address space for its stack is limited (ulimit -v,
 *	vm.overcommit_memory=2) and used up.
 * Go: the go statement (runtime.newproc, src/runtime/proc.go).
 */
int go(void (*fn)(void *), void *arg);

/**
 * go_with() - start a goroutine with a stack size, a name or flags
 * @attr: how; NULL is go()
 * @fn: what it runs
 * @arg: its argument
 *
 * Context: as go().
 * Return: as go(); -EINVAL also for an unknown flag.
 * Go: none; GO_PINNED is runtime.LockOSThread for the whole goroutine.
 */
int go_with(const struct go_attr *attr, void (*fn)(void *), void *arg);

/**
 * go_yield() - let the other goroutines run
 *
 * The caller goes to the end of its P's run queue; no lock, no wake-up.
 *
 * Context: a goroutine; on another thread it is sched_yield().
 * Go: runtime.Gosched.
 */
void go_yield(void);

/**
 * go_exit() - end the calling goroutine
 *
 * All deferred calls of the goroutine run first, those of each go_call() that it
 * is in as well; go_recover() returns NULL in them.
 *
 * In the main goroutine: main ends, the others go on, and go_run() does not
 * return (as in Go, the program dies of deadlock when the others have ended).
 *
 * Context: a goroutine; on another thread it panics.
 * Go: runtime.Goexit.
 */
GO_NORETURN void go_exit(void);

/**
 * go_maxprocs() - set the number of Ps, which is how many goroutines may run
 *	at once
 * @n: the new number, at most GO_MAXPROCS_LIMIT; less than 1: only ask
 *
 * The default is the environment's GOMAXPROCS, else the CPUs that the process
 * may use (affinity mask and cgroup quota). A goroutine that lowers it continues on
 * a P that stays, after others that are ready, as by go_yield(). So does what runs on any
 * other P that goes away, at its next call, or where it computes, after some milliseconds.
 *
 * Context: any thread, before go_run() too. Does not block.
 * Return: the earlier number. @n above the limit is the limit.
 * Go: runtime.GOMAXPROCS.
 */
int go_maxprocs(int n);
#define GO_MAXPROCS_LIMIT	1024

/**
 * go_id() - the calling goroutine's number
 *
 * Context: any thread.
 * Return: 1 for the main goroutine, a number never used twice for the others;
 *	0: not a goroutine.
 * Go: none public; the number in "goroutine N [running]".
 */
uint64_t go_id(void);

/**
 * go_num() - how many goroutines are alive
 *
 * Context: any thread.
 * Return: the number; 0 where no runtime runs.
 * Go: runtime.NumGoroutine.
 */
int go_num(void);

/**
 * go_sleep() - wait for at least @ns nanoseconds
 * @ns: how long; 0 or less returns at once
 *
 * Context: may block. A thread that is no goroutine sleeps as a thread.
 * Go: time.Sleep.
 */
void go_sleep(int64_t ns);

/**
 * go_blocking() - run a function that may block its thread
 * @fn: the function; any C code, in the calling goroutine
 * @arg: its argument
 *
 * The goroutine keeps its thread and gives its P to the others at once. Without
 * this call the P is taken from a thread that blocks, or computes for 10 ms
 * while others wait; so it is needed by nobody, and useful where a goroutine is
 * known to block often and for long. While @fn runs, the thread is not counted
 * in GOMAXPROCS, and is never interrupted by the runtime.
 *
 * Context: a goroutine; on another thread it just calls @fn. May block after
 * @fn has returned, until a P is free.
 * Return: what @fn returned.
 * Go: runtime.entersyscallblock and exitsyscall around a system call.
 */
void *go_blocking(void *(*fn)(void *), void *arg);

/**
 * go_now() - the time
 *
 * Context: any thread.
 * Return: CLOCK_MONOTONIC in nanoseconds.
 * Go: runtime.nanotime; time.Now's monotonic part.
 */
int64_t go_now(void);

/* ------------------------------------------------ panic, defer, recover */

/**
 * struct go_panic - what a panic said
 * @text: its message, cut where it is longer
 */
struct go_panic {
	char text[512];
};

/**
 * go_defer() - have a function called when the enclosing go_call() ends, or the
 *	goroutine
 * @fn: the function
 * @arg: its argument
 *
 * Calls that were deferred run last in, first out, whether the end comes by
 * return, go_exit() or a panic. A deferred call is a frame of its own: what it
 * defers itself runs when it returns. Calls of goroutines that are dropped when
 * main returns do not run. Where memory is short the program dies of a fatal
 * error.
 *
 * Context: a goroutine; on another thread inside of go_call(), else it panics.
 *	Does not block.
 * Go: the defer statement, at the level of go_call() in place of each function.
 */
void go_defer(void (*fn)(void *), void *arg);

/**
 * go_call() - run a function in a frame of its own, where panics can be
 *	recovered
 * @fn: the function
 * @arg: its argument
 * @out: where to put the text of a panic that was recovered, "" where there was
 *	none; may be NULL
 *
 * What @fn defers runs when it ends. Where it panics and one of these calls takes
 * the panic with go_recover(), the others run too, @fn is left where it was, and
 * go_call() returns: functions that @fn had called don't run on (in C++ no
 * destructor of theirs runs). A panic that none of them takes goes on in the
 * frame around.
 *
 * Don't leave @fn by longjmp() or by a C++ exception.
 *
 * Context: any thread. May block where @fn does.
 * Return: 0; -ECANCELED where a panic was recovered; -EINVAL for a NULL @fn.
 * Go: the call of a function that has deferred calls.
 */
int go_call(void (*fn)(void *), void *arg, struct go_panic *out);

/**
 * go_panic() - end the goroutine's normal course with a message
 * @fmt: printf format of the text, of which the first 511 bytes count
 *
 * Deferred calls run, from the innermost go_call() outwards, until one takes the
 * panic with go_recover(): then the go_call() in which that was deferred ends, or
 * the goroutine (as if its function had returned). They run before anything is
 * left, on the same stack. If none does, "panic: TEXT", then "goroutine N
 * [running]:" with its entry function and a backtrace go to stderr, and the
 * process ends with status 2.
 *
 * A panic in a deferred call replaces the one that runs it, if it isn't recovered
 * within that call.
 *
 * Context: any thread.
 * Go: panic.
 */
GO_NORETURN void go_panic(const char *fmt, ...) GO_PRINTF(1, 2);

/**
 * go_recover() - take the panic that runs the calling deferred function
 *
 * Counts only in the deferred function itself: not in one that this calls, nor
 * in go_call() within it, nor while nothing panics or in go_exit(). (A function
 * that the compiler put into the deferred one, or that it jumps to at its end,
 * can't be told from it.)
 *
 * Context: any thread. Does not block.
 * Return: the panic's text, to be used until the go_call() or the goroutine that
 *	it ends has ended: copy it, or use @out of go_call(), to keep it for longer.
 *	NULL: nothing was taken.
 * Go: recover.
 */
const char *go_recover(void);

/* ---------------------------------------------------- channels and select */

struct go_chan;

/**
 * go_chan_make() - make a channel
 * @elem_size: bytes of one value; 0 is allowed (struct{} in Go)
 * @cap: how many values it buffers; 0: unbuffered, sender and receiver meet
 *
 * Context: any thread, before go_run() too.
 * Return: the channel, to be freed with go_chan_free(); NULL, with nothing
 *	changed, where memory is short or the sizes overflow.
 * Go: make(chan T, n).
 */
struct go_chan *go_chan_make(size_t elem_size, size_t cap);

/**
 * go_send() - send a value
 * @c: the channel; NULL blocks for good
 * @elem: elem_size bytes; may be NULL where elem_size is 0
 *
 * Blocks until a receiver or a free slot takes the value. Panics with "send on
 * closed channel", also where the channel is closed while it waits. Waiters are
 * served first come, first served. Once the value has been received, the sender
 * no longer touches the channel.
 *
 * Context: may block.
 * Go: c <- v.
 */
void go_send(struct go_chan *c, const void *elem);

/**
 * go_recv() - receive a value
 * @c: the channel; NULL blocks for good
 * @elem: where to put it, elem_size bytes; NULL drops it
 *
 * Context: may block.
 * Return: true: a value. false: closed and drained, *@elem is zeroed.
 * Go: v, ok := <-c.
 */
bool go_recv(struct go_chan *c, void *elem);

/**
 * go_try_send() - send if that is possible at once
 * @c: the channel
 * @elem: the value
 *
 * Context: does not block. Panics on a closed channel.
 * Return: 0, or -EAGAIN where it would block.
 * Go: select with one send and default.
 */
int go_try_send(struct go_chan *c, const void *elem);

/**
 * go_try_recv() - receive if that is possible at once
 * @c: the channel
 * @elem: where to put it; NULL drops it
 *
 * Context: does not block.
 * Return: 0, -EAGAIN where it would block, -EPIPE on closed and drained.
 * Go: select with one receive and default.
 */
int go_try_recv(struct go_chan *c, void *elem);

/**
 * go_send_until() - send, but wait no longer than until @deadline
 * @c: the channel; NULL waits for the deadline
 * @elem: the value
 * @deadline: time of go_now(); 0: none
 *
 * Context: may block. Panics on a closed channel.
 * Return: 0, or -ETIMEDOUT.
 * Go: select with a send and time.After.
 */
int go_send_until(struct go_chan *c, const void *elem, int64_t deadline);

/**
 * go_recv_until() - receive, but wait no longer than until @deadline
 * @c: the channel; NULL waits for the deadline
 * @elem: where to put it; NULL drops it
 * @deadline: time of go_now(); 0: none
 *
 * Context: may block.
 * Return: 0, -ETIMEDOUT, or -EPIPE on closed and drained.
 * Go: select with a receive and time.After.
 */
int go_recv_until(struct go_chan *c, void *elem, int64_t deadline);

/**
 * go_close() - close a channel
 * @c: the channel
 *
 * Receivers get what is buffered, then false. Panics with "close of closed
 * channel" or "close of nil channel". Once the close was seen by a receiver,
 * the closer no longer touches the channel.
 *
 * Context: any thread. Does not block.
 * Go: close(c).
 */
void go_close(struct go_chan *c);

/**
 * go_chan_len() - values buffered now
 * @c: the channel; NULL: 0
 *
 * Context: any thread.
 * Return: the number; it may be another one by the time it is looked at.
 * Go: len(c).
 */
size_t go_chan_len(const struct go_chan *c);

/**
 * go_chan_cap() - the buffer's size
 * @c: the channel; NULL: 0
 *
 * Context: any thread.
 * Return: what go_chan_make() was told.
 * Go: cap(c).
 */
size_t go_chan_cap(const struct go_chan *c);

/**
 * go_chan_free() - free a channel
 * @c: the channel; NULL does nothing
 *
 * Panics where goroutines wait on it. Whoever received the last value, or saw
 * the close, may free it. To use it, or free it again, afterwards is an error: while
 * the memory has not been given to others, the program dies of "fatal error: use of a
 * freed channel".
 *
 * Context: any thread. Does not block.
 * Go: none, the collector does it.
 */
void go_chan_free(struct go_chan *c);

/* enum go_op - what a case of go_select() wants */
enum go_op { GO_SEND, GO_RECV, GO_DEFAULT };

/**
 * struct go_case - one case of go_select()
 * @op: GO_SEND, GO_RECV or GO_DEFAULT (at most one of these)
 * @chan: the channel; NULL is never ready
 * @elem: the value to send, read when it is sent, or where to put the received one (NULL
 *	drops it)
 * @ok: set by a receive: true, a value came; false, closed and drained
 */
struct go_case {
	enum go_op op;
	struct go_chan *chan;
	void *elem;
	bool ok;
};

/**
 * go_select() - wait until one of several channel operations can happen, do it
 * @cases: the cases
 * @n: how many; 0 blocks for good
 *
 * Of several that are ready one is chosen uniformly at random. Panics on a send
 * to a closed channel, and on two defaults::
 *
 *	struct go_case cases[] = {
 *		{ .op = GO_RECV, .chan = requests, .elem = &request },
 *		{ .op = GO_SEND, .chan = log, .elem = &line },
 *		{ .op = GO_RECV, .chan = go_ctx_done(ctx) },
 *	};
 *
 *	switch (go_select(cases, 3)) {
 *	case 0:
 *		if (cases[0].ok)
 *			serve(&request);
 *		...
 *
 * The cases may be used again and again; where their variables are, they stay.
 *
 * Context: may block, unless there is a GO_DEFAULT.
 * Return: the index of the one case that happened.
 * Go: the select statement (runtime.selectgo, src/runtime/select.go).
 */
int go_select(struct go_case *cases, size_t n);

/* ------------------------------------------------------ channels with a type */

/*
 * The same channels, whose element type the compiler knows (gcc and clang; C11, C++14):
 *
 *	GO_CHAN(int) c = GO_CHAN_MAKE(int, 10);
 *	int v;
 *
 *	GO_CHAN_SEND(c, 42);
 *	while (GO_CHAN_RECV_OK(c, &v))
 *		...
 *
 * GO_CHAN(T) is a type like any other: of variables, parameters, members. It is the same
 * type wherever T is. Any other handle, and a plain struct go_chan *, is refused. A value
 * that is sent has the element's type, as in Go, where nothing is converted either; a
 * constant that fits will do for any number. A place for a value is a T *.
 *
 * It is a pointer to a function that nobody has: the kind of pointer that C lets differ by a
 * type, and that converts to no other by itself. T may be any type but an array; put
 * one into a struct.
 */
#ifdef __GNUC__
#define GO_CHAN(T)		__typeof__(__typeof__(T) (*)(struct go_chan *))
#define GO_CHAN_ELEM(c)		__typeof__((c)((struct go_chan *)0))	/* T */
#define GO_CHAN_MAKE(T, cap)						\
	((GO_CHAN(T))(uintptr_t)go_chan_make(sizeof(__typeof__(T)), cap))

/* The plain channel, for all that has no macro; and back. */
#define GO_CHAN_PLAIN(c)	GO_PLAIN_(c)
#define GO_CHAN_AS(T, c)						\
	((GO_CHAN(T))(uintptr_t)(1 ? (c) : (struct go_chan *)0))

#define GO_CHAN_CLOSE(c)	go_close(GO_PLAIN_(c))
#define GO_CHAN_LEN(c)		go_chan_len(GO_PLAIN_(c))
#define GO_CHAN_CAP(c)		go_chan_cap(GO_PLAIN_(c))
#define GO_CHAN_FREE(c)		go_chan_free(GO_PLAIN_(c))

/* As go_send() and its kind, but of a value: c <- v. */
#define GO_CHAN_SEND(c, ...)						\
	__extension__({							\
		GO_VALUE_(c, (__VA_ARGS__));				\
		go_send(GO_PLAIN_(c), &go_sent_);			\
	})
#define GO_CHAN_TRY_SEND(c, ...)					\
	__extension__({							\
		GO_VALUE_(c, (__VA_ARGS__));				\
		go_try_send(GO_PLAIN_(c), &go_sent_);			\
	})
#define GO_CHAN_SEND_UNTIL(c, v, deadline)				\
	__extension__({							\
		GO_VALUE_(c, (v));					\
		go_send_until(GO_PLAIN_(c), &go_sent_, deadline);	\
	})

/* The value; zero where the channel is closed and drained: v := <-c. */
#define GO_CHAN_RECV(c)							\
	__extension__({							\
		GO_CHAN_ELEM(c) go_got_;				\
		go_recv(GO_PLAIN_(c), &go_got_);			\
		go_got_;						\
	})
/* As go_recv() and its kind, into *@p: v, ok := <-c. */
#define GO_CHAN_RECV_OK(c, p)	go_recv(GO_PLAIN_(c), GO_PLACE_(c, p))
#define GO_CHAN_TRY_RECV(c, p)	go_try_recv(GO_PLAIN_(c), GO_PLACE_(c, p))
#define GO_CHAN_RECV_UNTIL(c, p, deadline)				\
	go_recv_until(GO_PLAIN_(c), GO_PLACE_(c, p), deadline)

/* Each value, until the channel is closed and drained: for v := range c. */
#define GO_CHAN_RANGE(v, c)	for (GO_CHAN_ELEM(c) v; GO_CHAN_RECV_OK(c, &v);)

/* Cases of go_select(): of the value *@p, or into it. */
#define GO_CASE_SEND(c, p)	GO_CASE_(GO_SEND, GO_PLAIN_(c), GO_SOURCE_(c, p))
#define GO_CASE_RECV(c, p)	GO_CASE_(GO_RECV, GO_PLAIN_(c), GO_PLACE_(c, p))
#define GO_CASE_DEFAULT		GO_CASE_(GO_DEFAULT, NULL, NULL)

/* The rest is what these are made of. */
#ifndef __cplusplus

/* A size_t 0, or an error. */
#define GO_MUST_(what, text)						\
	(0 * sizeof(struct { int go_; _Static_assert(what, text); }))
#define GO_SAME_(T, U)		__builtin_types_compatible_p(T, U)
#define GO_CLASS_(x)		__builtin_classify_type(x)
#define GO_IS_INT_(x)		(GO_CLASS_(x) >= 1 && GO_CLASS_(x) <= 4)
#define GO_IS_POINTER_(x)	(GO_CLASS_(x) == 5)
#define GO_IS_REAL_(x)		(GO_CLASS_(x) == 8)
#define GO_PICK_(what, x, y)	__builtin_choose_expr(what, x, y)
#define GO_ELEM_(c)		(*(GO_CHAN_ELEM(c) *)0)
/* What @x points to; an int where it doesn't. */
#define GO_TARGET_(x)		__typeof__(*GO_PICK_(GO_IS_POINTER_(x), x, (int *)0))
/* Not by ||: what is not chosen need not be a constant. */
#define GO_SENDABLE_(c, v)						\
	GO_PICK_(GO_SAME_(GO_CHAN_ELEM(c), __typeof__(v)), 1,		\
	GO_PICK_(GO_SAME_(GO_CHAN_ELEM(c), _Bool), GO_IS_INT_(v),	\
	GO_PICK_(GO_IS_POINTER_(v), GO_POINTER_FITS_(c, v), GO_CONST_FITS_(c, v))))
#define GO_POINTER_FITS_(c, v)						\
	(GO_IS_POINTER_(GO_ELEM_(c)) &&					\
	 (GO_SAME_(GO_TARGET_(GO_ELEM_(c)), GO_TARGET_(v)) ||		\
	  GO_SAME_(void, GO_TARGET_(v)) ||				\
	  GO_SAME_(void, GO_TARGET_(GO_ELEM_(c)))))
#define GO_CONST_FITS_(c, v)						\
	GO_PICK_(GO_IS_REAL_(GO_ELEM_(c)), __builtin_constant_p(v),	\
	GO_PICK_(GO_IS_INT_(GO_ELEM_(c)) && GO_IS_INT_(v) && __builtin_constant_p(v), \
		 (GO_INT_OF_(GO_ELEM_(c)))GO_INT_(v) == GO_INT_(v), 0))
/* @x; a 0 where it is no integer. */
#define GO_INT_(x)		GO_PICK_(GO_IS_INT_(x), x, 0)
#define GO_INT_OF_(x)		__typeof__(GO_INT_(x))

#define GO_PLAIN_(c)							\
	((struct go_chan *)((uintptr_t)(c) + 0 * sizeof(GO_CHAN_ELEM(c))))
#define GO_VALUE_(c, v)							\
	_Static_assert(GO_SENDABLE_(c, v), "this is no value of the channel's type"); \
	GO_CHAN_ELEM(c) go_sent_ = v
#define GO_PLACE_(c, p)							\
	((void)GO_MUST_(GO_SAME_(GO_CHAN_ELEM(c), __typeof__(*(p))),	\
			"this points to no value of the channel's type"), (p))
#define GO_SOURCE_(c, p)	((void *)GO_PLACE_(c, p))
#define GO_CASE_(what, c, p)	((struct go_case){ .op = (what), .chan = (c), .elem = (p) })

#else
#include <libgo_cxx.h>
#endif
#endif

/* ---------------------------------------------------------------- package sync */

/**
 * struct go_mutex - mutual exclusion; zero-filled is unlocked
 *
 * No waiter starves for longer than about 1 ms: then the lock is handed to it
 * directly (Go's starvation mode).
 */
struct go_mutex {
	/* private: */
	uint64_t _owner;
	uint32_t _due, _ways, _lock, _gen;
	void *_waiters[4];
};

/**
 * go_mutex_lock() - lock
 * @m: the mutex
 *
 * Context: may block.
 * Go: (*sync.Mutex).Lock.
 */
void go_mutex_lock(struct go_mutex *m);

/**
 * go_mutex_trylock() - lock if it is free
 * @m: the mutex
 *
 * Context: does not block.
 * Return: true where it is now locked by the caller.
 * Go: (*sync.Mutex).TryLock.
 */
bool go_mutex_trylock(struct go_mutex *m);

/**
 * go_mutex_unlock() - unlock
 * @m: the mutex; need not have been locked by the caller
 *
 * Panics with "sync: unlock of unlocked mutex". It may touch @m for a moment after another
 * one has got it: free it when no call for it is running any more.
 *
 * Context: any thread. Does not block.
 * Go: (*sync.Mutex).Unlock.
 */
void go_mutex_unlock(struct go_mutex *m);

#ifdef __GNUC__
/* No call where nobody waits: libgo's mutex.c says what goes on here. */
void go_mutex_due_(struct go_mutex *m);

GO_UNUSED static inline void go_mutex_unlock_(struct go_mutex *m)
{
	uint64_t owner = __atomic_load_n(&m->_owner, __ATOMIC_RELAXED);
	uint32_t due = __atomic_load_n(&m->_due, __ATOMIC_RELAXED);

	if (__builtin_expect(!(owner & 1) || due, 0)) {
		go_mutex_unlock(m);
		return;
	}
	__atomic_store_n(&m->_owner, 0, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__builtin_expect(__atomic_load_n(&m->_due, __ATOMIC_RELAXED) != 0, 0))
		go_mutex_due_(m);
}
#define go_mutex_unlock(m) go_mutex_unlock_(m)
#endif

/**
 * struct go_rwmutex - any number of readers, or one writer; zero-filled is unlocked
 *
 * A writer that waits keeps new readers out, and is followed by all readers that came
 * meanwhile: neither kind starves. So a goroutine that reads must not lock for
 * reading again: between the two a writer may have come, and each waits for the other.
 */
struct go_rwmutex {
	/* private: */
	struct go_mutex _w;
	int32_t _readers;
	uint32_t _leaving, _passes, _queued;
	void *_writer;
	uint32_t _writer_gen, _unused, _lock, _gen;
	void *_waiters[4];
};

/**
 * go_rwmutex_rdlock() - lock for reading
 * @rw: the rwmutex
 *
 * Context: may block.
 * Go: (*sync.RWMutex).RLock.
 */
void go_rwmutex_rdlock(struct go_rwmutex *rw);

/**
 * go_rwmutex_tryrdlock() - lock for reading if no writer has it or waits for it
 * @rw: the rwmutex
 *
 * Context: does not block.
 * Return: true where the caller now reads.
 * Go: (*sync.RWMutex).TryRLock.
 */
bool go_rwmutex_tryrdlock(struct go_rwmutex *rw);

/**
 * go_rwmutex_rdunlock() - undo one go_rwmutex_rdlock()
 * @rw: the rwmutex; need not have been locked by the caller
 *
 * Panics with "sync: RUnlock of unlocked RWMutex".
 *
 * Context: any thread. Does not block.
 * Go: (*sync.RWMutex).RUnlock.
 */
void go_rwmutex_rdunlock(struct go_rwmutex *rw);

/**
 * go_rwmutex_lock() - lock for writing
 * @rw: the rwmutex
 *
 * Context: may block.
 * Go: (*sync.RWMutex).Lock.
 */
void go_rwmutex_lock(struct go_rwmutex *rw);

/**
 * go_rwmutex_trylock() - lock for writing if nobody has it
 * @rw: the rwmutex
 *
 * Context: does not block.
 * Return: true where the caller is now the writer.
 * Go: (*sync.RWMutex).TryLock.
 */
bool go_rwmutex_trylock(struct go_rwmutex *rw);

/**
 * go_rwmutex_unlock() - undo go_rwmutex_lock()
 * @rw: the rwmutex; need not have been locked by the caller
 *
 * Panics with "sync: Unlock of unlocked RWMutex". It may touch @rw for a moment after
 * another one has got it: free it when no call for it is running any more.
 *
 * Context: any thread. Does not block.
 * Go: (*sync.RWMutex).Unlock.
 */
void go_rwmutex_unlock(struct go_rwmutex *rw);

/**
 * struct go_cond - wait until something has changed; zero-filled is ready to use
 *
 * What is waited for is protected by a mutex; one cond goes with one mutex.
 */
struct go_cond {
	/* private: */
	int64_t _tickets;
	uint32_t _lock, _gen;
	void *_waiters[4];
};

/**
 * go_cond_wait() - unlock a mutex, wait to be woken, lock it again
 * @c: the cond
 * @m: its mutex, which is locked; panics with "sync: unlock of unlocked mutex"
 *
 * To unlock and to begin to wait are one step: no signal is lost between them. Returns
 * only when woken; but others may have had the mutex since, so::
 *
 *	while (!condition)
 *		go_cond_wait(&c, &m);
 *
 * Context: may block.
 * Go: (*sync.Cond).Wait.
 */
void go_cond_wait(struct go_cond *c, struct go_mutex *m);

/**
 * go_cond_signal() - wake the one that waits longest, if any waits
 * @c: the cond
 *
 * The mutex may be locked by the caller, and need not be.
 *
 * Context: any thread. Does not block.
 * Go: (*sync.Cond).Signal.
 */
void go_cond_signal(struct go_cond *c);

/**
 * go_cond_broadcast() - wake all that wait
 * @c: the cond
 *
 * Context: as go_cond_signal().
 * Go: (*sync.Cond).Broadcast.
 */
void go_cond_broadcast(struct go_cond *c);

/**
 * struct go_sem - a weighted semaphore; zero-filled has a count of 0
 *
 * To begin with a count of n, release n.
 */
struct go_sem {
	/* private: */
	int64_t _count, _tickets;
	uint32_t _lock, _gen;
	void *_waiters[4];
};

/**
 * go_sem_acquire() - take from the count, when there is enough
 * @s: the semaphore
 * @n: how much, 0 or more; panics with "semaphore: negative weight"
 *
 * First come, first served: one that waits for much is not passed by others that want
 * less, though there be enough for them.
 *
 * Context: may block.
 * Go: (*semaphore.Weighted).Acquire of golang.org/x/sync, with a context that is never done;
 *	with another one: go_sem_acquire_ctx().
 */
void go_sem_acquire(struct go_sem *s, int64_t n);

struct go_ctx;

/**
 * go_sem_acquire_ctx() - take from the count, unless a context is done before
 * @s: the semaphore
 * @ctx: the context, which stays until this has returned
 * @n: how much, 0 or more; panics with "semaphore: negative weight"
 *
 * Where @ctx is done already nothing is taken, though there be enough.
 *
 * Context: any thread. May block.
 * Return: 0: it was taken. Else nothing has changed: -ECANCELED or -ETIMEDOUT, as go_ctx_err().
 * Go: (*semaphore.Weighted).Acquire.
 */
int go_sem_acquire_ctx(struct go_sem *s, struct go_ctx *ctx, int64_t n);

/**
 * go_sem_try_acquire() - take from the count if there is enough, and nobody waits
 * @s: the semaphore
 * @n: how much
 *
 * Context: does not block.
 * Return: true where it was taken; false where nothing has changed.
 * Go: (*semaphore.Weighted).TryAcquire.
 */
bool go_sem_try_acquire(struct go_sem *s, int64_t n);

/**
 * go_sem_release() - add to the count, and let those in for whom there is enough then
 * @s: the semaphore
 * @n: how much, 0 or more; need not have been acquired before
 *
 * Context: any thread. Does not block.
 * Go: (*semaphore.Weighted).Release.
 */
void go_sem_release(struct go_sem *s, int64_t n);

/**
 * struct go_waitgroup - wait until a number of things are done; zero-filled is
 *	ready to use
 *
 * One that was not at 0 when a go_run() ended has to be zero-filled again: its
 * goroutines are gone.
 */
struct go_waitgroup {
	/* private: */
	uint64_t _state;
	uint32_t _tag, _unused;
	uint32_t _lock, _gen;
	void *_waiters[4];
};

/**
 * go_wg_add() - add to the counter
 * @wg: the waitgroup
 * @n: how many; may be negative
 *
 * At 0 all waiters go on. Panics with "sync: negative WaitGroup counter".
 *
 * Context: any thread. Does not block.
 * Go: (*sync.WaitGroup).Add.
 */
void go_wg_add(struct go_waitgroup *wg, int64_t n);

/**
 * go_wg_done() - one is done
 * @wg: the waitgroup
 *
 * The one that makes it 0 no longer touches @wg once the waiters go on. So one that
 * waits, when it goes on, may free it; one that only then begins to wait may not.
 *
 * Context: any thread. Does not block.
 * Go: (*sync.WaitGroup).Done.
 */
void go_wg_done(struct go_waitgroup *wg);

/**
 * go_wg_wait() - wait until the counter is 0
 * @wg: the waitgroup
 *
 * Context: may block.
 * Go: (*sync.WaitGroup).Wait.
 */
void go_wg_wait(struct go_waitgroup *wg);

/**
 * struct go_once - does something once; zero-filled is ready to use
 */
struct go_once {
	/* private: */
	uint32_t _done, _pad;
	struct go_mutex _m;
};

/**
 * go_once_do() - call @fn if this is the first call for @o
 * @o: the once
 * @fn: what to do; NULL panics, unless it was done before
 * @arg: its argument
 *
 * Returns when @fn has returned, whoever called it. @fn runs as in go_call(): what
 * it defers runs at its end. One that panics counts as done: the panic goes on in
 * this caller, and no other one calls it again.
 *
 * Context: may block.
 * Go: (*sync.Once).Do.
 */
void go_once_do(struct go_once *o, void (*fn)(void *), void *arg);

/* ---------------------------------------------------------------- package time */

/**
 * struct go_timer - calls a function at a time; zero-filled is idle
 *
 * Lies where you like, and stays there while it is pending, which is from
 * go_timer_start() or go_timer_reset() until it fires or is stopped. Once it has
 * fired nothing of libgo's touches it: the function that it calls may free it.
 * One that is pending when its run ends never fires, and is idle then.
 *
 * Any number of goroutines and threads may start, reset and stop the same one at
 * once: these happen one after the other.
 */
struct go_timer {
	/* private: */
	void *_timer[6];
	void (*_fn)(void *);
};

/**
 * go_timer_start() - call a function later, in a goroutine of its own
 * @t: the timer, zero-filled or used before
 * @ns: after so many nanoseconds, or later, never before; 0 or less: now
 * @fn: the function
 * @arg: its argument
 *
 * Of one that is pending this is stop and start. Where no runtime runs, nothing
 * happens, as when it ended right afterwards. Where memory for a goroutine is
 * short it fires when there is some.
 *
 * Context: a goroutine, or any thread. Does not block.
 * Go: time.AfterFunc.
 */
void go_timer_start(struct go_timer *t, int64_t ns, void (*fn)(void *), void *arg);

/**
 * go_timer_stop() - don't call it
 * @t: the timer
 *
 * Does not wait for a function that was started already.
 *
 * Context: a goroutine, or any thread. Does not block.
 * Return: true: it was pending, its function is not called. false: it is idle;
 *	its function was started before, or it was stopped, or never started.
 * Go: (*time.Timer).Stop.
 */
bool go_timer_stop(struct go_timer *t);

/**
 * go_timer_reset() - call it at another time, or once more
 * @t: a timer that was started before; may be pending, or idle again
 * @ns: as go_timer_start()
 *
 * Panics with "time: Reset called on uninitialized Timer" on one that has no
 * function yet. Does not wait for a function that was started already; so the
 * next one may run beside it.
 *
 * Context: a goroutine, or any thread. Does not block.
 * Return: true: it was pending, and is called once, at the new time. false: it
 *	was idle, and is called once more.
 * Go: (*time.Timer).Reset.
 */
bool go_timer_reset(struct go_timer *t, int64_t ns);

/**
 * go_after() - a channel that gets the time once
 * @ns: after so many nanoseconds, or later; 0 or less: now
 *
 * Its values are int64_t, times of go_now(), its capacity is 1. Whoever received
 * frees it with go_chan_free(); who gives it up, with go_after_cancel(). To wait
 * for a channel with a time limit, go_recv_until() takes less.
 *
 * Context: a goroutine, or any thread. Does not block.
 * Return: the channel; NULL where memory is short, or no runtime runs.
 * Go: time.After.
 */
struct go_chan *go_after(int64_t ns);

/**
 * go_after_cancel() - give up a channel of go_after()
 * @c: the channel, whether it has got the time or not; NULL does nothing
 *
 * Nothing is sent any more, and the channel is freed. Panics where goroutines
 * wait on it, as go_chan_free().
 *
 * Context: any thread, after go_run() too. Does not block.
 * Go: none, the collector does it.
 */
void go_after_cancel(struct go_chan *c);

/**
 * struct go_ticker - sends the time at regular intervals; zero-filled is
 *	stopped
 *
 * Lies where you like, and stays there until it is stopped. One that ticks when
 * its run ends, ticks no more, and wants to be stopped, which frees its channel.
 */
struct go_ticker {
	/* private: */
	void *_timer[6];
	struct go_chan *_chan;
	int64_t _period, _next;
};

/**
 * go_ticker_start() - begin to tick
 * @t: the ticker, stopped
 * @ns: the interval; 0 or less panics with "non-positive interval for NewTicker"
 *
 * The times at which it ticks are a whole number of intervals after this call, or
 * later, never before. The channel holds one tick: those that come while it is full
 * are lost, and so are those of intervals that have passed unseen.
 *
 * Context: a goroutine, or any thread. Does not block.
 * Return: 0; -EBUSY where it was not stopped; -ENOMEM; -EPERM where no runtime
 *	runs.
 * Go: time.NewTicker.
 */
int go_ticker_start(struct go_ticker *t, int64_t ns);

/**
 * go_ticker_chan() - the channel of a ticker
 * @t: the ticker
 *
 * Values are int64_t, times of go_now(). The channel is the ticker's: it is never
 * closed, and not yours to free.
 *
 * Context: any thread.
 * Return: the channel; NULL where it is stopped.
 * Go: (*time.Ticker).C.
 */
struct go_chan *go_ticker_chan(const struct go_ticker *t);

/**
 * go_ticker_reset() - tick at another interval from now on
 * @t: the ticker
 * @ns: the interval; 0 or less panics with "non-positive interval for
 *	Ticker.Reset"
 *
 * The next tick comes when the new interval has passed; one that has not been
 * received yet is taken back. Panics with "time: Reset called on uninitialized Ticker"
 * on one that is stopped.
 *
 * Context: a goroutine, or any thread. Does not block.
 * Go: (*time.Ticker).Reset.
 */
void go_ticker_reset(struct go_ticker *t, int64_t ns);

/**
 * go_ticker_stop() - tick no more
 * @t: the ticker; one that is stopped stays so
 *
 * Frees the channel, and panics where goroutines wait on it, as go_chan_free().
 *
 * Context: any thread, after go_run() too. Does not block.
 * Go: (*time.Ticker).Stop, which leaves the channel to the collector.
 */
void go_ticker_stop(struct go_ticker *t);

/* ------------------------------------------------------------- descriptors */

/*
 * Of <sys/socket.h> and <sys/uio.h>, which are not included: their names (send(), accept(), ...) are
 * many. A socklen_t is an unsigned int.
 */
struct sockaddr;
struct msghdr;
struct iovec;

/*
 * The calls below take the arguments of the system call whose name they have, and
 * answer with a negative errno in place of -1. Where that would block, the
 * goroutine waits, for any kind of descriptor; its flag O_NONBLOCK is neither
 * needed nor changed. What they have in common:
 *
 * - They never fail with EINTR, and with EAGAIN only where MSG_DONTWAIT was said.
 * - Those that write go on until all is written, as on a blocking descriptor; where
 *   an error, a deadline or go_fd_close() comes after a part, the answer is how much.
 *   What several goroutines write at once may mix, as with write().
 * - On a socket that nobody reads any more they answer -EPIPE and raise no SIGPIPE.
 *   On a pipe there is no way around that signal: ignore it.
 * - Goroutines that wait to read from the same descriptor (or to write) are served
 *   first come, first served.
 * - -ETIMEDOUT: go_fd_deadline(). -ECANCELED: go_fd_close().
 * - Close with go_fd_close() what goroutines wait for. Of a close() libgo learns
 *   nothing: who waits then is told -EBADF only some 20 to 50 ms later, or reads
 *   what has got that number meanwhile; and the first wait on a new descriptor of
 *   the same number, unless a call of libgo's made or connected it, may notice so
 *   much later that it is ready; a write to a socket that got a pipe's number in this
 *   way may raise SIGPIPE.
 * - Regular files and directories are read and written at once, as by the system
 *   call; deadlines don't hold there. A thread that is no goroutine waits as a
 *   thread: it minds the deadline that was set when it began to wait, and no
 *   go_fd_close().
 * - "Ready" is asked of an epoll instance, which the runtime makes when the first
 *   goroutine waits, and closes at the end of go_run().
 */

/**
 * go_read() - read
 * @fd: any descriptor
 * @buf: where to
 * @n: how many bytes at most
 *
 * Context: may block.
 * Return: bytes read, at least one; 0: the end, or @n was 0; or a negative errno.
 * Go: (*os.File).Read, (net.Conn).Read.
 */
ssize_t go_read(int fd, void *buf, size_t n);

/**
 * go_write() - write all of a buffer
 * @fd: any descriptor
 * @buf: what
 * @n: how many bytes
 *
 * Context: may block.
 * Return: @n; less, where something came in between; or a negative errno.
 * Go: (*os.File).Write, (net.Conn).Write.
 */
ssize_t go_write(int fd, const void *buf, size_t n);

/**
 * go_readv() - read into several buffers
 * @fd: any descriptor
 * @iov: the buffers
 * @n: how many, at most IOV_MAX
 *
 * Context: may block.
 * Return: as go_read(); -EINVAL for another @n.
 * Go: none.
 */
ssize_t go_readv(int fd, const struct iovec *iov, int n);

/**
 * go_writev() - write all of several buffers
 * @fd: any descriptor
 * @iov: the buffers
 * @n: how many, at most IOV_MAX
 *
 * Context: may block.
 * Return: as go_write(); -EINVAL for another @n.
 * Go: (*net.Buffers).WriteTo.
 */
ssize_t go_writev(int fd, const struct iovec *iov, int n);

/**
 * go_pread() - read at an offset
 * @fd: a file
 * @buf: where to
 * @n: how many bytes at most
 * @offset: from where
 *
 * Context: blocks its thread where the file's medium does; the P is handed on then.
 * Return: bytes read; 0: the end; or a negative errno.
 * Go: (*os.File).ReadAt.
 */
ssize_t go_pread(int fd, void *buf, size_t n, off_t offset);

/**
 * go_pwrite() - write all of a buffer at an offset
 * @fd: a file
 * @buf: what
 * @n: how many bytes
 * @offset: where to
 *
 * Context: as go_pread().
 * Return: as go_write().
 * Go: (*os.File).WriteAt.
 */
ssize_t go_pwrite(int fd, const void *buf, size_t n, off_t offset);

/**
 * go_recvmsg() - receive a message
 * @fd: a socket
 * @msg: where to, as of recvmsg()
 * @flags: as of recvmsg(). MSG_DONTWAIT: don't wait. MSG_WAITALL: less may come.
 *
 * Context: may block.
 * Return: bytes received, or a negative errno.
 * Go: (*net.UnixConn).ReadMsgUnix.
 */
ssize_t go_recvmsg(int fd, struct msghdr *msg, int flags);

/**
 * go_sendmsg() - send a message
 * @fd: a socket
 * @msg: what, as of sendmsg()
 * @flags: as of sendmsg(). MSG_DONTWAIT: don't wait, and send what there is room for.
 *
 * Context: may block.
 * Return: bytes sent, or a negative errno.
 * Go: (*net.UnixConn).WriteMsgUnix.
 */
ssize_t go_sendmsg(int fd, const struct msghdr *msg, int flags);

/**
 * go_recvfrom() - receive, and be told from whom
 * @fd: a socket
 * @buf: where to
 * @n: how many bytes at most
 * @flags: as of go_recvmsg()
 * @addr: where to put the sender's address; may be NULL
 * @len: its size, and then its length; may be NULL
 *
 * Context: may block.
 * Return: bytes received, or a negative errno.
 * Go: (net.PacketConn).ReadFrom.
 */
ssize_t go_recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *addr, unsigned int *len);

/**
 * go_sendto() - send to an address
 * @fd: a socket
 * @buf: what
 * @n: how many bytes
 * @flags: as of go_sendmsg()
 * @addr: whom to; NULL: whom it is connected to
 * @len: length of the address
 *
 * Context: may block.
 * Return: bytes sent, or a negative errno.
 * Go: (net.PacketConn).WriteTo.
 */
ssize_t go_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr,
		  unsigned int len);

/**
 * go_accept4() - take a connection
 * @fd: a socket that listens
 * @addr: where to put the other side's address; may be NULL
 * @len: its size, and then its length; may be NULL
 * @flags: SOCK_CLOEXEC, SOCK_NONBLOCK, for the new descriptor
 *
 * A connection that is gone before it could be taken (ECONNABORTED) is passed over.
 *
 * Context: may block.
 * Return: the new descriptor, or a negative errno. -EMFILE, -ENFILE: no number is free for it;
 *	it stays in the queue, so wait a moment before the next call.
 * Go: (net.Listener).Accept.
 */
int go_accept4(int fd, struct sockaddr *addr, unsigned int *len, int flags);

/**
 * go_connect() - connect
 * @fd: a socket
 * @addr: where to
 * @len: length of the address
 *
 * Its flag O_NONBLOCK is set for a moment, unless it is set anyway. A UNIX socket whose
 * listener has no room is tried again from time to time.
 *
 * Context: may block.
 * Return: 0, or a negative errno.
 * Go: (*net.Dialer).Dial, for an address.
 */
int go_connect(int fd, const struct sockaddr *addr, unsigned int len);

/**
 * go_poll_fd() - wait until a descriptor is ready
 * @fd: any descriptor
 * @events: POLLIN, POLLOUT, ... as of poll()
 * @deadline: time of go_now(); 0: none. That of go_fd_deadline() counts as well.
 *
 * All who wait so are woken, each time; nothing is taken. So when one of them comes
 * to read, another may have read it.
 *
 * Context: may block.
 * Return: which of @events are ready, POLLERR and POLLHUP among them; or a negative
 *	errno.
 * Go: none public; (*poll.FD).WaitRead in internal/poll.
 */
int go_poll_fd(int fd, int events, int64_t deadline);

/**
 * go_fd_deadline() - bound calls on a descriptor
 * @fd: any descriptor
 * @t: time of go_now(): from then on who waits for it, or comes to, is answered
 *	-ETIMEDOUT. 0: no deadline.
 *
 * It holds for all calls until it is changed, those under way as well. A call that
 * need not wait succeeds, even when the deadline has passed.
 *
 * Context: any thread. Does not block.
 * Return: 0; -EBADF; -ENOMEM; -EPERM in the child of a fork() made while goroutines ran.
 * Go: (net.Conn).SetDeadline, which also fails calls that need not wait.
 */
int go_fd_deadline(int fd, int64_t t);

/**
 * go_fd_close() - close a descriptor that goroutines may use
 * @fd: any descriptor
 *
 * Calls that wait for it return -ECANCELED. It is closed when those that are under
 * way have returned, and this returns after that: nobody uses the number for the old
 * file any more.
 *
 * Context: may block.
 * Return: 0; -EBADF: it is not open, or somebody else is closing it; or an error of
 *	close(): it is closed all the same.
 * Go: (net.Conn).Close.
 */
int go_fd_close(int fd);

/**
 * go_tcp_listen() - listen for TCP connections
 * @host: the name or number of one of this machine's addresses (of a name's the first of
 *	IPv4, if there is one); NULL or "": all, of IPv4 and IPv6
 * @port: the port; 0: a free one (see getsockname())
 *
 * With SO_REUSEADDR, TCP_NODELAY (which its connections inherit), SOCK_NONBLOCK and
 * SOCK_CLOEXEC.
 *
 * Context: may block, to resolve the name.
 * Return: the descriptor, or a negative errno: -ENOENT, there is no such name; -EAGAIN,
 *	whoever knows names doesn't answer.
 * Go: net.Listen("tcp", "host:port").
 */
int go_tcp_listen(const char *host, int port);

/**
 * go_tcp_dial() - connect to a TCP server
 * @host: its name or number; NULL or "": this machine
 * @port: the port
 *
 * All addresses that the name has are tried in the resolver's order, until one
 * answers. With TCP_NODELAY, SOCK_NONBLOCK and SOCK_CLOEXEC. A connection is never one with
 * itself, which may come about where nobody listens: that is -ECONNREFUSED.
 *
 * Context: may block.
 * Return: the descriptor; or a negative errno: as go_tcp_listen(), or that of the last
 *	address.
 * Go: net.Dial("tcp", "host:port").
 */
int go_tcp_dial(const char *host, int port);

/**
 * go_unix_listen() - listen on a UNIX stream socket
 * @path: its file, which must not exist, and stays when it is closed; with '@' in
 *	front a name without a file
 *
 * Context: does not block.
 * Return: the descriptor, or a negative errno.
 * Go: net.Listen("unix", path).
 */
int go_unix_listen(const char *path);

/**
 * go_unix_dial() - connect to a UNIX stream socket
 * @path: as of go_unix_listen()
 *
 * Context: may block.
 * Return: the descriptor, or a negative errno.
 * Go: net.Dial("unix", path).
 */
int go_unix_dial(const char *path);

/* ------------------------------------------------------------ package context */

/**
 * struct go_ctx - tells those who work on one task when to stop, and carries values
 *	along to them
 *
 * Contexts form a tree: who cancels one, cancels all below it. Each call that makes one
 * returns a handle, which its owner gives up by go_ctx_free(), once. That neither
 * cancels it nor ends it for those below it: a parent lives in its children for as
 * long as it must, in whatever order they are freed. A context may be used by
 * any number of goroutines and threads at once, while somebody keeps a handle for
 * them; go_ctx_ref() makes another one, for one who lives longer.
 */
struct go_ctx;

/**
 * go_ctx_background() - the root of all contexts: never cancelled, no deadline, no values
 *
 * Context: any thread, also where no runtime runs.
 * Return: always the same; freeing it does nothing.
 * Go: context.Background.
 */
struct go_ctx *go_ctx_background(void);

/**
 * go_ctx_with_cancel() - make a context that can be cancelled
 * @parent: when it is cancelled, so is the new one, at once if it is already; panics
 *	with "cannot create context from nil parent"
 *
 * Context: any thread, also where no runtime runs. Does not block.
 * Return: a handle; NULL where memory is short.
 * Go: context.WithCancel, context.WithCancelCause.
 */
struct go_ctx *go_ctx_with_cancel(struct go_ctx *parent);

/**
 * go_ctx_with_deadline() - make a context that is cancelled at a time
 * @parent: as of go_ctx_with_cancel(); an earlier deadline of its counts
 * @t: time of go_now(); 0: none; one that has passed cancels at once
 *
 * The runtime cancels it. One that is made where no runtime runs, or left over when
 * its run ends, is not cancelled by its own deadline any more.
 *
 * Context: any thread. Does not block.
 * Return: a handle; NULL where memory is short.
 * Go: context.WithDeadline.
 */
struct go_ctx *go_ctx_with_deadline(struct go_ctx *parent, int64_t t);

/**
 * go_ctx_with_timeout() - make a context that is cancelled after some time
 * @parent: as of go_ctx_with_cancel()
 * @ns: nanoseconds; 0 or less cancels at once
 *
 * Context: any thread. Does not block.
 * Return: a handle; NULL where memory is short.
 * Go: context.WithTimeout.
 */
struct go_ctx *go_ctx_with_timeout(struct go_ctx *parent, int64_t ns);

/**
 * go_ctx_with_value() - make a context that carries a value
 * @parent: as of go_ctx_with_cancel()
 * @key: compared as an address: take that of a static variable; NULL panics with "nil key"
 * @value: stays the caller's
 *
 * Context: any thread. Does not block.
 * Return: a handle; NULL where memory is short.
 * Go: context.WithValue.
 */
struct go_ctx *go_ctx_with_value(struct go_ctx *parent, const void *key, void *value);

/**
 * go_ctx_without_cancel() - make a context with the parent's values, and nothing else of it
 * @parent: not cancelled with it; panics as of go_ctx_with_cancel()
 *
 * Context: any thread. Does not block.
 * Return: a handle; NULL where memory is short.
 * Go: context.WithoutCancel.
 */
struct go_ctx *go_ctx_without_cancel(struct go_ctx *parent);

/**
 * go_ctx_after() - call a function in a goroutine of its own when a context is done
 * @parent: the context; one that is done already makes it run at once
 * @fn: the function; NULL panics
 * @arg: its argument
 *
 * Each call stands for itself. Where the goroutine can't be made then, the one that
 * cancels panics.
 *
 * Context: any thread. Does not block.
 * Return: a handle, to be kept until @fn has begun or was stopped, then to be freed; NULL
 *	where memory is short.
 * Go: context.AfterFunc.
 */
struct go_ctx *go_ctx_after(struct go_ctx *parent, void (*fn)(void *), void *arg);

/**
 * go_ctx_after_stop() - call off what go_ctx_after() has arranged
 * @after: what it returned
 *
 * Does not wait for @fn.
 *
 * Context: any thread. Does not block.
 * Return: true: it will not run. false: it has been started, or was stopped before.
 * Go: the function that context.AfterFunc returns.
 */
bool go_ctx_after_stop(struct go_ctx *after);

/**
 * go_ctx_cancel() - cancel a context, and all below it
 * @ctx: made by go_ctx_with_cancel(), _deadline() or _timeout(): panics for another
 *
 * The second time does nothing. Does not wait for those who work on it to stop.
 *
 * Context: any thread. Does not block.
 * Go: the CancelFunc.
 */
void go_ctx_cancel(struct go_ctx *ctx);

/**
 * go_ctx_cancel_cause() - cancel a context, and all below it, and say why
 * @ctx: the context
 * @cause: what go_ctx_cause() is to tell, of this one and those below it; 0: -ECANCELED
 *
 * Context: any thread. Does not block.
 * Go: the CancelCauseFunc.
 */
void go_ctx_cancel_cause(struct go_ctx *ctx, int cause);

/**
 * go_ctx_done() - the channel that is closed when a context is done
 * @ctx: the context
 *
 * For go_select() and go_recv(). Not to be closed or freed.
 *
 * Context: any thread. Does not block.
 * Return: a channel without values, closed when @ctx is done; always the same one. NULL,
 *	which is never ready, where nothing can cancel it.
 * Go: Context.Done.
 */
struct go_chan *go_ctx_done(struct go_ctx *ctx);

/**
 * go_ctx_err() - has a context been cancelled?
 * @ctx: the context
 *
 * Context: any thread. Does not block.
 * Return: 0 until the channel of go_ctx_done() is closed; then -ECANCELED, or -ETIMEDOUT
 *	where a deadline has passed; always the same.
 * Go: Context.Err.
 */
int go_ctx_err(struct go_ctx *ctx);

/**
 * go_ctx_cause() - why has a context been cancelled?
 * @ctx: the context
 *
 * Context: any thread. Does not block.
 * Return: 0 until it is done; what go_ctx_cancel_cause() was told; else as go_ctx_err().
 * Go: context.Cause.
 */
int go_ctx_cause(struct go_ctx *ctx);

/**
 * go_ctx_deadline() - when will a context be cancelled?
 * @ctx: the context
 *
 * Context: any thread. Does not block.
 * Return: a time of go_now(), its own or one from above; 0: none.
 * Go: Context.Deadline.
 */
int64_t go_ctx_deadline(struct go_ctx *ctx);

/**
 * go_ctx_value() - look up a value
 * @ctx: the context
 * @key: the address that go_ctx_with_value() was given
 *
 * Context: any thread. Does not block.
 * Return: the value of the nearest context with this key, from @ctx up; NULL: none.
 * Go: Context.Value.
 */
void *go_ctx_value(struct go_ctx *ctx, const void *key);

/**
 * go_ctx_ref() - make another handle of a context
 * @ctx: the context
 *
 * Context: any thread. Does not block.
 * Return: @ctx, to be freed once more.
 * Go: none, the collector does it.
 */
struct go_ctx *go_ctx_ref(struct go_ctx *ctx);

/**
 * go_ctx_free() - give up a handle
 * @ctx: not used by its owner any more; NULL and the background: does nothing
 *
 * With the last handle, and when no context below it is left, the memory goes, its
 * timer is stopped, and what go_ctx_after() was to call is not called any more. Panics
 * where goroutines still wait on its channel then. Who cancels it may still be at it.
 * To use it, or give it up again, afterwards is an error: as of go_chan_free().
 *
 * Context: any thread. Does not block.
 * Go: none, the collector does it.
 */
void go_ctx_free(struct go_ctx *ctx);

/* ----------------------------------------------------------- package errgroup */

/**
 * struct go_group - goroutines that work on parts of one task; zero-filled is ready to
 *	use: no limit, no context
 */
struct go_group {
	/* private: */
	struct go_waitgroup _wg;
	struct go_sem _places;
	struct go_ctx *_ctx;
	int _err;
	bool _limit;
};

/**
 * go_group_with_context() - begin a group with a context
 * @g: the group, which is cleared
 * @parent: as of go_ctx_with_cancel()
 *
 * The context is cancelled, with the error as its cause, when the first function
 * returns one; else when go_group_wait() first returns.
 *
 * Context: any thread. Does not block.
 * Return: a handle of the context, which the caller frees, at any time; NULL where memory
 *	is short: then the group has none.
 * Go: errgroup.WithContext of golang.org/x/sync.
 */
struct go_ctx *go_group_with_context(struct go_group *g, struct go_ctx *parent);

/**
 * go_group_go() - run a function in a goroutine of the group
 * @g: the group
 * @fn: returns 0, or an error: any other number; NULL panics
 * @arg: its argument
 *
 * Where there is a limit, waits until fewer run. Where no goroutine can be made,
 * that is the error: -ENOMEM, -EAGAIN, -EPERM, as of go().
 *
 * Context: may block, if there is a limit.
 * Go: (*errgroup.Group).Go.
 */
void go_group_go(struct go_group *g, int (*fn)(void *), void *arg);

/**
 * go_group_try_go() - run a function in a group, if the limit allows it now
 * @g: the group
 * @fn: the function
 * @arg: its argument
 *
 * Context: does not block.
 * Return: true where it was started.
 * Go: (*errgroup.Group).TryGo.
 */
bool go_group_try_go(struct go_group *g, int (*fn)(void *), void *arg);

/**
 * go_group_wait() - wait until all functions of the group have returned
 * @g: the group
 *
 * Context: may block.
 * Return: the first error of them, 0: none.
 * Go: (*errgroup.Group).Wait.
 */
int go_group_wait(struct go_group *g);

/**
 * go_group_limit() - set how many functions of the group may run at once
 * @g: the group
 * @n: how many; 0: none can be added; negative: any number
 *
 * Panics while any run: "errgroup: modify limit while %u goroutines in the group are
 * still active".
 *
 * Context: any thread. Does not block.
 * Go: (*errgroup.Group).SetLimit.
 */
void go_group_limit(struct go_group *g, int n);

/* ---------------------------------------------------------- seeing inside */

/**
 * struct go_stats - counters of the runtime since go_run() began
 * @created: goroutines made, the main one among them
 * @alive: of these, not ended
 * @peak: the most alive at once. Exact with one P and whenever the runtime was
 *	idle at its peak; with more Ps it may lag by up to 64 for each P.
 * @switches: times a P went from one goroutine to another, or to the same one
 *	after it had waited
 * @parks: times a goroutine began to wait
 * @steals: goroutines taken from another P's run queue
 * @handoffs: times a P was taken from a blocked thread
 * @preemptions: times a goroutine lost its P by running too long
 * @threads: threads of the runtime, the one that called go_run() among them
 * @stack_bytes: bytes of stack in slots that are used, or kept for use (address
 *	space, the reserve of each; what is committed is less)
 * @procs: Ps now
 * @published: true where the counters are published to gvt.ko
 * @guards_installed: stacks guarded by MADV_GUARD_INSTALL (Linux 6.13 on)
 * @guards_protected: stacks guarded by mprotect()
 * @guards_canary: stacks guarded only by a check when they are left
 */
struct go_stats {
	uint64_t created, alive, peak, switches, parks, steals, handoffs, preemptions, threads,
		stack_bytes;
	uint64_t procs, published;
	uint64_t guards_installed, guards_protected, guards_canary;
};

/**
 * go_stats() - read the counters
 * @s: where to put them
 *
 * After go_run() has returned: those of that run. The numbers are read one
 * after the other while the runtime goes on.
 *
 * Context: any thread.
 * Go: runtime.ReadMemStats, runtime/metrics.
 */
void go_stats(struct go_stats *s);

#define GO_PARK_REASONS	32	/* as many as struct go_p_stats has room for */

/**
 * struct go_p_stats - what was counted on one P, or on all
 * @created: goroutines made by those that ran there
 * @ended: goroutines that ended there
 * @switches: as in struct go_stats, as the others
 * @parks: times a goroutine began to wait there
 * @steals: goroutines taken from other Ps, to run here
 * @handoffs: times it was taken from a blocked thread: known only in sum
 * @preemptions: times a goroutine yielded there because it had run too long; those that
 *	were stopped where they were are known only in sum
 * @queued: goroutines in its run queue now; in sum, those of the global queue too
 * @parks_for: @parks by reason, which go_park_reason() names
 */
struct go_p_stats {
	uint64_t created, ended, switches, parks, steals, handoffs, preemptions, queued;
	uint64_t parks_for[GO_PARK_REASONS];
};

/**
 * go_stats_p() - read the counters of one P
 * @p: its number, from 0 on; -1: all in sum, with what threads did that have no P
 * @s: where to put them
 *
 * A P that go_maxprocs() took away keeps its number and its counters. The numbers are read
 * one after the other while the runtime goes on.
 *
 * Context: any thread. Does not block.
 * Return: 0; -EINVAL where there is no such P; -EPERM where no runtime runs.
 * Go: none; GODEBUG=scheddetail=1 shows some of it.
 */
int go_stats_p(int p, struct go_p_stats *s);

/**
 * go_park_reason() - name a reason for which goroutines wait
 * @i: its number, as in parks_for of struct go_p_stats, from 0 on
 *
 * The words are those of go_dump(). Nobody waits for reason 0. A new version may have more
 * reasons, and other numbers.
 *
 * Context: any thread.
 * Return: its name; NULL where there are no more.
 * Go: waitReason.String, src/runtime/runtime2.go.
 */
const char *go_park_reason(int i);

/**
 * go_dump() - write what every goroutine is doing
 * @fd: where to; best a file, a pipe that is read, or stderr
 *
 * For each one a line as Go writes it, with its number, its state, and for how long it
 * has waited where that is a minute or more; its name, if any, and its entry function.
 * Then its frames, the innermost first, as FUNCTION+OFFSET; what it waits for, where that is
 * known: the channel, with who else waits on it, or the mutex, with who holds it; and where
 * it was made. Of a goroutine that runs on another thread there are no frames. Nothing is stopped meanwhile:
 * what goes on shows as it was when it was looked at.
 *
 * SIGQUIT does this on stderr, and ends the program with status 2, unless the program has
 * an action of its own for it when go_run() begins.
 *
 * Context: any thread, at any time, but not a signal handler. Blocks in write(); on a
 * thread that is no goroutine, go_run() does not return meanwhile.
 * Return: 0; -EPERM where no runtime runs; -ENOMEM; or what write() says.
 * Go: runtime.Stack(buf, true); SIGQUIT.
 */
int go_dump(int fd);

#ifdef __cplusplus
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
}
#endif

#endif /* LIBGO_H */
