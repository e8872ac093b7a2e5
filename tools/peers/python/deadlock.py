# SPDX-License-Identifier: GPL-2.0-only
#
# deadlock.py - tasks of asyncio put into a queue that nobody takes from: the event loop waits
# for ever, and nobody notices.

import asyncio
import subprocess
import sys

from peer import read_task


async def wait_for_nobody(n):
    queue = asyncio.Queue(1)
    await queue.put("full")
    others = [asyncio.create_task(queue.put(i)) for i in range(n)]
    await asyncio.sleep(0)
    print("all but main wait", flush=True)
    await queue.put("main")
    return others


if len(sys.argv) > 1:
    asyncio.run(wait_for_nobody(int(sys.argv[1])))
else:
    task = read_task()
    patience = 0.2 if task["quick"] else 1
    command = [sys.executable, "-B", __file__, str(task["n"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        try:
            child.wait(patience)
            task.figure("ended", 1)
        except subprocess.TimeoutExpired:
            child.kill()
            task.figure("ended", 0)
            task.none("noticed_ns", f"nobody notices: killed after {patience} s")
