"""Exceptions that no part of a client expects, and programs that end without `close`."""
from __future__ import annotations

import asyncio
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest
from typing import Any
from unittest import mock

from deltastream_socket_client import AsyncClient, Client, ClientFailed, NotConnected
from deltastream_socket_client.conflating_queue import ConflatingQueue
from deltastream_socket_client.core import Core

from .processes import Gateway, Redis, WithGateway, wait_for

SOURCE = pathlib.Path(__file__).resolve().parent.parent / 'src'

#: What fails: a method that a thread or task of the client calls.
FAULTS: Any = (
    (Core, 'take_requests'),
    (Core, 'receive'),
    (Core, 'answered'),
    (Core, 'lost'),
    (ConflatingQueue, 'take'),
)


class UnexpectedException(WithGateway):
    """Any of them ends the client as `closed`, with `error`: never only the thread or task."""

    def check(self, client: Any, held: Any) -> None:
        self.assertEqual(client.state, 'closed')
        self.assertIsInstance(client.error, ClientFailed)
        self.assertIsInstance(client.error.__cause__, ZeroDivisionError)
        self.assertTrue(client.is_stale('NIFTY') and held.closed and held.stale)

    def test_in_a_thread(self) -> None:
        for n, (owner, name) in enumerate(FAULTS):
            with self.subTest(name), Client() as client:
                client.on('underlying_update', lambda _: None)
                client.connect(self.gateway.url)
                held = client.subscribe('product', 'NIFTY').ready(10)
                with self.assertLogs('deltastream_socket_client', 'ERROR'), mock.patch.object(owner, name, side_effect=ZeroDivisionError):
                    client.subscribe('product', f'T{n}')
                    if name == 'lost':
                        assert client._connection is not None
                        client._connection.close()
                    self.gateway.price('NIFTY', 200 + n)
                    wait_for(lambda: client.error, timeout=10)
                    self.check(client, held)
                    self.assertRaises(ClientFailed, client.subscribe, 'product', 'NIFTY')
                    self.assertRaises(ClientFailed, client.products)

    def test_in_a_task(self) -> None:
        async def main(owner: Any, name: str, n: int) -> None:
            async with AsyncClient() as client:
                client.on('underlying_update', lambda _: None)
                await client.connect(self.gateway.url)
                held = await client.subscribe('product', 'NIFTY')
                with self.assertLogs('deltastream_socket_client', 'ERROR'), mock.patch.object(owner, name, side_effect=ZeroDivisionError):
                    client.subscribe('product', f'A{n}')
                    if name == 'lost':
                        assert client._connection is not None
                        await client._connection.close()
                    self.gateway.price('NIFTY', n)
                    while client.error is None:
                        await asyncio.sleep(0.01)
                    self.check(client, held)
                    with self.assertRaises(ClientFailed):
                        client.subscribe('product', 'NIFTY')
                    with self.assertRaises(ClientFailed):
                        await client.products()

        for n, (owner, name) in enumerate(FAULTS):
            with self.subTest(name):
                asyncio.run(asyncio.wait_for(main(owner, name, 100 + n), 10))

    def test_a_cancelled_task_does_not_leave_a_client_that_looks_connected(self) -> None:
        async def main() -> None:
            client = AsyncClient()
            await client.connect(self.gateway.url)
            held = await client.subscribe('product', 'NIFTY')
            for task in list(client._tasks._all):
                task.cancel()
            while client.state != 'closed':
                await asyncio.sleep(0.01)
            self.assertIsInstance(client.error, NotConnected)
            self.assertTrue(held.closed and held.stale)
            await client.close()

        asyncio.run(asyncio.wait_for(main(), 10))


class WithoutClose(unittest.TestCase):
    """`main()` of a program ends without `close`, and so does the program."""

    def run_program(self, gateway: Gateway, end: str) -> 'subprocess.CompletedProcess[str]':
        program = f'''
            import asyncio
            from deltastream_socket_client import AsyncClient

            async def main():
                client = AsyncClient()
                await client.connect({gateway.url!r})
                client.on('underlying_update', print)
                await client.subscribe('product', 'NIFTY')
                {end}

            asyncio.run(main())
        '''
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / 'program.py'
            file.write_text(textwrap.dedent(program))
            environment = {**os.environ, 'PYTHONPATH': str(SOURCE)}
            return subprocess.run([sys.executable, str(file)], env=environment, capture_output=True, text=True, timeout=20)

    def test_a_program_ends_at_once_with_its_traceback(self) -> None:
        redis = Redis()
        self.addCleanup(redis.stop)
        gateway = Gateway(redis)
        self.addCleanup(gateway.stop)
        self.assertEqual(self.run_program(gateway, 'return').returncode, 0)
        raised = self.run_program(gateway, "raise RuntimeError('on purpose')")
        self.assertEqual(raised.returncode, 1)
        self.assertIn('RuntimeError: on purpose', raised.stderr)
        self.assertNotIn('never retrieved', raised.stderr)
        waiting = self.run_program(gateway, 'asyncio.get_running_loop().call_later(0.3, asyncio.current_task().cancel); await client.subscribe("product", "X").get()')
        self.assertIn('CancelledError', waiting.stderr)
