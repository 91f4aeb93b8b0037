"""python3 notebook.py URL: runs the cells of a notebook one after the other in one interpreter, as
Jupyter does, with the package that is installed.

Prints what each cell shows. `%restart` and `%resume` in the output ask the test to restart the gateway.
"""
from __future__ import annotations

import ast
import asyncio
import inspect
import sys
import threading
from typing import Any, Dict, Iterator

URL = sys.argv[1]

#: The cells of a program with threads. In a notebook, they share their names.
CONNECT = f"""
from dataclasses import asdict
from deltastream_socket_client import Client

try:
    client.close()                     # of the cell's last run
except NameError:
    pass
client = Client().connect({URL!r}, general=False)
client
"""
SUBSCRIBE = """
prices = client.subscribe('product', ['NIFTY', 'AAPL']).ready(timeout=10)
chains = client.subscribe('chain', 'NIFTY').ready(timeout=10)
while len(prices.updates) < 2:
    prices.get(timeout=10)
chains.get(timeout=10)
prices
"""
FRAME = """
# As pandas.DataFrame(rows) takes it.
rows = [asdict(update) for update in sorted(prices.updates, key=lambda update: update.product)]
frame = {name: [row[name] for row in rows] for name in ('product', 'price', 'timestamp')}
nearest = next(iter(chains.latest_by_expiry.values()))
legs = [asdict(leg) for leg in (*nearest.calls, *nearest.puts)]
frame['product'], frame['price'], [leg['strike'] for leg in legs], prices.stale, chains.stale
"""
ONCE = """
snapshot = client.snapshot('chain', 'NIFTY')
client.products(), len(snapshot.updates), snapshot.updates[0].strikes
"""
LOST = """
import time

show('%restart')
deadline = time.monotonic() + 30
while client.state != 'reconnecting' and time.monotonic() < deadline:
    time.sleep(0.01)
client.state, prices.stale, frame['price'] == [update.price for update in sorted(prices.updates, key=lambda u: u.product)]
"""
BACK = """
show('%resume')
prices.ready(timeout=30), chains.ready(timeout=30)
while prices.stale or chains.stale:
    time.sleep(0.01)
client.state, sorted(client.subscriptions())
"""
CLOSE = """
client.close()
client, prices.closed
"""
WRONG = f"""
client = Client().connect({URL.replace('http://', '')!r})
"""
THREADS = (CONNECT, SUBSCRIBE, FRAME, FRAME, ONCE, CONNECT, SUBSCRIBE, FRAME, LOST, BACK, FRAME, CLOSE, WRONG, CONNECT, CLOSE)

ASYNC_CONNECT = f"""
from dataclasses import asdict
from deltastream_socket_client import AsyncClient

try:
    await client.close()
except NameError:
    pass
client = await AsyncClient().connect({URL!r}, general=False)
client
"""
ASYNC_SUBSCRIBE = """
prices = await client.subscribe('product', ['NIFTY', 'AAPL'])
chains = await client.subscribe('chain', 'NIFTY')
while len(prices.updates) < 2:
    await prices.get(timeout=10)
await chains.get(timeout=10)
prices
"""
ASYNC_ONCE = ONCE.replace('client.snapshot', 'await client.snapshot').replace('client.products()', 'await client.products()')
ASYNC_LOST = LOST.replace('time.sleep', 'await asyncio.sleep').replace('import time', 'import asyncio, time')
ASYNC_BACK = """
show('%resume')
await prices.ready(timeout=30)
await chains.ready(timeout=30)
while prices.stale or chains.stale:
    await asyncio.sleep(0.01)
client.state, sorted(await client.subscriptions())
"""
ASYNC_CLOSE = CLOSE.replace('client.close()', 'await client.close()', 1)
ASYNC_WRONG = WRONG.replace('Client()', 'await AsyncClient()')
ON_A_LOOP = (
    ASYNC_CONNECT,
    ASYNC_SUBSCRIBE,
    FRAME,
    FRAME,
    ASYNC_ONCE,
    ASYNC_CONNECT,
    ASYNC_SUBSCRIBE,
    FRAME,
    ASYNC_LOST,
    ASYNC_BACK,
    FRAME,
    ASYNC_CLOSE,
    ASYNC_WRONG,
    ASYNC_CONNECT,
    ASYNC_CLOSE,
)


def show(value: Any) -> None:
    print(value if isinstance(value, str) else repr(value), flush=True)
    if value in ('%restart', '%resume'):
        sys.stdin.readline()


def compiled(cell: str) -> Iterator[Any]:
    """The statements of a cell, and its last expression, whose value a notebook shows."""
    body = ast.parse(cell).body
    last = body[-1]
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    shows = isinstance(last, ast.Expr)
    yield compile(ast.Module(body[:-1] if shows else body, []), 'cell', 'exec', flags)
    yield compile(ast.Expression(last.value), 'cell', 'eval', flags) if isinstance(last, ast.Expr) else None


def run_in_threads() -> None:
    """Cells of a notebook without `await`."""
    names: Dict[str, Any] = {'show': show}
    for cell in THREADS:
        try:
            statements, expression = compiled(cell)
            exec(statements, names)
            show(eval(expression, names) if expression else None)
        except Exception as error:
            show(f'{type(error).__name__}: {error}')


async def run_on_a_loop() -> None:
    """Cells with `await`: each is a coroutine on the loop that the notebook already runs."""
    names: Dict[str, Any] = {'show': show}
    for cell in ON_A_LOOP:
        try:
            statements, expression = compiled(cell)
            for code in (statements, expression):
                value = eval(code, names) if code else None
                if inspect.iscoroutine(value):
                    value = await value
            show(value)
        except Exception as error:
            show(f'{type(error).__name__}: {error}')
        # The loop of a notebook goes on between its cells.
        await asyncio.sleep(0.01)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    while others:
        await asyncio.sleep(0.01)
        others = {task for task in others if not task.done()}


if __name__ == '__main__':
    if 'async' in sys.argv:
        asyncio.run(run_on_a_loop())
    else:
        run_in_threads()
    import deltastream_socket_client

    show(f'threads: {[thread.name for thread in threading.enumerate() if thread.name.startswith("deltastream")]}')
    show(f'package: {deltastream_socket_client.__file__}')
