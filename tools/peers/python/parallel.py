# SPDX-License-Identifier: GPL-2.0-only
#
# parallel.py - four threads compute in slices: how many are in progress at once, and how many
# compute at once? The interpreter's lock lets one.

import os
import threading
import time

from peer import SLOWER, all_threads, burn, read_task

TASKS = 4


class Progress:
    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0

    def begin(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def end(self):
        with self.lock:
            self.now -= 1


def slices(progress, n, steps):
    progress.begin()
    for _ in range(n):
        burn(steps)
        time.sleep(0)
    progress.end()


def compute(procs, n, steps):
    """How many were in progress, and CPU time by the clock's."""
    os.sched_setaffinity(0, cpus[:procs])
    progress = Progress()
    begin, cpu = time.perf_counter(), time.process_time()
    all_threads(TASKS, slices, progress, n, steps)
    return progress.most, (time.process_time() - cpu) / (time.perf_counter() - begin)


task = read_task()
cpus = sorted(os.sched_getaffinity(0))
steps = task["steps"] // SLOWER
compute(1, task["n"], steps)
most, used = compute(1, task["n"], steps)
task.figure("in_progress_1", most)
task.figure("cpus_used_1", used)
if task["procs"] > 1:
    most, used = compute(task["procs"], task["n"], steps)
    task.figure("in_progress", most)
    task.figure("cpus_used", used)
