"""Makes payloads from what the gateway sends."""
from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import Any, Callable, Dict, FrozenSet, Mapping, Optional, Tuple, Type, TypeVar

from .errors import PayloadError
from .history import History, HistoryRow
from .payloads import (
    ChainStatus,
    Closing,
    Connected,
    ErrorEvent,
    FeedGap,
    FeedStatus,
    FeedStatuses,
    Heartbeat,
    Lagging,
    LatencyProbe,
    Limits,
    MarketStatus,
    Notice,
    PortfolioStatus,
    Products,
    RoomConfirmed,
    Rooms,
    RoomSnapshot,
    ServerDraining,
    TokenExpiring,
    TokenRefreshed,
    User,
)
from .read_only import NOTHING, ReadOnly
from .updates import ChainSummary, ChainUpdate, ChainView, Columns, OptionLeg, PortfolioUpdate, UnderlyingUpdate
from .views import View

P = TypeVar('P')


def _legs(value: Any) -> Tuple[OptionLeg, ...]:
    return tuple(read(OptionLeg, leg) for leg in value)


def _columns(value: Any) -> Columns:
    if not isinstance(value, dict):
        raise TypeError('not an object')
    return ReadOnly({name: tuple(column) for name, column in value.items()})


def _view(value: Any) -> Optional[View]:
    return None if value is None else read(View, value)


def _rows(value: Any) -> Optional[Tuple[HistoryRow, ...]]:
    return None if value is None else tuple(tuple(row) for row in value)


#: How to read the fields that are not plain values, by class.
_NESTED: Dict[type, Dict[str, Callable[[Any], Any]]] = {
    ChainUpdate: {'calls': _legs, 'puts': _legs, 'strikes': tuple},
    ChainView: {'view': lambda value: read(View, value), 'strikes': tuple, 'calls': _columns, 'puts': _columns},
    RoomConfirmed: {'view': _view},
    Connected: {
        'rooms': tuple,
        'limits': lambda value: read(Limits, value or {}),
        'user': lambda value: value and read(User, value),
    },
    Products: {'products': tuple},
    Rooms: {'rooms': tuple},
    FeedStatuses: {'statuses': lambda value: tuple(read(FeedStatus, status) for status in value)},
    History: {'columns': tuple, 'updates': _rows, 'bars': _rows, 'gaps': tuple},
    ErrorEvent: {'details': lambda value: tuple(value or ())},
}


class _Shape:
    def __init__(self, cls: type) -> None:
        fields = [f for f in dataclasses.fields(cls) if f.name != 'extra']
        self.names: FrozenSet[str] = frozenset(f.name for f in fields)
        self.required = frozenset(f.name for f in fields if f.default is dataclasses.MISSING)
        self.defaults = {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}
        self.defaults['extra'] = NOTHING
        self.nested = _NESTED.get(cls, {})


_SHAPES: Dict[type, _Shape] = {}


def read(cls: Type[P], data: Any) -> P:
    """Makes a payload from parsed JSON.

    Raises PayloadError if it is not an object, or if a field that the contract promises is missing.
    """
    shape = _SHAPES.get(cls)
    if shape is None:
        shape = _SHAPES[cls] = _Shape(cls)
    if not isinstance(data, dict) or not shape.required <= data.keys():
        if not isinstance(data, dict):
            raise PayloadError(f'{cls.__name__} must be an object, not {type(data).__name__}')
        raise PayloadError(f'{cls.__name__} lacks {", ".join(sorted(shape.required - data.keys()))}')
    # Calling the class takes five times as long, because it is frozen, and a chain has hundreds of
    # legs.
    payload = object.__new__(cls)
    values = payload.__dict__
    values.update(shape.defaults)
    values.update(data)
    others = data.keys() - shape.names
    if others:
        values['extra'] = ReadOnly({name: values.pop(name) for name in others if name in values})
    for name, convert in shape.nested.items():
        if name in data:
            try:
                values[name] = convert(values[name])
            except TypeError as error:
                raise PayloadError(f'{cls.__name__}: {name} is malformed') from error
    return payload


#: The payload's class of each event that the gateway sends.
SERVER_EVENTS: Mapping[str, type] = MappingProxyType(
    {
        'connected': Connected,
        'subscribed': RoomConfirmed,
        'unsubscribed': RoomConfirmed,
        'products': Products,
        'subscriptions': Rooms,
        'snapshot': RoomSnapshot,
        'history': History,
        'underlying_update': UnderlyingUpdate,
        'chain_summary': ChainSummary,
        'chain_update': ChainUpdate,
        'chain_view': ChainView,
        'feed_status': FeedStatus,
        'feed_statuses': FeedStatuses,
        'feed_gap': FeedGap,
        'chain_status': ChainStatus,
        'portfolio_update': PortfolioUpdate,
        'portfolio_status': PortfolioStatus,
        'heartbeat': Heartbeat,
        'market_status': MarketStatus,
        'latency_probe': LatencyProbe,
        'lagging': Lagging,
        'token_expiring': TokenExpiring,
        'token_refreshed': TokenRefreshed,
        'notice': Notice,
        'server_draining': ServerDraining,
        'closing': Closing,
        'error': ErrorEvent,
    }
)
