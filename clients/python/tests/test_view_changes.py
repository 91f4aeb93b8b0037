"""Changing the view of a subscription."""
from __future__ import annotations

import unittest
from typing import Any, List

from deltastream_socket_client import View
from deltastream_socket_client.addresses import parse_addresses
from deltastream_socket_client.conflating_queue import ConflatingQueue

from .fakes import World, chain_view, price, stamp


class Changes(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World(general=False)
        self.world.connect(())

    def change(self, handle: Any, symbol: str, view: Any, type: str = 'chain') -> None:
        self.world.core.change_view(handle, parse_addresses(type, symbol, view=view))

    def joined(self, symbol: str, view: View, type: str = 'chain') -> Any:
        handle = self.world.subscribe(type, symbol, view=view)
        self.world.sent()
        return handle

    def receive(self, n: int, **view: Any) -> None:
        self.world.core.receive('chain_view', chain_view('A', n, **view))

    def taken(self, queue: 'ConflatingQueue[Any]') -> List[Any]:
        return [queue.take() for _ in range(len(queue))]

    def test_are_one_request_if_nothing_else_needs_the_old_rooms(self) -> None:
        handle = self.joined('A', View('quote'))
        self.change(handle, 'A', View('ltp'))
        self.assertFalse(handle.ready)
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'chain', 'symbol': 'A', 'view': {'mode': 'ltp'}, 'replace': True})])
        self.assertTrue(handle.ready)
        self.assertEqual((self.world.sent(), list(self.world.core.rooms)), ([], ['general', 'chain:A@ltp']))

    def test_keep_the_old_room_if_another_subscription_has_it(self) -> None:
        handle, other = self.joined('A', View('quote')), self.joined('A', View('quote'))
        self.change(handle, 'A', View('ltp'))
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'chain', 'symbol': 'A', 'view': {'mode': 'ltp'}})])
        self.assertTrue(handle.ready and other.ready)

    def test_leave_the_room_only_if_another_subscription_has_the_new_one(self) -> None:
        handle, other = self.joined('A', View('quote')), self.joined('A', View('ltp'))
        self.receive(5, mode='ltp')
        queue = handle.open_queue(lambda: None)
        self.change(handle, 'A', View('ltp'))
        self.assertEqual(self.world.sent(), [('unsubscribe', {'type': 'chain', 'symbol': 'A', 'view': {'mode': 'quote'}})])
        self.assertEqual([view.timestamp for view in self.taken(queue)], [stamp(5)])
        self.assertEqual((handle.latest, handle.ready, other.ready), (other.latest, True, True))

    def test_back_and_forth_before_a_request_is_sent_are_no_request(self) -> None:
        handle = self.joined('A', View('quote'))
        self.change(handle, 'A', View('ltp'))
        self.change(handle, 'A', View('quote'))
        self.assertEqual((self.world.sent(), handle.ready), ([], True))

    def test_that_follow_each_other_end_in_the_last_view(self) -> None:
        handle = self.joined('A', View('quote'))
        self.change(handle, 'A', View('ltp'))
        (first,) = self.world.requests()
        self.change(handle, 'A', View('greeks'))
        (second,) = self.world.requests()
        self.assertEqual(second.payload, {'type': 'chain', 'symbol': 'A', 'view': {'mode': 'greeks'}})
        self.world.confirm(first)
        self.world.confirm(second)
        self.assertEqual(self.world.sent(), [('unsubscribe', {'type': 'chain', 'symbol': 'A', 'view': {'mode': 'ltp'}})])
        self.assertEqual((handle.ready, list(self.world.core.rooms)), (True, ['general', 'chain:A@greeks']))

    def test_never_bring_an_older_update_after_a_newer_one(self) -> None:
        handle = self.joined('A', View('quote'))
        queue = handle.open_queue(lambda: None)
        self.receive(5, mode='quote')
        self.change(handle, 'A', View('ltp'))
        self.world.sent()
        for n in (4, 5, 6):
            self.receive(n, mode='ltp')
            self.assertGreaterEqual(handle.latest.timestamp, stamp(5))
        self.assertEqual([view.timestamp for view in self.taken(queue)], [stamp(5), stamp(6)])
        self.assertEqual([view.view.mode for view in self.world.payloads('chain_view')], ['quote', 'ltp', 'ltp'])

    def test_to_a_room_that_is_behind_keep_what_is_newer(self) -> None:
        self.joined('A', View('ltp', max_rate=0.2))
        self.receive(1, mode='ltp')
        handle = self.joined('A', View('quote'))
        self.receive(5, mode='quote')
        self.change(handle, 'A', View('ltp', max_rate=0.2))
        self.assertEqual(handle.latest.timestamp, stamp(5))
        self.receive(6, mode='ltp')
        self.assertEqual(handle.latest.timestamp, stamp(6))

    def test_to_a_room_that_is_ahead_keep_its_order(self) -> None:
        other = self.joined('A', View('ltp'))
        self.receive(7, mode='ltp')
        handle = self.joined('A', View('quote'))
        self.receive(5, mode='quote')
        self.change(handle, 'A', View('ltp'))
        self.receive(6, mode='ltp')
        self.assertEqual((handle.latest.timestamp, other.latest.timestamp), (stamp(7), stamp(7)))

    def test_of_the_rate_of_prices_may_end_in_the_room_itself(self) -> None:
        handle = self.joined('A', View(max_rate=1), 'product')
        self.world.core.receive('underlying_update', price('A', 1))
        self.change(handle, 'A', None, 'product')
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'product', 'symbol': 'A', 'replace': True})])
        self.assertEqual((handle.ready, handle.rooms[0].name), (True, 'product:A'))

    def test_that_are_refused_leave_the_old_room(self) -> None:
        handle = self.joined('A', View('quote'))
        self.change(handle, 'A', View('ltp'))
        (request,) = self.world.requests()
        self.world.refuse(request, 'FORBIDDEN')
        self.assertEqual(handle.error.code, 'FORBIDDEN')
        self.assertEqual(self.world.sent(), [('unsubscribe', {'type': 'chain', 'symbol': 'A', 'view': {'mode': 'quote'}})])

    def test_without_an_answer_are_asked_for_again(self) -> None:
        handle = self.joined('A', View('quote'))
        self.change(handle, 'A', View('ltp'))
        self.assertEqual(len(self.world.requests()), 1)
        self.world.now += 11
        self.world.sent()
        self.world.now += 11
        self.world.sent()
        self.assertEqual((handle.ready, self.world.sent()), (True, []))

    def test_of_several_products_share_a_request(self) -> None:
        handle = self.world.subscribe('chain', ['A', 'B'], view=View('quote'))
        self.world.sent()
        self.world.core.change_view(handle, parse_addresses('chain', ['A', 'B'], view=View('ltp')))
        self.assertEqual([payload for _, payload in self.world.sent()], [
            {'type': 'chain', 'symbols': ['A', 'B'], 'view': {'mode': 'ltp'}, 'replace': True}
        ])

    def test_on_connecting_a_view_of_general_replaces_general(self) -> None:
        world = World(general=False)
        world.subscribe('general', view=View(max_rate=1))
        world.connect(('general',))
        self.assertEqual(world.sent(), [('subscribe', {'type': 'general', 'view': {'max_rate': 1}, 'replace': True})])
