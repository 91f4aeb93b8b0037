"""The portfolio of the token's user."""
from __future__ import annotations

import unittest
from typing import Any, Callable, ClassVar, Dict, List, Optional

from deltastream_socket_client import (
    AsyncClient,
    Client,
    FeedGap,
    Forbidden,
    InvalidView,
    PayloadError,
    PortfolioStatus,
    PortfolioUpdate,
    RequestError,
    RequestTimeout,
    SubscriptionError,
    View,
)
from deltastream_socket_client.addresses import Address, parse_addresses
from deltastream_socket_client.payload_reader import read
from deltastream_socket_client.snapshots import SnapshotCollector
from deltastream_socket_client.testing import FakeGateway

from .fakes import World, portfolio, price, quick_reconnects, stamp
from .processes import SECRET, Gateway, Proxy, Redis, free_port, token, wait_for
from .recorded import mistakes
from .test_async_client import until

USER = {'user_id': '42', 'role': 'user', 'expires_at': 1_795_326_219}
OTHER_USER = 'Unsubscribed from portfolio: the new token is of another user'
STATUS: Dict[str, Any] = {'last_update': stamp(1), 'age_ms': 60_000}


class Payloads(unittest.TestCase):
    def test_keep_every_field_that_the_platform_sends(self) -> None:
        update = read(PortfolioUpdate, portfolio(5, 42, total_pnl=1922.5, product='X', extra='odd', time='noon'))
        self.assertEqual((update.user_id, update.timestamp, update.time.microsecond), (42, stamp(5), 5))
        positions = [{'symbol': 'NIFTY', 'quantity': 5}]
        self.assertEqual(
            dict(update.extra), {'positions': positions, 'total_pnl': 1922.5, 'product': 'X', 'extra': 'odd', 'time': 'noon'}
        )

    def test_need_a_user_and_a_time(self) -> None:
        for lacking in ('user_id', 'timestamp'):
            payload = portfolio(5)
            del payload[lacking]
            self.assertRaises(PayloadError, read, PortfolioUpdate, payload)


class Addresses(unittest.TestCase):
    def test_the_portfolio_is_a_room_without_a_symbol(self) -> None:
        (address,) = parse_addresses('portfolio')
        self.assertEqual((address, address.room, address.feed), (Address('portfolio'), 'portfolio', 'portfolio'))

    def test_it_takes_no_symbol_no_expiry_and_no_view(self) -> None:
        for symbol, expiry in (('NIFTY', None), (None, '2026-11-26')):
            with self.assertRaisesRegex(ValueError, "'portfolio' takes neither a symbol nor an expiry"):
                parse_addresses('portfolio', symbol, expiry)
        with self.assertRaisesRegex(InvalidView, 'is not possible for a portfolio'):
            parse_addresses('portfolio', view=View(max_rate=1))


