# SPDX-License-Identifier: GPL-2.0-only
#
# recover.py - an exception, ten calls deep, that the caller takes; and tasks of which one fails.

import asyncio

from peer import read_task, timed

MEMBERS, FAILS = 100, 37


def descend(depth, fails):
    if depth:
        return descend(depth - 1, fails) + 1
    if fails:
        raise RuntimeError("it failed")
    return 0


def attempt(fails):
    try:
        descend(10, fails)
        return False
    except RuntimeError:
        return True


def attempts(n, fails):
    return sum(attempt(fails) for _ in range(n))


async def member(i):
    if i == FAILS:
        raise RuntimeError("it failed")


async def group():
    """Does the group have the error of the one that fails?"""
    try:
        await asyncio.gather(*(member(i) for i in range(MEMBERS)))
        return False
    except RuntimeError:
        return True


async def groups(n):
    return sum([await group() for _ in range(n)])


task = read_task()
n = task["n"]
attempts(n // 10, False)
task.figure("call_ns", timed(attempts, n, False) / n)
task.figure("recover_ns", timed(attempts, n, True) / n)
task.figure("recovered", attempts(n, True))
n = task["groups_failed"]
task.figure("member_ns", timed(lambda: asyncio.run(groups(n))) / (n * MEMBERS))
task.figure("groups_failed", asyncio.run(groups(n)))
