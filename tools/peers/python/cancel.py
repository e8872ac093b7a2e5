# SPDX-License-Identifier: GPL-2.0-only
#
# cancel.py - each task of asyncio can be cancelled: what it awaits raises an exception.

import asyncio
import time

from peer import read_task


class Stoppable:
    def __init__(self):
        self.work = asyncio.Queue()
        self.ended = 0

    async def wait_for_work(self):
        try:
            await self.work.get()
        except asyncio.CancelledError:
            self.ended += 1


async def stop(n):
    """How many ended, and after how long."""
    workers = Stoppable()
    tasks = [asyncio.create_task(workers.wait_for_work()) for _ in range(n)]
    await asyncio.sleep(0)
    begin = time.perf_counter_ns()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return workers.ended, time.perf_counter_ns() - begin


async def main(task):
    stopped = 0
    await stop(10)
    for n in task.steps("stop_", "_ns"):
        ended, ns = await stop(n)
        task.figure(f"stop_{n}_ns", ns)
        stopped += ended
    task.figure("stopped", stopped)


asyncio.run(main(read_task()))
