"""What can go wrong, by type. Every refusal of the gateway keeps its `code` as the contract has it."""
from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple


class GatewayError(Exception):
    """The base of all errors of this package."""


class NotConnected(GatewayError):
    """There is no connection, or it was lost before the answer came."""


class RequestTimeout(GatewayError, TimeoutError):
    """The gateway did not answer, or could not be reached, in the time given. `__cause__` is the last failure seen."""


class PayloadError(GatewayError, ValueError):
    """The gateway sent what the contract does not allow."""


class Refused(GatewayError):
    """The gateway said no. `code` is one of its documented codes."""

    def __init__(
        self,
        code: str,
        message: str,
        details: Tuple[Mapping[str, Any], ...] = (),
        retry_after_ms: Optional[float] = None,
    ) -> None:
        super().__init__(f'{code}: {message}' + ''.join(f' ({d.get("field")} {d.get("problem")})' for d in details))
        self.code = code
        self.message = message
        #: `field` and `problem` of each fault that the gateway names.
        self.details = details
        #: When to ask again, ms; where the gateway says so.
        self.retry_after_ms = retry_after_ms

    def __reduce__(self) -> Tuple[Any, ...]:
        # `args` is the text alone: other processes and copies would not know how to make it.
        return type(self), (self.code, self.message, self.details, self.retry_after_ms)


class RequestError(Refused):
    """A request was not done. The connection stays."""


class SubscriptionError(RequestError):
    """A subscription was refused."""


class InvalidSubscription(SubscriptionError):
    """It is malformed: `INVALID_PAYLOAD`, `INVALID_TYPE`, `INVALID_SYMBOL`, `INVALID_EXPIRY`, `TOO_MANY_SYMBOLS`."""


class TooManySubscriptions(SubscriptionError):
    """The client holds as many subscriptions as it may."""


class Forbidden(SubscriptionError):
    """The token, or having none, does not allow it."""


class RateLimited(SubscriptionError):
    """The client asks more often than it may, or does not read: ask again after `retry_after_ms`."""


class ConnectionRefused(Refused):
    """The gateway does not let this client in, and waiting would not help."""


class AuthRequired(ConnectionRefused):
    """A token is needed, and there is none."""


class TokenInvalid(ConnectionRefused):
    """The gateway does not take the token."""


class TokenExpired(ConnectionRefused):
    """The token has expired, and there is no callback that could give a new one."""


class TokenRevoked(ConnectionRefused):
    """The token, or all of its user, was revoked."""


class ConnectionClosed(ConnectionRefused):
    """The gateway closed the connection and said not to come back."""


_REQUESTS = {
    'INVALID_PAYLOAD': InvalidSubscription,
    'INVALID_TYPE': InvalidSubscription,
    'INVALID_SYMBOL': InvalidSubscription,
    'INVALID_EXPIRY': InvalidSubscription,
    'TOO_MANY_SYMBOLS': InvalidSubscription,
    'TOO_MANY_SUBSCRIPTIONS': TooManySubscriptions,
    'FORBIDDEN': Forbidden,
    'RATE_LIMITED': RateLimited,
    'SLOW_CLIENT': RateLimited,
}

_CONNECTIONS = {
    'AUTH_REQUIRED': AuthRequired,
    'TOKEN_INVALID': TokenInvalid,
    'TOKEN_EXPIRED': TokenExpired,
    'TOKEN_REVOKED': TokenRevoked,
}


def request_error(payload: Any, subscription: bool = False) -> RequestError:
    """The error of a negative acknowledgement's `error`, or of an `error` event."""
    error: Mapping[str, Any] = payload if isinstance(payload, dict) else {}
    code = str(error.get('code', 'INTERNAL_ERROR'))
    details = tuple(d for d in error.get('details') or () if isinstance(d, dict))
    kind = _REQUESTS.get(code, SubscriptionError if subscription else RequestError)
    return kind(code, str(error.get('message', 'The gateway gave no reason')), details, error.get('retry_after_ms'))


def connection_error(code: str, message: str, retry_after_ms: Optional[float] = None) -> ConnectionRefused:
    return _CONNECTIONS.get(code, ConnectionRefused)(code, message, (), retry_after_ms)
