"""Resume and history with real gateways: nothing is missed over reconnections, and nothing comes twice."""
from __future__ import annotations

import asyncio
import threading
import time
import unittest
from typing import Dict, List, Optional, Union

from deltastream_socket_client import AsyncClient, Client, Gap, RequestError

from .fakes import quick_reconnects
from .processes import Gateway, Proxy, Redis, stamp, wait_for

PRODUCTS = ('NIFTY', 'BANKNIFTY', 'AAPL')
#: How often the connection is lost.
CUTS = 6
#: The prices between two losses at least.
CUT_EVERY = 20


class Replicas(unittest.TestCase):
    """Two replicas, and a network that leads to the other one after each cut."""

    def setUp(self) -> None:
        self.redis = Redis()
        self.addCleanup(self.redis.stop)

    def start(self, **environment: str) -> None:
        self.gateways = [Gateway(self.redis, CACHE_WRITE_INTERVAL_MS='50', **environment) for _ in range(2)]
        for gateway in self.gateways:
            self.addCleanup(gateway.stop)
        self.proxy = Proxy(self.gateways[0].port)
        self.addCleanup(self.proxy.stop)
        self.at = 0

    def publish(self, product: str, n: int) -> None:
        message = {'type': 'UNDERLYING_ENRICHED', 'product': product, 'price': n, 'timestamp': stamp(n), 'processed_at': stamp(n)}
        wait_for(lambda: self.redis.publish('enriched:underlying', message) == 2, 'not both gateways are subscribed to the feed')

    def play(self, client: Union[Client, AsyncClient], handled: Dict[str, List[float]]) -> List[int]:
        """Publishes prices all the time, also while the client reconnects and resumes. Each cut comes as
        soon as it is connected again. Returns all prices of a product.
        """
        lost: List[Optional[str]] = []
        n = 0
        while n < CUT_EVERY or client.state != 'connected' or client.client_id in lost or len(lost) < CUTS:
            n += 1
            for product in PRODUCTS:
                self.publish(product, n)
            if n == 2:
                # Of the first price of all, it is not known whether another one had the same timestamp.
                wait_for(lambda: all(prices[-1:] == [n] for prices in handled.values()), 'the first prices did not come')
            if n % CUT_EVERY == 0 and len(lost) < CUTS and client.state == 'connected' and client.client_id not in lost:
                lost.append(client.client_id)
                self.cut()
            time.sleep(0.001)  # So that a replay is short of what the gateway replays at most.
        wait_for(lambda: [prices[-1:] for prices in handled.values()] == [[n]] * 3, 'the last prices did not come')
        return list(range(1, n + 1))

    def cut(self) -> None:
        self.at = 1 - self.at
        self.proxy.point(self.gateways[self.at].port)
        self.proxy.cut()


class Sync(Replicas):
    def test_nothing_is_missed_or_doubled_over_reconnections_to_the_other_replica(self) -> None:
        self.start()
        handled: Dict[str, List[float]] = {product: [] for product in PRODUCTS}
        iterated: Dict[str, List[float]] = {product: [] for product in PRODUCTS}
        gaps: List[Gap] = []
        with quick_reconnects(), Client() as client:
            client.on('underlying_update', lambda update: handled[update.product].append(update.price))
            client.on('gap', gaps.append)
            client.connect(self.proxy.url, resume=True)
            subscription = client.subscribe('product', PRODUCTS).ready(10)

            def iterate() -> None:
                for update in subscription:
                    iterated[update.product].append(update.price)

            reader = threading.Thread(target=iterate)
            reader.start()
            self.addCleanup(reader.join, 10)
            prices = self.play(client, handled)
            done = [prices] * len(PRODUCTS)
            self.assertEqual(list(handled.values()), done)
            wait_for(lambda: list(iterated.values()) == done, 'the iteration lacks prices, or has some twice')
            self.assertEqual(gaps, [])
            wait_for(lambda: 'general' in client.subscriptions(), 'not in general after the other rooms')
            self.assertGreater(self.proxy.accepted, CUTS)
            pages = [[row[1] for row in page.rows] for page in client.history_pages('product', 'NIFTY', limit=50)]
            self.assertEqual(pages[:2], [prices[-50:], prices[-100:-50]])
            self.assertEqual([price for page in reversed(pages) for price in page], prices)
            bars = client.history('product', 'NIFTY', resolution='1m').records()
            self.assertEqual((bars[0]['open'], bars[-1]['close'], sum(bar['count'] for bar in bars)), (1, prices[-1], len(prices)))

    def test_what_cannot_be_resumed_is_a_gap_and_the_newest_price_follows(self) -> None:
        self.start(HISTORY_SECONDS='0')
        gaps: List[Gap] = []
        with quick_reconnects(), Client() as client:
            client.on('gap', gaps.append)
            client.connect(self.proxy.url, resume=True, general=False)
            nifty = client.subscribe('product', 'NIFTY').ready(10)
            self.publish('NIFTY', 1)
            wait_for(lambda: nifty.latest)
            self.cut()
            for n in (2, 3):
                self.publish('NIFTY', n)
            wait_for(lambda: nifty.latest and nifty.latest.price == 3, 'the newest price did not come')
            wait_for(lambda: gaps)
            self.assertEqual(gaps, [Gap('NIFTY', 'product:NIFTY', stamp(1))])
            with self.assertRaises(RequestError) as caught:
                client.history('product', 'NIFTY')
            self.assertEqual(caught.exception.code, 'HISTORY_UNAVAILABLE')


class Async(Replicas):
    def test_nothing_is_missed_or_doubled_over_reconnections_to_the_other_replica(self) -> None:
        self.start()
        handled: Dict[str, List[float]] = {product: [] for product in PRODUCTS}
        gaps: List[Gap] = []
        prices: List[int] = []

        async def run() -> None:
            async with AsyncClient() as client:
                client.on('underlying_update', lambda update: handled[update.product].append(update.price))
                client.on('gap', gaps.append)
                await client.connect(self.proxy.url, resume=True)
                await client.subscribe('product', PRODUCTS)
                prices.extend(await asyncio.get_running_loop().run_in_executor(None, self.play, client, handled))
                pages = [[row[1] for row in page.rows] async for page in client.history_pages('product', 'AAPL', limit=100)]
                self.assertEqual([price for page in reversed(pages) for price in page], prices)

        with quick_reconnects():
            asyncio.run(run())
        self.assertEqual(list(handled.values()), [prices] * len(PRODUCTS))
        self.assertEqual(gaps, [])
