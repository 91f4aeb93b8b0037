"""What a subscription knows, whether its program waits with threads or with asyncio."""
from __future__ import annotations

import weakref
from typing import Callable, Dict, Generic, Hashable, List, Optional, Tuple, cast

from .conflating_queue import MAX_EVERY_PRICE, MAX_ITEMS, ConflatingQueue
from .errors import GatewayError, SubscriptionError
from .payloads import Gap
from .rooms import CHAINS, Chain, Membership, Room
from .timestamps import parse_micros
from .updates import AnyUpdate, U


class Handle(Generic[U]):
    """The state of one subscription, which the core updates and both clients' subscriptions read.
    """

    def __init__(
        self,
        rooms: Tuple[Room, ...],
        is_room_stale: Callable[[Room], bool],
        suggestion_at: Callable[[Room], Optional[str]],
        has_every_price: Callable[[], bool] = lambda: False,
    ) -> None:
        self.rooms = rooms
        self._is_room_stale = is_room_stale
        self._suggestion_at = suggestion_at
        self._has_every_price = has_every_price
        self.closed = False
        #: Why the subscription ended, if its owner did not end it.
        self.ended_with: Optional[GatewayError] = None
        self.latest: Optional[U] = None
        #: The last of its gaps.
        self.gap: Optional[Gap] = None
        # Weak references: an iteration that was left with `break` must not go on collecting
        # updates.
        self._queues: weakref.WeakSet[ConflatingQueue[U]] = weakref.WeakSet()

    @property
    def error(self) -> Optional[SubscriptionError]:
        """The refusal of the first room that was refused."""
        return next((room.error for room in self.rooms if room.error is not None), None)

    @property
    def ready(self) -> bool:
        """Whether the gateway has confirmed every room on the present connection."""
        return all(room.membership is Membership.IN for room in self.rooms)

    @property
    def stale(self) -> bool:
        """Whether any of its prices must not be relied on."""
        if self.closed or not self.ready:
            return True
        return any(self._is_room_stale(room) for room in self.rooms)

    @property
    def suggestions(self) -> Dict[str, str]:
        found = ((str(room.address.symbol), self._suggestion_at(room)) for room in self.rooms)
        return {symbol: suggestion for symbol, suggestion in found if suggestion is not None}

    @property
    def updates(self) -> Tuple[U, ...]:
        """The newest update of each product and expiry."""
        newest: Dict[Hashable, U] = {}
        for room in self.rooms:
            newest.update(cast('Dict[Hashable, U]', room.latest))
        return tuple(newest.values())

    @property
    def latest_by_expiry(self) -> Dict[str, U]:
        """The newest chain of each expiry, the nearest expiry first. The keys name the product too if
        the subscription is to several.
        """
        updates: Tuple[AnyUpdate, ...] = self.updates
        chains: List[Chain] = [update for update in updates if isinstance(update, CHAINS)]
        chains.sort(key=lambda chain: (chain.expiry, chain.product))
        several = len({room.address.symbol for room in self.rooms}) > 1
        return {f'{chain.product}:{chain.expiry}' if several else chain.expiry: cast('U', chain) for chain in chains}

    def latest_of(self, symbol: str, expiry: Optional[str]) -> Optional[U]:
        """The newest update of a product and expiry. Without an expiry, of any."""
        newest: Optional[U] = None
        for update in self.updates:
            if getattr(update, 'product', None) == symbol and expiry in (None, getattr(update, 'expiry', None)):
                if newest is None or (parse_micros(update.timestamp) or 0) > (parse_micros(newest.timestamp) or 0):
                    newest = update
        return newest

    def push(self, key: Optional[Hashable], update: U) -> None:
        """Takes an update of one of its rooms. Without a key, no later update replaces it."""
        self.latest = update
        for queue in list(self._queues):
            queue.put(key, update)

    def move(self, rooms: Tuple[Room, ...]) -> None:
        """Exchanges its rooms for other views of them. Of what these already have, it takes what is not
        older than what it had.
        """
        shown = {_subject_of(update): parse_micros(update.timestamp) for update in self.updates}
        self.rooms = rooms
        for room in rooms:
            for key, update in room.latest.items():
                before = shown.get(_subject_of(update))
                if before is None or before <= (parse_micros(update.timestamp) or before):
                    self.push(key, cast('U', update))

    def forget(self, key: Hashable) -> None:
        """Drops its newest update, whose key this is, also from its iterations."""
        self.latest = None
        for queue in list(self._queues):
            queue.discard(key)

    def missed(self, gap: Gap) -> None:
        self.gap = gap

    def open_queue(self, notify: Callable[[], None]) -> ConflatingQueue[U]:
        """Returns a queue for one iteration. It begins with the newest update of each product and
        expiry.
        """
        queue: ConflatingQueue[U] = ConflatingQueue(notify, MAX_EVERY_PRICE if self._has_every_price() else MAX_ITEMS)
        for room in self.rooms:
            for key, update in room.latest.items():
                queue.put(key, cast('U', update))
        error = self.error or self.ended_with
        if self.closed or error:
            queue.end(error)
        else:
            self._queues.add(queue)
        return queue

    def end(self, error: Optional[GatewayError]) -> None:
        """Ends its iterations. They raise `error` if there is one."""
        if self.closed:
            self.ended_with = error
        for queue in list(self._queues):
            queue.end(error)
        self._queues = weakref.WeakSet()


def _subject_of(update: AnyUpdate) -> Tuple[Optional[str], Optional[str]]:
    """Returns the product and the expiry of an update."""
    return getattr(update, 'product', None), getattr(update, 'expiry', None)
