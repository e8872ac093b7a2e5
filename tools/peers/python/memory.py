# SPDX-License-Identifier: GPL-2.0-only
#
# memory.py - what a task of asyncio takes that waits; and one that has not begun.

import asyncio
import gc

from peer import memory_since, read_memory, read_task


async def park(gate):
    await gate.wait()


async def main(task):
    n = task["committed_bytes"]
    gate = asyncio.Event()
    gc.collect()
    before = read_memory()
    # None begins before this one awaits.
    tasks = [asyncio.create_task(park(gate)) for _ in range(n)]
    made = memory_since(before, n)
    await asyncio.sleep(0)
    each = memory_since(before, n)
    gate.set()
    await asyncio.gather(*tasks)

    for kind in "committed", "rss", "page_tables", "kernel_stack", "reserved":
        task.figure(kind + "_bytes", each[kind])
    task.figure("not_started_bytes", made["committed"])


asyncio.run(main(read_task()))
