from __future__ import annotations

import json
import unittest
from typing import Any, Dict, List

from deltastream_socket_client import Gap, UnderlyingUpdate
from deltastream_socket_client.options import handshake_auth
from deltastream_socket_client.payloads import Limits
from deltastream_socket_client.room_requests import batches
from deltastream_socket_client.testing import FakeGateway

from .fakes import World, chain, price, stamp


def resuming(general: bool = False) -> World:
    world = World(general)
    world.core.resume = True
    world.connect(())
    return world


def reconnect(world: World) -> None:
    world.core.lost()
    world.connect(())


def asked(world: World) -> List[Dict[str, Any]]:
    return [payload for event, payload in world.sent() if event == 'subscribe']


class Requests(unittest.TestCase):
    def test_name_the_newest_price_of_several_products_in_one_map(self) -> None:
        world = resuming()
        world.subscribe('product', ['A', 'B', 'NONE'])
        self.assertEqual(asked(world), [{'type': 'product', 'symbols': ['A', 'B', 'NONE']}])
        for update in (price('A', 1), price('B', 5), price('A', 2)):
            world.core.receive('underlying_update', update)
        reconnect(world)
        since = {'A': stamp(2), 'B': stamp(5)}
        self.assertEqual(asked(world), [{'type': 'product', 'symbols': ['A', 'B', 'NONE'], 'since': since}])

    def test_join_general_after_the_rooms_that_are_resumed(self) -> None:
        self.assertEqual(handshake_auth(None, True), {'statuses': 'batch', 'general': 'off'})
        self.assertEqual(handshake_auth(None), {'statuses': 'batch'})
        self.assertEqual(handshake_auth(None, latency_probe=True), {'statuses': 'batch', 'latency_probe': True})
        world = resuming(general=True)
        self.assertEqual(asked(world), [{'type': 'general'}])
        world.subscribe('product', 'A')
        world.sent()
        world.core.receive('underlying_update', price('A', 1))
        reconnect(world)
        [first] = world.requests()
        self.assertEqual(first.payload, {'type': 'product', 'symbol': 'A', 'since': {'A': stamp(1)}})
        self.assertEqual(world.requests(), [])
        world.confirm(first)
        self.assertEqual(asked(world), [{'type': 'general'}])

    def test_without_the_option_ask_for_nothing(self) -> None:
        world = World(general=False)
        world.connect(())
        world.subscribe('product', 'A')
        world.sent()
        world.core.receive('underlying_update', price('A', 1))
        reconnect(world)
        self.assertEqual(asked(world), [{'type': 'product', 'symbol': 'A'}])
        self.assertEqual(world.payloads('gap'), [])

    def test_leave_out_chains_and_rooms_that_were_left(self) -> None:
        world = resuming()
        world.subscribe('chain', 'A')
        first = world.subscribe('product', 'A')
        world.sent()
        world.core.receive('underlying_update', price('A', 1))
        world.core.receive('chain_update', chain('A', 1))
        world.core.unsubscribe(first)
        world.sent()
        world.subscribe('product', 'A')
        self.assertEqual(asked(world), [{'type': 'product', 'symbol': 'A'}])
        reconnect(world)
        self.assertNotIn('since', json.dumps(asked(world)))

    def test_are_repeated_with_the_same_time(self) -> None:
        world = resuming()
        world.subscribe('product', 'A')
        world.sent()
        world.core.receive('underlying_update', price('A', 1))
        reconnect(world)
        request = {'type': 'product', 'symbol': 'A', 'since': {'A': stamp(1)}}
        [refused] = world.requests()
        world.refuse(refused, 'RATE_LIMITED', retry_after_ms=1000)
        world.now += 2
        self.assertEqual([refused.payload, *asked(world)], [request, request])

    def test_a_product_that_the_gateway_puts_off_does_not_hold_up_general(self) -> None:
        world = resuming(general=True)
        world.subscribe('product', 'A')
        world.sent()
        world.core.receive('underlying_update', price('A', 1))
        reconnect(world)
        [postponed] = world.requests()
        world.refuse(postponed, 'TOO_MANY_SUBSCRIPTIONS', retry_after_ms=30_000, rooms=['product:A'])
        self.assertEqual(asked(world), [{'type': 'general'}])

    def test_fit_into_a_message(self) -> None:
        world = resuming()
        world.subscribe('product', [f'PRODUCT-{n}' for n in range(100)])
        world.sent()
        rooms = [room for room in world.core.rooms.values() if room.name != 'general']
        for room in rooms:
            room.since = stamp(1)
        limits = Limits(max_payload_bytes=2000)
        sizes = []
        for batch in batches(rooms, limits):
            since = {room.address.symbol: room.since for room in batch}
            sizes.append(len(json.dumps(['subscribe', {'type': 'product', 'symbols': list(since), 'since': since}])))
        self.assertLess(max(sizes), 2000)


