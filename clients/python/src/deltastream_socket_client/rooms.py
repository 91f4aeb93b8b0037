"""What may be subscribed to, and what is known of each such room."""
from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Dict, Hashable, Iterable, Optional, Set, Tuple, Union

from .errors import SubscriptionError
from .payloads import ChainUpdate, Update

if TYPE_CHECKING:
    from .handle import Handle

GENERAL = 'general'
Symbols = Union[str, Iterable[str]]

#: Updates of one room that are kept: `general` has one of each product and chain.
MAX_LATEST = 10_000


@dataclass(frozen=True)
class Address:
    type: str
    symbol: Optional[str] = None
    expiry: Optional[str] = None

    @property
    def room(self) -> str:
        if self.type == GENERAL:
            return GENERAL
        return f'{self.type}:{self.symbol}' if self.expiry is None else f'{self.type}:{self.symbol}:{self.expiry}'


def addresses(
    type: str, symbol: Optional[Symbols] = None, expiry: Optional[str] = None, symbols: Iterable[str] = ()
) -> Tuple[Address, ...]:
    """The rooms that a request names. What the gateway would refuse is left for it to refuse; what names no room is not.

    Raises ValueError, or TypeError for what is no text.
    """
    named = [symbol] if isinstance(symbol, str) else list(symbol or ())
    named += [symbols] if isinstance(symbols, str) else list(symbols)
    if any(not isinstance(name, str) for name in named):
        raise TypeError('symbols must be text')
    if type == GENERAL:
        if named or expiry is not None:
            raise ValueError('general takes neither symbol nor expiry')
        return (Address(GENERAL),)
    if type not in ('product', 'chain'):
        raise ValueError(f"type must be 'product', 'chain' or 'general', not {type!r}")
    if expiry is not None and type != 'chain':
        raise ValueError('only a chain has an expiry')
    if not named:
        raise ValueError(f'a {type} subscription needs a symbol')
    return tuple(Address(type, name, expiry) for name in dict.fromkeys(named))


def payload_of(batch: Iterable[Address]) -> Dict[str, Any]:
    """The request for rooms of one type and expiry."""
    named = list(batch)
    payload: Dict[str, Any] = {'type': named[0].type}
    if len(named) > 1:
        payload['symbols'] = [address.symbol for address in named]
    elif named[0].symbol is not None:
        payload['symbol'] = named[0].symbol
    if named[0].expiry is not None:
        payload['expiry'] = named[0].expiry
    return payload


def rooms_of(event: str, product: str, expiry: Optional[str]) -> Tuple[str, ...]:
    """The rooms that carry an update."""
    if event == 'underlying_update':
        return (GENERAL, f'product:{product}')
    if event == 'chain_summary':
        return (GENERAL,)
    return (f'chain:{product}', f'chain:{product}:{expiry}')


class Membership(Enum):
    """Whether this connection is in the room, as far as the gateway has said so."""

    OUT = 'out'
    JOINING = 'joining'
    IN = 'in'
    LEAVING = 'leaving'


class Room:
    """A room that somebody wants, or that is still to be left."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.name = address.room
        self.handles: Set[Handle[Any]] = set()
        #: Wanted without a handle: `general`, by default.
        self.always = False
        self.latest: OrderedDict[Hashable, Update] = OrderedDict()
        self.reset(Membership.OUT)

    def reset(self, membership: Membership) -> None:
        """For a new connection, where nothing is asked or refused yet."""
        self.membership = membership
        self.error: Optional[SubscriptionError] = None
        #: The known product that the gateway suggests in place of an unknown one.
        self.suggestion: Optional[str] = None
        #: When to ask again after a refusal that passes, by the core's clock.
        self.retry_at = 0.0
        self.attempts = 0
        #: Rooms that may share a request with this one: halved by each refusal, until the room at fault is alone.
        self.max_batch: Optional[int] = None

    @property
    def wanted(self) -> bool:
        return self.always or bool(self.handles)

    def keep(self, key: Hashable, update: Update) -> bool:
        """False where the room has just this update."""
        if self.latest.get(key) == update:
            return False
        self.latest[key] = update
        self.latest.move_to_end(key)
        if isinstance(update, ChainUpdate):
            self._forget_expired(update)
        while len(self.latest) > MAX_LATEST:
            self.latest.popitem(last=False)
        return True

    def _forget_expired(self, newest: ChainUpdate) -> None:
        """An expiry is over by the feed's own time, as at the gateway: a recording behaves as on its day."""
        today = newest.timestamp[:10]
        for key, update in list(self.latest.items()):
            if isinstance(update, ChainUpdate) and update is not newest and update.expiry < today:
                del self.latest[key]
