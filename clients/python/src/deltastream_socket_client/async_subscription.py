"""A subscription of `AsyncClient`."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, AsyncIterator, Generator, Generic, Optional

from .errors import NotConnected
from .handle import Handle
from .conflating_queue import ConflatingQueue
from .payloads import U
from .base_subscription import BaseSubscription

if TYPE_CHECKING:
    from .async_client import AsyncClient


class AsyncSubscription(BaseSubscription[U], Generic[U]):
    """`async for` gives what is known, then each update; a slow consumer gets the newest of each product and expiry."""

    def __init__(self, client: AsyncClient, handle: Any) -> None:
        super().__init__(handle)
        self._client = client
        self._gets: Optional[AsyncUpdates[U]] = None

    async def ready(self, timeout: Optional[float] = None) -> AsyncSubscription[U]:
        """Returns when the gateway has confirmed it. Raises SubscriptionError where it refused, RequestTimeout after `timeout` s."""
        handle = self._handle
        await self._client._wait(lambda: handle.ready or handle.error is not None or handle.closed, timeout)
        if handle.error is not None:
            raise handle.error
        if not handle.ready:
            raise self._client.error or NotConnected('the subscription is over')
        return self

    def __await__(self) -> Generator[Any, None, AsyncSubscription[U]]:
        """`await client.subscribe(...)` waits until it is ready."""
        return self.ready().__await__()

    async def get(self, timeout: Optional[float] = None) -> U:
        """The next update that has not been iterated over, for loops of one's own.

        Raises RequestTimeout after `timeout` s, NotConnected when there will be none any more.
        """
        if self._gets is None:
            self._gets = self.__aiter__()
        updates = self._gets
        await self._client._wait(lambda: updates.settled, timeout)
        try:
            return await updates.__anext__()
        except StopAsyncIteration:
            raise NotConnected('the subscription is over') from None

    def __aiter__(self) -> AsyncUpdates[U]:
        return AsyncUpdates(self._handle)

    def unsubscribe(self) -> None:
        """Leaves its rooms, where no other subscription needs them. Ends its iterations."""
        self._client._core.unsubscribe(self._handle)
        self._client._wake()

    async def __aenter__(self) -> AsyncSubscription[U]:
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.unsubscribe()


class AsyncUpdates(AsyncIterator[U], Generic[U]):
    def __init__(self, handle: Handle[U]) -> None:
        self._something = asyncio.Event()
        self._queue: ConflatingQueue[U] = handle.open_queue(self._something.set)

    @property
    def settled(self) -> bool:
        """Whether there is something to answer without waiting."""
        return len(self._queue) > 0 or self._queue.ended

    async def __anext__(self) -> U:
        queue = self._queue
        while len(queue) == 0:
            if queue.error is not None:
                raise queue.error
            if queue.ended:
                raise StopAsyncIteration
            self._something.clear()
            await self._something.wait()
        return queue.take()