class Answers(unittest.TestCase):
    def test_without_everything_that_was_missed_are_a_gap(self) -> None:
        recoveries: List[Dict[str, Any]] = [{'recovered': False}, {}]
        for recovery in recoveries:
            with self.subTest(recovery):
                world = resuming()
                world.subscribe('product', ['A', 'B'])
                world.sent()
                for product in ('A', 'B'):
                    world.core.receive('underlying_update', price(product, 1))
                reconnect(world)
                world.requests()
                del world.told[:]
                world.core.receive('subscribed', {'room': 'product:A', 'message': '', **recovery})
                world.core.receive('underlying_update', price('A', 9))
                world.core.receive('subscribed', {'room': 'product:B', 'message': '', 'recovered': True, 'replayed': 0})
                told = [(event, payload) for event, payload in world.told if event in ('gap', 'underlying_update')]
                self.assertEqual(told[0], ('gap', Gap('A', 'product:A', stamp(1))))
                self.assertEqual([event for event, _ in told], ['gap', 'underlying_update'])


    def test_come_to_a_subscription_that_was_replaced_meanwhile(self) -> None:
        world = resuming()
        first = world.subscribe('product', 'A')
        world.sent()
        world.core.receive('underlying_update', price('A', 1))
        reconnect(world)
        [request] = world.requests()
        world.core.unsubscribe(first)
        second = world.subscribe('product', 'A')
        world.core.receive('subscribed', {'room': 'product:A', 'message': '', 'recovered': True, 'replayed': 0})
        world.core.answered(request, {'ok': True, 'rooms': ['product:A']})
        self.assertEqual((second.ready, second.latest.price), (True, 1))
        world.core.unsubscribe(second)
        world.sent()
        self.assertIsNone(world.subscribe('product', 'A').latest)


class WithTheFakeGateway(unittest.TestCase):
    def test_handlers_and_iterations_get_every_price_once(self) -> None:
        with FakeGateway(['NIFTY', 'AAPL']) as gateway:
            client = gateway.client()
            seen: List[UnderlyingUpdate] = []
            gaps: List[Gap] = []
            client.on('underlying_update', seen.append)
            client.on('gap', gaps.append)
            client.connect(gateway.url, resume=True)
            both = client.subscribe('product', ['NIFTY', 'AAPL']).ready(5)
            iterated = iter(both)
            gateway.publish_price('NIFTY', 1)
            gateway.publish_price('AAPL', 1)
            gateway.disconnect()
            for n in (2, 3, 4):
                gateway.publish_price('NIFTY', n)
            gateway.reconnect()
            gateway.settle()
            gateway.publish_price('NIFTY', 5)
            gateway.settle()
            self.assertEqual([update.price for update in seen if update.product == 'NIFTY'], [1, 2, 3, 4, 5])
            self.assertEqual([next(iterated).price for _ in range(6)], [1, 1, 2, 3, 4, 5])
            self.assertEqual(gaps, [])
            self.assertEqual(gateway.rooms(client), ('general', 'product:AAPL', 'product:NIFTY'))

    def test_a_lost_history_is_a_gap(self) -> None:
        with FakeGateway(['NIFTY']) as gateway:
            gaps: List[Gap] = []
            client = gateway.connect(resume=True, general=False)
            client.on('gap', gaps.append)
            nifty = client.subscribe('product', 'NIFTY').ready(5)
            gateway.publish_price('NIFTY', 1)
            assert nifty.latest is not None
            since = nifty.latest.timestamp
            gateway.disconnect()
            gateway.publish_price('NIFTY', 2)
            gateway.lose_history()
            gateway.publish_price('NIFTY', 3)
            gateway.reconnect()
            gateway.settle()
            self.assertEqual(gaps, [Gap('NIFTY', 'product:NIFTY', since)])
            self.assertEqual(nifty.latest.price, 3)

    def test_without_the_option_a_slow_reader_gets_the_newest_price(self) -> None:
        with FakeGateway(['NIFTY']) as gateway:
            client = gateway.connect(general=False)
            iterated = iter(client.subscribe('product', 'NIFTY').ready(5))
            for n in (1, 2, 3):
                gateway.publish_price('NIFTY', n)
            self.assertEqual(next(iterated).price, 3)


