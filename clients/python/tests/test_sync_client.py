"""`Client` against a real gateway."""
from __future__ import annotations

import threading
import time
import unittest
from typing import Any, ClassVar, List

from deltastream_socket_client import (
    AuthRequired,
    ChainUpdate,
    Client,
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
from .processes import SECRET, Gateway, Proxy, Redis, WithGateway, free_port, token, wait_for
from .recorded import mistakes


class ClientTest(WithGateway):
    def connect(self, url: str = '', **options: Any) -> Client:
        client = Client()
        self.addCleanup(client.close)
        return client.connect(url or self.gateway.url, **options)

    def another(self, **environment: str) -> Gateway:
        gateway = Gateway(self.redis, **environment)
        self.addCleanup(gateway.stop)
        return gateway

    def test_subscribes_gets_the_snapshot_and_what_follows_and_leaves(self) -> None:
        self.gateway.price('SNAP', 1)
        client = self.connect(general=False)
        nifty = client.subscribe('product', 'SNAP').ready(10)
        updates = iter(nifty)
        first = next(updates)
        self.assertIsInstance(first, UnderlyingUpdate)
        self.assertEqual((first.product, first.price, nifty.stale, nifty.rooms), ('SNAP', 1, False, ('product:SNAP',)))
        self.gateway.price('SNAP', 2)
        self.assertEqual(next(updates).price, 2)
        self.assertEqual(client.subscriptions(), ('product:SNAP',))
        nifty.unsubscribe()
        self.assertEqual(list(updates), [])
        wait_for(lambda: client.subscriptions() == ())

    def test_chains_by_product_and_by_expiry(self) -> None:
        with self.connect() as client:
            chains = client.subscribe('chain', 'EXP').ready(10)
            one = client.subscribe('chain', 'EXP', '2026-12-03').ready(10)
            self.gateway.chain('EXP', 1)
            self.gateway.chain('EXP', 2, '2026-12-03')
            wait_for(lambda: len(chains.latest_by_expiry) == 2 and one.latest)
            assert one.latest is not None
            self.assertEqual((one.latest.expiry, one.latest.strikes), ('2026-12-03', (21500, 21550)))
            self.assertEqual((one.latest.calls[0].iv, one.latest.calls[0].extra['rho']), (0.2293, 1.5))

    def test_general_has_prices_and_summaries_for_listeners_and_iterations(self) -> None:
        client = self.connect()
        prices: List[Any] = []
        summaries: List[Any] = []
        client.on('underlying_update', prices.append)
        off = client.on('chain_summary', summaries.append)
        everything = client.subscribe('general').ready(10)
        self.gateway.price('GEN', 1)
        self.gateway.chain('GEN', 1)
        wait_for(lambda: prices and summaries)
        self.assertEqual((prices[0].product, summaries[0].max_pain_strike), ('GEN', 21400))
        self.assertEqual({everything.get(5).product, everything.get(5).product}, {'GEN'})
        off()
        self.gateway.chain('GEN', 2)
        everything.get(5)
        self.assertEqual(len(summaries), 1)
        everything.unsubscribe()
        with self.assertRaisesRegex(NotConnected, 'the subscription has ended'):
            everything.get(5)

    def test_a_new_connection_gets_what_is_stale_as_one_event(self) -> None:
        gateway = self.another(STALE_AFTER_MS='500')
        names = {'STALE1', 'STALE2'}  # among those of other tests, which Redis has
        told: List[Any] = []
        self.connect(gateway.url).on('feed_status', told.append)
        for product in names:
            gateway.price(product, 1)
        wait_for(lambda: {status.product for status in told} >= names)
        client = Client()
        self.addCleanup(client.close)
        batches: List[Any] = []
        statuses: List[Any] = []
        client.on('feed_statuses', batches.append)
        client.on('feed_status', statuses.append)
        client.connect(gateway.url)
        wait_for(lambda: {status.product for status in statuses} >= names)
        (batch,) = batches
        self.assertGreaterEqual({status.product for status in batch.statuses}, names)
        self.assertEqual(statuses[: len(batch.statuses)], list(batch.statuses))
        self.assertTrue(client.is_stale('STALE1') and client.is_stale('STALE2'))

    def test_products_and_snapshots_without_subscribing(self) -> None:
        self.gateway.price('PEEK', 7)
        self.gateway.chain('PEEK', 8)
        client = self.connect(general=False)
        self.assertIn('PEEK', client.products())
        price = client.snapshot('product', symbols=['PEEK', 'NOBODY'])
        self.assertEqual(([u.price for u in price.updates if isinstance(u, UnderlyingUpdate)], dict(price.rooms)),
                         ([7], {'product:PEEK': 1, 'product:NOBODY': 0}))
        (chain,) = client.snapshot('chain', 'PEEK', '2026-11-26').updates
        self.assertIsInstance(chain, ChainUpdate)
        wait_for(lambda: client.subscriptions() == ())

    @mistakes()
    def test_refusals_are_typed(self) -> None:
        client = self.connect()
        bad = client.subscribe('product', ['GOOD', 'B*D'])
        with self.assertRaises(InvalidSubscription) as caught:
            bad.ready(10)
        self.assertEqual((caught.exception.code, caught.exception.details[0]['field']), ('INVALID_SYMBOL', 'symbol'))
        wait_for(lambda: 'product:GOOD' in client.subscriptions())
        with self.assertRaises(InvalidSubscription):
            client.snapshot('product', 'B*D')
        with self.assertRaises(InvalidSubscription):
            list(bad)

    def test_more_symbols_than_a_request_takes(self) -> None:
        client = self.connect(general=False)
        symbols = [f'MANY{n}' for n in range(250)]
        many = client.subscribe('product', symbols).ready(10)
        self.assertEqual(set(client.subscriptions()), set(many.rooms))

    def test_a_slow_handler_gets_the_newest_update_and_delays_no_subscription(self) -> None:
        client = self.connect()
        slow = client.subscribe('product', 'SLOW').ready(10)
        go = threading.Event()
        seen: List[float] = []

        def handler(update: UnderlyingUpdate) -> None:
            if update.product == 'SLOW':
                go.wait(20)
                seen.append(update.price)

        client.on('underlying_update', handler)
        for n in range(1, 301):
            self.gateway.price('SLOW', n)
        wait_for(lambda: slow.latest is not None and slow.latest.price == 300)
        go.set()
        wait_for(lambda: seen and seen[-1] == 300)
        self.assertLess(len(seen), 10)

    def test_handlers_may_use_the_client_and_their_errors_stop_nothing(self) -> None:
        client = Client()
        self.addCleanup(client.close)
        products: List[Any] = []

        @client.on('connected')
        def fail(_: Any) -> None:
            raise ValueError('on purpose')

        client.on('connected', lambda _: products.append((client.subscribe('product', 'INNER').ready(10), client.products())))
        with self.assertLogs('deltastream_socket_client', 'ERROR'):
            client.connect(self.gateway.url)
            wait_for(lambda: products)

    def test_is_stale_while_it_is_disconnected_and_recovers(self) -> None:
        proxy = Proxy(self.gateway.port)
        self.addCleanup(proxy.stop)
        client = self.connect(proxy.url)
        states: List[str] = []
        stale: List[bool] = []
        client.on('state', states.append)
        client.on('stale', lambda staleness: stale.append(staleness.stale))
        self.gateway.price('GONE', 1)
        held = client.subscribe('product', 'GONE').ready(10)
        proxy.point(free_port())
        proxy.cut()
        wait_for(lambda: client.state == 'reconnecting')
        self.assertTrue(held.stale and client.is_stale('GONE'))
        with self.assertRaises(RequestTimeout):
            client.products(timeout=0.1)
        self.gateway.price('GONE', 2)
        proxy.point(self.gateway.port)
        wait_for(lambda: not held.stale and held.latest is not None and held.latest.price == 2)
        wait_for(lambda: states == ['reconnecting', 'connected'] and stale[-3:] == [False, True, False])

    def test_a_drain_is_announced_and_the_next_replica_takes_over(self) -> None:
        old, new = self.another(DRAIN_TIMEOUT_MS='500', REPLICA_NAME='old'), self.gateway
        proxy = Proxy(old.port)
        self.addCleanup(proxy.stop)
        client = self.connect(proxy.url)
        states: List[str] = []
        client.on('state', states.append)
        held = client.subscribe('product', 'DRAIN').ready(10)
        first = client.client_id
        self.assertEqual(client.replica, 'old')
        proxy.point(new.port)
        old.terminate()
        wait_for(lambda: client.client_id != first and held._handle.ready)
        self.assertNotIn(client.replica, ('old', None))
        new.price('DRAIN', 3)
        wait_for(lambda: held.latest is not None and held.latest.price == 3)
        wait_for(lambda: states == ['draining', 'reconnecting', 'connected'], str(states))

    def test_soak_of_forced_reconnects(self) -> None:
        proxy = Proxy(self.gateway.port)
        self.addCleanup(proxy.stop)
        with quick_reconnects():
            client = self.connect(proxy.url)
        checkers = {event: Checker() for event in ('underlying_update', 'chain_summary', 'chain_update')}
        for event, checker in checkers.items():
            client.on(event, checker)
        symbols = [f'SOAK{n}' for n in range(120)]
        prices = client.subscribe('product', symbols)
        chains = client.subscribe('chain', symbols[:10])
        iterated = Checker()
        stop = threading.Event()
        n = 0

        def produce() -> None:
            nonlocal n
            while not stop.is_set():
                n += 1
                self.gateway.price(symbols[n % len(symbols)], n)
                if n % 10 == 0:
                    self.gateway.chain(symbols[n // 10 % 10], n, f'2026-11-{26 + n % 3}')
                # As much as both can take would try the machine, not the client.
                stop.wait(0.002)

        def consume() -> None:
            for update in prices:
                iterated(update)

        threads = [threading.Thread(target=run, daemon=True) for run in (produce, consume)]
        for thread in threads:
            thread.start()
        checked = (*checkers.values(), iterated)
        for cuts in range(20):
            wait_for(lambda: prices._handle.ready and chains._handle.ready, f'not restored after {cuts} cuts')
            accepted = proxy.accepted
            proxy.cut()
            wait_for(lambda: proxy.accepted > accepted)
        wait_for(lambda: prices._handle.ready and chains._handle.ready)
        wait_for(lambda: min(checker.count for checker in checked) > 20)
        stop.set()
        threads[0].join()
        for index, symbol in enumerate(symbols):
            self.gateway.price(symbol, n + index + 1)
        wait_for(lambda: sorted(u.price for u in prices.updates) == [n + i + 1 for i in range(len(symbols))])
        self.assertEqual(set(client.subscriptions()), {'general', *prices.rooms, *chains.rooms})
        self.assertEqual([checker.faults for checker in checked], [[]] * 4)
        prices.unsubscribe()
        threads[1].join(10)
        self.assertFalse(threads[1].is_alive())

    def test_leaves_no_thread_behind(self) -> None:
        before = set(threading.enumerate())
        for _ in range(3):
            client = Client().connect(self.gateway.url)
            client.subscribe('product', 'NIFTY').ready(10)
            client.close()
            self.assertEqual(client.state, 'closed')
            self.assertRaises(NotConnected, client.subscribe, 'product', 'NIFTY')
        wait_for(lambda: set(threading.enumerate()) <= before, str(threading.enumerate()))

    def test_works_over_polling_that_upgrades_and_over_polling_only(self) -> None:
        for transports in (('polling', 'websocket'), ('polling',)):
            with self.subTest(transports), Client() as client:
                client.connect(self.gateway.url, transports=transports)
                product = 'T' + str(len(transports))
                held = client.subscribe('product', product).ready(10)
                self.gateway.price(product, 1)
                self.assertEqual(held.get(10).price, 1)

    def test_connecting_to_an_unreachable_gateway_times_out(self) -> None:
        client = Client()
        began = time.monotonic()
        with self.assertRaises(RequestTimeout) as caught:
            client.connect(f'http://127.0.0.1:{free_port()}', timeout=0.3)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIsNotNone(caught.exception.__cause__)
        self.assertEqual(client.state, 'closed')


class TokenTest(unittest.TestCase):
    redis: ClassVar[Redis]
    gateway: ClassVar[Gateway]

    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.stop)
        cls.gateway = Gateway(cls.redis, AUTH_MODE='required', JWT_SECRET=SECRET, SECRET_KEY='x' * 32)
        cls.addClassCleanup(cls.gateway.stop)

    def client(self) -> Client:
        client = Client()
        self.addCleanup(client.close)
        return client

    def test_and_the_option_for_batches_are_sent_together(self) -> None:
        gateway = Gateway(self.redis, AUTH_MODE='required', JWT_SECRET=SECRET, SECRET_KEY='x' * 32, STALE_AFTER_MS='500')
        self.addCleanup(gateway.stop)
        first = self.client()
        told: List[Any] = []
        first.on('feed_status', told.append)
        first.connect(gateway.url, token=lambda _: token())
        gateway.price('STALE1', 1)
        wait_for(lambda: told)
        client = self.client()
        batches: List[Any] = []
        client.on('feed_statuses', batches.append)
        client.connect(gateway.url, token=lambda _: token())
        wait_for(lambda: batches)
        self.assertEqual([status.product for status in batches[0].statuses], ['STALE1'])

    def test_is_asked_for_at_each_connection(self) -> None:
        reasons: List[str] = []

        def give(reason: str) -> str:
            reasons.append(reason)
            return token()

        client = self.client().connect(self.gateway.url, token=give)
        assert client.user is not None
        self.assertEqual((reasons, client.user.user_id), (['connect'], '42'))

    def test_refusals_are_typed(self) -> None:
        for give, error in ((None, AuthRequired), (lambda _: 'rubbish', TokenInvalid)):
            with self.assertRaises(error):
                self.client().connect(self.gateway.url, token=give)

    def test_one_that_has_expired_is_replaced(self) -> None:
        reasons: List[str] = []

        def give(reason: str) -> str:
            reasons.append(reason)
            return token(seconds=3600 if reason == 'expired' else -100)

        client = self.client().connect(self.gateway.url, token=give)
        self.assertEqual((reasons, client.state), (['connect', 'expired'], 'connected'))

    def test_one_that_is_about_to_expire_is_refreshed_without_a_break(self) -> None:
        refreshed: List[Any] = []
        client = self.client()
        client.on('token_refreshed', refreshed.append)
        client.connect(self.gateway.url, token=lambda reason: token(seconds=3600 if reason == 'expiring' else 20))
        first = client.client_id
        wait_for(lambda: refreshed)
        self.assertEqual((client.state, client.client_id), ('connected', first))

    def test_one_that_keeps_expiring_soon_is_not_requested_endlessly(self) -> None:
        same, asked = token(seconds=30), threading.Semaphore(3)
        self.client().connect(self.gateway.url, token=lambda _: same if asked.acquire(timeout=0) else '')
        time.sleep(3)
        self.assertTrue(asked.acquire(timeout=0), 'it was asked for more than twice')

    def test_what_it_does_not_allow_is_forbidden(self) -> None:
        client = self.client().connect(self.gateway.url, token=lambda _: token(allowed_products=['NIFTY'], products=['NIFTY']))
        with self.assertRaises(Forbidden):
            client.subscribe('product', ['NIFTY', 'SECRET']).ready(10)

    def test_its_revocation_ends_the_client_and_says_why(self) -> None:
        client = self.client().connect(self.gateway.url, token=lambda _: token(user=77))
        held = client.subscribe('product', 'NIFTY')
        wait_for(lambda: self.redis.publish('auth:revoked', {'user_id': 77}))
        wait_for(lambda: client.state == 'closed')
        self.assertIsInstance(client.error, ConnectionClosed)
        with self.assertRaises(ConnectionClosed) as caught:
            list(held)
        self.assertEqual(caught.exception.code, 'TOKEN_REVOKED')
