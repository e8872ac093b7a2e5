# SPDX-License-Identifier: GPL-2.0-only
#
# jobs.py - background jobs, some of which fail: a task of asyncio for each, or a pool of eight.

import asyncio

from peer import SLOWER, burn, read_task, timed

POOL = 8
STEPS = 500


def do_job(number):
    burn(STEPS // SLOWER)
    if number % 100 == 0:
        raise RuntimeError("it failed")
    return number


async def own(tickets, number):
    async with tickets:
        return do_job(number)


async def own_jobs(n):
    tickets = asyncio.Semaphore(POOL)
    jobs = (own(tickets, number) for number in range(1, n + 1))
    return await asyncio.gather(*jobs, return_exceptions=True)


async def work(numbers, results):
    while True:
        number = await numbers.get()
        try:
            results.append(do_job(number))
        except RuntimeError as error:
            results.append(error)
        numbers.task_done()


async def pooled_jobs(n):
    numbers, results = asyncio.Queue(64), []
    workers = [asyncio.create_task(work(numbers, results)) for _ in range(POOL)]
    for number in range(1, n + 1):
        await numbers.put(number)
    await numbers.join()
    for worker in workers:
        worker.cancel()
    return results


task = read_task()
n = task["n"]
results = []
asyncio.run(own_jobs(POOL))
task.figure("own_ns", timed(lambda: results.extend(asyncio.run(own_jobs(n)))) / n)
task.figure("pool_ns", timed(lambda: results.extend(asyncio.run(pooled_jobs(n)))) / n)
task.figure("results", len(results))
task.figure("failed", sum(isinstance(result, RuntimeError) for result in results))
