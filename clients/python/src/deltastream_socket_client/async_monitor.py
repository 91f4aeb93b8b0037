"""Waiting until the state of an asyncio client changes."""
from __future__ import annotations

import asyncio
import time
from typing import Any, Callable, Optional, Set

from .failures import Failure, timeout_error


class AsyncMonitor:
    """Conditions are checked each time after `notify`."""

    def __init__(self, last_failure: Callable[[], Optional[Failure]]) -> None:
        self._waiting: Set[asyncio.Event] = set()
        self._last_failure = last_failure

    def notify(self) -> None:
        """Tells every waiting task that the state has changed."""
        for event in self._waiting:
            event.set()

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
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            while not condition():
                event.clear()
                try:
                    await asyncio.wait_for(event.wait(), None if deadline is None else deadline - time.monotonic())
                except asyncio.TimeoutError:
                    return bool(condition())
            return True
        finally:
            self._waiting.discard(event)

    async def require(self, condition: Callable[[], Any], timeout: Optional[float]) -> None:
        """The same, but raises RequestTimeout, caused by the last failure to connect."""
        if not await self.wait_for(condition, timeout):
            raise timeout_error(timeout, self._last_failure())
