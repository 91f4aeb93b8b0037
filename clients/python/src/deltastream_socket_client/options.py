"""How to connect: what both clients are given, checked before anything is done with it."""
from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, Optional, Sequence
from urllib.parse import urlsplit

from .reconnect import Failure

#: Asked for a JSON Web Token at each connection ('connect'), when the last one was refused for its age ('expired'), and before
#: it expires ('expiring').
TokenReason = str

#: How long a new connection may take to be welcomed, in seconds.
WELCOME_TIMEOUT = 10.0
#: How long the token callback may take, in seconds.
TOKEN_TIMEOUT = 10.0
#: For updates that come after the acknowledgement, to a client that lags, in seconds.
LAGGING_WAIT = 2.0


@dataclass(frozen=True)
class Options:
    url: str
    token: Optional[Callable[[TokenReason], Any]] = None
    transports: Sequence[str] = ('websocket',)
    path: str = 'socket.io'
    headers: Mapping[str, str] = field(default_factory=dict)
    ssl_verify: bool = True

    def __post_init__(self) -> None:
        if urlsplit(self.url).scheme not in ('http', 'https', 'ws', 'wss'):
            raise ValueError(f'not an address of a gateway: {self.url!r}')
        if not self.transports or set(self.transports) - {'websocket', 'polling'}:
            raise ValueError(f"transports are 'websocket' and 'polling', not {self.transports!r}")
        if self.token is not None:
            try:
                inspect.signature(self.token).bind('connect')
            except TypeError as error:
                raise TypeError('token must be a function of one argument, the reason it is asked for') from error


def checked_token(given: Any) -> str:
    """Raises ValueError where the callback gave none: a client that has one must not come in as nobody."""
    if not isinstance(given, str) or not given:
        raise ValueError('it gave no token')
    return given


def handshake_auth(token: Optional[str]) -> Dict[str, str]:
    """What the gateway is sent as `auth`: with the token, the wish to have everything that is stale as one event.

    A gateway that does not know the option ignores it, and sends one event for each product.
    """
    options = {'statuses': 'batch'}
    return options if token is None else {'token': token, **options}


def failure_of(error: BaseException, refusal: Any = None) -> Failure:
    """Why a connection could not be made, with what the transport's own error says of it.

    `refusal`: data of `connect_error`, where the gateway itself refused the client.
    """
    if isinstance(refusal, dict):
        data = refusal.get('data')
        details = data if isinstance(data, dict) else refusal
        retry = details.get('retry_after_ms')
        return Failure(
            str(details.get('message') or refusal.get('message') or 'refused'),
            code=details.get('code'),
            retry_after=None if retry is None else retry / 1000,
        )
    at: Optional[BaseException] = error
    while at is not None:
        status = getattr(at, 'status_code', getattr(at, 'status', None))
        if isinstance(status, int):
            headers = getattr(at, 'resp_headers', None) or getattr(at, 'headers', None) or {}
            named = {str(name).lower(): value for name, value in dict(headers).items()}
            retry_after = str(named.get('retry-after', ''))
            return Failure(
                f'the gateway refused the connection with status {status}',
                status=status,
                retry_after=float(retry_after) if retry_after.isdigit() else None,
                cause=error,
            )
        at = at.__cause__ or at.__context__
    return Failure(str(error) or type(error).__name__, cause=error)
