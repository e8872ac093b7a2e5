/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe.h - static probes (USDT) of provider "libgo", for bpftrace, perf and SystemTap. Each is
 * a nop and a note in the object file that says where its arguments are. All arguments are
 * lvalues, which lie in memory anyway: so nothing else is done for it. (gcc finds that by itself;
 * clang, told that a register would do as well, loads each of them and stores it again.)
 *
 *   create(goroutine, P, function)	made; P is -1 where a thread made it
 *   park(goroutine, P, reason)		begins to wait; go_park_reason() names the reason
 *   ready(goroutine, P)		can run: it waited, or is new; P -1: readied by a thread
 *   steal(goroutine, P, victim, n)	P took n from P victim, and runs this one of them
 *   handoff(goroutine, P, reason, thread)  P leaves a thread that goes on with the goroutine;
 *					reason 0: it is blocked, 1: go_blocking()
 *   preempt(goroutine, P, reason)	has run for too long; reason 0: it yields, at a call of
 *					libgo's; 1: its thread is held where it is
 *
 * Without <sys/sdt.h> (Debian: systemtap-sdt-dev), and where GVT_NO_PROBES is defined (to see what
 * they cost), there are none. Rejected: probes at each switch:
 * a nop more on the one path that does nothing else; LIBGO_TRACE shows those.
 */
#ifndef GVTGO_PROBE_H
#define GVTGO_PROBE_H

#if __has_include("sys/sdt.h") && !defined(GVT_NO_PROBES)
#ifdef __clang__
#define STAP_SDT_ARG_CONSTRAINT	m
#endif
#include <sys/sdt.h>

#define PROBE_NO_P	((const int){ -1 })	/* a thread that has none */
#define probe2(name, a, b)		STAP_PROBE2(libgo, name, a, b)
#define probe3(name, a, b, c)		STAP_PROBE3(libgo, name, a, b, c)
#define probe4(name, a, b, c, d)	STAP_PROBE4(libgo, name, a, b, c, d)
#else
#define PROBE_NO_P	0
#define probe2(name, a, b)		do { (void)(a); (void)(b); } while (0)
#define probe3(name, a, b, c)		do { probe2(name, a, b); (void)(c); } while (0)
#define probe4(name, a, b, c, d)	do { probe3(name, a, b, c); (void)(d); } while (0)
#endif

#endif /* GVTGO_PROBE_H */
