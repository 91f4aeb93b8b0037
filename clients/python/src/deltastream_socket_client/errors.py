"""The errors of this package. A refusal by the gateway keeps the `code` of docs/events.md."""
from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple


class GatewayError(Exception):
    """The base of all errors of this package."""


class NotConnected(GatewayError):
    """There is no connection, it was lost before the gateway answered, or the client or
    subscription has ended.
    """


class ClientFailed(GatewayError):
    """An exception that the client does not expect has closed it. `__cause__` is that exception."""


class RequestTimeout(GatewayError, TimeoutError):
    """The gateway did not answer, or could not be reached, in the given time. `__cause__` is the
    last failure to connect.
    """


class PayloadError(GatewayError, ValueError):
    """The gateway sent a payload that the contract does not allow. The client logs it and drops the
    payload.
    """


class Refused(GatewayError):
    """The gateway refused something. `code` is one of its documented codes, and `message` says what
    to do.
    """

    def __init__(
        self,
        code: str,
        message: str,
        details: Tuple[Mapping[str, Any], ...] = (),
        retry_after_ms: Optional[float] = None,
    ) -> None:
        super().__init__(f'{code}: {message}' + ''.join(f' ({_fault(d)})' for d in details))
        self.code = code
        self.message = message
        #: A mapping with `field` and `problem` for each fault that the gateway names, and for a bad
        #: symbol with `symbol` and, in `symbols`, its `index`.
        self.details = details
        #: When to ask again, in milliseconds from now. `None`: the gateway does not say.
        self.retry_after_ms = retry_after_ms

    def __reduce__(self) -> Tuple[Any, ...]:
        # `args` has only the text, from which copies and other processes could not make the error
        # again.
        return type(self), (self.code, self.message, self.details, self.retry_after_ms)


class RequestError(Refused):
    """The gateway refused a request. The connection stays."""


class SubscriptionError(RequestError):
    """The gateway refused a subscription."""


class InvalidSubscription(SubscriptionError):
    """The request is malformed: `INVALID_PAYLOAD`, `INVALID_TYPE`, `INVALID_SYMBOL`,
    `INVALID_EXPIRY`, `TOO_MANY_SYMBOLS`.
    """


class InvalidView(InvalidSubscription, ValueError):
    """The view is not possible: `INVALID_VIEW`. Raised at the call, and by the subscription if the
    gateway does not grant the view, for example because it is older than views.
    """


class TooManySubscriptions(SubscriptionError):
    """The client would hold more subscriptions than its limit allows. Unsubscribe from some first.
    """


class Forbidden(SubscriptionError):
    """The client's token does not allow it, or it needs a token and the client has none."""


class RateLimited(SubscriptionError):
    """The client asks too often, or reads too slowly. Ask again after `retry_after_ms`."""


class ConnectionRefused(Refused):
    """The gateway refuses the client, and waiting would not help."""


class AuthRequired(ConnectionRefused):
    """The gateway requires a token, and the client has none. Pass `token` to `connect`."""


class TokenInvalid(ConnectionRefused):
    """The token is invalid for this gateway."""


class TokenExpired(ConnectionRefused):
    """The token has expired, and the client has no token callback to get a new one."""


class TokenRevoked(ConnectionRefused):
    """This token, or every token of its user, has been revoked."""


class ConnectionClosed(ConnectionRefused):
    """The gateway closed the connection and asked the client not to reconnect."""


_REQUESTS = {
    'INVALID_PAYLOAD': InvalidSubscription,
    'INVALID_TYPE': InvalidSubscription,
    'INVALID_SYMBOL': InvalidSubscription,
    'INVALID_EXPIRY': InvalidSubscription,
    'INVALID_INTERVAL': InvalidSubscription,
    'INVALID_VIEW': InvalidView,
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


def _fault(detail: Mapping[str, Any]) -> str:
    """`symbols[3] must each be ..., not 'NIFTY 50'`, for one entry of `details`."""
    index = f'[{detail["index"]}]' if 'index' in detail else ''
    symbol = f', not {detail["symbol"]!r}' if 'symbol' in detail else ''
    return f'{detail.get("field")}{index} {detail.get("problem")}{symbol}'


def request_error(payload: Any, subscription: bool = False) -> RequestError:
    """Makes an error from the `error` of an acknowledgement, or from the payload of an `error`
    event.
    """
    error: Mapping[str, Any] = payload if isinstance(payload, dict) else {}
    code = str(error.get('code', 'INTERNAL_ERROR'))
    details = tuple(d for d in error.get('details') or () if isinstance(d, dict))
    kind = _REQUESTS.get(code, SubscriptionError if subscription else RequestError)
    return kind(code, str(error.get('message', 'The gateway gave no reason')), details, error.get('retry_after_ms'))


def view_not_granted() -> InvalidView:
    return InvalidView(
        'INVALID_VIEW', 'The gateway does not grant this view, probably because it is older than views. Leave out the view.'
    )


def connection_error(code: str, message: str, retry_after_ms: Optional[float] = None) -> ConnectionRefused:
    return _CONNECTIONS.get(code, ConnectionRefused)(code, message, (), retry_after_ms)
