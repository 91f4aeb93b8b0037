"""Views of rooms: what is granted, which rooms and requests that means, and which updates come."""
from __future__ import annotations

import unittest
from typing import Any, Dict, List, Optional

from deltastream_socket_client import ChainView, InvalidView, PayloadError, View
from deltastream_socket_client.addresses import parse_addresses
from deltastream_socket_client.payload_reader import read
from deltastream_socket_client.snapshots import SnapshotCollector
from deltastream_socket_client.views import grant

from .fakes import World, chain_view, price, stamp

QUOTE = View('quote', strikes=10, max_rate=2)
QUOTED = {'mode': 'quote', 'strikes': 10, 'max_rate': 2}


class Grants(unittest.TestCase):
    def granted(self, type: str, asked: View) -> Optional[str]:
        view = grant(type, asked)
        return None if view is None else view.name

    def test_are_the_next_cheaper_step(self) -> None:
        for asked, name in (
            (View(), 'full'),
            (View('ltp'), 'ltp'),
            (QUOTE, 'quote.10.2hz'),
            (View('greeks', 19, 3.9), 'greeks.10.2hz'),
            (View(strikes=1, max_rate=0.01), 'full.5.0.2hz'),
            (View(strikes=1000, max_rate=1000), 'full.40.10hz'),
        ):
            self.assertEqual(self.granted('chain', asked), name)

    def test_of_prices_are_a_rate_or_nothing(self) -> None:
        self.assertEqual(self.granted('product', View(max_rate=0.5)), '0.2hz')
        self.assertEqual(self.granted('general', View(max_rate=1.5)), '1hz')
        self.assertIsNone(self.granted('product', View()))

    def test_values_that_are_not_possible_are_refused_at_the_call(self) -> None:
        faults: List[Any] = [
            {'mode': 'all'}, {'strikes': 0}, {'strikes': 2.5}, {'strikes': True}, {'strikes': '5'},
            {'max_rate': 0}, {'max_rate': -1}, {'max_rate': float('nan')}, {'max_rate': float('inf')}, {'max_rate': '1'},
        ]
        for fault in faults:
            with self.assertRaises(InvalidView) as caught:
                View(**fault)
            self.assertEqual(caught.exception.code, 'INVALID_VIEW')
            self.assertIn(f'view.{next(iter(fault))} must be', str(caught.exception))
        world = World()
        for type, view in (('product', View('ltp')), ('general', View(strikes=5))):
            with self.assertRaisesRegex(ValueError, "is only for the type 'chain'"):
                world.subscribe(type, None if type == 'general' else 'NIFTY', view=view)
        with self.assertRaises(TypeError):
            world.subscribe('chain', 'NIFTY', view={'mode': 'ltp'})  # type: ignore[arg-type]


class Payloads(unittest.TestCase):
    def test_rows_have_the_call_and_the_put_of_each_strike(self) -> None:
        view = read(ChainView, chain_view('NIFTY', 1))
        first, second = view.rows()
        assert first.call is not None and first.put is not None and second.call is not None
        self.assertEqual((first.strike, first.call.last, first.put.last, first.put.bid), (21000, 700.5, 188.79, None))
        self.assertEqual((second.strike, second.call.last, second.put), (21050, 650, None))
        self.assertEqual((first.put.option_type, first.put.strike, first.put.expiry), ('PUT', 21000, '2026-11-26'))

    def test_columns_are_read_only_and_have_the_numbers_of_the_message(self) -> None:
        view = read(ChainView, chain_view('NIFTY', 1, mode='quote', strikes=10))
        self.assertEqual((view.view, dict(view.calls)), (View('quote', 10), {'last': (700.5, 650)}))
        with self.assertRaises(TypeError):
            view.calls['last'] = ()  # type: ignore[index]
        self.assertEqual(hash(view), hash(read(ChainView, chain_view('NIFTY', 1, mode='quote', strikes=10))))

    def test_a_column_of_a_newer_gateway_is_in_the_columns_only(self) -> None:
        (first, _) = read(ChainView, {**chain_view('NIFTY', 1), 'calls': {'last': [1, 2], 'rho': [3, 4]}}).rows()
        assert first.call is not None
        self.assertEqual(first.call.last, 1)

    def test_what_breaks_the_contract_is_refused(self) -> None:
        faults: List[Dict[str, Any]] = [{'calls': []}, {'puts': {'last': 5}}, {'view': 'ltp'}, {'strikes': None}]
        for fault in faults:
            self.assertRaises(PayloadError, read, ChainView, {**chain_view('NIFTY', 1), **fault})


