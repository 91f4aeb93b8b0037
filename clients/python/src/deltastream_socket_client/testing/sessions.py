"""The fake gateway's side of a connection: its rooms, its token, and what it answers."""
from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Hashable, List, Mapping, Optional, Protocol, Sequence, Union

from ..addresses import PORTFOLIO, Address
from .links import Link
from .market import Event, Market
from .portfolios import Portfolios, user_key
from .rejections import CLOSINGS, NO_USER, OTHER_USER, Rejected, check_addresses, check_budget, forbidden

#: The user of a token, of which any fields may be left out; the code of a refusal; `None` for an
#: anonymous client.
Verdict = Union[None, str, Mapping[str, Any]]
#: How long a token is valid if `authenticate` does not say, in seconds.
TOKEN_SECONDS = 3600


@dataclass(frozen=True)
class Request:
    """One request that the gateway has received."""

    event: str
    payload: Any = field(hash=False)
    client: Any = field(hash=False, compare=False, repr=False)


class Gateway(Protocol):
    """What a session needs of its gateway."""

    market: Market
    portfolios: Portfolios
    limits: Dict[str, Any]

    def verify(self, token: Optional[str]) -> Optional[Dict[str, Any]]:
        """Returns the user of a token. Raises Rejected if it is refused."""

    def check_allowed(self, event: str, rooms: Sequence[str]) -> None:
        """Raises Rejected if a test has refused the event or one of the rooms."""

    def is_forbidden(self, room: str) -> bool: ...

    def wait_for_first(self, address: Address) -> List[Event]:
        """Returns what the gateway sends to a client whose room has no data yet."""

    def locked(self, call: Callable[[], None]) -> None: ...

    def forget(self, session: Session) -> None: ...

    def note(self, request: Request) -> None: ...


