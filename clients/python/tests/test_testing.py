"""`deltastream_socket_client.testing`: what a program's own tests can play with the fake gateway."""
from __future__ import annotations

import asyncio
import contextlib
import datetime
import io
import pathlib
import re
import sys
import threading
import time
import types
import unittest
import unittest.mock
from typing import Any, Dict, List, Optional

from deltastream_socket_client import (
    AsyncClient,
    AuthRequired,
    ChainUpdate,
    Client,
    Closing,
    ConnectionClosed,
    Forbidden,
    InvalidSubscription,
    Lagging,
    NotConnected,
    Notice,
    RateLimited,
    RequestError,
    RequestTimeout,
    TokenInvalid,
    TooManySubscriptions,
    View,
)
from deltastream_socket_client.testing import FakeGateway

from .processes import wait_for
from .recorded import mistakes

#: Later than the present time, with which the fake gateway publishes.
EXPIRY, NEXT_EXPIRY = '2099-11-26', '2099-12-03'


class Threads(unittest.TestCase):
    def gateway(self, **options: Any) -> FakeGateway:
        gateway = FakeGateway(**options)
        self.addCleanup(gateway.close)
        return gateway

    def test_a_subscription_gets_what_is_published(self) -> None:
        gateway = self.gateway(products=['NIFTY'])
        client = gateway.connect(general=False)
        prices = client.subscribe('product', 'NIFTY').ready(5)
        self.assertIsNone(prices.latest)
        gateway.publish_price('NIFTY', 21502.24)
        assert prices.latest is not None
        self.assertEqual((prices.latest.price, prices.stale), (21502.24, False))
        self.assertEqual(prices.get(5).price, 21502.24)
        gateway.publish_price('NIFTY', 21503, source='test')
        self.assertEqual(prices.get(5).extra, {'source': 'test'})
        self.assertEqual((client.products(), client.subscriptions()), (('NIFTY',), ('product:NIFTY',)))

    def test_a_chain_has_defaults_and_what_the_test_gives(self) -> None:
        gateway = self.gateway()
        client = gateway.connect()
        told: List[Any] = []
        client.on('chain_summary', told.append)
        chains = client.subscribe('chain', 'NIFTY')
        calls = [{'strike': 21550, 'iv': 0.2}, {'strike': 21500}]
        gateway.settle()
        gateway.publish_chain('NIFTY', datetime.date(2099, 11, 26), calls=calls, spot_price=21510)
        gateway.settle()
        assert chains.latest is not None
        self.assertEqual((chains.latest.expiry, chains.latest.strikes, chains.latest.spot_price), (EXPIRY, (21500, 21550), 21510))
        self.assertEqual([summary.spot_price for summary in told], [21510])
        gateway.publish_chain('NIFTY', NEXT_EXPIRY)
        self.assertEqual(list(chains.latest_by_expiry), [EXPIRY, NEXT_EXPIRY])
        snapshot = client.snapshot('chain', 'NIFTY', EXPIRY)
        self.assertEqual((len(snapshot.updates), dict(snapshot.rooms)), (1, {f'chain:NIFTY:{EXPIRY}': 1}))
        self.assertIsInstance(snapshot.updates[0], ChainUpdate)

    def test_a_snapshot_has_the_nearest_expiries_that_have_not_passed(self) -> None:
        gateway = self.gateway(limits={'max_chains_per_snapshot': 1})
        for expiry in (NEXT_EXPIRY, EXPIRY, '2020-01-02'):
            gateway.publish_chain('NIFTY', expiry)
        client = gateway.connect()
        chains = client.subscribe('chain', 'NIFTY').ready(5)
        self.assertEqual(list(chains.latest_by_expiry), [EXPIRY])
        self.assertEqual([chain.expiry for chain in client.snapshot('chain', 'NIFTY').updates], [EXPIRY])

    def test_a_price_and_a_chain_stop_and_continue(self) -> None:
        gateway = self.gateway()
        gateway.publish_price('NIFTY', 1)
        gateway.publish_chain('NIFTY', EXPIRY)
        client = gateway.connect()
        changes: List[Any] = []
        client.on('stale', changes.append)
        prices, chains = client.subscribe('product', 'NIFTY'), client.subscribe('chain', 'NIFTY')
        gateway.settle()
        self.assertFalse(prices.stale or chains.stale)
        gateway.mark_chain_stale('NIFTY', EXPIRY)
        self.assertEqual((prices.stale, chains.stale), (False, True))
        gateway.mark_chain_live('NIFTY', EXPIRY)
        gateway.mark_stale('NIFTY')
        self.assertTrue(prices.stale and chains.stale and client.is_stale('NIFTY'))
        gateway.settle()
        gateway.mark_live('NIFTY')
        self.assertFalse(prices.stale or chains.stale)
        gateway.settle()
        # The first is that of the subscription, which is stale until it is confirmed.
        self.assertEqual([(change.product, change.stale) for change in changes][-2:], [('NIFTY', True), ('NIFTY', False)])
        gateway.mark_stale('NIFTY')
        self.assertTrue(gateway.connect().is_stale('NIFTY'), 'a new connection is told')

    def test_a_client_that_lags_gets_the_newest_and_is_told_how_many_it_has_missed(self) -> None:
        gateway = self.gateway()
        slow, quick = gateway.connect(), gateway.connect()
        lagging: List[Lagging] = []
        slow.on('lagging', lagging.append)
        prices = [client.subscribe('product', ['NIFTY', 'AAPL']) for client in (slow, quick)]
        gateway.settle()
        gateway.publish_price('NIFTY', 1)
        gateway.lag(slow)
        for n in range(2, 6):
            gateway.publish_price('NIFTY', n)
        gateway.publish_price('AAPL', 1)
        self.assertEqual([held.latest_of('NIFTY') and held.latest_of('NIFTY').price for held in prices], [1, 5])  # type: ignore[union-attr]
        gateway.catch_up(slow)
        gateway.settle()
        self.assertEqual(sorted(update.price for update in prices[0].updates), [1, 5])
        self.assertEqual([told.dropped for told in lagging], [3])

    def test_a_token_is_refreshed_before_it_expires(self) -> None:
        expires = {'connect': 100, 'expiring': 200}
        gateway = self.gateway(authenticate=lambda token: {'user_id': '42', 'expires_at': int(token or 0)})
        client = gateway.connect(token=lambda reason: str(expires[reason]))
        assert client.user is not None
        self.assertEqual((client.user.user_id, client.user.expires_at), ('42', 100))
        gateway.warn_token_expiring(client=client)
        gateway.settle()
        self.assertEqual((client.user.expires_at, client.state), (200, 'connected'))
        self.assertEqual([request.payload for request in gateway.requests], [{'token': '200'}])

    def test_a_token_that_expired_is_replaced_with_a_new_connection(self) -> None:
        gateway = self.gateway(authenticate=lambda token: {} if token else 'AUTH_REQUIRED')
        with self.assertRaises(AuthRequired):
            gateway.connect()
        reasons: List[str] = []

        def token(reason: str) -> str:
            reasons.append(reason)
            return f'token {len(reasons)}'

        client = gateway.connect(token=token)
        first = client.client_id
        gateway.expire_token()
        gateway.settle()
        self.assertEqual((client.state, reasons), ('connected', ['connect', 'expired']))
        self.assertNotEqual(client.client_id, first)

    def test_a_revoked_token_ends_the_client(self) -> None:
        gateway = self.gateway(authenticate=lambda token: {})
        client = gateway.connect(token=lambda _: 'mine')
        gateway.revoke_token()
        gateway.settle()
        assert isinstance(client.error, ConnectionClosed)
        self.assertEqual((client.state, client.error.code, gateway.connections), ('closed', 'TOKEN_REVOKED', 0))

    def test_a_client_that_an_operator_disconnects_stays_closed_and_says_why(self) -> None:
        gateway = self.gateway()
        client, other = gateway.connect(), gateway.connect()
        held = client.subscribe('product', 'NIFTY').ready(5)
        gateway.end('DISCONNECTED', client)
        gateway.settle()
        assert isinstance(client.error, ConnectionClosed)
        self.assertEqual((client.state, client.error.code, other.state, gateway.connections), ('closed', 'DISCONNECTED', 'connected', 1))
        with self.assertRaisesRegex(ConnectionClosed, 'DISCONNECTED: An operator has disconnected this client'):
            held.get(5)

    def test_a_notice_reaches_the_handlers_of_the_clients_that_it_is_for(self) -> None:
        gateway = self.gateway()
        client, other = gateway.connect(), gateway.connect()
        notices: List[Notice] = []
        client.on('notice', notices.append)
        gateway.send_notice('Prices are late.', level='warning', link='https://status.example.com/')
        gateway.send_notice('Prices are on time.', client=client)
        gateway.send_notice('For another one.', client=other)
        gateway.settle()
        self.assertEqual(
            [(notice.level, notice.text, notice.link) for notice in notices],
            [('warning', 'Prices are late.', 'https://status.example.com/'), ('info', 'Prices are on time.', None)],
        )
        self.assertLess(abs(notices[0].sent_at - time.time()), 60)

    def test_a_client_that_is_handed_over_connects_again_and_the_others_stay(self) -> None:
        gateway = self.gateway()
        client, other = gateway.connect(), gateway.connect()
        states: Dict[str, List[str]] = {'client': [], 'other': []}
        client.on('state', states['client'].append)
        other.on('state', states['other'].append)
        closings: List[Closing] = []
        client.on('closing', closings.append)
        client.subscribe('product', 'NIFTY').ready(5)
        gateway.rebalance(client, reconnect_in_ms=0)
        gateway.settle()
        self.assertEqual(states, {'client': ['draining', 'reconnecting', 'connected'], 'other': []})
        self.assertEqual([closing.code for closing in closings], ['REBALANCING'])
        self.assertEqual(gateway.rooms(client), ('general', 'product:NIFTY'))

    def test_a_drain_is_announced_and_the_next_connection_has_all_rooms(self) -> None:
        gateway = self.gateway()
        client = gateway.connect()
        states: List[str] = []
        client.on('state', states.append)
        held = client.subscribe('product', 'NIFTY').ready(5)
        gateway.drain(reconnect_in_ms=50)
        self.assertEqual(client.state, 'draining')
        gateway.publish_price('NIFTY', 1)
        self.assertIsNotNone(held.latest, 'a client still gets updates while its replica drains')
        wait_for(lambda: 'reconnecting' in states)
        gateway.settle()
        self.assertEqual((states, gateway.rooms(client)), (['draining', 'reconnecting', 'connected'], ('general', 'product:NIFTY')))

    def test_without_a_network_everything_is_stale_until_it_is_back(self) -> None:
        gateway = self.gateway()
        client = gateway.connect()
        held = client.subscribe('product', 'NIFTY')
        gateway.settle()
        gateway.publish_price('NIFTY', 1)
        gateway.disconnect()
        gateway.settle()
        self.assertEqual((client.state, held.stale, gateway.connections), ('reconnecting', True, 0))
        with self.assertRaisesRegex(RequestTimeout, 'nothing listens at http://fake-gateway'):
            gateway.connect(timeout=0.1)
        gateway.publish_price('NIFTY', 2)
        gateway.reconnect()
        gateway.settle()
        assert held.latest is not None
        self.assertEqual((client.state, held.stale, held.latest.price), ('connected', False, 2))
        gateway.disconnect(client)
        gateway.settle()
        self.assertEqual(client.state, 'connected', 'only the connection was cut, and the client has reconnected')

    def test_requests_are_refused_as_the_test_says_and_as_the_gateway_would(self) -> None:
        gateway = self.gateway(limits={'max_subscriptions': 3})
        client = gateway.connect()
        gateway.reject('chain:SECRET', 'FORBIDDEN')
        gateway.reject('get_products', 'RATE_LIMITED', message='wait')
        with self.assertRaisesRegex(Forbidden, 'chain:SECRET is not allowed'):
            client.subscribe('chain', 'SECRET').ready(5)
        with self.assertRaisesRegex(RateLimited, 'wait'):
            client.products()
        gateway.allow('get_products')
        self.assertEqual(client.products(), ())
        with self.assertRaises(TooManySubscriptions):
            client.subscribe('product', ['A', 'B', 'C']).ready(5)
        with mistakes(), self.assertRaises(InvalidSubscription) as caught:
            client.subscribe('product', 'N*').ready(5)
        self.assertEqual(caught.exception.code, 'INVALID_SYMBOL')

    def test_a_forbidden_room_is_lost_when_the_token_is_refreshed(self) -> None:
        gateway = self.gateway(authenticate=lambda token: {})
        client = gateway.connect(token=lambda _: 'mine')
        held = client.subscribe('product', 'NIFTY').ready(5)
        gateway.reject('product:NIFTY', 'FORBIDDEN')
        gateway.warn_token_expiring()
        gateway.settle()
        self.assertIsInstance(held.error, Forbidden)

    def test_the_gateway_closes_a_connection_for_a_reason(self) -> None:
        gateway = self.gateway()
        client = gateway.connect()
        gateway.end('TOO_SLOW')
        gateway.settle()
        self.assertEqual(client.state, 'connected')
        gateway.end('RATE_LIMITED')
        gateway.settle()
        self.assertEqual((client.state, str(client.error)[:13]), ('closed', 'RATE_LIMITED:'))

    def test_a_gap_of_the_feed_is_told(self) -> None:
        gateway = self.gateway()
        client = gateway.connect()
        gaps: List[Any] = []
        client.on('feed_gap', gaps.append)
        gateway.feed_gap(since='2026-11-22T04:43:39.412Z')
        gateway.settle()
        self.assertEqual([gap.since for gap in gaps], ['2026-11-22T04:43:39.412Z'])

    def test_a_misspelt_symbol_is_unknown_and_has_a_suggestion(self) -> None:
        gateway = self.gateway(products=['NIFTY'])
        held = gateway.connect().subscribe('product', 'nifti').ready(5)
        self.assertEqual((held.stale, held.suggestions), (True, {'nifti': 'NIFTY'}))
        gateway.publish_price('nifti', 1)
        self.assertEqual((held.stale, held.suggestions), (False, {}))

    def test_a_program_that_makes_its_own_client_reaches_the_installed_gateway(self) -> None:
        def program() -> float:
            with Client() as client:
                client.connect('https://gateway.example.com', general=False)
                return client.subscribe('product', 'NIFTY').get(5).price

        gateway = self.gateway()
        gateway.publish_price('NIFTY', 7)
        with gateway.installed():
            self.assertEqual(program(), 7)
        self.assertEqual((gateway.connections, {request.event for request in gateway.requests}), (0, {'subscribe', 'unsubscribe'}))
        with self.assertRaises(RequestTimeout):
            Client().connect('http://gateway.invalid', timeout=0.1)

    def test_settling_waits_for_handlers_and_names_clients_that_never_settle(self) -> None:
        gateway = self.gateway()
        client = gateway.connect()
        go, seen = threading.Event(), []

        @client.on('underlying_update')
        def handler(update: Any) -> None:
            go.wait(5)
            seen.append(update.price)

        gateway.publish_price('NIFTY', 1)
        with self.assertRaisesRegex(TimeoutError, 'have not settled: <Client http://fake-gateway'):
            gateway.settle(0.05)
        go.set()
        gateway.settle()
        self.assertEqual(seen, [1])

    def test_a_closed_gateway_leaves_no_client_and_no_thread_behind(self) -> None:
        before = threading.active_count()
        with FakeGateway() as gateway:
            client = gateway.connect()
            gateway.drain(60_000)
        self.assertEqual((client.state, gateway.connections), ('closed', 0))
        wait_for(lambda: threading.active_count() <= before)
        self.assertRaises(NotConnected, client.products)

    def test_what_makes_no_sense_raises_at_the_call(self) -> None:
        gateway = self.gateway()
        for call, text in (
            (lambda: gateway.mark_live('NIFTY'), 'call publish_price first'),
            (lambda: gateway.mark_chain_stale('NIFTY', EXPIRY), 'call publish_chain first'),
            (lambda: gateway.end('SLOW'), "no closing code 'SLOW'"),
            (lambda: gateway.send_notice('x', level='urgent'), "no level 'urgent'"),
            (lambda: gateway.send_notice(''), '1 to 500 characters'),
            (lambda: gateway.send_notice('x', link='http://status.example.com'), 'must begin with https://'),
            (lambda: gateway.reject('chain:NIFTY', 'NO'), "no request is refused with 'NO'"),
            (lambda: gateway.reject('NIFTY', 'FORBIDDEN'), "'NIFTY' is neither a room"),
            (lambda: gateway.rooms(Client()), 'is not a client of this gateway'),
            (lambda: FakeGateway(limits={'max_rooms': 1}), "no limit 'max_rooms'"),
        ):
            with self.assertRaisesRegex(ValueError, text):
                call()  # type: ignore[no-untyped-call]

    def test_times_ascend_even_if_the_clock_stands_still(self) -> None:
        gateway = self.gateway()
        held = gateway.connect().subscribe('product', 'NIFTY').ready(5)
        with unittest.mock.patch.object(time, 'time', lambda: 1_795_000_000.0):
            for n in range(3):
                gateway.publish_price('NIFTY', n)
                assert held.latest is not None
                self.assertEqual((held.latest.price, held.latest.timestamp[-6:]), (n, f'{n:06}'))


