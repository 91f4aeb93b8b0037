"""When to ask for another token, from the gateway's notice to the end of the one in use."""
from __future__ import annotations

import math
import random
import time
from typing import Callable

from .errors import Refused

#: The gateway closes a connection that has tried three.
MAX_REFUSED = 2
#: A notice this soon after a renewal is about the new token, in seconds.
AT_ONCE = 1.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0


class Renewal:
    """What follows one notice."""

    def __init__(self, epoch: int, pause: float, until: float, now: Callable[[], float], spread: Callable[[], float]) -> None:
        #: The connection that it is for.
        self.epoch = epoch
        #: How long to wait before the token is asked for, in seconds.
        self.pause = pause
        self._until = until
        self._now = now
        self._spread = spread
        self._attempts = 0
        self._refused = 0

    def again(self, error: Exception) -> bool:
        """Whether to ask again, after another `pause`, where that has failed."""
        self._attempts += 1
        self._refused += isinstance(error, Refused)
        self.pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._attempts - 1, 10)) * (0.5 + self._spread() / 2)
        return self._refused < MAX_REFUSED and self._now() + self.pause < self._until


class Renewals:
    def __init__(self, now: Callable[[], float] = time.monotonic, spread: Callable[[], float] = random.random) -> None:
        self._now = now
        self._spread = spread
        self._renewed_at = -math.inf

    def renewed(self) -> None:
        self._renewed_at = self._now()

    def begin(self, expires_in: float, epoch: int) -> Renewal:
        now = self._now()
        # The new token is the old one, or lives no longer than the notice: there would be no end to asking.
        at_once = now - self._renewed_at < AT_ONCE
        return Renewal(epoch, max(_FIRST_PAUSE, expires_in / 2) if at_once else 0.0, now + expires_in, self._now, self._spread)
