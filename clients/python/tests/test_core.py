from __future__ import annotations

import unittest

from deltastream_socket_client import Forbidden, InvalidSubscription, PayloadError, SubscriptionError

from .fakes import World, chain, price
from .recorded import mistakes


class Subscriptions(unittest.TestCase):
    def test_go_out_in_batches_of_one_type_and_expiry_within_the_limits(self) -> None:
        world = World()
        world.subscribe('product', ['A', 'B', 'C', 'D'])
        world.subscribe('chain', ['A', 'B'])
        world.subscribe('chain', 'A', '2026-11-26')
        world.connect()
        self.assertEqual(
            world.sent(),
            [
                ('subscribe', {'type': 'product', 'symbols': ['A', 'B', 'C']}),
                ('subscribe', {'type': 'product', 'symbol': 'D'}),
                ('subscribe', {'type': 'chain', 'symbols': ['A', 'B']}),
                ('subscribe', {'type': 'chain', 'symbol': 'A', 'expiry': '2026-11-26'}),
            ],
        )

    def test_stay_below_the_payload_limit(self) -> None:
        world = World()
        world.subscribe('product', [f'{n:030}' for n in range(100)])
        world.connect(max_symbols_per_request=100, max_payload_bytes=500)
        sizes = [len(payload['symbols']) for _, payload in world.sent()]
        self.assertEqual(sum(sizes), 100)
        self.assertLessEqual(max(sizes) * 34, 500)

    def test_keep_to_the_rate_of_messages(self) -> None:
        world = World()
        world.subscribe('product', [f'P{n}' for n in range(30)])
        world.connect(max_symbols_per_request=1, event_burst=10, events_per_second=5)
        self.assertEqual(len(world.sent()), 8)
        requests, later = world.core.take_requests()
        self.assertEqual(requests, [])
        assert later is not None
        self.assertAlmostEqual(later, 0.25)
        world.now += 1
        self.assertEqual(len(world.sent()), 4)

    def test_come_back_on_each_connection(self) -> None:
        world = World()
        handle = world.subscribe('product', 'NIFTY')
        world.connect()
        world.sent()
        self.assertTrue(handle.ready)
        world.core.lost()
        self.assertFalse(handle.ready)
        self.assertEqual(world.requests(), [])
        world.connect()
        self.assertEqual(world.sent(), [('subscribe', {'type': 'product', 'symbol': 'NIFTY'})])
        self.assertTrue(handle.ready)

    def test_are_counted_and_the_room_is_left_with_the_last(self) -> None:
        world = World()
        first, second = world.subscribe('product', 'NIFTY'), world.subscribe('product', 'NIFTY')
        world.connect()
        self.assertEqual(len(world.sent()), 1)
        world.core.unsubscribe(first)
        self.assertEqual(world.sent(), [])
        world.core.unsubscribe(second)
        world.core.unsubscribe(second)
        self.assertEqual(world.sent(), [('unsubscribe', {'type': 'product', 'symbol': 'NIFTY'})])
        self.assertEqual(list(world.core.rooms), ['general'])

    def test_left_while_joining_are_left_after_the_answer(self) -> None:
        world = World()
        handle = world.subscribe('product', 'NIFTY')
        world.connect()
        (request,) = world.requests()
        world.core.unsubscribe(handle)
        self.assertEqual(world.requests(), [])
        again = world.subscribe('product', 'NIFTY')
        world.core.unsubscribe(again)
        world.confirm(request)
        self.assertEqual(world.sent(), [('unsubscribe', {'type': 'product', 'symbol': 'NIFTY'})])

    def test_taken_again_while_leaving_are_joined_after_the_answer(self) -> None:
        world = World()
        handle = world.subscribe('product', 'NIFTY')
        world.connect()
        world.sent()
        world.core.unsubscribe(handle)
        (leaving,) = world.requests()
        again = world.subscribe('product', 'NIFTY')
        world.confirm(leaving)
        self.assertEqual(world.sent(), [('subscribe', {'type': 'product', 'symbol': 'NIFTY'})])
        self.assertTrue(again.ready)

    def test_without_an_answer_are_asked_for_again(self) -> None:
        world = World()
        handle = world.subscribe('product', 'NIFTY')
        world.connect()
        self.assertEqual(len(world.requests()), 1)
        world.now += 10
        self.assertEqual(world.requests(), [])
        world.now += 1
        self.assertEqual(len(world.sent()), 1)
        self.assertTrue(handle.ready)

    def test_an_answer_for_a_lost_connection_is_ignored(self) -> None:
        world = World()
        handle = world.subscribe('product', 'NIFTY')
        world.connect()
        (request,) = world.requests()
        world.core.lost()
        world.connect()
        world.confirm(request)
        self.assertFalse(handle.ready)

    def test_general_is_left_on_each_connection_if_it_is_not_wanted(self) -> None:
        world = World(general=False)
        for _ in range(2):
            world.connect()
            self.assertEqual(world.sent(), [('unsubscribe', {'type': 'general'})])
            world.core.lost()

    def test_general_is_not_asked_for_if_the_gateway_does_not_allow_it(self) -> None:
        world = World()
        world.connect(rooms=())
        self.assertEqual(world.sent(), [])
        handle = world.subscribe('general')
        self.assertEqual(world.sent(), [('subscribe', {'type': 'general'})])
        self.assertTrue(handle.ready)

    def test_that_name_no_room_are_rejected_before_they_are_sent(self) -> None:
        world = World()
        for type, symbol, expiry in (('x', 'A', None), ('product', None, None), ('product', 'A', '2026-11-26'), ('general', 'A', None)):
            self.assertRaises(ValueError, world.subscribe, type, symbol, expiry)
        self.assertRaises(TypeError, world.subscribe, 'product', [7])


