"""Callbacks that return no token or hang, programs that send too many requests, tasks that are
cancelled.
"""
from __future__ import annotations

import asyncio
import gc
import sys
import threading
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import List
from unittest import mock

from deltastream_socket_client import AsyncClient, Client, NotConnected, RequestTimeout, UnderlyingUpdate
from deltastream_socket_client.tasks import Tasks

from .fakes import price
from .processes import Gateway, Redis, free_port, wait_for


class TokenCallback(unittest.TestCase):
    def test_that_returns_no_token_does_not_connect_the_client_as_anonymous(self) -> None:
        redis = Redis()
        self.addCleanup(redis.stop)
        gateway = Gateway(redis)
        self.addCleanup(gateway.stop)
        for give in (lambda _: None, lambda _: ''):
            with self.assertRaisesRegex(RequestTimeout, 'gave no token'):
                Client().connect(gateway.url, token=give, timeout=0.5)  # type: ignore[arg-type]
            with self.assertRaisesRegex(RequestTimeout, 'gave no token'):
                asyncio.run(AsyncClient().connect(gateway.url, token=give, timeout=0.5))

    def test_that_hangs_times_out_is_called_again_and_does_not_delay_close(self) -> None:
        asked: List[str] = []
        ever = threading.Event()
        self.addCleanup(ever.set)

        def hang(reason: str) -> str:
            asked.append(reason)
            ever.wait()
            return ''

        with mock.patch('deltastream_socket_client.sync_tokens.TOKEN_TIMEOUT', 0.05):
            client = Client().connect(f'http://127.0.0.1:{free_port()}', token=hang, wait=False)
            wait_for(lambda: len(asked) > 1, 'it is not asked again')
        closing = threading.Thread(target=client.close)
        closing.start()
        closing.join(5)
        self.assertFalse(closing.is_alive())

    def test_that_hangs_on_asyncio_times_out_and_is_called_again(self) -> None:
        asked: List[str] = []

        async def hang(reason: str) -> str:
            asked.append(reason)
            await asyncio.Event().wait()
            return ''

        async def main() -> None:
            async with AsyncClient() as client:
                await client.connect(f'http://127.0.0.1:{free_port()}', token=hang, wait=False)
                while len(asked) < 2:
                    await asyncio.sleep(0.01)

        with mock.patch('deltastream_socket_client.async_client.TOKEN_TIMEOUT', 0.05):
            asyncio.run(asyncio.wait_for(main(), 10))


class Exit(unittest.TestCase):
    """`sys.exit()` in a thread ends that thread. In a handler, it would stop the client without a
    sign.
    """

    def test_in_a_handler_ends_nothing(self) -> None:
        seen: List[float] = []

        def handler(update: UnderlyingUpdate) -> None:
            seen.append(update.price)
            sys.exit(1)

        client = Client()
        self.addCleanup(client.close)
        client.on('underlying_update', handler)
        with self.assertLogs('deltastream_socket_client', 'ERROR'):
            client.connect(f'http://127.0.0.1:{free_port()}', wait=False)
            for n in (1, 2):
                with client._monitor:
                    client._core.receive('underlying_update', price('NIFTY', n))
                wait_for(lambda: len(seen) == n, timeout=5)

    def test_in_the_token_callback_makes_the_client_call_it_again(self) -> None:
        asked: List[str] = []

        def leave(reason: str) -> str:
            asked.append(reason)
            sys.exit(1)

        client = Client()
        self.addCleanup(client.close)
        with self.assertLogs('deltastream_socket_client', 'WARNING'):
            client.connect(f'http://127.0.0.1:{free_port()}', token=leave, wait=False)
            wait_for(lambda: len(asked) > 1, 'it is not asked again', timeout=5)


class TooMuchAtOnce(unittest.TestCase):
    """More requests than the gateway allows twice over, at which it would close the connection for
    good.
    """

    gateway: Gateway

    @classmethod
    def setUpClass(cls) -> None:
        redis = Redis()
        cls.addClassCleanup(redis.stop)
        cls.gateway = Gateway(redis, EVENTS_PER_SECOND='50', EVENT_BURST='10')
        cls.addClassCleanup(cls.gateway.stop)

    def test_is_asked_one_after_the_other_by_threads(self) -> None:
        with Client() as client, ThreadPoolExecutor(60) as pool:
            client.connect(self.gateway.url)
            answers = list(pool.map(lambda _: client.subscriptions(timeout=30), range(60)))
            self.assertEqual((set(answers), client.state), ({('general',)}, 'connected'))

    def test_is_asked_one_after_the_other_on_asyncio(self) -> None:
        async def main() -> None:
            async with AsyncClient() as client:
                await client.connect(self.gateway.url)
                answers = await asyncio.gather(*(client.subscriptions(timeout=30) for _ in range(60)))
                self.assertEqual((set(answers), client.state), ({('general',)}, 'connected'))

        asyncio.run(main())


