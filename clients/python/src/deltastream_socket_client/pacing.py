"""How often this client may send, so that it stays within the gateway's rate limit."""
from __future__ import annotations

from typing import Callable

from .payloads import Limits

#: The share of the gateway's limit that this client uses. The rest is for pongs, which count too,
#: and for differing clocks.
SHARE = 0.8


class Pacer:
    """A token bucket like the gateway's, and a pause for when the gateway says that its own is
    empty.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.reset(Limits())

    def reset(self, limits: Limits) -> None:
        self._capacity = max(1.0, limits.event_burst * SHARE)
        self._rate = max(0.1, limits.events_per_second * SHARE)
        self._tokens = self._capacity
        self._at = self._now()
        self._paused_until = 0.0

    def pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._now() + seconds)

    def wait(self) -> float:
        """Returns how long to wait until a message may be sent, in seconds. 0: it may be sent now.
        """
        now = self._now()
        self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, self._paused_until - now, (1 - self._tokens) / self._rate)

    def take(self) -> None:
        self._tokens -= 1
