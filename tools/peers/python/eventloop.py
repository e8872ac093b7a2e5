# SPDX-License-Identifier: GPL-2.0-only
#
# eventloop.py - asyncio has one thread and an event loop, as Node.js: many timers are cheap, but
# a task that computes lets nobody else run.

import asyncio
import time

from peer import SLOWER, burn, read_task, timed_async

TIMER = 0.01


async def timers(n):
    await asyncio.gather(*(asyncio.sleep(TIMER) for _ in range(n)))


async def compute_for(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        burn(25)


async def late_beside(seconds):
    due = time.perf_counter() + TIMER
    computing = asyncio.create_task(compute_for(seconds))
    await asyncio.sleep(TIMER)
    late = time.perf_counter() - due
    await computing
    return late * 1e9


async def part(steps):
    burn(steps)


async def compute(steps, n):
    await asyncio.gather(*(part(steps // n) for _ in range(n)))


async def main(task):
    n, steps = task["n"], task["steps"] // SLOWER
    await timers(n)
    over = await timed_async(timers(n)) - TIMER * 1e9
    task.figure("timers_ns", max(0, over) / n)
    task.figure("late_ns", max(0, await late_beside(task["compute_ms"] / 1000)))
    one = await timed_async(compute(steps, 1))
    task.figure("speedup", one / await timed_async(compute(steps, 2)))


asyncio.run(main(read_task()))