class Refusals(unittest.TestCase):
    def test_of_a_batch_are_narrowed_down_to_the_room_at_fault(self) -> None:
        world = World()
        handles = {name: world.subscribe('product', name) for name in ('A', 'B', 'SECRET', 'D', 'E')}
        world.connect(max_symbols_per_request=100)
        for _ in range(5):
            for request in world.requests():
                if any(room.address.symbol == 'SECRET' for room in request.rooms):
                    world.refuse(request, 'FORBIDDEN')
                else:
                    world.confirm(request)
        self.assertEqual([name for name, handle in handles.items() if handle.ready], ['A', 'B', 'D', 'E'])
        self.assertIsInstance(handles['SECRET'].error, Forbidden)
        self.assertEqual(world.requests(), [])

    def test_that_pass_are_asked_again_when_the_gateway_says(self) -> None:
        world = World()
        handle = world.subscribe('product', 'NIFTY')
        world.connect()
        (request,) = world.requests()
        world.refuse(request, 'RATE_LIMITED', retry_after_ms=700)
        world.subscribe('chain', 'NIFTY')
        requests, later = world.core.take_requests()
        self.assertEqual(requests, [])
        assert later is not None
        self.assertAlmostEqual(later, 0.7)
        self.assertIsNone(handle.error)
        world.now += 0.71
        self.assertEqual(len(world.sent()), 2)
        self.assertTrue(handle.ready)

    def test_of_unknown_products_cost_the_others_nothing_and_are_asked_again_until_they_are_granted(self) -> None:
        world = World()
        handles = [world.subscribe('product', name) for name in ('A', 'NEW1', 'NEW2')]
        world.connect()
        (request,) = world.requests()
        for attempt in range(3):
            world.refuse(request, 'TOO_MANY_SUBSCRIPTIONS', retry_after_ms=40_000, rooms=['product:NEW1', 'product:NEW2'])
            if attempt == 0:
                self.assertEqual(world.sent(), [('subscribe', {'type': 'product', 'symbol': 'A'})])
            requests, later = world.core.take_requests()
            self.assertEqual(requests, [])
            assert later is not None
            self.assertTrue(40 <= later <= 44, later)
            self.assertEqual([(handle.ready, handle.stale, handle.error) for handle in handles[1:]], [(False, True, None)] * 2)
            world.now += later
            (request,) = world.requests()
            self.assertEqual(request.payload, {'type': 'product', 'symbols': ['NEW1', 'NEW2']})
        world.confirm(request)
        self.assertEqual([handle.ready for handle in handles], [True] * 3)
        self.assertEqual(world.core.take_requests(), ([], None))

    def test_of_unknown_products_are_asked_again_at_once_on_the_next_connection_and_not_if_they_are_not_wanted(self) -> None:
        world = World()
        handle = world.subscribe('chain', 'NEW')
        world.connect()
        (request,) = world.requests()
        world.refuse(request, 'TOO_MANY_SUBSCRIPTIONS', retry_after_ms=40_000, rooms=['chain:NEW'])
        world.core.lost()
        world.connect()
        (request,) = world.requests()
        world.refuse(request, 'TOO_MANY_SUBSCRIPTIONS', retry_after_ms=40_000, rooms=['chain:NEW'])
        world.core.unsubscribe(handle)
        self.assertEqual(world.core.take_requests(), ([], None))

    def test_for_good_have_no_time(self) -> None:
        world = World()
        handle = world.subscribe('product', 'A')
        world.connect()
        (request,) = world.requests()
        world.refuse(request, 'TOO_MANY_SUBSCRIPTIONS')
        self.assertIsInstance(handle.error, SubscriptionError)
        self.assertEqual(world.core.take_requests(), ([], None))

    def test_near_matches_of_an_unknown_symbol_are_suggested_until_its_first_update(self) -> None:
        world = World()
        handle = world.subscribe('product', ['nifty', 'ZZZ'])
        world.connect()
        (request,) = world.requests()
        for room in request.rooms:
            world.core.receive('subscribed', {'room': room.name, 'message': '', 'known': False})
        rooms = [room.name for room in request.rooms]
        world.core.answered(request, {'ok': True, 'rooms': rooms, 'suggestions': {'nifty': 'NIFTY'}})
        self.assertEqual(handle.suggestions, {'nifty': 'NIFTY'})
        world.core.receive('underlying_update', price('nifty', 1))
        self.assertEqual(handle.suggestions, {})

    @mistakes()
    def test_are_typed_and_tried_again_on_the_next_connection_and_with_a_new_token(self) -> None:
        world = World()
        handle = world.subscribe('product', 'N*')
        world.connect()
        (request,) = world.requests()
        world.refuse(request, 'INVALID_SYMBOL', details=[{'field': 'symbol', 'problem': 'must be'}])
        self.assertIsInstance(handle.error, InvalidSubscription)
        self.assertEqual((handle.error.code, handle.error.details[0]['field']), ('INVALID_SYMBOL', 'symbol'))
        self.assertEqual(world.requests(), [])
        world.core.receive('token_refreshed', {'expires_at': 5})
        self.assertEqual(len(world.requests()), 1)
        world.core.lost()
        world.connect()
        self.assertEqual(len(world.requests()), 1)

    def test_of_a_room_that_a_new_token_does_not_allow_end_its_iterations(self) -> None:
        world = World()
        handle = world.subscribe('product', 'NIFTY')
        queue = handle.open_queue(lambda: None)
        world.connect()
        world.sent()
        world.core.receive('unsubscribed', {'room': 'product:NIFTY', 'message': 'the new token does not allow it'})
        self.assertIsInstance(queue.error, SubscriptionError)
        self.assertTrue(handle.stale)
        self.assertEqual(world.requests(), [])


