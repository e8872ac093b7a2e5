# SPDX-License-Identifier: GPL-2.0-only
#
# create.py - what it costs to make a task of asyncio and wait for it.

import asyncio
import time

from peer import read_task, timed_async

BATCH = 100


async def nothing():
    pass


async def create_one(n):
    for _ in range(n):
        await asyncio.create_task(nothing())


async def create_batches(n):
    """The time in the calls alone that make one."""
    calls = 0
    for _ in range(n // BATCH):
        begin = time.perf_counter_ns()
        tasks = [asyncio.create_task(nothing()) for _ in range(BATCH)]
        calls += time.perf_counter_ns() - begin
        await asyncio.gather(*tasks)
    return calls


async def main(task):
    one = task["create_join_ns"]
    await create_one(one // 10)
    task.figure("create_join_ns", await timed_async(create_one(one)) / one)

    batch = -(-task["create_join_batch_ns"] // BATCH) * BATCH
    await create_batches(BATCH)
    begin = time.perf_counter_ns()
    calls = await create_batches(batch)
    task.figure("create_join_batch_ns", (time.perf_counter_ns() - begin) / batch)
    task.figure("create_call_ns", calls / batch)


asyncio.run(main(read_task()))
