# SPDX-License-Identifier: GPL-2.0-only
#
# leak.py - tasks of asyncio that wait for what nobody does. asyncio.all_tasks() knows them, and
# where each waits.

import asyncio

from peer import memory_since, read_memory, read_task


async def stoppable(gate):
    await gate.wait()


async def waits_for_nobody(never):
    await never.wait()


def alive():
    return len(asyncio.all_tasks()) - 1


async def main(task):
    n = task["n"]
    before = read_memory()
    gate, never = asyncio.Event(), asyncio.Event()
    stopped = [asyncio.create_task(stoppable(gate)) for _ in range(n)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*stopped)
    task.figure("alive_stopped", alive())

    left = [asyncio.create_task(waits_for_nobody(never)) for _ in range(n)]
    await asyncio.sleep(0)
    task.figure("left_bytes", memory_since(before, n)["committed"])
    task.figure("alive_left", alive())
    names = [waiting.get_coro().__name__ for waiting in asyncio.all_tasks()]
    task.figure("reported", names.count("waits_for_nobody"))
    return left


asyncio.run(main(read_task()))
