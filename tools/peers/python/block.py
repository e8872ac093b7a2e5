# SPDX-License-Identifier: GPL-2.0-only
#
# block.py - some threads are blocked, one computes. Who waits gives the interpreter's lock
# away, but keeps its kernel thread.

import os
import threading
import time

from peer import burn, read_task

task = read_task()
seconds = 0.015 if task["quick"] else 0.04


def progress():
    """What is computed in the time, a second."""
    begin, chunks = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        burn(50)
        chunks += 1
    return chunks / (time.perf_counter() - begin)


def beside(way, wait):
    alone = progress()
    # Daemons: the program ends without them.
    threads = [threading.Thread(target=wait, daemon=True) for _ in range(task["n"])]
    for thread in threads:
        thread.start()
    task.figure("progress_" + way, 100 * progress() / alone)
    task.figure("threads_" + way, len(os.listdir("/proc/self/task")))
    return threads


def end(threads):
    for thread in threads:
        thread.join()


progress()
over = threading.Event()
sleeping = beside("sleep", over.wait)
over.set()
end(sleeping)
task.none("progress_call", "the interpreter is always told of a system call: see the next")
pipe = os.pipe()
reading = beside("read", lambda: os.read(pipe[0], 1))
os.close(pipe[1])
end(reading)