class Updates(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()
        self.world.connect()
        self.core = self.world.core

    def test_older_ones_are_dropped_for_listeners_and_subscriptions_alike(self) -> None:
        handle = self.world.subscribe('product', 'NIFTY')
        for n in (5, 7, 6, 7, 8, 1):
            self.core.receive('underlying_update', price('NIFTY', n))
        self.assertEqual([update.price for update in self.world.payloads('underlying_update')], [5, 7, 8])
        self.assertEqual((handle.latest.price, self.core.dropped_older), (8, 2))

    def test_order_outlives_the_connection(self) -> None:
        self.core.receive('underlying_update', price('NIFTY', 9))
        self.core.lost()
        self.world.connect()
        self.core.receive('underlying_update', price('NIFTY', 8))
        self.assertEqual(len(self.world.payloads('underlying_update')), 1)

    def test_a_snapshot_that_repeats_general_reaches_only_the_new_subscription(self) -> None:
        self.core.receive('underlying_update', price('NIFTY', 9))
        handle = self.world.subscribe('product', 'NIFTY')
        self.assertIsNone(handle.latest)
        self.core.receive('underlying_update', price('NIFTY', 9))
        self.assertEqual(handle.latest.price, 9)
        self.assertEqual(len(self.world.payloads('underlying_update')), 1)

    def test_a_second_subscription_begins_with_what_the_first_knows(self) -> None:
        first = self.world.subscribe('product', 'NIFTY')
        self.core.receive('underlying_update', price('NIFTY', 9))
        second = self.world.subscribe('product', 'NIFTY')
        self.assertEqual(second.latest, first.latest)
        self.assertEqual(second.open_queue(lambda: None).take().price, 9)

    def test_a_chain_reaches_subscriptions_of_its_product_and_of_its_expiry_once_each(self) -> None:
        all_of_it = self.world.subscribe('chain', 'NIFTY')
        one = self.world.subscribe('chain', 'NIFTY', '2026-11-26')
        both = all_of_it.open_queue(lambda: None)
        for n, expiry in ((1, '2026-11-26'), (2, '2026-12-03')):
            self.core.receive('chain_update', chain('NIFTY', n, expiry))
        self.assertEqual(list(all_of_it.latest_by_expiry), ['2026-11-26', '2026-12-03'])
        self.assertEqual(one.latest.expiry, '2026-11-26')
        self.assertEqual([both.take().spot_price for _ in range(len(both))], [1, 2])

    def test_chains_of_several_products_do_not_overwrite_each_other(self) -> None:
        handle = self.world.subscribe('chain', ['NIFTY', 'BANKNIFTY'])
        for n, (product, expiry) in enumerate((('NIFTY', '2026-12-03'), ('NIFTY', '2026-11-26'), ('BANKNIFTY', '2026-11-26'))):
            self.core.receive('chain_update', chain(product, n, expiry))
        self.assertEqual(
            {key: chain.spot_price for key, chain in handle.latest_by_expiry.items()},
            {'BANKNIFTY:2026-11-26': 2, 'NIFTY:2026-11-26': 1, 'NIFTY:2026-12-03': 0},
        )
        self.assertEqual(list(handle.latest_by_expiry), ['BANKNIFTY:2026-11-26', 'NIFTY:2026-11-26', 'NIFTY:2026-12-03'])

    def test_latest_of_is_the_newest_of_one_product_and_expiry(self) -> None:
        handle = self.world.subscribe('chain', ['NIFTY', 'BANKNIFTY'])
        for n, (product, expiry) in enumerate((('NIFTY', '2026-12-03'), ('NIFTY', '2026-11-26'), ('BANKNIFTY', '2026-11-26'))):
            self.core.receive('chain_update', chain(product, n, expiry))
        self.assertEqual(handle.latest.product, 'BANKNIFTY')
        self.assertEqual(handle.latest_of('NIFTY', None).expiry, '2026-11-26')
        self.assertEqual(handle.latest_of('NIFTY', '2026-12-03').spot_price, 0)
        self.assertIsNone(handle.latest_of('NIFTY', '2026-12-10'))

    def test_an_expiry_that_is_over_is_forgotten(self) -> None:
        handle = self.world.subscribe('chain', 'NIFTY')
        self.core.receive('chain_update', chain('NIFTY', 1, '2026-11-22'))
        self.core.receive('chain_update', {**chain('NIFTY', 2), 'timestamp': '2026-11-23T00:00:00'})
        self.assertEqual(list(handle.latest_by_expiry), ['2026-11-26'])

    def test_a_slow_iteration_gets_the_newest_of_each_and_is_bounded(self) -> None:
        handle = self.world.subscribe('product', ['A', 'B'])
        queue = handle.open_queue(lambda: None)
        for n in range(10_000):
            self.core.receive('underlying_update', price('AB'[n % 2], n))
        self.assertEqual([queue.take().price for _ in range(len(queue))], [9998, 9999])

    def test_an_abandoned_iteration_is_let_go(self) -> None:
        handle = self.world.subscribe('product', 'A')
        handle.open_queue(lambda: None)
        self.core.receive('underlying_update', price('A', 1))
        self.assertEqual(len(handle._queues), 0)

    def test_malformed_and_unknown_events_are_ignored(self) -> None:
        with mistakes():
            with self.assertLogs('deltastream_socket_client', 'WARNING'):
                self.core.receive('underlying_update', {'product': 'NIFTY'})
            self.core.receive('chain_update_v2', {})
        self.assertEqual(self.world.payloads('underlying_update'), [])


class State(unittest.TestCase):
    def test_goes_through_draining_to_reconnecting_and_ends_closed(self) -> None:
        world = World()
        handle = world.subscribe('product', 'NIFTY')
        queue = handle.open_queue(lambda: None)
        world.connect()
        world.core.receive('server_draining', {'reconnect_in_ms': 5})
        self.assertTrue(world.core.connected)
        world.core.lost()
        world.connect()
        world.core.close(PayloadError('why'))
        self.assertEqual(
            world.payloads('state'), ['connecting', 'connected', 'draining', 'reconnecting', 'connected', 'reconnecting', 'closed']
        )
        self.assertIsInstance(queue.error, PayloadError)
        self.assertTrue(handle.closed)
        self.assertEqual(list(world.core.rooms), ['general'])


class Users(unittest.TestCase):
    def test_a_refreshed_token_changes_when_the_user_expires(self) -> None:
        world = World()
        world.connect(user={'user_id': '42', 'role': 'trader', 'expires_at': 100})
        world.core.receive('token_refreshed', {'expires_at': 200})
        user = world.core.user
        assert user is not None
        self.assertEqual((user.user_id, user.role, user.expires_at), ('42', 'trader', 200))

    def test_without_a_user_a_refreshed_token_adds_none(self) -> None:
        world = World()
        world.connect()
        world.core.receive('token_refreshed', {'expires_at': None})
        self.assertIsNone(world.core.user)


class Snapshots(unittest.TestCase):
    def test_are_complete_when_all_that_was_announced_has_come(self) -> None:
        from deltastream_socket_client.addresses import parse_addresses

        world = World()
        world.connect()
        collector = world.core.collect(parse_addresses('chain', 'NIFTY'))
        world.core.receive('chain_update', chain('NIFTY', 1))
        world.core.receive('chain_update', chain('BANKNIFTY', 1))
        world.core.receive('snapshot', {'room': 'chain:NIFTY', 'updates': 2})
        self.assertFalse(collector.complete)
        world.core.receive('chain_update', chain('NIFTY', 1, '2026-12-03'))
        self.assertTrue(collector.complete)
        self.assertEqual(([u.expiry for u in collector.result().updates], dict(collector.result().rooms)),
                         (['2026-11-26', '2026-12-03'], {'chain:NIFTY': 2}))
