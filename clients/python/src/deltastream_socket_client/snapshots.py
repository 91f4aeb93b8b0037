"""Puts together what a `get_snapshot` is answered with: updates that come among all others, and how many to expect."""
from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Hashable, Tuple

from .payloads import Snapshot
from .rooms import Address, rooms_of


class SnapshotCollector:
    def __init__(self, addresses: Tuple[Address, ...]) -> None:
        self._rooms = {address.room for address in addresses}
        self._updates: Dict[Hashable, Any] = {}
        self._expected: Dict[str, int] = {}
        self._arrived: Counter[str] = Counter()

    def offer(self, event: str, update: Any, news: bool) -> None:
        """`news`: not older than what the client has had; older ones count as arrived, and are left out."""
        expiry = getattr(update, 'expiry', None)
        for room in self._rooms.intersection(rooms_of(event, update.product, expiry)):
            self._arrived[room] += 1
            if news:
                self._updates[event, update.product, expiry] = update

    def expect(self, room: str, updates: int) -> None:
        if room in self._rooms:
            self._expected[room] = updates

    @property
    def complete(self) -> bool:
        """To a client that lags the updates may come after the acknowledgement."""
        return all(self._arrived[room] >= self._expected.get(room, 0) for room in self._rooms)

    def result(self) -> Snapshot[Any]:
        return Snapshot(tuple(self._updates.values()), dict(self._expected))
