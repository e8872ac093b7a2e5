# SPDX-License-Identifier: GPL-2.0-only
#
# preempt.py - a ticker of a millisecond beside threads that compute. The interpreter takes its
# lock from who has had it for 5 ms; told to wait for longer (sys.setswitchinterval), it lets
# the others starve.

import statistics
import sys
import threading
import time

from peer import SLOWER, burn, read_task

TICK = 0.001


def loop(end):
    while time.perf_counter() < end:
        burn(1000 // SLOWER)


def tick_beside(procs, ms):
    """How late it was each time, and how often it came in time."""
    late, ticks = [], 0
    end = time.perf_counter() + ms / 1000
    loops = [threading.Thread(target=loop, args=(end,)) for _ in range(2 * procs)]
    for thread in loops:
        thread.start()
    now = time.perf_counter()
    while now < end:
        due = now + TICK
        time.sleep(max(0, due - time.perf_counter()))
        now = time.perf_counter()
        late.append(max(0, now - due) * 1e9)
        ticks += now < end
    for thread in loops:
        thread.join()
    # One that never came is as late as all of it.
    return late or [ms * 1e6], ticks


task = read_task()
tick_beside(task["procs"], task["n"] // 10 + 1)
late, ticks = tick_beside(task["procs"], task["n"])
task.figure("ticks", ticks)
task.figure("late_median_ns", statistics.median(late))
task.figure("late_max_ns", max(late))
sys.setswitchinterval(1000)
late, ticks = tick_beside(task["procs"], task["n"])
task.figure("ticks_off", ticks)
task.figure("late_max_off_ns", max(late))