class Subscriptions(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World(general=False)
        self.core = self.world.core
        self.world.connect((), USER)
        self.handle = self.world.subscribe('portfolio')

    def receive(self, n: int, **more: Any) -> None:
        self.core.receive('portfolio_update', portfolio(n, **more))

    def status(self, status: str) -> None:
        self.core.receive('portfolio_status', {'status': status, **STATUS})

    def reconnect(self, user: Optional[Dict[str, Any]] = USER) -> None:
        self.core.lost()
        self.world.connect((), user)

    def latest(self) -> Any:
        return self.handle.latest and self.handle.latest.timestamp

    def test_are_made_again_after_a_reconnection_without_asking_for_what_was_missed(self) -> None:
        self.core.resume = True
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'portfolio'})])
        self.receive(1)
        self.reconnect()
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'portfolio'})])
        self.core.unsubscribe(self.handle)
        self.assertEqual(self.world.sent(), [('unsubscribe', {'type': 'portfolio'})])
        self.assertEqual(list(self.core.rooms), ['general'])

    def test_do_not_wait_for_products_that_resume(self) -> None:
        self.core.resume = True
        self.world.subscribe('product', 'A')
        self.world.sent()
        self.core.receive('underlying_update', price('A', 1))
        self.reconnect()
        self.assertIn(('subscribe', {'type': 'portfolio'}), [(request.event, request.payload) for request in self.world.requests()])

    def test_never_get_an_older_portfolio_after_a_newer_one(self) -> None:
        self.world.sent()
        queue = self.handle.open_queue(lambda: None)
        for n in (5, 4, 6, 5):
            self.receive(n)
        self.reconnect()
        self.world.sent()
        self.receive(3)
        self.assertEqual(self.latest(), stamp(6))
        self.assertEqual([update.timestamp for update in self.world.payloads('portfolio_update')], [stamp(5), stamp(6)])
        self.assertEqual([queue.take().timestamp for _ in range(len(queue))], [stamp(6)])

    def test_get_a_portfolio_of_the_same_time_if_it_differs(self) -> None:
        self.world.sent()
        for total in (1, 1, 2):
            self.receive(5, total_pnl=total)
        self.assertEqual([update.extra['total_pnl'] for update in self.world.payloads('portfolio_update')], [1, 2])
        self.assertEqual(self.handle.latest.extra['total_pnl'], 2)

    def test_are_stale_until_a_portfolio_comes(self) -> None:
        self.world.sent()
        self.assertTrue(self.handle.ready and self.handle.stale)
        self.receive(1)
        self.assertFalse(self.handle.stale)
        self.reconnect()
        self.assertTrue(self.handle.stale)
        self.world.sent()
        self.assertTrue(self.handle.ready and self.handle.stale, 'the one of before is not confirmed')
        self.status('live')
        self.assertTrue(self.handle.stale, 'the new one follows')
        self.receive(1)
        self.assertFalse(self.handle.stale)

    def test_are_not_stale_for_ever_if_a_replica_has_an_older_portfolio(self) -> None:
        self.world.sent()
        self.receive(5)
        self.reconnect()
        self.world.sent()
        self.receive(4)
        self.assertEqual((self.handle.stale, self.latest()), (False, stamp(5)))

    def test_follow_portfolio_status_and_not_updates(self) -> None:
        self.world.sent()
        self.receive(1)
        self.status('stale')
        self.receive(2)
        self.assertTrue(self.handle.stale)
        self.status('live')
        self.assertFalse(self.handle.stale)
        self.assertEqual([told.status for told in self.world.payloads('portfolio_status')], ['stale', 'live'])
        self.assertIsInstance(self.world.payloads('portfolio_status')[0], PortfolioStatus)

    def test_that_are_made_again_are_stale_only_if_the_gateway_says_so_again(self) -> None:
        self.world.sent()
        self.status('stale')
        self.reconnect()
        self.world.sent()
        self.receive(1)
        self.assertFalse(self.handle.stale)

    def test_end_with_the_permission_and_come_back_with_it(self) -> None:
        self.world.sent()
        queue = self.handle.open_queue(lambda: None)
        self.core.receive('unsubscribed', {'room': 'portfolio', 'message': 'the new token does not allow it'})
        self.assertIsInstance(queue.error, Forbidden)
        self.assertTrue(self.handle.stale)
        self.assertEqual(self.world.sent(), [])
        self.core.receive('token_refreshed', {'expires_at': 5})
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'portfolio'})])

    def test_that_are_refused_say_why(self) -> None:
        (request,) = self.world.requests()
        self.world.refuse(request, 'FORBIDDEN')
        self.assertIsInstance(self.handle.error, Forbidden)
        self.assertEqual(self.world.requests(), [])

    def test_keep_nothing_of_another_user(self) -> None:
        self.world.sent()
        queue = self.handle.open_queue(lambda: None)
        self.receive(5)
        self.reconnect({**USER, 'user_id': '43'})
        self.assertEqual((self.handle.latest, self.handle.updates, len(queue)), (None, (), 0))
        self.world.sent()
        self.receive(1, user_id='43')
        self.assertEqual((self.latest(), queue.take().user_id), (stamp(1), '43'))
        self.reconnect(None)
        self.assertEqual(self.handle.updates, ())

    def test_keep_nothing_once_a_token_of_another_user_was_refused(self) -> None:
        self.world.sent()
        queue = self.handle.open_queue(lambda: None)
        self.receive(5)
        self.core.receive('unsubscribed', {'room': 'portfolio', 'message': OTHER_USER})
        self.assertEqual((self.handle.latest, self.handle.updates, len(queue)), (None, (), 0))
        self.assertEqual((queue.ended, self.handle.error.message, self.handle.stale), (True, OTHER_USER, True))
        self.assertEqual(len(self.handle.open_queue(lambda: None)), 0, 'a new iteration has nothing either')
        self.assertEqual(self.world.sent(), [])

    def test_get_it_again_with_a_new_token_of_their_user_also_if_it_has_not_changed(self) -> None:
        self.world.sent()
        self.receive(5)
        self.core.receive('unsubscribed', {'room': 'portfolio', 'message': OTHER_USER})
        self.core.receive('token_refreshed', {'expires_at': 5})
        self.assertEqual(self.world.sent(), [('subscribe', {'type': 'portfolio'})])
        self.receive(5)
        self.assertEqual((self.latest(), self.handle.stale), (stamp(5), False))
        self.assertEqual([update.timestamp for update in self.world.payloads('portfolio_update')], [stamp(5), stamp(5)])

    def test_that_were_ended_get_nothing_that_was_still_under_way(self) -> None:
        self.world.sent()
        self.core.receive('unsubscribed', {'room': 'portfolio', 'message': OTHER_USER})
        self.receive(5)
        self.assertEqual((self.handle.latest, self.handle.updates), (None, ()))

    def test_keep_nothing_if_they_are_refused_after_a_reconnection(self) -> None:
        self.world.sent()
        queue = self.handle.open_queue(lambda: None)
        self.receive(5)
        self.reconnect()
        (request,) = self.world.requests()
        self.assertEqual(len(queue), 1)
        self.world.refuse(request, 'FORBIDDEN')
        self.assertEqual((self.handle.latest, self.handle.updates, len(queue)), (None, (), 0))

    def test_have_no_product_and_no_expiry(self) -> None:
        self.world.sent()
        self.receive(1, product='A')
        self.assertEqual((self.handle.latest_of('A', None), self.handle.latest_by_expiry, self.handle.suggestions), (None, {}, {}))

    def test_have_nothing_to_do_with_prices(self) -> None:
        prices = self.world.subscribe('product', 'None')
        self.world.sent()
        self.receive(1)
        self.core.receive('feed_status', {'product': 'None', 'status': 'stale', **STATUS})
        self.assertEqual((prices.stale, self.handle.stale), (True, False))
        self.assertTrue(self.core.is_stale('B'), 'the client is not in general')
        self.assertEqual({change.product for change in self.world.payloads('stale')}, {'None'})

    def test_share_the_room(self) -> None:
        self.world.sent()
        self.receive(1)
        other = self.world.subscribe('portfolio')
        self.assertEqual((self.world.sent(), other.latest.timestamp), ([], stamp(1)))
        self.core.unsubscribe(self.handle)
        self.assertEqual((self.world.sent(), other.stale), ([], False))

    def test_a_gap_of_portfolios_names_the_room(self) -> None:
        gap = {'since': stamp(1), 'until': stamp(2)}
        self.core.receive('feed_gap', {**gap, 'room': 'portfolio'})
        self.core.receive('feed_gap', gap)
        self.assertEqual(
            self.world.payloads('feed_gap'), [FeedGap(stamp(1), stamp(2), 'portfolio'), FeedGap(stamp(1), stamp(2), None)]
        )

    def test_a_snapshot_has_the_portfolio(self) -> None:
        collector = SnapshotCollector(parse_addresses('portfolio'))
        collector.expect('portfolio', 1)
        self.assertFalse(collector.complete)
        collector.offer('portfolio_update', read(PortfolioUpdate, portfolio(1)), True)
        self.assertTrue(collector.complete)
        self.assertEqual([update.timestamp for update in collector.result().updates], [stamp(1)])


