"""Whether and when to connect again."""
from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Callable, Optional

from .errors import ConnectionClosed, GatewayError, connection_error
from .failures import Failure

#: Refusals that a new token may mend, or waiting; all others of a client are for its owner to settle.
_PASSING = frozenset({'AUTH_UNAVAILABLE', 'TOO_MANY_CONNECTIONS', 'RATE_LIMITED'})


@dataclass(frozen=True)
class Again:
    delay: float
    #: What the token callback is told: 'connect', or 'expired' where the last token was refused for its age.
    reason: str = 'connect'


class ReconnectPolicy:
    """Doubles its delays up to `cap` seconds, each spread by half: thousands of clients must not come back in step."""

    def __init__(
        self,
        has_tokens: bool,
        base: float = 0.5,
        cap: float = 10.0,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._has_tokens = has_tokens
        self._base = base
        self._cap = cap
        self._spread = spread
        self._attempts = 0

    def succeeded(self) -> None:
        self._attempts = 0

    def after(self, failure: Failure) -> Again:
        """Raises the error to give up with, where coming back would not help."""
        error = self._final(failure)
        if error is not None:
            raise error from failure.cause
        expired = failure.code == 'TOKEN_EXPIRED'
        if failure.code == 'DRAINING' or (expired and self._attempts == 0):
            # The gateway spreads these over time itself; a little more keeps those of one instant apart.
            self._attempts += expired
            return Again(0.3 * self._spread(), 'expired' if expired else 'connect')
        delay = min(self._cap, self._base * 2 ** min(self._attempts, 30)) * (0.5 + self._spread())
        self._attempts += 1
        if failure.retry_after is not None:
            delay = failure.retry_after * (1 + 0.25 * self._spread())
        return Again(delay, 'expired' if expired else 'connect')

    def _final(self, failure: Failure) -> Optional[GatewayError]:
        if failure.closing is not None and not failure.closing.reconnect:
            return ConnectionClosed(failure.closing.code, failure.closing.message)
        if failure.code == 'TOKEN_EXPIRED' and self._has_tokens:
            return None
        if failure.closing is None and failure.code is not None and failure.code not in _PASSING:
            return connection_error(failure.code, failure.message)
        if failure.closing is not None and failure.code == 'TOKEN_EXPIRED':
            return connection_error(failure.code, failure.message)
        if failure.status == 403:
            return connection_error('ORIGIN_REFUSED', 'CORS_ORIGINS of the gateway does not have the origin of this client')
        return None
