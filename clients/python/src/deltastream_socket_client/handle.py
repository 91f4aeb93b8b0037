"""What a subscription knows, apart from how its owner waits for it."""
from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Callable, Dict, Generic, Hashable, Optional, Tuple, cast

from .errors import GatewayError, SubscriptionError
from .conflating_queue import ConflatingQueue
from .payloads import ChainUpdate, U, Update
from .rooms import GENERAL, Membership, Room

if TYPE_CHECKING:
    from .core import Core


class Handle(Generic[U]):
    def __init__(self, core: Core, rooms: Tuple[Room, ...]) -> None:
        self.core = core
        self.rooms = rooms
        self.closed = False
        #: Why it is over, where that was not its owner's wish.
        self.ended_with: Optional[GatewayError] = None
        self.latest: Optional[U] = None
        # Weak: an iteration that was left with `break` must not fill up for nobody.
        self._queues: weakref.WeakSet[ConflatingQueue[U]] = weakref.WeakSet()

    @property
    def error(self) -> Optional[SubscriptionError]:
        return next((room.error for room in self.rooms if room.error is not None), None)

    @property
    def ready(self) -> bool:
        return all(room.membership is Membership.IN for room in self.rooms)

    @property
    def stale(self) -> bool:
        """Whether any of its prices cannot be relied on."""
        if self.closed or not self.ready:
            return True
        return any(room.name != GENERAL and self.core.is_room_stale(room) for room in self.rooms)

    @property
    def suggestions(self) -> Dict[str, str]:
        found = ((str(room.address.symbol), self.core.suggestion_at(room)) for room in self.rooms)
        return {symbol: suggestion for symbol, suggestion in found if suggestion is not None}

    @property
    def updates(self) -> Tuple[U, ...]:
        newest: Dict[Hashable, U] = {}
        for room in self.rooms:
            newest.update(cast('Dict[Hashable, U]', room.latest))
        return tuple(newest.values())

    @property
    def latest_by_expiry(self) -> Dict[str, ChainUpdate]:
        updates: Tuple[Update, ...] = self.updates
        chains = {update.expiry: update for update in updates if isinstance(update, ChainUpdate)}
        return dict(sorted(chains.items()))

    def push(self, key: Hashable, update: U) -> None:
        self.latest = update
        for queue in list(self._queues):
            queue.put(key, update)

    def open_queue(self, notify: Callable[[], None]) -> ConflatingQueue[U]:
        """What is known now comes first."""
        queue: ConflatingQueue[U] = ConflatingQueue(notify)
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
        """Ends its iterations; with `error` they raise it."""
        if self.closed:
            self.ended_with = error
        for queue in list(self._queues):
            queue.end(error)
        self._queues = weakref.WeakSet()