class WithUsers(unittest.TestCase):
    redis: ClassVar[Redis]
    gateway: ClassVar[Gateway]

    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.stop)
        cls.gateway = Gateway(
            cls.redis, AUTH_MODE='optional', JWT_SECRET=SECRET, SECRET_KEY='x' * 32, PORTFOLIO_STALE_AFTER_MS='8000'
        )
        cls.addClassCleanup(cls.gateway.stop)


class Threads(WithUsers):
    def connect(self, user: int, url: str = '', **claims: Any) -> Client:
        client = Client()
        self.addCleanup(client.close)
        return client.connect(url or self.gateway.url, general=False, token=lambda _: token(user, **claims))

    def test_the_stored_portfolio_comes_first_and_then_each_new_one_of_this_user_only(self) -> None:
        self.gateway.store_portfolio(1, 1)
        client, stranger = self.connect(1), self.connect(2)
        held, other = client.subscribe('portfolio').ready(10), stranger.subscribe('portfolio').ready(10)
        first = held.get(10)
        self.assertIsInstance(first, PortfolioUpdate)
        self.assertEqual((first.user_id, first.extra['total_pnl'], held.rooms), (1, 1, ('portfolio',)))
        wait_for(lambda: held.stale, 'the stored portfolio is old')
        self.gateway.portfolio(1, 2)
        self.assertEqual((held.get(10).extra['positions'], held.stale), ([{'symbol': 'NIFTY', 'quantity': 2}], False))
        self.assertEqual((client.subscriptions(), len(client.snapshot('portfolio').updates)), (('portfolio',), 1))
        wait_for(lambda: held.stale, 'the portfolio has stopped')
        self.gateway.portfolio(2, 7)
        self.assertEqual((other.get(10).user_id, [update.user_id for update in held.updates]), (2, [1]))
        updates = iter(held)
        held.unsubscribe()
        self.assertEqual([update.user_id for update in updates], [1])
        wait_for(lambda: client.subscriptions() == ())

    def test_is_stale_while_it_is_disconnected_and_continues_afterwards(self) -> None:
        proxy = Proxy(self.gateway.port)
        self.addCleanup(proxy.stop)
        with quick_reconnects():
            client = self.connect(3, proxy.url)
        held = client.subscribe('portfolio').ready(10)
        self.gateway.portfolio(3, 1)
        held.get(10)
        proxy.point(free_port())
        proxy.cut()
        wait_for(lambda: client.state == 'reconnecting')
        self.assertTrue(held.stale)
        self.assertRaises(RequestTimeout, held.get, 0.05)
        self.gateway.store_portfolio(3, 2)
        proxy.point(self.gateway.port)
        self.assertEqual(held.get(20).extra['total_pnl'], 2)
        self.gateway.portfolio(3, 3)
        self.assertEqual((held.get(10).extra['total_pnl'], held.stale), (3, False))

    def test_an_anonymous_client_is_refused(self) -> None:
        client = Client()
        self.addCleanup(client.close)
        client.connect(self.gateway.url, general=False)
        with self.assertRaisesRegex(Forbidden, 'signed-in users only'):
            client.subscribe('portfolio').ready(10)

    def test_a_token_that_does_not_allow_it_any_more_ends_the_iterations(self) -> None:
        client = self.connect(4)
        held = client.subscribe('portfolio').ready(10)
        client._requests.call('refresh_token', {'token': token(4, rooms=['product:*'])}, 10)
        with self.assertRaises(SubscriptionError) as caught:
            held.get(10)
        self.assertEqual((caught.exception.code, held.stale, client.subscriptions()), ('FORBIDDEN', True, ()))
        with self.assertRaises(Forbidden):
            self.connect(4, rooms=['product:*']).subscribe('portfolio').ready(10)

    def test_a_token_of_another_user_takes_away_the_portfolio_that_was_not_read(self) -> None:
        client = self.connect(6)
        held = client.subscribe('portfolio').ready(10)
        unread = iter(held)
        self.gateway.portfolio(6, 1)
        wait_for(lambda: held.latest)
        with self.assertRaisesRegex(RequestError, 'another user'):
            client._requests.call('refresh_token', {'token': token(7)}, 10)
        with self.assertRaisesRegex(Forbidden, OTHER_USER):
            unread.next(10)
        self.assertEqual((held.latest, held.updates, held.stale, client.subscriptions()), (None, (), True, ()))


