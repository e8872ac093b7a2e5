# SPDX-License-Identifier: GPL-2.0-only
#
# gomaxprocs.py - the same computing by threads, on one CPU and on more: the interpreter's lock
# lets one of them compute at a time, however many CPUs it may use.

import os

from peer import SLOWER, all_threads, burn, read_task, timed

TASKS_EACH = 4

task = read_task()
steps = task.steps("time_", "_ns")
cpus = sorted(os.sched_getaffinity(0))
tasks = TASKS_EACH * steps[-1]
each = task["n"] // tasks // SLOWER + 1


def compute(procs):
    os.sched_setaffinity(0, cpus[:procs])
    return timed(all_threads, tasks, burn, each)


compute(steps[-1])
took = []
for procs in steps:
    took.append(compute(procs))
    task.none(f"time_{procs}_ns", f"it does a {SLOWER}th of the steps: compare the speed-up")
if len(steps) > 1:
    task.figure("speedup", took[0] / took[-1])
else:
    task.none("speedup", "one CPU: there is nothing to compare with")
