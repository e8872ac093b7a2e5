# SPDX-License-Identifier: GPL-2.0-only
#
# peer.py - what the programs here share: gvt tells by one line what to do, and is told each
# figure by a line (tools/peer.h says all of it).
#
# Python's counterpart of a goroutine is a task of asyncio: many in one thread, which switch
# where one awaits. Where an experiment is about CPUs, or about being interrupted, it is a
# thread (gil, gomaxprocs, parallel, preempt, block, race).

import platform
import re
import sys
import threading
import time

# A step of computing takes Python that many times as long as C.
SLOWER = 40


class Task(dict):
    """What gvt asked for: numbers by their names."""

    def steps(self, before, after=""):
        """The numbers in the names of metrics: of alive_10_ns and alive_100_ns, 10, 100."""
        found = (re.fullmatch(before + r"(\d+)" + after, name) for name in self)
        return sorted(int(match[1]) for match in found if match)

    def figure(self, name, value):
        print(name, f"{value:.9g}", flush=True)

    def none(self, name, reason):
        if name in self:
            print(name, "-", reason, flush=True)


def read_task():
    print("version", platform.python_version(), flush=True)
    words = sys.stdin.readline().split()[1:]
    return Task((name, int(number)) for name, number in (word.split("=") for word in words))


def timed(function, *args):
    """How many nanoseconds a call takes."""
    begin = time.perf_counter_ns()
    function(*args)
    return time.perf_counter_ns() - begin


async def timed_async(awaitable):
    begin = time.perf_counter_ns()
    await awaitable
    return time.perf_counter_ns() - begin


def burn(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    return x


def all_threads(n, function, *args):
    """Start N threads and wait for them."""
    threads = [threading.Thread(target=function, args=args) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def key_bytes(path, key):
    with open(path) as file:
        for line in file:
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0


def read_memory():
    """What this process takes, in bytes; of kernel stacks, the whole system."""
    return {
        "rss": key_bytes("/proc/self/smaps_rollup", "Rss:"),
        "page_tables": key_bytes("/proc/self/status", "VmPTE:"),
        "kernel_stack": key_bytes("/proc/meminfo", "KernelStack:"),
        "reserved": key_bytes("/proc/self/status", "VmSize:"),
    }


def memory_since(before, n):
    """What each of N takes more than before; and of that, what is really taken."""
    now = read_memory()
    each = {key: max(0, now[key] - before[key]) / n for key in now}
    each["committed"] = each["rss"] + each["page_tables"] + each["kernel_stack"]
    return each
