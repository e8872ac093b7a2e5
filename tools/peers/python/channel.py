# SPDX-License-Identifier: GPL-2.0-only
#
# channel.py - a queue of asyncio is Python's channel: it has a capacity of at least one, can't
# be closed before 3.13, and there is no select.

import asyncio

from peer import read_task, timed, timed_async

END = object()


def takes(capacity):
    queue, n = asyncio.Queue(capacity), 0
    try:
        while True:
            queue.put_nowait(n)
            n += 1
    except asyncio.QueueFull:
        return n


async def send(queue, n):
    for i in range(n):
        await queue.put(i)
    await queue.put(END)


async def stream(capacity, n):
    queue = asyncio.Queue(capacity)
    sender = asyncio.create_task(send(queue, n))
    while await queue.get() is not END:
        pass
    await sender


def empty_looks(n):
    queue = asyncio.Queue(1)
    for _ in range(n):
        try:
            queue.get_nowait()
        except asyncio.QueueEmpty:
            pass


async def main(task):
    for capacity in task.steps("takes_"):
        if capacity:
            task.figure(f"takes_{capacity}", takes(capacity))
    for capacity in task.steps("value_", "_ns"):
        if capacity:
            n = task[f"value_{capacity}_ns"]
            await stream(capacity, n // 10)
            task.figure(f"value_{capacity}_ns", await timed_async(stream(capacity, n)) / n)
    n = task["empty_ns"]
    task.figure("empty_ns", timed(empty_looks, n) / n)
    task.none("takes_0", "its queues have a capacity: 0 is none")
    task.none("first_share", "it can't take from one of two queues")


asyncio.run(main(read_task()))
