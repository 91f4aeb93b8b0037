"""A subscription of `Client`."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Iterator, Optional

from .errors import NotConnected
from .handle import Handle
from .conflating_queue import ConflatingQueue
from .payloads import U
from .base_subscription import BaseSubscription

if TYPE_CHECKING:
    from .sync_client import Client


class Subscription(BaseSubscription[U], Generic[U]):
    """Iterating gives what is known, then each update; a slow consumer gets the newest of each product and expiry."""

    def __init__(self, client: Client, handle: Any) -> None:
        super().__init__(handle)
        self._client = client
        self._gets: Optional[Updates[U]] = None

    def ready(self, timeout: Optional[float] = None) -> Subscription[U]:
        """Blocks until the gateway has confirmed it. Raises SubscriptionError where it refused, RequestTimeout after `timeout` s."""
        handle = self._handle
        with self._client._changed:
            self._client._wait(lambda: handle.ready or handle.error is not None or handle.closed, timeout)
            if handle.error is not None:
                raise handle.error
            if not handle.ready:
                raise self._client.error or NotConnected('the subscription is over')
        return self

    def get(self, timeout: Optional[float] = None) -> U:
        """The next update that has not been iterated over, for loops of one's own.

        Raises RequestTimeout after `timeout` s, NotConnected when there will be none any more.
        """
        if self._gets is None:
            self._gets = self.__iter__()
        try:
            return self._gets.next(timeout)
        except StopIteration:
            raise NotConnected('the subscription is over') from None

    def __iter__(self) -> Updates[U]:
        return Updates(self._client, self._handle)

    def unsubscribe(self) -> None:
        """Leaves its rooms, where no other subscription needs them. Ends its iterations."""
        with self._client._changed:
            self._client._core.unsubscribe(self._handle)
            self._client._changed.notify_all()

    def __enter__(self) -> Subscription[U]:
        return self

    def __exit__(self, *_: Any) -> None:
        self.unsubscribe()


class Updates(Iterator[U], Generic[U]):
    def __init__(self, client: Client, handle: Handle[U]) -> None:
        self._client = client
        with client._changed:
            self._queue: ConflatingQueue[U] = handle.open_queue(client._changed.notify_all)

    def __next__(self) -> U:
        return self.next(None)

    def next(self, timeout: Optional[float]) -> U:
        queue = self._queue
        with self._client._changed:
            self._client._wait(lambda: len(queue) > 0 or queue.ended, timeout)
            if len(queue) > 0:
                return queue.take()
            if queue.error is not None:
                raise queue.error
            raise StopIteration
