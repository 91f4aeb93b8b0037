"""The same scenario against the fake gateway and a real one, so that they cannot drift apart."""
from __future__ import annotations

import contextlib
import threading
import unittest
import uuid
from typing import Any, Callable, ClassVar, Dict, Iterator, List, Optional, Tuple

from deltastream_socket_client import Client, GatewayError, SubscriptionError
from deltastream_socket_client.testing import FakeGateway

from .processes import SECRET, Gateway, Redis, stamp, token, wait_for
from .recorded import mistakes

#: Fields whose values differ from one run to the next. Only their types are compared.
VARYING = {
    'timestamp',
    'processed_at',
    'last_update',
    'age_ms',
    'server_time',
    'client_id',
    'replica',
    'expires_at',
    'expires_in_ms',
    'reconnect_in_ms',
    'retry_after_ms',
    'since',
    'until',
    'next',
}
LEG: Dict[str, Any] = {'strike': 21500, 'iv': 0.2293, 'option_type': 'CALL', 'rho': 1.5}
CHAIN: Dict[str, Any] = {
    'pcr_oi': 0.9,
    'pcr_volume': 1.5,
    'max_pain_strike': 21400,
    'atm_straddle_price': 449.33,
}
EXPIRY = '2099-11-26'
Told = List[Tuple[str, Any]]


def chain_fields(n: int) -> Dict[str, Any]:
    """Returns what the `n`-th chain has. Two of its calls have one strike."""
    calls = [{**LEG, 'open_interest': n, 'last': 231.4}, {**LEG, 'open_interest': 0}]
    return {**CHAIN, 'spot_price': n, 'calls': calls, 'puts': [{**LEG, 'strike': 21550}]}


def comparable(value: Any, name: str = '') -> Any:
    if name in VARYING:
        return 'number' if isinstance(value, (int, float)) else type(value).__name__
    if name in ('updates', 'bars') and isinstance(value, list):
        return [row[1:] for row in value]  # without their times
    if isinstance(value, dict):
        # The fake gateway sends no heartbeats, so it does not offer them.
        return {key: comparable(item, key) for key, item in sorted(value.items()) if key != 'heartbeat_ms'}
    return [comparable(item) for item in value] if isinstance(value, list) else value


class Watched(Client):
    """Records every event that it receives."""

    def __init__(self) -> None:
        super().__init__()
        self.told: Told = []
        receive = self._core.receive

        def recording(event: str, payload: Any) -> None:
            self.told.append((event, comparable(payload)))
            receive(event, payload)

        self._core.receive = recording  # type: ignore[assignment]

    def wait_for(self, *events: str) -> None:
        """Waits until these events have come, the last one last."""
        wait_for(
            lambda: self.told and self.told[-1][0] == events[-1] and {event for event, _ in self.told} >= set(events),
            f'{events} expected, and these came: {self.told}',
        )

    def prices(self) -> List[float]:
        return [payload['price'] for event, payload in self.told if event == 'underlying_update']

    def take(self) -> Told:
        told, self.told = self.told, []
        return told


class Stage:
    """A gateway, real or not, and what a scenario does with it."""

    url = ''

    def __init__(self) -> None:
        self.clients: List[Watched] = []

    def client(self) -> Watched:
        client = Watched()
        self.clients.append(client)
        return client

    def close(self) -> None:
        for client in self.clients:
            client.close()

    def price(self, product: str, n: int) -> None:
        raise NotImplementedError

    def chain(self, product: str, n: int) -> None:
        raise NotImplementedError

    def await_opening(self, product: str) -> None:
        """Waits until the history has the first chain of the session."""

    def portfolio(self, user: int, n: int) -> None:
        raise NotImplementedError

    def drain(self) -> None:
        raise NotImplementedError

    def cut(self, client: Watched, meanwhile: Callable[[], Any]) -> None:
        """Loses the connection. The client connects again after `meanwhile`."""
        raise NotImplementedError

    def stop_price(self, client: Watched) -> None:
        """Waits until the gateway has said that a price has stopped."""
        raise NotImplementedError

    def token(self, kind: str) -> str:
        raise NotImplementedError

    def warn_token_expiring(self) -> None:
        raise NotImplementedError

    def revoke(self) -> None:
        raise NotImplementedError


