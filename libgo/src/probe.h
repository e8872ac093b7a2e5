/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe.h - static probes (USDT) of provider "libgo", for bpftrace, perf and SystemTap. Each is
 * a nop and a note in the object file that says where its arguments are; the macro is told
 * what lies in a register or in memory anyway, so that nothing else is done for it.
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
 * Without <sys/sdt.h> (Debian: systemtap-sdt-dev) there are none. Rejected: probes at each switch:
 * a nop more on the one path that does nothing else; LIBGO_TRACE shows those.
 */
#ifndef GVTGO_PROBE_H
#define GVTGO_PROBE_H

#if __has_include(<sys/sdt.h>) && !defined(GVT_NO_PROBES)
#include <sys/sdt.h>
#define probe2(name, a, b)		STAP_PROBE2(libgo, name, a, b)
#define probe3(name, a, b, c)		STAP_PROBE3(libgo, name, a, b, c)
#define probe4(name, a, b, c, d)	STAP_PROBE4(libgo, name, a, b, c, d)
#else
#define probe2(name, a, b)		do { } while (0)
#define probe3(name, a, b, c)		do { } while (0)
#define probe4(name, a, b, c, d)	do { (void)(a); } while (0)
#endif

#endif /* GVTGO_PROBE_H */
