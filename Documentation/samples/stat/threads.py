# SPDX-License-Identifier: GPL-2.0-only
"""threads - 1,000 workers in a ring hand a value on, 20 times round. goroutines.go does the
same. `gvt stat -- python3 threads.py` shows what the kernel sees of it.
"""

import queue
import threading

WORKERS = 1000
ROUNDS = 20


def worker(source, target):
    while (value := source.get()) is not None:
        target.put(value + 1)
    target.put(None)


def main():
    threading.stack_size(256 * 1024)
    first = last = queue.SimpleQueue()
    for _ in range(WORKERS):
        target = queue.SimpleQueue()
        threading.Thread(target=worker, args=(last, target)).start()
        last = target
    value = 0
    for _ in range(ROUNDS):
        first.put(value)
        value = last.get()
    first.put(None)
    last.get()
    print(WORKERS, "threads,", value, "times handed on")


if __name__ == "__main__":
    main()
