# SPDX-License-Identifier: GPL-2.0-only
#
# gil.py - the same computing by one, and cut among N at once: Python threads or processes.
#
#   python3 gil.py threads|processes N STEPS

import multiprocessing
import sys
import threading
import time


def burn(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    return x


def run_with(kind, n, steps):
    workers = [kind(target=burn, args=(steps // n,)) for _ in range(n)]
    begin = time.monotonic_ns()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.monotonic_ns() - begin


def main():
    kinds = {
        "threads": threading.Thread,
        "processes": multiprocessing.get_context("fork").Process,
    }
    kind = kinds[sys.argv[1]]
    n, steps = int(sys.argv[2]), int(sys.argv[3])
    run_with(kind, n, steps // 10)
    one = run_with(kind, 1, steps)
    print("speedup", one / run_with(kind, n, steps))


main()
