"""Prints each change of the health of a threaded and an asyncio client, with its time.

A test starts it with the gateway's address. For each line that it reads, the clients subscribe to
one more product.
"""
from __future__ import annotations

import asyncio
import json
import sys
import threading
import time

from deltastream_socket_client import AsyncClient, Client


def tell(name: str, health: str) -> None:
    print(json.dumps({'client': name, 'health': health, 'at': time.time() * 1000}), flush=True)


async def main(url: str) -> None:
    threaded, coroutines = Client(), AsyncClient()
    threaded.on('health', lambda health: tell('Python, threads', health))
    coroutines.on('health', lambda health: tell('Python, asyncio', health))
    threaded.connect(url)
    await coroutines.connect(url)
    loop = asyncio.get_running_loop()

    def ask() -> None:
        for number, _ in enumerate(sys.stdin):
            threaded.subscribe('product', f'ASKED{number}')
            loop.call_soon_threadsafe(coroutines.subscribe, 'product', f'ASKED{number}')

    threading.Thread(target=ask, daemon=True).start()
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
