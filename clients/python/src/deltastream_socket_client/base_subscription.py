"""What both clients' subscriptions show."""
from __future__ import annotations

from typing import Any, Dict, Generic, Optional, Tuple

from .errors import SubscriptionError
from .handle import Handle
from .payloads import ChainUpdate, U


class BaseSubscription(Generic[U]):
    def __init__(self, handle: Handle[Any]) -> None:
        self._handle: Handle[U] = handle

    @property
    def rooms(self) -> Tuple[str, ...]:
        return tuple(room.name for room in self._handle.rooms)

    @property
    def latest(self) -> Optional[U]:
        """The newest update that came."""
        return self._handle.latest

    @property
    def updates(self) -> Tuple[U, ...]:
        """The newest of each product and expiry."""
        return self._handle.updates

    @property
    def latest_by_expiry(self) -> Dict[str, ChainUpdate]:
        """The newest chain of each expiry, nearest first."""
        return self._handle.latest_by_expiry

    @property
    def stale(self) -> bool:
        """True where a price of it cannot be relied on: stopped, not subscribed to yet, or not connected."""
        return self._handle.stale

    @property
    def error(self) -> Optional[SubscriptionError]:
        """Why the gateway refused it."""
        return self._handle.error

    @property
    def suggestions(self) -> Dict[str, str]:
        """For each symbol that the gateway does not know, the known product that is spelt nearly the same."""
        return self._handle.suggestions

    @property
    def closed(self) -> bool:
        return self._handle.closed

    def __repr__(self) -> str:
        return f'<{type(self).__name__} {", ".join(self.rooms)}>'
