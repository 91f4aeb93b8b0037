"""The lock on a threaded client's state, and waiting until that state changes."""
from __future__ import annotations

import threading
from typing import Any, Callable, Optional

from .failures import Failure, timeout_error


class Monitor:
    """Conditions are checked with the lock held, each time after `notify`. The lock may be taken
    again by its own thread.
    """

    def __init__(self, last_failure: Callable[[], Optional[Failure]]) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._last_failure = last_failure

    def __enter__(self) -> Monitor:
        self._changed.acquire()
        return self

    def __exit__(self, *_: Any) -> None:
        self._changed.release()

    def notify(self) -> None:
        """Tells every waiting thread that the state has changed."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, timeout: Optional[float]) -> None:
        """Waits for the next `notify`, or `timeout` seconds. The caller holds the lock."""
        self._changed.wait(timeout)

    def wait_for(self, condition: Callable[[], Any], timeout: Optional[float] = None) -> bool:
        """Waits until `condition()` is true. Returns False if it is still false after `timeout`
        seconds.
        """
        with self._changed:
            return bool(self._changed.wait_for(condition, timeout))

    def require(self, condition: Callable[[], Any], timeout: Optional[float]) -> None:
        """The same, but raises RequestTimeout, caused by the last failure to connect."""
        if not self.wait_for(condition, timeout):
            raise timeout_error(timeout, self._last_failure())
