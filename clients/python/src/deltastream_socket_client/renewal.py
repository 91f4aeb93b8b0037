"""When to ask for a new token, after the gateway has said that the one in use expires soon."""
from __future__ import annotations

import math
import random
import time
from typing import Callable

from .errors import Refused

#: Refused tokens after which the client stops. The gateway closes a connection that has tried
#: three.
MAX_REFUSED = 2
#: A notice that comes within this time after a renewal, in seconds, is about the new token.
AT_ONCE = 1.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0


class Renewal:
    """The attempts that follow one notice."""

    def __init__(self, epoch: int, pause: float, until: float, now: Callable[[], float], spread: Callable[[], float]) -> None:
        #: The connection it is for.
        self.epoch = epoch
        #: How long to wait before asking for the token, in seconds.
        self.pause = pause
        self._until = until
        self._now = now
        self._spread = spread
        self._attempts = 0
        self._refused = 0

    def again(self, error: Exception) -> bool:
        """Takes why an attempt failed. Returns whether to ask again, after another `pause`."""
        self._attempts += 1
        self._refused += isinstance(error, Refused)
        self.pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._attempts - 1, 10)) * (0.5 + self._spread() / 2)
        return self._refused < MAX_REFUSED and self._now() + self.pause < self._until


class Renewals:
    """Begins a renewal for each notice."""

    def __init__(self, now: Callable[[], float] = time.monotonic, spread: Callable[[], float] = random.random) -> None:
        self._now = now
        self._spread = spread
        self._renewed_at = -math.inf

    def renewed(self) -> None:
        self._renewed_at = self._now()

    def begin(self, expires_in: float, epoch: int) -> Renewal:
        now = self._now()
        # The new token expires as soon as the old one did. Asking at once would never end, so wait
        # first.
        at_once = now - self._renewed_at < AT_ONCE
        return Renewal(epoch, max(_FIRST_PAUSE, expires_in / 2) if at_once else 0.0, now + expires_in, self._now, self._spread)
