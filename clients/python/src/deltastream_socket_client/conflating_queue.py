"""A queue that keeps only the newest item of each key."""
from __future__ import annotations

from collections import OrderedDict
from typing import Callable, Generic, Hashable, Optional, TypeVar

T = TypeVar('T')

#: Items that wait in a queue at most.
MAX_ITEMS = 10_000
#: The same if it has every price, as that of a client that resumes: the gateway replays up to 5,000
#: of each product.
MAX_EVERY_PRICE = 50_000


class ConflatingQueue(Generic[T]):
    """A second item of a key replaces the first, in its place. With more than `limit` keys, the
    oldest item is dropped.
    """

    def __init__(self, notify: Callable[[], None] = lambda: None, limit: int = MAX_ITEMS) -> None:
        self._items: OrderedDict[Hashable, T] = OrderedDict()
        self._notify = notify
        self.limit = limit
        self._ordinal = 0
        self.ended = False
        self.error: Optional[BaseException] = None
        #: How many items were replaced by newer ones or dropped.
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, key: Optional[Hashable], item: T) -> None:
        """Adds an item, unless the queue has ended. An item without a key is never replaced."""
        if self.ended:
            return
        if key is None:
            self._ordinal += 1
            key = ('', self._ordinal)
        if key in self._items:
            self.dropped += 1
        self._items[key] = item
        if len(self._items) > self.limit:
            self._items.popitem(last=False)
            self.dropped += 1
        self._notify()

    def take(self) -> T:
        """Removes and returns the oldest item. Raises KeyError if the queue is empty."""
        return self._items.popitem(last=False)[1]

    def discard(self, key: Hashable) -> None:
        """Drops the item with this key, if there is one."""
        if key in self._items:
            del self._items[key]

    def end(self, error: Optional[BaseException] = None) -> None:
        """Takes no more items. Those in the queue may still be taken."""
        if not self.ended:
            self.ended = True
            self.error = error
            self._notify()
