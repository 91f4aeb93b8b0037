from __future__ import annotations

import unittest
from typing import Any, Callable, List

from .fakes import World, price, stamp


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

    def test_nothing_is_fresh_without_a_connection(self) -> None:
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

    def test_a_product_nobody_has_heard_of_is_not_fresh(self) -> None:
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

    def test_what_is_stale_when_it_is_subscribed_to_is_never_said_to_be_fresh(self) -> None:
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

    def test_a_room_that_is_refused_says_nothing_of_the_others(self) -> None:
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

    def test_one_room_more_changes_nothing_of_a_product_that_is_live(self) -> None:
        handle = self.in_product()
        chain = self.world.subscribe('chain', 'NIFTY')
        self.assertFalse(handle.stale)
        self.assertTrue(chain.stale, 'not confirmed yet')
        self.world.sent()
        self.assertFalse(chain.stale)
        self.assertEqual(self.told(), [True, False])

    def test_one_room_more_changes_nothing_of_a_product_that_is_stale(self) -> None:
        handle = self.in_product()
        self.status('stale')
        self.world.subscribe('chain', 'NIFTY')
        (request,) = self.world.requests()
        self.core.receive('subscribed', {'room': 'chain:NIFTY', 'message': ''})
        self.assertTrue(handle.stale, 'until it is told anew')
        self.status('stale')
        self.core.answered(request, {'ok': True, 'rooms': ['chain:NIFTY']})
        self.assertTrue(handle.stale)
        self.assertEqual(self.told(), [True, False, True])

    def test_who_joins_a_product_that_has_come_back_is_told_so(self) -> None:
        handle = self.in_product()
        self.status('stale')
        self.world.subscribe('chain', 'NIFTY')
        self.world.sent()
        self.assertFalse(handle.stale)
        self.assertEqual(self.told(), [True, False, True, False])
