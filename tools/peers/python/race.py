# SPDX-License-Identifier: GPL-2.0-only
#
# race.py - four threads add to one counter. Reading, adding and writing are steps of their own,
# between which the interpreter may let another thread on; newer ones (3.10) look for that at
# fewer places, so there little is lost, but nothing is promised.

import queue
import threading

from peer import all_threads, read_task, timed

WORKERS = 4

# Additions are that many times as slow as in C.
FEWER = 100


def one():
    return 1


class Counter:
    def __init__(self):
        self.value = 0
        self.lock = threading.Lock()
        self.queue = queue.Queue(128)

    def none(self, each):
        for _ in range(each):
            self.value += one()

    def mutex(self, each):
        for _ in range(each):
            with self.lock:
                self.value += one()

    def channel(self, each):
        for _ in range(each):
            self.queue.put(1)

    def owner(self):
        """The only one who adds, until it gets None."""
        while (n := self.queue.get()) is not None:
            self.value += n


def add(task, way, fewer):
    counter = Counter()
    n = max(WORKERS, task[way + "_ns"] // fewer // WORKERS * WORKERS)
    owner = threading.Thread(target=counter.owner)
    owner.start()
    took = timed(all_threads, WORKERS, getattr(counter, way), n // WORKERS)
    counter.queue.put(None)
    owner.join()
    task.figure("lost_" + way, n - counter.value)
    task.figure(way + "_ns", took / n)


task = read_task()
add(task, "none", FEWER)
add(task, "mutex", 1)
add(task, "channel", 1)
task.none("lost_rwmutex", "it has no reader/writer lock")
task.none("lost_atomic", "it has no atomic addition")
