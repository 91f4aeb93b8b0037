"""A subscription of `Client`."""
from __future__ import annotations

from typing import Any, Callable, Generic, Iterator, Optional, Tuple

from . import arguments
from .addresses import Address, Expiry
from .base_subscription import BaseSubscription
from .conflating_queue import ConflatingQueue
from .core import ANSWER_TIMEOUT
from .errors import NotConnected
from .handle import Handle
from .history import History
from .sync_monitor import Monitor
from .updates import U


class Subscription(BaseSubscription[U], Generic[U]):
    """Iterating over it brings the newest known updates first, and then each update as it comes.

    An iteration that is slower than the feed gets the newest update of each product and expiry. If
    the client resumes, it gets every price of its products. It ends with `unsubscribe` and with
    `close`, and raises an error if the gateway ended the subscription or the connection.
    """

    def __init__(
        self,
        handle: Handle[Any],
        monitor: Monitor,
        unsubscribe: Callable[[], None],
        *,
        change_view: Callable[[Tuple[Address, ...]], None],
        history: Callable[..., History],
        history_pages: Callable[..., Iterator[History]],
        listen: Callable[..., Any],
    ) -> None:
        super().__init__(handle, listen, change_view)
        self._page = history
        self._pages = history_pages
        self._monitor = monitor
        self._unsubscribe = unsubscribe
        self._gets: Optional[Updates[U]] = None

    def ready(self, timeout: Optional[float] = None) -> Subscription[U]:
        """Blocks until the gateway has confirmed the subscription. Returns the subscription.

        Raises SubscriptionError if the gateway refuses it, RequestTimeout after `timeout` seconds
        (`None`: never), and NotConnected, or the error of the client, if it has ended.
        """
        with self._monitor:
            self._monitor.require(self._settled, arguments.timeout(timeout))
            self._raise_unless_ready()
        return self

    def get(self, timeout: Optional[float] = None) -> U:
        """Returns the next update, as one iteration would, for programs with a loop of their own.

        Raises RequestTimeout after `timeout` seconds (`None`: never), and NotConnected or what
        ended the subscription.
        """
        if self._gets is None:
            self._gets = self.__iter__()
        try:
            return self._gets.next(arguments.timeout(timeout))
        except StopIteration:
            raise NotConnected('the subscription has ended') from None

    def __iter__(self) -> Updates[U]:
        return Updates(self._handle, self._monitor)

    def history(
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
        return self._page(
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
    ) -> Iterator[History]:
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

    def __enter__(self) -> Subscription[U]:
        return self

    def __exit__(self, *_: Any) -> None:
        self.unsubscribe()


class Updates(Iterator[U], Generic[U]):
    """One iteration over a subscription."""

    def __init__(self, handle: Handle[U], monitor: Monitor) -> None:
        self._monitor = monitor
        with monitor:
            self._queue: ConflatingQueue[U] = handle.open_queue(monitor.notify)

    def __next__(self) -> U:
        return self.next(None)

    def next(self, timeout: Optional[float]) -> U:
        """Returns the next update. Raises RequestTimeout after `timeout` seconds (`None`: never).
        """
        queue = self._queue
        with self._monitor:
            self._monitor.require(lambda: len(queue) > 0 or queue.ended, timeout)
            if len(queue) > 0:
                return queue.take()
            if queue.error is not None:
                raise queue.error
            raise StopIteration