class FakeStage(Stage):
    def __init__(self, auth: bool) -> None:
        super().__init__()
        verdicts: Dict[Optional[str], Any] = {None: 'AUTH_REQUIRED', 'invalid': 'TOKEN_INVALID', 'expired': 'TOKEN_EXPIRED'}
        user = {'user_id': '42', 'role': 'user'}
        products = ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ']
        verdicts['other'] = {'user_id': '43', 'role': 'user'}
        self.gateway = FakeGateway(products, authenticate=(lambda given: verdicts.get(given, user)) if auth else None)
        self.url = self.gateway.url

    def client(self) -> Watched:
        with self.gateway.installed():
            return super().client()

    def close(self) -> None:
        self.gateway.close()

    def price(self, product: str, n: int) -> None:
        self.gateway.publish_price(product, n)

    def chain(self, product: str, n: int) -> None:
        self.gateway.publish_chain(product, EXPIRY, **chain_fields(n))

    def portfolio(self, user: int, n: int) -> None:
        self.gateway.publish_portfolio(user, total_pnl=n, positions=[{'symbol': 'NIFTY', 'quantity': n}])

    def drain(self) -> None:
        self.gateway.drain(50)

    def cut(self, client: Watched, meanwhile: Callable[[], Any]) -> None:
        self.gateway.disconnect()
        meanwhile()
        self.gateway.reconnect()

    def stop_price(self, client: Watched) -> None:
        self.gateway.mark_stale('STOPS')

    def token(self, kind: str) -> str:
        return kind

    def warn_token_expiring(self) -> None:
        self.gateway.warn_token_expiring(20_000)

    def revoke(self) -> None:
        self.gateway.revoke_token()


class RealStage(Stage):
    def __init__(self, redis: Redis, **settings: str) -> None:
        super().__init__()
        self.redis = redis
        prefix = f'{uuid.uuid4().hex}:'
        self.gateway = Gateway(redis, DRAIN_TIMEOUT_MS='300', KEY_PREFIX=prefix, CHANNEL_PREFIX=prefix, **settings)
        self.url = self.gateway.url
        self._prefixed = _Prefixed(redis, prefix)
        self.gateway._redis = self._prefixed

    def close(self) -> None:
        super().close()
        self.gateway.stop()

    def price(self, product: str, n: int) -> None:
        self.gateway.price(product, n)

    def chain(self, product: str, n: int) -> None:
        message = {**chain_fields(n), 'product': product, 'expiry': EXPIRY, 'timestamp': stamp(n), 'processed_at': stamp(n)}
        wait_for(lambda: self._prefixed.publish('enriched:option_chain', message))

    def await_opening(self, product: str) -> None:
        wait_for(lambda: self._prefixed.exists(f'history:opening:{product}:{EXPIRY}'), 'no opening')

    def portfolio(self, user: int, n: int) -> None:
        self.gateway.portfolio(user, n)

    def drain(self) -> None:
        self.gateway.terminate()

    def cut(self, client: Watched, meanwhile: Callable[[], Any]) -> None:
        assert client._connection is not None
        done, make = threading.Event(), client._make_connection

        def make_later(*arguments: Any) -> Any:
            done.wait(30)
            return make(*arguments)

        client._make_connection = make_later
        client._connection.close()
        meanwhile()
        done.set()

    def stop_price(self, client: Watched) -> None:
        client.wait_for('feed_status')

    def token(self, kind: str) -> str:
        return {'invalid': 'rubbish', 'expired': token(seconds=-100), 'expiring': token(seconds=20), 'other': token(user=43)}.get(kind) or token()

    def warn_token_expiring(self) -> None:
        """It says so by itself of a token that expires soon."""

    def revoke(self) -> None:
        wait_for(lambda: self._prefixed.publish('auth:revoked', {'user_id': 42}))