class Rooms(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World(general=False)
        self.world.connect(())

    def receive(self, product: str, n: int, **view: Any) -> None:
        self.world.core.receive('chain_view', chain_view(product, n, **view))

    def times(self, handle: Any) -> List[str]:
        return [update.timestamp for update in handle.updates]

    def test_are_asked_for_and_left_with_their_view_in_a_request_of_their_own(self) -> None:
        handle = self.world.subscribe('chain', ['A', 'B'], view=QUOTE)
        self.world.subscribe('chain', 'C')
        self.world.subscribe('product', 'A', view=View(max_rate=1))
        self.world.subscribe('general', view=View(max_rate=1))
        self.assertEqual(
            self.world.sent(),
            [
                ('subscribe', {'type': 'chain', 'symbols': ['A', 'B'], 'view': QUOTED}),
                ('subscribe', {'type': 'chain', 'symbol': 'C'}),
                ('subscribe', {'type': 'product', 'symbol': 'A', 'view': {'max_rate': 1}}),
                ('subscribe', {'type': 'general', 'view': {'max_rate': 1}}),
            ],
        )
        self.assertTrue(handle.ready)
        self.assertEqual(
            list(self.world.core.rooms),
            ['general', 'chain:A@quote.10.2hz', 'chain:B@quote.10.2hz', 'chain:C', 'product:A@1hz', 'general@1hz'],
        )
        self.world.core.unsubscribe(handle)
        self.assertEqual(self.world.sent(), [('unsubscribe', {'type': 'chain', 'symbols': ['A', 'B'], 'view': QUOTED})])

    def test_of_one_content_have_the_same_messages_at_any_rate(self) -> None:
        quick, slow, other, of_expiry = (
            self.world.subscribe('chain', 'A', expiry, view)
            for view, expiry in (
                (View('quote', 10), None), (View('quote', 10, 0.2), None), (View('ltp', 10), None), (QUOTE, '2026-11-26'),
            )
        )
        plain = self.world.subscribe('chain', 'A')
        self.world.sent()
        self.receive('A', 1, mode='quote', strikes=10)
        self.assertEqual([len(handle.updates) for handle in (quick, slow, of_expiry, other, plain)], [1, 1, 1, 0, 0])
        self.receive('A', 2, mode='quote', strikes=20)
        self.assertEqual(self.times(quick), [stamp(1)])

    def test_each_content_has_an_order_of_its_own_in_which_nothing_is_older(self) -> None:
        quote, last = (self.world.subscribe('chain', 'A', view=view) for view in (View('quote'), View('ltp')))
        self.world.sent()
        self.receive('A', 5, mode='quote')
        self.receive('A', 3, mode='ltp')
        self.receive('A', 4, mode='quote')
        self.assertEqual((self.times(quote), self.times(last)), ([stamp(5)], [stamp(3)]))
        self.assertEqual([view.timestamp for view in self.world.payloads('chain_view')], [stamp(5), stamp(3)])
        self.assertEqual(list(quote.latest_by_expiry), ['2026-11-26'])

    def test_of_prices_get_the_ordinary_updates(self) -> None:
        product = self.world.subscribe('product', 'A', view=View(max_rate=1))
        general = self.world.subscribe('general', view=View(max_rate=4))
        self.world.sent()
        self.world.core.receive('underlying_update', price('A', 1))
        self.world.core.receive('underlying_update', price('B', 1))
        self.assertEqual(([update.product for update in product.updates], len(general.updates)), (['A'], 2))
        self.assertEqual((product.stale, general.stale, self.world.core.is_stale('B')), (False, False, False))

    def test_that_have_expired_are_forgotten(self) -> None:
        handle = self.world.subscribe('chain', 'A', view=View('ltp'))
        self.world.sent()
        for expiry in ('2026-11-20', '2026-11-26'):
            self.world.core.receive('chain_view', chain_view('A', 1, expiry, mode='ltp'))
        self.assertEqual([view.expiry for view in handle.updates], ['2026-11-26'])

    def test_are_stale_with_the_chain_and_the_price_that_they_are_views_of(self) -> None:
        handle = self.world.subscribe('chain', 'A', '2026-11-26', View('ltp', max_rate=2))
        self.assertTrue(handle.stale)
        self.world.sent()
        self.assertFalse(handle.stale)
        status: Dict[str, Any] = {'product': 'A', 'last_update': stamp(1), 'age_ms': 15_000}
        for event, named in (('chain_status', {**status, 'expiry': '2026-11-26'}), ('feed_status', status)):
            self.world.core.receive(event, {**named, 'status': 'stale'})
            self.assertTrue(handle.stale)
            self.world.core.receive(event, {**named, 'status': 'live'})
            self.assertFalse(handle.stale)

    def test_that_are_joined_again_are_stale_only_if_the_gateway_says_so_again(self) -> None:
        handle = self.world.subscribe('chain', 'A', view=View('ltp'))
        self.world.sent()
        stopped = {'product': 'A', 'expiry': '2026-11-26', 'status': 'stale', 'last_update': stamp(1), 'age_ms': 15_000}
        self.world.core.receive('chain_status', stopped)
        self.assertTrue(handle.stale)
        self.world.core.unsubscribe(handle)
        self.world.sent()
        again = self.world.subscribe('chain', 'A', view=View('ltp'))
        self.world.sent()
        self.assertFalse(again.stale)

    def test_that_are_unknown_are_stale_until_their_first_update(self) -> None:
        handle = self.world.subscribe('chain', 'A', view=View('ltp', max_rate=2))
        (request,) = self.world.requests()
        room = request.rooms[0].name
        self.world.core.receive('subscribed', {'room': room, 'message': '', 'known': False, 'view': {'mode': 'ltp', 'max_rate': 2}})
        self.world.core.answered(request, {'ok': True, 'rooms': [room], 'view': {'mode': 'ltp', 'max_rate': 2}})
        self.assertTrue(handle.stale)
        self.receive('A', 1, mode='ltp')
        self.assertFalse(handle.stale)

    def test_come_back_after_a_reconnection_with_their_newest_state_only(self) -> None:
        self.world.core.resume = True
        view = self.world.subscribe('product', 'A', view=View(max_rate=1))
        plain = self.world.subscribe('product', 'B')
        self.world.sent()
        for product in ('A', 'B'):
            self.world.core.receive('underlying_update', price(product, 1))
        self.world.core.lost()
        self.world.connect(())
        # The view comes after what is resumed: in it, newer prices could come before missed ones.
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'product', 'symbol': 'B', 'since': {'B': stamp(1)}})])
        self.assertFalse(view.ready)
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'product', 'symbol': 'A', 'view': {'max_rate': 1}})])
        self.assertEqual((view.ready, plain.ready, view.gap), (True, True, None))

    def test_that_are_left_leave_nothing_behind(self) -> None:
        for n in range(20):
            self.world.core.unsubscribe(self.world.subscribe('chain', f'P{n}', view=QUOTE))
        self.assertEqual((self.world.sent(), list(self.world.core.rooms)), ([], ['general']))
        self.assertEqual(self.world.core.rooms.fed_by(f'chain:P{n}@quote.10' for n in range(20)), [])

    def test_for_which_the_gateway_has_no_place_are_asked_for_later(self) -> None:
        handle = self.world.subscribe('chain', ['A', 'B'], view=View('ltp'))
        (request,) = self.world.requests()
        self.world.refuse(request, 'TOO_MANY_VIEWS', rooms=['chain:B@ltp'], retry_after_ms=5000)
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'chain', 'symbol': 'A', 'view': {'mode': 'ltp'}})])
        self.assertEqual((handle.ready, handle.error), (False, None))
        self.world.now += 6
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'chain', 'symbol': 'B', 'view': {'mode': 'ltp'}})])
        self.assertTrue(handle.ready)


