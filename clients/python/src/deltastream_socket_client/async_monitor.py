"""Waiting until the state of an asyncio client changes."""
from __future__ import annotations

import asyncio
import time
from typing import Any, Callable, Optional, Set

from .failures import Failure, timeout_error


class AsyncMonitor:
    """Conditions are checked each time after `notify`."""

    def __init__(self, last_failure: Callable[[], Optional[Failure]]) -> None:
        self._waiting: Set[asyncio.Future[None]] = set()
        self._last_failure = last_failure

    def notify(self) -> None:
        """Tells every waiting task that the state has changed."""
        for waiting in self._waiting:
            _wake(waiting)

    async def wait(self, timeout: Optional[float]) -> None:
        """Waits for the next `notify`, or `timeout` seconds."""
        checked = False

        def condition() -> bool:
            nonlocal checked
            first, checked = not checked, True
            return not first

        await self.wait_for(condition, timeout)

    async def wait_for(self, condition: Callable[[], Any], timeout: Optional[float] = None) -> bool:
        """Waits until `condition()` is true. Returns False if it is still false after `timeout`
        seconds.

        It does not use `asyncio.wait_for`, which before Python 3.12 drops a cancellation that comes
        together with the event. The task would wait for ever, and `asyncio.run` for the task.
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else time.monotonic() + timeout
        while not condition():
            waiting = loop.create_future()
            timer: Optional[asyncio.TimerHandle] = None
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    await asyncio.sleep(0)
                    return bool(condition())
                timer = loop.call_later(left, _wake, waiting)
            self._waiting.add(waiting)
            try:
                await waiting
            finally:
                self._waiting.discard(waiting)
                if timer is not None:
                    timer.cancel()
        return True

    async def require(self, condition: Callable[[], Any], timeout: Optional[float]) -> None:
        """The same, but raises RequestTimeout, caused by the last failure to connect."""
        if not await self.wait_for(condition, timeout):
            raise timeout_error(timeout, self._last_failure())


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
