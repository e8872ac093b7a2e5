# SPDX-License-Identifier: GPL-2.0-only
#
# gil.py - the same computing by one, and cut among several at once: threads, of which the
# interpreter's lock lets one compute at a time, or processes.

import multiprocessing
import threading

from peer import SLOWER, burn, read_task, timed


def run(kind, n, steps):
    workers = [kind(target=burn, args=(steps // n,)) for _ in range(n)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


task = read_task()
kind = threading.Thread
if "processes" in task:
    kind = multiprocessing.get_context("fork").Process
steps, procs = task["n"] // SLOWER + 1, task["procs"]
run(kind, procs, steps // 10)
one = timed(run, kind, 1, steps)
task.figure("speedup", one / timed(run, kind, procs, steps))
task.none("one_ns", f"it does a {SLOWER}th of the steps: compare the speed-up")
