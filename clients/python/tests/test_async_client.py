"""`AsyncClient` against a real gateway."""
from __future__ import annotations

import asyncio
import unittest
from typing import Any, Callable, ClassVar, List

from deltastream_socket_client import (
    AsyncClient,
    AuthRequired,
    ConnectionClosed,
    Forbidden,
    InvalidSubscription,
    NotConnected,
    RequestTimeout,
    TokenInvalid,
    UnderlyingUpdate,
)

from .checker import Checker
from .fakes import quick_reconnects
from .processes import SECRET, Gateway, Proxy, Redis, WithGateway, free_port, token
from .recorded import mistakes


async def until(condition: Callable[[], Any], what: str = 'the condition never held') -> None:
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(what)


class AsyncClientTest(WithGateway, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        # unittest turns it on, and a stack trace for each of a hundred thousand tasks takes
        # minutes.
        asyncio.get_running_loop().set_debug(False)

    async def connect(self, url: str = '', **options: Any) -> AsyncClient:
        client = AsyncClient()
        self.addAsyncCleanup(client.close)
        return await client.connect(url or self.gateway.url, **options)

    def proxy(self, port: int) -> Proxy:
        proxy = Proxy(port)
        self.addCleanup(proxy.stop)
        return proxy

    async def test_subscribes_gets_the_snapshot_and_what_follows_and_leaves(self) -> None:
        self.gateway.price('SNAP', 1)
        client = await self.connect(general=False)
        held = await client.subscribe('product', 'SNAP')
        updates = held.__aiter__()
        first = await updates.__anext__()
        self.assertIsInstance(first, UnderlyingUpdate)
        self.assertEqual((first.price, held.stale, held.rooms), (1, False, ('product:SNAP',)))
        self.gateway.price('SNAP', 2)
        self.assertEqual((await updates.__anext__()).price, 2)
        self.assertEqual(await client.subscriptions(), ('product:SNAP',))
        held.unsubscribe()
        self.assertEqual([update async for update in updates], [])
        while await client.subscriptions() != ():
            await asyncio.sleep(0.01)

    async def test_chains_products_and_snapshots(self) -> None:
        self.gateway.chain('EXP', 1)
        self.gateway.chain('EXP', 2, '2026-12-03')
        client = await self.connect()
        chains = await client.subscribe('chain', 'EXP')
        await until(lambda: list(chains.latest_by_expiry) == ['2026-11-26', '2026-12-03'])
        snapshot = await client.snapshot('chain', 'EXP', '2026-12-03')
        self.assertEqual(([u.product for u in snapshot.updates], dict(snapshot.rooms)), (['EXP'], {'chain:EXP:2026-12-03': 1}))
        self.assertIn('EXP', await client.products())

    async def test_refusals_are_typed(self) -> None:
        client = await self.connect()
        with mistakes():
            with self.assertRaises(InvalidSubscription) as caught:
                await client.subscribe('product', ['GOOD', 'B*D'])
            self.assertEqual(caught.exception.code, 'INVALID_SYMBOL')
            with self.assertRaises(InvalidSubscription):
                await client.snapshot('product', 'B*D')

    async def test_handlers_may_be_coroutines_and_come_one_after_the_other(self) -> None:
        client = AsyncClient()
        self.addAsyncCleanup(client.close)
        seen: List[Any] = []

        @client.on('underlying_update')
        async def handler(update: UnderlyingUpdate) -> None:
            if update.product == 'SLOW':
                await asyncio.sleep(0.05)
                seen.append(update.price)

        await client.connect(self.gateway.url)
        for n in range(1, 301):
            self.gateway.price('SLOW', n)
            await asyncio.sleep(0)
        await until(lambda: seen and seen[-1] == 300)
        self.assertEqual(seen, sorted(seen))
        self.assertLess(len(seen), 300)

    async def test_a_new_connection_gets_what_is_stale_as_one_event(self) -> None:
        gateway = Gateway(self.redis, STALE_AFTER_MS='500')
        self.addCleanup(gateway.stop)
        names = {'STALE1', 'STALE2'}  # among those of other tests, which Redis has
        told: List[Any] = []
        (await self.connect(gateway.url)).on('feed_status', told.append)
        for product in names:
            gateway.price(product, 1)
        await until(lambda: {status.product for status in told} >= names)
        client = AsyncClient()
        self.addAsyncCleanup(client.close)
        batches: List[Any] = []
        statuses: List[Any] = []
        client.on('feed_statuses', batches.append)
        client.on('feed_status', statuses.append)
        await client.connect(gateway.url)
        await until(lambda: {status.product for status in statuses} >= names)
        (batch,) = batches
        self.assertGreaterEqual({status.product for status in batch.statuses}, names)
        self.assertEqual(statuses[: len(batch.statuses)], list(batch.statuses))
        self.assertTrue(client.is_stale('STALE1') and client.is_stale('STALE2'))

    async def test_is_stale_while_it_is_disconnected_and_recovers(self) -> None:
        proxy = self.proxy(self.gateway.port)
        client = await self.connect(proxy.url)
        states: List[str] = []
        client.on('state', states.append)
        held = await client.subscribe('product', 'GONE')
        proxy.point(free_port())
        proxy.cut()
        await until(lambda: client.state == 'reconnecting')
        self.assertTrue(held.stale and client.is_stale('GONE'))
        with self.assertRaises(RequestTimeout):
            await client.products(timeout=0.1)
        with self.assertRaises(RequestTimeout):
            await held.get(0.05)
        self.gateway.price('GONE', 2)
        proxy.point(self.gateway.port)
        await until(lambda: not held.stale and held.latest is not None and held.latest.price == 2)
        await until(lambda: states == ['reconnecting', 'connected'])
        self.assertEqual((await held.get(5)).price, 2)
        held.unsubscribe()
        with self.assertRaisesRegex(NotConnected, 'the subscription has ended'):
            await held.get(5)

    async def test_a_drain_is_announced_and_the_next_replica_takes_over(self) -> None:
        old, new = Gateway(self.redis, DRAIN_TIMEOUT_MS='500'), self.gateway
        self.addCleanup(old.stop)
        proxy = self.proxy(old.port)
        client = await self.connect(proxy.url)
        states: List[str] = []
        client.on('state', states.append)
        held = await client.subscribe('product', 'DRAIN')
        proxy.point(new.port)
        old.terminate()
        await until(lambda: states == ['draining', 'reconnecting', 'connected'], str(states))
        await held.ready(10)
        new.price('DRAIN', 3)
        await until(lambda: held.latest is not None and held.latest.price == 3)

    async def test_soak_of_forced_reconnects(self) -> None:
        proxy = self.proxy(self.gateway.port)
        with quick_reconnects():
            client = await self.connect(proxy.url)
        checkers = {event: Checker() for event in ('underlying_update', 'chain_summary', 'chain_update')}
        for event, checker in checkers.items():
            client.on(event, checker)
        symbols = [f'SOAK{n}' for n in range(120)]
        prices, chains = client.subscribe('product', symbols), client.subscribe('chain', symbols[:10])
        iterated = Checker()
        n = 0

        async def produce() -> None:
            nonlocal n
            while True:
                n += 1
                self.gateway.price(symbols[n % len(symbols)], n)
                if n % 10 == 0:
                    self.gateway.chain(symbols[n // 10 % 10], n, f'2026-11-{26 + n % 3}')
                await asyncio.sleep(0.002)

        async def consume() -> None:
            async for update in prices:
                iterated(update)

        producer, consumer = asyncio.ensure_future(produce()), asyncio.ensure_future(consume())
        checked = (*checkers.values(), iterated)
        for cuts in range(20):
            await until(lambda: prices._handle.ready and chains._handle.ready, f'not restored after {cuts} cuts')
            accepted = proxy.accepted
            proxy.cut()
            await until(lambda: proxy.accepted > accepted)
        await prices.ready(10)
        await chains.ready(10)
        await until(lambda: min(checker.count for checker in checked) > 20)
        producer.cancel()
        for index, symbol in enumerate(symbols):
            self.gateway.price(symbol, n + index + 1)
        await until(lambda: sorted(u.price for u in prices.updates) == [n + i + 1 for i in range(len(symbols))])
        self.assertEqual(set(await client.subscriptions()), {'general', *prices.rooms, *chains.rooms})
        self.assertEqual([checker.faults for checker in checked], [[]] * 4)
        prices.unsubscribe()
        await asyncio.wait_for(consumer, 10)

    async def test_leaves_no_task_behind(self) -> None:
        before = asyncio.all_tasks()
        async with AsyncClient() as client:
            await client.connect(self.gateway.url)
            await client.subscribe('product', 'NIFTY')
        self.assertEqual(client.state, 'closed')
        self.assertRaises(NotConnected, client.subscribe, 'product', 'NIFTY')
        await until(lambda: asyncio.all_tasks() <= before, str(asyncio.all_tasks()))

    async def test_works_over_polling_that_upgrades_and_over_polling_only(self) -> None:
        for transports in (('polling', 'websocket'), ('polling',)):
            client = await self.connect(transports=transports)
            product = 'T' + str(len(transports))
            held = await client.subscribe('product', product)
            self.gateway.price(product, 1)
            self.assertEqual((await held.get(10)).price, 1)

    async def test_connecting_to_an_unreachable_gateway_times_out(self) -> None:
        client = AsyncClient()
        with self.assertRaises(RequestTimeout) as caught:
            await client.connect(f'http://127.0.0.1:{free_port()}', timeout=0.3)
        self.assertIsNotNone(caught.exception.__cause__)
        self.assertEqual(client.state, 'closed')


class AsyncTokenTest(unittest.IsolatedAsyncioTestCase):
    redis: ClassVar[Redis]
    gateway: ClassVar[Gateway]

    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.stop)
        cls.gateway = Gateway(cls.redis, AUTH_MODE='required', JWT_SECRET=SECRET, SECRET_KEY='x' * 32)
        cls.addClassCleanup(cls.gateway.stop)

    def client(self) -> AsyncClient:
        client = AsyncClient()
        self.addAsyncCleanup(client.close)
        return client

    async def test_is_asked_for_with_its_reason_refreshed_and_replaced(self) -> None:
        reasons: List[str] = []
        seconds = {'connect': -100, 'expired': 20, 'expiring': 3600}

        async def give(reason: str) -> str:
            reasons.append(reason)
            return token(seconds=seconds[reason])

        client = self.client()
        refreshed: List[Any] = []
        client.on('token_refreshed', refreshed.append)
        await client.connect(self.gateway.url, token=give)
        await until(lambda: refreshed)
        self.assertEqual((reasons, client.state), (['connect', 'expired', 'expiring'], 'connected'))
        assert client.user is not None
        self.assertEqual(client.user.expires_at, refreshed[0].expires_at)

    async def test_one_that_keeps_expiring_soon_is_not_requested_endlessly(self) -> None:
        asked: List[str] = []
        same = token(seconds=30)

        def give(reason: str) -> str:
            asked.append(reason)
            return same

        await self.client().connect(self.gateway.url, token=give)
        await asyncio.sleep(3)
        self.assertEqual(asked, ['connect', 'expiring'])

    async def test_a_callback_that_fails_when_it_expires_is_asked_again_before_it_has(self) -> None:
        reasons: List[str] = []

        async def give(reason: str) -> str:
            reasons.append(reason)
            if len(reasons) == 2:
                raise OSError('on purpose')
            return token(seconds=20 if reason == 'connect' else 3600)

        client = self.client()
        refreshed: List[Any] = []
        client.on('token_refreshed', refreshed.append)
        with self.assertLogs('deltastream_socket_client', 'WARNING'):
            await client.connect(self.gateway.url, token=give)
            await until(lambda: refreshed)
        self.assertEqual(reasons, ['connect', 'expiring', 'expiring'])

    async def test_refusals_are_typed(self) -> None:
        for give, error in ((None, AuthRequired), (lambda _: 'rubbish', TokenInvalid)):
            with self.assertRaises(error):
                await self.client().connect(self.gateway.url, token=give)
        client = await self.client().connect(self.gateway.url, token=lambda _: token(products=['NIFTY']))
        with self.assertRaises(Forbidden):
            await client.subscribe('product', ['NIFTY', 'SECRET'])

    async def test_its_revocation_ends_the_client_and_says_why(self) -> None:
        client = await self.client().connect(self.gateway.url, token=lambda _: token(user=77))
        held = client.subscribe('product', 'NIFTY')
        await until(lambda: self.redis.publish('auth:revoked', {'user_id': 77}))
        with self.assertRaises(ConnectionClosed) as caught:
            async for _ in held:
                pass
        self.assertEqual((caught.exception.code, client.state), ('TOKEN_REVOKED', 'closed'))
