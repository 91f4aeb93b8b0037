"""Collects the updates that answer a `get_snapshot`: they come among all other updates, and the
gateway says how many to expect.
"""
from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Hashable, Tuple

from .addresses import Address, rooms_of_update
from .payloads import Snapshot


class SnapshotCollector:
    def __init__(self, addresses: Tuple[Address, ...]) -> None:
        self._rooms = {address.room for address in addresses}
        self._updates: Dict[Hashable, Any] = {}
        self._expected: Dict[str, int] = {}
        self._arrived: Counter[str] = Counter()

    def offer(self, event: str, update: Any, news: bool) -> None:
        """Takes an update if it belongs to the snapshot. An older one than the client has had
        (`news` is False) counts as arrived only.
        """
        expiry = getattr(update, 'expiry', None)
        for room in self._rooms.intersection(rooms_of_update(event, update.product, expiry)):
            self._arrived[room] += 1
            if news:
                self._updates[event, update.product, expiry] = update

    def expect(self, room: str, updates: int) -> None:
        """Takes the gateway's `snapshot` event: how many updates it sends for a room."""
        if room in self._rooms:
            self._expected[room] = updates

    @property
    def complete(self) -> bool:
        """Whether every expected update has come. If the client lags, they may come after the
        acknowledgement.
        """
        return all(self._arrived[room] >= self._expected.get(room, 0) for room in self._rooms)

    def result(self) -> Snapshot[Any]:
        return Snapshot(tuple(self._updates.values()), dict(self._expected))
