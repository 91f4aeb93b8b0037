"""Collects the updates that answer a `get_snapshot`: they come among all other updates, and the
gateway says how many to expect.
"""
from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, DefaultDict, Dict, Hashable, List, Mapping, Tuple

from .addresses import Address, feeds_of_update
from .errors import view_not_granted
from .payloads import Snapshot
from .views import is_granted


class SnapshotCollector:
    def __init__(self, addresses: Tuple[Address, ...]) -> None:
        self._rooms = {address.room for address in addresses}
        self._is_view = any(address.view is not None for address in addresses)
        #: Rooms by the updates that they have.
        self._fed: DefaultDict[str, List[str]] = defaultdict(list)
        for address in addresses:
            self._fed[address.feed].append(address.room)
        self._updates: Dict[Hashable, Any] = {}
        self._expected: Dict[str, int] = {}
        self._arrived: Counter[str] = Counter()

    def offer(self, event: str, update: Any, news: bool) -> None:
        """Takes an update if it belongs to the snapshot. An older one than the client has had
        (`news` is False) counts as arrived only.
        """
        product, expiry = getattr(update, 'product', None), getattr(update, 'expiry', None)
        for feed in self._fed.keys() & feeds_of_update(event, product, expiry, getattr(update, 'view', None)):
            self._arrived.update(self._fed[feed])
            if news:
                self._updates[event, product, expiry] = update

    def expect(self, room: str, updates: int) -> None:
        """Takes the gateway's `snapshot` event: how many updates it sends for a room."""
        if room in self._rooms:
            self._expected[room] = updates

    def acknowledged(self, answer: Mapping[str, Any]) -> None:
        """Raises InvalidView if the gateway does not grant the view."""
        if self._is_view and not is_granted(answer, list(self._rooms)):
            raise view_not_granted()

    @property
    def complete(self) -> bool:
        """Whether every expected update has come. If the client lags, they may come after the
        acknowledgement.
        """
        return all(self._arrived[room] >= self._expected.get(room, 0) for room in self._rooms)

    def result(self) -> Snapshot[Any]:
        return Snapshot(tuple(self._updates.values()), dict(self._expected))
