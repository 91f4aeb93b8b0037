"""The gateway that a test plays."""
from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import json
import threading
import time
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple, Union
from unittest import mock

from .. import arguments
from ..addresses import GENERAL, PORTFOLIO, Address, Expiry, feeds_of_update
from ..async_client import AsyncClient
from ..reconnect import ReconnectPolicy
from ..room_requests import due
from ..sync_client import Client
from ..timestamps import iso_millis
from ..views import View
from .links import AsyncLink, AsyncLinkedConnection, Link, LinkedConnection, Refusal, Unreachable
from .market import Event, Freshness, Market, summary_of
from .portfolios import Portfolios, UserId, user_key
from .rejections import CLOSINGS, CONNECT_ERRORS, REQUEST_ERRORS, Rejected, forbidden
from .sessions import TOKEN_SECONDS, Request, Session, Verdict
from .views import view_of

AnyClient = Union[Client, AsyncClient]

#: The default limits of a gateway.
DEFAULT_LIMITS: Dict[str, Any] = {
    'max_symbols_per_request': 100,
    'max_subscriptions': 1000,
    'max_payload_bytes': 65_536,
    'max_symbol_length': 32,
    'events_per_second': 50,
    'event_burst': 1200,
    'work_per_second': 1000,
    'work_burst': 10_000,
    'max_unknown_subscriptions': 250,
    'max_chains_per_snapshot': 64,
    'max_history_rows': 5_000,
    'history_seconds': 3_600,
    'max_connections_per_user': 100,
    'max_connections_per_ip': None,
}
_EVENTS = ('subscribe', 'unsubscribe', 'get_snapshot', 'get_history', 'get_products', 'list_subscriptions', 'refresh_token')
_LEVELS = ('info', 'warning', 'critical')
_NEVER = {'status': 'stale', 'last_update': None, 'age_ms': None}
_PAUSE = 0.002


