# SPDX-License-Identifier: GPL-2.0-only
#
# pipeline.py - stages are tasks of asyncio, linked by queues that hold 16.

import asyncio
import resource

from peer import read_task, timed_async

CAPACITY = 16
END = object()


async def make(to, n):
    for i in range(1, n + 1):
        await to.put(i)
    await to.put(END)


async def stage(take, work, to):
    while (value := await take.get()) is not END:
        await to.put(work(value))
    await to.put(END)


async def flow(n):
    made, tripled, incremented, halved = (asyncio.Queue(CAPACITY) for _ in range(4))
    stages = asyncio.gather(
        make(made, n),
        stage(made, lambda value: value * 3, tripled),
        stage(tripled, lambda value: value + 1, incremented),
        stage(incremented, lambda value: value // 2, halved),
    )
    total = 0
    while (value := await halved.get()) is not END:
        total += value
    await stages
    assert total == sum((i * 3 + 1) // 2 for i in range(1, n + 1))


def kernel_switches():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_nvcsw + usage.ru_nivcsw


async def main(task):
    n = task["value_ns"]
    await flow(n // 10)
    before = kernel_switches()
    task.figure("value_ns", await timed_async(flow(n)) / n)
    task.figure("value_kernel_switches", (kernel_switches() - before) / n)


asyncio.run(main(read_task()))