class Views(unittest.TestCase):
    CALLS: List[Dict[str, Any]] = [{'strike': 100 + n, 'last': n + 0.5, 'bid': n} for n in range(30)]

    def setUp(self) -> None:
        self.gateway = FakeGateway(products=['NIFTY'])
        self.addCleanup(self.gateway.close)
        self.client = self.gateway.connect(general=False)

    def publish(self, spot_price: float) -> None:
        puts = [leg for leg in self.CALLS if leg['strike'] % 2 == 0]
        self.gateway.publish_chain('NIFTY', EXPIRY, calls=self.CALLS, puts=puts, spot_price=spot_price)

    def test_a_chain_comes_in_columns_around_the_money(self) -> None:
        held = self.client.subscribe('chain', 'NIFTY', view=View('quote', strikes=7, max_rate=3)).ready(5)
        self.assertEqual((held.view, held.rooms), (View('quote', 5, 2), ('chain:NIFTY@quote.5.2hz',)))
        self.assertEqual((self.gateway.rooms(self.client), self.client.subscriptions()), (held.rooms, held.rooms))
        self.publish(110.2)
        view = held.get(5)
        self.assertEqual((view.view, view.strikes), (View('quote', 5), tuple(range(105, 116))))
        self.assertEqual(list(view.calls), ['last', 'bid', 'ask', 'volume', 'open_interest'])
        row = list(view.rows())[0]
        assert row.call is not None
        self.assertEqual((row.strike, row.call.last, row.call.ask, row.put), (105, 5.5, None, None))
        self.publish(101)
        self.assertEqual(held.get(5).strikes, tuple(range(100, 107)))
        self.gateway.mark_chain_stale('NIFTY', EXPIRY)
        self.assertTrue(held.stale)

    def test_one_message_serves_all_rates_and_each_content_has_its_own(self) -> None:
        told: List[Any] = []
        self.client.on('chain_view', told.append)
        views = [View('ltp'), View('ltp', max_rate=1), View('greeks')]
        held: List[Any] = [self.client.subscribe('chain', 'NIFTY', view=view).ready(5) for view in views]
        held.append(self.client.subscribe('chain', 'NIFTY').ready(5))
        self.publish(110)
        self.gateway.settle()
        self.assertEqual([type(one.latest).__name__ for one in held], ['ChainView'] * 3 + ['ChainUpdate'])
        self.assertIs(held[0].latest, held[1].latest)
        self.assertEqual([view.view.mode for view in told], ['ltp', 'greeks'])

    def test_prices_have_the_ordinary_updates(self) -> None:
        general = self.client.subscribe('general', view=View(max_rate=1)).ready(5)
        product = self.client.subscribe('product', 'NIFTY', view=View(max_rate=0.1)).ready(5)
        self.assertEqual(self.gateway.rooms(), ('general@1hz', 'product:NIFTY@0.2hz'))
        self.gateway.publish_price('NIFTY', 5)
        self.publish(110)
        assert product.latest is not None
        self.assertEqual((product.latest.price, len(general.updates)), (5, 2))
        self.gateway.mark_stale('NIFTY')
        self.assertTrue(product.stale and self.client.is_stale('NIFTY'))

    def test_a_snapshot_has_the_view(self) -> None:
        self.publish(110)
        snapshot = self.client.snapshot('chain', 'NIFTY', EXPIRY, view=View('ltp', 5, 2))
        (view,) = snapshot.updates
        self.assertEqual((len(view.strikes), dict(snapshot.rooms)), (11, {f'chain:NIFTY:{EXPIRY}@ltp.5.2hz': 1}))

    def test_a_change_is_one_request_and_survives_a_reconnection(self) -> None:
        self.publish(110)
        held = self.client.subscribe('chain', 'NIFTY', view=View('quote')).ready(5)
        self.assertEqual(len(held.get(5).calls), 5)
        held.change_view(View('ltp', 5))
        held.ready(5)
        self.assertEqual((held.get(5).view, self.gateway.rooms()), (View('ltp', 5), ('chain:NIFTY@ltp.5',)))
        last = self.gateway.requests[-1]
        view = {'mode': 'ltp', 'strikes': 5}
        self.assertEqual((last.event, last.payload), ('subscribe', {'type': 'chain', 'symbol': 'NIFTY', 'view': view, 'replace': True}))
        self.gateway.disconnect(self.client)
        self.gateway.settle()
        self.assertEqual((held.stale, self.gateway.rooms()), (False, ('chain:NIFTY@ltp.5',)))
        with self.assertRaisesRegex(ValueError, 'make another subscription'):
            held.change_view(None)
        held.unsubscribe()
        self.assertRaises(NotConnected, held.change_view, View('ltp'))

    def test_a_room_that_is_refused_has_no_views_either(self) -> None:
        self.gateway.reject('chain:NIFTY', 'FORBIDDEN')
        with self.assertRaises(Forbidden):
            self.client.subscribe('chain', 'NIFTY', view=View('ltp')).ready(5)
        self.gateway.allow('chain:NIFTY')
        self.gateway.reject('chain:NIFTY@ltp', 'TOO_MANY_VIEWS', retry_after_ms=20)
        held = self.client.subscribe('chain', 'NIFTY', view=View('ltp'))
        with self.assertRaises(RequestTimeout):
            held.ready(0.2)
        self.gateway.allow('chain:NIFTY@ltp')
        held.ready(5)

    def test_the_gateway_refuses_a_view_that_is_not_possible(self) -> None:
        for view, replace in (({'mode': 'all'}, False), ('ltp', False), ({'strikes': 0}, False), (None, 'yes')):
            payload = {'type': 'chain', 'symbol': 'NIFTY', 'view': view, 'replace': replace}
            with mistakes(), self.assertRaises(RequestError) as caught:
                self.client._requests.call('subscribe', payload, 5)
            self.assertEqual(caught.exception.code, 'INVALID_VIEW')


