# SPDX-License-Identifier: GPL-2.0-only
#
# server.py - an echo server of asyncio: a task for each connection, all in one thread.

import asyncio
import sys

from peer import read_task


async def echo(reader, writer):
    try:
        while text := await reader.read(32):
            writer.write(text)
            await writer.drain()
    except ConnectionResetError:
        # The client has gone. Else asyncio writes a traceback for each.
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1024)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    # It ends when its input does.
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, over.set)
    await over.wait()


read_task()
asyncio.run(main())