class WithTheFakeGatewayAsync(unittest.IsolatedAsyncioTestCase):
    async def test_handlers_get_every_price_once(self) -> None:
        async with FakeGateway(['NIFTY']) as gateway:
            client = gateway.async_client()
            seen: List[float] = []
            client.on('underlying_update', lambda update: seen.append(update.price))
            await client.connect(gateway.url, resume=True)
            await client.subscribe('product', 'NIFTY')
            gateway.publish_price('NIFTY', 1)
            gateway.disconnect()
            for n in (2, 3):
                gateway.publish_price('NIFTY', n)
            gateway.reconnect()
            await gateway.settle_async()
            self.assertEqual(seen, [1, 2, 3])
            self.assertEqual(gateway.rooms(client), ('general', 'product:NIFTY'))


class Subscriptions(unittest.TestCase):
    def test_have_their_own_gaps(self) -> None:
        with FakeGateway(['NIFTY', 'AAPL']) as gateway:
            client = gateway.connect(resume=True, general=False)
            nifty, both, left = (client.subscribe('product', name).ready(5) for name in ('NIFTY', ['NIFTY', 'AAPL'], 'NIFTY'))
            aapl = client.subscribe('product', 'AAPL').ready(5)
            gateway.publish_price('NIFTY', 1)
            assert nifty.latest is not None
            gap = Gap('NIFTY', 'product:NIFTY', nifty.latest.timestamp)
            told: List[Any] = []
            nifty.on_gap(lambda gap: told.append(('nifty', gap)))
            aapl.on_gap(lambda gap: told.append(('aapl', gap)))
            left.on_gap(lambda gap: told.append(('left', gap)))
            remove = nifty.on_gap(lambda gap: told.append(('removed', gap)))

            @both.on_gap()
            def of_both(gap: Gap) -> None:
                told.append(('both', gap))

            left.unsubscribe()
            remove()
            self.assertIsNone(nifty.gap)
            gateway.disconnect()
            gateway.publish_price('NIFTY', 2)
            gateway.lose_history()
            gateway.reconnect()
            gateway.settle()
            self.assertEqual(told, [('nifty', gap), ('both', gap)])
            self.assertEqual([one.gap for one in (nifty, both, aapl)], [gap, gap, None])
            self.assertRaises(TypeError, nifty.on_gap, 5)
            nifty.unsubscribe()
            both.unsubscribe()
            self.assertEqual(len(client._listeners.of('gap')), 1)


class SubscriptionsAsync(unittest.IsolatedAsyncioTestCase):
    async def test_call_coroutine_functions_with_their_gaps(self) -> None:
        async with FakeGateway(['NIFTY']) as gateway:
            client = await gateway.connect_async(resume=True, general=False)
            nifty = await client.subscribe('product', 'NIFTY')
            told: List[Gap] = []

            async def missed(gap: Gap) -> None:
                told.append(gap)

            nifty.on_gap(missed)
            gateway.publish_price('NIFTY', 1)
            gateway.disconnect()
            gateway.lose_history()
            gateway.reconnect()
            await gateway.settle_async()
            self.assertEqual(told, [nifty.gap])
