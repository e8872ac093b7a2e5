# SPDX-License-Identifier: GPL-2.0-only
#
# skynet.py - a tree of tasks of asyncio, each of which makes ten, and adds up what they return.

import asyncio

from peer import read_task, timed

# A tree that would take longer than that is left alone.
SECONDS = 20


async def node(number, leaves):
    if leaves == 1:
        return number
    each = leaves // 10
    children = (asyncio.create_task(node(number + i * each, each)) for i in range(10))
    return sum(await asyncio.gather(*children))


def tree(leaves):
    assert asyncio.run(node(0, leaves)) == leaves * (leaves - 1) // 2


def nodes(leaves):
    return leaves + nodes(leaves // 10) if leaves else 0


task = read_task()
small, large = task["node_small_ns"], task["node_ns"]
tree(small)
each = timed(tree, small) / nodes(small)
task.figure("node_small_ns", each)
if each * nodes(large) > SECONDS * 1e9:
    task.none("node_ns", f"the large tree would take more than {SECONDS} s")
else:
    task.figure("node_ns", timed(tree, large) / nodes(large))
    task.figure("nodes", nodes(large))
