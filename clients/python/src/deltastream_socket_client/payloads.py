"""The contract's payloads as frozen dataclasses. Fields that are newer than this package are kept in `extra`."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Callable, Dict, FrozenSet, Generic, Mapping, Optional, Tuple, Type, TypeVar, Union

from .errors import PayloadError
from .read_only import ReadOnly
from .timestamps import to_datetime

Extra = Mapping[str, Any]
NOTHING: Extra = ReadOnly()
P = TypeVar('P')


def extra() -> Any:
    return field(default_factory=lambda: NOTHING, hash=False)


@dataclass(frozen=True)
class UnderlyingUpdate:
    """One enriched price of a product."""

    product: str
    price: float
    #: When the tick was made, ISO 8601 without a zone (UTC). Orders the updates of a product.
    timestamp: str
    processed_at: Optional[str] = None
    type: str = 'UNDERLYING_ENRICHED'
    extra: Extra = extra()

    @property
    def time(self) -> datetime:
        return to_datetime(self.timestamp)


@dataclass(frozen=True)
class OptionLeg:
    """One option of a chain; `strike` is always there, the rest as the platform computes it."""

    strike: float
    symbol: Optional[str] = None
    product: Optional[str] = None
    expiry: Optional[str] = None
    option_type: Optional[str] = None
    bid: Optional[float] = None
    ask: Optional[float] = None
    last: Optional[float] = None
    volume: Optional[float] = None
    open_interest: Optional[float] = None
    delta: Optional[float] = None
    gamma: Optional[float] = None
    vega: Optional[float] = None
    theta: Optional[float] = None
    #: Implied volatility as a fraction: 0.2293 is 22.93 %.
    iv: Optional[float] = None
    timestamp: Optional[str] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class ChainSummary:
    """The light extract of a chain that everybody in `general` gets."""

    product: str
    expiry: str
    spot_price: float
    pcr_oi: float
    pcr_volume: float
    max_pain_strike: float
    atm_straddle_price: Optional[float]
    timestamp: str
    extra: Extra = extra()

    @property
    def time(self) -> datetime:
        return to_datetime(self.timestamp)


@dataclass(frozen=True)
class ChainUpdate:
    """The full option chain of one product and one expiry."""

    product: str
    expiry: str
    spot_price: float
    pcr_oi: float
    pcr_volume: float
    max_pain_strike: float
    atm_straddle_price: Optional[float]
    timestamp: str
    calls: Tuple[OptionLeg, ...]
    puts: Tuple[OptionLeg, ...]
    #: Every strike of the legs once, ascending.
    strikes: Tuple[float, ...]
    atm_strike: Optional[float] = None
    total_call_oi: Optional[float] = None
    total_put_oi: Optional[float] = None
    call_buildup_otm: Optional[float] = None
    put_buildup_otm: Optional[float] = None
    processed_at: Optional[str] = None
    extra: Extra = extra()

    @property
    def time(self) -> datetime:
        return to_datetime(self.timestamp)


Update = Union[UnderlyingUpdate, ChainSummary, ChainUpdate]
U = TypeVar('U', bound=Update)


@dataclass(frozen=True)
class Limits:
    """What one client may ask. Defaults stand in for what an older gateway does not say."""

    max_symbols_per_request: int = 100
    max_subscriptions: int = 1000
    max_payload_bytes: int = 65_536
    max_symbol_length: int = 32
    events_per_second: float = 50
    event_burst: int = 100
    max_connections_per_user: Optional[int] = None
    max_connections_per_ip: Optional[int] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class User:
    user_id: str
    role: Optional[str] = None
    #: Seconds since the epoch.
    expires_at: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class Connected:
    client_id: str
    rooms: Tuple[str, ...]
    message: str = ''
    server_time: Optional[float] = None
    limits: Limits = Limits()
    user: Optional[User] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class RoomConfirmed:
    """Payload of `subscribed` and `unsubscribed`."""

    room: str
    message: str = ''
    #: `False` in `subscribed`: nothing of the room is known yet.
    known: bool = True
    extra: Extra = extra()


@dataclass(frozen=True)
class Products:
    products: Tuple[str, ...]
    extra: Extra = extra()


@dataclass(frozen=True)
class Rooms:
    """Payload of `subscriptions`."""

    rooms: Tuple[str, ...]
    extra: Extra = extra()


@dataclass(frozen=True)
class RoomSnapshot:
    """How many updates `get_snapshot` sent for a room; 0: nothing is known of it."""

    room: str
    updates: int
    extra: Extra = extra()


@dataclass(frozen=True)
class FeedStatus:
    product: str
    #: 'stale' or 'live'.
    status: str
    last_update: Optional[str] = None
    age_ms: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class FeedStatuses:
    """Everything that is stale, as the gateway says it to a new connection. Each is told as `feed_status` too."""

    statuses: Tuple[FeedStatus, ...] = field(hash=False)
    extra: Extra = extra()


@dataclass(frozen=True)
class FeedGap:
    """The replica was cut off from the feed: updates published meanwhile are not sent later, but the newest of each stream is."""

    #: When the feed was last known to deliver, ISO 8601.
    since: str
    #: When it delivered again, ISO 8601.
    until: str
    extra: Extra = extra()


@dataclass(frozen=True)
class ChainStatus:
    product: str
    #: Of which chain; `None`: no chain of the product is known.
    expiry: Optional[str]
    #: 'stale' or 'live'.
    status: str
    last_update: Optional[str] = None
    age_ms: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class Lagging:
    dropped: int
    since_ms: float
    extra: Extra = extra()


@dataclass(frozen=True)
class TokenExpiring:
    expires_in_ms: float
    expires_at: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class TokenRefreshed:
    expires_at: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class ServerDraining:
    reconnect_in_ms: float
    extra: Extra = extra()


@dataclass(frozen=True)
class Closing:
    code: str
    message: str = ''
    #: Whether to connect again.
    reconnect: bool = True
    extra: Extra = extra()


@dataclass(frozen=True)
class ErrorEvent:
    """Payload of `error`: a request that was not done."""

    message: str
    code: str = 'INTERNAL_ERROR'
    event: Optional[str] = None
    details: Tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    retry_after_ms: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class Staleness:
    """Of this package: whether the prices of a subscribed product can be relied on, told whenever that changes."""

    product: str
    stale: bool
    #: Why: what the gateway said of the product, or `None` where the connection or the subscription is missing.
    status: Optional[FeedStatus] = None


@dataclass(frozen=True)
class Snapshot(Generic[U]):
    """Answer of `snapshot()`: the newest known updates of the rooms asked for, none of which was joined."""

    updates: Tuple[U, ...]
    #: Updates that the gateway has, by room. 0: it knows nothing of the room.
    rooms: Mapping[str, int] = field(hash=False)


def _legs(value: Any) -> Tuple[OptionLeg, ...]:
    return tuple(read(OptionLeg, leg) for leg in value)


#: How the fields that are no plain values are read, by class.
_NESTED: Dict[type, Dict[str, Callable[[Any], Any]]] = {
    ChainUpdate: {'calls': _legs, 'puts': _legs, 'strikes': tuple},
    Connected: {
        'rooms': tuple,
        'limits': lambda value: read(Limits, value or {}),
        'user': lambda value: value and read(User, value),
    },
    Products: {'products': tuple},
    Rooms: {'rooms': tuple},
    FeedStatuses: {'statuses': lambda value: tuple(read(FeedStatus, status) for status in value)},
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
    """A payload from parsed JSON.

    Raises PayloadError where it is no object, or a field that the contract promises is missing.
    """
    shape = _SHAPES.get(cls)
    if shape is None:
        shape = _SHAPES[cls] = _Shape(cls)
    if not isinstance(data, dict) or not shape.required <= data.keys():
        missing = sorted(shape.required - data.keys()) if isinstance(data, dict) else 'an object'
        raise PayloadError(f'{cls.__name__}: {missing} expected')
    # Not by __init__: that of a frozen class costs five times as much, and a chain has hundreds of legs.
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


#: What the gateway sends, by event.
SERVER_EVENTS: Mapping[str, type] = MappingProxyType(
    {
        'connected': Connected,
        'subscribed': RoomConfirmed,
        'unsubscribed': RoomConfirmed,
        'products': Products,
        'subscriptions': Rooms,
        'snapshot': RoomSnapshot,
        'underlying_update': UnderlyingUpdate,
        'chain_summary': ChainSummary,
        'chain_update': ChainUpdate,
        'feed_status': FeedStatus,
        'feed_statuses': FeedStatuses,
        'feed_gap': FeedGap,
        'chain_status': ChainStatus,
        'lagging': Lagging,
        'token_expiring': TokenExpiring,
        'token_refreshed': TokenRefreshed,
        'server_draining': ServerDraining,
        'closing': Closing,
        'error': ErrorEvent,
    }
)