class Readme(unittest.TestCase):
    """The examples of README.md."""

    def run_example(self, containing: str, **modules: Any) -> Dict[str, Any]:
        text = (pathlib.Path(__file__).resolve().parent.parent / 'README.md').read_text()
        (source,) = (block for block in re.findall(r'```python\n(.*?)```', text, re.DOTALL) if containing in block)
        names: Dict[str, Any] = {'__name__': 'example'}
        with unittest.mock.patch.dict(sys.modules, modules):
            exec(compile(source, 'README.md', 'exec'), names)
        return names

    def test_the_example_with_pytest_passes(self) -> None:
        pytest: Any = types.ModuleType('pytest')
        pytest.fixture = lambda function: function
        example = self.run_example('import pytest', pytest=pytest)
        fixture = example['gateway']()
        example['test_a_stale_price_is_not_shown'](next(fixture))
        self.assertEqual(list(fixture), [])

    def test_the_example_with_unittest_passes(self) -> None:
        example = self.run_example('class Drains')['Drains']
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(example).run(result)
        self.assertEqual((result.testsRun, result.errors + result.failures), (1, []))


    def test_the_example_of_the_change_in_open_interest_prints_it(self) -> None:
        with FakeGateway(['NIFTY']) as gateway, gateway.installed():
            for more in (0, 25):
                legs = [{'strike': strike, 'open_interest': strike + more} for strike in (100, 200)]
                gateway.publish_chain('NIFTY', '2099-11-26', calls=[*legs, {'strike': 300}])
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                self.run_example("client.history('opening'")
        self.assertEqual(printed.getvalue().splitlines(), ['100 25', '200 25'])


