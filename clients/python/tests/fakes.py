"""A clock and a gateway that a test controls by hand."""
from __future__ import annotations

import contextlib
import functools
import itertools
import json
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union
from unittest import mock

from deltastream_socket_client.addresses import parse_addresses
from deltastream_socket_client.core import Core
from deltastream_socket_client.reconnect import ReconnectPolicy
from deltastream_socket_client.room_requests import RoomRequest
from deltastream_socket_client.testing.fake_gateway import DEFAULT_LIMITS
from deltastream_socket_client.views import View
from deltastream_socket_client.watchdog import HeartbeatRequest

from . import recorded

Request = Union[RoomRequest, HeartbeatRequest]

LIMITS: Dict[str, Any] = {**DEFAULT_LIMITS, 'max_symbols_per_request': 3, 'max_connections_per_user': None}


def stamp(n: int) -> str:
    """The `n`-th microsecond of a day, as the platform writes it."""
    return f'2026-11-22T04:{n // 60_000_000:02}:{n // 1_000_000 % 60:02}.{n % 1_000_000:06}'


def price(product: str, n: int, **more: Any) -> Dict[str, Any]:
    times = {'timestamp': stamp(n), 'processed_at': stamp(n)}
    return {'type': 'UNDERLYING_ENRICHED', 'product': product, 'price': n, **times, **more}


def chain(product: str, n: int, expiry: str = '2026-11-26', **more: Any) -> Dict[str, Any]:
    leg = {'strike': 21500, 'option_type': 'CALL', 'iv': 0.2293, 'rho': 1.5}
    return {
        'product': product,
        'expiry': expiry,
        'spot_price': n,
        'pcr_oi': 0.9,
        'pcr_volume': 1.0,
        'max_pain_strike': 21400,
        'atm_straddle_price': None,
        'timestamp': stamp(n),
        'calls': [leg],
        'puts': [],
        'strikes': [21500],
        **more,
    }


def chain_view(product: str, n: int, expiry: str = '2026-11-26', **view: Any) -> Dict[str, Any]:
    """The `n`-th view of a chain of two strikes, one of them without a put."""
    update = chain(product, n, expiry)
    del update['calls'], update['puts']
    columns = {'calls': {'last': [700.5, 650]}, 'puts': {'last': [188.79, None]}}
    return {**update, 'view': view or {'mode': 'ltp'}, 'strikes': [21000, 21050], **columns}


def portfolio(n: int, user_id: Any = '42', **more: Any) -> Dict[str, Any]:
    return {'user_id': user_id, 'timestamp': stamp(n), 'positions': [{'symbol': 'NIFTY', 'quantity': n}], **more}


@contextlib.contextmanager
def quick_reconnects() -> Iterator[None]:
    """Clients that are made meanwhile wait only a tenth as long before they reconnect."""
    quick = functools.partial(ReconnectPolicy, base=0.05)
    with mock.patch('deltastream_socket_client.sync_client.ReconnectPolicy', quick):
        with mock.patch('deltastream_socket_client.async_client.ReconnectPolicy', quick):
            yield


class RecordedCore(Core):
    """Records what the fake gateway sends and receives like a real one's, so that it cannot drift
    from the contract.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._ids: Dict[Request, int] = {}
        self._next_id = itertools.count(1)

    def receive(self, event: str, data: Any) -> None:
        if not recorded.mistaken:
            recorded.received(self, f'2{json.dumps([event, data])}')
        super().receive(event, data)

    def take_requests(self) -> Tuple[List[Request], Optional[float]]:
        requests, later = super().take_requests()
        for request in requests:
            self._ids[request] = next(self._next_id)
            recorded.sent(self, f'2{self._ids[request]}{json.dumps([request.event, request.payload])}')
        return requests, later

    def answered(self, request: Request, answer: Any) -> None:
        if answer is not None:
            recorded.received(self, f'3{self._ids[request]}{json.dumps([answer])}')
        super().answered(request, answer)


class World:
    """A core, its clock, and what its handlers were called with."""

    def __init__(self, general: bool = True) -> None:
        self.now = 1000.0
        self.told: List[Tuple[str, Any]] = []
        self.core = RecordedCore(lambda event, payload, key: self.told.append((event, payload)), general, lambda: self.now)

    def connect(self, rooms: Tuple[str, ...] = ('general',), user: Optional[Dict[str, Any]] = None, **limits: Any) -> None:
        self.core.opening()
        welcome = {'message': '', 'client_id': 'c', 'replica': 'r', 'rooms': list(rooms), 'server_time': 0, 'user': user}
        self.core.receive('connected', {**welcome, 'limits': {**LIMITS, **limits}})

    def subscribe(self, type: str, symbol: Any = None, expiry: Optional[str] = None, view: Optional[View] = None) -> Any:
        return self.core.subscribe(parse_addresses(type, symbol, expiry, view=view))

    def requests(self) -> List[RoomRequest]:
        return [request for request in self.core.take_requests()[0] if isinstance(request, RoomRequest)]

    def sent(self) -> List[Tuple[str, Dict[str, Any]]]:
        """Takes the requests that are due, and confirms them."""
        requests = self.requests()
        for request in requests:
            self.confirm(request)
        return [(request.event, request.payload) for request in requests]

    def confirm(self, request: RoomRequest) -> None:
        for left in request.replaced:
            self.core.receive('unsubscribed', {'room': left.name, 'message': ''})
        asked = request.rooms[0].address.view
        granted = {} if asked is None or request.event == 'unsubscribe' else {'view': asked.payload}
        for room in request.rooms:
            self.core.receive(f'{request.event}d', {'room': room.name, 'message': '', **granted})
        self.core.answered(request, {'ok': True, 'rooms': [room.name for room in request.rooms], **granted})

    def refuse(self, request: RoomRequest, code: str, **more: Any) -> None:
        self.core.answered(request, {'ok': False, 'error': {'code': code, 'message': 'no', 'event': 'subscribe', **more}})

    def payloads(self, event: str) -> List[Any]:
        return [payload for name, payload in self.told if name == event]