class _Prefixed(Redis):
    """A Redis with prefixes, so that what other scenarios have left there is unknown."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._inner = redis
        self._prefix = prefix

    def publish(self, channel: str, message: Dict[str, Any]) -> int:
        return self._inner.publish(f'{self._prefix}{channel}', message)

    def set(self, key: str, message: Dict[str, Any]) -> None:
        self._inner.set(f'{self._prefix}{key}', message)

    def exists(self, key: str) -> bool:
        return self._inner.exists(f'{self._prefix}{key}')


class Drift(unittest.TestCase):
    redis: ClassVar[Redis]

    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.stop)

    def compare(self, play: Callable[[Stage], Iterator[Any]], auth: bool = False, **settings: str) -> None:
        """Plays a scenario on both, and compares what it yields, step by step."""
        self.maxDiff = None
        secrets = {'AUTH_MODE': 'required', 'JWT_SECRET': SECRET, 'SECRET_KEY': 'x' * 32} if auth else {}
        played: List[List[Any]] = []
        for make in (lambda: FakeStage(auth), lambda: RealStage(self.redis, **secrets, **settings)):
            stage: Stage = make()  # type: ignore[no-untyped-call]
            with contextlib.closing(stage), mistakes():
                played.append(list(play(stage)))
        fake, real = played
        self.assertGreater(len(real), 0)
        for step, (one, other) in enumerate(zip(fake, real)):
            self.assertEqual(one, other, f'step {step} differs: first the fake gateway, then the real one')
        self.assertEqual(len(fake), len(real))

    def test_rooms_updates_snapshots_and_refusals(self) -> None:
        def play(stage: Stage) -> Iterator[Any]:
            client = stage.client()
            client.connect(stage.url, heartbeat=None)
            yield client.take()
            price = client.subscribe('product', 'DRIFT').ready(10)
            client.wait_for('subscribed', 'feed_status')
            yield client.take(), price.stale
            stage.price('DRIFT', 1)
            client.wait_for('underlying_update')
            yield client.take(), price.stale
            chains = client.subscribe('chain', 'DRIFT').ready(10)
            client.wait_for('subscribed', 'chain_status')
            yield client.take(), chains.stale
            stage.chain('DRIFT', 2)
            client.wait_for('chain_summary', 'chain_update')
            yield client.take(), chains.stale
            other = client.subscribe('chain', 'DRIFT', '2099-11-26').ready(10)
            client.wait_for('subscribed', 'chain_update')
            yield client.take(), other.stale
            stage.price('DRIFT', 3)
            client.wait_for('underlying_update')
            yield client.take()
            snapshot = client.snapshot('chain', symbols=['DRIFT', 'NONE'])
            client.wait_for('chain_update', 'snapshot')
            yield sorted(client.take(), key=str), dict(snapshot.rooms), len(snapshot.updates)
            # Swapped, in another case, another letter, another digit, too short.
            for name in ('NIFYT', 'aapl', 'TSLB', 'SENSEX1', 'SP', 'SBY'):
                typo = client.subscribe('product', name).ready(10)
                client.wait_for('feed_status')
                yield client.take(), typo.suggestions
            yield client.products(), client.subscriptions(), client.take()
            price.unsubscribe()
            client.wait_for('unsubscribed')
            yield client.take(), client.subscriptions()
            client.take()
            for type, symbols, expiry in (
                ('product', ['GOOD', 'B*D', '<script>alert'], None),
                ('product', '', None),
                ('chain', 'DRIFT', '2026-02-30'),
                ('chain', [f'P{n}' for n in range(101)], None),
            ):
                with self.assertRaises(GatewayError) as caught:
                    # Larger than the limits allow, which `subscribe` would split.
                    client.snapshot(type, symbols, expiry)  # type: ignore[call-overload]
                assert not isinstance(caught.exception, SubscriptionError) or caught.exception.code
                client.wait_for('error')
                yield str(caught.exception), client.take()

        self.compare(play)

    def test_a_price_that_stops_and_continues(self) -> None:
        def play(stage: Stage) -> Iterator[Any]:
            first = stage.client()
            first.connect(stage.url, heartbeat=None)
            first.subscribe('product', 'STOPS').ready(10)
            first.wait_for('feed_status')
            stage.price('STOPS', 1)
            first.wait_for('underlying_update')
            first.take()
            stage.stop_price(first)
            yield first.take()
            late = stage.client()
            late.connect(stage.url, heartbeat=None)
            late.wait_for('connected', 'feed_statuses')
            yield [event for event, _ in late.told], late.take()[-1], late.is_stale('STOPS')
            held = late.subscribe('product', 'STOPS').ready(10)
            yield late.take(), held.stale, held.latest is not None
            stage.price('STOPS', 2)
            first.wait_for('underlying_update')
            yield first.take()[:2]

        self.compare(play, STALE_AFTER_MS='6000', PRODUCTS='NIFTY')

    def test_history_and_resume(self) -> None:
        def play(stage: Stage) -> Iterator[Any]:
            client = stage.client()
            joined = ('subscribed', {'message': 'Subscribed to general', 'room': 'general'})
            client.connect(stage.url, heartbeat=None, resume=True)
            wait_for(lambda: joined in client.told, 'not in general')
            yield client.take()[:2]
            client.subscribe('product', 'DRIFT').ready(10)
            for n in (1, 2, 3):
                stage.price('DRIFT', n)
            for n in (4, 5):
                stage.chain('DRIFT', n)
            chains = client.subscribe('chain', 'DRIFT').ready(10)
            wait_for(lambda: chains.latest and chains.latest.spot_price == 5)
            stage.await_opening('DRIFT')
            client.take()
            for type, more in (
                ('product', {}),
                ('product', {'limit': 2}),
                ('product', {'from_': '2020-01-01T00:00:00Z', 'limit': 2}),
                ('product', {'to': '2020-01-01T00:00:00Z'}),
                ('product', {'resolution': '5m'}),
                ('summary', {}),
                ('summary', {'expiry': '2098-01-01'}),
                ('opening', {}),
                ('opening', {'expiry': EXPIRY}),
                ('opening', {'expiry': '2098-01-01'}),
            ):
                page = client.history(type, 'DRIFT', **more)  # type: ignore[arg-type]
                client.wait_for('history')
                yield client.take(), page.gaps, page.next is None
            yield [[row[1] for row in page.rows] for page in client.history_pages('product', 'DRIFT', limit=2)]
            yield [(page.type, page.expiry, [row[1:] for row in page.rows]) for page in client.history_pages('opening', 'DRIFT')]
            client.take()
            for type in ('product', 'opening'):
                for symbol in ('NIFFTY', 'FAR-FROM-IT'):
                    yield client.history(type, symbol)
                    client.wait_for('history')
                    yield client.take()
            cursor = client.history('product', 'DRIFT', limit=2).next
            client.take()
            for type, symbol, fault in (
                ('chain', 'DRIFT', {}),
                ('product', 'B*D', {}),
                ('portfolio', 'DRIFT', {}),
                ('product', 'DRIFT', {'expiry': '2099-11-26'}),
                ('product', 'DRIFT', {'from_': 'yesterday'}),
                ('product', 'DRIFT', {'limit': 5001}),
                ('summary', 'DRIFT', {'resolution': '1m'}),
                ('opening', 'DRIFT', {'limit': 10}),
                ('opening', 'DRIFT', {'limit': 0}),
                ('opening', 'DRIFT', {'from_': '2020-01-01T00:00:00Z'}),
                ('opening', 'DRIFT', {'from_': 'yesterday'}),
                ('opening', 'DRIFT', {'to': '2020-01-01T00:00:00Z'}),
                ('opening', 'DRIFT', {'resolution': '5m'}),
                ('opening', 'DRIFT', {'expiry': 'tomorrow'}),
                ('opening', 'DRIFT', {'cursor': cursor}),
                ('opening', 'DRIFT', {'cursor': 'x'}),
                ('product', 'DRIFT', {'cursor': 'x'}),
                ('product', 'DRIFT', {'cursor': cursor, 'resolution': '5m'}),
                ('product', 'NIFTY', {'cursor': cursor}),
                ('product', 'DRIFT', {'to': 'tomorrow'}),
                ('product', 'DRIFT', {'limit': 0}),
            ):
                with self.assertRaises(GatewayError) as caught:
                    client.history(type, symbol, **fault)  # type: ignore[arg-type]
                client.wait_for('error')
                yield str(caught.exception), client.take()

            def publish() -> None:
                for n in (5, 6):
                    stage.price('DRIFT', n)

            stage.cut(client, publish)
            wait_for(lambda: joined in client.told, 'not in general after the other rooms')
            wait_for(lambda: 'chain_update' in dict(client.told), 'the chain did not come again')
            wait_for(lambda: 6 in client.prices(), 'the last price did not come')
            # The requests for the product and the chain do not wait for each other.
            yield sorted(client.take(), key=str)

        self.compare(play, STALE_AFTER_MS='600000')

    def test_tokens(self) -> None:
        def play(stage: Stage) -> Iterator[Any]:
            for kind in (None, 'invalid'):
                client = stage.client()
                give = None if kind is None else lambda _: stage.token(str(kind))
                with self.assertRaises(GatewayError) as caught:
                    client.connect(stage.url, heartbeat=None, token=give, timeout=10)
                yield type(caught.exception), str(caught.exception), client.take()
            reasons: List[str] = []

            def give_token(reason: str) -> str:
                reasons.append(reason)
                return stage.token({'connect': 'expired', 'expired': 'expiring'}.get(reason, 'good'))

            client = stage.client()
            client.connect(stage.url, heartbeat=None, token=give_token)
            yield client.told[0]
            stage.warn_token_expiring()
            client.wait_for('connected', 'token_expiring', 'token_refreshed')
            yield client.take()[1:], reasons, client.subscriptions()
            client.take()
            stage.revoke()
            wait_for(lambda: client.state == 'closed')
            yield client.take(), str(client.error)

        self.compare(play, auth=True)

    def test_a_portfolio(self) -> None:
        def play(stage: Stage) -> Iterator[Any]:
            client, other = stage.client(), stage.client()
            client.connect(stage.url, heartbeat=None, token=lambda _: stage.token('good'))
            other.connect(stage.url, heartbeat=None, token=lambda _: stage.token('other'))
            other.subscribe('portfolio').ready(10)
            client.take()
            portfolio = client.subscribe('portfolio').ready(10)
            client.wait_for('subscribed', 'portfolio_status')
            yield client.take(), portfolio.stale
            for n in (1, 2):
                stage.portfolio(42, n)
                client.wait_for('portfolio_update')
                yield client.take(), portfolio.stale
            second = stage.client()
            second.connect(stage.url, heartbeat=None, token=lambda _: stage.token('good'))
            second.take()
            second.subscribe('portfolio').ready(10)
            second.wait_for('subscribed', 'portfolio_update')
            yield second.take(), second.subscriptions()
            second.take()
            snapshot = second.snapshot('portfolio')
            second.wait_for('portfolio_update', 'snapshot')
            yield second.take(), dict(snapshot.rooms), [update.user_id for update in snapshot.updates]
            portfolio.unsubscribe()
            client.wait_for('unsubscribed')
            yield client.take(), client.subscriptions()
            yield [payload for event, payload in other.take() if event == 'portfolio_update'], other.snapshot('portfolio').rooms
            with self.assertRaises(GatewayError) as caught:
                client._requests.call('subscribe', {'type': 'portfolio', 'view': {'max_rate': 1}}, 10)
            yield getattr(caught.exception, 'code', None)

        self.compare(play, auth=True)

    def test_a_portfolio_and_a_token_of_another_user(self) -> None:
        def play(stage: Stage) -> Iterator[Any]:
            client, second = stage.client(), stage.client()
            for one in (client, second):
                one.connect(stage.url, heartbeat=None, token=lambda _: stage.token('good'))
            kept, held = second.subscribe('portfolio').ready(10), client.subscribe('portfolio').ready(10)
            client.wait_for('subscribed', 'portfolio_status')
            stage.portfolio(42, 1)
            client.wait_for('portfolio_status', 'portfolio_update')
            for _ in range(2):
                client.take()
                with self.assertRaises(GatewayError) as caught:
                    client._requests.call('refresh_token', {'token': stage.token('other')}, 10)
                client.wait_for('error')
                yield client.take(), type(caught.exception), str(caught.exception)
                yield held.latest, held.stale, str(held.error), client.subscriptions()
            client.take()
            stage.portfolio(42, 2)
            wait_for(lambda: kept.latest and kept.latest.extra['total_pnl'] == 2)
            yield client.subscriptions(), client.take()
            client._requests.call('refresh_token', {'token': stage.token('good')}, 10)
            client.wait_for('token_refreshed', 'subscribed', 'portfolio_update')
            wait_for(lambda: not held.stale)
            yield client.take(), held.latest and held.latest.extra['total_pnl']

        self.compare(play, auth=True)

    def test_anonymous_clients_have_no_portfolio(self) -> None:
        def play(stage: Stage) -> Iterator[Any]:
            client = stage.client()
            client.connect(stage.url, heartbeat=None)
            client.take()
            asks: List[Callable[[], Any]] = [lambda: client.subscribe('portfolio').ready(10), lambda: client.snapshot('portfolio')]
            for ask in asks:
                with self.assertRaises(GatewayError) as caught:
                    ask()
                client.wait_for('error')
                yield type(caught.exception), str(caught.exception), client.take()

        self.compare(play)

    def test_a_drain(self) -> None:
        def play(stage: Stage) -> Iterator[Any]:
            client = stage.client()
            states: List[str] = []
            client.connect(stage.url, heartbeat=None)
            client.on('state', states.append)
            client.take()
            stage.drain()
            wait_for(lambda: 'reconnecting' in states)
            yield client.take()[:2], states[:2]

        self.compare(play)