class OnALoop(WithUsers, unittest.IsolatedAsyncioTestCase):
    async def test_the_portfolio_continues_after_a_reconnection(self) -> None:
        proxy = Proxy(self.gateway.port)
        self.addCleanup(proxy.stop)
        with quick_reconnects():
            client = AsyncClient()
        self.addAsyncCleanup(client.close)
        told: List[Any] = []
        client.on('portfolio_update', told.append)
        await client.connect(proxy.url, general=False, token=lambda _: token(5))
        held = await client.subscribe('portfolio')
        self.gateway.portfolio(5, 1)
        self.assertEqual(((await held.get(10)).extra['total_pnl'], held.stale), (1, False))
        proxy.point(free_port())
        proxy.cut()
        await until(lambda: client.state == 'reconnecting')
        self.assertTrue(held.stale)
        proxy.point(self.gateway.port)
        await held.ready(20)
        self.gateway.portfolio(5, 2)
        self.assertEqual((await held.get(10)).extra['total_pnl'], 2)
        await until(lambda: [update.extra['total_pnl'] for update in told] == [1, 2])
        self.assertEqual([update.user_id for update in (await client.snapshot('portfolio')).updates], [5])

    async def test_a_token_of_another_user_takes_away_the_portfolio_that_was_not_read(self) -> None:
        client = AsyncClient()
        self.addAsyncCleanup(client.close)
        await client.connect(self.gateway.url, general=False, token=lambda _: token(8))
        held = await client.subscribe('portfolio')
        unread = held.__aiter__()
        self.gateway.portfolio(8, 1)
        await until(lambda: held.latest)
        with self.assertRaisesRegex(RequestError, 'another user'):
            await client._requests.call('refresh_token', {'token': token(9)}, 10)
        with self.assertRaisesRegex(Forbidden, OTHER_USER):
            await unread.__anext__()
        self.assertEqual((held.latest, held.updates, held.stale), (None, (), True))

    async def test_an_anonymous_client_is_refused(self) -> None:
        client = AsyncClient()
        self.addAsyncCleanup(client.close)
        await client.connect(self.gateway.url, general=False)
        with self.assertRaises(Forbidden):
            await client.subscribe('portfolio')
        with self.assertRaises(Forbidden):
            await client.snapshot('portfolio')


