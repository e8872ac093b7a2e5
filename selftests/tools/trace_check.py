#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# trace_check.py - a strict reader of traces, for trace.sh.
#
#   check FILE           "ok", or the first thing that is wrong with it
#   count FILE WHAT      how many goroutines, arrows, kernel slices, processes, ... it has
#   about FILE KEY       what it says of itself
#   work                 a program with threads that tell what the kernel counted for them
#   compare FILE OUTPUT  that, against the switches in the trace
#
# Numbers are read as decimals, so that times keep their nanoseconds.

import json
import sys
import threading
import time
from collections import defaultdict
from decimal import Decimal

TRACK_P, TRACK_KERNEL = 10_000_000, 20_000_000


class Wrong(Exception):
    pass


def need(true, *what):
    if not true:
        raise Wrong(" ".join(map(str, what)))


def no_constant(name):
    raise Wrong(f"{name} is no JSON")


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    need(len(keys) == len(set(keys)), "a key twice:", keys)
    return dict(pairs)


def load(name):
    with open(name, encoding="utf-8") as f:
        return json.load(f, parse_float=Decimal, parse_constant=no_constant,
                         object_pairs_hook=no_duplicates)


def ns(value):
    scaled = Decimal(value) * 1000
    need(scaled == int(scaled) and scaled >= 0, "not whole nanoseconds:", value)
    return int(scaled)


def track(e):
    return (e["pid"], e["tid"])


def slices_of(events):
    found = defaultdict(list)
    for e in events:
        if e["ph"] == "X":
            begin = ns(e["ts"])
            found[track(e)].append((begin, begin + ns(e["dur"]), e))
    return found


def check_shape(events):
    tracks, processes = set(), set()
    for e in events:
        need(set(e) >= {"ph", "name", "pid", "tid"}, "incomplete:", e)
        need(isinstance(e["pid"], int) and isinstance(e["tid"], int) and e["name"], "odd:", e)
        need(e["ph"] in "MXisf", "unknown phase:", e)
        if e["ph"] == "M":
            if e["name"] == "thread_name":
                tracks.add(track(e))
            if e["name"] == "process_name":
                processes.add(e["pid"])
        else:
            ns(e["ts"])
    for e in events:
        need(e["ph"] == "M" or track(e) in tracks, "a track without a name:", e)
        need(e["pid"] in processes, "a process without a name:", e)


# Either one after the other, or one within the other.
def check_nesting(slices):
    for where, of_track in slices.items():
        stack = []
        for begin, end, e in sorted(of_track, key=lambda s: (s[0], -s[1])):
            need(end >= begin, "ends before it begins:", e)
            while stack and stack[-1] <= begin:
                stack.pop()
            need(not stack or end <= stack[-1], "overlaps another one:", e)
            stack.append(end)
        if where[1] >= TRACK_P:
            order = sorted(of_track, key=lambda s: s[0])
            for a, b in zip(order, order[1:]):
                need(a[1] <= b[0], "at two things at once:", a[2], b[2])


def check_arrows(events, slices):
    ends = defaultdict(list)
    for e in events:
        if e["ph"] in "sf":
            ends[e["id"]].append(e)
    for number, pair in ends.items():
        need(sorted(e["ph"] for e in pair) == ["f", "s"], "not two ends:", number, pair)
        start, end = sorted(pair, key=lambda e: e["ph"], reverse=True)
        need(ns(start["ts"]) <= ns(end["ts"]), "arrives before it left:", pair)
        need(end.get("bp") == "e" and start["pid"] == end["pid"], "odd:", pair)
    begins = {(where, s[0]) for where, of_track in slices.items() for s in of_track}
    for pair in ends.values():
        end = next(e for e in pair if e["ph"] == "f")
        need((track(end), ns(end["ts"])) in begins, "leads to nothing:", end)
    return len(ends)


