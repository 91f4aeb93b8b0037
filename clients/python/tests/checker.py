"""Checks that no update a client gets is older than the one before."""
from __future__ import annotations

from typing import Any, Dict, Hashable, List

from deltastream_socket_client.timestamps import parse_micros


class Checker:
    def __init__(self) -> None:
        self.count = 0
        self.faults: List[str] = []
        self._newest: Dict[Hashable, int] = {}

    def __call__(self, update: Any) -> None:
        self.count += 1
        key = (type(update), update.product, getattr(update, 'expiry', None))
        time = parse_micros(update.timestamp) or 0
        if time < self._newest.get(key, 0):
            self.faults.append(f'{key}: {time} after {self._newest[key]}')
        self._newest[key] = max(time, self._newest.get(key, 0))
