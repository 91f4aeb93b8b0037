"""The payloads of the gateway's other events, as frozen dataclasses with the field names of
docs/events.md.

Fields that are newer than this package are kept in `extra`. Timestamps are ISO 8601 strings; those
without a zone are in UTC.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, Mapping, Optional, Tuple

from .read_only import Extra, extra
from .updates import U
from .views import View


@dataclass(frozen=True)
class Limits:
    """What one client may ask for. The defaults are used if an older gateway does not give a limit.
    """

    max_symbols_per_request: int = 100
    #: Rooms that one connection may be in.
    max_subscriptions: int = 1000
    #: Size of one message.
    max_payload_bytes: int = 65_536
    max_symbol_length: int = 32
    #: Messages per second that the client may send on average, and how many at once. This package
    #: keeps to it.
    events_per_second: float = 50
    event_burst: int = 100
    #: The shortest interval of heartbeats, in milliseconds. `None`: the gateway is older than they are.
    heartbeat_ms: Optional[int] = None
    #: The most rows of a page of history, and for how many seconds prices are kept. `None`: the
    #: gateway is older than history is. 0 seconds: it keeps none.
    max_history_rows: Optional[int] = None
    history_seconds: Optional[int] = None
    max_connections_per_user: Optional[int] = None
    max_connections_per_ip: Optional[int] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class User:
    """The user that the gateway read from the token."""

    user_id: str
    role: Optional[str] = None
    #: In seconds since the epoch.
    expires_at: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class Connected:
    """Payload of `connected`, the first event of each connection."""

    client_id: str
    rooms: Tuple[str, ...]
    message: str = ''
    server_time: Optional[float] = None
    limits: Limits = Limits()
    user: Optional[User] = None
    #: The name of the replica that serves the connection. `None` if the gateway is older than this field.
    replica: Optional[str] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class RoomConfirmed:
    """Payload of `subscribed` and `unsubscribed`."""

    room: str
    message: str = ''
    #: False in `subscribed` if the gateway has no data of the room yet.
    known: bool = True
    #: The view that was granted. Only in `subscribed` for the room of a view.
    view: Optional[View] = None
    #: The granted interval of heartbeats, in milliseconds. Only for the room 'heartbeat'.
    every_ms: Optional[int] = None
    #: Only if the client asked to resume the room: whether it misses no update, how many come that
    #: it missed, and whether these are only the newest of each chain.
    recovered: Optional[bool] = None
    replayed: Optional[int] = None
    conflated: Optional[bool] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class Products:
    """Payload of `products`."""

    products: Tuple[str, ...]
    extra: Extra = extra()


@dataclass(frozen=True)
class Rooms:
    """Payload of `subscriptions`."""

    rooms: Tuple[str, ...]
    extra: Extra = extra()


@dataclass(frozen=True)
class RoomSnapshot:
    """Payload of `snapshot`: how many updates `get_snapshot` sent for a room. 0: the gateway knows
    nothing of the room.
    """

    room: str
    updates: int
    extra: Extra = extra()


@dataclass(frozen=True)
class FeedStatus:
    """Payload of `feed_status`: the price of a product has stopped, or continues."""

    product: str
    #: 'stale' or 'live'.
    status: str
    #: Timestamp of the newest update. `None`: there is none.
    last_update: Optional[str] = None
    #: How long ago that update was, in milliseconds.
    age_ms: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class FeedStatuses:
    """Payload of `feed_statuses`: every stale product, for a new connection. Handlers of
    `feed_status` are called for each too.
    """

    statuses: Tuple[FeedStatus, ...] = field(hash=False)
    extra: Extra = extra()


@dataclass(frozen=True)
class FeedGap:
    """Payload of `feed_gap`: the gateway was cut off from the feed.

    Of the updates published meanwhile, the client gets only the newest of each product and expiry.
    """

    #: When the feed was last known to deliver.
    since: str
    #: When it delivered again.
    until: str
    #: The only room that missed updates, for example 'portfolio'. `None`: any room may have.
    room: Optional[str] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class ChainStatus:
    """Payload of `chain_status`: a chain has stopped, or continues."""

    product: str
    #: `None`: the gateway knows no chain of the product.
    expiry: Optional[str]
    #: 'stale' or 'live'.
    status: str
    #: Timestamp of the newest update. `None`: there is none.
    last_update: Optional[str] = None
    #: How long ago that update was, in milliseconds.
    age_ms: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class PortfolioStatus:
    """Payload of `portfolio_status`: the portfolio of the client's own user has stopped, or continues."""

    #: 'stale', also if the gateway knows no portfolio of the user, or 'live'.
    status: str
    #: When the newest portfolio arrived. `None`: there is none.
    last_update: Optional[str] = None
    #: How long ago that was, in milliseconds.
    age_ms: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class Heartbeat:
    """Payload of `heartbeat`: the connection works, although no update came for a while."""

    #: In seconds since the epoch.
    server_time: float
    #: 'up', or 'down' if the gateway is cut off from the feed.
    feed: str
    #: 'open', or 'closed' if every market is.
    market: str
    #: How long the oldest update that the gateway has yet to write has been waiting, in milliseconds.
    queue_ms: float = 0
    extra: Extra = extra()