def check_kernel(events, slices):
    on_cpu = defaultdict(list)
    last = {}
    for e in events:
        if e["ph"] == "X" and e.get("cat") == "kernel":
            # In the file in order, and without gaps: it is on a CPU, or it is not.
            begin = ns(e["ts"])
            need(last.get(track(e), begin) == begin, "a gap before:", e)
            last[track(e)] = begin + ns(e["dur"])
            need(e["tid"] > TRACK_KERNEL, "on the wrong track:", e)
            if "cpu" in e["args"]:
                need(e["name"] == f"CPU {e['args']['cpu']}", "odd:", e)
                need(e["args"]["left"] in ("waits", "preempted", "exit", "still runs"), e)
                on_cpu[e["args"]["cpu"]].append((begin, last[track(e)], e))
    for stays in on_cpu.values():
        stays.sort(key=lambda s: s[:2])
        for a, b in zip(stays, stays[1:]):
            # Their clock may be read anew from one to the other, and be behind by a little.
            need(a[1] <= b[0] + 20_000, "two on one CPU:", a[2], b[2])


def check(name):
    d = load(name)
    need(set(d) == {"traceEvents", "displayTimeUnit", "otherData"}, "odd members:", set(d))
    need(d["otherData"]["clock"] == "CLOCK_MONOTONIC", "another clock")
    events = d["traceEvents"]
    check_shape(events)
    slices = slices_of(events)
    check_nesting(slices)
    check_arrows(events, slices)
    check_kernel(events, slices)


def count(name, what):
    events = load(name)["traceEvents"]
    if what == "goroutines":
        return sum(e.get("cat") == "goroutine" and e["ph"] == "X" for e in events)
    if what == "processes":
        return len({e["pid"] for e in events if e.get("cat") == "goroutine"})
    if what == "kernel":
        return sum(e.get("cat") == "kernel" and e["ph"] == "X" for e in events)
    if what == "threads":
        return len({track(e) for e in events if e["tid"] > TRACK_KERNEL and e["ph"] == "X"})
    if what == "arrows":
        return sum(e["ph"] == "s" for e in events)
    raise Wrong(what)


# ---------------------------------------------------------------------- switches

def counted():
    with open("/proc/thread-self/status", encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if "voluntary_ctxt_switches" in line)


def member(results, sleeps):
    before = time.monotonic_ns()
    first = counted()
    after = time.monotonic_ns()
    for i in range(sleeps):
        time.sleep(0.001)
        sum(range(2000))
    before_2 = time.monotonic_ns()
    second = counted()
    after_2 = time.monotonic_ns()
    results.append((threading.get_native_id(), before, after, before_2, after_2, second - first))


def work():
    results = []
    threads = [threading.Thread(target=member, args=(results, n)) for n in (0, 5, 20, 40)]
    for t in threads:
        t.start()
    member(results, 10)
    for t in threads:
        t.join()
    for r in results:
        print(*r)


# Each thread's own word lies between the switches that were surely in its time, and those that
# may have been.
def compare(name, output):
    outs = defaultdict(list)
    for e in load(name)["traceEvents"]:
        if e["ph"] == "X" and e.get("cat") == "kernel" and \
           e["args"].get("left") in ("waits", "preempted"):
            outs[e["tid"] - TRACK_KERNEL].append(ns(e["ts"]) + ns(e["dur"]))
    total = 0
    with open(output, encoding="ascii") as f:
        rows = [list(map(int, line.split())) for line in f]
    need(len(rows) == 5, "five threads tell what was counted, not", len(rows))
    for tid, before, after, before_2, after_2, said in rows:
        surely = sum(after < t < before_2 for t in outs[tid])
        perhaps = sum(before <= t <= after_2 for t in outs[tid])
        need(surely <= said <= perhaps, f"thread {tid}: {said} counted, {surely} to {perhaps} traced")
        total += said
    need(total >= 30, "they slept 75 times, and switched only", total)


def main():
    what, args = sys.argv[1], sys.argv[2:]
    try:
        if what == "work":
            work()
        elif what == "check":
            check(*args)
            print("ok")
        elif what == "compare":
            compare(*args)
            print("ok")
        elif what == "count":
            print(count(*args))
        elif what == "about":
            print(json.dumps(load(args[0])["otherData"][args[1]], default=str))
        else:
            sys.exit(f"usage: see {sys.argv[0]}")
    except (Wrong, ValueError, KeyError) as e:
        print(f"{type(e).__name__}: {e}"[:600])


main()
