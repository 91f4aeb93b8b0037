"""The rooms that this client wants or is still in, and what it knows of each."""
from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from typing import Any, Dict, Hashable, Iterable, List, Optional, Protocol, Sequence, Set, TypeVar, Union

from .addresses import GENERAL, Address
from .errors import GatewayError, SubscriptionError
from .payloads import Gap
from .updates import AnyUpdate, ChainUpdate, ChainView

#: Updates that one room keeps, at most: `general` has one for each product and chain.
MAX_LATEST = 10_000
#: Rooms that a `repr` names.
MAX_SHOWN = 5
Chain = Union[ChainUpdate, ChainView]
CHAINS = (ChainUpdate, ChainView)


K = TypeVar('K', bound=Hashable)


class Membership(Enum):
    """Whether this connection is in a room, as far as the gateway has confirmed it."""

    OUT = 'out'
    JOINING = 'joining'
    IN = 'in'
    LEAVING = 'leaving'


class Subscriber(Protocol):
    """A subscription, as far as its rooms use it."""

    def push(self, key: Optional[Hashable], update: Any) -> None:
        """Takes an update of the room. `key` is its event and view, product and expiry. `None`: no later
        update may replace it.
        """

    def missed(self, gap: Gap) -> None:
        """Takes that updates of the room may be missing."""

    def forget(self, key: Hashable) -> None:
        """Drops the update with this key, also from iterations that have not come to it."""

    def end(self, error: Optional[GatewayError]) -> None:
        """Ends the iterations of the subscription, which then raise `error`."""


class Room:
    """One room, with its subscriptions and its newest updates."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.name = address.room
        self.subscribers: Set[Subscriber] = set()
        #: Whether it is wanted even without a subscription. By default, `general` is.
        self.always = False
        self.latest: OrderedDict[Hashable, AnyUpdate] = OrderedDict()
        #: The time of its newest price when the connection was lost, or when the last request for
        #: it was made, until the gateway has resumed the room.
        self.since: Optional[str] = None
        self.reset(Membership.OUT)

    def reset(self, membership: Membership) -> None:
        """Forgets all refusals, for example because there is a new connection."""
        self.membership = membership
        self.error: Optional[SubscriptionError] = None
        #: The known product that the gateway suggests in place of an unknown one.
        self.suggestion: Optional[str] = None
        #: When to ask again after a temporary refusal, in seconds on the core's clock.
        self.retry_at = 0.0
        self.attempts = 0
        #: How many rooms may share a request with this one. Each refusal halves it, until the
        #: refused room has a request of its own.
        self.max_batch: Optional[int] = None

    @property
    def wanted(self) -> bool:
        return self.always or bool(self.subscribers)

    @property
    def resumable(self) -> bool:
        """Whether the gateway can replay what was missed. The snapshots of chains and of views are
        complete.
        """
        return self.address.type == 'product' and self.address.view is None

    @property
    def resuming(self) -> bool:
        """Whether the gateway has yet to say if it resumes the room. Not so if it has put off the
        room, because it does not know the product yet.
        """
        postponed = self.attempts == 0 and self.retry_at > 0
        return self.since is not None and self.wanted and self.error is None and not postponed

    def note_since(self) -> Optional[str]:
        """Sets `since` to the time of its newest price, if it is resumable."""
        price = self.latest.get(('underlying_update', self.address.symbol, None)) if self.resumable else None
        self.since = None if price is None else price.timestamp
        return self.since

    def keep(self, key: Hashable, update: AnyUpdate) -> bool:
        """Stores an update. Returns False if the room already has exactly this one."""
        if self.latest.get(key) == update:
            return False
        self.latest[key] = update
        self.latest.move_to_end(key)
        if isinstance(update, CHAINS):
            self._forget_expired(update)
        while len(self.latest) > MAX_LATEST:
            self.latest.popitem(last=False)
        return True

    def _forget_expired(self, newest: Chain) -> None:
        """Drops the chains whose expiry has passed.

        Like the gateway, it takes the date from the feed and not from a clock, so that a recording
        behaves as it did on its day.
        """
        today = newest.timestamp[:10]
        for key, update in list(self.latest.items()):
            if isinstance(update, CHAINS) and update is not newest and update.expiry < today:
                del self.latest[key]


class RoomTable(Dict[str, Room]):
    """All rooms by name, which are found by product and by their messages as well."""

    def __init__(self) -> None:
        super().__init__()
        #: By product; those of `general` and the portfolio by `None`.
        self._of_product: Dict[Optional[str], Set[Room]] = {}
        #: Those with a limit of their rate, by the room that has the same messages without.
        self._limited: Dict[str, Set[Room]] = {}
        self.open(Address(GENERAL))

    def open(self, address: Address) -> Room:
        """Returns the room of an address, and adds it if it is not there yet."""
        room = self.get(address.room)
        if room is None:
            room = self[address.room] = Room(address)
            self._of_product.setdefault(address.symbol, set()).add(room)
            if room.name != address.feed:
                self._limited.setdefault(address.feed, set()).add(room)
        return room

    def fed_by(self, feeds: Iterable[str]) -> List[Room]:
        """Returns the rooms with these names, and those that have their messages at a limited rate."""
        found: List[Room] = []
        for feed in feeds:
            room = self.get(feed)
            if room is not None:
                found.append(room)
            found += self._limited.get(feed, ())
        return found

    def others_of(self, room: Room) -> List[Room]:
        """Returns the room of which this is a view, and the other views of it."""
        same = self._of_product.get(room.address.symbol, ())
        return [other for other in same if other is not room and other.address.base == room.address.base]

    @property
    def in_general(self) -> bool:
        """Whether the connection is in `general` or in a view of it."""
        return any(room.membership is Membership.IN for room in self._of_product[None] if room.address.type == GENERAL)

    def wanted_of(self, product: str) -> List[Room]:
        """Returns the rooms of a product that are wanted."""
        return [room for room in self._of_product.get(product, ()) if room.wanted]

    def remove_if_unused(self, room: Room) -> None:
        """Drops the updates of a room that is not wanted, and the room itself once the gateway has
        confirmed the leave.
        """
        if room.wanted or room.name == GENERAL:
            return
        if room.since is None:  # No snapshot follows for a subscription that comes while it is resumed.
            room.latest.clear()
        if room.membership is Membership.OUT and self.get(room.name) is room:
            del self[room.name]
            _discard(self._of_product, room.address.symbol, room)
            _discard(self._limited, room.address.feed, room)


def _discard(index: Dict[K, Set[Room]], key: K, room: Room) -> None:
    rooms = index.get(key)
    if rooms is not None:
        rooms.discard(room)
        if not rooms:
            del index[key]


def shown_names(names: Sequence[str]) -> str:
    """The first names, and how many more there are. A subscription may be to thousands."""
    more = len(names) - MAX_SHOWN
    return ' '.join(names) if more <= 0 else f'{" ".join(names[:MAX_SHOWN])} and {more} more'
