# SPDX-License-Identifier: GPL-2.0-only
#
# switch.py - two tasks of asyncio that yield; a value that goes to and fro.

import asyncio
import resource

from peer import read_task, timed_async


async def yields(n):
    for _ in range(n):
        await asyncio.sleep(0)


async def answer(there, back):
    while True:
        await back.put(await there.get())


async def round_trips(there, back, n):
    for _ in range(n):
        await there.put(None)
        await back.get()


def kernel_switches():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_nvcsw + usage.ru_nivcsw


async def main(task):
    n = task["yield_ns"]
    await asyncio.gather(yields(n // 10), yields(n // 10))
    both = asyncio.gather(yields(n), yields(n))
    task.figure("yield_ns", await timed_async(both) / (2 * n))

    there, back = asyncio.Queue(1), asyncio.Queue(1)
    other = asyncio.create_task(answer(there, back))
    n = task["round_trip_ns"]
    await round_trips(there, back, n // 10)
    before = kernel_switches()
    task.figure("round_trip_ns", await timed_async(round_trips(there, back, n)) / n)
    task.figure("round_trip_kernel_switches", (kernel_switches() - before) / n)
    other.cancel()


asyncio.run(main(read_task()))
