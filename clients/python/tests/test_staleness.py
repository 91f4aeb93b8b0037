from __future__ import annotations

import unittest
from typing import Any, Callable, List, Tuple

from . import recorded
from .fakes import World, chain, price, stamp


class Staleness(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()
        self.core = self.world.core

    def told(self) -> List[bool]:
        return [staleness.stale for staleness in self.world.payloads('stale')]

    def status(self, status: str, product: str = 'NIFTY') -> None:
        payload = {'product': product, 'status': status, 'last_update': stamp(1), 'age_ms': 15_000}
        self.core.receive('feed_status', payload)

    def in_product(self) -> Any:
        """A subscription that is confirmed, and nothing else: not `general` either."""
        handle = self.world.subscribe('product', 'NIFTY')
        self.world.connect(rooms=())
        self.world.sent()
        return handle

    def test_everything_is_stale_without_a_connection(self) -> None:
        handle = self.world.subscribe('product', 'NIFTY')
        self.assertTrue(self.core.is_stale('NIFTY'))
        self.world.connect()
        self.assertTrue(handle.stale, 'not confirmed yet')
        self.world.sent()
        self.assertFalse(handle.stale)
        self.core.lost()
        self.assertTrue(handle.stale)
        self.assertTrue(self.core.is_stale('NIFTY'))
        self.assertEqual(self.told(), [True, False, True])

    def test_a_product_without_any_update_is_stale(self) -> None:
        self.world.connect()
        self.assertTrue(self.core.is_stale('NIFTY'))
        self.core.receive('underlying_update', price('NIFTY', 1))
        self.assertFalse(self.core.is_stale('NIFTY'))

    def test_follows_feed_status_and_not_updates(self) -> None:
        self.world.subscribe('chain', 'NIFTY', '2026-11-26')
        self.world.connect()
        self.world.sent()
        self.status('stale')
        self.core.receive('underlying_update', price('NIFTY', 1))
        self.assertTrue(self.core.is_stale('NIFTY'))
        self.status('live')
        self.assertFalse(self.core.is_stale('NIFTY'))
        self.assertEqual(self.told(), [True, False, True, False])

    def test_a_batch_of_statuses_means_what_each_of_them_would(self) -> None:
        handles = [self.world.subscribe('product', product) for product in ('NIFTY', 'SENSEX')]
        self.world.connect()
        self.world.sent()
        statuses = [
            {'product': product, 'status': 'stale', 'last_update': stamp(1), 'age_ms': 15_000}
            for product in ('NIFTY', 'AAPL')
        ]
        self.core.receive('feed_statuses', {'statuses': statuses})
        self.assertEqual([handle.stale for handle in handles], [True, False])
        self.assertTrue(self.core.is_stale('AAPL'))
        (batch,) = self.world.payloads('feed_statuses')
        self.assertEqual([status.product for status in batch.statuses], ['NIFTY', 'AAPL'])
        self.assertEqual(self.world.payloads('feed_status'), list(batch.statuses))
        self.status('live')
        self.assertEqual([handle.stale for handle in handles], [False, False])

    def test_a_malformed_batch_changes_nothing(self) -> None:
        handle = self.in_product()
        with recorded.mistakes(), self.assertLogs('deltastream_socket_client', 'WARNING'):
            for payload in ({}, {'statuses': None}, {'statuses': [{'product': 'NIFTY'}]}, {'statuses': ['NIFTY']}):
                self.core.receive('feed_statuses', payload)
        self.assertFalse(handle.stale)
        self.assertEqual(self.world.payloads('feed_statuses'), [])

    def test_a_product_that_is_stale_when_it_is_subscribed_to_is_never_called_live(self) -> None:
        handle = self.world.subscribe('product', 'NIFTY')
        self.world.connect()
        self.status('stale')
        (request,) = self.world.requests()
        self.core.receive('subscribed', {'room': 'product:NIFTY', 'message': ''})
        self.status('stale')
        self.core.answered(request, {'ok': True, 'rooms': ['product:NIFTY']})
        self.assertTrue(handle.stale)
        self.assertEqual(self.told(), [True])

    def test_connected_and_general_clear_all_and_a_room_its_product(self) -> None:
        ways: List[Callable[[], None]] = [
            lambda: self.world.connect(),
            lambda: self.core.receive('subscribed', {'room': 'general', 'message': ''}),
            lambda: self.core.receive('subscribed', {'room': 'chain:NIFTY:2026-11-26', 'message': ''}),
        ]
        for clear in ways:
            self.world.connect()
            self.core.receive('underlying_update', price('NIFTY', 1))
            self.status('stale')
            self.status('stale', 'NIFTY2')
            self.assertTrue(self.core.is_stale('NIFTY'))
            clear()
            self.assertFalse(self.core.is_stale('NIFTY'))
        self.assertTrue(self.core.is_stale('NIFTY2'))

    def test_a_refused_room_does_not_make_other_rooms_stale(self) -> None:
        handle = self.in_product()
        refused = self.world.subscribe('chain', 'NIFTY', '2026-11-26')
        (request,) = self.world.requests()
        self.world.refuse(request, 'FORBIDDEN')
        self.assertFalse(self.core.is_stale('NIFTY'))
        self.assertFalse(handle.stale)
        self.assertTrue(refused.stale)
        self.core.unsubscribe(handle)
        self.assertTrue(self.core.is_stale('NIFTY'))
        self.assertEqual(self.told(), [True, False])

    def test_joining_another_room_does_not_make_a_live_product_stale(self) -> None:
        handle = self.in_product()
        chain = self.world.subscribe('chain', 'NIFTY')
        self.assertFalse(handle.stale)
        self.assertTrue(chain.stale, 'not confirmed yet')
        self.world.sent()
        self.assertFalse(chain.stale)
        self.assertEqual(self.told(), [True, False])

    def test_joining_another_room_does_not_make_a_stale_product_live(self) -> None:
        handle = self.in_product()
        self.status('stale')
        self.world.subscribe('chain', 'NIFTY')
        (request,) = self.world.requests()
        self.core.receive('subscribed', {'room': 'chain:NIFTY', 'message': ''})
        self.assertTrue(handle.stale, 'until the gateway sends its status again')
        self.status('stale')
        self.core.answered(request, {'ok': True, 'rooms': ['chain:NIFTY']})
        self.assertTrue(handle.stale)
        self.assertEqual(self.told(), [True, False, True])

    def test_joining_a_product_that_is_live_again_says_so(self) -> None:
        handle = self.in_product()
        self.status('stale')
        self.world.subscribe('chain', 'NIFTY')
        self.world.sent()
        self.assertFalse(handle.stale)
        self.assertEqual(self.told(), [True, False, True, False])


NEVER = {'status': 'stale', 'last_update': None, 'age_ms': None}
EXPIRY = '2026-11-26'


class Rooms(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()
        self.core = self.world.core

    def test_a_chain_that_has_stopped_is_stale_and_its_product_is_not(self) -> None:
        one, every = self.world.subscribe('chain', 'NIFTY', EXPIRY), self.world.subscribe('chain', 'NIFTY')
        other, product = self.world.subscribe('chain', 'NIFTY', '2026-12-03'), self.world.subscribe('product', 'NIFTY')
        self.world.connect(rooms=())
        while self.world.sent():
            pass
        status = {'product': 'NIFTY', 'expiry': EXPIRY, 'last_update': stamp(1), 'age_ms': 60_000}
        self.core.receive('chain_status', {**status, 'status': 'stale'})
        self.assertEqual([handle.stale for handle in (one, every, other, product)], [True, True, False, False])
        self.assertFalse(self.core.is_stale('NIFTY'))
        self.core.receive('chain_status', {**status, 'status': 'live'})
        self.assertFalse(any(handle.stale for handle in (one, every, other, product)))
        (told, live) = self.world.payloads('chain_status')
        self.assertEqual((told.expiry, told.status, live.status), (EXPIRY, 'stale', 'live'))

    def test_a_stale_status_is_forgotten_when_the_gateway_is_about_to_send_it_again(self) -> None:
        handle = self.world.subscribe('chain', 'NIFTY', EXPIRY)
        ways: Tuple[Tuple[str, Any], ...] = (
            ('subscribed', {'room': f'chain:NIFTY:{EXPIRY}', 'message': ''}),
            ('subscribed', {'room': 'chain:NIFTY', 'message': ''}),
            ('chain_update', chain('NIFTY', 1, '2026-12-31', timestamp='2026-11-27T00:00:00')),
        )
        for event, payload in ways:
            self.world.connect(rooms=())
            self.world.sent()
            self.core.receive('chain_status', {'product': 'NIFTY', 'expiry': EXPIRY, **NEVER})
            self.assertTrue(handle.stale)
            self.core.receive(event, payload)
            self.assertFalse(handle.stale)

    def test_handlers_are_told_of_a_gap_in_the_feed(self) -> None:
        self.world.connect(rooms=())
        self.core.receive('feed_gap', {'since': '2026-11-22T04:43:39.412Z', 'until': '2026-11-22T04:43:41.530Z'})
        (gap,) = self.world.payloads('feed_gap')
        self.assertEqual((gap.since, gap.until), ('2026-11-22T04:43:39.412Z', '2026-11-22T04:43:41.530Z'))

    def test_a_room_without_data_is_stale_until_its_first_update(self) -> None:
        ways = (
            ('product', None, 'underlying_update', price('NFTY', 1)),
            ('chain', EXPIRY, 'chain_update', chain('NFTY', 1)),
            ('chain', None, 'chain_update', chain('NFTY', 1)),
        )
        for kind, expiry, event, update in ways:
            with self.subTest(kind=kind, expiry=expiry):
                self.setUp()
                handle = self.world.subscribe(kind, 'NFTY', expiry)
                self.world.connect(rooms=())
                (request,) = self.world.requests()
                (room,) = [room.name for room in handle.rooms]
                self.core.receive('subscribed', {'room': room, 'message': '', 'known': False})
                if kind == 'chain':
                    self.core.receive('chain_status', {'product': 'NFTY', 'expiry': expiry, **NEVER})
                    self.core.receive('chain_status', {'product': 'NFTY', 'expiry': None, **NEVER})
                self.core.answered(request, {'ok': True, 'rooms': [room]})
                self.assertTrue(handle.stale)
                if kind == 'chain' and expiry is not None:
                    live = {'status': 'live', 'last_update': stamp(1), 'age_ms': 0}
                    self.core.receive('chain_status', {'product': 'NFTY', 'expiry': expiry, **live})
                self.core.receive(event, update)
                self.assertFalse(handle.stale)
