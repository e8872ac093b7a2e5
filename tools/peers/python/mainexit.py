# SPDX-License-Identifier: GPL-2.0-only
#
# mainexit.py - tasks of asyncio are cancelled when the main coroutine returns. (Threads that
# are no daemons are waited for, whether or not main did.)

import asyncio
import subprocess
import sys

from peer import read_task


async def sleep_and_say(i, say):
    await asyncio.sleep((i + 1) / 1000)
    say("f")


async def wait(n):
    said = []
    await asyncio.gather(*(sleep_and_say(i, said.append) for i in range(n)))
    return len(said)


async def leave(n):
    """Make N that say "f" when they have finished, and return at once: that is "r"."""
    tasks = [asyncio.create_task(sleep_and_say(i, sys.stdout.write)) for i in range(n)]
    await asyncio.sleep(0)
    sys.stdout.write("r")
    return tasks


if len(sys.argv) > 1:
    asyncio.run(leave(int(sys.argv[1])))
else:
    task = read_task()
    task.figure("finished_waited", asyncio.run(wait(task["n"])))
    child = [sys.executable, "-B", __file__, str(task["n"])]
    said = subprocess.run(child, stdout=subprocess.PIPE, check=True, text=True).stdout
    before, after = said.split("r")
    task.figure("finished_returned", len(before))
    task.figure("finished_later", len(after))