class Cancelled(unittest.TestCase):
    def test_task_of_a_handler_does_not_stop_later_events(self) -> None:
        seen: List[float] = []

        async def handler(update: UnderlyingUpdate) -> None:
            seen.append(update.price)
            waited = asyncio.ensure_future(asyncio.sleep(60))
            waited.cancel()
            await waited

        async def main() -> None:
            async with AsyncClient() as client:
                client.on('underlying_update', handler)
                await client.connect(f'http://127.0.0.1:{free_port()}', wait=False)
                for n in (1, 2):
                    client._core.receive('underlying_update', price('NIFTY', n))
                    await asyncio.sleep(0.01)

        with self.assertLogs('deltastream_socket_client', 'ERROR'):
            asyncio.run(main())
        self.assertEqual(seen, [1, 2])

    def test_token_callback_is_called_again(self) -> None:
        asked: List[str] = []

        async def cancelled(reason: str) -> str:
            asked.append(reason)
            raise asyncio.CancelledError

        async def main() -> None:
            async with AsyncClient() as client:
                await client.connect(f'http://127.0.0.1:{free_port()}', token=cancelled, wait=False)
                while len(asked) < 2:
                    await asyncio.sleep(0.01)

        asyncio.run(asyncio.wait_for(main(), 10))

    def test_a_handler_may_close_the_client_and_go_on(self) -> None:
        done: List[str] = []

        async def main() -> None:
            client = AsyncClient()

            async def handler(_: UnderlyingUpdate) -> None:
                await client.close()
                await asyncio.sleep(0)
                done.append(client.state)

            client.on('underlying_update', handler)
            await client.connect(f'http://127.0.0.1:{free_port()}', wait=False)
            client._core.receive('underlying_update', price('NIFTY', 1))
            while not done:
                await asyncio.sleep(0.01)

        asyncio.run(asyncio.wait_for(main(), 10))
        self.assertEqual(done, ['closed'])

    def test_as_a_handler_begins_leaves_no_coroutine_behind(self) -> None:
        async def handler(_: object) -> None:
            pass

        async def main() -> None:
            tasks = Tasks()
            tasks.start(tasks.call(handler, None))
            await asyncio.sleep(0)
            await tasks.end()

        gc.collect()  # What earlier tests left behind is not for this one to judge.
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            asyncio.run(main())
            gc.collect()
        self.assertEqual([str(one.message) for one in caught], [])

    def test_while_it_connects_it_leaves_no_session_open(self) -> None:
        async def main() -> None:
            reached = asyncio.Event()
            writers: List[asyncio.StreamWriter] = []

            def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writers.append(writer)
                reached.set()

            server = await asyncio.start_server(mute, '127.0.0.1', 0)
            port = server.sockets[0].getsockname()[1]
            await AsyncClient().connect(f'http://127.0.0.1:{port}', wait=False)
            await reached.wait()
            # What ends here without `close` has its tasks cancelled.
            server.close()
            for writer in writers:
                writer.close()

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always', ResourceWarning)
            asyncio.run(main())
            gc.collect()
        self.assertEqual([str(one.message) for one in caught if 'client session' in str(one.message)], [])


class Get(unittest.TestCase):
    def test_without_waiting_gives_what_is_there(self) -> None:
        async def program() -> None:
            client = AsyncClient()
            nifty = client.subscribe('product', 'NIFTY')
            with self.assertRaises(RequestTimeout):
                await nifty.get(timeout=0)
            client._core.receive('underlying_update', price('NIFTY', 1))
            self.assertEqual((await nifty.get(timeout=0)).price, 1)
            nifty.unsubscribe()
            with self.assertRaises(NotConnected):
                await nifty.get(timeout=0)

        asyncio.run(program())


class ClosedWhileItConnects(unittest.TestCase):
    def test_connect_raises_instead_of_returning(self) -> None:
        client = Client()
        threading.Timer(0.1, client.close).start()
        with self.assertRaises(NotConnected):
            client.connect(f'http://127.0.0.1:{free_port()}', timeout=10)

        async def program() -> None:
            client = AsyncClient()
            asyncio.get_running_loop().call_later(0.1, lambda: asyncio.ensure_future(client.close()))
            with self.assertRaises(NotConnected):
                await client.connect(f'http://127.0.0.1:{free_port()}', timeout=10)

        asyncio.run(program())