class Fake(unittest.TestCase):
    """What a program's own tests can play."""

    def setUp(self) -> None:
        self.gateway = FakeGateway(authenticate=lambda given: given and {'user_id': given})
        self.addCleanup(self.gateway.close)

    def connect(self, user: Optional[str]) -> Client:
        return self.gateway.connect(general=False, token=None if user is None else lambda _: user)

    def test_a_portfolio_reaches_only_its_user(self) -> None:
        mine, others = (self.connect(user).subscribe('portfolio').ready(5) for user in ('42', '43'))
        self.assertTrue(mine.stale and mine.latest is None)
        self.gateway.publish_portfolio(42, total_pnl=5)
        assert mine.latest is not None
        self.assertEqual((mine.latest.user_id, dict(mine.latest.extra), mine.stale), (42, {'total_pnl': 5}, False))
        self.assertEqual((others.latest, others.stale), (None, True))

    def test_the_newest_comes_on_subscribing_and_in_a_snapshot(self) -> None:
        self.gateway.publish_portfolio('42', total_pnl=5)
        client = self.connect('42')
        self.assertEqual([update.extra['total_pnl'] for update in client.snapshot('portfolio').updates], [5])
        self.assertNotIn('portfolio', self.gateway.rooms())
        held = client.subscribe('portfolio').ready(5)
        self.assertEqual((held.get(5).extra['total_pnl'], held.stale), (5, False))
        self.assertEqual((self.gateway.rooms(), client.subscriptions()), (('portfolio',), ('portfolio',)))
        self.assertEqual(dict(self.connect('43').snapshot('portfolio').rooms), {'portfolio': 0})

    def test_it_stops_and_continues(self) -> None:
        self.gateway.publish_portfolio('42', total_pnl=5)
        client = self.connect('42')
        held = client.subscribe('portfolio').ready(5)
        self.gateway.mark_portfolio_stale('42')
        self.assertTrue(held.stale)
        self.assertTrue(self.connect('42').subscribe('portfolio').ready(5).stale, 'a new subscription is told')
        before = held.latest
        self.gateway.mark_portfolio_live('42')
        assert held.latest is not None and before is not None
        self.assertEqual((held.stale, dict(held.latest.extra)), (False, dict(before.extra)))
        self.assertGreater(held.latest.timestamp, before.timestamp)

    def test_it_comes_back_after_a_reconnection(self) -> None:
        client = self.connect('42')
        held = client.subscribe('portfolio').ready(5)
        self.gateway.publish_portfolio('42', total_pnl=1)
        self.gateway.disconnect()
        self.gateway.settle()
        self.assertTrue(held.stale)
        self.gateway.publish_portfolio('42', total_pnl=2)
        self.gateway.reconnect()
        self.gateway.settle()
        assert held.latest is not None
        self.assertEqual((held.latest.extra['total_pnl'], held.stale), (2, False))

    def test_refusals_and_permissions(self) -> None:
        with self.assertRaisesRegex(Forbidden, 'signed-in users only'):
            self.connect(None).subscribe('portfolio').ready(5)
        client = self.connect('42')
        held = client.subscribe('portfolio').ready(5)
        self.gateway.reject('portfolio', 'FORBIDDEN')
        with self.assertRaises(Forbidden):
            self.connect('42').subscribe('portfolio').ready(5)
        client._requests.call('refresh_token', {'token': '42'}, 5)
        with self.assertRaises(Forbidden):
            held.get(5)
        self.gateway.allow('portfolio')

    def test_a_token_of_another_user_is_refused_and_ends_it(self) -> None:
        self.gateway.publish_portfolio('42', total_pnl=1)
        client, second = self.connect('42'), self.connect('42')
        client.subscribe('product', 'NIFTY').ready(5)
        held, kept = (one.subscribe('portfolio').ready(5) for one in (client, second))
        unread = iter(held)
        told: List[Any] = []
        client.on('unsubscribed', lambda left: told.append((left.room, left.message)))
        for _ in range(2):
            with self.assertRaisesRegex(RequestError, 'This token belongs to another user'):
                client._requests.call('refresh_token', {'token': '43'}, 5)
        self.gateway.settle()
        self.assertEqual((told, client.subscriptions()), ([('portfolio', OTHER_USER)], ('product:NIFTY',)))
        with self.assertRaisesRegex(Forbidden, OTHER_USER):
            unread.next(5)
        self.gateway.publish_portfolio('42', total_pnl=2)
        self.gateway.publish_portfolio('43', total_pnl=3)
        assert kept.latest is not None
        self.assertEqual((held.latest, held.updates, kept.latest.extra['total_pnl']), (None, (), 2))
        client._requests.call('refresh_token', {'token': '42'}, 5)
        held.ready(5)
        assert held.latest is not None
        self.assertEqual((held.latest.extra['total_pnl'], held.stale), (2, False))

    def test_a_number_and_its_text_are_the_same_user(self) -> None:
        gateway = FakeGateway(authenticate=lambda given: given and {'user_id': 42 if given == 'number' else '42'})
        self.addCleanup(gateway.close)
        client = gateway.connect(general=False, token=lambda _: 'number')
        held = client.subscribe('portfolio').ready(5)
        client._requests.call('refresh_token', {'token': 'text'}, 5)
        self.assertEqual((client.subscriptions(), held.error), (('portfolio',), None))

    def test_a_gap_is_told_to_the_clients_of_the_user(self) -> None:
        told: List[Any] = []
        for user in ('42', '43'):
            client = self.connect(user)
            client.on('feed_gap', lambda gap, user=user: told.append((user, gap.room)))  # type: ignore[misc]
            client.subscribe('portfolio').ready(5)
        self.gateway.feed_gap(user_id='42')
        self.gateway.settle()
        self.assertEqual(told, [('42', 'portfolio')])

    def test_a_client_with_only_its_portfolio_gets_no_status_of_products(self) -> None:
        client = self.connect('42')
        told: List[Any] = []
        client.on('feed_status', told.append)
        client.subscribe('portfolio').ready(5)
        self.gateway.publish_price('NIFTY', 1)
        self.gateway.mark_stale('NIFTY')
        self.gateway.settle()
        self.assertEqual(told, [])

    def test_what_makes_no_sense_raises_at_the_call(self) -> None:
        calls: List[Callable[[], Any]] = [
            lambda: self.gateway.mark_portfolio_stale('42'), lambda: self.gateway.mark_portfolio_live('42')
        ]
        for call in calls:
            with self.assertRaisesRegex(ValueError, 'call publish_portfolio first'):
                call()
        self.assertRaises(TypeError, self.gateway.publish_portfolio, None)

    def test_a_subscription_has_neither_views_nor_history(self) -> None:
        held = self.connect('42').subscribe('portfolio').ready(5)
        self.assertIsNone(held.view)
        self.assertRaises(InvalidView, held.change_view, View(max_rate=1))
        with self.assertRaisesRegex(ValueError, 'ask the client for the history of portfolios'):
            held.history()
        with mistakes(), self.assertRaises(InvalidView):
            self.connect('42')._requests.call('subscribe', {'type': 'portfolio', 'view': {'max_rate': 1}}, 5)
