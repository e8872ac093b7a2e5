# SPDX-License-Identifier: GPL-2.0-only
#
# order.py - six tasks of asyncio that are made one after the other: they begin in that order,
# in one thread, every time.

import asyncio
from collections import Counter

from peer import SLOWER, burn, read_task

WORKERS = 6


async def worker(came, i):
    burn(20000 // SLOWER)
    came.append(i)


async def orders(rounds):
    seen = Counter()
    for _ in range(rounds):
        came = []
        await asyncio.gather(*(worker(came, i) for i in range(WORKERS)))
        seen[tuple(came)] += 1
    return seen


task = read_task()
seen = asyncio.run(orders(task["n"]))
percent = 100 / task["n"]
for name in "orders_1", "orders":
    task.figure(name, len(seen))
for name in "commonest_1", "commonest":
    task.figure(name, max(seen.values()) * percent)
task.figure("as_made", seen[tuple(range(WORKERS))] * percent)