class FakeGateway:
    """A gateway in memory, with real clients in front of it.

    A test publishes what the platform would, and calls what would go wrong. A client has received
    that when the method returns, unless the client is on the event loop of another thread. What
    clients do in their own threads and tasks takes a moment: `settle` waits for it. Any thread may
    use a gateway.

    Views have their own messages, but no rate: each update is sent at once, whatever `max_rate` is.
    """

    #: The address that clients of this gateway have. Any other works as well.
    url = 'http://fake-gateway'

    def __init__(
        self,
        products: Iterable[str] = (),
        limits: Optional[Dict[str, Any]] = None,
        authenticate: Optional[Callable[[Optional[str]], Verdict]] = None,
    ) -> None:
        """
        products: the products that the gateway expects, as its configuration names them.
        limits: those of its limits that differ from the defaults, by name.
        authenticate: returns the user of a token as a mapping, of which any fields may be left out,
        or the code of a refusal such as 'TOKEN_INVALID', or `None` for an anonymous client. Without
        it, every client is anonymous.
        """
        self.market = Market(arguments.texts('products', products))
        self.portfolios = Portfolios()
        unknown = set(limits or {}) - set(DEFAULT_LIMITS)
        if unknown:
            raise ValueError(f'there is no limit {min(unknown)!r}; the limits are {", ".join(DEFAULT_LIMITS)}')
        self.limits: Dict[str, Any] = {**DEFAULT_LIMITS, **(limits or {})}
        self._authenticate = authenticate
        self._lock = threading.RLock()
        self._sessions: List[Session] = []
        self._clients: List[AnyClient] = []
        self._requests: List[Request] = []
        self._rejections: Dict[str, Rejected] = {}
        #: Refused tokens, and with which code.
        self._refused_tokens: Dict[str, str] = {}
        #: Products and chains, such as 'NIFTY' and 'NIFTY:2026-11-26', whose first update clients
        #: wait for.
        self._awaited: Set[str] = set()
        self._unreachable = False
        self._timers: List[threading.Timer] = []
        self._numbers = itertools.count(1)

    # ---- clients -------------------------------------------------------------------------------------------------

    def client(self) -> Client:
        """Returns a new `Client`, whose `connect` leads to this gateway whatever the address."""
        return self._adopt(Client())

    def async_client(self) -> AsyncClient:
        """Returns a new `AsyncClient`, whose `connect` leads to this gateway whatever the address."""
        return self._adopt_async(AsyncClient())

    def connect(self, **options: Any) -> Client:
        """Returns a connected `Client`. Takes the options of `Client.connect`, without the address."""
        return self.client().connect(self.url, **options)

    async def connect_async(self, **options: Any) -> AsyncClient:
        """Returns a connected `AsyncClient`. Takes the options of `AsyncClient.connect`, without the
        address.
        """
        return await self.async_client().connect(self.url, **options)

    @contextlib.contextmanager
    def installed(self) -> Iterator[FakeGateway]:
        """While this is entered, every new `Client` and `AsyncClient` leads to this gateway, for
        programs that make their clients themselves.
        """
        make_client, make_async_client = Client.__init__, AsyncClient.__init__

        def init(client: Client) -> None:
            make_client(client)
            self._adopt(client)

        def init_async(client: AsyncClient) -> None:
            make_async_client(client)
            self._adopt_async(client)

        with mock.patch.object(Client, '__init__', init), mock.patch.object(AsyncClient, '__init__', init_async):
            yield self

    def settle(self, timeout: float = 5.0) -> None:
        """Blocks until the clients have sent all requests, have all answers, have reconnected if they
        can, and have called all handlers. Raises TimeoutError, which names the clients that have
        not.
        """
        deadline = time.monotonic() + arguments.seconds(timeout)
        while self._busy():
            self._check(deadline)
            time.sleep(_PAUSE)

    async def settle_async(self, timeout: float = 5.0) -> None:
        """The same for a test that runs on the event loop of its clients."""
        deadline = time.monotonic() + arguments.seconds(timeout)
        # The tasks of the clients run in between.
        await asyncio.sleep(0)
        while self._busy():
            self._check(deadline)
            await asyncio.sleep(_PAUSE)

    def close(self) -> None:
        """Closes all clients of this gateway. Clients on an event loop end as soon as it continues."""
        self._stop_timers()
        for client in list(self._clients):
            if isinstance(client, Client):
                client.close()
        with self._lock:
            for session in list(self._sessions):
                client = session.link.client
                session.link.post(functools.partial(client._give_up, None))
                session.link.cut()

    def __enter__(self) -> FakeGateway:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    async def __aenter__(self) -> FakeGateway:
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._stop_timers()
        for client in list(self._clients):
            if isinstance(client, AsyncClient):
                await client.close()
        self.close()

    # ---- the feed ------------------------------------------------------------------------------------------------

    def publish_price(self, product: str, price: float, **fields: Any) -> None:
        """Publishes a price, with the present time. `fields` are further fields of the
        `underlying_update`, or other values of its fields.
        """
        arguments.text('product', product)
        with self._lock:
            self._announce_live(product)
            update = self.market.price(product, price, **fields)
            self._broadcast(feeds_of_update('underlying_update', product, None), 'underlying_update', update)

    def publish_chain(self, product: str, expiry: Expiry, **fields: Any) -> None:
        """Publishes an option chain, with the present time. `fields` are fields of the
        `chain_update`, such as `calls`, `puts` and `spot_price`; the others have a default.
        """
        arguments.text('product', product)
        day = str(arguments.day('expiry', expiry))
        with self._lock:
            known = self.market.chains.setdefault((product, day), Freshness())
            if not self.market.price_counts(product):
                self._announce_live(product)
            awaited = {f'{product}:{day}', f'{product}:*'} & self._awaited
            self._awaited -= awaited
            was_stale, known.stale, known.updated_at = known.stale, False, time.time()
            if was_stale or awaited:
                self._announce_chain(product, day)
            chain = self.market.chain(product, day, **fields)
            self._broadcast(feeds_of_update('chain_summary', product, day), 'chain_summary', summary_of(chain))
            self._broadcast(feeds_of_update('chain_update', product, day), 'chain_update', chain)
            for view in self._chain_views(product):
                self._broadcast(feeds_of_update('chain_view', product, day, view), 'chain_view', view_of(chain, view))

    def publish_portfolio(self, user_id: UserId, **fields: Any) -> None:
        """Publishes the portfolio of a user, with the present time. Only clients whose token is of this
        user get it. `fields` are any fields of the `portfolio_update`.
        """
        user = user_key(user_id)
        with self._lock:
            portfolio = {'user_id': user_id, 'timestamp': self.market.stamp(), **fields}
            if self.portfolios.publish(user_id, portfolio):
                self._send_to_user(user, 'portfolio_status', self.portfolios.status(user))
            self._send_to_user(user, 'portfolio_update', portfolio)

    def mark_stale(self, product: str) -> None:
        """The price of a product has stopped."""
        arguments.text('product', product)
        with self._lock:
            self.market.products.setdefault(product, Freshness()).stale = True
            self._announce(product)

    def mark_live(self, product: str) -> None:
        """The price of a product continues: the last one comes again, with the present time."""
        last = self.market.last_price(product)
        self.publish_price(product, last['price'])

    def mark_chain_stale(self, product: str, expiry: Expiry) -> None:
        """A chain has stopped, while the price of its product continues."""
        day = str(arguments.day('expiry', expiry))
        with self._lock:
            self.market.last_chain(product, day)
            self.market.chains[product, day].stale = True
            self._announce_chain(product, day)

    def mark_chain_live(self, product: str, expiry: Expiry) -> None:
        """A chain continues: the last one comes again, with the present time."""
        day = str(arguments.day('expiry', expiry))
        last = self.market.last_chain(product, day)
        self.publish_chain(product, day, **{name: last[name] for name in last if name not in _OF_PUBLISHING})

    def mark_portfolio_stale(self, user_id: UserId) -> None:
        """The portfolio of a user has stopped."""
        user = user_key(user_id)
        with self._lock:
            self.portfolios.mark_stale(user_id)
            self._send_to_user(user, 'portfolio_status', self.portfolios.status(user))

    def mark_portfolio_live(self, user_id: UserId) -> None:
        """The portfolio of a user continues: the last one comes again, with the present time."""
        last = self.portfolios.last(user_id)
        self.publish_portfolio(user_id, **{name: last[name] for name in last if name not in ('user_id', 'timestamp')})

    def feed_gap(self, since: Optional[str] = None, until: Optional[str] = None, user_id: Optional[UserId] = None) -> None:
        """The gateway was cut off from the feed, by default for the last second. With `user_id`, it
        missed only portfolios of this user, and says so to the clients that get them.
        """
        now = time.time()
        payload = {'since': since or iso_millis(now - 1), 'until': until or iso_millis(now)}
        with self._lock:
            if user_id is not None:
                self._send_to_user(user_key(user_id), 'feed_gap', {**payload, 'room': PORTFOLIO})
                return
            for session in list(self._sessions):
                session.send('feed_gap', payload)

    def lose_history(self) -> None:
        """The gateway loses its history. Clients cannot resume from an update before this, and get `gap`
        when they connect again.
        """
        with self._lock:
            self.market.history.clear()

    # ---- what goes wrong -----------------------------------------------------------------------------------------

    def lag(self, client: Optional[AnyClient] = None) -> None:
        """The client reads too slowly: updates are held back, of each product and expiry only the
        newest. Without `client`, this and the following concern all clients.
        """
        self._each(client, Session.lag)

    def catch_up(self, client: Optional[AnyClient] = None) -> None:
        """The client reads again: it is told with `lagging` how many updates it has missed, and gets
        the newest.
        """
        self._each(client, Session.catch_up)

    def warn_token_expiring(self, expires_in_ms: float = 60_000, client: Optional[AnyClient] = None) -> None:
        """The token expires soon. A client with a token callback refreshes it."""
        expires_at = int(time.time() + expires_in_ms / 1000)
        payload = {'expires_in_ms': expires_in_ms, 'expires_at': expires_at}
        self._each(client, lambda session: session.send('token_expiring', payload))

    def expire_token(self, client: Optional[AnyClient] = None) -> None:
        """The token has expired: the connection is closed, and the token is refused from now on."""
        self._refuse_token(client, 'TOKEN_EXPIRED')

    def revoke_token(self, client: Optional[AnyClient] = None) -> None:
        """The token was revoked: the connection is closed for good, and the token is refused from now
        on.
        """
        self._refuse_token(client, 'TOKEN_REVOKED')

    def send_notice(
        self, text: str, *, level: str = 'info', link: Optional[str] = None, client: Optional[AnyClient] = None
    ) -> None:
        """The operators send a `notice` to the people who use the clients.

        Raises ValueError for a level or link that the gateway would refuse.
        """
        if level not in _LEVELS:
            raise ValueError(f'there is no level {level!r}; the levels are {", ".join(_LEVELS)}')
        if not 0 < len(arguments.text('text', text)) <= 500:
            raise ValueError('the text must have 1 to 500 characters')
        if link is not None and not arguments.text('link', link).startswith('https://'):
            raise ValueError(f'the link must begin with https://, unlike {link!r}')
        payload = {'level': level, 'text': text, **({} if link is None else {'link': link}), 'sent_at': round(time.time(), 3)}
        self._each(client, lambda session: session.send('notice', payload))

    def drain(self, reconnect_in_ms: float = 1000) -> None:
        """The replica shuts down: it says so, and closes the connections after that time. Clients
        that connect reach the next replica.
        """
        self._hand_over(None, reconnect_in_ms, 'DRAINING')

    def rebalance(self, client: Optional[AnyClient] = None, reconnect_in_ms: float = 1000) -> None:
        """The replica hands over the client to another one: it says so, and closes the connection
        after that time.
        """
        self._hand_over(client, reconnect_in_ms, 'REBALANCING')

    def disconnect(self, client: Optional[AnyClient] = None) -> None:
        """The network is lost, without a word of the gateway. Without `client` no gateway can be
        reached until `reconnect`; with it, only this client's connection is cut.
        """
        with self._lock:
            self._unreachable = self._unreachable or client is None
            self._each(client, lambda session: session.link.cut())

    def reconnect(self) -> None:
        """The gateway can be reached again. The clients reconnect by themselves."""
        with self._lock:
            self._unreachable = False

    def end(self, code: str, client: Optional[AnyClient] = None) -> None:
        """The gateway closes the connection with `closing` and a code of docs/events.md, for example
        'TOO_SLOW'.
        """
        if code not in CLOSINGS:
            raise ValueError(f'there is no closing code {code!r}; the codes are {", ".join(CLOSINGS)}')
        self._each(client, lambda session: session.end(code))

    def reject(
        self, room_or_event: str, code: str, *, message: Optional[str] = None, retry_after_ms: Optional[float] = None
    ) -> None:
        """From now on the gateway refuses requests for a room, for example 'chain:NIFTY', or of an
        event, for example 'get_products'. A client that is in a room that is `FORBIDDEN` loses it
        when it refreshes its token.
        """
        if code not in REQUEST_ERRORS:
            raise ValueError(f'no request is refused with {code!r}; the codes are {", ".join(REQUEST_ERRORS)}')
        self._check_name(room_or_event)
        more = {'retry_after_ms': retry_after_ms}
        with self._lock:
            self._rejections[room_or_event] = Rejected(code, message or REQUEST_ERRORS[code], **more)

    def allow(self, room_or_event: str) -> None:
        """Ends what `reject` began."""
        with self._lock:
            self._rejections.pop(room_or_event, None)

    # ---- observing -----------------------------------------------------------------------------------------------

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._sessions)

    @property
    def requests(self) -> Tuple[Request, ...]:
        """The requests that the gateway has received so far."""
        return tuple(self._requests)

    def rooms(self, client: Optional[AnyClient] = None) -> Tuple[str, ...]:
        """The names of the rooms that a client is in, sorted; without `client`, those of all
        clients.
        """
        with self._lock:
            return tuple(sorted({room for session in self._of(client) for room in session.rooms}))

    # ---- for connections and sessions ----------------------------------------------------------------------------

    def accept(self, link: Link, auth: Dict[str, Any]) -> Session:
        """Lets a client in."""
        with self._lock:
            if self._unreachable:
                raise Unreachable
            try:
                user = self.verify(auth.get('token'))
            except Rejected as rejected:
                data = {name: value for name, value in rejected.payload.items() if name != 'event'}
                raise Refusal({'message': data['message'], 'data': data}) from None
            self.tap(link, '<', f'0{json.dumps({"sid": f"fake-{id(link)}"})}')
            session = Session(self, link, auth, user, next(self._numbers))
            self._sessions.append(session)
            session.welcome()
            return session

    def verify(self, token: Optional[str]) -> Optional[Dict[str, Any]]:
        verdict: Verdict = self._refused_tokens.get(token or '')
        if verdict is None and self._authenticate is not None:
            verdict = self._authenticate(token)
        if verdict is None:
            return None
        if isinstance(verdict, str):
            if verdict not in CONNECT_ERRORS:
                raise ValueError(f'no client is refused with {verdict!r}; the codes are {", ".join(CONNECT_ERRORS)}')
            retry = 1000 if verdict in ('AUTH_UNAVAILABLE', 'TOO_MANY_CONNECTIONS') else None
            raise Rejected(verdict, CONNECT_ERRORS[verdict], retry_after_ms=retry)
        user = {'user_id': 'user', 'role': 'user', 'expires_at': int(time.time()) + TOKEN_SECONDS, **verdict}
        return {**user, 'user_id': user_key(user['user_id'])}

    def check_allowed(self, event: str, rooms: Sequence[str]) -> None:
        refused = [name for room in rooms for name in _names(room) if name in self._rejections]
        if event in self._rejections:
            raise self._rejections[event]
        if refused:
            rejection = self._rejections[refused[0]]
            raise forbidden(refused, rejection.payload['message']) if rejection.payload['code'] == 'FORBIDDEN' else rejection

    def is_forbidden(self, room: str) -> bool:
        refused = [self._rejections[name] for name in _names(room) if name in self._rejections]
        return any(rejection.payload['code'] == 'FORBIDDEN' for rejection in refused)

    def wait_for_first(self, address: Address) -> List[Event]:
        product = str(address.symbol)
        statuses: List[Event] = []
        if product not in self.market.products:
            self._awaited.add(product)
            statuses.append(('feed_status', {'product': product, **_NEVER}))
        if address.type == 'chain' and not self.market.knows(address):
            self._awaited.add(f'{product}:{address.expiry or "*"}')
            statuses.append(('chain_status', {'product': product, 'expiry': address.expiry, **_NEVER}))
        return statuses

    def locked(self, call: Callable[[], None]) -> None:
        with self._lock:
            call()

    def forget(self, session: Session) -> None:
        if session in self._sessions:
            self._sessions.remove(session)

    def note(self, request: Request) -> None:
        self._requests.append(request)

    def tap(self, link: object, direction: str, packet: str) -> None:
        """Is told each Socket.IO packet. The package's own tests compare them with the contract."""

    # ---- inside --------------------------------------------------------------------------------------------------

    def _adopt(self, client: Client) -> Client:
        client._make_connection = lambda *given: LinkedConnection(Link(self, client, *given))
        client._make_policy = _quick_policy
        self._clients.append(client)
        return client

    def _adopt_async(self, client: AsyncClient) -> AsyncClient:
        client._make_connection = lambda *given: AsyncLinkedConnection(AsyncLink(self, client, *given))
        client._make_policy = _quick_policy
        self._clients.append(client)
        return client

    def _of(self, client: Optional[AnyClient]) -> List[Session]:
        if client is not None and not any(one is client for one in self._clients):
            raise ValueError(f'{client!r} is not a client of this gateway')
        return [session for session in self._sessions if client is None or session.link.client is client]

    def _each(self, client: Optional[AnyClient], call: Callable[[Session], None]) -> None:
        with self._lock:
            for session in self._of(client):
                call(session)

    def _broadcast(self, feeds: Sequence[str], event: str, payload: Dict[str, Any]) -> None:
        key = (event, payload.get('product'), payload.get('expiry'), str(payload.get('view')))
        for session in list(self._sessions):
            session.broadcast(lambda address: address.feed in feeds, event, payload, key)

    def _send_to_user(self, user: str, event: str, payload: Dict[str, Any]) -> None:
        """Sends what concerns a portfolio to the clients of its user that are in the room."""
        for session in list(self._sessions):
            if session.user_id == user:
                session.broadcast(lambda address: address.type == PORTFOLIO, event, payload, event)

    def _chain_views(self, product: str) -> Iterable[View]:
        """The different views of chains of a product that clients have, without their rates."""
        addresses = [address for session in self._sessions for address in session.rooms.values()]
        views = [address.view for address in addresses if address.type == 'chain' and address.symbol == product]
        return dict.fromkeys(View(view.mode, view.strikes) for view in views if view is not None)

    def _announce_live(self, product: str) -> None:
        """An update that counts as a price has come: clients are told before it if they thought that
        the product had stopped.
        """
        freshness = self.market.products.setdefault(product, Freshness())
        had_price = freshness.updated_at is not None
        awaited = product in self._awaited
        self._awaited.discard(product)
        was_stale, freshness.stale, freshness.updated_at = freshness.stale, False, time.time()
        if was_stale or awaited:
            self._announce(product, had_price)

    def _announce(self, product: str, had_price: Optional[bool] = None) -> None:
        freshness = self.market.products[product]
        if had_price is None:
            had_price = freshness.updated_at is not None
        status = freshness.status(product=product)
        for session in list(self._sessions):
            session.broadcast(
                lambda address: address.symbol == product or (had_price is True and address.type == GENERAL),
                'feed_status', status, ('feed_status', product),
            )

    def _announce_chain(self, product: str, expiry: str) -> None:
        status = self.market.chains[product, expiry].status(product=product, expiry=expiry)
        rooms = feeds_of_update('chain_update', product, expiry)
        for session in list(self._sessions):
            session.broadcast(lambda address: address.base in rooms, 'chain_status', status, ('chain_status', product, expiry))

    def _hand_over(self, client: Optional[AnyClient], reconnect_in_ms: float, code: str) -> None:
        with self._lock:
            draining = self._of(client)
            for session in draining:
                session.send('server_draining', {'reconnect_in_ms': reconnect_in_ms})
        if reconnect_in_ms <= 0:
            self._end_all(draining, code)
            return
        timer = threading.Timer(reconnect_in_ms / 1000, self._end_all, (draining, code))
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _refuse_token(self, client: Optional[AnyClient], code: str) -> None:
        with self._lock:
            for session in self._of(client):
                if session.token is not None:
                    self._refused_tokens[session.token] = code
            self._each(client, lambda session: session.end(code))

    def _end_all(self, sessions: Sequence[Session], code: str) -> None:
        with self._lock:
            for session in sessions:
                if session in self._sessions:
                    session.end(code)

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
            if timer is not threading.current_thread():
                timer.join()
        self._timers.clear()

    def _check_name(self, room_or_event: str) -> None:
        kind, _, rest = arguments.text('room_or_event', room_or_event).partition(':')
        if room_or_event.partition('@')[0] not in (*_EVENTS, GENERAL, PORTFOLIO) and not (kind in ('product', 'chain') and rest):
            raise ValueError(
                f"{room_or_event!r} is neither a room such as 'chain:NIFTY' nor one of the events {', '.join(_EVENTS)}"
            )

    def _busy(self) -> List[AnyClient]:
        with self._lock:
            waiting = {id(session.link.client) for session in self._sessions if not session.link.quiet}
            unreachable = self._unreachable
        return [client for client in self._clients if id(client) in waiting or not _is_settled(client, unreachable)]

    def _check(self, deadline: float) -> None:
        if time.monotonic() >= deadline:
            busy = self._busy()
            if busy:
                raise TimeoutError(f'these clients have not settled: {", ".join(map(repr, busy))}')


#: The fields of a chain that publishing it sets.
_OF_PUBLISHING = ('product', 'expiry', 'timestamp', 'processed_at')

_quick_policy = functools.partial(ReconnectPolicy, base=0.01, cap=0.1)


def _names(room: str) -> Tuple[str, ...]:
    """The names with which a test may refuse a room: its own, and that of the room it is a view of."""
    base = room.partition('@')[0]
    return (room,) if room == base else (room, base)


def _is_settled(client: AnyClient, unreachable: bool) -> bool:
    """Whether a client has nothing to do until something happens."""
    if isinstance(client, Client):
        with client._monitor:
            return _has_nothing_to_do(client, unreachable)
    return _has_nothing_to_do(client, unreachable)


def _has_nothing_to_do(client: AnyClient, unreachable: bool) -> bool:
    core = client._core
    if client._options is None:
        return True
    if client._handling or len(client._inbox) > 0:
        return False
    if client.state == 'closed':
        return True
    if not core.connected:
        return unreachable
    if client._connection is None or client._connection.over:
        return False  # It has not noticed yet.
    join, leave, _ = due(list(core.rooms.values()), time.monotonic())
    return not (join or leave or core._pending or client._renewing)
