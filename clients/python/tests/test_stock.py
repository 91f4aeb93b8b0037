"""python-socketio without this package."""
from __future__ import annotations

import asyncio
import threading
import unittest
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import socketio

from deltastream_socket_client import AsyncClient, Client, ConnectionRefused

from .processes import SECRET, Gateway, Proxy, Redis, free_port, stamp, token, wait_for
from .recorded import mistakes
from .test_async_client import until

WAYS: Tuple[Tuple[str, Optional[List[str]]], ...] = (
    ('websocket', ['websocket']),
    ('polling', ['polling']),
    ('polling that upgrades', None),
)


class Stock(unittest.TestCase):
    redis: ClassVar[Redis]
    gateway: ClassVar[Gateway]
    guarded: ClassVar[Gateway]
    made = 0

    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.stop)
        cls.gateway = Gateway(cls.redis)
        cls.addClassCleanup(cls.gateway.stop)
        cls.guarded = Gateway(cls.redis, AUTH_MODE='required', JWT_SECRET=SECRET, SECRET_KEY='x' * 32)
        cls.addClassCleanup(cls.guarded.stop)

    def product(self) -> str:
        Stock.made += 1
        return f'STOCK{Stock.made}'

    def check(self, call: Any, events: Dict[str, List[Any]]) -> None:
        """The whole contract; `call(event, payload)` returns the acknowledgement."""
        one, other = self.product(), self.product()
        wait_for(lambda: events.get('connected'))
        self.assertEqual(events['connected'][0]['rooms'], ['general'])
        self.gateway.price(one, 1)
        self.gateway.chain(one, 1)
        wait_for(lambda: any(summary['product'] == one for summary in events.get('chain_summary', ())))
        answer = call('get_snapshot', {'type': 'chain', 'symbol': one})
        self.assertEqual(answer['snapshots'], [{'room': f'chain:{one}', 'updates': 1}])
        self.assertEqual(call('subscribe', {'type': 'product', 'symbol': one}), {'ok': True, 'rooms': [f'product:{one}']})
        batch = call('subscribe', {'type': 'product', 'symbols': [one, other]})
        self.assertEqual(batch['rooms'], [f'product:{one}', f'product:{other}'])
        call('subscribe', {'type': 'chain', 'symbol': one, 'expiry': '2026-11-26'})
        rooms = ['general', f'product:{one}', f'product:{other}', f'chain:{one}:2026-11-26']
        self.assertEqual(call('list_subscriptions', None)['rooms'], rooms)
        self.gateway.price(one, 2)
        self.gateway.chain(one, 2)

        def second(event: str) -> List[Any]:
            # Of this product's updates alone: the threads of earlier messages may end later.
            return [update for update in events.get(event, ()) if update['product'] == one and update['timestamp'] == stamp(2)]

        wait_for(lambda: second('chain_update') and second('underlying_update') and second('chain_summary'))
        self.assertEqual([update['price'] for update in second('underlying_update')], [2])
        self.assertEqual([update['strikes'] for update in second('chain_update')], [[21500, 21550]])
        self.assertEqual(call('unsubscribe', {'type': 'general'})['rooms'], ['general'])
        self.assertIn(one, call('get_products', None)['products'])
        with mistakes():
            refused = call('subscribe', {'type': 'product', 'symbol': 'N*'})
        self.assertEqual(refused['error']['code'], 'INVALID_SYMBOL')
        wait_for(lambda: events.get('error'))

    def threads(self, **options: Any) -> Tuple[Any, Dict[str, List[Any]]]:
        sio = socketio.Client(handle_sigint=False, reconnection_delay=0.1, randomization_factor=0.05, **options)
        events: Dict[str, List[Any]] = {}
        sio.on('*', lambda event, payload=None: events.setdefault(event, []).append(payload))
        self.addCleanup(sio.disconnect)
        return sio, events

    def test_threads_the_whole_contract(self) -> None:
        for name, transports in WAYS:
            with self.subTest(name):
                sio, events = self.threads()
                sio.connect(self.gateway.url, transports=transports, wait_timeout=10)
                self.check(lambda event, payload: sio.call(event, payload, timeout=10), events)
                sio.disconnect()

    def test_asyncio_the_whole_contract(self) -> None:
        async def run(transports: Optional[List[str]]) -> None:
            sio = socketio.AsyncClient(handle_sigint=False)
            events: Dict[str, List[Any]] = {}
            sio.on('*', lambda event, payload=None: events.setdefault(event, []).append(payload))
            await sio.connect(self.gateway.url, transports=transports, wait_timeout=10)
            loop = asyncio.get_running_loop()

            def call(event: str, payload: Any) -> Any:
                return asyncio.run_coroutine_threadsafe(sio.call(event, payload, timeout=10), loop).result()

            await loop.run_in_executor(None, self.check, call, events)
            await sio.disconnect()

        for name, transports in WAYS:
            with self.subTest(name):
                asyncio.run(run(transports))

    def test_threads_comes_back_and_subscribes_on_connect(self) -> None:
        # Not on `connected`: that has a thread of its own, which may be the first to run, and
        # `emit` raises then.
        proxy = Proxy(self.gateway.port)
        self.addCleanup(proxy.stop)
        sio, events = self.threads()
        product = self.product()
        sio.on('connect', lambda: sio.emit('subscribe', {'type': 'product', 'symbol': product}))
        sio.connect(proxy.url, transports=['websocket'], wait_timeout=10)
        wait_for(lambda: events.get('subscribed'))
        self.gateway.price(product, 1)
        wait_for(lambda: events.get('underlying_update'))
        events.clear()
        proxy.cut()
        wait_for(lambda: events.get('subscribed') and events.get('underlying_update'))
        self.assertEqual(events['underlying_update'][0]['price'], 1)

    def test_asyncio_comes_back_and_subscribes_on_connected(self) -> None:
        proxy = Proxy(self.gateway.port)
        self.addCleanup(proxy.stop)

        async def run() -> None:
            sio = socketio.AsyncClient(handle_sigint=False, reconnection_delay=0.1, randomization_factor=0.05)
            rooms: List[str] = []
            product = self.product()

            async def connected(_: Any) -> None:
                await sio.emit('subscribe', {'type': 'product', 'symbol': product})

            sio.on('connected', connected)
            sio.on('subscribed', lambda payload: rooms.append(payload['room']))
            await sio.connect(proxy.url, transports=['websocket'], wait_timeout=10)
            await until(lambda: len(rooms) == 1)
            proxy.cut()
            await until(lambda: len(rooms) == 2)
            await sio.disconnect()

        asyncio.run(run())

    def test_connect_error_has_the_code_of_a_refused_token(self) -> None:
        for auth, code in (({}, 'AUTH_REQUIRED'), ({'token': 'rubbish'}, 'TOKEN_INVALID'), ({'token': token(seconds=-99)}, 'TOKEN_EXPIRED')):
            sio, _ = self.threads(reconnection=False)
            refusals: List[Any] = []
            told = threading.Event()
            sio.on('connect_error', lambda data, refusals=refusals, told=told: (refusals.append(data), told.set()))
            sio.connect(self.guarded.url, auth=auth, transports=['websocket'], wait=False)
            self.assertTrue(told.wait(10))
            self.assertEqual(refusals[0]['data']['code'], code)
            # With `wait`, `connect` raises once all of `wait_timeout` is over, even after the
            # refusal has come.
            waiting, _ = self.threads(reconnection=False)
            with self.assertRaises(socketio.exceptions.ConnectionError):
                waiting.connect(self.guarded.url, auth=auth, transports=['websocket'], wait_timeout=0.1)
        sio, events = self.threads()
        sio.connect(self.guarded.url, auth={'token': token()}, transports=['websocket'], wait_timeout=10)
        wait_for(lambda: events.get('connected'))
        self.assertEqual(events['connected'][0]['user']['user_id'], '42')

    def test_a_drain_is_announced_and_the_client_reconnects(self) -> None:
        old, new = Gateway(self.redis, DRAIN_TIMEOUT_MS='500'), self.gateway
        self.addCleanup(old.stop)
        proxy = Proxy(old.port)
        self.addCleanup(proxy.stop)
        sio, events = self.threads()
        sio.connect(proxy.url, transports=['websocket'], wait_timeout=10)
        wait_for(lambda: events.get('connected'))
        proxy.point(new.port)
        old.terminate()
        wait_for(lambda: len(events['connected']) == 2, str(events.keys()))
        self.assertEqual(events['closing'][0]['code'], 'DRAINING')
        self.assertIn('reconnect_in_ms', events['server_draining'][0])

    def test_threads_by_websocket_claims_the_gateways_own_origin_which_has_to_be_allowed(self) -> None:
        page = 'https://app.example.com'
        gateway = Gateway(self.redis, CORS_ORIGINS=page)
        self.addCleanup(gateway.stop)
        sio, events = self.threads(reconnection=False)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            sio.connect(gateway.url, transports=['websocket'], wait_timeout=10)
        with self.assertRaises(ConnectionRefused) as caught:
            Client().connect(gateway.url)
        self.assertEqual(caught.exception.code, 'ORIGIN_REFUSED')
        sio.connect(gateway.url, transports=['polling'], wait_timeout=10)
        wait_for(lambda: events.get('connected'))
        port = free_port()
        allowing = Gateway(self.redis, PORT=str(port), CORS_ORIGINS=f'{page},http://127.0.0.1:{port}')
        self.addCleanup(allowing.stop)
        with Client() as client:
            self.assertEqual(client.connect(allowing.url).state, 'connected')

    def test_asyncio_claims_no_origin(self) -> None:
        gateway = Gateway(self.redis, CORS_ORIGINS='https://app.example.com')
        self.addCleanup(gateway.stop)

        async def run() -> str:
            async with AsyncClient() as client:
                return (await client.connect(gateway.url)).state

        self.assertEqual(asyncio.run(run()), 'connected')
