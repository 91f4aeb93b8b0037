"""Whether and when to connect again, after a connection was lost or could not be made."""
from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Callable, Optional

from .errors import ConnectionClosed, GatewayError, connection_error
from .failures import Failure

#: The gateway closes these connections one after another, and other replicas take the clients.
_HANDED_OVER = frozenset({'DRAINING', 'REBALANCING'})
#: Refusals of a connection that pass with time. After any other, only the program's owner can help.
_PASSING = frozenset({'AUTH_UNAVAILABLE', 'TOO_MANY_CONNECTIONS', 'RATE_LIMITED'})


@dataclass(frozen=True)
class Again:
    """When and how to make the next attempt."""

    #: How long to wait before it, in seconds.
    delay: float
    #: The argument of the token callback: 'connect', or 'expired' if the gateway refused the last
    #: token because it had expired.
    reason: str = 'connect'


class ReconnectPolicy:
    """Doubles the delay up to `cap` seconds. Each delay varies by half, so that thousands of
    clients do not reconnect together.
    """

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
        """Returns the next attempt. Raises the error to give up with if connecting again would not
        help.
        """
        error = self._final(failure)
        if error is not None:
            raise error from failure.cause
        expired = failure.code == 'TOKEN_EXPIRED'
        if failure.code in _HANDED_OVER or (expired and self._attempts == 0):
            # The gateway already spreads these over time, so a short delay is enough to separate
            # those of one instant.
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
            return connection_error('ORIGIN_REFUSED', "the gateway's CORS_ORIGINS does not allow the origin of this client; add the gateway's own address to it")
        return None