class OlderGateway(unittest.TestCase):
    """One that ignores views, and sends the room itself."""

    def ignore(self, world: World) -> None:
        (request,) = world.requests()
        rooms = [room.address.base for room in request.rooms]
        for room in rooms:
            world.core.receive('subscribed', {'room': room, 'message': ''})
        world.core.answered(request, {'ok': True, 'rooms': rooms})

    def test_ends_the_subscription_with_an_error_and_the_room_is_left(self) -> None:
        world = World(general=False)
        world.connect(())
        handle = world.subscribe('chain', ['A', 'B'], view=View('ltp'))
        self.ignore(world)
        self.assertIsInstance(handle.error, InvalidView)
        self.assertIn('older than views', str(handle.error))
        self.assertEqual(world.sent(), [('unsubscribe', {'type': 'chain', 'symbols': ['A', 'B']})])
        world.core.unsubscribe(handle)
        self.assertEqual((world.sent(), list(world.core.rooms)), ([], ['general']))

    def test_has_no_snapshot_of_a_view(self) -> None:
        addresses = parse_addresses('chain', 'A', view=View('ltp'))
        collector = SnapshotCollector(addresses)
        collector.acknowledged({'ok': True, 'rooms': ['chain:A@ltp'], 'snapshots': []})
        with self.assertRaises(InvalidView):
            collector.acknowledged({'ok': True, 'rooms': ['chain:A'], 'snapshots': []})
        SnapshotCollector(parse_addresses('chain', 'A')).acknowledged({'ok': True, 'rooms': ['chain:A'], 'snapshots': []})

    def test_keeps_the_room_if_another_subscription_has_it(self) -> None:
        world = World(general=False)
        world.connect(())
        plain = world.subscribe('chain', 'A')
        world.sent()
        handle = world.subscribe('chain', 'A', view=View('ltp'))
        self.ignore(world)
        self.assertIsInstance(handle.error, InvalidView)
        self.assertEqual((world.sent(), plain.ready, plain.error), ([], True, None))

    def test_is_left_if_the_view_was_to_replace_the_room(self) -> None:
        world = World(general=False)
        world.connect(('general',))
        world.subscribe('general', view=View(max_rate=1))
        self.ignore(world)
        self.assertEqual(world.sent(), [('unsubscribe', {'type': 'general'})])
