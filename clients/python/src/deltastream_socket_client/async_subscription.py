"""A subscription of `AsyncClient`."""
from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Awaitable, Callable, Generator, Generic, Optional, Tuple

from . import arguments
from .addresses import Address, Expiry
from .async_monitor import AsyncMonitor
from .base_subscription import BaseSubscription
from .conflating_queue import ConflatingQueue
from .core import ANSWER_TIMEOUT
from .errors import NotConnected
from .handle import Handle
from .history import History
from .updates import U


class AsyncSubscription(BaseSubscription[U], Generic[U]):
    """`async for` brings the newest known updates first, and then each update as it comes.

    An iteration that is slower than the feed gets the newest update of each product and expiry. If
    the client resumes, it gets every price of its products. It ends with `unsubscribe` and with
    `close`, and raises an error if the gateway ended the subscription or the connection.
    """

    def __init__(
        self,
        handle: Handle[Any],
        monitor: AsyncMonitor,
        unsubscribe: Callable[[], None],
        *,
        change_view: Callable[[Tuple[Address, ...]], None],
        history: Callable[..., Awaitable[History]],
        history_pages: Callable[..., AsyncIterator[History]],
        listen: Callable[..., Any],
    ) -> None:
        super().__init__(handle, listen, change_view)
        self._page = history
        self._pages = history_pages
        self._monitor = monitor
        self._unsubscribe = unsubscribe
        self._gets: Optional[AsyncUpdates[U]] = None

    async def ready(self, timeout: Optional[float] = None) -> AsyncSubscription[U]:
        """Waits until the gateway has confirmed the subscription. Returns the subscription.

        Raises SubscriptionError if the gateway refuses it, RequestTimeout after `timeout` seconds
        (`None`: never), and NotConnected, or the error of the client, if it has ended.
        """
        await self._monitor.require(self._settled, arguments.timeout(timeout))
        self._raise_unless_ready()
        return self

    def __await__(self) -> Generator[Any, None, AsyncSubscription[U]]:
        """`await client.subscribe(...)` waits until the gateway has confirmed the subscription, as
        `ready()` does.
        """
        return self.ready().__await__()

    async def get(self, timeout: Optional[float] = None) -> U:
        """Returns the next update, as one iteration would, for programs with a loop of their own.

        Raises RequestTimeout after `timeout` seconds (`None`: never), and NotConnected or what
        ended the subscription.
        """
        if self._gets is None:
            self._gets = self.__aiter__()
        updates = self._gets
        await self._monitor.require(lambda: updates.settled, arguments.timeout(timeout))
        try:
            return await updates.__anext__()
        except StopAsyncIteration:
            raise NotConnected('the subscription has ended') from None

    def __aiter__(self) -> AsyncUpdates[U]:
        return AsyncUpdates(self._handle)

    async def history(
        self,
        symbol: Optional[str] = None,
        expiry: Optional[Expiry] = None,
        *,
        from_: Optional[arguments.Time] = None,
        to: Optional[arguments.Time] = None,
        limit: Optional[int] = None,
        resolution: str = 'raw',
        cursor: Optional[str] = None,
        timeout: float = ANSWER_TIMEOUT,
    ) -> History:
        """Returns one page of the past prices of its product, or of the past summaries of its chain.

        symbol: needed if the subscription has several products.
        expiry: of a chain. By default that of the subscription, or the nearest one.
        The other arguments and the errors are those of `history` of the client. Raises ValueError
        without a symbol that is needed.
        """
        return await self._page(
            *self._past(symbol, expiry), from_=from_, to=to, limit=limit, resolution=resolution, cursor=cursor, timeout=timeout
        )

    def history_pages(
        self,
        symbol: Optional[str] = None,
        expiry: Optional[Expiry] = None,
        *,
        from_: Optional[arguments.Time] = None,
        to: Optional[arguments.Time] = None,
        limit: Optional[int] = None,
        resolution: str = 'raw',
        cursor: Optional[str] = None,
        timeout: float = ANSWER_TIMEOUT,
    ) -> AsyncIterator[History]:
        """Iterates over the pages of its history, as `history_pages` of the client does. The arguments
        are those of `history`.
        """
        return self._pages(
            *self._past(symbol, expiry), from_=from_, to=to, limit=limit, resolution=resolution, cursor=cursor, timeout=timeout
        )

    def unsubscribe(self) -> None:
        """Ends its iterations, and leaves the rooms that no other subscription of this client
        needs.
        """
        self._remove_handlers()
        self._unsubscribe()

    async def __aenter__(self) -> AsyncSubscription[U]:
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.unsubscribe()


class AsyncUpdates(AsyncIterator[U], Generic[U]):
    """One iteration over a subscription."""

    def __init__(self, handle: Handle[U]) -> None:
        self._something = asyncio.Event()
        self._queue: ConflatingQueue[U] = handle.open_queue(self._something.set)

    @property
    def settled(self) -> bool:
        """Whether `__anext__` would return or raise without waiting."""
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