@dataclass(frozen=True)
class MarketStatus:
    """Payload of `market_status`: the phase of a market."""

    #: 'open', 'closed', 'pre' (before the opening) or 'halted'.
    status: str
    #: The product, if it has hours of its own. `None`: all products that have none.
    product: Optional[str] = None
    #: When the status ends. `None`: that is not known.
    until: Optional[str] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class LatencyProbe:
    """Payload of `latency_probe`, which the client answers by itself."""

    id: str
    #: When the gateway sent it, in seconds since the epoch.
    sent_at: float
    extra: Extra = extra()


@dataclass(frozen=True)
class Lagging:
    """Payload of `lagging`: the client reads too slowly, so the gateway left updates out."""

    #: Updates left out since the last such event.
    dropped: int
    #: Since when the client lags, in milliseconds.
    since_ms: float
    extra: Extra = extra()


@dataclass(frozen=True)
class TokenExpiring:
    """Payload of `token_expiring`. With a token callback, the client renews the token by itself."""

    expires_in_ms: float
    #: In seconds since the epoch.
    expires_at: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class TokenRefreshed:
    """Payload of `token_refreshed`: the gateway accepted a new token."""

    #: In seconds since the epoch.
    expires_at: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class Notice:
    """Payload of `notice`: a text from the operators, for the people who use the program."""

    #: 'info', 'warning' or 'critical'.
    level: str
    #: Plain text of at most 500 characters.
    text: str
    #: In seconds since the epoch.
    sent_at: float
    #: A page with more, as an https URL.
    link: Optional[str] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class ServerDraining:
    """Payload of `server_draining`: the replica shuts down soon, or hands over this client to
    another one. The client reconnects by itself.
    """

    #: When the gateway will close the connection.
    reconnect_in_ms: float
    extra: Extra = extra()


@dataclass(frozen=True)
class Closing:
    """Payload of `closing`, which comes right before the gateway closes the connection."""

    code: str
    message: str = ''
    #: Whether connecting again can help. The client does, or raises ConnectionClosed.
    reconnect: bool = True
    extra: Extra = extra()


@dataclass(frozen=True)
class ErrorEvent:
    """Payload of `error`: the gateway refused a request. `message` is for people, `code` for
    programs.
    """

    message: str
    code: str = 'INTERNAL_ERROR'
    #: The request that was refused, for example 'subscribe'.
    event: Optional[str] = None
    #: A mapping with `field` and `problem` for each fault that the gateway names.
    details: Tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    #: When the request may be sent again, in milliseconds from now.
    retry_after_ms: Optional[float] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class Staleness:
    """Payload of this package's own event `stale`: the staleness of a subscribed product has
    changed.
    """

    product: str
    stale: bool
    #: What the gateway said of the product. `None`: it is stale because the connection or the
    #: subscription is missing.
    status: Optional[FeedStatus] = None


@dataclass(frozen=True)
class Gap:
    """Payload of this package's own event `gap`: updates of a product may be missing before those
    that follow, because the gateway could not replay what the client missed while it was not
    connected.
    """

    product: str
    room: str
    #: The `timestamp` of the last update before the gap.
    since: str


@dataclass(frozen=True)
class Snapshot(Generic[U]):
    """What `snapshot()` returns: the newest known updates of some rooms."""

    #: The newest update of each product and expiry.
    updates: Tuple[U, ...]
    #: How many updates the gateway has of each room, by its name. 0: it knows nothing of the room.
    rooms: Mapping[str, int] = field(hash=False)