class OnALoop(unittest.IsolatedAsyncioTestCase):
    async def test_prices_staleness_reconnection_and_a_drain(self) -> None:
        async with FakeGateway(products=['NIFTY']) as gateway:
            client = await gateway.connect_async()
            states: List[str] = []
            client.on('state', states.append)
            held = await client.subscribe('product', 'NIFTY')
            gateway.publish_price('NIFTY', 1)
            self.assertEqual([update.price for update in held.updates], [1])
            gateway.mark_stale('NIFTY')
            self.assertTrue(held.stale)
            gateway.publish_price('NIFTY', 2)
            self.assertFalse(held.stale)
            gateway.disconnect()
            await gateway.settle_async()
            self.assertTrue(held.stale)
            gateway.reconnect()
            await gateway.settle_async()
            gateway.drain(0)
            await gateway.settle_async()
            self.assertEqual(states, ['reconnecting', 'connected', 'draining', 'reconnecting', 'connected'])
            self.assertEqual((await held.get(5)).price, 2)
        self.assertEqual(client.state, 'closed')

    async def test_lag_tokens_and_refusals(self) -> None:
        def authenticate(token: Optional[str]) -> Any:
            return {'good': {}, 'bad': 'TOKEN_INVALID'}.get(token or '')

        async with FakeGateway(authenticate=authenticate) as gateway:
            with self.assertRaises(TokenInvalid):
                await gateway.connect_async(token=lambda _: 'bad')
            client = await gateway.connect_async(token=lambda _: 'good')
            lagging: List[Any] = []
            client.on('lagging', lagging.append)
            held = await client.subscribe('product', 'NIFTY')
            gateway.lag()
            for n in range(5):
                gateway.publish_price('NIFTY', n)
            self.assertIsNone(held.latest)
            gateway.catch_up()
            await gateway.settle_async()
            self.assertEqual((lagging[0].dropped, (await held.get(5)).price), (4, 4))
            gateway.warn_token_expiring()
            await gateway.settle_async()
            self.assertEqual([request.event for request in gateway.requests], ['subscribe', 'refresh_token'])
            gateway.reject('product:AAPL', 'FORBIDDEN')
            with self.assertRaises(Forbidden):
                await client.subscribe('product', ['AAPL', 'TSLA'])
            gateway.revoke_token()
            with self.assertRaises(ConnectionClosed):
                async for _ in held:
                    pass

    async def test_a_program_that_makes_its_own_client_reaches_the_installed_gateway(self) -> None:
        async with FakeGateway() as gateway:
            gateway.publish_price('NIFTY', 7)
            with gateway.installed():
                async with AsyncClient() as client:
                    await client.connect('https://gateway.example.com')
                    held = await client.subscribe('product', 'NIFTY')
                    self.assertEqual((await held.get(5)).price, 7)

    async def test_views_are_granted_changed_and_looked_up(self) -> None:
        async with FakeGateway() as gateway:
            client = await gateway.connect_async(general=False)
            held = await client.subscribe('chain', 'NIFTY', view=View('quote', max_rate=2))
            gateway.publish_chain('NIFTY', EXPIRY, calls=[{'strike': 100, 'last': 1}])
            self.assertEqual((await held.get(5)).calls['last'], (1,))
            held.change_view(View('ltp'))
            await held.ready(5)
            self.assertEqual(((await held.get(5)).view, gateway.rooms()), (View('ltp'), ('chain:NIFTY@ltp',)))
            snapshot = await client.snapshot('chain', 'NIFTY', view=View('greeks'))
            self.assertEqual([list(view.calls)[:2] for view in snapshot.updates], [['last', 'iv']])

    async def test_another_thread_may_publish(self) -> None:
        async with FakeGateway() as gateway:
            client = await gateway.connect_async()
            held = await client.subscribe('product', 'NIFTY')
            await asyncio.get_running_loop().run_in_executor(None, gateway.publish_price, 'NIFTY', 3)
            await gateway.settle_async()
            self.assertEqual((await held.get(5)).price, 3)

    async def test_leaves_no_task_behind(self) -> None:
        before = asyncio.all_tasks()
        with FakeGateway() as gateway:
            client = await gateway.connect_async()
        self.assertEqual(client.state, 'closed')
        while not asyncio.all_tasks() <= before:
            await asyncio.sleep(0)