class Session:
    def __init__(self, gateway: Gateway, link: Link, auth: Dict[str, Any], user: Optional[Dict[str, Any]], number: int) -> None:
        self.link = link
        self.token: Optional[str] = auth.get('token')
        self.user = user
        #: In the order in which they were joined.
        self.rooms: Dict[str, Address] = {}
        self._gateway = gateway
        self._id = f'fake-{number}'
        #: Whether it stays out of `general` until it asks for it.
        self._general_off = auth.get('general') == 'off'
        #: How many updates the history had when the connection was made.
        self._recorded_before = gateway.market.history.recorded
        self._batches = auth.get('statuses') == 'batch'
        #: Updates that are held back from a client that lags, by their key.
        self._held: Optional[Dict[Hashable, Event]] = None
        self._dropped = 0
        self._lags_since = 0.0

    @property
    def user_id(self) -> Optional[str]:
        return None if self.user is None else user_key(self.user['user_id'])

    def welcome(self) -> None:
        joins = not self._general_off and not self._gateway.is_forbidden('general')
        if joins:
            self.rooms['general'] = Address('general')
        self.send(
            'connected',
            {
                'message': 'Connected to DeltaStream socket gateway',
                'client_id': self._id,
                'replica': 'fake-replica',
                'rooms': list(self.rooms),
                'server_time': time.time(),
                'limits': self._gateway.limits,
                'user': self.user,
            },
        )
        if joins:
            self._send_stale_products()

    # ---- what the client receives --------------------------------------------------------------------------------

    def send(self, event: str, payload: Dict[str, Any]) -> None:
        self.link.deliver(event, payload)

    def broadcast(self, reaches: Callable[[Address], bool], event: str, payload: Dict[str, Any], key: Hashable) -> None:
        """Sends a broadcast once if it reaches one of the client's rooms. `key`: of two that wait for a
        lagging client, the later replaces the earlier.
        """
        if not any(map(reaches, self.rooms.values())):
            return
        if self._held is None:
            self.send(event, payload)
            return
        self._dropped += key in self._held
        self._held.pop(key, None)
        self._held[key] = (event, payload)

    def lag(self) -> None:
        if self._held is None:
            self._held, self._dropped, self._lags_since = {}, 0, time.monotonic()

    def catch_up(self) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        self.send('lagging', {'dropped': self._dropped, 'since_ms': round((time.monotonic() - self._lags_since) * 1000)})
        for event, payload in held.values():
            self.send(event, payload)

    def end(self, code: str) -> None:
        """Closes the connection for a reason of the gateway's own."""
        self.send('closing', dict(CLOSINGS[code]))
        self.link.cut()

    def left(self) -> None:
        self._gateway.locked(lambda: self._gateway.forget(self))

    # ---- what the client asks for --------------------------------------------------------------------------------

    def request(self, event: str, payload: Any, answered: Callable[[Any], None]) -> None:
        self._gateway.locked(lambda: self._handle(event, payload, answered))

    def _handle(self, event: str, payload: Any, answered: Callable[[Any], None]) -> None:
        if self.link.ended:
            return
        if event == 'latency_echo':
            return  # No request: it only answers a probe.
        self._gateway.note(Request(event, payload, self.link.client))
        handlers: Dict[str, Callable[[Any], Dict[str, Any]]] = {
            'subscribe': self._subscribe,
            'unsubscribe': self._unsubscribe,
            'get_snapshot': self._snapshot,
            'get_history': self._history,
            'get_products': self._products,
            'list_subscriptions': self._subscriptions,
            'refresh_token': self._refresh,
        }
        try:
            answer: Dict[str, Any] = {'ok': True, **handlers[event](payload)}
        except Rejected as rejected:
            error = {**rejected.payload, 'event': event}
            self.send('error', error)
            answer = {'ok': False, 'error': error}
        answered(answer)

    def _addresses(self, event: str, payload: Any) -> List[Address]:
        asked = check_addresses(payload, self._gateway.limits['max_symbols_per_request'], event != 'get_snapshot')
        if event == 'unsubscribe':
            self._gateway.check_allowed(event, ())
            return asked
        self._gateway.check_allowed(event, [address.room for address in asked])
        if asked[0].type == PORTFOLIO and self.user is None:
            raise forbidden([PORTFOLIO], NO_USER)
        return asked

    def _subscribe(self, payload: Any) -> Dict[str, Any]:
        market = self._gateway.market
        asked = self._addresses('subscribe', payload)
        replaced = self._replaced(asked) if payload.get('replace') else ()
        held = {name: address for name, address in self.rooms.items() if name not in replaced}
        check_budget(held, asked, self._gateway.limits, market.products)
        for room in replaced:
            self._leave(room)
        suggestions: Dict[str, str] = {}
        given = payload.get('since')
        for address in asked:
            since = given.get(address.symbol) if isinstance(given, dict) else given
            if self._resume(address, since):
                continue
            room, known = address.room, address.type == PORTFOLIO or market.knows(address)
            self.rooms[room] = address
            confirmed: Dict[str, Any] = {'room': room, 'message': f'Subscribed to {room}', **_view_in(address)}
            available, most = len(self._newest(address)), self._gateway.limits['max_chains_per_snapshot']
            if available > most:
                confirmed.update(updates=most, available=available)
            if since is not None:
                confirmed.update(_recovery(address, min(available, most), available))
            self.send('subscribed', confirmed if known else {**confirmed, 'known': False})
            if address.type == 'general':
                self._send_stale_products()
                continue
            if address.type == PORTFOLIO:
                self._send_portfolio()
                continue
            if not known:
                suggestion = market.similar(str(address.symbol))
                if suggestion is not None:
                    suggestions[str(address.symbol)] = suggestion
            self._send_newest(address)
            for event, status in self._gateway.wait_for_first(address):
                self.send(event, status)
        rooms = {'rooms': [address.room for address in asked], **_view_in(asked[0])}
        return {**rooms, 'suggestions': suggestions} if suggestions else rooms

    def _resume(self, address: Address, since: Any) -> bool:
        """Joins the room of a product with the updates that the client missed. Returns False, and does
        nothing, if some of them may be unknown.
        """
        market, room = self._gateway.market, address.room
        if address.type != 'product' or address.view is not None or self._gateway.limits['history_seconds'] == 0 or self._held is not None or room in self.rooms:
            return False
        before = self._recorded_before if 'general' in self.rooms else math.inf
        missed = market.history.missed(str(address.symbol), since, before)
        if missed is None:
            return False
        self.rooms[room] = address
        self.send('subscribed', {'room': room, 'message': f'Subscribed to {room}', 'recovered': True, 'replayed': len(missed)})
        for update in missed:
            self.send('underlying_update', update)
        for event, status in market.stale_in(address, ()):
            self.send(event, status)
        return True

    def _unsubscribe(self, payload: Any) -> Dict[str, Any]:
        asked = self._addresses('unsubscribe', payload)
        for address in asked:
            self._leave(address.room)
        return {'rooms': [address.room for address in asked]}

    def _leave(self, room: str, because: str = '') -> None:
        self.rooms.pop(room, None)
        self.send('unsubscribed', {'room': room, 'message': f'Unsubscribed from {room}{because}'})

    def _replaced(self, asked: Sequence[Address]) -> List[str]:
        """The other views of the rooms that it joins, and the rooms themselves."""
        bases, joined = {address.base for address in asked}, {address.room for address in asked}
        return [room for room, address in self.rooms.items() if address.base in bases and room not in joined]

    def _snapshot(self, payload: Any) -> Dict[str, Any]:
        asked = self._addresses('get_snapshot', payload)
        snapshots: List[Dict[str, Any]] = []
        for address in asked:
            updates, available = self._send_newest(address), len(self._newest(address))
            snapshots.append({'room': address.room, 'updates': updates})
            if available > updates:
                snapshots[-1]['available'] = available
            self.send('snapshot', snapshots[-1])
        return {'rooms': [address.room for address in asked], 'snapshots': snapshots}

    def _history(self, payload: Any) -> Dict[str, Any]:
        is_portfolio = isinstance(payload, dict) and payload.get('type') == 'portfolio'
        if self._gateway.limits['history_seconds'] == 0 and not is_portfolio:
            raise Rejected('HISTORY_UNAVAILABLE', 'This gateway keeps no history. Use live updates only.')
        page = self._gateway.market.history.page(payload, self._gateway.market.nearest_expiry)
        kind = 'product' if page['type'] == 'product' else 'chain'
        address = Address(kind, page['symbol'], page['expiry'])
        self._gateway.check_allowed('get_history', [address.room])
        market = self._gateway.market
        answer: Dict[str, Any] = {'rooms': [address.room], **page}
        if not page.get('updates') and not page.get('bars') and not market.knows(address):
            page['known'] = answer['known'] = False
            suggestion = market.similar(page['symbol'])
            if suggestion is not None:
                answer['suggestions'] = {page['symbol']: suggestion}
        self.send('history', page)
        return answer

    def _products(self, _: Any) -> Dict[str, Any]:
        self._gateway.check_allowed('get_products', ())
        products = list(self._gateway.market.products)
        self.send('products', {'products': products})
        return {'rooms': list(self.rooms), 'products': products}

    def _subscriptions(self, _: Any) -> Dict[str, Any]:
        self._gateway.check_allowed('list_subscriptions', ())
        self.send('subscriptions', {'rooms': list(self.rooms)})
        return {'rooms': list(self.rooms)}

    def _refresh(self, payload: Any) -> Dict[str, Any]:
        self._gateway.check_allowed('refresh_token', ())
        token = payload['token']
        user = self._gateway.verify(token)
        if self.user is not None and (user is None or user_key(user['user_id']) != self.user_id):
            if PORTFOLIO in self.rooms:
                self._leave(PORTFOLIO, ': the new token is of another user')
            raise Rejected('TOKEN_INVALID', OTHER_USER)
        self.token, self.user = token, user
        expires_at = None if user is None else user['expires_at']
        self.send('token_refreshed', {'expires_at': expires_at})
        for room in [room for room in self.rooms if self._gateway.is_forbidden(room)]:
            self._leave(room, ': the new token does not allow it')
        return {'rooms': list(self.rooms), 'expires_at': expires_at}

    def _newest(self, address: Address) -> List[Event]:
        if address.type == PORTFOLIO:
            return self._gateway.portfolios.newest(str(self.user_id))
        return self._gateway.market.newest(address)

    def _send_newest(self, address: Address) -> int:
        updates = self._newest(address)[: self._gateway.limits['max_chains_per_snapshot']]
        stale = [] if address.type == PORTFOLIO else self._gateway.market.stale_in(address, updates)
        for event, update in (*updates, *stale):
            self.send(event, update)
        return len(updates)

    def _send_portfolio(self) -> None:
        """Sends the newest portfolio of its user, and a status if that has stopped or there is none."""
        self._send_newest(Address(PORTFOLIO))
        user, portfolios = str(self.user_id), self._gateway.portfolios
        if portfolios.is_stale(user):
            self.send('portfolio_status', portfolios.status(user))

    def _send_stale_products(self) -> None:
        stale = self._gateway.market.stale_products()
        if self._batches and stale:
            self.send('feed_statuses', {'statuses': stale})
        elif not self._batches:
            for status in stale:
                self.send('feed_status', status)


def _view_in(address: Address) -> Dict[str, Any]:
    return {} if address.view is None else {'view': address.view.payload}


def _recovery(address: Address, sent: int, available: int) -> Dict[str, Any]:
    """What `subscribed` says to a client that resumes a room and gets its snapshot."""
    if (address.type not in ('chain', PORTFOLIO) and address.view is None) or sent == 0 or sent < available:
        return {'recovered': False}
    return {'recovered': True, 'replayed': sent, 'conflated': True}
