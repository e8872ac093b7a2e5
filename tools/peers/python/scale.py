# SPDX-License-Identifier: GPL-2.0-only
#
# scale.py - how many tasks of asyncio can wait at once, and what one costs then.

import asyncio

from peer import memory_since, read_memory, read_task, timed_async

# Of a task, generously: to bound, not to report.
TASK_BYTES = 6144


async def park(gate):
    await gate.wait()


async def make(tasks, gate, n):
    tasks += [asyncio.create_task(park(gate)) for _ in range(n)]
    await asyncio.sleep(0)


async def release(tasks, gate):
    gate.set()
    await asyncio.wait(tasks)


async def main(task):
    await asyncio.sleep(0)
    before = read_memory()
    most = ()
    for n in task.steps("alive_", "_ns"):
        name = f"alive_{n}_ns"
        if n > task["memory"] // TASK_BYTES:
            task.none(name, "that many might take more than half of the memory")
            continue
        tasks, gate = [], asyncio.Event()
        took = await timed_async(make(tasks, gate, n))
        task.figure(name, took / n)
        each = memory_since(before, n)["committed"]
        released = await timed_async(release(tasks, gate)) / n
        # Compared is how many there can be within a time.
        if not most or took <= task["time_ms"] * 1e6:
            most = n, each, released
    for name, value in zip(("max_alive", "bytes_at_max", "release_at_max_ns"), most):
        task.figure(name, value)


asyncio.run(main(read_task()))
